"""The rows nearest to a row, found once: whoever asks for what is like a product of the shop asks it again.

A list is complete up to a score: no row that was there when it was made, and is not on it, is above that. Rows
that came later are compared with each time, and rows that have gone are passed over; so an answer read off a list
is exact, or none.

Lists can be kept in a file, for the next process. A row is known there by a mark of what it is and what it looks
like, for its place may be another one then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from lookalike.store.scanning import extended
from lookalike.types import Vectors

KEPT = 96  # rows on a list: more than the usual answer looks at
_FRESH, _FRESH_SHARE = 256, 1 / 16  # rows that came later, at most: then the list is made anew
_FORMAT = "1"
_AT_ONCE = 4096  # rows whose marks are computed together
Places = npt.NDArray[np.int64]
Marks = npt.NDArray[np.uint64]  # (rows,)
GONE = np.uint64(0)  # the mark of a row that has been taken out


@dataclass(frozen=True, slots=True)
class Near:
    """What is known of the rows nearest to one."""

    places: Places  # the nearest, in order of place
    beyond: float  # no other of the first `rows` rows has a higher score
    rows: int

    def candidates(self, rows: int) -> Places:
        """Where the best of so many rows can be, in order of place."""
        return np.concatenate([self.places, np.arange(self.rows, rows)])


class Neighbours:
    """Lists of rows, by the place of the row that they are near to. For one thread at a time."""

    def __init__(self) -> None:
        self._places = np.empty((0, KEPT), np.int32)  # unused ones are -1
        self._beyond = np.empty(0, np.float32)
        self._rows = np.empty(0, np.int32)  # 0 where nothing is known

    @property
    def known(self) -> bool:
        """Whether there is any list."""
        return bool(self._rows.any())

    def near(self, place: int, rows: int) -> Near | None:
        """What is known, if it is still worth reading. rows: how many there are now."""
        if place >= len(self._rows) or not (then := int(self._rows[place])):
            return None
        if rows - then > max(_FRESH, then * _FRESH_SHARE):
            return None
        found = self._places[place]
        return Near(found[found >= 0].astype(np.int64), float(self._beyond[place]), then)

    def keep(self, place: int, places: Places, beyond: float, rows: int) -> None:
        """places: of the nearest rows, at most `KEPT`. beyond, rows: as in `Near`."""
        self._make_room(rows)
        self._places[place] = -1
        self._places[place, : len(places)] = np.sort(places)
        self._beyond[place], self._rows[place] = beyond, rows

    def to_bytes(self, marks: Marks, weights: Mapping[str, float]) -> bytes:
        """The lists as safetensors. marks: of all rows. weights: of the parts, that the scores were made with."""
        count = min(len(marks), len(self._rows))
        lists = {"places": self._places[:count], "beyond": self._beyond[:count], "rows": self._rows[:count]}
        content: bytes = save({"marks": marks, **lists}, metadata=_facts(weights))
        return content

    def read(self, path: Path, marks: Marks, weights: Mapping[str, float]) -> bool:
        """Take over the lists of a file that still hold; False where it is none, or of other weights.

        marks: of the rows as they are now. Lists that have been made since are left as they are.
        """
        try:
            with safe_open(str(path), framework="numpy") as file:
                if file.metadata() != _facts(weights):
                    return False
                then, places, beyond, rows = (
                    file.get_tensor(name) for name in ("marks", "places", "beyond", "rows")
                )
        except (SafetensorError, OSError):
            return False
        if places.shape != (len(rows), KEPT) or not len(beyond) == len(rows) <= len(then) >= rows.max(initial=0):
            return False
        if not len(then):
            return True
        place, reach = _moved(then, marks)
        now, whole = place[: len(rows)], reach[rows]
        self._make_room(len(marks))
        holds = (rows > 0) & (now >= 0) & (now < whole) & (self._rows[now] == 0)
        near = np.where(places[holds] >= 0, place[places[holds]], -1)
        near[near >= whole[holds, None]] = -1
        self._places[now[holds]] = np.sort(near, axis=1)
        self._beyond[now[holds]], self._rows[now[holds]] = beyond[holds], whole[holds]
        return True

    def _make_room(self, rows: int) -> None:
        if (missing := rows - len(self._rows)) > 0:
            used = len(self._rows)
            self._places = extended(self._places, used, np.full((missing, KEPT), -1, np.int32))
            self._beyond = extended(self._beyond, used, np.zeros(missing, np.float32))
            self._rows = extended(self._rows, used, np.zeros(missing, np.int32))
            self._rows[used:] = 0  # the spare room as well


def marks_of(names: Sequence[str], blocks: Mapping[str, Vectors]) -> Marks:
    """A number for each row that changes with its name or any of its vectors. names: as many as rows."""
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    marks = np.frombuffer(digests, np.uint64).copy()  # 0, of one name in 10^19, would pass for a row that has gone
    for part, block in sorted(blocks.items()):
        random = np.random.default_rng(list(part.encode()))
        odd = random.integers(0, 2**63, block.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        for start in range(0, len(names), _AT_ONCE):
            bits = np.ascontiguousarray(block[start : start + _AT_ONCE], np.float32).view(np.uint32)
            marks[start : start + _AT_ONCE] += bits.astype(np.uint64) @ odd
    return marks


def _moved(then: Marks, now: Marks) -> tuple[Places, Places]:
    """For each place then the place now, or -1; and for each count of rows then, how many of the first rows now
    were among those.  # (then,), (then + 1,)
    """
    order = np.argsort(then, kind="stable")
    nearest = np.minimum(np.searchsorted(then, now, sorter=order), len(then) - 1)
    before = np.where(then[order[nearest]] == now, order[nearest], len(then))
    before[now == GONE] = -1  # where a row was, nothing can be near
    place = np.full(len(then), -1, np.int64)
    there = (before >= 0) & (before < len(then))
    place[before[there]] = np.flatnonzero(there)
    return place, np.searchsorted(np.maximum.accumulate(before), np.arange(len(then) + 1))


def _facts(weights: Mapping[str, float]) -> dict[str, str]:
    return {"format": _FORMAT, "weights": json.dumps(dict(sorted(weights.items())))}
