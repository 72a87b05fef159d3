"""What may be asked is prepared while nothing is: the neighbours of each product, some products at a time.

From then on `similar` compares a product with those, and not with the whole catalogue. A product that is asked for
before its turn is prepared by being asked for. A change is followed by another round, which passes over what is
still known. What was found is kept beside the store, for the next start.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from lookalike.recommend.recommender import Recommender
from lookalike.serve.work import Pool, step_back
from lookalike.store.memory import MemoryStore

_LOOK_S = 0.01  # between two looks whether something is being asked
_REPLACED_S = 1.0  # between two looks whether the rows in memory are still those that answer
_FIRST_S = 1.5  # after the start: whoever waits for it is answered first
_AGAIN_S = 60.0  # after the last round, where something has changed since
_CLOSE_S = 5.0
_AT_ONCE = 32  # products; each row of the store is read once for all of them
_REST = 2.0  # times as long as some products took before the next ones
_log = logging.getLogger("lookalike.serve")


class Preparing:
    """A thread that takes a third of the processor at most, and nothing while one of the pools has work."""

    def __init__(
        self, shop: Recommender, pools: Sequence[Pool], *, first_s: float = _FIRST_S, again_s: float = _AGAIN_S
    ) -> None:
        self._shop, self._pools, self._first_s, self._again_s = shop, pools, first_s, again_s
        self._prepared = 0  # the version of the rows that the last whole round began with
        self._said: dict[str, str] = {}  # what failed, and how it was told
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
        while not self._ended.is_set():
            self._try("neighbours are not prepared", self._round)
            self._ended.wait(self._again_s)

    def _round(self) -> None:
        """Prepare what is not yet, unless the rows are as they were at the beginning of the last whole round."""
        store = self._shop.store.now()
        version = store.version
        if version == self._prepared or not isinstance(store, MemoryStore):
            return
        if (file := self._shop.store.neighbours_file) is not None:
            store.read_neighbours(file)
        ids, looked = store.ids(limit=0), time.monotonic()
        for start in range(0, len(ids), _AT_ONCE):
            while not self._ended.is_set() and any(pool.under_way for pool in self._pools):
                self._ended.wait(_LOOK_S)
            began = time.monotonic()
            if began > looked + _REPLACED_S:
                looked = began
                if self._shop.store.now() is not store:
                    return  # what nobody asks any more is let go
            if self._ended.is_set():
                return
            store.prepare(ids[start : start + _AT_ONCE])
            self._ended.wait(_REST * (time.monotonic() - began))
        if file is not None:
            self._try("neighbours are not kept", lambda: store.save_neighbours(file))
        self._prepared = version

    def _try(self, what: str, do: Callable[[], object]) -> None:
        """Whatever fails: answers need none of this, and it may be mended. The same fault is told once."""
        try:
            do()
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            if self._said.get(what) != said:
                self._said[what] = said
                _log.warning("%s: %s", what, said)
