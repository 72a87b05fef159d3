"""How alike are the neighbours? The tables of DATA.md on this project's own validation queries.

    fashion-small  1,500 random products against all others: do the neighbours share article type, base colour,
                   gender, and all three?  P@1 and P@7
    shop-men       back and detail views against the main views: is the same product and colour found?  R@1, R@5

The columns of lookalike come from its store: vectors by `LanceStore.views`, neighbours by `LanceStore.nearest`
with the weights of a `Query`. The baselines are computed beside them from the same pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import baselines
import catalogues
import numpy as np
import numpy.typing as npt
from machine import heading
from tables import table

from lookalike.store.lance import LanceStore
from lookalike.types import Filter, Product, Query, View

SEED = 20_240_607
QUERIES = 1_500
NEIGHBOURS = 7
RESAMPLES = 1_000
COLUMNS = {  # column -> parts of the stored vector that count, with the store's own weights
    "image only": ("image",),
    "colour only": ("colour",),
    "image + colour": ("image", "colour"),
    "image + text + colour": ("image", "text", "colour"),
}

Scores = npt.NDArray[np.float64]  # (queries,), each 0..1
Rows = dict[str, dict[str, Scores]]  # row of the table -> column -> one score a query
Ranking = Callable[[int, int], Sequence[int]]  # place of a query, how many -> places, the nearest first


@dataclass(frozen=True)
class Shelf:
    """All distinct (product, picture) rows of a store, in a fixed order, with a ranking for each column."""

    store: LanceStore
    views: list[View]
    products: list[Product]

    @classmethod
    def of(cls, store: LanceStore, wanted: Callable[[View], object]) -> Shelf:
        """wanted: rows of which this is equal are one; rows for which it is None are left out."""
        found: dict[object, tuple[View, Product]] = {}
        every = store.ids(limit=0)
        for at in range(0, len(every), 2_000):
            ids = every[at : at + 2_000]
            products = store.products(ids)
            for product_id, stored in store.views(ids).items():
                for one in stored:
                    if (name := wanted(one.view)) is not None:
                        found.setdefault(name, (one.view, products[product_id]))
        return cls(store, [view for view, _ in found.values()], [product for _, product in found.values()])

    def ranking(self, parts: Sequence[str]) -> Ranking:
        weights = {p: w for p, w in self.store.header.recipe.weights.items() if p in parts}
        places = {(view.product_id, view.number): at for at, view in enumerate(self.views)}

        def ranked(query: int, count: int) -> list[int]:
            view = self.views[query]
            vectors = self.store.views([view.product_id])[view.product_id][view.number].parts
            hits = self.store.nearest(Query(vectors, weights), k=count, where=Filter())
            return [places[key] for v in hits.views if (key := (v.product_id, v.number)) in places]

        return ranked


def rankings(shelf: Shelf, queries: Sequence[int], kept: Path) -> dict[str, Ranking]:
    own = {name: shelf.ranking(parts) for name, parts in COLUMNS.items()}
    pictures = [view.picture for view in shelf.views]
    return own | baselines.rankings(pictures, queries, kept=kept)


# -- fashion-small ----------------------------------------------------------------------------------


def neighbours_alike(shelf: Shelf, queries: Sequence[int], ranked: Mapping[str, Ranking]) -> Rows:
    """Of each query's neighbours, the share that has the query's label, at 1 and at 7."""
    kinds: dict[str, Callable[[Product], tuple[object, ...]]] = {
        "article type": lambda p: (p.attributes["articleType"],),
        "base colour": lambda p: (p.colour,),
        "gender": lambda p: (p.audience,),
        "type, colour and gender": lambda p: (p.attributes["articleType"], p.colour, p.audience),
    }
    rows: Rows = {f"{kind}, P@{k}": {} for kind in kinds for k in (1, NEIGHBOURS)}
    for column, ranking in ranked.items():
        found = {row: [] for row in rows}
        for query in queries:
            near = _others(shelf, query, ranking)
            for kind, label in kinds.items():
                gendered = "gender" in kind
                if gendered and not shelf.products[query].audience:
                    continue
                counted = [p for p in near if p.audience or not gendered][:NEIGHBOURS]
                same = [label(p) == label(shelf.products[query]) for p in counted]
                found[f"{kind}, P@1"].append(same[0])
                found[f"{kind}, P@{NEIGHBOURS}"].append(np.mean(same))
        for row, values in found.items():
            rows[row][column] = np.asarray(values, float)
    return rows


def _others(shelf: Shelf, query: int, ranking: Ranking) -> list[Product]:
    """The nearest products but the query and its byte-identical twins: enough for 7 of them to have a gender."""
    count = 64
    while True:
        places = ranking(query, count)
        near = [shelf.products[at] for at in places if shelf.views[at].key != shelf.views[query].key]
        if sum(bool(p.audience) for p in near) >= NEIGHBOURS or count >= len(shelf.views):
            return near
        count *= 4


# -- shop-men ---------------------------------------------------------------------------------------


def same_product_found(shelf: Shelf, ranked: Mapping[str, Ranking], queries: Mapping[str, Sequence[int]]) -> Rows:
    """Whether the main view of the query's product and colour is among the first 1 and 5 main views."""
    rows: Rows = {}
    named = [_shown(view) for view in shelf.views]
    for kind, places in queries.items():
        rows |= {f"{kind} view, R@{k}": {} for k in (1, 5)}
        for column, ranking in ranked.items():
            first = []  # the rank of the right main view, from 0
            for query in places:
                mains = [named[at][0] for at in ranking(query, 1_000_000) if named[at][1] == "main"]
                mains = list(dict.fromkeys(mains))
                first.append(mains.index(named[query][0]))
            for k in (1, 5):
                rows[f"{kind} view, R@{k}"][column] = np.asarray([rank < k for rank in first], float)
    return rows


