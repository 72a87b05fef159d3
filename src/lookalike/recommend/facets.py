"""What there is to filter by: the values of a column among the products that pass a filter, and their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lookalike.store.filtering import column
from lookalike.store.interface import Store
from lookalike.store.rows import Header
from lookalike.types import Filter

_FIRST = ("category", "audience", "brand", "colour", "in_stock", "price")  # what shops filter by, in this order
_MOST_VALUES = 60  # of a column that is worth showing unasked
_MOST_COLUMNS = 12
_LEAST_SHARE = 0.05  # of the products, that say something in such a column
_NOT_TO_FILTER_BY = ("id", "title", "description", "group", "images", "currency", "categories")


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts over products, each product once."""

    total: int  # products that pass the filter
    counts: Mapping[str, Sequence[tuple[str, int]]]  # column -> values, the commonest first
    ranges: Mapping[str, tuple[float, float]]  # column of numbers -> the least and the greatest


def facets(store: Store, columns: Sequence[str] = (), *, where: Filter, most: int = 50) -> Facets:
    """The values of these columns; of those worth showing when none is named.

    most: values of each column. Raises `FilterError` that names a column the store lacks.
    """
    header, now = store.header, store.now()
    wanted = {name: column(name, header) for name in columns or worth_showing(header)}
    ids = now.ids(limit=0, where=where)
    table = now.facts(ids, {stored for _, stored, _ in wanted.values()})
    counts: dict[str, list[tuple[str, int]]] = {}
    ranges: dict[str, tuple[float, float]] = {}
    for asked, (_, stored, kind) in wanted.items():
        cells = table.column(stored)
        if kind in ("number", "integer"):
            if (found := _range(cells)) is not None:
                ranges[asked] = found
            continue
        values = _counted(cells)
        if columns or _tells(values, len(ids)):
            counts[asked] = values[:most]
    if not columns:
        counts = dict(list(counts.items())[:_MOST_COLUMNS])
    return Facets(len(ids), counts, ranges)


def worth_showing(header: Header) -> list[str]:
    """Columns that may be worth showing, those that shops know first."""
    ours = [name for name in _FIRST if name not in header.columns]
    return [*ours, *(name for name in header.columns if name not in _NOT_TO_FILTER_BY)]


def _tells(values: Sequence[tuple[str, int]], products: int) -> bool:
    """Whether somebody could want to choose among the values."""
    return 1 < len(values) <= _MOST_VALUES and sum(n for _, n in values) >= _LEAST_SHARE * products


def _counted(cells: pa.ChunkedArray) -> list[tuple[str, int]]:
    """Values as text, the commonest first and then by name; what says nothing is left out."""
    flat = pc.list_flatten(cells) if pa.types.is_list(cells.type) else cells
    counted = pc.value_counts(flat.cast(pa.string()).drop_null())
    found = [(one["values"], int(one["counts"])) for one in counted.to_pylist()]
    return sorted(((value, n) for value, n in found if value), key=lambda one: (-one[1], one[0]))


def _range(cells: pa.ChunkedArray) -> tuple[float, float] | None:
    found = pc.min_max(cells).as_py()
    return None if found["min"] is None else (float(found["min"]), float(found["max"]))
