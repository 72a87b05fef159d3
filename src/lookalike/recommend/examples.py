"""Several products as examples of what is liked and disliked, made into one query.

The query moves towards the mean of what is liked and away from a share of the mean of what is not (Rocchio,
"Relevance feedback in information retrieval", 1971), each part by itself. It stays one query, so that indexes,
exact scans and scores serve it as any other; scoring by the best single example, as Qdrant offers beside its
average, needs a scan of its own. The share was measured: benchmarks/likes.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lookalike.recommend.recolouring import direction
from lookalike.types import PARTS, Vector

AWAY = 0.15


def combined(
    liked: Sequence[Mapping[str, Vector]], disliked: Sequence[Mapping[str, Vector]], *, away: float = AWAY
) -> dict[str, Vector]:
    """The parts of one query. A part that nothing liked has is absent; zeros are a part that is missing."""
    found = {}
    for part in PARTS:
        towards = [parts[part] for parts in liked if part in parts and parts[part].any()]
        from_ = [parts[part] for parts in disliked if part in parts and parts[part].any()]
        if towards:
            push = [-np.float32(away / len(from_)) * vector for vector in from_]
            found[part] = direction([np.float32(1 / len(towards)) * vector for vector in towards] + push)
    return found
