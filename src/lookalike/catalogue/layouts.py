"""A column map laid over one table: which of its columns are which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cache

from lookalike.catalogue.maps import FIELDS, ColumnMap, folded
from lookalike.catalogue.naming import Naming, naming
from lookalike.catalogue.tables import Cells, Table, as_text, shown
from lookalike.errors import CatalogueError
from lookalike.types import Value

PRODUCT_FIELDS = (FIELDS - {"sale_price", "regular_price"}) | {"categories", "attributes"}


@dataclass(frozen=True, slots=True)
class Layout:
    """A column map laid over one table: which of its columns are which."""

    map: ColumnMap
    fields: Mapping[str, tuple[str, ...]]  # ours -> the table's columns, best first
    attributes: Mapping[str, str]  # the table's column -> the attribute that it is, "" for none
    hidden: tuple[tuple[str, str], ...]  # the table's column, and what it says of a product that is not on sale
    naming: Naming
    tracker: str  # the table's column that says who counts the stock, "" for none

    @property
    def aliases(self) -> dict[str, str]:
        """The shop's column -> the Product field that it became, where the two are not named alike."""
        ours = {"sale_price": "price", "regular_price": ""}
        pairs = ((column, ours.get(f, f)) for f, columns in self.fields.items() for column in columns)
        return {c: f for c, f in pairs if f and c not in PRODUCT_FIELDS and c not in self.map.keep}

    def attribute(self, column: str) -> str:
        """The name of the attribute that a column holds, "" when it holds none."""
        known = self.attributes.get(column)
        return known if known is not None else _attribute(self.map, self.fields, column)

    def column(self, names: Iterable[str]) -> str:
        """The first of these columns that the table has, "" where it has none."""
        return _first(names, self.attributes)

    def first(self, cells: Cells, field: str) -> tuple[str, Value]:
        """The first cell of a field that has something in it, and its column; "" and "" when none has."""
        for column in self.fields.get(field, ()):
            cell = cells.get(column, "")
            if not isinstance(cell, str) or (cell and not cell.isspace()):
                return column, cell
        return "", ""

    def hidden_by(self, cells: Cells) -> str:
        """What the row says that takes the product off sale, as "Status=draft"; "" when nothing does."""
        for column, value in self.hidden:
            cell = cells.get(column, "")
            if not isinstance(cell, tuple) and as_text(cell).strip().casefold() == value:
                return f"{column}={cell}"
        return ""


def lay(column_map: ColumnMap, table: Table) -> Layout:
    """Finds the map's columns in the table; CatalogueError when there is none for the id."""
    fields: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for ours, names in sorted(column_map.fields.items(), key=lambda item: item[0] != "id"):  # the id comes first
        found = [column for column in _found(names, table, column_map) if column not in taken]
        if column_map.synonyms and ours != "images":
            found = found[:1]
        fields[ours] = tuple(found)
        taken |= set(found)
    if not set(fields.get("id", ())) & set(table.columns) and not _first(column_map.family, table.columns):
        raise CatalogueError(_no_id(column_map, table))
    attributes = {column: _attribute(column_map, fields, column) for column in table.columns}
    hidden = tuple(_hidden(column_map, table))
    tracker = _first(column_map.tracker, table.columns)
    return Layout(column_map, fields, attributes, hidden, naming(column_map, fields, table.columns), tracker)


def _found(names: Iterable[str], table: Table, column_map: ColumnMap) -> list[str]:
    """The table's columns of these names; and names that may yet come, in later rows or out of other columns."""
    by_name = _by_name(table.columns)
    may_come = table.open_ended and not column_map.synonyms
    other = bool(column_map.unpack or column_map.names or may_come)
    there = [by_name[folded(name)] for name in names if folded(name) in by_name]
    return list(dict.fromkeys([*there, *(names if other else ())]))


def _first(names: Iterable[str], columns: Iterable[str]) -> str:
    by_name = _by_name(columns)
    return next((by_name[folded(name)] for name in names if folded(name) in by_name), "")


def _by_name(columns: Iterable[str]) -> dict[str, str]:
    """The first column of each name, as names are compared."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(folded(column), column)
    return by_name


def _hidden(column_map: ColumnMap, table: Table) -> Iterator[tuple[str, str]]:
    by_name = _by_name(table.columns)
    for rule in column_map.hidden:
        name, _, value = rule.partition("=")
        yield by_name.get(folded(name), name), value.casefold()


def _attribute(column_map: ColumnMap, fields: Mapping[str, tuple[str, ...]], column: str) -> str:
    if column not in column_map.keep:
        special = column in (column_map.variants, column_map.unpack)
        if special or any(column in columns for columns in fields.values()) or _is_dropped(column_map, column):
            return ""
    return f"{column}_" if column in PRODUCT_FIELDS else column  # a store has one column of a name


def _is_dropped(column_map: ColumnMap, column: str) -> bool:
    return bool(column_map.drop and pattern(column_map.drop).match(column))


@cache
def pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)), re.IGNORECASE)


def _no_id(column_map: ColumnMap, table: Table) -> str:
    header = ", ".join(shown(column, 40) for column in table.columns[:30])
    more = f" and {len(table.columns) - 30} more" if len(table.columns) > 30 else ""
    names = ", ".join(column_map.fields.get("id", ())) or "none"
    return (
        f"{table.path} has no column for the id (known names: {names}) among: {header}{more}; "
        f'give --columns MAP.toml with extends = "plain" and, under [fields], id = ["YOUR COLUMN"]'
    )
