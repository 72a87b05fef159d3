"""Like this, but red: words for colours change what a query looks for.

What a red shoe looks like is asked of the shop: of its own products of that colour, those that look most like the
query tell what its colour part is to be, and its image part moves some way towards theirs, for a network sees
colour too (feedback from what is presumed right, after Rocchio, 1971). Where the shop has too few of them, a plain
swatch of the colour stands in. How much that brings: benchmarks/words.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lookalike.media.colour_words import ColourName, colours_named, phrases, recoloured
from lookalike.models.encoder import Encoder, wording
from lookalike.store.interface import Store
from lookalike.types import Condition, Filter, Product, Query, Vector

_MODELS = 16  # products of the colour that are looked at; more are less like the query
_FEWEST = 8  # of them that are believed, where a swatch could stand in
_MOVE = 0.6  # of the direction of their pictures that is added to the image part
_OWN_NAMES_AMONG = 64  # products whose colour the text calls by a name that is not a common one


def colours_wanted(text: str, parts: Mapping[str, Vector], store: Store) -> list[ColourName]:
    """The colours that a text names: by common words, or as the shop calls them."""
    spelt = tuple(form for phrase in phrases(text) if not colours_named(phrase) for form in _forms(phrase))
    if not spelt:
        return colours_named(text)
    hits = store.nearest(_all_of(parts), k=_OWN_NAMES_AMONG, where=_coloured(spelt))
    return colours_named(text, store.facts(hits.ids, {"colour"}).column("colour").to_pylist())


def with_colours(
    parts: Mapping[str, Vector], names: Sequence[ColourName], store: Store, encoder: Encoder
) -> dict[str, Vector]:
    """The parts of a query that looks for these colours instead of its own; as they were where none is named."""
    if not names or "colour" not in parts:
        return dict(parts)
    colours, images = [], []
    for name in names:
        models = _models(parts, name, store)
        if name.rgb is None or len(models) >= _FEWEST:
            colours.append(direction([m["colour"] for m in models]))
            images.append(direction([m["image"] for m in models if "image" in m]))
        else:
            colours.append(encoder.encode_swatch(name.rgb))
    found = {**parts, "colour": direction(colours)}
    if "image" in parts and images:
        found["image"] = direction([parts["image"], *(_MOVE / len(images) * image for image in images)])
    return found


def reworded(product: Product, text: str, names: Sequence[ColourName], encoder: Encoder) -> Vector:
    """The text part of a product that is asked for with other words: its own, in the colours named, and these."""
    if names:
        said = " ".join(name.said for name in names)
        title = recoloured(product.title, said, [product.colour] if product.colour else [])
        product = replace(product, title=title, colour=said)
    return direction([encoder.encode_wordings([wording(product)])[0], encoder.encode_text(text)[0]])


def direction(vectors: Sequence[Vector]) -> Vector:
    """The sum of vectors at unit length; zeros where there is none.  # (dim,)"""
    total = np.sum(vectors, axis=0)
    length = np.linalg.norm(total)
    found: Vector = (total / length if length > 0 else total).astype(np.float32)
    return found


def _models(parts: Mapping[str, Vector], name: ColourName, store: Store) -> list[Mapping[str, Vector]]:
    """What the products of the colour that look most like the query look like."""
    forms = tuple(form for word in name.words for form in _forms(word))
    looks = {"image": parts["image"]} if "image" in parts else parts
    hits = store.nearest(_all_of(looks), k=_MODELS, where=_coloured(forms))
    stored = store.views(hits.ids)
    found = [v.parts for view in hits.views for v in stored[view.product_id] if v.view.number == view.number]
    return [looks for looks in found if looks["colour"].any()]


def _all_of(parts: Mapping[str, Vector]) -> Query:
    return Query(parts, dict.fromkeys(parts, 1.0))


def _coloured(forms: Sequence[str]) -> Filter:
    return Filter((Condition("colour", "in", tuple(forms)),))


def _forms(word: str) -> tuple[str, ...]:
    """How shops write a word in a column."""
    return tuple(dict.fromkeys((word, word.capitalize(), word.title(), word.upper())))
