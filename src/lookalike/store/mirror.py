"""A table held in memory that catches up with its versions: only rows that have changed are read again.

Lance keeps with each row an id that stays and the version that last touched it; both are read in a millisecond.
A row is read again when its pair is one that the mirror does not have. Where a row shows a version older than
what was mirrored, a snapshot was restored, and everything is read anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.store.memory import MemoryStore
from lookalike.store.rows import Header
from lookalike.store.table import BATCH_ROWS

_TOUCHED = "_row_last_updated_at_version"
Numbers = npt.NDArray[np.int64]


class Mirror:
    """The rows of one version of a table, and where each of them lies in memory."""

    def __init__(self, dataset: Any, header: Header, *, name: str) -> None:
        table = _read(dataset)
        self.header = header
        self.version = int(dataset.version)
        self.rows = MemoryStore(header, name=name)
        self.rows.append(table)
        self._ids, self._touched = _numbers(table, "_rowid"), _numbers(table, _TOUCHED)
        self._alive = np.ones(len(self._ids), np.bool_)

    def catch_up(self, dataset: Any) -> bool:
        """Take over what has changed; False where the mirror is better made anew."""
        now = dataset.scanner(columns=[_TOUCHED], with_row_id=True).to_table()
        ids, touched = _numbers(now, "_rowid"), _numbers(now, _TOUCHED)
        place = np.full(
            max(self._ids.max(initial=-1), ids.max(initial=-1)) + 1, -1, np.int64
        )  # row id -> position
        place[self._ids[self._alive]] = np.flatnonzero(self._alive)
        known = place[ids] >= 0
        same = known & (self._touched[place[ids]] == touched) if len(self._ids) else known
        if (touched[~same] <= self.version).any() or self._buried_most(len(ids)):
            return False
        if same.all() and len(ids) == np.count_nonzero(self._alive):
            self.version = int(dataset.version)
            return True
        stays = np.zeros(len(self._ids), np.bool_)
        stays[place[ids[same]]] = True
        gone = np.flatnonzero(self._alive & ~stays)
        fresh = _read(dataset, f"{_TOUCHED} > {self.version}")
        self.rows.exchange(gone.tolist(), fresh)
        self._alive[gone] = False
        self._ids = np.concatenate([self._ids, _numbers(fresh, "_rowid")])
        self._touched = np.concatenate([self._touched, _numbers(fresh, _TOUCHED)])
        self._alive = np.concatenate([self._alive, np.ones(fresh.num_rows, np.bool_)])
        self.version = int(dataset.version)
        return True

    def _buried_most(self, rows: int) -> bool:
        return len(self._ids) > 2 * rows + 1024


def _read(dataset: Any, condition: str | None = None) -> Any:
    """Whole rows, each with its id and the version that last touched it."""
    columns = [*dataset.schema.names, _TOUCHED]
    return dataset.scanner(columns=columns, filter=condition, with_row_id=True, batch_size=BATCH_ROWS).to_table()


def _numbers(table: Any, column: str) -> Numbers:
    numbers: Numbers = table.column(column).to_numpy().astype(np.int64)
    return numbers
