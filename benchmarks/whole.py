"""The whole catalogue at once: how much sooner an export is than asking one by one, and what a map costs.

    python benchmarks/whole.py                          unpacks and indexes fashion-small first
    python benchmarks/whole.py --store /path/to/store   a store that holds it already; it is copied, never written

Both sides of the export run in turns in one process, and are compared in processor time (all threads) and on the
wall; what they answer is compared too. The slow side answers a sample. The map is made from nothing and drawn both
ways.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import catalogues
import numpy as np
from catalogues import say
from machine import heading
from tables import table, verdict

import lookalike
from lookalike.media.maps import write_map
from lookalike.media.spots import Spot
from lookalike.recommend.recommender import Recommender

SEED = 7
K = 10
WANTED_S = 120  # for a map of 36,000 products
ROUNDS = 5
EQUAL = 1e-6  # scores, as they are rounded
RULES = {
    "rules": [
        {"name": "own brand", "boost": 1.2, "where": {"gender": "Women"}},
        {"name": "same kind", "same": "articleType"},
        {"name": "two a colour", "at_most": 2, "per": "baseColour"},
    ]
}


def spent(act: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of processor time, and on the wall."""
    cpu, wall = time.process_time(), time.perf_counter()
    act()
    return time.process_time() - cpu, time.perf_counter() - wall


def export_against_one_by_one(shop: Recommender, work: Path, sample: int, block: int) -> list[str]:
    """Milliseconds for each product on both sides, how much less one is, and whether they say the same."""
    rng = np.random.default_rng(SEED)
    ids = rng.permutation(shop.store.ids(limit=0))[: ROUNDS * block].tolist()
    path = work / "some.jsonl"
    for product_id in ids[:20]:
        shop.similar(product_id, K)
    together, alone, different = [], [], 0
    for turn in range(ROUNDS):
        some = ids[turn * block : (turn + 1) * block]
        together.append([x / block for x in spent(lambda: shop.export(path, K, of={"id": some}))])  # noqa: B023
        answers: dict[str, list[tuple[str, float]]] = {}
        few = some[: sample // ROUNDS]

        def ask() -> None:
            for product_id in few:  # noqa: B023
                matches = shop.similar(product_id, K)
                answers[product_id] = [(m.product.id, m.score) for m in matches]  # noqa: B023

        alone.append([x / len(few) for x in spent(ask)])
        exported: dict[str, list[tuple[str, float]]] = {}
        for row in map(json.loads, path.read_text("utf-8").splitlines()):
            exported.setdefault(row["id"], []).append((row["match"], row["score"]))
        different += sum(not _same(exported.get(i, []), answers[i]) for i in few)
    cells = []
    for at in (0, 1):
        ratio = median(a[at] / t[at] for a, t in zip(alone, together, strict=True))
        one, many = (median(x[at] for x in side) * 1000 for side in (alone, together))
        cells += [f"{one:.2f} ms", f"{many:.2f} ms", f"{ratio:.1f} x"]
    return [*cells, f"{different} of {sample}"]


def _same(some: list[tuple[str, float]], others: list[tuple[str, float]]) -> bool:
    """The same products in the same order, the scores to the digits that are written."""
    return [i for i, _ in some] == [i for i, _ in others] and all(
        abs(a - b) < EQUAL for (_, a), (_, b) in zip(some, others, strict=True)
    )


def whole_export(shop: Recommender, work: Path) -> list[list[str]]:
    rows = []
    for kind in ("parquet", "jsonl", "csv"):
        path = work / f"all.{kind}"
        cpu, wall = spent(lambda: shop.export(path, K))  # noqa: B023
        size = path.stat().st_size / 1e6
        rows.append([f"export to {kind}", f"{cpu:.0f} s", f"{wall:.0f} s", f"{size:.1f} MB", ""])
    return rows


def whole_map(shop: Recommender, work: Path) -> list[list[str]]:
    made: list[Any] = []
    places = spent(lambda: made.append(shop.map()))
    again = spent(shop.map)
    products = shop.store.products(made[0].ids)
    spots = [
        Spot(i, p.title, "", p.category.rpartition("/")[2], next(iter(p.images), "")) for i, p in products.items()
    ]
    rows = [["map: where products lie", *places, ""], ["map: kept by the store", *again, ""]]
    for kind in ("png", "html"):
        path = work / f"map.{kind}"
        drawing = spent(lambda: write_map(path, "fashion-small", made[0].points, spots))  # noqa: B023
        rows.append([f"map: drawn as {kind}", *drawing, f"{path.stat().st_size / 1e6:.1f} MB"])
    whole = places[0] + max(row[1] for row in rows[2:])
    each = whole / (os.cpu_count() or 1)
    held = f"{each:.0f} s on each core {verdict(each < WANTED_S)}"
    return [[name, f"{cpu:.0f} s", f"{wall:.0f} s", size, ""] for name, cpu, wall, size in rows] + [
        ["map: all of it", f"{whole:.0f} s", "", "", held]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--store", type=Path, help="a store that already holds fashion-small")
    parser.add_argument("--sample", type=int, default=500, help="products asked one by one (%(default)s)")
    parser.add_argument("--block", type=int, default=1_024, help="products exported in each turn (%(default)s)")
    options = parser.parse_args()
    print(heading())
    with catalogues.work_folder(options.work) as work:
        copy = work / "whole.store"
        shutil.rmtree(copy, ignore_errors=True)
        if options.store:
            shutil.copytree(options.store, copy)
        else:
            path = catalogues.unpacked("fashion-small", data=options.data, work=work)
            shutil.copytree(catalogues.store_of(path, work / "fashion-small.store"), copy)
        shop = lookalike.open(copy)
        rows = []
        for name, rules in (("as it comes", False), ("with three rules", RULES)):
            say(f"exporting against one by one, {name}")
            asked = lookalike.open(copy, rules=rules)
            rows.append([name, *export_against_one_by_one(asked, work, options.sample, options.block)])
        head = ["", "one by one", "export", "less", "on the wall", "export", "less", "answers that differ"]
        print("\n## For each product, processor time and the wall\n\n" + table(head, rows))
        say("exporting and mapping all")
        both = [*whole_export(shop, work), *whole_map(shop, work)]
        print(f"\n## All {len(shop.store.ids(limit=0)):,} products\n")
        print(table(["", "processor", "wall", "file", f"map < {WANTED_S} s"], both))
        shutil.rmtree(copy, ignore_errors=True)


if __name__ == "__main__":
    main()
