"""Filters that leave 0.01 % to 100 % of a catalogue: is anything lost, and what does it cost?

    python benchmarks/filters.py --store STORE [--queries 40]

Works on a copy of the store, with vector indexes. The exact scan in memory is the truth. `planned` is the store as
it is when a catalogue is too large for memory: few rows are scanned, of many the indexes give candidates. `by
index` leaves the choice out and asks the indexes always: where it is slower or loses something, the plan pays.

recall@10   of the ten nearest that pass, how many were found; a view that scores as well as the tenth counts
short       questions that were given fewer than ten, though there were more that pass
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from machine import heading
from tables import table, verdict

from lookalike.filters import read
from lookalike.store import table as reading
from lookalike.store.interface import Hits
from lookalike.store.lance import LanceStore
from lookalike.types import Filter, Query

SHARES = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.6, 0.75, 0.9, 0.99)
RECALL_WANTED = 0.99
K = 10
EQUAL = 1e-5  # scores nearer than this are a tie


@dataclass
class Tally:
    """How the answers to one filter compare with the truth."""

    found: int = 0
    wanted: int = 0
    short: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, truth: Hits, answer: Hits, seconds: float) -> None:
        self.wanted += len(truth)
        worst = truth.scores[-1] - EQUAL if len(truth) else 0.0
        self.found += int(np.count_nonzero(answer.scores >= worst))
        self.short += len(answer) < len(truth)
        self.seconds.append(seconds)

    @property
    def recall(self) -> float:
        return self.found / self.wanted if self.wanted else 1.0

    @property
    def p50(self) -> str:
        return f"{np.median(self.seconds) * 1000:.1f} ms"


def filters(store: LanceStore) -> dict[str, Filter]:
    """By price, so that each leaves the share it says; and by what products are."""
    facts = store.facts(store.ids(limit=0), ["price", "audience", "colour", "category"])
    prices = np.sort(np.array(facts.column("price").to_pylist(), float))
    found = {f"cheapest {share:.2%}": read(f"price<={prices[int(share * (len(prices) - 1))]}") for share in SHARES}
    for column in ("audience", "colour"):
        counts = facts.column(column).value_counts().to_pylist()
        for entry in sorted(counts, key=lambda entry: -entry["counts"])[:2]:
            found[f"{column}={entry['values']}"] = Filter(read({column: entry["values"]}).conditions)
    common = facts.column("category").value_counts().to_pylist()
    rare = min(common, key=lambda entry: abs(entry["counts"] - 60))["values"]
    found[f"category={rare}"] = read({"category": rare})
    found["everything"] = Filter()
    return found


def questions(store: LanceStore, count: int, rng: np.random.Generator) -> list[Query]:
    """Products as queries: by all parts, and by one part alone."""
    ids = rng.choice(store.ids(limit=0), count, replace=False).tolist()
    weights: Sequence[Mapping[str, float]] = (
        store.header.recipe.weights,
        {"image": 1.0},
        {"text": 1.0, "colour": 0.5},
    )
    found = []
    for at, views in enumerate(store.views(ids).values()):
        there = {p: v for p, v in views[0].parts.items() if v.any()}
        query = Query(there, weights[at % len(weights)])
        found += [query] if query.active else []
    return found


def ask(store: LanceStore, query: Query, where: Filter) -> tuple[Hits, float]:
    started = time.perf_counter()
    hits = store.nearest(query, k=K, where=where)
    return hits, time.perf_counter() - started


def compare(exact: LanceStore, indexed: LanceStore, count: int, rng: np.random.Generator) -> list[list[str]]:
    asked = questions(exact, count, rng)
    usual, rows = reading._EXACT_ROWS, []
    for name, where in filters(exact).items():
        left = len(exact.ids(limit=0, where=where))
        mirrored, planned, forced = Tally(), Tally(), Tally()
        for query in asked:
            truth, seconds = ask(exact, query, where)
            mirrored.add(truth, truth, seconds)
            planned.add(truth, *ask(indexed, query, where))
            vars(reading)["_EXACT_ROWS"] = 0
            forced.add(truth, *ask(indexed, query, where))
            vars(reading)["_EXACT_ROWS"] = usual
        holds = planned.recall >= RECALL_WANTED and not planned.short
        cells: list[Any] = [name, f"{left:,}", mirrored.p50, f"{planned.recall:.3f}", planned.short, planned.p50]
        rows.append([*map(str, cells), f"{forced.recall:.3f}", str(forced.short), forced.p50, verdict(holds)])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True, help="a store; it is copied, not changed")
    parser.add_argument("--queries", type=int, default=40)
    options = parser.parse_args()
    print(heading())
    with tempfile.TemporaryDirectory(prefix="lookalike-filters-") as made:
        copy = Path(made, "store")
        shutil.copytree(options.store, copy)
        indexed = LanceStore.open(str(copy), mirror_limit=0)
        indexed.optimise(index=True)
        exact = LanceStore.open(str(copy))
        rows = compare(exact, indexed, options.queries, np.random.default_rng(11))
        views = exact.counts().views
    head = ["filter", "products left", "in memory", "planned: recall@10", "short", "p50"]
    head += ["by index: recall@10", "short", "p50", f"planned >= {RECALL_WANTED}, none short"]
    print(f"\n## Filters over {views:,} views\n\n" + table(head, rows))


if __name__ == "__main__":
    main()
