"""Points on squared paper: each in a square of its own, so that no thumbnail hides another."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Cells: TypeAlias = npt.NDArray[np.int64]  # (n, 2): column and row
    Floats: TypeAlias = npt.NDArray[np.float32]


def snapped(points: Floats, side: int, *, reach: int | None = None) -> Cells:
    """A square for each point: its own for the one nearest to the middle, the nearest free one for others.

    points: (n, 2), 0..1. side: squares in a row. reach: how many squares away a point may move; None is any.
    (-1, -1) where no square is free within reach.

    >>> snapped(np.array([[0.1, 0.1], [0.2, 0.2], [0.9, 0.9]]), 2).tolist()
    [[1, 0], [0, 0], [1, 1]]
    """
    scaled = np.clip(points.astype(np.float64) * side, 0, side - 1e-6)
    homes = scaled.astype(np.int64)
    off_centre = np.square(scaled - homes - 0.5).sum(axis=1)
    cells = np.full((len(points), 2), -1, np.int64)
    free = np.ones(side * side, np.bool_)
    waiting = np.argsort(off_centre, kind="stable")
    for step in _steps(side - 1 if reach is None else reach):
        if not len(waiting) or not free.any():
            break
        wanted = homes[waiting] + step
        numbers = wanted[:, 1] * side + wanted[:, 0]
        possible = ((wanted >= 0) & (wanted < side)).all(axis=1)
        possible[possible] = free[numbers[possible]]
        at = np.flatnonzero(possible)
        taken, first = np.unique(numbers[at], return_index=True)
        placed = at[first]
        cells[waiting[placed]] = wanted[placed]
        free[taken] = False
        waiting = np.delete(waiting, placed)
    return cells


def levels(cells: Cells, side: int) -> npt.NDArray[np.int64]:
    """How far out each point is still shown, when ever larger squares show one point each.  # (n,)

    On level l, squares are joined 2^l by 2^l, and of the points of level l - 1 in each the one nearest to the
    middle goes on. Level 0 shows every point.

    >>> levels(np.array([[0, 0], [1, 1], [3, 3]]), 4).tolist()
    [2, 0, 1]
    """
    found = np.zeros(len(cells), np.int64)
    shown = np.arange(len(cells))
    for level in range(1, max(1, int(np.ceil(np.log2(max(2, side))))) + 1):
        width = 2**level
        blocks = cells[shown] // width
        off_centre = np.square(cells[shown] + 0.5 - (blocks + 0.5) * width).sum(axis=1)
        order = np.argsort(off_centre, kind="stable")
        _, first = np.unique((blocks[:, 1] * side + blocks[:, 0])[order], return_index=True)
        shown = shown[order[first]]
        found[shown] = level
    return found


def _steps(reach: int) -> Cells:
    """Steps to the squares around, the nearest first."""
    across, down = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    steps = np.stack([across.ravel(), down.ravel()], axis=1)
    return steps[np.argsort(np.square(steps).sum(axis=1), kind="stable")]
