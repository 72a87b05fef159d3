"""What a caller asks with, words, a picture, products that are liked, as the parts and the filter of one query.

Words speak twice where the image model came with a projection of them: to what products say, and to what they look
like, for a title may say little. What each is worth was measured: benchmarks/text.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.models.encoder import Encoder
from lookalike.recommend.examples import combined
from lookalike.recommend.planning import alike
from lookalike.recommend.recolouring import colours_wanted, direction, reworded, with_colours
from lookalike.store.interface import Store
from lookalike.store.rows import Header
from lookalike.types import Filter, Product, Vector

_TOLD = 0.5  # of the weight of a picture, when words alone say what one would look like
_TOWARDS = 0.65  # of what words would look like, that is added to what a picture beside them looks like


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
    if not shown:
        return combined([reads | _as_picture(text, encoder)], disliked)
    parts = combined(shown, disliked)
    if text:
        parts = with_colours(parts, colours_wanted(text, parts, store), store, encoder)
        parts = _towards(text, parts, encoder)
        parts |= {part: direction([parts[part], v]) if part in parts else v for part, v in reads.items()}
    return parts


def changed(
    product: Product, parts: Mapping[str, Vector], text: str, store: Store, encoder: Encoder
) -> dict[str, Vector]:
    """The parts of a product of the store that is asked for with a change in words."""
    names = colours_wanted(text, parts, store)
    found = _towards(text, with_colours(parts, names, store, encoder), encoder)
    if "text" in encoder.parts:
        found["text"] = reworded(product, text, names, encoder)
    return found


def told_weights(recipe: Mapping[str, float], wished: Mapping[str, float] | None) -> dict[str, float]:
    """The weights of a query in words alone. recipe: those of the recipe. wished: the caller's own, which win."""
    return {"image": _TOLD * recipe["image"], **(wished or {})}


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


def _as_picture(text: str, encoder: Encoder) -> dict[str, Vector]:
    """The image part that words give; none where the image model knows no words."""
    seen = encoder.encode_text_as_picture(text) if text else None
    return {"image": seen[0]} if seen is not None else {}


def _towards(text: str, parts: Mapping[str, Vector], encoder: Encoder) -> dict[str, Vector]:
    """The parts of a query, its image part moved some way to what a text would look like."""
    moved = {
        part: direction([parts[part], np.float32(_TOWARDS) * seen])
        for part, seen in _as_picture(text, encoder).items()
        if part in parts
    }
    return {**parts, **moved}


def _names(same: str | Sequence[str]) -> Sequence[str]:
    return [same] if isinstance(same, str) else same
