"""Step one: which views could be an answer. Nothing is judged here, and nothing that passes the filter is lost.

The three steps (candidates, scoring, re-ranking) are those of large recommenders (Covington et al., RecSys 2016).
"""

from __future__ import annotations

from collections.abc import Iterator

from lookalike.store.interface import Hits, Store
from lookalike.types import Filter, Query

_FIRST = 64  # views, at the least, that are looked at for one answer
_PER_MATCH = 8  # views for each match that is wanted: room for further views, variants and twins
_GROWTH = 4


def candidates(store: Store, query: Query, *, k: int, where: Filter) -> Iterator[Hits]:
    """The nearest views, then more of them each time, until none is left that passes the filter."""
    count = max(_FIRST, _PER_MATCH * k)
    while True:
        hits = store.nearest(query, k=count, where=where)
        yield hits
        if hits.exhausted:
            return
        count *= _GROWTH
