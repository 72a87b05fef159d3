"""One pass over a catalogue before it is indexed: how much there is, of which types, and a fair sample."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal, TypeAlias

from lookalike.catalogue.cleaning import truth
from lookalike.catalogue.reading import SKIPPED
from lookalike.catalogue.tables import as_text
from lookalike.errors import CatalogueError
from lookalike.types import Product, Reject, Value

ColumnType: TypeAlias = Literal["text", "number", "integer", "boolean", "texts"]

REJECTS_KEPT = 1_000
MOST_COLUMNS = 1_000  # a table with more attributes than this is not a table of products

NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d+)?", re.ASCII)  # "0012" is a code, and stays text


@dataclass(slots=True)
class Survey:
    """What one pass over a catalogue found."""

    products: int = 0
    groups: int = 0  # styles: variants of one group count once
    images: int = 0  # references to pictures
    reject_count: int = 0
    rejects: list[Reject] = field(default_factory=list)  # the first thousand
    skipped_pictures: int = 0  # left out of products that have others
    columns: dict[str, ColumnType] = field(default_factory=dict)  # of the attributes
    sample: list[Product] = field(default_factory=list)  # drawn uniformly


def survey(catalogue: Iterable[Product | Reject], *, sample: int = 16_384, seed: int = 0) -> Survey:
    """Counts, types and samples a catalogue in one pass; memory grows by two hashes a product and no more."""
    found, draw, groups = Survey(), Random(seed), set[int]()  # noqa: S311 - a sample, not a secret
    for item in catalogue:
        if isinstance(item, Reject):
            _count_reject(found, item)
            continue
        found.products += 1
        found.images += len(item.images)
        groups.add(hash(item.style))
        widen(found.columns, item.attributes)
        _keep(found, item, sample, draw)
    found.groups = len(groups)
    return found


def _count_reject(found: Survey, reject: Reject) -> None:
    if reject.reason.startswith(SKIPPED):
        found.skipped_pictures += 1
        return
    found.reject_count += 1
    if len(found.rejects) < REJECTS_KEPT:
        found.rejects.append(reject)


def _keep(found: Survey, product: Product, size: int, draw: Random) -> None:
    """Reservoir sampling (Vitter 1985, algorithm R): each product is kept with the same probability."""
    if len(found.sample) < size:
        found.sample.append(product)
    elif (place := draw.randrange(found.products)) < size:
        found.sample[place] = product


def widen(columns: dict[str, ColumnType], attributes: Mapping[str, Value]) -> None:
    """Makes each column's type wide enough for these cells."""
    for name, value in attributes.items():
        known = columns.get(name)
        if known == "texts" or (known == "text" and not isinstance(value, tuple)):
            continue
        if known is None and len(columns) >= MOST_COLUMNS:
            raise CatalogueError(
                f"the catalogue has more than {MOST_COLUMNS:,} attributes: drop some with a column map"
            )
        columns[name] = wider(known, type_of(value)) if known else type_of(value)


def type_of(value: Value) -> ColumnType:
    """The narrowest type that a cell fits.

    >>> [type_of(v) for v in ("12", "7.5", "0012", "XL", "Yes", ("a", "b"))]
    ['integer', 'number', 'text', 'text', 'boolean', 'texts']
    """
    if isinstance(value, tuple):
        return "texts"
    if isinstance(value, str):
        return _type_of_text(value)
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -(2**63) <= value < 2**63 else "text"
    return "number"


def _type_of_text(text: str) -> ColumnType:
    if NUMBER.fullmatch(text) and text != "-0":
        return "number" if "." in text else "integer"
    return "text" if truth(text) is None else "boolean"


def wider(one: ColumnType, other: ColumnType) -> ColumnType:
    """The narrowest type that takes the cells of both."""
    if one == other:
        return one
    if "texts" in (one, other):
        return "texts"
    return "number" if {one, other} == {"integer", "number"} else "text"


def typed(product: Product, columns: Mapping[str, ColumnType]) -> Product:
    """The product with its attributes in the types of their columns; those of no column stay as they are.

    Raises ValueError with the column and the value where one does not fit.
    """
    if not product.attributes:
        return product
    attributes = {
        name: _converted(name, value, columns[name]) if name in columns else value
        for name, value in product.attributes.items()
    }
    return replace(product, attributes=attributes)


def _converted(name: str, value: Value, kind: ColumnType) -> Value:
    if kind == "texts":
        return value if isinstance(value, tuple) else (as_text(value),)
    if kind == "text":
        return "|".join(value) if isinstance(value, tuple) else as_text(value)
    converted = _narrowed(value, kind)
    if converted is None:
        raise ValueError(f"column {name!r} holds {kind}s, and {value!r} is none")
    return converted


def _narrowed(value: Value, kind: ColumnType) -> Value | None:
    """The value as a boolean, integer or number; None where it is none."""
    if isinstance(value, tuple):
        return None
    if kind == "boolean":
        return truth(value)
    fits = wider(type_of(value), kind) == kind
    if isinstance(value, float) and kind == "integer" and value.is_integer():
        fits = True
    if not fits:
        return None
    return int(value) if kind == "integer" else float(value)
