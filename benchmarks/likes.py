"""Do likes and dislikes help, and how far should a query move away from what is disliked?

    python benchmarks/likes.py --store STORE      (a store of fashion-small)

A shopper wants one article type in one colour: three products of that kind are liked. Disliked are the two
nearest answers to the first of them that are of another kind, as a shopper would meet them. Then: how many of the
first ten are of the kind, for the first liked product alone, for the three, and for several shares by which the
query moves away (Rocchio, 1971); and, for comparison, for the best single example (Qdrant's best score), by an
exact scan.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from machine import heading
from tables import table

from lookalike.recommend.examples import combined
from lookalike.store.lance import LanceStore
from lookalike.types import PARTS, Filter, Product, Query, Vectors

SEED = 20_240_607
SHARES = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0)
LIKED, DISLIKED, SHOWN = 3, 2, 10


def kind(product: Product) -> tuple[object, ...]:
    return product.attributes.get("articleType"), product.colour


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=300)
    options = parser.parse_args(arguments)
    print(heading())
    store = LanceStore.open(str(options.store))
    weights = store.header.recipe.weights
    ids = store.ids(limit=0)
    kinds = {i: kind(p) for i, p in store.products(ids).items()}
    members = defaultdict(list)
    for i in ids:
        members[kinds[i]].append(i)
    wanted = [k for k, found in members.items() if len(found) >= LIKED + SHOWN and all(k)]
    vectors = {i: views[0].parts for i, views in store.views(ids).items()}
    blocks = {p: np.stack([vectors[i][p] for i in ids]) for p in PARTS}
    random = np.random.default_rng(SEED)
    rows: dict[str, list[float]] = defaultdict(list)
    for at in random.integers(0, len(wanted), options.queries):
        liked = [str(i) for i in random.choice(members[wanted[at]], LIKED, replace=False)]
        met = nearest(store, Query(vectors[liked[0]], weights), without=liked, count=100)
        disliked = [i for i in met if kinds[i] != wanted[at]][:DISLIKED]
        examples = {*liked, *disliked}

        def right(found: Sequence[str], kind_wanted: tuple[object, ...] = wanted[at]) -> float:
            return float(np.mean([kinds[i] == kind_wanted for i in found[:SHOWN]]))

        rows["the first liked alone"].append(right([i for i in met if i not in examples]))
        for share in SHARES:
            parts = combined([vectors[i] for i in liked], [vectors[i] for i in disliked], away=share)
            found = nearest(store, Query(parts, weights), without=examples, count=SHOWN)
            rows[f"three liked, {share:g} away from two disliked"].append(right(found))
        best = best_score(ids, blocks, weights, liked, disliked, vectors)
        rows["best score of a single example"].append(right([i for i in best if i not in examples]))
    print(table(["", "of the kind, P@10"], [[name, f"{np.mean(values):.3f}"] for name, values in rows.items()]))


def nearest(store: LanceStore, query: Query, *, without: Iterable[str], count: int) -> list[str]:
    left_out = set(without)
    hits = store.nearest(query, k=count + len(left_out), where=Filter())
    return [i for i in hits.ids if i not in left_out][:count]


def best_score(
    ids: Sequence[str],
    blocks: Mapping[str, Vectors],
    weights: Mapping[str, float],
    liked: Sequence[str],
    disliked: Sequence[str],
    vectors: Mapping[str, Mapping[str, Vectors]],
) -> list[str]:
    """Ranked by the nearest example: its score where it is liked, minus the square where it is disliked."""
    total = sum(weights[p] for p in PARTS)
    scores = [
        np.max([sum(weights[p] / total * (blocks[p] @ vectors[i][p]) for p in PARTS) for i in some], axis=0)
        for some in (liked, disliked)
    ]
    ranked = np.where(scores[0] > scores[1], scores[0], -(scores[1] ** 2))
    return [ids[at] for at in np.argsort(-ranked)[: SHOWN + len(liked) + len(disliked)]]


if __name__ == "__main__":
    main()
