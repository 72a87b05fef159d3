"""Like this, but red: do words for a colour change a picture query, and only that?

    python benchmarks/words.py --store STORE      (a store of fashion-small)

300 pictures of products, each asked for in another colour of which the shop has at least ten of the same article
type. Of the first ten answers, how many have the wanted colour, how many the article type, how many both: for the
picture alone, with the words as text alone (as it was before they meant a colour), from swatches alone, as
`search(image=..., text=...)` does it, and for `similar(ID, text=...)`. A filter on the colour, which needs a
catalogue that names every colour, is what could be had at best.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from machine import heading
from tables import table

from lookalike.filters import Where, read
from lookalike.media.colour_words import colours_named
from lookalike.recommend.queries import wanted
from lookalike.recommend.recolouring import direction
from lookalike.recommend.recommender import Recommender
from lookalike.types import Product, Query, Vector

SEED = 20_240_607
SHOWN, ENOUGH, COMMON = 10, 10, 12
Parts = Mapping[str, Vector]
Asked = tuple[str, str]  # a product, and the colour it is wanted in


def questions(products: Mapping[str, Product], count: int) -> list[Asked]:
    ids = sorted(products)
    colours = [p.colour for p in products.values()]
    common = sorted(set(colours), key=colours.count, reverse=True)[:COMMON]
    shelf: dict[tuple[str, str], int] = {}
    for p in products.values():
        shelf[kind(p), p.colour] = shelf.get((kind(p), p.colour), 0) + 1
    random = np.random.default_rng(SEED)
    found: list[Asked] = []
    while len(found) < count:
        product, colour = products[ids[random.integers(len(ids))]], common[random.integers(len(common))]
        if product.colour != colour and shelf.get((kind(product), colour), 0) >= ENOUGH:
            found.append((product.id, colour))
    return found


def kind(product: Product) -> str:
    return str(product.attributes.get("articleType", ""))


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=300)
    options = parser.parse_args(arguments)
    print(heading())
    shop = Recommender.open(options.store, rules=False)
    store, encoder = shop.store, shop._encoder
    products = store.products(store.ids(limit=0))
    asked = questions(products, options.queries)
    views = {i: v[0].parts for i, v in store.views([i for i, _ in asked]).items()}
    looks = {i: {p: v for p, v in parts.items() if p != "text"} for i, parts in views.items()}

    def text(colour: str) -> str:
        return f"but in {colour.lower()}"

    def wording(colour: str) -> dict[str, Vector]:
        return {"text": encoder.encode_text(text(colour))[0]}

    def from_swatch(product_id: str, colour: str) -> Parts:
        swatches = [encoder.encode_swatch(name.rgb) for name in colours_named(colour) if name.rgb]
        return {**looks[product_id], "colour": direction(swatches), **wording(colour)}

    def from_catalogue(product_id: str, colour: str) -> Parts:
        return wanted(looks[product_id], text(colour), [], [], store, encoder)

    def nearest(parts: Parts, product_id: str, where: Where = None) -> list[str]:
        hits = store.nearest(Query(parts, shop.recipe.weights), k=SHOWN + 1, where=read(where))
        return [i for i in hits.ids if i != product_id][:SHOWN]

    ways: dict[str, Callable[[str, str], Sequence[str]]] = {
        "the picture alone": lambda i, _: nearest(looks[i], i),
        "picture, words as text alone": lambda i, c: nearest({**looks[i], **wording(c)}, i),
        "picture, colour from a swatch": lambda i, c: nearest(from_swatch(i, c), i),
        "picture, colour from the shop (search)": lambda i, c: nearest(from_catalogue(i, c), i),
        "picture, filtered by colour": lambda i, c: nearest(looks[i], i, {"colour": c}),
        "similar alone": lambda i, _: [m.product.id for m in shop.similar(i, SHOWN)],
        "similar, with words": lambda i, c: [m.product.id for m in shop.similar(i, SHOWN, text=text(c))],
    }
    rows = []
    for name, way in ways.items():
        right = []
        for product_id, colour in asked:
            found = [products[i] for i in way(product_id, colour)]
            right += [(p.colour == colour, kind(p) == kind(products[product_id])) for p in found]
        is_colour, is_type = np.asarray(right).T
        rows.append([name, *(f"{share.mean():.3f}" for share in (is_colour, is_type, is_colour & is_type))])
    print(table([f"of the first {SHOWN}", "wanted colour", "same type", "both"], rows))


if __name__ == "__main__":
    main()
