"""What was freed goes back to the system."""

from __future__ import annotations

import asyncio
import gc
import platform
import subprocess
import sys
import weakref

import pytest

from lookalike.serve import memory

_HELD = """
import ctypes
from lookalike.serve.memory import give_back, share_heaps
from lookalike.serve.metrics import resident_bytes
share_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
blocks = [libc.malloc(100_000) for _ in range(2_000)]
for block in blocks:
    ctypes.memset(ctypes.c_void_p(block), 1, 100_000)
for block in blocks[:-1]:  # the last one holds all below it
    libc.free(ctypes.c_void_p(block))
before = resident_bytes()
give_back()
print(before - resident_bytes())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc holds memory back in this way")
def test_what_lies_free_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", _HELD], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 150_000_000


def test_much_work_is_followed_by_one_giving_back(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bool] = []
    monkeypatch.setattr(memory, "give_back", lambda: given.append(True))

    async def work() -> None:
        held = memory.Memory(every_s=0.05)
        for _ in range(100):
            held.give_back_soon()
        assert not given, "whoever works waits for nothing"
        await asyncio.sleep(0.15)
        assert len(given) == 1
        held.give_back_soon()
        await asyncio.sleep(0.15)
        assert len(given) == 2

    asyncio.run(work())


class _Ring:
    def __init__(self) -> None:
        self.me = self


def test_what_outlives_a_full_collection_is_not_looked_at_by_the_next() -> None:
    others = list(gc.callbacks)
    with memory.short_collections():
        assert len(gc.callbacks) == len(others) + 1
        kept = [_Ring() for _ in range(1_000)]
        gc.collect()
        at_first = len(gc.get_objects())
        kept += [_Ring() for _ in range(10)]
        assert len(gc.get_objects()) < at_first + 100
        assert gc.get_freeze_count() > 1_000
    assert len(kept) == 1_010
    assert gc.get_freeze_count() == 0
    assert gc.callbacks == others


def test_what_is_set_aside_and_dies_is_found_in_time() -> None:
    ring = _Ring()
    seen = weakref.ref(ring)
    with memory.short_collections(thorough_s=3600):
        del ring
        gc.collect()
        assert seen() is not None, "it was set aside at first"
    gc.collect()
    assert seen() is None

    ring = _Ring()
    seen = weakref.ref(ring)
    with memory.short_collections(thorough_s=0):
        gc.collect()
        del ring
        gc.collect()
        assert seen() is None
