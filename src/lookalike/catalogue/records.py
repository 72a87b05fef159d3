"""Tables as JSON: one object a line, or a list of objects, of which only one at a time is in memory.

The list may stand alone, or in an object that wraps it as shops' APIs do: {"products": [...]}, {"data": {"items":
[...]}}. Several such documents may follow one another, as when pages of an API were saved into one file.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TextIO

from lookalike.catalogue.tables import AS_IT_IS, Row, Shape, Table, checked_columns, rows_of
from lookalike.catalogue.text_files import LONGEST, UNDECODABLE, Lines, LineTooLong, open_text
from lookalike.errors import CatalogueError

HEADED = 1_000  # objects whose keys are taken for the header; a key that first comes later is an attribute
CHUNK = 65_536  # characters
WRAPPERS = ("products", "items", "data", "results", "records", "entries", "rows", "nodes")
WRAPPED = frozenset(WRAPPERS)  # keys that a list of products stands under
WHITE = " \t\r\n"
WHITE_OR_COMMA = WHITE + ","

DECODER = json.JSONDecoder(parse_constant=lambda _: None)  # NaN and Infinity, which are not JSON, say nothing


def open_json_lines(path: Path) -> Table:
    """A table with one JSON object a line; a line that is none becomes a row with a problem."""
    columns = header_of(path, lambda shape: _line_rows(path, shape))
    if not columns:
        raise CatalogueError(f"{path} is empty: give one JSON object a line")
    return Table(path, columns, lambda shape: _line_rows(path, shape), open_ended=True)


def open_json(path: Path) -> Table:
    """A table that is a JSON array of objects, by itself or wrapped in an object."""
    columns = header_of(path, lambda shape: _array_rows(path, shape)) or ("id",)  # nothing in it: an empty table
    return Table(path, columns, lambda shape: _array_rows(path, shape), open_ended=True)


def header_of(path: Path, read: Callable[[Shape], Iterator[Row]]) -> tuple[str, ...]:
    """The columns of the first rows in the order of their coming; CatalogueError where none is any good."""
    keys: dict[str, None] = {}
    problem = ""
    for row in itertools.islice(read(AS_IT_IS), HEADED):
        keys |= dict.fromkeys(row.cells)
        if row.problem and not problem:
            problem = f"line {row.line}: {row.problem}"
    if problem and not keys:
        raise CatalogueError(f"{path} holds no records: {problem}")
    return checked_columns(path, keys)


def _line_rows(path: Path, shape: Shape) -> Iterator[Row]:
    with open_text(path) as text:
        lines = Lines(text)
        while True:
            lines.undecodable = False
            try:
                line = next(lines)
            except StopIteration:
                break
            except LineTooLong as error:
                yield Row(lines.number, {}, str(error))
                continue
            if lines.undecodable:
                yield Row(lines.number, {}, UNDECODABLE)
            elif line.strip():
                yield from _line(lines.number, line, shape)


def _line(number: int, line: str, shape: Shape) -> Iterator[Row]:
    try:
        item = DECODER.decode(line)
    except (ValueError, RecursionError) as error:
        yield Row(number, {}, f"not JSON: {_reason(error)}")
        return
    yield from _record(number, item, shape)


def _record(number: int, item: object, shape: Shape) -> Iterator[Row]:
    if isinstance(item, dict):
        yield from rows_of(number, item, shape)
    else:
        yield Row(number, {}, f"not a JSON object but {type(item).__name__}")


def _array_rows(path: Path, shape: Shape) -> Iterator[Row]:
    with open_text(path) as text:
        try:
            for line, item in _Document(text).items():
                yield from _record(line, item, shape)
        except (ValueError, RecursionError) as error:
            raise CatalogueError(f"{path} is not a JSON array of objects: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


class _Document:
    """JSON that is read from its beginning to its end, with no more of it in memory than one item.

    Raises ValueError where it is broken.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._rest = ""
        self._line = 1

    def items(self) -> Iterator[tuple[int, object]]:
        """Each item of the lists of all documents, with the line that it begins on."""
        while True:
            if self._next() == "[":
                yield from self._list()
            elif self._next() == "{":
                line = self._line
                if not (yield from self._object()):
                    names = ", ".join(WRAPPERS)
                    raise ValueError(f"no list under {names} on line {line}; name it .jsonl if each line is one")
            else:
                raise ValueError(f"line {self._line} begins with {self._rest[:20]!a}")
            if self._ended():
                return

    def _list(self) -> Iterator[tuple[int, object]]:
        self._take()
        while self._next(WHITE_OR_COMMA) != "]":
            line = self._line
            yield line, self._value()
        self._take()

    def _object(self) -> Generator[tuple[int, object], None, bool]:
        """The items of the lists in an object, and whether it has any; what else it says is passed over."""
        found = False
        self._take()
        while self._next(WHITE_OR_COMMA) != "}":
            key = self._value()
            if not isinstance(key, str) or self._next() != ":":
                raise ValueError(f"line {self._line}: an object's key was expected")
            self._take()
            opening = self._next()
            if opening == "[" and key in WRAPPED:
                found = True
                yield from self._list()
            elif opening == "{" and key in WRAPPED:
                found = (yield from self._object()) or found
            else:
                self._value()
        self._take()
        return found

    def _next(self, passed_over: str = WHITE) -> str:
        """The next character that is none of these."""
        if self._ended(passed_over):
            raise ValueError(f"it ends at line {self._line} before the list does")
        return self._rest[0]

    def _ended(self, passed_over: str = WHITE) -> bool:
        while True:
            stripped = self._rest.lstrip(passed_over)
            self._line += self._rest.count("\n", 0, len(self._rest) - len(stripped))
            self._rest = stripped or self._text.read(CHUNK)
            if stripped or not self._rest:
                return not stripped

    def _take(self, size: int = 1) -> None:
        self._line += self._rest.count("\n", 0, size)
        self._rest = self._rest[size:]

    def _value(self) -> object:
        """The value that begins here, with as much more of the text read as it takes."""
        while True:
            more = ""
            try:
                item, used = DECODER.raw_decode(self._rest)
                if used < len(self._rest) or not (more := self._text.read(CHUNK)):  # a number may go on
                    self._take(used)
                    return item
            except json.JSONDecodeError as error:
                too_long = len(self._rest) > LONGEST
                more = "" if too_long else self._text.read(max(CHUNK, len(self._rest)))  # so long items stay cheap
                if not more:
                    reason = f"longer than {LONGEST:,} characters" if too_long else error.msg
                    raise ValueError(f"line {self._line}: {reason}") from error
            self._rest += more