def _shown(view: View) -> tuple[str, str]:
    """`mh01-black_back.jpg` shows ("mh01-black", "back")."""
    name, _, kind = Path(view.picture).stem.rpartition("_")
    return name, "detail" if kind.startswith("alt") else kind


# -- showing ----------------------------------------------------------------------------------------


def means(rows: Rows) -> str:
    columns = _columns(rows)
    head = ["", "queries", *columns]
    return table(
        head,
        [
            [row, f"{len(next(iter(cells.values()))):,}", *(_mean(cells.get(c)) for c in columns)]
            for row, cells in rows.items()
        ],
    )


def intervals(rows: Rows) -> str:
    columns = _columns(rows)
    return table(
        ["", *columns], [[row, *(_interval(cells.get(c)) for c in columns)] for row, cells in rows.items()]
    )


def _columns(rows: Rows) -> list[str]:
    return list(dict.fromkeys(column for cells in rows.values() for column in cells))


def _mean(scores: Scores | None) -> str:
    return "-" if scores is None else f"{scores.mean():.3f}"


def _interval(scores: Scores | None) -> str:
    if scores is None:
        return "-"
    draws = np.random.default_rng(SEED).integers(0, len(scores), (RESAMPLES, len(scores)))
    low, high = np.percentile(scores[draws].mean(axis=1), [2.5, 97.5])
    return f"{scores.mean():.3f} ({low:.3f} to {high:.3f})"


def show(title: str, rule: str, rows: Rows, *, with_intervals: bool) -> None:
    print(f"\n## {title}\n\n{rule}\n\n{means(rows)}")
    if with_intervals:
        print(f"\n95 % confidence intervals, {RESAMPLES:,} bootstrap resamples over queries:\n\n{intervals(rows)}")


def fashion(options: argparse.Namespace, work: Path) -> None:
    path = catalogues.unpacked("fashion-small", data=options.data, work=work)
    folder = options.store or catalogues.store_of(path, work / "fashion-small.store")
    shelf = Shelf.of(LanceStore.open(str(folder)), lambda view: view.product_id if view.number == 0 else None)
    drawn = np.random.default_rng(SEED).permutation(len(shelf.views))[: options.queries]
    ranked = rankings(shelf, drawn.tolist(), work / "fashion-small.baselines.npz")
    rule = (
        f"{len(drawn):,} random products (seed {SEED}) against all {len(shelf.views):,}; the query and its\n"
        "byte-identical twins are left out. For gender, and for all three together, queries without a gender are\n"
        "left out and neighbours without one are passed over, so that 7 neighbours with a gender are counted.\n"
        "The column with text compares the shop's own words, and these name type, colour and gender outright."
    )
    show("fashion-small", rule, neighbours_alike(shelf, drawn.tolist(), ranked), with_intervals=options.intervals)


def shop(options: argparse.Namespace, work: Path) -> None:
    path = catalogues.unpacked("shop-men", data=options.data, work=work)
    folder = options.shop_store or catalogues.store_of(path, work / "shop-men.store", images=path.parent / "media")
    shelf = Shelf.of(LanceStore.open(str(folder)), lambda view: view.picture or None)
    shown = [_shown(view) for view in shelf.views]
    mains = {name for name, kind in shown if kind == "main"}
    queries = {
        wanted: [at for at, (name, kind) in enumerate(shown) if kind == wanted and name in mains]
        for wanted in ("back", "detail")
    }
    ranked = rankings(shelf, [at for places in queries.values() for at in places], work / "shop-men.baselines.npz")
    del ranked["image + text + colour"]
    rule = (
        f"The {len(mains)} main views are searched with each back view and each detail view (alt). There is no\n"
        "column with text: both views carry their product's own words, which would give the answer away."
    )
    show("shop-men", rule, same_product_found(shelf, ranked, queries), with_intervals=options.intervals)


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--store", type=Path, help="a store that already holds fashion-small")
    parser.add_argument("--shop-store", type=Path, help="a store that already holds shop-men")
    parser.add_argument("--queries", type=int, default=QUERIES, help="of fashion-small (%(default)s)")
    parser.add_argument("--intervals", action="store_true", help="also print 95 %% confidence intervals")
    parser.add_argument("--only", choices=["fashion-small", "shop-men"])
    options = parser.parse_args(arguments)
    print(heading())
    with catalogues.work_folder(options.work) as work:
        if options.only != "fashion-small":
            shop(options, work)
        if options.only != "shop-men":
            fashion(options, work)


if __name__ == "__main__":
    main()
