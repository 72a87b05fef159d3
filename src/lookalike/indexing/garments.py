"""What kind of garment each product is, in a column of its own: a look searches the right part of the shop.

The shop's own words say it first; where they do not, what its image model takes the main picture for, where that
is sure enough. A product of which neither tells keeps an empty cell: it could be anything.
"""

from __future__ import annotations

from dataclasses import replace

from lookalike.catalogue.garments import garment_named, garment_of
from lookalike.store.interface import Store
from lookalike.store.rows import FILL_FROM, GARMENT, facts_table
from lookalike.types import Guess, Product

_TOGETHER = 1024  # products


def with_garment(product: Product) -> Product:
    """The product with its kind of garment among what is read off it; as it is where nothing tells."""
    if label := garment_of(product):
        return _with(product, Guess(label, 1.0))
    seen = product.predicted.get("type")
    if seen and seen.confidence >= FILL_FROM and (label := garment_named(seen.value)):
        return _with(product, Guess(label, seen.confidence))
    return product


def name_garments(store: Store) -> None:
    """Fill the column of a store that was made before there was one. No vector changes."""
    ids = store.ids(limit=0)
    for start in range(0, len(ids), _TOGETHER):
        products = store.products(ids[start : start + _TOGETHER]).values()
        store.patch(facts_table(store.header, [with_garment(p) for p in products]))


def _with(product: Product, guess: Guess) -> Product:
    return replace(product, predicted={**product.predicted, GARMENT: guess})
