"""What a shop wants of its answers beside likeness: boost, bury, pin, hide, at most n, same or other.

A rule is a fact, checked when it is read. It comes from a TOML file, or from plain values such as JSON gives; it
says `when` it applies (a filter on the product that is asked about) and `where` (a filter on the candidates),
both in the grammar of every filter. See docs/rules.md.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from lookalike.errors import FilterError, RuleError
from lookalike.filters import read, written
from lookalike.store.filtering import column, resolve
from lookalike.store.rows import Header
from lookalike.types import Filter

Kind: TypeAlias = Literal["boost", "bury", "pin", "hide", "at_most", "same", "other"]
Asking: TypeAlias = Literal["similar", "search", "look"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_EVERY_KIND = {"name", "on", "when", "where"}
_FURTHER: dict[Kind, set[str]] = {"pin": {"position"}, "at_most": {"per"}, "same": {"level"}, "other": {"level"}}
_NEEDS_WHERE = ("boost", "bury", "hide")
_STRONGEST = 100.0  # a boost; a bury is no less than one over it


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Which of the fields from `factor` on count hangs on its kind."""

    name: str
    kind: Kind
    on: tuple[Asking, ...] = ()  # the kinds of request that it is for; none named is all
    when: Filter = field(default_factory=Filter)  # on every product that is asked about
    where: Filter = field(default_factory=Filter)  # on the candidates
    factor: float = 1.0  # boost, bury: times the score
    ids: tuple[str, ...] = ()  # pin: these products,
    position: int = 1  # from this place on, counted from 1
    count: int = 0  # at_most: so many
    column: str = ""  # at_most: for each value of this column; same, other: of this column
    level: int = 0  # same, other: of a category only so many steps of its path; 0 is the whole


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules in the order in which they were written, each with a name of its own.

    >>> rules = Rules.of([{"name": "sale last", "bury": 0.5, "where": {"tags": "sale"}}])
    >>> rules.to_mapping()
    {'rules': [{'name': 'sale last', 'bury': 0.5, 'where': {'tags': 'sale'}}]}
    """

    rules: tuple[Rule, ...] = ()

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    @classmethod
    def of(cls, wish: Any, *, header: Header | None = None) -> Rules:
        """Rules from plain values: `{"rules": [...]}`, or the list alone.

        header: of the store, to check the columns too. Raises `RuleError` that names the rule and the field.
        """
        try:
            return cls(tuple(_checked(wish, header)))
        except _WrongError as wrong:
            raise RuleError(str(wrong)) from wrong

    @classmethod
    def from_toml(cls, text: str, *, source: str = "rules", header: Header | None = None) -> Rules:
        """Rules as a TOML file holds them. Raises `RuleError` that names the line as well."""
        try:
            return cls(tuple(_checked(tomllib.loads(text), header)))
        except tomllib.TOMLDecodeError as error:
            raise RuleError(f"{source} is not TOML: {error}") from error
        except _WrongError as wrong:
            raise RuleError(f"{source}, line {_line(text, wrong)}, {wrong}") from wrong

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, header: Header | None = None) -> Rules:
        try:
            text = Path(path).read_text("utf-8")
        except OSError as error:
            raise RuleError(f"cannot read the rules {os.fspath(path)}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise RuleError(f"the rules {os.fspath(path)} are not text in UTF-8: {error.reason}") from error
        return cls.from_toml(text, source=os.fspath(path), header=header)

    def to_mapping(self) -> dict[str, list[dict[str, Any]]]:
        """Plain values that `of` reads back: for JSON."""
        return {"rules": [_plain(rule) for rule in self.rules]}

    def to_toml(self) -> str:
        """A file that `from_toml` reads back. Comments of the file that the rules came from are not kept."""
        tables = ["\n".join(["[[rules]]", *_assignments(_plain(rule))]) for rule in self.rules]
        return "\n\n".join(tables or ["rules = []"]) + "\n"

    def write(self, path: str | os.PathLike[str]) -> None:
        """Put them in a file in one step: whoever reads finds the old rules or the new, whole."""
        target = Path(path)
        fresh = None
        try:
            with tempfile.NamedTemporaryFile("wb", dir=target.parent, prefix=".rules.", delete=False) as file:
                fresh = Path(file.name)
                file.write(self.to_toml().encode())
                file.flush()
                os.fsync(file.fileno())
            fresh.chmod(0o644)
            fresh.replace(target)
        except OSError as error:
            if fresh is not None:
                fresh.unlink(missing_ok=True)
            raise RuleError(f"cannot write the rules {target}: {error.strerror}") from error


# -- reading ----------------------------------------------------------------------------------------


class _WrongError(Exception):
    """What is wrong with a field of a rule; the place of the rule is put in by who knows it."""

    def __init__(self, words: str, field: str = "", *, at: int | None = None, rule: str = "") -> None:
        super().__init__(f"{rule}: {words}" if rule else words)
        self.words, self.field, self.at = words, field, at


def _checked(wish: Any, header: Header | None) -> Iterator[Rule]:
    if isinstance(wish, Mapping):
        if strange := sorted(str(key) for key in wish if key != "rules"):
            raise _WrongError(f"{strange[0]!r} is not understood: begin each rule with [[rules]]", strange[0])
        wish = wish.get("rules", [])
    if not isinstance(wish, Sequence) or isinstance(wish, (str, bytes)):
        raise _WrongError(f"rules are a list of tables, not {wish!r}", "rules")
    names: set[str] = set()
    for at, one in enumerate(wish):
        named = one.get("name") if isinstance(one, Mapping) else None
        try:
            rule = _rule(one, header)
            if rule.name in names:
                raise _WrongError("an earlier rule has the same name: give each its own", "name")
        except _WrongError as wrong:
            called = f"rule {named!r}" if isinstance(named, str) and named.strip() else f"rule {at + 1}"
            raise _WrongError(wrong.words, wrong.field, at=at, rule=called) from wrong.__cause__
        names.add(rule.name)
        yield rule


def _rule(wish: Any, header: Header | None) -> Rule:
    if not isinstance(wish, Mapping):
        raise _WrongError(f"a rule is a table of fields, not {wish!r}")
    name, kind = wish.get("name"), _kind(wish)
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise _WrongError("has no name in one line: every match that it moves shows it", "name")
    asked = wish[kind]
    rule = Rule(
        name,
        kind,
        on=_on(wish.get("on", ())),
        when=_filter(wish, "when", header),
        where=_filter(wish, "where", header),
        factor=_factor(kind, asked) if kind in ("boost", "bury") else 1.0,
        ids=_ids(asked) if kind == "pin" else (),
        position=_whole(wish, "position", 1),
        count=_whole(wish, "at_most", 0),
        column=_column(wish, {"at_most": "per", "same": "same", "other": "other"}.get(kind, ""), header),
        level=_whole(wish, "level", 0),
    )
    if kind == "hide" and asked is not True:
        raise _WrongError(f"hide is {asked!r}: write hide = true", "hide")
    if kind in _NEEDS_WHERE and not rule.where:
        raise _WrongError(f"{kind} has no where: say which products are meant", kind)
    if rule.level and rule.column != "category":
        raise _WrongError(f"level is for a category, and this is about {rule.column!r}", "level")
    return rule


def _kind(wish: Mapping[str, Any]) -> Kind:
    kinds = [kind for kind in KINDS if kind in wish]
    if len(kinds) != 1:
        found = f"is {' and '.join(kinds)} at once" if kinds else "does nothing"
        raise _WrongError(f"{found}: give it one of {', '.join(KINDS)}", kinds[-1] if kinds else "")
    allowed = _EVERY_KIND | {kinds[0]} | _FURTHER.get(kinds[0], set())
    if strange := sorted(str(key) for key in wish if key not in allowed):
        raise _WrongError(
            f"{kinds[0]} does not take {strange[0]!r}: it takes {', '.join(sorted(allowed))}", strange[0]
        )
    return kinds[0]


def _on(wish: Any) -> tuple[Asking, ...]:
    known = get_args(Asking)
    wanted = (wish,) if isinstance(wish, str) else wish
    if not isinstance(wanted, Sequence) or any(one not in known for one in wanted):
        raise _WrongError(f"on is {wish!r}: use {' or '.join(known)}, or a list of them", "on")
    return tuple(wanted)


def _filter(wish: Mapping[str, Any], field: str, header: Header | None) -> Filter:
    try:
        found = read(wish.get(field))
        if header is not None:
            resolve(found, header)
    except FilterError as error:
        raise _WrongError(f"{field}: {error}", field) from error
    return found


def _factor(kind: Kind, asked: Any) -> float:
    if isinstance(asked, bool) or not isinstance(asked, (int, float)):
        raise _WrongError(f"{kind} is {asked!r}: use a number that the score is multiplied by", kind)
    low, high = (1.0, _STRONGEST) if kind == "boost" else (1 / _STRONGEST, 1.0)
    if not low <= asked <= high or asked == 1:
        between = f"over 1 and up to {high:g}" if kind == "boost" else f"from {low:g} and below 1"
        raise _WrongError(f"{kind} is {asked!r}: use a number {between}", kind)
    return float(asked)


def _ids(asked: Any) -> tuple[str, ...]:
    ids = (asked,) if isinstance(asked, str) else asked
    if not isinstance(ids, Sequence) or not ids or not all(isinstance(i, str) and i for i in ids):
        raise _WrongError(f"pin is {asked!r}: use the id of a product, or a list of ids", "pin")
    return tuple(dict.fromkeys(ids))


def _whole(wish: Mapping[str, Any], field: str, usual: int) -> int:
    number = wish.get(field, usual)
    if isinstance(number, bool) or not isinstance(number, int) or (field in wish and number < 1):
        raise _WrongError(f"{field} is {number!r}: use a whole number from 1", field)
    return number


def _column(wish: Mapping[str, Any], field: str, header: Header | None) -> str:
    if not field:
        return ""
    if field not in wish:
        raise _WrongError(f"has no {field!r}: name a column, such as brand", next(iter(wish)))
    if not isinstance(wish[field], str) or not wish[field].strip():
        raise _WrongError(f"{field} is {wish[field]!r}: name a column, such as brand", field)
    try:
        return column(wish[field], header)[0] if header is not None else wish[field]
    except FilterError as error:
        raise _WrongError(f"{field}: {error}", field) from error


def _line(text: str, wrong: _WrongError) -> int:
    """Where in a file the field stands, or else its rule; from 1."""
    lines = text.splitlines()
    heads = [at for at, line in enumerate(lines) if re.match(r"\s*\[\[\s*[\"']?rules[\"']?\s*\]\]", line)]
    if wrong.at is not None and wrong.at < len(heads):
        start = heads[wrong.at]
        end = next((at for at in heads if at > start), len(lines))
    else:
        start, end = 0, len(lines)
    named = re.compile(rf"\s*\[*\s*(rules\s*\.\s*)?[\"']?{re.escape(wrong.field or '[')}[\"']?\s*[=.\]]")
    return next((at for at in range(start, end) if named.match(lines[at])), start) + 1


# -- writing ----------------------------------------------------------------------------------------


def _plain(rule: Rule) -> dict[str, Any]:
    asked: dict[Kind, Any] = {
        "boost": rule.factor,
        "bury": rule.factor,
        "pin": list(rule.ids),
        "hide": True,
        "at_most": rule.count,
        "same": rule.column,
        "other": rule.column,
    }
    found: dict[str, Any] = {"name": rule.name, rule.kind: asked[rule.kind]}
    if rule.kind == "at_most":
        found["per"] = rule.column
    if rule.kind == "pin":
        found["position"] = rule.position
    if rule.level:
        found["level"] = rule.level
    if rule.on:
        found["on"] = list(rule.on)
    return found | {name: written(one) for name, one in (("when", rule.when), ("where", rule.where)) if one}


def _assignments(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_toml(key) if not key.isidentifier() else key} = {_toml(value)}" for key, value in table.items())


def _toml(value: Any) -> str:
    """A value in TOML: text, numbers, true and false, lists, and tables in one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    if isinstance(value, str):  # what JSON escapes TOML escapes alike, but for DEL, which JSON lets stand
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
