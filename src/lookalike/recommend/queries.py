"""What a caller asks with, words, a picture, products that are liked, as the parts and the filter of one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lookalike.errors import LookalikeError
from lookalike.models.encoder import Encoder
from lookalike.recommend.examples import combined
from lookalike.recommend.planning import alike
from lookalike.recommend.recolouring import colours_wanted, direction, reworded, with_colours
from lookalike.store.interface import Store
from lookalike.store.rows import Header
from lookalike.types import Filter, Product, Vector


def said(text: str | None) -> str:
    """What a text says; empty for one that says nothing."""
    return (text or "").strip()


def wanted(
    looks: Mapping[str, Vector],
    text: str,
    liked: Sequence[Mapping[str, Vector]],
    disliked: Sequence[Mapping[str, Vector]],
    store: Store,
    encoder: Encoder,
) -> dict[str, Vector]:
    """The parts of a query for a picture, a text and examples; a text beside the others may change them.

    looks: the parts that the picture gives, none where there is none.
    """
    reads = {"text": encoder.encode_text(text)[0]} if text and "text" in encoder.parts else {}
    shown = [*([looks] if looks else []), *liked]
    parts = combined(shown or [reads], disliked)
    if shown and text:
        parts = with_colours(parts, colours_wanted(text, parts, store), store, encoder)
        parts |= {part: direction([parts[part], v]) if part in parts else v for part, v in reads.items()}
    return parts


def changed(
    product: Product, parts: Mapping[str, Vector], text: str, store: Store, encoder: Encoder
) -> dict[str, Vector]:
    """The parts of a product of the store that is asked for with a change in words."""
    names = colours_wanted(text, parts, store)
    found = with_colours(parts, names, store, encoder)
    if "text" in encoder.parts:
        found["text"] = reworded(product, text, names, encoder)
    return found


def with_same(where: Filter, same: str | Sequence[str], asked: Sequence[Product], header: Header) -> Filter:
    """The filter, and in these columns the values of the products asked about.

    Raises `LookalikeError` where these have none.
    """
    for name in _names(same):
        if (found := alike(name, asked, header)) is None:
            who = " and ".join(repr(p.id) for p in asked) or "a query without a product"
            raise LookalikeError(f"{who} has no {name}, so nothing can have the same {name}: leave it out")
        where = where & found
    return where


def lacks(same: str | Sequence[str], product: Product, header: Header) -> bool:
    """Whether the product has no value in one of the columns in which matches must have the same."""
    return any(alike(name, [product], header) is None for name in _names(same))


def _names(same: str | Sequence[str]) -> Sequence[str]:
    return [same] if isinstance(same, str) else same
