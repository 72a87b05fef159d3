"""The pool and the answers kept: nobody waits for nothing, and nothing is forgotten or mixed up."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator

import pytest

from lookalike.errors import Busy, TookTooLong
from lookalike.serve.work import Answers, Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(threads=2, patience_s=1, waiting=3, time_limit_s=5)
    yield made
    made.close()


def test_what_work_returns_or_raises_comes_back(pool: Pool) -> None:
    def raises() -> None:
        raise TimeoutError("its own")

    assert asyncio.run(pool.run(lambda: 7)) == 7
    with pytest.raises(TimeoutError, match="its own"):
        asyncio.run(pool.run(raises))
    assert pool.under_way == 0


def test_a_full_queue_refuses_at_once_and_serves_those_it_let_in(pool: Pool) -> None:
    gate = threading.Event()

    async def ask() -> tuple[list[object], float]:
        asked = [asyncio.create_task(pool.run(lambda n=n: gate.wait(5) and n)) for n in range(5)]
        await asyncio.sleep(0)
        began = time.monotonic()
        with pytest.raises(Busy) as refused:
            await pool.run(lambda: None)
        took_s = time.monotonic() - began
        assert refused.value.retry_after_s >= 1
        assert pool.waiting == 3
        gate.set()
        return await asyncio.gather(*asked), took_s

    answers, took_s = asyncio.run(ask())
    assert answers == [0, 1, 2, 3, 4]
    assert took_s < 0.05
    assert (pool.refused, pool.under_way) == (1, 0)


def test_a_full_pool_says_so_before_any_work_is_made(pool: Pool) -> None:
    gate = threading.Event()

    async def ask() -> None:
        pool.refuse_if_full()
        asked = [asyncio.create_task(pool.run(lambda: gate.wait(5))) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            pool.refuse_if_full()
        gate.set()
        await asyncio.gather(*asked)
        pool.refuse_if_full()

    asyncio.run(ask())
    assert pool.refused == 1


def test_a_rush_is_waited_out_and_a_queue_that_stands_is_kept_short() -> None:
    now, turns = [0.0], threading.Semaphore(0)
    pool = Pool(threads=1, patience_s=0.25, standing_s=0.02, waiting=1000, clock=lambda: now[0])
    asked: list[asyncio.Task[bool]] = []

    async def ask() -> bool:
        """Whether one more is let in, of work that is known to take 10 ms."""
        pool._recent.setdefault("", deque(maxlen=32)).extend([0.01] * 32)
        one = asyncio.create_task(pool.run(lambda: turns.acquire(timeout=5)))
        await asyncio.sleep(0)
        if one.done():
            with pytest.raises(Busy):
                one.result()
            return False
        asked.append(one)
        return True

    async def finish(count: int) -> None:
        turns.release(count)
        await asyncio.gather(*asked[:count])
        del asked[:count]

    async def story() -> None:
        while await ask():
            pass
        assert 24 <= pool.under_way <= 27  # a rush: a quarter of a second's worth
        await finish(pool.under_way - 8)
        assert await ask()  # it was full for a moment only
        now[0] = 0.5
        while await ask():
            pass  # full, and no thread was free for half a second: it stands
        await finish(pool.under_way - 8)
        assert not await ask()
        await finish(pool.under_way - 2)
        assert await ask()  # what can begin soon
        assert not await ask()
        now[0] = 1.1  # as many were refused as let in: it still stands
        await finish(1)
        assert await ask()
        assert not await ask()
        for _ in range(8):
            await finish(1)
            assert await ask()
        now[0] = 1.7  # few were refused
        for _ in range(8):
            assert await ask()
        await finish(pool.under_way)

    asyncio.run(story())
    pool.close()


def test_slow_work_fills_the_queue_sooner_than_quick_work() -> None:
    pool = Pool(threads=1, patience_s=0.5, waiting=1000)

    async def let_in(kind: str, takes_s: float) -> int:
        await pool.run(lambda: time.sleep(takes_s), kind=kind)
        gate, asked = threading.Event(), []
        for _ in range(50):
            asked.append(asyncio.create_task(pool.run(lambda: gate.wait(5), kind=kind)))
            await asyncio.sleep(0)
        gate.set()
        return sum(not isinstance(a, Busy) for a in await asyncio.gather(*asked, return_exceptions=True))

    assert asyncio.run(let_in("slow", 0.6)) == 1
    assert asyncio.run(let_in("quick", 0.0)) > 25
    pool.close()


def test_of_work_that_was_never_done_only_a_little_is_let_in() -> None:
    pool, gate = Pool(threads=2, patience_s=0.1, waiting=1000), threading.Event()

    async def let_in() -> int:
        asked = []
        for _ in range(50):
            asked.append(asyncio.create_task(pool.run(lambda: gate.wait(5), kind="never done")))
            await asyncio.sleep(0)
        gate.set()
        return sum(not isinstance(a, Busy) for a in await asyncio.gather(*asked, return_exceptions=True))

    assert 2 < asyncio.run(let_in()) < 10
    pool.close()


def test_what_is_late_is_told_so_and_what_waits_behind_it_is_never_begun() -> None:
    pool, begun = Pool(threads=1, patience_s=10), []
    gate = threading.Event()

    async def ask() -> None:
        running = asyncio.create_task(pool.run(lambda: gate.wait(5)))
        await asyncio.sleep(0.01)
        with pytest.raises(TookTooLong, match=r"not answered within 0\.05 s"):
            await pool.run(lambda: begun.append(1), time_limit_s=0.05)
        gate.set()
        await running

    asyncio.run(ask())
    pool.close()
    assert begun == []
    assert pool.under_way == 0


def test_the_loop_goes_on_while_work_runs(pool: Pool) -> None:
    async def ask() -> int:
        ticks = 0
        running = asyncio.create_task(pool.run(lambda: time.sleep(0.2)))
        while not running.done():
            await asyncio.sleep(0.005)
            ticks += 1
        return ticks

    assert asyncio.run(ask()) >= 5


def test_a_pool_that_is_closed_says_that_the_server_stops(pool: Pool) -> None:
    pool.close()
    with pytest.raises(Busy, match="stopping"):
        asyncio.run(pool.run(lambda: None))
    assert pool.under_way == 0


def test_an_answer_is_made_once_and_the_oldest_go() -> None:
    answers, made = Answers(most=2), []
    for asked in ("a", "a", "b", "a", "c", "b"):
        assert answers.of(asked, lambda asked=asked: made.append(asked) or asked.upper()) == asked.upper()
    assert made == ["a", "b", "c", "b"]
    assert (answers.hits, answers.misses) == (2, 4)


def test_what_fails_is_tried_again() -> None:
    answers = Answers()
    with pytest.raises(ZeroDivisionError):
        answers.of("a", lambda: 1 // 0)
    assert answers.of("a", lambda: 2) == 2
