"""Whether a query from outside means anything to this catalogue.

Something is always nearest. But what is like some products is unlike others, and its cosines spread; what has
nothing to do with the shop is about equally unlike everything. So the spread of a query's cosines over the
catalogue is set beside that of pictures of nothing and words from elsewhere, seen through the same models. The
same idea, with the spread of a network's features, finds inputs foreign to a classifier (Wang et al., "ViM:
Out-of-Distribution with Virtual-logit Matching", CVPR 2022).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from lookalike.models.encoder import Encoder
from lookalike.models.unrelated import (
    UNRELATED,
    from_bytes,
    unrelated_vectors,
    unrelated_words_as_pictures,
)
from lookalike.store.interface import Store
from lookalike.types import Vector, Vectors

_SAMPLE = 512  # products over which cosines are spread
_FEWEST = 50  # products; a smaller shop is not judged
_JUDGED = ("image", "text")  # colours are everywhere
_LEVEL = 10  # percentile of nonsense to pass: an empty answer to a real query costs more than a strange answer


class Familiarity:
    """Judges queries for one store. What it needs is drawn when the first comes."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder
        self._guard = threading.Lock()
        self._drawn: tuple[int, dict[str, Vectors], dict[str, float]] | None = None

    def is_strange(self, parts: Mapping[str, Vector], *, told: bool = False) -> bool:
        """Whether neither picture nor words tell this catalogue's products apart better than nonsense does.

        told: the image part is no picture's, but what words would look like; so it is compared with such.
        """
        sample, limits = self._sample_and_limits()
        if told and "image" in parts and "image" in sample:
            limits = {**limits, "image": self._told_limit(sample["image"])}
        judged = [part for part in _JUDGED if part in parts and part in limits]
        return bool(judged) and all(_spread(sample[p], parts[p][None, :])[0] <= limits[p] for p in judged)

    def _sample_and_limits(self) -> tuple[dict[str, Vectors], dict[str, float]]:
        version = self._store.fitted_version
        with self._guard:
            if self._drawn is None or self._drawn[0] != version:
                sample = self._sample()
                kept = self._store.fitted().get(UNRELATED)
                unrelated = from_bytes(kept) if kept is not None else unrelated_vectors(self._encoder)
                limits = {p: _limit(s, unrelated[p]) for p, s in sample.items()}
                self._drawn = version, sample, limits
            return self._drawn[1:]

    def _told_limit(self, sample: Vectors) -> float:
        unrelated = unrelated_words_as_pictures(self._encoder)
        return _limit(sample, unrelated) if unrelated is not None else 0.0

    def _sample(self) -> dict[str, Vectors]:
        """The judged parts of some products that have them."""
        ids = self._store.ids(limit=0)
        drawn = np.random.default_rng(0).permutation(len(ids))[:_SAMPLE]
        views = [found[0] for found in self._store.views([ids[at] for at in np.sort(drawn)]).values()]
        found = {}
        for part in _JUDGED:
            rows = [view.parts[part] for view in views if part in view.parts and view.parts[part].any()]
            if len(rows) >= _FEWEST:
                found[part] = np.stack(rows)
        return found


def _limit(sample: Vectors, unrelated: Vectors) -> float:
    """The spread that a query must exceed to mean anything."""
    return float(np.percentile(_spread(sample, unrelated), _LEVEL))


def _spread(sample: Vectors, queries: Vectors) -> Vector:
    """The standard deviation of each query's cosines.  # (queries,)"""
    spread: Vector = (sample @ queries.T).std(axis=0)
    return spread
