"""What keeps a table of many small changes quick and its files few, by itself, in the turn of the writer.

A patch or a put writes a few small files. Every sixteen commits the small pieces are merged, the indexes take
the new rows in, and versions that nobody can still be reading are deleted. What has a name (`snapshots`) stays.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike.store.rows import vector_column

_COMMITS_BETWEEN = 16
_KEPT_VERSIONS = 12  # a reader in the middle of a scan may still need its files; one that loses them starts again
_KEPT_FOR = datetime.timedelta(minutes=5)  # where no lock says who is writing
_PIECE = 2_048  # rows, at the least: a changed price rewrites the columns of one piece
_PIECES = 32  # of a large table
_KEYED_FROM = 4_096  # rows from which looking up a key by an index is sooner than by reading the column
_TRAINED_FROM = 256  # rows
_KEYS = ("id", "key", "row")
_UNSEEN = 16  # rows outside the vector indexes; a hundred make a search half as long again


def is_due(before: int, now: int) -> bool:
    """Whether the commits between two versions have earned some upkeep."""
    return now // _COMMITS_BETWEEN > before // _COMMITS_BETWEEN


def tidy(dataset: Any, *, alone: bool) -> None:
    """Merge small pieces, bring the indexes up to date, delete old versions.

    alone: whether no other writer can be at work, so that what is in no version was left by one that died.
    """
    try:
        rows = dataset.count_rows()
        dataset.optimize.compact_files(target_rows_per_fragment=max(_PIECE, rows // _PIECES))
        _look_up_by_keys(dataset, rows)
        _take_in(dataset, rows)
    finally:  # a full disk needs it most
        kept: dict[str, Any] = {"retain_versions": _KEPT_VERSIONS} if alone else {"older_than": _KEPT_FOR}
        dataset.cleanup_old_versions(**kept, delete_unverified=alone, error_if_tagged_old_versions=False)


def index_vectors(dataset: Any, dims: Mapping[str, int], *, anew: bool) -> None:
    """An index for each part, from what is stored.

    dims: part -> dimensions. anew: also where there is one that was trained on most of the rows.
    """
    rows = dataset.count_rows()
    trained = {} if anew else {one.field_names[0]: one.num_rows_indexed for one in dataset.describe_indices()}
    for part, dim in dims.items():
        if rows >= _TRAINED_FROM and trained.get(vector_column(part), 0) < rows / 2:
            dataset.create_index(
                vector_column(part),
                "IVF_RQ" if dim % 8 == 0 else "IVF_FLAT",  # RQ packs eight to a byte
                metric="dot",  # with L2 a row of zeros, a missing part, lies nearer than most that are there
                num_partitions=max(1, min(4096, int(np.sqrt(rows)))),
                replace=True,
            )


def index_keys(dataset: Any) -> None:
    """An index for each column that rows are looked up by, anew."""
    for column in _KEYS:
        dataset.create_scalar_index(column, "BTREE", replace=True)


def drop_indexes(dataset: Any) -> None:
    for index in dataset.describe_indices():
        dataset.drop_index(index.name)


def unseen(dataset: Any) -> dict[str, int]:
    """Rows that each index has not taken in, by its column. Answers have them all the same: they are scanned."""
    rows = dataset.count_rows()
    return {one.field_names[0]: rows - one.num_rows_indexed for one in dataset.describe_indices()}


def _look_up_by_keys(dataset: Any, rows: int) -> None:
    there = {one.field_names[0] for one in dataset.describe_indices()}
    if rows >= _KEYED_FROM and not there.issuperset(_KEYS):
        index_keys(dataset)


def _take_in(dataset: Any, rows: int) -> None:
    """New rows into the indexes: one of vectors keeps what it was trained on, and a segment of what came later."""
    for index in dataset.describe_indices():
        missing = rows - index.num_rows_indexed
        if index.field_names[0] in _KEYS:
            if missing:
                dataset.optimize.optimize_indices(index_names=[index.name])
        elif missing > _UNSEEN:
            later = len(index.segments) - 1
            dataset.optimize.optimize_indices(index_names=[index.name], num_indices_to_merge=later)
