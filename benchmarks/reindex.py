"""What a nightly run costs on fashion-small's 36,072 products, and when an open shop sees a change.

index        a fresh store: time and peak memory of the whole command
unchanged    the same command again: nothing may be embedded
100 prices   the same after 100 prices have changed in the file
one day      a price, a deletion and a new product, seen by a Recommender that was open all the time
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catalogues
import numpy as np
from catalogues import say
from machine import heading
from tables import table, verdict

import lookalike
from lookalike.errors import ProductNotFound

SEED = 11
PRICES = 100
INDEX_S, INDEX_GB, AGAIN_S = 180.0, 1.5, 30.0  # at most


@dataclass(frozen=True)
class Run:
    """One `lookalike index` in a process of its own."""

    seconds: float
    peak_gb: float
    report: dict[str, Any]

    def row(self, name: str, wanted: str, holds: bool) -> list[str]:
        counts = [f"{self.report[what]:,}" for what in ("added", "changed", "unchanged", "embedded")]
        return [name, f"{self.seconds:.1f} s", f"{self.peak_gb:.2f} GB", *counts, f"{wanted}: {verdict(holds)}"]


def index(catalogue: Path, store: Path, *options: str) -> Run:
    command = [
        sys.executable,
        "-m",
        "lookalike",
        "index",
        str(catalogue),
        "--store",
        str(store),
        "--json",
        *options,
    ]
    said = store.with_suffix(".json")
    say(" ".join(command))
    started = time.perf_counter()
    with said.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)  # the peak of this child alone
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    return Run(seconds, usage.ru_maxrss * unit / 1e9, json.loads(said.read_text()))


def rewrite(catalogue: Path, rows: list[dict[str, str]]) -> None:
    with catalogue.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def one_day(catalogue: Path, store: Path, rows: list[dict[str, str]]) -> list[list[str]]:
    """A price, a deletion and a new product reach an open Recommender by one index run."""
    shop = lookalike.open(str(store))
    query = rows[0]["id"]
    dearer, gone = (match.product for match in shop.similar(query, k=2))
    picture = next(row for row in rows if row["id"] == gone.id)
    price, fresh = round((dearer.price or 0) + 1, 2), {**picture, "id": "new-1"}
    changed = [{**r, "price": f"{price}"} if r["id"] == dearer.id else r for r in rows if r["id"] != gone.id]
    images = catalogue.parent / "images"
    shutil.copy(images / f"{gone.id}.jpg", images / "new-1.jpg")
    rewrite(catalogue, [*changed, fresh])
    try:
        run = index(catalogue, store, "--prune")
    finally:
        (images / "new-1.jpg").unlink()
    started = time.perf_counter()
    seen = {match.product.id: match.product for match in shop.similar(query)}
    first_call = time.perf_counter() - started
    try:
        shop.product(gone.id)
        deleted = False
    except ProductNotFound:
        deleted = gone.id not in seen
    return [
        ["a changed price", verdict(seen[dearer.id].price == price)],
        ["a deleted product is gone", verdict(deleted)],
        ["a new product is found", verdict("new-1" in seen)],
        ["embedded in that run (the picture is known)", f"{run.report['embedded']} pictures"],
        ["the first call after it", f"{first_call * 1000:.0f} ms"],
    ]


def measure(options: argparse.Namespace, work: Path) -> None:
    source = catalogues.unpacked("fashion-small", data=options.data, work=work)
    folder, store = work / "reindex", work / "reindex.store"
    for old in (folder, store):
        shutil.rmtree(old, ignore_errors=True)
    (folder / "images").mkdir(parents=True)
    with source.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[: options.rows]
    for row in rows:
        os.link((source.parent / "images" / f"{row['id']}.jpg").resolve(), folder / "images" / f"{row['id']}.jpg")
    catalogue = folder / "styles.csv"
    rewrite(catalogue, rows)

    fresh = index(catalogue, store)
    unchanged = index(catalogue, store)
    for at in np.random.default_rng(SEED).permutation(len(rows))[:PRICES]:
        rows[at]["price"] = f"{float(rows[at]['price']) + 1:.2f}"
    rewrite(catalogue, rows)
    prices = index(catalogue, store)

    none = "nothing embedded"
    table_rows = [
        fresh.row(
            "index into a new store",
            f"< {INDEX_S:g} s, < {INDEX_GB} GB",
            fresh.seconds < INDEX_S and fresh.peak_gb < INDEX_GB,
        ),
        unchanged.row(
            "unchanged, again",
            f"< {AGAIN_S:g} s, {none}",
            unchanged.seconds < AGAIN_S and not unchanged.report["embedded"],
        ),
        prices.row(
            f"{PRICES} prices changed",
            none,
            not prices.report["embedded"] and prices.report["changed"] == PRICES,
        ),
    ]
    head = ["", "time", "peak memory", "added", "changed", "unchanged", "embedded", "wanted"]
    print(f"\n## lookalike index, {len(rows):,} products\n\n" + table(head, table_rows))
    seen = one_day(catalogue, store, rows)
    print("\n## Seen by an open Recommender on its next call\n\n" + table(["", ""], seen))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--rows", type=int, help="only the first of the catalogue, for a quick look")
    options = parser.parse_args()
    print(heading())
    with catalogues.work_folder(options.work) as work:
        measure(options, work)


if __name__ == "__main__":
    main()
