"""What may be asked is prepared while nothing is: the neighbours of each product, one after the other.

From then on `similar` compares a product with those, and not with the whole catalogue. A product that is asked for
before its turn is prepared by being asked for. A change is followed by another round, which passes over what is
still known.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from lookalike.recommend.recommender import Recommender
from lookalike.serve.work import Pool, step_back
from lookalike.store.memory import MemoryStore

_LOOK_S = 0.01  # between two looks whether something is being asked
_REPLACED_S = 1.0  # between two looks whether the rows in memory are still those that answer
_FIRST_S = 5.0  # after the start: whoever waits for it is answered first
_AGAIN_S = 60.0  # after the last round, where something has changed since
_CLOSE_S = 5.0
_log = logging.getLogger("lookalike.serve")


class Preparing:
    """A thread that takes half of a core at most, and nothing while one of the pools has work."""

    def __init__(
        self, shop: Recommender, pools: Sequence[Pool], *, first_s: float = _FIRST_S, again_s: float = _AGAIN_S
    ) -> None:
        self._shop, self._pools, self._first_s, self._again_s = shop, pools, first_s, again_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="preparing", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End it, and wait until it has, for some seconds at most."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        step_back()  # other workers' answers come first
        self._ended.wait(self._first_s)
        prepared, said = 0, ""
        while not self._ended.is_set():
            try:
                prepared = self._round(prepared)
            except Exception as error:  # whatever it is: answers need no preparation, and it may be mended
                if said != (said := f"{type(error).__name__}: {error}"):
                    _log.warning("neighbours are not prepared: %s", said)
            self._ended.wait(self._again_s)

    def _round(self, prepared: int) -> int:
        """Prepare what is not yet, unless the rows are as they were; the version of the rows at the beginning."""
        store = self._shop.store.now()
        version = store.version
        if version == prepared or not isinstance(store, MemoryStore):
            return version
        looked = time.monotonic()
        for product_id in store.ids(limit=0):
            while not self._ended.is_set() and any(pool.under_way for pool in self._pools):
                self._ended.wait(_LOOK_S)
            began = time.monotonic()
            if began > looked + _REPLACED_S:
                looked = began
                if self._shop.store.now() is not store:
                    return prepared  # what nobody asks any more is let go
            if self._ended.is_set():
                return prepared
            store.prepare(product_id)
            self._ended.wait(time.monotonic() - began)
        return version
