"""One picture under several ids: saved again, at another size, slightly cropped. It is shown once.

Byte-identical pictures have one key; these have not, but their vectors nearly agree, in shape and in colour. How
nearly is read off the catalogue's own scale: rarer among its pairs than what merely looks alike. The levels were
found on copies of 500 pictures of one catalogue and of all those of another (docs/scores.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lookalike.recommend.calibration import Calibration
from lookalike.recommend.scoring import Scored
from lookalike.store.interface import Store
from lookalike.types import Vector, Vectors

_Looks: TypeAlias = Mapping[str, Vector]  # the parts of one picture
_LEVELS = {"image": 0.92, "colour": 0.80}  # likeness of each part from which two pictures are one
_AHEAD = 8  # products looked at beyond those wanted


@dataclass(frozen=True, slots=True)
class Folding:
    """From which cosine of each part two pictures are one; nothing is folded where pictures have no part."""

    least: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, calibration: Calibration, parts: Sequence[str]) -> Folding:
        seen = [part for part in _LEVELS if part in parts]
        if "image" not in seen:
            return cls()
        return cls({part: calibration.scale({part: 1.0}).cosine(_LEVELS[part]) for part in seen})

    def are_one(self, some: Sequence[_Looks], others: Sequence[_Looks]) -> npt.NDArray[np.bool_]:
        """Which of some pictures are which of others.  # (some, others)"""
        one = np.full((len(some), len(others)), bool(self.least))
        for part, least in self.least.items():
            if one.any():  # which is never where there are none
                dim = max((len(looks[part]) for looks in some if part in looks), default=0)
                ours, theirs = _rows(some, part, dim), _rows(others, part, dim)
                one &= np.vecdot(ours[:, None, :], theirs[None, :, :]) >= least
        return one


def folded(
    scored: Sequence[Scored],
    store: Store,
    folding: Folding,
    *,
    count: int,
    beside: _Looks | None = None,
) -> list[Scored]:
    """The list with each picture once, as far as its first `count` products; each carries whom it stands for.

    beside: the parts of a picture that is known already, and of which no copy is wanted.
    """
    if not folding.least:
        return list(scored)
    kept: list[Scored] = []
    places: list[int] = []  # of those kept, in the list
    seen: list[_Looks] = []
    for start in range(0, len(scored), count + _AHEAD):
        some = scored[start : start + count + _AHEAD]
        looks = _matched(some, store)
        seen += looks
        one = folding.are_one(looks, seen if beside is None else [*seen, beside])
        copies = one[:, len(seen) :].any(axis=1)
        for at in np.flatnonzero(~copies).tolist():
            twins = np.flatnonzero(one[at, places])
            if len(twins):
                twin, s = int(twins[0]), some[at]
                kept[twin] = replace(kept[twin], duplicates=(*kept[twin].duplicates, s.id, *s.duplicates))
            elif len(kept) < count:
                kept.append(some[at])
                places.append(start + at)
            else:
                return kept + list(scored[start + at :])
    return kept


def _matched(scored: Sequence[Scored], store: Store) -> list[_Looks]:
    """For each product the vectors of the view that was matched; none where it has gone meanwhile."""
    views = store.views([s.id for s in scored])
    return [
        next((one.parts for one in views.get(s.id, ()) if one.view.number == s.view.number), {}) for s in scored
    ]


def _rows(looks: Sequence[_Looks], part: str, dim: int) -> Vectors:
    """The vectors of one part; where it is missing, what is like nothing.  # (looks, dim)"""
    nothing = np.full(dim, np.nan, np.float32)
    return np.stack([one.get(part, nothing) for one in looks])
