"""Tables as JSON: one object a line, or one array of objects, of which only one at a time is in memory."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from lookalike.catalogue.tables import Row, Table, checked_columns, flatten
from lookalike.catalogue.text_files import LONGEST, UNDECODABLE, Lines, LineTooLong, open_text
from lookalike.errors import CatalogueError

HEADED = 1_000  # objects whose keys are taken for the header; a key that first comes later is an attribute
CHUNK = 65_536  # characters


DECODER = json.JSONDecoder(parse_constant=lambda _: None)  # NaN and Infinity, which are not JSON, say nothing


def open_json_lines(path: Path) -> Table:
    """A table with one JSON object a line; a line that is none becomes a row with a problem."""
    columns = _columns(path, _line_rows(path))
    if not columns:
        raise CatalogueError(f"{path} is empty: give one JSON object a line")
    return Table(path, columns, lambda _: _line_rows(path))


def open_json(path: Path) -> Table:
    """A table that is one JSON array of objects."""
    columns = _columns(path, _array_rows(path)) or ("id",)  # an array with nothing in it is an empty table
    return Table(path, columns, lambda _: _array_rows(path))


def _columns(path: Path, rows: Iterator[Row]) -> tuple[str, ...]:
    """The keys of the first objects in the order of their coming."""
    keys: dict[str, None] = {}
    problem = ""
    for row in itertools.islice(rows, HEADED):
        keys |= dict.fromkeys(row.cells)
        if row.problem and not problem:
            problem = f"line {row.line}: {row.problem}"
    if problem and not keys:
        raise CatalogueError(f"{path} holds no JSON objects: {problem}")
    return checked_columns(path, keys)


def _line_rows(path: Path) -> Iterator[Row]:
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
            if line.strip():
                yield Row(lines.number, {}, UNDECODABLE) if lines.undecodable else _row(lines.number, line)


def _row(number: int, line: str) -> Row:
    try:
        return _record(number, DECODER.decode(line))
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"not JSON: {error}")


def _record(number: int, item: object) -> Row:
    if not isinstance(item, dict):
        return Row(number, {}, f"not a JSON object but {type(item).__name__}")
    try:
        return Row(number, flatten(item))
    except (ValueError, RecursionError) as error:
        return Row(number, {}, str(error))


def _array_rows(path: Path) -> Iterator[Row]:
    with open_text(path) as text:
        try:
            for line, item in _items(text):
                yield _record(line, item)
        except (ValueError, RecursionError) as error:
            raise CatalogueError(f"{path} is not a JSON array of objects: {error}") from error


def _items(text: TextIO) -> Iterator[tuple[int, object]]:
    """Each item of a JSON array with the line it begins on; ValueError where the array is broken."""
    rest, line = _skip(text, "", 1, " \t\r\n")
    if not rest.startswith("["):
        raise ValueError(f"it begins with {rest[:20]!r}")
    rest, line = _skip(text, rest[1:], line, " \t\r\n")
    while not rest.startswith("]"):
        item, used, rest = _decode(text, rest, line)
        yield line, item
        line += rest.count("\n", 0, used)
        rest, line = _skip(text, rest[used:], line, " \t\r\n,")


def _skip(text: TextIO, rest: str, line: int, characters: str) -> tuple[str, int]:
    """The text from the first other character on, and the line that it is on."""
    while True:
        stripped = rest.lstrip(characters)
        line += rest.count("\n", 0, len(rest) - len(stripped))
        if stripped:
            return stripped, line
        if not (rest := text.read(CHUNK)):
            raise ValueError(f"it ends at line {line} before the array does")


def _decode(text: TextIO, rest: str, line: int) -> tuple[object, int, str]:
    """The first item of the text, how long it is, and the text with what had to be read to get it whole."""
    while True:
        try:
            item, used = DECODER.raw_decode(rest)
            return item, used, rest
        except json.JSONDecodeError as error:
            more = text.read(max(CHUNK, len(rest)))  # twice as much each time, so that long items stay cheap
            if not more or len(rest) > LONGEST:
                raise ValueError(f"line {line}: {error.msg}") from error
            rest += more
