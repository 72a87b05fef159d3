"""Tables as text: CSV, TSV and their kin, whatever the separator."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from lookalike.catalogue.tables import Row, Table, checked_columns
from lookalike.catalogue.text_files import LONGEST, SAMPLE, UNDECODABLE, Lines, LineTooLong, open_text
from lookalike.errors import CatalogueError

SEPARATORS = ",;\t|"
SUSPICIOUS_ROW = 100  # lines; a row that is longer, and too short of columns, probably lacks a closing quote


def open_delimited(path: Path) -> Table:
    """A table whose separator is the one that splits the header into most columns."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))  # the csv module keeps it for the whole process
    with open_text(path) as text:
        sample = text.read(SAMPLE)
    headers = {separator: _header(sample, separator) for separator in SEPARATORS}
    separator = max(headers, key=lambda s: len(headers[s]))  # the first among equals
    if not headers[separator]:
        raise CatalogueError(f"{path} is empty: give a table whose first line names the columns")
    columns = checked_columns(path, headers[separator])
    return Table(path, columns, lambda shape: _rows(path, columns, separator, shape.spill))


def _header(sample: str, separator: str) -> list[str]:
    for fields in csv.reader(io.StringIO(sample, newline=""), delimiter=separator):
        if not _is_blank(fields):
            return [" ".join(field.split()) for field in fields]
    return []


def _rows(path: Path, columns: Sequence[str], separator: str, spill: str) -> Iterator[Row]:
    with open_text(path) as text:
        lines = Lines(text)
        parser = csv.reader(lines, delimiter=separator)
        headed = False
        while True:
            line, lines.undecodable = lines.number + 1, False
            try:
                fields = next(parser)
            except StopIteration:
                return
            except (csv.Error, LineTooLong) as error:
                yield Row(line, {}, str(error))
                continue
            if _is_blank(fields):
                continue
            if headed:
                yield _row(line, fields, columns, lines, spill=spill, separator=separator)
            headed = True


def _row(line: int, fields: list[str], columns: Sequence[str], lines: Lines, *, spill: str, separator: str) -> Row:
    if lines.undecodable:
        return Row(line, {}, UNDECODABLE)
    if len(fields) != len(columns):
        fields = _refitted(fields, columns, spill, separator)
        if len(fields) != len(columns):
            return Row(line, {}, _misfit(len(fields), len(columns), lines.number - line))
    pairs = zip(columns, fields, strict=True)
    return Row(line, {column: field for column, field in pairs if field and column})


def _refitted(fields: list[str], columns: Sequence[str], spill: str, separator: str) -> list[str]:
    """A row with too many cells, made to fit: empty ones at the end go, or the surplus joins the last column."""
    size = len(columns)
    if len(fields) > size and not any(fields[size:]):
        return fields[:size]
    if len(fields) > size and spill == columns[-1]:
        return [*fields[: size - 1], separator.join(fields[size - 1 :])]
    return fields


def _misfit(cells: int, columns: int, lines: int) -> str:
    if cells > columns:
        return f"has {cells} cells for {columns} columns: quote the cell that contains the separator"
    hint = f"; it runs over {lines:,} lines: is a quote left open?" if lines > SUSPICIOUS_ROW else ""
    return f"has {cells} of {columns} columns{hint}"


def _is_blank(fields: list[str]) -> bool:
    return not fields or (len(fields) == 1 and not fields[0].strip())
