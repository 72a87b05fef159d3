"""Step one: which views could be an answer. Nothing is judged here, and nothing that passes the filter is lost.

The three steps (candidates, scoring, re-ranking) are those of large recommenders (Covington et al., RecSys 2016).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lookalike.store.interface import Hits, Store
from lookalike.types import Filter, Query

_FIRST = 64  # views, at the least, that are looked at for one answer
_PER_MATCH = 6  # views for each match that is wanted: room for further views, variants and twins
_GROWTH = 4


def first_count(k: int) -> int:
    """How many views are looked at before more are asked for."""
    return max(_FIRST, _PER_MATCH * k)


def candidates(
    store: Store, query: Query, *, k: int, searches: Sequence[Filter], beyond: int = 0
) -> Iterator[list[Hits]]:
    """The nearest views of each search, then more of them each time, until the first search brings no further one.

    beyond: views of each that the caller has seen already.
    """
    count = first_count(k)
    while count <= beyond:
        count *= _GROWTH
    while True:
        found = [store.nearest(query, k=count, where=where) for where in searches]
        yield found
        if found[0].exhausted:
            return
        count *= _GROWTH
