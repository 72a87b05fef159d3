"""Step three: which of the scored products to show, and in which order. It never invents a match.

Pure functions from a list, the best first, to a list, the best first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lookalike.recommend.scoring import Scored
from lookalike.types import Vector


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many products for each value. A product may have several values, or none."""

    count: int
    values: Mapping[str, Collection[str]]  # by product; those it does not name are not limited


def merged(searches: Sequence[Sequence[Scored]]) -> list[Scored]:
    """What any of several searches for one query has brought, the most like first; equals as they came."""
    found = {s.id: s for scored in reversed(searches) for s in scored}
    in_order = dict.fromkeys(s.id for scored in searches for s in scored)
    return sorted((found[i] for i in in_order), key=lambda s: -s.score)


def without(scored: Sequence[Scored], *, ids: Collection[str], groups: Collection[str]) -> list[Scored]:
    """Neither these products nor any of these styles."""
    return [s for s in scored if s.id not in ids and s.group not in groups]


def without_pictures(scored: Sequence[Scored], keys: Collection[str]) -> list[Scored]:
    """No product that is matched by one of these very pictures, byte for byte."""
    return [s for s in scored if not s.view.key or s.view.key not in keys]


def each_picture_once(scored: Sequence[Scored]) -> list[Scored]:
    """Of products that show the same picture only one: the one that leads its style, else the first.

    It carries the ids of the others.
    """
    alike: dict[str, list[Scored]] = {}
    for s in scored:
        alike.setdefault(s.view.key or f"\x1f{s.id}", []).append(s)
    if len(alike) == len(scored):
        return list(scored)
    shown = {}
    for same in alike.values():
        leading = next((s for s in same if s.leads_its_group), same[0])
        shown[leading.id] = tuple(s.id for s in same if s is not leading)
    return [
        replace(s, duplicates=(*s.duplicates, *shown[s.id])) if shown[s.id] else s for s in scored if s.id in shown
    ]


def each_group_once(scored: Sequence[Scored]) -> list[Scored]:
    """Of each style only its best product."""
    shown: dict[str, Scored] = {}
    for s in scored:
        shown.setdefault(s.group, s)
    return list(shown.values())


def at_most(scored: Sequence[Scored], limits: Sequence[Limit], *, beside: Collection[str] = ()) -> list[Scored]:
    """The list without whatever comes when a limit is reached for one of its values.

    beside: ids of products that are shown in any case, and count.
    """
    shown: list[Scored] = []
    counts = [Counter(v for i in beside for v in limit.values.get(i, ())) for limit in limits]
    for s in scored:
        values = [limit.values.get(s.id, ()) for limit in limits]
        if all(
            seen[v] < limit.count for seen, limit, mine in zip(counts, limits, values, strict=True) for v in mine
        ):
            shown.append(s)
            for seen, mine in zip(counts, values, strict=True):
                seen.update(mine)
    return shown


def placed(scored: Sequence[Scored], pinned: Sequence[tuple[int, Scored]], *, k: int) -> list[Scored]:
    """The first k, the pinned ones in their places (from 1, in order) or, in a shorter list, at its end."""
    others, waiting = iter(scored), list(pinned)
    shown: list[Scored] = []
    while len(shown) < k:
        at_its_place = bool(waiting) and waiting[0][0] <= len(shown) + 1
        following = None if at_its_place else next(others, None)
        if following is None and waiting:
            following = waiting.pop(0)[1]
        if following is None:
            break
        shown.append(following)
    return shown


def varied(scored: Sequence[Scored], vectors: Mapping[str, Vector], *, k: int, variety: float) -> list[Scored]:
    """The first k by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).

    vectors: a unit vector for each id. variety: 0 keeps the order, 1 looks only for what is unlike the rest.
    Each step takes the product that is most like the query and least like any taken before; scores stay as
    they were, so the list may not fall evenly.
    """
    if not scored or variety <= 0:
        return list(scored[:k])
    matrix = np.stack([vectors[s.id] for s in scored])
    relevance = np.asarray([s.cosine * s.factor if s.cosine > 0 else s.cosine / s.factor for s in scored])
    nearest: npt.NDArray[np.float64] = np.zeros(len(scored))  # likeness to the most alike of those taken
    taken: list[int] = []
    for _ in range(min(k, len(scored))):
        worth = (1 - variety) * relevance - variety * nearest
        worth[taken] = -np.inf
        taken.append(int(np.argmax(worth)))
        nearest = np.maximum(nearest, matrix @ matrix[taken[-1]])
    return [scored[at] for at in taken]
