"""How sure a mean is, and whether two differ: resampling over clusters of queries, never over single rows.

Queries of one cluster (views of one style, pictures of one sender) say much the same, so they are drawn together.
With one query a cluster this is the plain bootstrap (Efron, 1979) and the plain paired randomisation test, which
Smucker, Allan & Carterette ("A comparison of statistical significance tests for information retrieval
evaluation", CIKM 2007) recommend.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lookalike.evaluate.metrics import Scores

RESAMPLES = 1_000
FLIPS = 10_000
_TOGETHER = 2_000_000  # random numbers drawn at once

Draws = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more one mean is than another, with its 95 % confidence interval.

    p: how often a difference as large would appear if the two were alike.
    """

    value: float
    low: float
    high: float
    p: float


def numbered(clusters: Sequence[Hashable]) -> Draws:
    """The same number, from 0, for the same cluster.  # (n,)"""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in clusters], np.int64)


def figure(scores: Scores, clusters: Draws, *, seed: int, resamples: int = RESAMPLES) -> Figure:
    """The mean of the scores, and its interval by the bootstrap over clusters."""
    low, high = _interval(scores, clusters, seed, resamples)
    return Figure(float(scores.mean()), low, high)


def difference(
    scores: Scores,
    others: Scores,
    clusters: Draws,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    flips: int = FLIPS,
) -> Difference:
    """How much better `scores` are than `others`, query by query: the same queries in the same order."""
    better = scores - others
    low, high = _interval(better, clusters, seed, resamples)
    return Difference(float(better.mean()), low, high, _chance(better, clusters, seed, flips))


def _interval(scores: Scores, clusters: Draws, seed: int, resamples: int) -> tuple[float, float]:
    sums, sizes = np.bincount(clusters, weights=scores), np.bincount(clusters)
    means = [
        sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
        for random, rows in _blocks(seed, resamples, len(sums))
        for drawn in [random.integers(0, len(sums), (rows, len(sums)))]
    ]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return float(low), float(high)


def _chance(better: Scores, clusters: Draws, seed: int, flips: int) -> float:
    """The share of random signs, one for each cluster, that give a total as far from 0."""
    sums = np.bincount(clusters, weights=better)
    seen = abs(sums.sum()) * (1 - 1e-12)  # what differs by rounding alone is as far
    as_far = sum(
        int((np.abs(random.choice([-1.0, 1.0], (rows, len(sums))) @ sums) >= seen).sum())
        for random, rows in _blocks(seed, flips, len(sums))
    )
    return (1 + as_far) / (1 + flips)


def _blocks(seed: int, rows: int, columns: int) -> Iterator[tuple[np.random.Generator, int]]:
    """One generator, and how many rows to draw at a time, so that memory stays flat."""
    random, step = np.random.default_rng(seed), max(1, _TOGETHER // columns)
    return ((random, min(step, rows - at)) for at in range(0, rows, step))
