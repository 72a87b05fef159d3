"""A `Filter` against the columns of a store: checked once, then a mask in memory or an expression on disk.

Column names and types come from the store's header, values are coerced to the column's type and quoted here,
so nothing a user writes reaches the expression language as code. What a product does not say is neither equal
to a value nor below nor above one; `ne` lets it pass.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import isfinite
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lookalike.errors import FilterError
from lookalike.store.rows import GARMENT, STANDARD, ColumnType, Header, predicted_columns
from lookalike.types import Condition, Filter, Operator, Value

_TRUE, _FALSE = {"true", "yes", "1", "y", "on"}, {"false", "no", "0", "n", "off"}
_SIGNS = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
Known = str | float | int | bool


@dataclass(frozen=True, slots=True)
class Test:
    """One condition whose column exists and whose values have the column's type."""

    field: str  # the stored column
    kind: ColumnType
    operator: Operator
    values: tuple[Known, ...]


@dataclass(frozen=True, slots=True)
class Unless:
    """Passes where these tests do not all pass."""

    tests: Tests


Tests: TypeAlias = tuple[Test | Unless, ...]  # that must all pass


def resolve(where: Filter, header: Header) -> Tests:
    """Raises `FilterError` that names the column or the value."""
    barred = (Unless(resolve(one, header)) for one in where.none_of)
    return (*(_test(condition, header) for condition in where.conditions), *barred)


def fields(tests: Tests) -> set[str]:
    """The stored columns that the tests look at."""
    return {name for t in tests for name in ([t.field] if isinstance(t, Test) else fields(t.tests))}


def _test(condition: Condition, header: Header) -> Test:
    name, field, kind = column(condition.column, header)
    if field == "category":  # a category means all that lies below it
        field, kind = "categories", "texts"
    operator, value = condition.operator, condition.value
    if operator == "exists" or (isinstance(value, bool) and operator == "eq" and kind != "boolean"):
        return Test(field, kind, "exists", (_coerce(_single(value, name), "boolean", f"whether {name} exists"),))
    if operator in ("lt", "le", "gt", "ge"):
        if kind in ("text", "texts", "boolean"):
            raise FilterError(f"{name} is {_a(kind)}: compare it with = or !=, not with {_SIGNS[operator]}")
        _single(value, name)
    wanted = value if isinstance(value, tuple) else (value,)
    if not wanted:
        raise FilterError(f"the filter on {name} lists no value: give one, or leave the filter out")
    values = tuple(_coerce(v, kind, name) for v in wanted)
    if kind == "integer" and operator in ("eq", "in", "ne"):
        values = tuple(v for v in values if isinstance(v, int))  # nothing whole equals 2.5
    return Test(field, kind, operator, values)


def _single(value: Value, name: str) -> Known:
    if isinstance(value, tuple):
        raise FilterError(f"the filter on {name} takes one value here, not the list {list(value)}")
    return value


def column(wanted: str, header: Header) -> tuple[str, str, ColumnType]:
    """Our name for a column, however it was written, its stored column, and its type. Raises `FilterError`."""
    names = {n: (n, k) for n, k in STANDARD.items()}
    names |= {alias: (ours, STANDARD[ours]) for alias, ours in header.aliases.items() if ours in STANDARD}
    read_off = predicted_columns(header)
    names |= {GARMENT: read_off[f"predicted.{GARMENT}"]} if GARMENT in header.predicted else {}
    names |= {n: (header.column_of(n), k) for n, k in header.columns.items()}
    names |= read_off
    name = wanted if wanted in names else next((n for n in names if n.lower() == wanted.lower()), None)
    if name is None:
        near = difflib.get_close_matches(wanted, names, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(sorted(names))}"
        raise FilterError(f"no column {wanted!r} to filter by: {hint}")
    return (name, *names[name])


def _coerce(value: Known, kind: ColumnType, name: str) -> Known:
    try:
        if kind == "number":
            return _finite(value)
        if kind == "integer":
            return _whole(value)
        if kind == "boolean":
            return value if isinstance(value, bool) else _truth(str(value))
        return ("true" if value else "false") if isinstance(value, bool) else _writable(str(value))
    except (ValueError, OverflowError) as error:
        raise FilterError(f"{name} is {_a(kind)}: {value!r} is none") from error


def _finite(value: Known) -> float:
    number = float(value)
    if not isfinite(number):
        raise ValueError(value)
    return number + 0.0  # no minus zero, which Lance tells from zero


