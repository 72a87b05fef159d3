"""Memory: what the C library holds back after use is given back, and what lives long is seldom looked through.

Python's collector of garbage stops everything while it looks at all objects that there are: a seventh of a second
where some ten thousand products are kept at hand. What has outlived a full collection is therefore set aside, so
that the next one looks at what came later; now and then one looks at all of it again.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # malloc.h
_TIDY_S = 3.0  # work comes in flocks: once after many pieces of it
_LARGE = 4 << 20  # bytes; glibc's own limit grows with what it sees, and a heap then holds what was freed
_THOROUGH_S = 900.0  # after which a full collection looks at everything again
_ARENAS = 2  # heaps that threads share; glibc's own is eight for each core, and each keeps what it once held


def share_heaps() -> None:
    """Let all threads to come take their memory from few heaps, and what is large from the system itself.

    For the start of a process.
    """
    with suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_ARENA_MAX, _ARENAS)
        libc.mallopt(_MMAP_THRESHOLD, _LARGE)


def give_back() -> None:
    """Return what lies free. Takes some milliseconds: for after something large, such as reading a store."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def short_collections(thorough_s: float = _THOROUGH_S) -> Iterator[None]:
    """While it lasts, a full collection of garbage sets aside what it leaves, for so many seconds.

    Whatever is set aside and dies in a ring waits as long. Nothing is set aside any more in the end.
    """
    thorough = time.monotonic()

    def told(phase: str, facts: Mapping[str, Any]) -> None:
        nonlocal thorough
        if facts["generation"] < 2:
            return
        if phase == "stop":
            gc.freeze()
        elif time.monotonic() > thorough + thorough_s:
            thorough = time.monotonic()
            gc.unfreeze()

    gc.callbacks.append(told)
    gc.freeze()
    try:
        yield
    finally:
        gc.callbacks.remove(told)
        gc.unfreeze()


class Memory:
    """Gives back what work has left behind, soon after it and at most so often."""

    def __init__(self, every_s: float = _TIDY_S) -> None:
        self._every_s = every_s
        self._due: asyncio.TimerHandle | None = None

    def give_back_soon(self) -> None:
        """For the event loop, which does not wait for it."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(self._every_s, self._give_back)

    def close(self) -> None:
        """Give nothing back any more, until there is more work."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _give_back(self) -> None:
        self._due = None
        asyncio.get_running_loop().run_in_executor(None, give_back)
