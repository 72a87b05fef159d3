"""A slow or dead host costs its own pictures and a few seconds; one that stumbles is given time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from lookalike.errors import FetchError
from lookalike.media.fetching import Fetcher
from lookalike.media.hosts import Manners, retry_after
from lookalike.testing.web import PictureHost, Served

QUICK = Manners(
    connect_s=0.3, read_s=0.3, total_s=2, backoff_s=0.01, rest_s=0.05, longest_rest_s=0.2, give_up_s=0.2
)


def picture(path: str) -> bytes:
    return path.encode() * 10


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    made = Fetcher(allow_hosts=["127.0.0.1"], manners=QUICK)
    yield made
    made.close()


def fault(future: Future[object]) -> str:
    error = future.exception()
    assert isinstance(error, FetchError)
    return error.reason


def test_a_host_is_asked_for_so_many_pictures_at_once_and_no_more(fetcher: Fetcher) -> None:
    with PictureHost(picture, manner="slow", delay_s=0.02) as host:
        futures = [fetcher.submit(f"{host.url}/{n}") for n in range(60)]
        assert [fetcher.content(f.result()) for f in futures] == [picture(f"/{n}") for n in range(60)]
        assert host.most_at_once == QUICK.at_once
        assert host.connections == QUICK.at_once  # kept open and used again
        fetcher.close()


def test_a_picture_that_is_under_way_is_not_asked_for_twice(fetcher: Fetcher) -> None:
    with PictureHost(picture, manner="slow", delay_s=0.05) as host:
        for future in [fetcher.submit(f"{host.url}/same") for _ in range(10)]:
            assert fetcher.content(future.result()) == picture("/same")
        assert host.paths["/same"] == 1
        fetcher.close()


def test_the_good_are_not_held_up_by_the_hanging_and_the_slow(fetcher: Fetcher) -> None:
    """Nothing is timed against the wall: when the good are done, the bad are still at it."""
    with (
        PictureHost(picture) as good,
        PictureHost(picture, manner="slow", delay_s=0.25) as slow,
        PictureHost(picture, manner="hanging") as hanging,
    ):
        bad = [fetcher.submit(f"{host.url}/{n}") for n in range(40) for host in (slow, hanging)]
        fine = [fetcher.submit(f"{good.url}/{n}") for n in range(40)]
        done, late = wait(fine, timeout=60)
        assert not late
        assert sum(f.done() for f in bad) < 40
        assert all(f.exception() is None for f in done)
        wait(bad)
        assert fault(bad[1]) == "sent nothing for 0.3 s"
        assert all(f.exception() is None for f in bad[::2])
        assert sum(hanging.paths.values()) < 40  # the host was given up before all had been asked for
        assert any("left alone: it sent nothing" in fault(f) for f in bad[1::2])
        fetcher.close()


def test_a_host_that_stumbles_is_asked_again(fetcher: Fetcher) -> None:
    with PictureHost(picture, manner="stumbling") as host:
        futures = [fetcher.submit(f"{host.url}/{n}") for n in range(60)]
        wait(futures)
        fine = [f for f in futures if f.exception() is None]
        assert len(fine) > 50  # a picture fails when three tries in a row hit a third request
        assert host.statuses[503] >= 20
        fetcher.close()


def test_a_host_that_comes_back_is_used_again(fetcher: Fetcher) -> None:
    with PictureHost(picture, manner="hanging") as host:
        dead = [fetcher.submit(f"{host.url}/dead/{n}") for n in range(30)]
        wait(dead)
        assert all(f.exception() for f in dead)
        host.manner = "good"
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                assert fetcher.get(f"{host.url}/alive") == picture("/alive")
                break
            except FetchError as error:
                assert "left alone" in error.reason
                assert error.passing
                time.sleep(0.05)
        futures = [fetcher.submit(f"{host.url}/{n}") for n in range(30)]
        assert all(f.exception() is None for f in futures)
        fetcher.close()


def test_what_will_not_change_is_not_asked_for_again(fetcher: Fetcher) -> None:
    with PictureHost(lambda path: None) as host:
        with pytest.raises(FetchError, match="answered 404") as caught:
            fetcher.get(f"{host.url}/gone")
        assert not caught.value.passing
        assert (caught.value.host, caught.value.reason) == (f"127.0.0.1:{host.port}", "answered 404 Not Found")
        assert host.paths["/gone"] == 1
        fetcher.close()


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_asks_for_a_pause_gets_it(fetcher: Fetcher, status: int) -> None:
    asked: list[float] = []

    def first_a_pause(path: str, headers: dict[str, str]) -> Served | None:
        asked.append(time.monotonic())
        return (status, {"Retry-After": "1"}, b"") if len(asked) == 1 else None

    with PictureHost(picture, answer=first_a_pause) as host:
        assert fetcher.get(f"{host.url}/a") == picture("/a")
        assert asked[1] - asked[0] > 0.9
        fetcher.close()


def test_a_host_that_wants_to_be_left_alone_for_long_is(fetcher: Fetcher) -> None:
    with PictureHost(picture, answer=lambda path, headers: (503, {"Retry-After": "3600"}, b"")) as host:
        with pytest.raises(FetchError, match="answered 503"):
            fetcher.get(f"{host.url}/a")
        with pytest.raises(FetchError, match="left alone: it asks to be left alone for 3,600 s"):
            fetcher.get(f"{host.url}/b")
        assert sum(host.paths.values()) == 1
        fetcher.close()


def test_a_pause_may_be_asked_for_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < retry_after(later) <= 90
    assert retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0
    assert retry_after("") == retry_after("\u0663\u0663x") == retry_after("Thu, 99 Jan 99999") == 0


def test_each_further_try_waits_longer_and_no_two_alike() -> None:
    waits = [[Manners().backoff(n) for _ in range(200)] for n in (1, 2, 3)]
    for n, some in enumerate(waits):
        assert 0.25 * 2**n <= min(some) < max(some) <= 0.75 * 2**n
        assert len(set(some)) > 100
