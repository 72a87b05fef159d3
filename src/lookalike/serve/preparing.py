"""What may be asked is prepared while nothing is: the neighbours of each product, one after the other.

From then on `similar` compares a product with those, and not with the whole catalogue. A product that is asked for
before its turn is prepared by being asked for; after a change only what the change touched is found anew.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from lookalike.errors import LookalikeError
from lookalike.serve.service import Service
from lookalike.store.memory import MemoryStore

_LOOK_S = 0.01  # between two looks whether something is being asked
_AGAIN_S = 60.0  # after the last round, where something has changed since


class Preparing:
    """A thread that takes half of a core at most, and none while the server is asked something."""

    def __init__(self, service: Service, *, again_s: float = _AGAIN_S) -> None:
        self._service, self._again_s = service, again_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="preparing", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End it, and wait until it has."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        prepared = 0
        while not self._ended.is_set():
            with suppress(LookalikeError):  # a store that cannot be read may be mended
                store = self._service.shop.store.now()
                version = store.version
                if version != prepared and isinstance(store, MemoryStore):
                    self._round(store)
                    prepared = version
            self._ended.wait(self._again_s)

    def _round(self, store: MemoryStore) -> None:
        for product_id in store.ids(limit=0):
            while self._service.is_busy and not self._ended.is_set():
                self._ended.wait(_LOOK_S)
            if self._ended.is_set():
                return
            began = time.monotonic()
            store.prepare(product_id)
            self._ended.wait(time.monotonic() - began)
