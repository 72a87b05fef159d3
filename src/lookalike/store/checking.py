"""Whether a table is whole: every file is read, every row decoded, and held against what rows promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from lookalike.store.filtering import any_of
from lookalike.store.mirror import Mirror
from lookalike.store.rows import Header, matrix, row_id, schema, vector_column

_FAULTS = (OSError, RuntimeError, ValueError)  # of Lance and pyarrow
_UNIT = 1e-3  # a vector's length may be so far from one
_ASKED = 16  # rows looked up through each index
_NAMED = 3  # rows named in a line
_MIRRORED = 100_000  # views, up to which a copy in memory is made and compared


@dataclass(slots=True)
class _Rows:
    """What was read of all rows but the vectors."""

    views: dict[str, list[int]] = field(default_factory=dict)  # product id -> numbers
    facts: dict[str, set[str]] = field(default_factory=dict)  # product id -> hashes
    rows: list[str] = field(default_factory=list)


def faults(dataset: Any, header: Header) -> list[str]:
    """What is wrong, a line each; none where all is well."""
    if wrong := list(_of_columns(dataset, header)):
        return wrong
    read = _Rows()
    wrong = [*_of_files(dataset, header, read), *_of_products(read)]
    if not wrong:  # the rest reads the same files again
        wrong = [*_of_mirror(dataset, header, read), *_of_indexes(dataset, header, read)]
    return [*wrong, *_of_snapshots(dataset)]


def damaged(dataset: Any) -> dict[int, str]:
    """Pieces of the table that cannot be read, by their number, and what is wrong with each."""
    return {piece.fragment_id: words for piece in dataset.get_fragments() if (words := _unreadable(piece))}


def _unreadable(piece: Any) -> str:
    try:
        for _ in piece.to_batches():
            pass
    except _FAULTS as error:
        files = ", ".join(file.path for file in piece.data_files())
        return f"{piece.count_rows():,} rows in {files} cannot be read: {_first(error)}"
    return ""


def _first(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def _of_columns(dataset: Any, header: Header) -> Iterator[str]:
    stored = dataset.schema
    for wanted in schema(header):
        if wanted.name not in stored.names:
            yield f"column {wanted.name} is missing"
        elif stored.field(wanted.name).type != wanted.type:
            yield f"column {wanted.name} is {stored.field(wanted.name).type}, not {wanted.type}"


def _of_files(dataset: Any, header: Header, read: _Rows) -> Iterator[str]:
    for piece in dataset.get_fragments():
        try:
            for batch in piece.to_batches(columns=schema(header).names):
                yield from _of_rows(pa.Table.from_batches([batch]), header, read)
        except _FAULTS:
            yield _unreadable(piece) or "a file could not be read, and then it could: check again"


def _of_rows(table: pa.Table, header: Header, read: _Rows) -> Iterator[str]:
    cells = table.select(["row", "id", "number", "facts"]).to_pydict()
    for row, product, number, facts in zip(*cells.values(), strict=True):
        read.views.setdefault(product, []).append(number)
        read.facts.setdefault(product, set()).add(facts)
        if row != row_id(product, number):
            yield f"view {number} of product {product!r} goes by the wrong key {row!r}"
    read.rows += cells["row"]
    for part in header.parts:
        lengths = np.linalg.norm(matrix(table.column(vector_column(part)), header.dims[part]), axis=1)
        odd = np.flatnonzero(~((np.abs(lengths - 1) < _UNIT) | (lengths == 0)))
        if len(odd):
            named = ", ".join(repr(cells["id"][at]) for at in odd[:_NAMED])
            yield f"{len(odd):,} {part} vectors are neither of length 1 nor missing: those of {named}"


def _of_products(read: _Rows) -> Iterator[str]:
    if twice := len(read.rows) - len(set(read.rows)):
        yield f"{twice:,} views are stored more than once"
    gaps = [i for i, numbers in read.views.items() if sorted(set(numbers)) != list(range(len(set(numbers))))]
    if gaps:
        yield f"{len(gaps):,} products lack views among theirs: {', '.join(map(repr, gaps[:_NAMED]))}"
    torn = [i for i, facts in read.facts.items() if len(facts) > 1]
    if torn:
        yield f"{len(torn):,} products differ from view to view: {', '.join(map(repr, torn[:_NAMED]))}"


def _of_mirror(dataset: Any, header: Header, read: _Rows) -> Iterator[str]:
    """The copy in memory holds what the table holds."""
    if len(read.rows) > _MIRRORED:
        return
    copy = Mirror(dataset, header, name="the table").rows.known(list(read.views))
    differ = [i for i, views in copy.items() if {v.facts for v in views} != read.facts[i]]
    differ += [i for i, numbers in read.views.items() if len(copy.get(i, ())) != len(numbers)]
    if differ:
        yield f"{len(differ):,} products are not in memory what they are on disk: {', '.join(differ[:_NAMED])}"


def _of_indexes(dataset: Any, header: Header, read: _Rows) -> Iterator[str]:
    """Every index can be read, and finds what it should."""
    ids = list(read.views)[:: max(1, len(read.views) // _ASKED)]
    for index in dataset.describe_indices():
        column = index.field_names[0]
        try:
            if index.num_rows_indexed > len(read.rows):
                yield f"the index of {column} holds {index.num_rows_indexed:,} rows, the table {len(read.rows):,}"
            if column in map(vector_column, header.parts):
                lost = _not_found_by_vector(dataset, column, ids)
            else:
                lost = _not_found_by_key(dataset, column, ids)
        except _FAULTS as error:
            yield f"the index of {column} cannot be read: {_first(error)}; `lookalike repair` makes it anew"
            continue
        if lost:
            named = ", ".join(lost[:_NAMED])
            yield f"the index of {column} does not find {named}; `lookalike repair` makes it anew"


def _not_found_by_key(dataset: Any, column: str, ids: list[str]) -> list[str]:
    there = dataset.scanner(columns=[column], filter=any_of("id", ids), use_scalar_index=False).to_table()
    keys = [key for key in dict.fromkeys(there.column(column).to_pylist()) if key]
    found = [
        dataset.scanner(columns=[column], filter=any_of(column, keys), use_scalar_index=use).to_table()
        for use in (True, False)
    ]
    by_index, by_scan = (table.column(column).to_pylist() for table in found)
    return [key for key in keys if by_index.count(key) != by_scan.count(key)]


def _not_found_by_vector(dataset: Any, column: str, ids: list[str]) -> list[str]:
    """Products whose own vector does not lead to one that scores as well."""
    lost = []
    rows = dataset.scanner(columns=["id", column], filter=any_of("id", ids), use_scalar_index=False).to_table()
    for product, cells in zip(*rows.to_pydict().values(), strict=True):
        asked = np.asarray(cells, np.float32)
        near = {"column": column, "q": asked, "k": _ASKED, "minimum_nprobes": 40, "refine_factor": 8}
        found = matrix(dataset.to_table(columns=[column], nearest=near).column(column), len(asked))
        if asked.any() and (found @ asked).max(initial=-1) < 1 - _UNIT:
            lost.append(repr(product))
    return lost


def _of_snapshots(dataset: Any) -> Iterator[str]:
    for name in dataset.tags.list():
        try:
            wrong = damaged(dataset.checkout_version(name))
        except _FAULTS as error:
            wrong = {0: _first(error)}
        if wrong:
            yield f"the snapshot {name!r} is not whole: {next(iter(wrong.values()))}"
