"""Outlines: smooth lines and closed shapes in centimetres, y pointing down. It knows nothing of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]  # (n, 2), centimetres
Dot: TypeAlias = tuple[float, float]


def spline(*dots: Dot, steps: int = 10) -> Points:
    """A smooth line through every dot (Hermite, with tangents by chord length)."""
    given = np.asarray(dots, dtype=np.float64)  # (n, 2)
    if len(given) < 3:
        return given
    gaps = np.maximum(np.sqrt(np.hypot(*np.diff(given, axis=0).T)), 1e-6)
    at = np.concatenate([[0.0], np.cumsum(gaps)])
    tangents = np.gradient(given, at, axis=0)
    tangents[0], tangents[-1] = (given[1] - given[0]) / gaps[0], (given[-1] - given[-2]) / gaps[-1]
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for i, gap in enumerate(gaps):
        a, b, m, n = given[i], given[i + 1], tangents[i] * gap, tangents[i + 1] * gap
        pieces.append(
            (2 * t**3 - 3 * t**2 + 1) * a
            + (t**3 - 2 * t**2 + t) * m
            + (3 * t**2 - 2 * t**3) * b
            + (t**3 - t**2) * n
        )
    return np.concatenate([*pieces, given[-1:]])


def joined(*runs: Points | Sequence[Dot]) -> Points:
    """Lines one after the other; where two meet is a corner."""
    return np.concatenate([np.asarray(run, dtype=np.float64) for run in runs])


def mirrored(line: Points) -> Points:
    """The line on the other side of the body, walked in the other direction."""
    return line[::-1] * (-1.0, 1.0)


def both(right: Points) -> Points:
    """A closed shape from its right half, walked from the top middle to the bottom middle."""
    return joined(right, mirrored(right))


def tube(axis: Points, widths: Sequence[float]) -> Points:
    """The closed shape around a line, with half-widths spread evenly along it: a sleeve, a strap, a strand."""
    half = np.interp(np.linspace(0, 1, len(axis)), np.linspace(0, 1, len(widths)), widths)[:, None]
    along = np.gradient(axis, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return joined(axis + across * half, (axis - across * half)[::-1])


def ellipse(x: float, y: float, rx: float, ry: float) -> Points:
    """An ellipse around (x, y)."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], axis=1)


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Points:
    """A rectangle with round corners."""
    quarter = np.linspace(0, np.pi / 2, 8)
    corners = ((right, top, -1), (right, bottom, 0), (left, bottom, 1), (left, top, 2))
    runs = []
    for x, y, turns in corners:
        cx = x - radius if x == right else x + radius
        cy = y - radius if y == bottom else y + radius
        angle = quarter + turns * np.pi / 2
        runs.append(np.stack([cx + radius * np.cos(angle), cy + radius * np.sin(angle)], axis=1))
    return joined(*runs)


def part(line: Points, start: float, stop: float, *, dots: int = 40) -> Points:
    """The stretch of a line between two fractions of its length, in evenly spaced dots."""
    gone = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    want = np.linspace(start, stop, dots) * gone[-1]
    return np.stack([np.interp(want, gone, line[:, 0]), np.interp(want, gone, line[:, 1])], axis=1)


def moved(line: Points, *, shift: Dot = (0.0, 0.0), scale: Dot = (1.0, 1.0), turn: float = 0.0) -> Points:
    """The line scaled and turned (radians) about the origin, then shifted."""
    c, s = np.cos(turn), np.sin(turn)
    scaled = line * scale
    return np.stack([scaled[:, 0] * c - scaled[:, 1] * s, scaled[:, 0] * s + scaled[:, 1] * c], axis=1) + shift


def bounds(lines: Sequence[Points]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all lines together."""
    every = np.concatenate(list(lines))
    (left, top), (right, bottom) = every.min(axis=0), every.max(axis=0)
    return float(left), float(top), float(right), float(bottom)
