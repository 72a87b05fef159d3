"""What is slow is overtaken: shards fill with what is ready, in order where everything is."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.indexing import arrivals
from lookalike.indexing.arrivals import Arrivals, in_shards


def done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


@given(count=st.integers(0, 50), size=st.integers(1, 20))
def test_what_is_ready_keeps_its_order_in_full_shards(count: int, size: int) -> None:
    shards = list(in_shards(range(count), lambda n: [done()] if n % 2 else [], size=size))
    assert list(chain.from_iterable(shards)) == list(range(count))
    assert all(len(shard) == size for shard in shards[:-1])


@given(seed=st.integers(0, 10**6), count=st.integers(1, 60))
def test_nothing_is_lost_or_doubled_however_late_it_comes(seed: int, count: int) -> None:
    chance = random.Random(seed)
    futures: list[Future[None]] = [Future() for _ in range(2 * count)]

    def settle() -> None:
        for future in chance.sample(futures, len(futures)):
            if chance.random() < 0.5:
                future.set_result(None)
            else:
                future.set_exception(ValueError("no picture"))

    thread = threading.Thread(target=settle)
    thread.start()
    shards = list(in_shards(range(count), lambda n: futures[2 * n : 2 * n + 2], size=7))
    thread.join()
    assert sorted(chain.from_iterable(shards)) == list(range(count))


def test_a_slow_one_is_overtaken() -> None:
    slow: Future[None] = Future()
    shards = in_shards(range(9), lambda n: [slow] if n == 0 else [], size=4)
    assert [next(shards), next(shards)] == [[1, 2, 3, 4], [5, 6, 7, 8]]
    slow.set_result(None)
    assert list(shards) == [[0]]


def test_a_shard_does_not_wait_for_the_slow_until_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "_LINGER_S", 0.05)
    slow: Future[None] = Future()
    shards = in_shards(range(5), lambda n: [slow] if n == 0 else [], size=100)
    assert next(shards) == [1, 2, 3, 4]
    slow.set_result(None)
    assert next(shards) == [0]


def test_no_more_is_under_way_than_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "_WINDOW", 10)
    begun: list[Future[None]] = []

    def begin(n: int) -> list[Future[None]]:
        begun.append(Future())
        return [begun[-1]]

    shards = in_shards(range(100), begin, size=5)
    reading = threading.Thread(target=lambda: found.append(next(shards)))
    found: list[list[int]] = []
    reading.start()
    deadline = time.monotonic() + 10
    while len(begun) < 10 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(begun) == 10
    for future in begun[5:10]:
        future.set_result(None)
    reading.join()
    assert found == [[5, 6, 7, 8, 9]]
    shards.close()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("slow_every_s", "late"), [(0.02, False), (0.5, True), (1000, True)])
def test_what_comes_far_slower_than_the_rest_is_late(slow_every_s: float, late: bool) -> None:
    clock = Clock()
    waiting = Arrivals[int](clock)
    futures: list[Future[None]] = [Future() for _ in range(600)]
    for n, future in enumerate(futures):
        waiting.add(n, [future])
    for at in range(500):  # a hundred in a second
        clock.now += 0.01
        assert not waiting.are_late()
        futures[at].set_result(None)
        waiting.take(10)
    for at in range(500, 540):
        clock.now += slow_every_s
        futures[at].set_result(None)
        waiting.take(10)
    assert waiting.are_late() is late


def test_while_less_than_half_is_there_nothing_is_late() -> None:
    clock = Clock()
    waiting = Arrivals[int](clock)
    for n in range(10):
        waiting.add(n, [] if n < 4 else [Future()])
    waiting.take(10)
    clock.now += 1000
    assert not waiting.are_late()
