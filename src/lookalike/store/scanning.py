"""An exact scan at a quarter of the memory traffic: eight bits first, then all of them where it matters.

A scan of float32 vectors is as slow as memory is. So each part is also kept in int8, each row on a scale of its
own, with the length of what rounding took away. A first pass over the int8 rows (SIMD, from SimSIMD) gives
every score up to a known error b: |q.x - q'.x'| <= |q| |x - x'| + |q - q'| |x'|, by Cauchy and Schwarz. The k-th
best true score is no lower than the k-th best rounded one minus b, so whatever belongs to the best k has a
rounded score within 2 b of that; those few rows are scored exactly. Nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import simsimd

from lookalike.types import Vector, Vectors

Scores = npt.NDArray[np.float32]
_THREADED_FROM = 64 * 1024 * 1024  # bytes of int8 rows from which a second thread pays for being started
_TILE = 16  # rows
_AT_ONCE = 256  # rows that are rounded together, few enough to stay near the processor
_OF_SUMS = 1e-4  # more than the order of adding up changes a float32 score, twice
_SPARE = 1.3  # growth of the arrays: most appends then copy nothing


class Rounded:
    """Rows in int8: `row ~ codes * scale`."""

    def __init__(self, dim: int) -> None:
        self._codes = np.empty((0, dim), np.int8)
        self._scales = np.empty(0, np.float32)
        self.error = 0.0  # the longest of what rounding took from any row
        self.length = 0.0  # the longest rounded row

    def write(self, start: int, rows: Vectors) -> None:
        """Put rows behind the first `start` ones."""
        codes, scales = np.empty(rows.shape, np.int8), np.empty(len(rows), np.float32)
        for at in range(0, len(rows), _AT_ONCE):
            some = rows[at : at + _AT_ONCE]
            codes[at : at + _AT_ONCE], scales[at : at + _AT_ONCE] = near, scale = _rounded(some)
            back = near * scale[:, None]
            self.error = max(self.error, float(np.linalg.norm(some - back, axis=1).max()))
            self.length = max(self.length, float(np.linalg.norm(back, axis=1).max()))
        self._codes = extended(self._codes, start, codes)
        self._scales = extended(self._scales, start, scales)

    def scores(self, query: Vector, count: int) -> tuple[Scores, float]:
        """Rounded dot products with the first `count` rows, and the most that one can be wrong.  # (count,)"""
        codes, scales = _rounded(query[None, :])
        rows = self._codes[:count]
        threads = 2 if rows.nbytes > _THREADED_FROM else 1
        products = np.asarray(simsimd.cdist(codes, rows, "dot", out_dtype="float32", threads=threads))[0]
        found = products * (scales[0] * self._scales[:count])
        lost = float(np.linalg.norm(query - codes[0] * scales[0]))
        return found, float(np.linalg.norm(query)) * self.error + lost * self.length


def shortlist(
    query: Mapping[str, Vector], rounded: Mapping[str, Rounded], allowed: npt.NDArray[np.bool_], *, k: int
) -> npt.NDArray[np.int64]:
    """Places of rows, few but for sure with the best k among those allowed.

    query: the active parts, weights multiplied in.
    """
    total = np.zeros(len(allowed), np.float32)
    error = 1e-5  # of float32 sums
    for part, vector in query.items():
        found, wrong = rounded[part].scores(vector, len(allowed))
        total += found
        error += wrong
    total[~allowed] = -np.inf
    kth = _kth_at_most(total, k)
    return np.flatnonzero(total >= kth - 2 * error) if np.isfinite(kth) else np.flatnonzero(allowed)


def shortlists(
    totals: Scores, allowed: Sequence[npt.NDArray[np.bool_]], *, k: int
) -> Iterator[npt.NDArray[np.int64]]:
    """For each query, places of rows, few but for sure with the best k among those allowed to it.

    totals: float32 scores, a line a query.  # (queries, rows)
    allowed: a mask of the rows for each query.
    """
    for line, passing in zip(totals, allowed, strict=True):
        left = np.count_nonzero(passing)
        if left <= k:
            yield np.flatnonzero(passing)
            continue
        if left < len(line):
            line[~passing] = -np.inf
        kth = _kth_at_most(line, k)
        yield np.flatnonzero(line >= kth - _OF_SUMS if np.isfinite(kth) else passing)


def _kth_at_most(line: Scores, k: int) -> np.float32:
    """The k-th best of a line of scores, or somewhat less.

    Rows are taken in tiles, and each tile is stood for by its best row: the k-th best of those is no better than
    the k-th best of all, and is found in a tenth of the time.
    """
    tiles = len(line) // _TILE
    best = line[: tiles * _TILE].reshape(_TILE, tiles).max(axis=0) if tiles > 2 * k else line
    kth: np.float32 = np.partition(best, len(best) - k)[len(best) - k]
    return kth


def extended(array: npt.NDArray[Any], used: int, more: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`more` behind the used rows, in spare room where there is some; `more` itself where none are used."""
    if not used and more.flags.owndata:
        return more
    needed = used + len(more)
    if needed > len(array):
        grown = np.empty((max(needed, int(used * _SPARE)), *array.shape[1:]), array.dtype)
        grown[:used] = array[:used]
        array = grown
    array[used:needed] = more
    return array


def _rounded(rows: Vectors) -> tuple[npt.NDArray[np.int8], Scores]:
    top = np.abs(rows).max(axis=1, initial=0)
    scales = (np.where(top > 0, top, 1) / 127).astype(np.float32)
    return np.rint(rows / scales[:, None]).astype(np.int8), scales
