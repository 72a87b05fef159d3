"""Pictures of strangers are decoded in a process of its own: what breaks a decoder breaks nothing else.

A child may use so much memory and so much time, writes no file, and hears nothing but the bytes of pictures. One
that dies is replaced at the next picture; the picture that it died of is a `PictureError` like any other.
"""

from __future__ import annotations

import os
import resource
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import Empty, LifoQueue

import numpy as np

from lookalike.errors import PictureError
from lookalike.media.decoding import Limits, decode
from lookalike.types import Pixels

FROM_STRANGERS = Limits(max_bytes=20_000_000, max_pixels=40_000_000, max_side=20_000)
MEMORY_BYTES = 2 << 30  # of addresses: 40 megapixels in Pillow's widest mode, three times, and the libraries
TIME_LIMIT_S = 10.0
_SOON_S = 0.1  # some ten times what decoding a picture takes
_TIRED_BYTES = 192 << 20  # a child that has held so much gives it back by ending
_ASKED = struct.Struct("<Q")  # the longer side that is needed; 0: all of it
_PIXELS = struct.Struct("<BQQQ")  # 1, height, width, the most bytes that the child has held
_FAULT = b"\0"  # and the words
_KEPT_FROM_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG")


class Strangers:
    """Decodes bytes of unknown origin. Safe to share between threads: so many at once as there are children."""

    def __init__(
        self,
        children: int | None = None,
        *,
        limits: Limits = FROM_STRANGERS,
        memory_bytes: int = MEMORY_BYTES,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        """children: at most; as many as cores if none. One more is started where a picture would wait long."""
        self.limits = limits
        self._memory_bytes = memory_bytes
        self._time_limit_s = time_limit_s
        self._idle: LifoQueue[_Child | None] = LifoQueue()
        self._idle.put(None)  # a place whose child is not running
        self._guard = threading.Lock()
        self._places = 1
        self._most = children or len(os.sched_getaffinity(0))

    def decode(self, data: bytes, *, at_least: int | None = None) -> Pixels:
        """What `media.decoding.decode` gives. Raises `PictureError`, also where the child was lost."""
        if len(data) > self.limits.max_bytes:
            raise PictureError(
                f"the picture has {len(data):,} bytes: at most {self.limits.max_bytes:,} are accepted"
            )
        child = self._place()
        try:
            child = child or _Child(self.limits, self._memory_bytes)
            return child.decode(data, at_least, self._time_limit_s)
        finally:
            if child and child.is_tired:
                child.end()
                child = None
            self._idle.put(child)

    def _place(self) -> _Child | None:
        """A child that does nothing, or None for one that may be started: a further one if none is free soon."""
        with suppress(Empty):
            return self._idle.get(timeout=_SOON_S)
        with self._guard:
            is_further = self._places < self._most
            self._places += is_further
        return None if is_further else self._idle.get()

    def warm_up(self) -> None:
        """Start one child, so that the first picture need not wait for it."""
        child = self._idle.get()
        try:
            child = child or _Child(self.limits, self._memory_bytes)
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """End the children. What is being decoded is waited for."""
        with self._guard:
            self._most = self._places
        for child in [self._idle.get() for _ in range(self._places)]:
            if child:
                child.end()
            self._idle.put(None)


class _Child:
    """The other process and the line to it. For one thread at a time."""

    def __init__(self, limits: Limits, memory_bytes: int) -> None:
        self._line, theirs = Pipe()
        self.is_tired = False
        numbers = (theirs.fileno(), memory_bytes, limits.max_bytes, limits.max_pixels, limits.max_side)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "lookalike.serve.strangers", *map(str, numbers)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _KEPT_FROM_ENVIRONMENT if name in os.environ},
                start_new_session=True,  # Ctrl-C is for the server, which lets running requests finish
            )

    def decode(self, data: bytes, at_least: int | None, time_limit_s: float) -> Pixels:
        late = threading.Event()

        def is_late() -> None:
            late.set()
            self._process.kill()

        watch = threading.Timer(time_limit_s, is_late)
        watch.start()
        try:
            self._line.send_bytes(_ASKED.pack(at_least or 0) + data)
            said = self._line.recv_bytes()
        except (EOFError, OSError) as error:
            self.is_tired = True
            why = f"takes longer than {time_limit_s:g} s" if late.is_set() else "broke its decoder"
            raise PictureError(f"the picture {why}: send it as a plain JPEG or PNG") from error
        finally:
            watch.cancel()
        if said[:1] == _FAULT:
            raise PictureError(said[1:].decode("utf-8", "replace"))
        _, height, width, held = _PIXELS.unpack_from(said)
        self.is_tired = held > _TIRED_BYTES
        return np.frombuffer(said, np.uint8, offset=_PIXELS.size).reshape(height, width, 3)

    def end(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()


def _answer(asked: bytes, limits: Limits) -> bytes:
    (at_least,) = _ASKED.unpack_from(asked)
    try:
        pixels = decode(asked[_ASKED.size :], at_least=at_least or None, limits=limits)
    except PictureError as error:
        if isinstance(error.__cause__, MemoryError):
            return _FAULT + b"the picture needs more memory than one may have: send it smaller"
        return _FAULT + str(error).encode()
    except MemoryError:
        return _FAULT + b"the picture needs more memory than one may have: send it smaller"
    return _PIXELS.pack(1, *pixels.shape[:2], _most_held()) + pixels.tobytes()


def _most_held() -> int:
    """Bytes that this process has held at the most. Linux begins `ru_maxrss` with what the parent held."""
    try:
        with Path("/proc/self/status").open("rb") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(b"VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(number: int, memory_bytes: int, *limits: int) -> None:
    """The child: answers until the line is closed."""
    for limit, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    with Connection(number) as line:
        while True:
            try:
                asked = line.recv_bytes()
            except EOFError:
                return
            line.send_bytes(_answer(asked, Limits(*limits)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
