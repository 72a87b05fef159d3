"""The answers to many requests: the same as one by one, sooner.

The first candidates of a block of requests come out of one matrix product for all of them, while the block before
goes through the scoring and re-ranking of a single request. Where these do not settle an answer, more are asked
for as ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice, pairwise
from typing import TypeAlias

from lookalike.recommend.answering import Request
from lookalike.recommend.candidates import candidates, first_count
from lookalike.recommend.scoring import Scored
from lookalike.store.interface import Hits, Store

Rounds: TypeAlias = Iterable[list[Hits]]  # candidates for the searches of a request, more each time

BLOCK = 512  # requests


def answers(
    store: Store,
    requests: Iterable[tuple[str, Request]],
    answer_one: Callable[[Store, Request, Rounds], list[Scored]],
) -> Iterator[tuple[str, list[Scored]]]:
    """What is shown for each request, with its name, in order.

    requests: with a name each; all of them want equally many products.
    answer_one: what answers a request from its candidates, and from the store as it is now.
    """
    coming = iter(requests)
    waiting: deque[tuple[list[tuple[str, Request]], Future[list[list[Hits]]]]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="candidates") as ahead:
        while True:
            block = list(islice(coming, BLOCK))
            if block:
                waiting.append((block, ahead.submit(_first_round, store.now(), [request for _, request in block])))
            if not waiting:
                return
            if len(waiting) > 1 or not block:
                asked, found = waiting.popleft()
                now = store.now()
                for (name, request), first in zip(asked, found.result(), strict=True):
                    yield name, answer_one(now, request, _rounds(now, request, first))


def _first_round(store: Store, requests: Sequence[Request]) -> list[list[Hits]]:
    """Of each request, the first candidates of each of its searches."""
    searches = [request.plan.searches for request in requests]
    found = store.nearest_many(
        [request.query for request, own in zip(requests, searches, strict=True) for _ in own],
        k=first_count(requests[0].pool),
        where=list(chain.from_iterable(searches)),
    )
    ends = [0]
    for own in searches:
        ends.append(ends[-1] + len(own))
    return [found[start:end] for start, end in pairwise(ends)]


def _rounds(store: Store, request: Request, first: list[Hits]) -> Iterator[list[Hits]]:
    yield first
    if not first[0].exhausted:
        yield from candidates(
            store, request.query, k=request.pool, searches=request.plan.searches, beyond=first_count(request.pool)
        )