def _whole(value: Known) -> int | float:
    """A whole number that fits the column, or a float."""
    try:
        number = int(value) if isinstance(value, (int, str)) else None
    except ValueError:  # "2.5"
        number = None
    near = _finite(value)
    if number is None and near.is_integer():
        number = int(near)
    return near if number is None or abs(number) >= 2**63 else number


def _writable(text: str) -> str:
    text.encode()  # half a surrogate pair is no text that a store could hold
    return text


def _truth(word: str) -> bool:
    if word.lower() in _TRUE | _FALSE:
        return word.lower() in _TRUE
    raise ValueError(word)


def _a(kind: ColumnType) -> str:
    return {
        "text": "text",
        "texts": "a list of texts",
        "number": "a number",
        "integer": "a whole number",
        "boolean": "true or false",
    }[kind]


def mask(tests: Sequence[Test | Unless], table: pa.Table) -> npt.NDArray[np.bool_]:
    """Which rows pass all the tests.  # (n,)"""
    passing = (
        ~mask(test.tests, table) if isinstance(test, Unless) else _passes(test, table.column(test.field))
        for test in tests
    )
    return reduce(np.logical_and, passing, np.ones(table.num_rows, dtype=np.bool_))


def _passes(test: Test, column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    if test.operator == "exists":
        there = _is_filled(test, column)
        return there if test.values[0] else ~there
    if test.operator in ("eq", "in", "ne"):
        equal = _holds(column, test.values) if test.kind == "texts" else _equals(column, test.values)
        return ~equal if test.operator == "ne" else equal
    compare = {"lt": pc.less, "le": pc.less_equal, "gt": pc.greater, "ge": pc.greater_equal}[test.operator]
    if test.kind == "integer" and isinstance(test.values[0], float):
        column = pc.cast(column, pa.float64(), safe=False)
    return _bools(compare(column, test.values[0]))


def _is_filled(test: Test, column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    if test.kind == "text":
        return _bools(pc.not_equal(column, ""))
    if test.kind == "texts":
        return _bools(pc.greater(pc.list_value_length(column), 0))
    return _bools(pc.is_valid(column))


def _equals(column: pa.ChunkedArray, values: tuple[Known, ...]) -> npt.NDArray[np.bool_]:
    if len(values) == 1:
        return _bools(pc.equal(column, values[0]))
    return _bools(pc.is_in(column, value_set=pa.array(values, column.type)))


def _holds(column: pa.ChunkedArray, values: tuple[Known, ...]) -> npt.NDArray[np.bool_]:
    """Rows whose list has one of the values."""
    found = np.zeros(len(column), dtype=np.bool_)
    start = 0
    for chunk in column.chunks:
        hits = _bools(pc.is_in(chunk.flatten(), value_set=pa.array(values, pa.string())))
        parents = np.asarray(pc.list_parent_indices(chunk))
        found[start + parents[hits]] = True
        start += len(chunk)
    return found


def _bools(array: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    filled: npt.NDArray[np.bool_] = np.asarray(pc.fill_null(array, False), dtype=np.bool_)
    return filled


def sql(tests: Sequence[Test | Unless]) -> str:
    """The same tests as an expression for Lance (DataFusion's SQL); empty when all rows pass."""
    return " AND ".join(_unless(test) if isinstance(test, Unless) else _expression(test) for test in tests)


def _unless(test: Unless) -> str:
    return f"(NOT coalesce(({sql(test.tests) or 'true'}), false))"


def _expression(test: Test) -> str:
    name, values = f"`{test.field}`", [_literal(v) for v in test.values]
    if test.kind == "integer" and any(isinstance(v, float) for v in test.values):
        name = f"CAST({name} AS DOUBLE)"  # Lance would take the value for a wrong one
    if test.operator == "exists":
        filled = f"({name} IS NOT NULL AND {name} != '')" if test.kind == "text" else f"{name} IS NOT NULL"
        if test.kind == "texts":
            filled = f"coalesce(array_length({name}), 0) > 0"
        return filled if test.values[0] else f"NOT ({filled})"
    if test.operator in ("eq", "in", "ne"):
        if test.kind == "texts":
            equal = " OR ".join(f"array_has({name}, {v})" for v in values)
        else:
            equal = f"{name} IN ({', '.join(values)})" if values else "false"
        return f"(NOT coalesce(({equal}), false))" if test.operator == "ne" else f"({equal})"
    return f"{name} {_SIGNS[test.operator]} {values[0]}"


def _literal(value: Known) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + value.replace("'", "''") + "'"


def any_of(field: str, values: Sequence[str]) -> str:
    """An expression for rows whose text column holds one of the values."""
    return f"`{field}` IN ({', '.join(map(_literal, values))})" if values else "false"
