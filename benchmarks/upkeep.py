"""5,000 single-product updates: how many files they leave, how long each takes, what a search takes afterwards.

    python benchmarks/upkeep.py --store STORE [--updates 5000]

Works on a copy of the store. Most updates change price and stock, one in fifty puts a product whole. A reader has
the store open all the while and must see a change at its next call. Searches on the worn store and on a fresh copy
take turns in one run, from memory and from disk, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
from machine import heading
from tables import percentiles, table, verdict

from lookalike.indexing.shards import SHARD_PRODUCTS
from lookalike.store.lance import LanceStore
from lookalike.store.rows import facts_table, rows_table
from lookalike.types import Filter, Product, Query

FILES_WANTED, RATIO_WANTED = 200, 1.5
PUTS = 50  # one update in so many
SEEN = 100  # a reader looks after one update in so many


def files(store: Path) -> int:
    return sum(path.is_file() for path in store.rglob("*"))


def as_indexed(source: Path, folder: Path) -> None:
    """A store with the same rows, put in shards as an index run does, and with vector indexes."""
    old = LanceStore.open(str(source), mirror_limit=0)
    store = LanceStore.create(str(folder), old.header, old.fitted(), mirror_limit=0)
    rows = lance.dataset(str(source / "views.lance")).to_table()
    for at in range(0, rows.num_rows, SHARD_PRODUCTS):
        store.put(rows.slice(at, SHARD_PRODUCTS))
    store.optimise(index=True)


def whole(store: LanceStore, product: Product) -> pa.Table:
    """All rows of a product, with its other facts."""
    views = store.views([product.id])[product.id]
    words = [known.words for known in store.known([product.id])[product.id]]
    vectors = {p: np.stack([v.parts[p] for v in views]) for p in store.header.parts}
    return rows_table(store.header, [(product, v.view) for v in views], words, vectors)


def wear(folder: Path, updates: int, rng: np.random.Generator) -> list[list[str]]:
    """Make the updates; rows for the table."""
    writer, reader = LanceStore.open(str(folder), mirror_limit=0), LanceStore.open(str(folder))
    ids = reader.ids(limit=0)
    taken: dict[str, list[float]] = {"patch": [], "put": []}
    catching: list[float] = []
    most = missed = 0
    for number in range(updates):
        product = reader.product(str(rng.choice(ids))) if number % SEEN == 0 else None
        product = product or writer.products([one := str(rng.choice(ids))])[one]
        changed = replace(product, price=float(number), in_stock=bool(number % 2))
        rows = whole(writer, changed) if number % PUTS == PUTS - 1 else None
        started = time.perf_counter()
        if rows is None:
            writer.patch(facts_table(writer.header, [changed]))
        else:
            writer.put(rows)
        taken["patch" if rows is None else "put"].append(time.perf_counter() - started)
        if number % SEEN == 0:
            started = time.perf_counter()
            missed += reader.product(changed.id).price != float(number)
            catching.append(time.perf_counter() - started)
        most = max(most, files(folder)) if number % 10 == 0 else most
        if number % 500 == 0:
            say(f"{number:,} of {updates:,} updates, {files(folder)} files")
    left = files(folder)
    faults = reader.check()
    return [
        ["files afterwards", str(left), f"< {FILES_WANTED} {verdict(left < FILES_WANTED)}"],
        ["files at the most", str(most), f"< {FILES_WANTED} {verdict(most < FILES_WANTED)}"],
        *[[f"{kind}, p50 and p99", ", ".join(percentiles(some)), ""] for kind, some in taken.items() if some],
        [f"a reader {SEEN} updates behind catches up", ", ".join(percentiles(catching)), ""],
        ["changes not seen at the next call", str(missed), f"none {verdict(not missed)}"],
        ["faults found by a check", "; ".join(faults) or "none", verdict(not faults)],
    ]


def searches(fresh: Path, worn: Path, rng: np.random.Generator, count: int) -> list[list[str]]:
    rows = []
    for name, limit in (("from memory", 10**9), ("from disk, by the vector indexes", 0)):
        stores = [LanceStore.open(str(path), mirror_limit=limit) for path in (fresh, worn)]
        header = stores[0].header
        ids = rng.choice(stores[0].ids(limit=0), count, replace=False).tolist()
        queries = [
            Query({p: v for p, v in views[0].parts.items() if v.any()}, header.recipe.weights)
            for views in stores[0].views(ids).values()
        ]
        times: list[list[float]] = [[], []]
        for query in queries:
            for at, store in enumerate(stores):
                times[at].append(
                    _timed(lambda store=store, query=query: store.nearest(query, k=64, where=Filter()))
                )
        medians = [float(np.median(some[5:])) for some in times]
        ratio = medians[1] / medians[0]
        shown = [f"{ms * 1000:.1f} ms" for ms in medians]
        rows.append([name, *shown, f"{ratio:.2f}", f"<= {RATIO_WANTED} {verdict(ratio <= RATIO_WANTED)}"])
    return rows


def _timed(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True, help="a store; it is copied, not changed")
    parser.add_argument("--updates", type=int, default=5000)
    parser.add_argument("--queries", type=int, default=60)
    options = parser.parse_args()
    print(heading())
    rng = np.random.default_rng(3)
    with tempfile.TemporaryDirectory(prefix="lookalike-upkeep-") as made:
        fresh, worn = Path(made, "fresh"), Path(made, "worn")
        say("putting the rows into a new store")
        as_indexed(options.store, fresh)
        shutil.copytree(fresh, worn)
        head = ["", "", "wanted"]
        print(f"\n## {options.updates:,} updates\n\n" + table(head, wear(worn, options.updates, rng)), flush=True)
        rows = searches(fresh, worn, rng, options.queries)
        print("\n## The nearest 64\n\n" + table(["", "fresh", "worn", "ratio", "wanted"], rows))


if __name__ == "__main__":
    main()
