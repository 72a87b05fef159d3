"""What a cosine is worth: a score of 0..1 that is read off the catalogue's own pairs of products.

The law: a higher cosine is a higher score, always, so that no order ever changes; and a score says the same in
every catalogue, namely how rarely two of its products are so alike:

    score   0.2    0.4     0.6      0.8       0.9         1.0
    one of  10     100     1,000    10,000    100,000     the very same

Beyond what the catalogue has pairs for, the scale runs straight to 1 at the cosine of 1. See docs/scores.md.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lookalike.store.interface import Store
from lookalike.store.pairs import PAIRS, Pairs, draw_pairs

Doubles = npt.NDArray[np.float64]

_LEVELS = np.arange(1, 20) / 20  # scores that are looked up among the pairs; between them the scale is straight
_FEWEST = 4  # pairs that must be at least so alike for a rarity to be believed
_GAP = 1e-3  # cosines that lie closer are one: a step of the sample, not of the scale
_UNRELATED = (0.0, 0.05)  # cosine and score of two things of which nothing is known, where there are no pairs


def rarity(score: float) -> float:
    """Of how many pairs of products one is at least so alike.

    >>> [round(rarity(score)) for score in (0, 0.4, 0.8, 0.9)]
    [1, 100, 10000, 100000]
    """
    return float(10 ** (5 * score if score < 0.8 else 4 + 10 * (score - 0.8)))


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """From cosines to scores, for one mixture of parts."""

    cosines: Doubles  # (m,), rising from -1 to 1
    scores: Doubles  # (m,), rising from 0 to 1
    _along: list[float] = field(init=False, repr=False)  # the same as plain numbers
    _up: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_along", self.cosines.tolist())
        object.__setattr__(self, "_up", self.scores.tolist())

    def scores_of(self, cosines: npt.ArrayLike) -> Doubles:
        """Scores, 0..1, in the order of the cosines."""
        return np.interp(np.asarray(cosines, np.float64), self.cosines, self.scores)

    def score(self, cosine: float) -> float:
        """As `scores_of`, without the cost of an array for one number."""
        at = bisect_right(self._along, cosine)
        if at == 0:
            return self._up[0]
        if at == len(self._along):
            return self._up[-1]
        left, low = self._along[at - 1], self._up[at - 1]
        return low + (self._up[at] - low) / (self._along[at] - left) * (cosine - left)

    def cosine(self, score: float) -> float:
        """The cosine that has this score."""
        return float(np.interp(score, self.scores, self.cosines))


class Calibration:
    """The scales of one catalogue; each is made when first asked for."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self._scale = lru_cache(maxsize=256)(self._fit)

    def scale(self, weights: Mapping[str, float]) -> Scale:
        """The scale for the weights of a query's active parts."""
        total = sum(weights.values())
        return self._scale(tuple((part, round(weight / total, 6)) for part, weight in weights.items()))

    def likeness(self, cosines: Mapping[str, float]) -> dict[str, float]:
        """The score that each part would have by itself."""
        return {part: self._scale(((part, 1.0),)).score(cosine) for part, cosine in cosines.items()}

    def _fit(self, shares: tuple[tuple[str, float], ...]) -> Scale:
        columns = [self.pairs.parts.index(part) for part, _ in shares]
        mixed = self.pairs.cosines[:, columns].astype(np.float64) @ [share for _, share in shares]
        known = ~np.isnan(mixed)
        return fit(mixed[known], self.pairs.counts[known].astype(np.float64))


def fit(cosines: Doubles, counts: Doubles) -> Scale:
    """The scale that a sample of pairs gives. counts: how many pairs each stands for."""
    knots = [(-1.0, 0.0)]
    for cosine, level in _looked_up(cosines, counts) or [_UNRELATED]:
        if knots[-1][0] + _GAP < cosine < 1 - _GAP:
            knots.append((cosine, level))
    along, up = zip(*knots, (1.0, 1.0), strict=True)
    return Scale(np.asarray(along), np.asarray(up))


def _looked_up(cosines: Doubles, counts: Doubles) -> list[tuple[float, float]]:
    """The cosine of each level that enough pairs reach, the lowest level first."""
    order = np.argsort(-cosines)  # equals in any order: what is looked up is their cosine
    reached = np.cumsum(counts[order])
    found = []
    for level in _LEVELS:
        wanted = reached[-1] / rarity(level) if len(reached) else 0.0
        if wanted < _FEWEST:
            break
        at = min(int(np.searchsorted(reached, wanted)), len(reached) - 1)
        found.append((float(cosines[order[at]]), float(level)))
    return found


class Calibrator:
    """The calibration of a store as it is now: what the index job kept, else drawn from the store once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._made: tuple[int, Calibration] | None = None

    @property
    def version(self) -> int:
        """Another one when what was fitted has changed."""
        return self._store.fitted_version

    def calibration(self, version: int | None = None) -> Calibration:
        """version: that the caller knows of already, so that the disk is not asked again."""
        version = self.version if version is None else version
        with self._guard:
            if self._made is None or self._made[0] != version:
                kept = self._store.fitted().get(PAIRS)
                pairs = Pairs.from_bytes(kept) if kept is not None else draw_pairs(self._store)
                self._made = version, Calibration(pairs)
            return self._made[1]
