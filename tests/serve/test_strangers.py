"""Strangers' pictures: whatever they do, they do it to a child."""

from __future__ import annotations

import io
import os
import signal
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from test_hostile_pictures import REFUSED, png

from lookalike.errors import PictureError
from lookalike.media.decoding import Limits, decode
from lookalike.serve.strangers import Strangers


def saved(width: int = 60, height: int = 40, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, kind)
    return file.getvalue()


def black(width: int, height: int) -> bytes:
    """A PNG of one bit a pixel: few bytes, much memory."""
    return png(width, height, zlib.compress(bytes((width + 7) // 8 + 1) * height, 1), bits=1, colour=0)


@pytest.fixture(scope="module")
def strangers() -> Iterator[Strangers]:
    made = Strangers(1, time_limit_s=60)
    yield made
    made.close()


def child_of(strangers: Strangers) -> int:
    """The process that will decode the next picture."""
    strangers.warm_up()
    child = strangers._idle.get()
    strangers._idle.put(child)
    assert child is not None
    return child._process.pid


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_what_it_would_be_here(strangers: Strangers, kind: str) -> None:
    data = saved(1200, 800, kind)
    for at_least in (None, 300):
        np.testing.assert_array_equal(strangers.decode(data, at_least=at_least), decode(data, at_least=at_least))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_one_clear_line_and_the_child_lives(strangers: Strangers, name: str) -> None:
    child = child_of(strangers)
    with pytest.raises(PictureError) as refused:
        strangers.decode(REFUSED[name]())
    assert "\n" not in str(refused.value)
    assert "broke its decoder" not in str(refused.value)
    assert child_of(strangers) == child


def test_a_child_that_dies_is_told_of_and_replaced(strangers: Strangers) -> None:
    os.kill(child_of(strangers), signal.SIGKILL)
    with pytest.raises(PictureError, match="broke its decoder"):
        strangers.decode(saved())
    assert strangers.decode(saved()).shape == (40, 60, 3)


def test_what_takes_too_long_is_stopped() -> None:
    strangers = Strangers(1, time_limit_s=0.3)
    os.kill(child_of(strangers), signal.SIGSTOP)
    with pytest.raises(PictureError, match=r"takes longer than 0\.3 s"):
        strangers.decode(saved())
    strangers.close()


def test_what_needs_too_much_memory_gets_none_of_ours() -> None:
    strangers = Strangers(1, memory_bytes=700 << 20, time_limit_s=60, limits=Limits(max_pixels=400_000_000))
    with pytest.raises(PictureError, match=r"needs more memory|broke its decoder"):
        strangers.decode(black(13_000, 13_000), at_least=300)
    assert strangers.decode(saved()).shape == (40, 60, 3)
    strangers.close()


def test_a_child_that_held_much_is_let_go(strangers: Strangers) -> None:
    child = child_of(strangers)
    strangers.decode(black(9900, 4000), at_least=300)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_child_is_kept_however_much_the_server_holds() -> None:
    held = np.ones(300_000_000, np.uint8)
    strangers = Strangers(1, time_limit_s=60)
    child = child_of(strangers)
    for _ in range(2):
        strangers.decode(saved())
    assert child_of(strangers) == child
    strangers.close()
    assert held.all()


def test_more_bytes_than_are_taken_are_not_sent() -> None:
    strangers = Strangers(1, limits=Limits(max_bytes=100))
    with pytest.raises(PictureError, match="at most 100 are accepted"):
        strangers.decode(b"\xff" * 101)
    strangers.close()


def test_a_further_child_is_started_only_where_a_picture_would_wait_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strangers = Strangers(2, time_limit_s=60)
    try:
        with monkeypatch.context() as patient, ThreadPoolExecutor(4) as threads:
            patient.setattr("lookalike.serve.strangers._SOON_S", 30.0)
            list(threads.map(strangers.decode, [saved()] * 8))
        assert strangers._places == 1, "small pictures wait for each other"
        busy = strangers._idle.get()  # with one that takes long
        assert strangers.decode(saved()).shape == (40, 60, 3)
        assert strangers._places == 2
        further = strangers._idle.get()
        assert further is not None
        threading.Timer(0.3, lambda: strangers._idle.put(further)).start()
        assert strangers.decode(saved()).shape == (40, 60, 3), "more than two are never started"
        assert strangers._places == 2
        strangers._idle.put(busy)
    finally:
        strangers.close()
    assert all(child is None for child in (strangers._idle.get(), strangers._idle.get()))


def test_a_child_that_cannot_be_started_early_is_started_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(11, "no more processes")

    made = Strangers(1)
    with monkeypatch.context() as patched:
        patched.setattr("lookalike.serve.strangers.subprocess.Popen", refused)
        with pytest.raises(OSError, match="no more processes"):
            made.warm_up()
    assert made.decode(saved(30, 20, "PNG")).shape == (20, 30, 3)
    made.close()
