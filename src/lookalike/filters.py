"""Filters as people write them, read into one `Filter`.

Two spellings, the same meaning:

    shell   gender=Women   price<50   colour=Red,Navy   in_stock   !in_stock   brand!=Acme
    Python  {"gender": "Women", "price": {"lt": 50}, "colour": ["Red", "Navy"], "in_stock": True}

Nothing here becomes part of a query language: a filter is data until a store, which knows the type of
each of its columns, evaluates it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, get_args

from lookalike.errors import FilterError
from lookalike.types import Condition, Filter, Operator, Value

Where: TypeAlias = Filter | Mapping[str, Any] | str | Iterable[str | Mapping[str, Any]] | None

_SIGNS: dict[str, Operator] = {"<=": "le", ">=": "ge", "!=": "ne", "=": "eq", "<": "lt", ">": "gt"}
_TERM = re.compile(r"^(?P<column>[^<>=!]+?)\s*(?P<sign><=|>=|!=|=|<|>)\s*(?P<value>.*)$", re.DOTALL)
_FLAG = re.compile(r"^(?P<no>!?)\s*(?P<column>[^<>=!,]+)$")
_HOW = "write FIELD=VALUE, FIELD=A,B, FIELD<NUMBER, FIELD or !FIELD"


def read(where: Where) -> Filter:
    """Any spelling of a filter as a `Filter`.

    >>> read("price<50").conditions
    (Condition(column='price', operator='lt', value='50'),)
    >>> read({"colour": ["Red", "Navy"]}).conditions
    (Condition(column='colour', operator='in', value=('Red', 'Navy')),)
    """
    if where is None:
        return Filter()
    if isinstance(where, Filter):
        return where
    if isinstance(where, str):
        return Filter((_term(where),))
    if isinstance(where, Mapping):
        return Filter(tuple(c for column, wish in where.items() for c in _wish(str(column), wish)))
    terms = list(where) if isinstance(where, Iterable) else [None]
    if not all(isinstance(term, (str, Mapping)) for term in terms):
        raise FilterError(f"filter {where!r} is not understood: {_HOW}, or a mapping of fields")
    return Filter(tuple(condition for term in terms for condition in read(term).conditions))


def written(where: Filter) -> dict[str, Any] | list[dict[str, Any]]:
    """A filter in plain values, as JSON and TOML hold them: `read` gives it back.

    >>> written(read(["price<50", "colour=Red,Navy"]))
    {'price': {'lt': '50'}, 'colour': ['Red', 'Navy']}
    """
    if where.none_of:
        raise FilterError("a filter of what must not pass has no spelling: write its conditions with ne")
    wishes = [{c.column: _wished(c)} for c in where.conditions]
    together = {column: wish for one in wishes for column, wish in one.items()}
    return together if len(together) == len(wishes) else wishes


def spelled(where: Filter) -> list[str]:
    """A filter in the shell's spelling, as the address of a request holds it: `read` gives it back.

    >>> spelled(read({"price": {"ge": 10, "lt": 50}, "colour": ["Red", "Navy"], "in_stock": True}))
    ['price>=10', 'price<50', 'colour=Red,Navy', 'in_stock']

    Raises `FilterError` for what only the Python spelling can say, such as one value with a comma.
    """
    if where.none_of:
        raise FilterError("a filter of what must not pass has no spelling: write its conditions with ne")
    return [_spelled(condition) for condition in where.conditions]


def _spelled(condition: Condition) -> str:
    column, operator, value = condition.column, condition.operator, condition.value
    if operator == "eq" and isinstance(value, bool):
        term, same = f"{'' if value else '!'}{column}", condition
    elif isinstance(value, tuple):
        term, same = f"{column}={','.join(value)}{',' if len(value) == 1 else ''}", condition
    else:
        sign = next((sign for sign, name in _SIGNS.items() if name == operator), "")
        term, same = f"{column}{sign}{value}", Condition(column, operator, str(value))
    try:
        said = read(term)
    except FilterError:
        said = Filter()
    if said.conditions != (same,):
        raise FilterError(f"filter on {column!r}: {operator} {value!r} cannot be written as {term!r}; {_HOW}")
    return term


def _wished(condition: Condition) -> Any:
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    short = "in" if isinstance(value, list) else "eq"
    return value if condition.operator == short else {condition.operator: value}


def _term(text: str) -> Condition:
    if found := _TERM.match(text.strip()):
        column, operator, value = found["column"].strip(), _SIGNS[found["sign"]], found["value"].strip()
        if not value:
            raise FilterError(f"filter {text!r} has no value after {found['sign']!r}: {_HOW}")
        if operator == "eq" and "," in value:
            return Condition(column, "in", tuple(v.strip() for v in value.split(",") if v.strip()))
        return Condition(column, operator, value)
    if found := _FLAG.match(text.strip()):
        return Condition(found["column"].strip(), "eq", not found["no"])
    raise FilterError(f"filter {text!r} is not understood: {_HOW}")


def _wish(column: str, wish: Any) -> Iterable[Condition]:
    if isinstance(wish, Mapping):
        for operator, value in wish.items():
            if operator not in get_args(Operator):
                raise FilterError(
                    f"filter on {column!r} has operator {operator!r}: use one of {', '.join(get_args(Operator))}"
                )
            yield Condition(column, operator, _value(column, value))
    elif isinstance(wish, (list, tuple, set, frozenset)):
        yield Condition(column, "in", _value(column, wish))
    else:
        yield Condition(column, "eq", _value(column, wish))


def _value(column: str, value: Any) -> Value:
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(str(v) for v in value)
    raise FilterError(f"filter on {column!r} has value {value!r}: use text, a number, true or false, or a list")
