"""One picture under several ids: saved again, at another size, slightly cropped. It is shown once.

Byte-identical pictures have one key; these have not, but their vectors nearly agree, in shape and in colour. How
nearly is read off the catalogue's own scale: rarer among its pairs than what merely looks alike. The levels were
found on copies of 500 pictures of one catalogue and of all those of another (docs/scores.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lookalike.recommend.calibration import Calibration
from lookalike.recommend.scoring import Scored
from lookalike.store.interface import Store
from lookalike.types import Vector

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

    def are_one(self, one: Mapping[str, Vector], other: Mapping[str, Vector]) -> bool:
        return bool(self.least) and all(
            part in one and part in other and float(one[part] @ other[part]) >= least
            for part, least in self.least.items()
        )


def folded(
    scored: Sequence[Scored],
    store: Store,
    folding: Folding,
    *,
    count: int,
    beside: Mapping[str, Vector] | None = None,
) -> list[Scored]:
    """The list with each picture once, as far as its first `count` products; each carries whom it stands for.

    beside: the parts of a picture that is known already, and of which no copy is wanted.
    """
    if not folding.least:
        return list(scored)
    kept: list[Scored] = []
    looks: list[Mapping[str, Vector]] = []
    walked = 0
    for s, parts in _with_parts(scored, store, count + _AHEAD):
        walked += 1
        if beside is not None and folding.are_one(parts, beside):
            continue
        twin = next((at for at, other in enumerate(looks) if folding.are_one(parts, other)), None)
        if twin is None:
            if len(kept) == count:
                walked -= 1
                break
            kept.append(s)
            looks.append(parts)
        else:
            kept[twin] = replace(kept[twin], duplicates=(*kept[twin].duplicates, s.id, *s.duplicates))
    return kept + list(scored[walked:])


def _with_parts(
    scored: Sequence[Scored], store: Store, block: int
) -> Iterator[tuple[Scored, Mapping[str, Vector]]]:
    """Each product with the vectors of the view that was matched, read some at a time."""
    for start in range(0, len(scored), block):
        some = scored[start : start + block]
        views = store.views([s.id for s in some])
        for s in some:
            found = {stored.view.number: stored.parts for stored in views.get(s.id, ())}
            yield s, found.get(s.view.number, {})
