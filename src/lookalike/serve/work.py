"""Work off the event loop: so many threads, a queue that is short by design, and answers given before.

Whoever would have to wait longer than is any use is told so at once; those who are let in are served in time.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias, TypeVar

from lookalike.errors import Busy, TookTooLong

PATIENCE_S = 0.25  # of waiting for a thread, at most, as far as can be foreseen
STANDING_S = 0.02  # the same, once the queue has stood for a while: more comes than can be done
_STANDS_AFTER_S = 0.2  # without a free thread, where it is also full
_LOOKED_AT_S = 0.5
_MANY_REFUSED = 0.25  # of all, in such a time: it still stands
_WAITING = 64  # at most, whatever they are
_RECENT = 32  # runs of a kind that tell how long the next one takes
_UNKNOWN_S = 0.05  # that a kind of which none was done yet is taken to need
_ANSWERS = 2048
_NICE = 10

_T = TypeVar("_T")
Observe: TypeAlias = Callable[[str, float, float], None]  # kind, seconds waited, seconds taken


def step_back() -> None:
    """Let the calling thread come after others, where threads have a priority of their own: on Linux."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class Pool:
    """Threads that run what would block the event loop.

    How long each kind of work takes is learned from its latest runs, so a queue of slow work is as short, in
    seconds, as one of quick work; till then few of a kind are let in. A rush is waited out; but where no thread
    was free for a while, waiting would help nobody, and make all who are let in wait as long: few may then.
    (Maurer, Fail at Scale, ACM Queue 2015; Nichols and Jacobson, Controlling Queue Delay, ACM Queue 2012.)
    """

    def __init__(
        self,
        *,
        threads: int | None = None,
        patience_s: float = PATIENCE_S,
        standing_s: float | None = None,
        waiting: int = _WAITING,
        time_limit_s: float = 20.0,
        name: str = "work",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """threads: one for each core when not given. waiting: the most that may wait, whatever their kind.

        patience_s: that work may have to wait. standing_s: the same in a queue that stands; `patience_s` if none.
        time_limit_s: from the moment that work is handed in.
        """
        self.threads = threads or len(os.sched_getaffinity(0))
        self.patience_s = patience_s
        self.standing_s = patience_s if standing_s is None else standing_s
        self.time_limit_s = time_limit_s
        self.refused = 0
        self.observe: Observe = lambda kind, waited_s, took_s: None
        self._most = self.threads + waiting
        self._executor = ThreadPoolExecutor(self.threads, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._clock = clock
        self._last_free = clock()  # when a thread last had nothing to do
        self._stood, self._stands_until = False, 0.0  # whether the queue was found to stand; when to look again
        self._turned_away = self._let_in = 0  # since it was last looked
        self._recent: dict[str, deque[float]] = {}
        self._under_way = 0
        self._ahead_s = 0.0  # what is under way will take, as far as is known

    @property
    def under_way(self) -> int:
        """What runs or waits."""
        return self._under_way

    @property
    def waiting(self) -> int:
        return max(0, self._under_way - self.threads)

    async def run(self, work: Callable[[], _T], *, kind: str = "", time_limit_s: float | None = None) -> _T:
        """What `work` returns, or raises. kind: what takes about as long as other work of this kind.

        Raises `Busy` at once where it would wait too long, `TookTooLong` where it was not done in time: it is not
        begun any more then, or runs to its end unheard.
        """
        limit_s = self.time_limit_s if time_limit_s is None else time_limit_s
        future = self._submit(work, kind)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), limit_s)
        except TimeoutError as error:
            if future.done() and not future.cancelled() and future.exception() is not None:
                raise  # the work's own
            raise TookTooLong(
                f"the request was not answered within {limit_s:g} s: ask for less, or later"
            ) from error

    def close(self) -> None:
        """Finish what runs, and begin nothing more."""
        self._executor.shutdown(cancel_futures=True)

    def refuse_if_full(self) -> None:
        """Raises `Busy` where work handed in now would wait too long: asked before anything is done for it."""
        with self._lock:
            self._refuse_if_full()

    def _refuse_if_full(self) -> None:
        if self._under_way < self.threads:
            self._last_free = self._clock()
            return
        wait_s = self._ahead_s / self.threads
        too_long = self.standing_s if self._stands(wait_s) else self.patience_s
        if self._under_way >= self._most or wait_s > too_long:
            self._turned_away += 1
            self.refused += 1
            raise Busy(
                f"the server is busy: {self._under_way} requests are under way; try again later",
                retry_after_s=max(1, math.ceil(wait_s)),
            )

    def _stands(self, wait_s: float) -> bool:
        """Whether more comes than can be done.

        So it is once the queue is full and no thread was free for a while, and then for as long as many are
        refused: a queue that is kept short is empty now and then, whatever comes.
        """
        now = self._clock()
        if now >= self._stands_until:
            many = self._turned_away > _MANY_REFUSED * (self._turned_away + self._let_in)
            full = wait_s > self.patience_s and now - self._last_free > _STANDS_AFTER_S
            self._stood = full or (self._stood and many)
            self._turned_away = self._let_in = 0
            if self._stood:
                self._stands_until = now + _LOOKED_AT_S
        return self._stood

    def _submit(self, work: Callable[[], _T], kind: str) -> Future[_T]:
        with self._lock:
            self._refuse_if_full()
            recent = self._recent.setdefault(kind, deque(maxlen=_RECENT))
            expected_s = sum(recent) / len(recent) if recent else _UNKNOWN_S
            self._under_way += 1
            self._let_in += 1
            self._ahead_s += expected_s

        def done(_: Future[Any]) -> None:
            with self._lock:
                self._under_way -= 1
                if self._under_way < self.threads:
                    self._last_free = self._clock()
                self._ahead_s = self._ahead_s - expected_s if self._under_way else 0.0

        asked = time.monotonic()

        def timed() -> _T:
            began = time.monotonic()
            try:
                return work()
            finally:
                took_s = time.monotonic() - began
                with self._lock:
                    recent.append(took_s)
                self.observe(kind, began - asked, took_s)

        try:
            future = self._executor.submit(timed)
        except RuntimeError as error:
            done(Future())
            raise Busy("the server is stopping: try again later", retry_after_s=1) from error
        future.add_done_callback(done)
        return future


class Answers:
    """The latest answers by what was asked, so many at most. Safe to share between threads.

    What an answer hangs on is part of what was asked: the store's version, the rules, the picture's hash.
    """

    def __init__(self, most: int = _ANSWERS) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = self.misses = 0

    def of(self, asked: Hashable, make: Callable[[], _T]) -> _T:
        """The answer kept, or the one made now. What `make` raises is not kept."""
        with self._lock:
            if asked in self._kept:
                self.hits += 1
                self._kept.move_to_end(asked)
                kept: _T = self._kept[asked]
                return kept
            self.misses += 1
        made = make()
        with self._lock:
            self._kept[asked] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
