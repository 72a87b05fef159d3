"""Of the best that there are, how many are found: live, of a few of the questions asked, in the background.

What was asked is asked again and held against a comparison with every view. One question at a time, and so seldom
that it takes a hundredth of a processor at the most, however large the store.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.recommend.candidates import first_count
from lookalike.store.interface import Store
from lookalike.types import Filter, Query

AT = 10  # recall@10
_EVERY_S = 10.0
_REST = 100  # times as long as a comparison took
_LATEST = 100  # comparisons that the mean is of
_SAME = 1e-5  # scores that differ by less are one
_log = logging.getLogger("lookalike.serve")


class Recall:
    """recall@10 of the latest questions that were looked at. Safe to share between threads."""

    def __init__(self, store: Store, *, every_s: float = _EVERY_S) -> None:
        self._store, self._every_s = store, every_s
        self._guard = threading.Lock()
        self._latest: deque[float] = deque(maxlen=_LATEST)
        self._due = 0.0
        self.compared = 0

    @property
    def mean(self) -> float:
        """Of the latest, 0..1; NaN while there are none."""
        with self._guard:
            return sum(self._latest) / len(self._latest) if self._latest else float("nan")

    def asked(self, query: Query, where: Filter) -> None:
        """Told of each question; looks at one now and then, in a thread of its own."""
        if time.monotonic() < self._due:
            return
        with self._guard:
            if time.monotonic() < self._due:
                return
            self._due = float("inf")  # until this one is done
        threading.Thread(target=self._look_at, args=(query, where), name="recall", daemon=True).start()

    def _look_at(self, query: Query, where: Filter) -> None:
        began, found = time.monotonic(), None
        try:
            found = self._of(query, where)
        except LookalikeError as error:  # a store that cannot be read is told of by whoever asks it
            _log.warning("recall was not looked at: %s", error)
        finally:
            took_s = time.monotonic() - began
            with self._guard:
                if found is not None:
                    self._latest.append(found)
                    self.compared += 1
                self._due = time.monotonic() + max(self._every_s, _REST * took_s)

    def _of(self, query: Query, where: Filter) -> float | None:
        """Of the ten best views the share that is found; None where there are none, or the store has changed."""
        before = self._store.version
        found = self._store.nearest(query, k=first_count(AT), where=where)
        if not len(found):
            return None
        kth = self._store.kth_score(query, k=AT, where=where)
        wanted = AT if not found.exhausted else min(AT, len(found))
        share = float(np.count_nonzero(found.scores[:wanted] >= kth - _SAME)) / wanted
        return share if before == self._store.version else None

    def _version(self) -> int:
        return self._store.version
