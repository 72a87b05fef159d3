"""Which text model finds what a shop's words mean? wordllama, MiniLM, hashed n-grams and plain BM25, side by side.

    neighbours    fashion-small, by title alone: do the nearest 7 share type, colour, gender; and brand, which must
                  not dominate; shop-men, by description alone: category
    sentences     what users write, "navy blue casual shoe for men", made from the facts of products: is what comes
                  of the type and colour? Products are known by their titles alone
    brands        "puma casual shoe": is what comes of the brand, and of the type?

    python benchmarks/text.py --work /tmp/bench --held-out
    python benchmarks/text.py --work /tmp/bench --store DIR      # a store that holds fashion-small

Brands are told apart from the rest of a title, as in a recipe, and for comparison left in it. What words find
by pictures is measured by sentences.py. MiniLM takes part where its weights are (`lookalike models pull minilm`).
Vectors of text are reduced as a recipe does. --held-out takes queries only from products that training never sees.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import catalogues
import numpy as np
from machine import heading
from quality import HELD_OUT
from tables import intervals, means

from lookalike.evaluate import Contender, Question, StoreContender, compare, held_out
from lookalike.evaluate import questions as asking
from lookalike.evaluate.benchmark import QUERIES, SEED
from lookalike.evaluate.contenders import Answer, Likeness
from lookalike.evaluate.intervals import numbered
from lookalike.evaluate.report import Report
from lookalike.evaluate.shelf import Shelf
from lookalike.models.brands import Brands, learn_brands
from lookalike.models.encoder import Encoder, Wording
from lookalike.models.reduction import ReductionFitter
from lookalike.models.specs import find_spec
from lookalike.models.weights import is_here
from lookalike.recipe import Recipe
from lookalike.recommend.recommender import Recommender
from lookalike.types import Vectors, View

MODELS = ("wordllama", "minilm", "hashed-words")
FACTS = ("articleType", "baseColour", "gender")
ASKED = 500  # sentences
DEPTH = 10
METRICS = (f"P@{DEPTH}", f"R@{DEPTH}", f"recall@{DEPTH}")
K1, B = 1.2, 0.75  # of BM25, as Robertson & Zaragoza (2009) advise
PAIRS = {
    "jeans",
    "shorts",
    "trousers",
    "tights",
    "leggings",
    "stockings",
    "briefs",
    "boxers",
    "jeggings",
    "capris",
}

Texts = Mapping[str, str]  # id of a product or of a query -> words


class Vectorised:
    """A contender by a text model, centred and reduced on the texts of the gallery as a recipe does.

    brands: told apart from the rest of a title.
    """

    def __init__(self, model: str, texts: Texts, queries: Texts, brands: Brands | None = None) -> None:
        self.name = model
        recipe = Recipe(image="none", colour="none", text=model)
        encoder = Encoder(recipe, brands=brands)
        described = encoder.describe_wordings([Wording(text, "") for text in texts.values()])
        fitter = ReductionFitter(recipe.reduce_to["text"], whiten=recipe.whiten["text"])
        fitter.add(described)
        encoder.reductions = {"text": fitter.fit()}
        self._rows = dict(zip(texts, encoder.reduce("text", described), strict=True))
        if queries:
            self._rows |= {name: encoder.encode_text(text)[0] for name, text in queries.items()}

    def asked(self, queries: Sequence[View], *, words: bool) -> Answer:
        mine = self._of(queries)
        return lambda gallery: mine @ self._of(gallery).T

    def _of(self, views: Sequence[View]) -> Vectors:
        return np.stack([self._rows[view.product_id] for view in views])


class BM25:
    """A contender by words alone, rare ones first (Robertson et al., TREC-3, 1994)."""

    name = "BM25"

    def __init__(self, texts: Texts, queries: Texts) -> None:
        self._counts = {name: Counter(_words(text)) for name, text in texts.items()}
        self._asked = {name: Counter(_words(text)) for name, text in queries.items()}
        self._mean = np.mean([counts.total() for counts in self._counts.values()])
        found = Counter(word for counts in self._counts.values() for word in counts)
        self._rarity = {word: np.log1p((len(texts) - many + 0.5) / (many + 0.5)) for word, many in found.items()}

    def asked(self, queries: Sequence[View], *, words: bool) -> Answer:
        asked = [self._asked.get(view.product_id) or self._counts[view.product_id] for view in queries]
        columns = {word: at for at, word in enumerate(sorted({word for counts in asked for word in counts}))}
        wanted = np.zeros((len(asked), len(columns)), np.float32)
        for row, counts in zip(wanted, asked, strict=True):
            row[[columns[word] for word in counts]] = list(counts.values())

        def answer(gallery: Sequence[View]) -> Likeness:
            weights = np.zeros((len(gallery), len(columns)), np.float32)
            for row, view in zip(weights, gallery, strict=True):
                counts = self._counts[view.product_id]
                length = K1 * (1 - B + B * counts.total() / self._mean)
                for word, times in counts.items():
                    if word in columns:
                        row[columns[word]] = self._rarity[word] * times * (K1 + 1) / (times + length)
            return wanted @ weights.T

        return answer


@cache
def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.lower()))


def contenders(texts: Texts, queries: Texts, brands: Brands | None = None) -> list[Contender]:
    """Of each model whose weights are on this machine; the default with brands left in the titles; and BM25."""
    found: list[Vectorised] = []
    for model in MODELS:
        if is_here(find_spec(model)):
            catalogues.say(f"describing {len(texts):,} texts with {model}")
            found.append(Vectorised(model, texts, queries, brands))
        else:
            catalogues.say(f"{model} is left out: its weights are not here (lookalike models pull {model})")
    if brands is not None:
        found.append(Vectorised(MODELS[0], texts, queries))
        found[-1].name = f"{MODELS[0]}, brand in the title"
    return [*found, BM25(texts, queries)]


# -- neighbours -------------------------------------------------------------------------------------


def by_parts(shop: Recommender) -> list[Contender]:
    """What the whole recipe finds, and what it finds without words: how much of it is the brand?"""
    weights = shop.recipe.weights
    return [
        StoreContender("whole recipe", shop.store, weights),
        StoreContender("pictures", shop.store, {**weights, "text": 0.0}),
    ]


def with_brands(shelf: Shelf, texts: Texts, brands: Brands) -> Shelf:
    """The brand in front of a title as a further fact."""
    told = [brands.split(texts[view.product_id])[1].lower() for view in shelf.views]
    return Shelf(shelf.name, shelf.views, shelf.styles, {**shelf.facts, "brand": told})


# -- what users write -------------------------------------------------------------------------------


def sentences(shelf: Shelf, rows: Sequence[int]) -> dict[str, int]:
    """What someone who looks for such a product would write -> the place of a product that is one."""
    found: dict[str, int] = {}
    for at in rows:
        kind, colour, gender = (shelf.facts[column][at] for column in FACTS)
        if kind and colour and gender:
            found.setdefault(f"{colour.lower()} {singular(kind.lower())} for {gender.lower()}", at)
    return dict(list(found.items())[:ASKED])


def singular(kind: str) -> str:
    """ "casual shoes" is "casual shoe", and "shorts" stay shorts."""
    if kind.rpartition(" ")[2] in PAIRS or not kind.endswith("s") or kind.endswith("ss"):
        return kind
    if kind.endswith("ies"):
        return kind.removesuffix("ies") + "y"
    return kind.removesuffix("es" if kind.endswith(("ches", "shes", "sses", "xes")) else "s")


def brand_phrases(shelf: Shelf, rows: Sequence[int], shown: Sequence[int]) -> dict[str, int]:
    """What someone who wants a thing of a brand would write, where there are enough: "puma casual shoe"."""
    there = Counter((shelf.facts["brand"][at], shelf.facts[FACTS[0]][at]) for at in shown)
    found: dict[str, int] = {}
    for at in rows:
        brand, kind = shelf.facts["brand"][at], shelf.facts[FACTS[0]][at]
        if brand and there[brand, kind] >= DEPTH:
            found.setdefault(f"{brand} {singular(kind.lower())}", at)
    return dict(list(found.items())[:ASKED])


def sentence_questions(
    shelf: Shelf, asked: Mapping[str, int], gallery: Sequence[int], wanted: Sequence[Sequence[str]]
) -> list[Question]:
    return [
        Question(
            " + ".join(columns),
            "attribute",
            [View(text, 0, "") for text in asked],
            [shelf.views[at] for at in gallery],
            *_labels(shelf, columns, list(asked.values()), gallery),
            (),
            numbered(list(asked)),
        )
        for columns in wanted
    ]


def _labels(
    shelf: Shelf, columns: Sequence[str], asked: Sequence[int], gallery: Sequence[int]
) -> tuple[asking.Codes, asking.Codes]:
    said = list(zip(*(shelf.facts[column] for column in columns), strict=True))
    codes = numbered([said[at] for at in [*asked, *gallery]])
    return codes[: len(asked)], codes[len(asked) :]


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--store", type=Path, help="a store that already holds fashion-small")
    parser.add_argument("--queries", type=int, default=QUERIES, help="for neighbours (%(default)s)")
    parser.add_argument("--products", type=int, help="so many of fashion-small for the titles, if not all")
    parser.add_argument("--held-out", action="store_true", help="queries only from what training never sees")
    options = parser.parse_args(arguments)
    print(heading())
    with catalogues.work_folder(options.work) as work:
        shop_men(options, work)
        fashion(options, work)


def fashion(options: argparse.Namespace, work: Path) -> None:
    table = catalogues.unpacked("fashion-small", data=options.data, work=work)
    folder = options.store or catalogues.store_of(table, work / f"fashion-small-{Recipe().fingerprint()}.store")
    shop = Recommender.open(folder)
    products = shop.store.products(shop.store.ids(limit=0))
    titles, brands = {i: product.title for i, product in products.items()}, learn_brands(list(products.values()))
    shelf = with_brands(Shelf.read(shop.store, FACTS, name="fashion-small"), titles, brands)
    everything = asking.main_views(shelf)
    shown = sorted(asking.drawn(everything, options.products or len(everything), seed=SEED + 1))
    texts = {shelf.views[at].product_id: titles[shelf.views[at].product_id] for at in shown}
    rows = shown
    if options.held_out:
        rows = [at for at in rows if held_out(shelf.views[at].product_id, HELD_OUT["fashion-small"])]
    drawn = asking.drawn(rows, options.queries, seed=SEED)
    asked, named = sentences(shelf, drawn), brand_phrases(shelf, drawn, shown)
    models = contenders(texts, {text: text for text in [*asked, *named]}, brands)
    facts = [
        q
        for columns in (FACTS, ["brand"])
        for q in asking.attributes(shelf, columns, queries=drawn, gallery=shown)
    ]
    report = compare([*models, *by_parts(shop)], facts, depths=(1, 7), seed=SEED)
    show("fashion-small, neighbours by title alone", report)
    for what, texts_asked, wanted in (
        ("sentences", asked, (FACTS[:2], FACTS)),
        ("brands by name", named, (["brand"], FACTS[:1], ["brand", FACTS[0]])),
    ):
        questions = sentence_questions(shelf, texts_asked, shown, wanted)
        report = compare(models, questions, depths=(1, DEPTH), seed=SEED)
        show(f"fashion-small, {len(texts_asked)} {what}, products by title alone", report, *METRICS)
        print("\nfor example: " + "; ".join(list(texts_asked)[:5]))


def shop_men(options: argparse.Namespace, work: Path) -> None:
    table = catalogues.unpacked("shop-men", data=options.data, work=work)
    folder = work / f"shop-men-{Recipe().fingerprint()}.store"
    store = Recommender.open(catalogues.store_of(table, folder, images=table.parent / "media")).store
    shelf = Shelf.read(store, ["category"], name="shop-men")
    rows = [at for at in asking.main_views(shelf) if shelf.views[at].product_id == shelf.styles[at]]
    texts = {i: p.description for i, p in store.products([shelf.views[at].product_id for at in rows]).items()}
    asked = asking.attributes(shelf, ["category"], queries=rows, gallery=rows)
    report = compare(contenders(texts, {}), asked, depths=(1, 7), seed=SEED)
    show("shop-men, neighbours of styles by description alone", report)


def show(title: str, report: Report, *wanted: str) -> None:
    print(f"\n## {title}\n\n{means(report.results, wanted or ('P@1', 'P@7'))}")
    print("\n95 % intervals; +, -, = against the first (paired randomisation, p < 0.05):")
    print(f"\n{intervals(report.results, wanted or ('P@1', 'P@7'))}")


if __name__ == "__main__":
    main()
