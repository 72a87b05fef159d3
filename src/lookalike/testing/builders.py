"""Small builders, so that a test of a store fits on one screen.

What they make is fixed by its arguments: the same picture has the same vector, wherever it appears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lookalike.recipe import Recipe
from lookalike.store.rows import ColumnType, Header, rows_table, words_of
from lookalike.types import PARTS, Product, Query, Vector, Vectors, View

DIMS: Mapping[str, int] = {"image": 16, "text": 12, "colour": 8}


def header(
    *,
    dims: Mapping[str, int] | None = None,
    columns: Mapping[str, ColumnType] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Header:
    """The header of a small store whose models need no weights.

    >>> header().parts
    ('image', 'text', 'colour')
    """
    return Header(
        recipe=Recipe(image="gradients", text="hashed-words"),
        dims=dict(DIMS if dims is None else dims),
        columns=dict(columns or {}),
        aliases=dict(aliases or {}),
    )


def product(product_id: str, **facts: Any) -> Product:
    """A product with one picture of its own and a title, unless the facts say otherwise.

    >>> product("A", price=5.0).images
    ('A.jpg',)
    """
    return Product(id=product_id, **{"title": f"product {product_id}", "images": (f"{product_id}.jpg",), **facts})


def rows(header: Header, products: Sequence[Product], *, vectors: Mapping[str, Vectors] | None = None) -> pa.Table:
    """Whole rows for `Store.put`: a view for each picture, or a single one for a product without.

    vectors: a matrix for each part, a row for each view; those that are not given hang on the picture's name
    (image, colour) and on the title (text).
    """
    views = [
        (p, View(p.id, number, picture, key_of(picture)))
        for p in products
        for number, picture in enumerate(p.images or ("",))
    ]
    given = vectors or {}
    blocks = {
        part: given[part]
        if part in given
        else stacked(part, [p.title if part == "text" else v.picture for p, v in views], header.dims[part])
        for part in header.parts
    }
    return rows_table(header, views, [words_of([p.title]) for p, _ in views], blocks)


def key_of(picture: str) -> str:
    """The key that `rows` gives to a picture's name; empty for no picture."""
    return f"{crc32(picture.encode()):08x}" if picture else ""


def stacked(part: str, names: Sequence[str], dim: int) -> Vectors:
    """The vector of each name; zeros for an empty one.  # (n, dim)"""
    found = [vector(part, name, dim) for name in names]
    return np.stack(found) if found else np.empty((0, dim), np.float32)


def vector(part: str, name: str, dim: int) -> Vector:
    """A unit vector that hangs on the part and the name alone; zeros for an empty name.  # (dim,)"""
    if not name:
        return np.zeros(dim, np.float32)
    found: Vector = unit_vectors(1, dim, seed=crc32(f"{part}:{name}".encode()))[0]
    return found


def query(header: Header, picture: str, *, text: str = "", weights: Mapping[str, float] | None = None) -> Query:
    """A query for what looks like this picture, and reads like this text where there is one."""
    names = {"image": picture, "text": text, "colour": picture}
    parts = {p: vector(p, names[p], header.dims[p]) for p in header.parts if names[p]}
    return Query(parts, dict(weights or dict.fromkeys(PARTS, 1.0)))


def unit_vectors(count: int, dim: int, *, seed: int = 0, clusters: int = 0, spread: float = 0.5) -> Vectors:
    """Random directions; around so many centres, where clusters are asked for.  # (count, dim)

    spread: how far a vector lies from its centre, as a share of the centre's length.
    """
    random = np.random.default_rng(seed)
    directions = _unit(random.standard_normal((count, dim)))
    if clusters:
        centres = _unit(random.standard_normal((clusters, dim)))
        directions = _unit(centres[random.integers(0, clusters, count)] + spread * directions)
    return directions


def _unit(rows: npt.NDArray[np.floating[Any]]) -> Vectors:
    found: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found
