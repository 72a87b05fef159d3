"""Attributes that the row itself names: "Option1 Name" says Size, and "Option1 Value" says M."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from lookalike.catalogue.cleaning import label, listed
from lookalike.catalogue.maps import ColumnMap, folded
from lookalike.catalogue.tables import LONGEST_NAME, Cells
from lookalike.types import Value

FILLED = ("colour", "brand", "audience")  # fields of a product that such an attribute may fill


@dataclass(frozen=True, slots=True)
class Naming:
    """Where the rows of a table name attributes, and what becomes of these."""

    names: tuple[str, ...]
    values: tuple[str, ...]
    separator: str
    columns: Mapping[str, str]  # folded name of an attribute -> the column of the field that it fills
    taken: frozenset[str]  # columns of other fields, which no attribute may fill
    most: int  # the highest number among the table's columns; 0 where they have none

    def read(self, cells: Cells) -> Cells:
        """The attributes that a row names, those that fill a field under the column of that field."""
        found: Cells = {}
        for name, value in self._pairs(cells):
            column = self.columns.get(folded(name), name)
            found.setdefault(f"{column}_" if column in self.taken else column, value)
        return found

    def _pairs(self, cells: Cells) -> Iterator[tuple[str, Value]]:
        for n in count(1):
            name, value = _numbered(cells, self.names, n), _numbered(cells, self.values, n)
            if name != "" and value != "" and (text := label(name)[:LONGEST_NAME]):
                yield text, _several(value, self.separator)
            elif name == "" and n > self.most:
                return


def naming(column_map: ColumnMap, fields: Mapping[str, tuple[str, ...]], columns: Iterable[str]) -> Naming:
    """How the rows of a table with these columns and fields name attributes."""
    fill = {folded(column): column for field in FILLED for column in reversed(fields.get(field, ()))}
    taken = {column for several in fields.values() for column in several} - set(fill.values())
    patterns = [re.escape(name).replace(r"\{n\}", r"(\d{1,4})") for name in column_map.names]
    found = (re.fullmatch(pattern, column) for pattern in patterns for column in columns)
    most = max((int(one[1]) for one in found if one), default=0)
    return Naming(column_map.names, column_map.values, column_map.value_separator, fill, frozenset(taken), most)


def _numbered(cells: Cells, patterns: Iterable[str], n: int) -> Value:
    found = (cells.get(pattern.replace("{n}", str(n)), "") for pattern in patterns)
    return next((cell for cell in found if cell != ""), "")


def _several(value: Value, separator: str) -> Value:
    """The values that a cell lists; itself where it is but one."""
    if isinstance(value, str) and separator:
        value = tuple(listed(value, separator))
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value
