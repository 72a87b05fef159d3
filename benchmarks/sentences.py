"""Do a user's words find the right products? Alone, and beside a picture; where titles tell, and where none does.

    made       what someone who looks for a held-out product would write, "navy blue casual shoe for men"
    written    40 sentences written by hand in users' words (sentences.csv): "something to run in for her"
    another    a picture of a product, "in red": the same type for the same people in another colour
    halves     a picture of a product, "casual shoe for men": words say what it is, the picture its colour

    python benchmarks/sentences.py --work /tmp/bench
    python benchmarks/sentences.py --work /tmp/bench --store DIR      # a store that holds fashion-small

Products and queries are fashion-small's held-out ones alone, which training never sees; a product asked about by
its picture is left out of its own answers. "Titles" keep a product's title and picture and nothing else; "hidden"
keeps the picture alone, so words must find pictures. Of the first ten answers of `Recommender.search`: how many
are of the right type, of the right colour, for the right people, all of these (P@10); for how many queries there
is one (R@10); how many of all right ones are among the ten (recall@10). BM25 reads titles.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import catalogues
import numpy as np
from machine import heading
from quality import HELD_OUT
from tables import table
from text import BM25, singular

from lookalike.evaluate import held_out, metrics
from lookalike.evaluate.benchmark import SEED
from lookalike.evaluate.intervals import figure
from lookalike.models.brands import BRANDS, Brands
from lookalike.models.encoder import Encoder, Wording
from lookalike.models.reduction import Reduction
from lookalike.recipe import Recipe
from lookalike.recommend.recommender import Recommender
from lookalike.store.interface import Store
from lookalike.store.memory import MemoryStore
from lookalike.store.rows import rows_table
from lookalike.types import Product, View

FACTS = ("type", "colour", "department")
HEADS = ("type", "colour", "who", "all, P@10", "R@10", "recall@10")
SENTENCES = Path(__file__).with_name("sentences.csv")
DEPTH = 10
ENOUGH = 10  # products of a type, a colour and a department, for all ten answers could be right

Wanted = tuple[frozenset[str], ...]  # for each of `FACTS` the values that are right; empty where any is


@dataclass(frozen=True)
class Asked:
    """What a user gives, and what would be right."""

    wanted: Wanted
    text: str = ""
    like: str = ""  # the product whose picture is given


Way = Callable[[Asked], Sequence[str]]  # a query -> ids, the best first


def sentences() -> list[Asked]:
    """Those written by hand."""
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        return [
            Asked(tuple(_values(row[column]) for column in ("types", "colours", "audiences")), row["sentence"])
            for row in csv.DictReader(file)
        ]


def _values(cell: str) -> frozenset[str]:
    return frozenset(filter(None, cell.split("|")))


def exactly(*facts: str) -> Wanted:
    return tuple(frozenset({fact}) for fact in facts)


class Shelf:
    """The held-out products, and what each is."""

    def __init__(self, products: Mapping[str, Product]) -> None:
        self.ids = sorted(products)
        self.titles = {i: products[i].title for i in self.ids}
        self.facts = {i: _facts(products[i]) for i in self.ids}
        self.pictures = {i: products[i].images[0] for i in self.ids}
        self.counts = Counter(self.facts.values())

    def common(self, random: np.random.Generator) -> list[str]:
        """Products, in any order, of whose type, colour and department there are enough others."""
        drawn = cast(list[str], random.permutation(self.ids).tolist())
        return [i for i in drawn if all(self.facts[i]) and self.counts[self.facts[i]] > ENOUGH]

    def right(self, product_id: str, wanted: Wanted) -> list[bool]:
        return [not values or fact in values for fact, values in zip(self.facts[product_id], wanted, strict=True)]


def _facts(product: Product) -> tuple[str, ...]:
    """As `FACTS`; empty for what the catalogue does not say."""
    return str(product.attributes.get("articleType", "")), product.colour, product.audience


# -- what is asked ----------------------------------------------------------------------------------


def made(shelf: Shelf, count: int) -> list[Asked]:
    found = {}
    for i in shelf.common(np.random.default_rng(SEED)):
        kind, colour, who = shelf.facts[i]
        found[f"{colour.lower()} {singular(kind.lower())} for {who.lower()}"] = exactly(kind, colour, who)
    return [Asked(wanted, text) for text, wanted in list(found.items())[:count]]


def another(shelf: Shelf, count: int) -> list[Asked]:
    random, found = np.random.default_rng(SEED), []
    for i in shelf.common(random):
        kind, colour, who = shelf.facts[i]
        others = sorted(
            facts for facts, many in shelf.counts.items()
            if facts[::2] == (kind, who) and facts[1] not in ("", colour) and many >= ENOUGH
        )  # fmt: skip
        if others:
            facts = others[random.integers(len(others))]
            found.append(Asked(exactly(*facts), f"in {facts[1].lower()}", i))
    return found[:count]


def halves(shelf: Shelf, count: int) -> list[Asked]:
    found = []
    for i in shelf.common(np.random.default_rng(SEED)):
        kind, colour, who = shelf.facts[i]
        found.append(Asked(exactly(kind, colour, who), f"{singular(kind.lower())} for {who.lower()}", i))
    return found[:count]


# -- who answers ------------------------------------------------------------------------------------


def searched(shop: Recommender, shelf: Shelf, asked: Asked, *, words: bool, picture: bool) -> Sequence[str]:
    found = shop.search(
        text=asked.text if words else None,
        image=shelf.pictures[asked.like] if picture else None,
        k=DEPTH + 1,
        duplicates=True,
        at_least=0,
    )
    return [match.product.id for match in found if match.product.id != asked.like][:DEPTH]


def by_titles(shelf: Shelf, asked: Sequence[Asked]) -> Way:
    bm25 = BM25(shelf.titles, {one.text: one.text for one in asked})
    gallery = [View(i, 0, "") for i in shelf.ids]

    def way(one: Asked) -> Sequence[str]:
        likeness = bm25.asked([View(one.text, 0, "")], words=True)(gallery)[0]
        best = np.argsort(-likeness, kind="stable")[: DEPTH + 1]
        return [shelf.ids[at] for at in best if shelf.ids[at] != one.like][:DEPTH]

    return way


def only(store: Store, ids: Sequence[str], *, titles: bool) -> Recommender:
    """A shop of these products by their pictures, with their titles or without a word."""
    header, fitted, kept = store.header, store.fitted(), MemoryStore(store.header, name="held out")
    reductions = {p: Reduction.from_bytes(fitted[p]) for p in header.parts if p in fitted}
    encoder = Encoder(header.recipe, reductions, brands=Brands.from_bytes(fitted.get(BRANDS)))
    known, views = store.products(ids), store.views(ids)
    stored = [one for i in ids for one in views[i]]
    blocks = {p: np.stack([one.parts[p] for one in stored]) for p in header.parts}
    said = [Wording(known[one.view.product_id].title if titles else "", "") for one in stored]
    blocks["text"] = encoder.encode_wordings(said)
    bare = [(Product(one.view.product_id, title=w.title), one.view) for one, w in zip(stored, said, strict=True)]
    kept.put(rows_table(header, bare, [""] * len(bare), blocks))
    return Recommender(kept, encoder=encoder, name="held out")


# -- figures ----------------------------------------------------------------------------------------


def measured(shelf: Shelf, asked: Sequence[Asked], way: Way) -> list[str]:
    """A cell for each of `HEADS`; the one for all three with its 95 % interval."""
    right = np.zeros((len(asked), DEPTH, len(FACTS)), np.bool_)
    for row, one in zip(right, asked, strict=True):
        for at, i in enumerate(way(one)):
            row[at] = shelf.right(i, one.wanted)
    every = right.all(axis=2)
    wanted = np.array([sum(all(shelf.right(i, one.wanted)) for i in shelf.ids if i != one.like) for one in asked])
    together = figure(metrics.precision_at(every, DEPTH), np.arange(len(asked)), seed=SEED)
    return [
        *(f"{metrics.precision_at(right[:, :, at], DEPTH).mean():.3f}" for at in range(len(FACTS))),
        f"{together.value:.3f} ({together.low:.3f} to {together.high:.3f})",
        f"{metrics.found_at(every, DEPTH).mean():.3f}",
        f"{metrics.recall_at(every, wanted, DEPTH).mean():.3f}",
    ]


def show(title: str, shelf: Shelf, asked: Sequence[Asked], ways: Mapping[str, Way]) -> None:
    print(f"\n## {title}: {len(asked)} queries, {len(shelf.ids):,} products\n")
    print(f"for example: {'; '.join(one.text for one in asked[:4])}\n", flush=True)
    print(table(["", *HEADS], [[name, *measured(shelf, asked, way)] for name, way in ways.items()]), flush=True)


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--store", type=Path, help="a store that already holds fashion-small")
    parser.add_argument("--queries", type=int, default=300, help="of each sort (%(default)s)")
    options = parser.parse_args(arguments)
    print(heading())
    with catalogues.work_folder(options.work) as work:
        compare(options, work)


def compare(options: argparse.Namespace, work: Path) -> None:
    table = catalogues.unpacked("fashion-small", data=options.data, work=work)
    folder = options.store or catalogues.store_of(table, work / f"fashion-small-{Recipe().fingerprint()}.store")
    store = Recommender.open(folder).store
    ids = [i for i in store.ids(limit=0) if held_out(i, HELD_OUT["fashion-small"])]
    shelf = Shelf(store.products(ids))
    shops = {"titles": only(store, ids, titles=True), "hidden": only(store, ids, titles=False)}
    for name, asked in (("made", made(shelf, options.queries)), ("written", sentences())):
        ways: dict[str, Way] = {"BM25 on titles": by_titles(shelf, asked)}
        for kept, shop in shops.items():
            ways[kept] = partial(searched, shop, shelf, words=True, picture=False)
        show(name, shelf, asked, ways)
    for name, asked in (("another", another(shelf, options.queries)), ("halves", halves(shelf, options.queries))):
        ways = {
            f"{kept}: {what}": partial(searched, shop, shelf, words=words, picture=picture)
            for kept, shop in shops.items()
            for what, words, picture in (("words", True, False), ("picture", False, True), ("both", True, True))
        }
        show(name, shelf, asked, ways)


if __name__ == "__main__":
    main()
