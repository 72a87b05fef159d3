"""Things in the order in which they are ready, so that what is slow is overtaken and holds up nothing."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")
_WINDOW = 16_384  # things under way: so many may overtake a slow one
_LINGER_S, _LINGER_SHARE = 1.0, 0.1  # a shard is kept open so long, or so much of the time that all have taken
_RECENT = 64  # arrivals that tell the pace
_LATE = 3.0  # times slower than the pace so far
_LATE_S = 1.0  # slower than that for less is not late


class Arrivals(Generic[_T]):
    """Things that wait for futures, given back as these are done: first come, first served."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._ready: SimpleQueue[_T] = SimpleQueue()
        self._lock = threading.Lock()
        self._clock = clock
        self._began = clock()
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._arrived = 0
        self.waiting = 0  # added and not yet taken

    def add(self, thing: _T, futures: Sequence[Future[Any]]) -> None:
        self.waiting += 1
        left = len(futures)

        def one_is_done(_: object = None) -> None:
            nonlocal left
            with self._lock:
                left -= 1
                if left > 0:
                    return
                self._arrived += 1
                self._recent.append(self._clock())
            self._ready.put(thing)

        for future in futures:
            future.add_done_callback(one_is_done)
        if not futures:
            one_is_done()

    def take(self, most: int, *, wait_s: float | None = None) -> list[_T]:
        """Up to so many that are ready; none when nothing is ready in that time, or nothing waits."""
        taken: list[_T] = []
        try:
            while len(taken) < min(most, self.waiting):
                at_once = bool(taken) or wait_s == 0
                taken.append(self._ready.get_nowait() if at_once else self._ready.get(timeout=wait_s))
        except Empty:
            pass
        self.waiting -= len(taken)
        return taken

    def are_late(self) -> bool:
        """Whether what still waits comes far slower than what has come, once half is there."""
        with self._lock:
            if self._arrived < self.waiting or len(self._recent) < min(_RECENT, self._arrived):
                return False
            pace_s = (self._recent[-1] - self._began) / self._arrived  # from one to the next
            return self._clock() - self._recent[0] > max(_LATE_S, _LATE * len(self._recent) * pace_s)


def in_shards(
    things: Iterable[_T], begin: Callable[[_T], Sequence[Future[Any]]], *, size: int
) -> Iterator[list[_T]]:
    """Shards of things that are ready. A shard waits to be full, but not long for what is slow.

    begin: starts what a thing needs, and returns what to wait for; nothing for a thing that is ready.
    """
    arrivals: Arrivals[_T] = Arrivals()
    source: Iterator[_T] | None = iter(things)
    shard: list[_T] = []
    started = opened = time.monotonic()
    while source is not None or arrivals.waiting:
        reads_on = source is not None and arrivals.waiting < _WINDOW
        if source is not None and reads_on:
            try:
                thing = next(source)
            except StopIteration:
                source, reads_on = None, False
            else:
                arrivals.add(thing, begin(thing))
        open_until = opened + max(_LINGER_S, _LINGER_SHARE * (opened - started))
        wait_s = 0 if reads_on else max(0, open_until - time.monotonic()) if shard else None
        came = arrivals.take(size - len(shard), wait_s=wait_s)
        if not shard:
            opened = time.monotonic()
        shard += came
        if len(shard) == size or (shard and arrivals.waiting and time.monotonic() >= open_until):
            yield shard
            shard = []
    if shard:
        yield shard
