"""The map of the catalogue, drawn in the background when first asked for, and again some time after a change."""

from __future__ import annotations

import threading
import time

from lookalike.errors import LookalikeError
from lookalike.recommend.mapping import Map
from lookalike.recommend.recommender import Recommender
from lookalike.serve.work import step_back

_STALE_S = 600.0  # a changed catalogue is drawn again no sooner than this after the last time


class Maps:
    """The newest map there is. Safe to share between threads."""

    def __init__(self, shop: Recommender) -> None:
        self._shop = shop
        self._guard = threading.Lock()
        self._map: Map | None = None
        self._error: LookalikeError | None = None
        self._version: object = None
        self._begun = 0.0
        self._drawing: threading.Thread | None = None

    def drawn(self, version: object) -> Map | None:
        """The map of the catalogue as it is, or was some minutes ago; None while the first one is being drawn.

        version: of the store. Returns at once. Raises what drawing raised.
        """
        with self._guard:
            stale = version != self._version and time.monotonic() - self._begun > _STALE_S
            if self._drawing is None and (self._version is None or stale):
                self._version, self._begun = version, time.monotonic()
                self._drawing = threading.Thread(target=self._draw, name="map", daemon=True)
                self._drawing.start()
            if self._map is None and self._error is not None:
                raise self._error
            return self._map

    def _draw(self) -> None:
        step_back()  # who asks comes first
        try:
            drawn, error = self._shop.map(), None
        except LookalikeError as raised:
            drawn, error = None, raised
        with self._guard:
            self._map, self._error = drawn or self._map, error
            self._drawing = None
