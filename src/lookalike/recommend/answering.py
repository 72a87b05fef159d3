"""From a request to its answer in three steps: candidates, scoring, re-ranking; and round again till it settles.

An answer is settled when there are enough products and none that has not been seen could come before the last of
them, or when there is nothing left to see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.recommend import reranking
from lookalike.recommend.calibration import Scale
from lookalike.recommend.candidates import candidates
from lookalike.recommend.duplicates import Folding, folded
from lookalike.recommend.planning import Plan, limits, limits_reached, weighed
from lookalike.recommend.scoring import Scored, score
from lookalike.store.interface import Hits, Store
from lookalike.types import Condition, Filter, Query, Vector

_MMR_POOL = 8  # candidates for each match wanted when variety is asked for
_FOLDED_AHEAD = 4  # times the pool: products that are made one before they are limited
_SAME = 1e-6  # scores no further apart are of what looks, and reads, the same
_PINNED_VIEWS = 4096  # more than pinned products have


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is no answer whatever its likeness: what was asked about, its variants, its very pictures."""

    ids: Collection[str] = ()
    groups: Collection[str] = ()
    pictures: Collection[str] = ()  # keys
    looks: Mapping[str, Vector] | None = None  # the parts of a picture of which copies are left out too


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is asked, once ids, pictures and words have become vectors, and rules a plan."""

    query: Query
    plan: Plan
    k: int = 7
    left_out: LeftOut = field(default_factory=LeftOut)
    by_group: bool = False
    variety: float = 0.0
    at_least: float = 0.0  # the lowest score that is an answer
    folding: Folding | None = field(default_factory=Folding)  # None lists every product that shows a picture

    def __post_init__(self) -> None:
        if self.k < 1:
            raise LookalikeError(f"k is {self.k}: ask for at least 1 match")
        if not 0 <= self.variety <= 1:
            raise LookalikeError(f"variety is {self.variety}: use 0 to 1")
        if not 0 <= self.at_least <= 1:
            raise LookalikeError(f"at_least is {self.at_least}: use a score, 0 to 1")

    @property
    def pool(self) -> int:
        """How many products the last step chooses from."""
        return self.k if self.variety == 0 else self.k * _MMR_POOL


def answer(
    store: Store, request: Request, scale: Scale, *, rounds: Iterable[list[Hits]] | None = None
) -> list[Scored]:
    """The products to show, in order.

    rounds: candidates for the searches of the request's plan, more each time, where the caller has them.
    """
    pinned = _pinned(store, request, scale)
    ranked: list[Scored] = []
    seen: list[Sequence[Scored]] = []
    reached = Filter()
    following: Iterable[list[Hits]] | None = rounds
    if following is None:
        following = candidates(store, request.query, k=request.pool, searches=request.plan.searches)
    while following is not None:
        current, following = following, None
        for found in current:
            scored = [score(request.query, hits, scale) for hits in found]
            ranked = rank(store, request, [*seen, *scored], pinned)
            if _settled(request, found, scored, ranked):
                break
            within = limits_reached([*(s for _, s in pinned), *ranked], request.plan, store)
            if within != reached:  # look on where the limits leave room
                reached, seen = within, [*seen, *scored]
                narrower = (request.plan.where & reached,)
                following = candidates(store, request.query, k=request.pool, searches=narrower)
                break
    if request.variety > 0:
        vectors = _whole_vectors(store, request.query, ranked)
        ranked = reranking.varied(ranked, vectors, k=request.k, variety=request.variety)
    return reranking.placed(ranked, pinned, k=request.k)


def rank(
    store: Store, request: Request, scored: Sequence[Sequence[Scored]], pinned: Sequence[tuple[int, Scored]] = ()
) -> list[Scored]:
    """The third step but for variety and pins: what may be shown of each search, the highest value first."""
    placed = [s for _, s in pinned]
    shown = [s for s in reranking.merged(scored) if s.score >= request.at_least]
    shown = _allowed(shown, request.left_out)
    shown = _allowed(shown, _beside(placed, by_group=request.by_group))
    shown = weighed(shown, request.plan, store)
    if request.folding is not None:
        shown = reranking.each_picture_once(shown)
    if request.by_group:
        shown = reranking.each_group_once(shown)
    if request.plan.limiting:
        if request.folding is not None:  # what is not shown shall not count
            looks, ahead = request.left_out.looks, _FOLDED_AHEAD * request.pool
            shown = folded(shown, store, request.folding, count=ahead, beside=looks)
        found = limits([*placed, *shown], request.plan, store)
        shown = reranking.at_most(shown, found, beside=[s.id for s in placed])
    if request.folding is not None:
        shown = folded(shown, store, request.folding, count=request.pool, beside=request.left_out.looks)
    return shown


def _allowed(scored: Sequence[Scored], left_out: LeftOut) -> list[Scored]:
    kept = reranking.without(scored, ids=left_out.ids, groups=left_out.groups)
    return reranking.without_pictures(kept, left_out.pictures)


def _beside(pinned: Sequence[Scored], *, by_group: bool) -> LeftOut:
    """What a pinned product takes the place of."""
    return LeftOut(
        ids={s.id for s in pinned},
        groups={s.group for s in pinned} if by_group else (),
        pictures={s.view.key for s in pinned},
    )


def _settled(
    request: Request, found: Sequence[Hits], scored: Sequence[Sequence[Scored]], ranked: Sequence[Scored]
) -> bool:
    lowest = [-inf if hits.exhausted else s[-1].score for hits, s in zip(found, scored, strict=True)]
    if max(lowest) < request.at_least:
        return True
    if found[0].exhausted or len(ranked) < request.pool:
        return found[0].exhausted
    if request.folding is not None and any(s.score <= max(lowest) + _SAME for s in ranked[: request.pool]):
        return False  # more that look the same may follow, and one of them may lead the style
    if not request.plan.weighing:
        return True
    return request.plan.unseen(lowest) < ranked[request.pool - 1].value


def _pinned(store: Store, request: Request, scale: Scale) -> list[tuple[int, Scored]]:
    """The products that rules put in a place, where they pass the filter and the rule's own, by place."""
    found: dict[str, tuple[int, Scored]] = {}
    for rule in request.plan.pinning:
        these = Filter((Condition("id", "in", rule.ids),))
        hits = store.nearest(request.query, k=_PINNED_VIEWS, where=request.plan.where & rule.where & these)
        there = {s.id: s for s in _allowed(score(request.query, hits, scale), request.left_out)}
        for offset, product_id in enumerate(i for i in rule.ids if i in there):
            named = replace(there[product_id], rules=(rule.name,))
            found.setdefault(product_id, (rule.position + offset, named))
    return sorted(found.values(), key=lambda placed: placed[0])


def _whole_vectors(store: Store, query: Query, scored: Sequence[Scored]) -> dict[str, Vector]:
    """One unit vector a product, of the query's active parts by their weights."""
    stored = store.views([s.id for s in scored])
    total = sum(query.weights[p] for p in query.active)
    return {
        i: np.concatenate(
            [views[0].parts[p] * np.float32(np.sqrt(query.weights[p] / total)) for p in query.active]
        )
        for i, views in stored.items()
    }
