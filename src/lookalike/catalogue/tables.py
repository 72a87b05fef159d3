"""What every reader gives: a table, its columns and its rows. It cleans nothing and knows no shop's words."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from lookalike.errors import CatalogueError
from lookalike.types import Scalar, Value

Cells: TypeAlias = dict[str, Value]  # column -> what the row says; a cell with nothing in it is left out

SURROGATE = re.compile("[\ud800-\udfff]")  # what is left where bytes could not be decoded
MOST_COLUMNS = 2_000  # and cells of a row; a table of products has fewer
MOST_ROWS = 2_500  # of one product; Shopify takes 2,048 variants
LONGEST_NAME = 1_000  # characters of a column's name


class Row(NamedTuple):
    """One row, or the reason why it could not be read."""

    line: int  # where it begins, from 1; 0 where the source has no lines
    cells: Cells
    problem: str = ""


class Shape(NamedTuple):
    """What a format asks of its reader, in the names of its columns."""

    spill: str = ""  # of a delimited table: the column that unquoted commas spill out of
    unfold: str = ""  # of records: the list whose records are rows of their own
    numbered: frozenset[str] = frozenset()  # of records: lists of records that are kept apart, "options.1.name"


AS_IT_IS = Shape()


@dataclass(frozen=True, slots=True)
class Table:
    """A source of rows that can be read again and again, one row at a time."""

    path: Path
    columns: tuple[str, ...]
    read: Callable[[Shape], Iterator[Row]]
    open_ended: bool = False  # whether later rows may have columns that are not among these


def checked_columns(path: Path, columns: Iterable[str]) -> tuple[str, ...]:
    """The columns as they are, once it is certain that each has a name of its own; nameless ones may repeat."""
    seen: set[str] = set()
    if len(columns := tuple(columns)) > MOST_COLUMNS:
        raise CatalogueError(f"{path} has more than {MOST_COLUMNS:,} columns: give a table of products")
    for column in columns:
        if column in seen:
            raise CatalogueError(f"{path} has two columns named {column[:60]!a}: rename one of them")
        if SURROGATE.search(column):
            raise CatalogueError(f"{path} has a header that is not UTF-8: save the file as UTF-8")
        if column:
            seen.add(column)
    return columns


def rows_of(line: int, record: Mapping[str, object], shape: Shape) -> Iterator[Row]:
    """The row of a nested record; one for each record of its `unfold` list, where it has one.

    >>> tee = {"title": "Tee", "variants": [{"sku": "S"}, {"sku": "M"}]}
    >>> [row.cells for row in rows_of(1, tee, Shape(unfold="variants"))]
    [{'title': 'Tee', 'variants.sku': 'S'}, {'title': 'Tee', 'variants.sku': 'M'}]
    """
    inner = record.get(shape.unfold)
    variants = inner if isinstance(inner, list) and all(isinstance(v, Mapping) for v in inner) else []
    if len(variants) > MOST_ROWS:
        yield Row(line, {}, f"has {len(variants):,} {shape.unfold}; more than {MOST_ROWS:,} are not read")
        return
    try:
        rest = {key: value for key, value in record.items() if key != shape.unfold} if variants else record
        cells = flatten(rest, shape.numbered)
        rows = [cells | flatten({shape.unfold: variant}) for variant in variants] or [cells]
    except (ValueError, RecursionError) as error:
        yield Row(line, {}, "nested too deep" if isinstance(error, RecursionError) else str(error))
        return
    for row in rows:
        yield Row(line, row, _too_wide(row))


def _too_wide(cells: Cells) -> str:
    return f"has {len(cells):,} fields; more than {MOST_COLUMNS:,} are not read" * (len(cells) > MOST_COLUMNS)


def flatten(record: Mapping[str, object], numbered: frozenset[str] = frozenset()) -> Cells:
    """One level of cells out of a nested record; raises ValueError where a text is not valid Unicode.

    >>> flatten({"id": 7, "seller": {"city": "Porto"}, "tags": ["a", "b"], "images": [{"src": "1.jpg"}]})
    {'id': 7, 'seller.city': 'Porto', 'tags': ('a', 'b'), 'images.src': ('1.jpg',)}
    >>> flatten({"options": [{"name": "Size"}, {"name": "Colour"}]}, frozenset({"options"}))
    {'options.1.name': 'Size', 'options.2.name': 'Colour'}
    """
    if numbered:
        record = {key: _by_number(value) if key in numbered else value for key, value in record.items()}
    return dict(_leaves(record, ""))


def _by_number(value: object) -> object:
    """A list of records as a record of records: its numbers, from 1, are the keys."""
    value = [value] if isinstance(value, Mapping) else value
    return {str(n): item for n, item in enumerate(value, 1)} if isinstance(value, list) else value


def _leaves(record: Mapping[str, object], prefix: str) -> Iterator[tuple[str, Value]]:
    for key, value in record.items():
        name = _valid(prefix + str(key))
        if len(name) > LONGEST_NAME:
            raise ValueError(f"a field's name is longer than {LONGEST_NAME:,} characters: {name[:40]!a}...")
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{name}.")
        elif isinstance(value, list | tuple):
            yield from _listed(name, value)
        elif (cell := _scalar(value)) is not None and cell != "":
            yield name, cell


def _listed(name: str, values: Iterable[object]) -> Iterator[tuple[str, Value]]:
    """A list of scalars is one cell of several texts; a list of records is one such cell a key."""
    columns: dict[str, list[str]] = {}
    for value in values:
        cells = dict(_leaves(value, f"{name}.")) if isinstance(value, Mapping) else {name: _scalar(value)}
        for column, cell in cells.items():
            if cell is not None and cell != "":
                texts = cell if isinstance(cell, tuple) else (as_text(cell),)
                columns.setdefault(column, []).extend(texts)
    for column, texts_so_far in columns.items():
        yield column, tuple(texts_so_far)


def _scalar(value: object) -> Scalar | None:
    match value:
        case str():
            return _valid(value)
        case bool():
            return value
        case int():
            return value if -(2**63) <= value < 2**63 else str(value)
        case float():
            return value if math.isfinite(value) else None
        case decimal.Decimal():
            return _scalar(float(value)) if value.is_finite() else None
        case datetime.date() | datetime.time():
            return value.isoformat()
        case None | bytes():
            return None
        case list() | tuple():  # a list in a list
            return _valid(json.dumps(value, ensure_ascii=False, default=str))
        case _:
            return _valid(str(value))


def shown(text: str, most: int = 300) -> str:
    """A text as a message can show it: on one line, and not too long.

    >>> shown("Größe"), shown("a\\nb"), shown("abcdef", 3)
    ('Größe', "'a\\\\nb'", 'abc...')
    """
    text = text if len(text) <= most else f"{text[:most]}..."
    return text if text.isprintable() else ascii(text)


def as_text(value: Scalar) -> str:
    """A scalar in words: a whole number has no decimal point, truth is "true".

    >>> as_text(7.0), as_text(7.5), as_text(True)
    ('7', '7.5', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def text_of(cells: Cells, column: str) -> str:
    """What a cell says as one text, "" where it is empty.

    >>> text_of({"id": 7.0, "tags": ("a", "b")}, "tags"), text_of({"id": 7.0}, "id"), text_of({}, "id")
    ('a|b', '7', '')
    """
    cell = cells.get(column, "")
    return "|".join(cell) if isinstance(cell, tuple) else as_text(cell).strip()


def _valid(text: str) -> str:
    if not text.isascii() and SURROGATE.search(text):
        raise ValueError(f"not valid Unicode: {text[:60]!a}")
    return text
