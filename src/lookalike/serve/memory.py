"""Memory that the C library holds back after use, given to the system again; only glibc is asked."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_ARENA_MAX = -8  # malloc.h
_ARENAS = 2  # heaps that threads share; glibc's own is eight for each core, and each keeps what it once held


def share_heaps() -> None:
    """Let all threads to come take their memory from few heaps. For the start of a process."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return what lies free. Takes some milliseconds: for after something large, such as reading a store."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
