"""Pictures to train on: read once from files or addresses, kept small, in one file that memory need not hold."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import overload

import numpy as np

from lookalike.errors import PictureError
from lookalike.indexing.fitting import Progress
from lookalike.media.caching import key_of
from lookalike.media.decoding import decode
from lookalike.media.fetching import Fetcher, read_bytes
from lookalike.media.framing import resize
from lookalike.types import Pixels

_READERS = 8  # threads
_TOGETHER = 256  # pictures that are under way at once

_Place = tuple[int, int, int]  # where a picture begins in its file, its height, its width


class Pictures(Sequence[Pixels]):
    """Pictures one after the other in a temporary file, which lies in memory as far as there is room."""

    def __init__(self, file: _File | None = None, places: Iterable[_Place] = ()) -> None:
        self._file = file or _File()
        self._places = list(places)

    def add(self, pixels: Pixels) -> None:
        height, width = pixels.shape[:2]
        self._places.append((self._file.write(np.ascontiguousarray(pixels).tobytes()), height, width))

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Pixels: ...
    @overload
    def __getitem__(self, at: slice) -> list[Pixels]: ...
    def __getitem__(self, at: int | slice) -> Pixels | list[Pixels]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        start, height, width = self._places[at]
        return self._file.read(start, height * width * 3).reshape(height, width, 3)

    def chosen(self, places: Sequence[int]) -> Pictures:
        """Some of these pictures, in the order of their places; they lie in the same file."""
        return Pictures(self._file, [self._places[at] for at in places])


class _File:
    """Bytes behind bytes, in a file without a name that goes with the last who holds it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="lookalike-pictures-")  # noqa: SIM115 - closed just below
        weakref.finalize(self, self._file.close)
        self._size = 0
        self._bytes: Pixels | None = None

    def write(self, content: bytes) -> int:
        """Where it begins."""
        start, self._bytes = self._size, None
        self._file.seek(start)
        self._file.write(content)
        self._size += len(content)
        return start

    def read(self, start: int, length: int) -> Pixels:
        if self._bytes is None:
            self._file.flush()
            self._bytes = np.memmap(self._file, np.uint8, "r", shape=(self._size,))
        return np.asarray(self._bytes[start : start + length])


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """One picture as it was found: the key of its bytes and its pixels, or what is wrong with it."""

    name: str
    key: str = ""
    pixels: Pixels | None = None
    fault: str = ""


def read_pictures(
    names: Sequence[str],
    *,
    longest: int,
    fetcher: Fetcher,
    progress: Progress = lambda stage, done, total: None,
) -> Iterator[Read]:
    """Each picture, in order, its longer side at most `longest` pixels; a faulty one says why."""

    def read(name: str) -> Read:
        try:
            content = read_bytes(name, fetcher=fetcher)
            return Read(name, key_of(content), shrunk(decode(content, at_least=longest), longest))
        except PictureError as error:
            return Read(name, fault=str(error))

    with ThreadPoolExecutor(_READERS, thread_name_prefix="pictures") as pool:
        done = 0
        for at in range(0, len(names), _TOGETHER):
            for found in pool.map(read, names[at : at + _TOGETHER]):
                done += 1
                progress("reading", done, len(names))
                yield found


def shrunk(pixels: Pixels, longest: int) -> Pixels:
    """The picture with its longer side at most so many pixels, its aspect kept."""
    side = max(pixels.shape[:2])
    if side <= longest:
        return np.ascontiguousarray(pixels)
    height, width = (max(1, round(length * longest / side)) for length in pixels.shape[:2])
    return resize(pixels, width, height)
