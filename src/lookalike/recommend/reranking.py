"""Step three: which of the scored products to show, and in which order. It never invents a match.

Pure functions from a list, the best first, to a list, the best first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from lookalike.recommend.scoring import Scored
from lookalike.types import Vector


def without(scored: Sequence[Scored], *, ids: Collection[str], groups: Collection[str]) -> list[Scored]:
    """Neither these products nor any of these styles."""
    return [s for s in scored if s.id not in ids and s.group not in groups]


def without_pictures(scored: Sequence[Scored], keys: Collection[str]) -> list[Scored]:
    """No product that is matched by one of these very pictures, byte for byte."""
    return [s for s in scored if not s.view.key or s.view.key not in keys]


def each_picture_once(scored: Sequence[Scored]) -> list[Scored]:
    """Of products that show the same picture only one: the one that leads its style, else the first."""
    shown: dict[str, Scored] = {}
    for s in scored:
        key = s.view.key or f"\x1f{s.id}"
        if key not in shown or (s.leads_its_group and not shown[key].leads_its_group):
            shown[key] = s
    return _by_score(shown.values())


def each_group_once(scored: Sequence[Scored]) -> list[Scored]:
    """Of each style only its best product."""
    shown: dict[str, Scored] = {}
    for s in scored:
        shown.setdefault(s.group, s)
    return list(shown.values())


def varied(scored: Sequence[Scored], vectors: Mapping[str, Vector], *, k: int, variety: float) -> list[Scored]:
    """The first k by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).

    vectors: a unit vector for each id. variety: 0 keeps the order, 1 looks only for what is unlike the rest.
    Each step takes the product that is most like the query and least like any taken before; scores stay as
    they were, so the list may not fall evenly.
    """
    if not scored or variety <= 0:
        return list(scored[:k])
    matrix = np.stack([vectors[s.id] for s in scored])
    relevance = np.asarray([s.cosine for s in scored])
    nearest: npt.NDArray[np.float64] = np.zeros(len(scored))  # likeness to the most alike of those taken
    taken: list[int] = []
    for _ in range(min(k, len(scored))):
        worth = (1 - variety) * relevance - variety * nearest
        worth[taken] = -np.inf
        taken.append(int(np.argmax(worth)))
        nearest = np.maximum(nearest, matrix @ matrix[taken[-1]])
    return [scored[at] for at in taken]


def _by_score(scored: Collection[Scored]) -> list[Scored]:
    return sorted(scored, key=lambda s: -s.score)
