"""Pictures to train on: read once from files or addresses, kept small, in one file that memory need not hold."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
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

Change = Callable[[Pixels], Pixels]


class Pictures(Sequence[Pixels]):
    """Pictures one after the other in a temporary file, which lies in memory as far as there is room."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="lookalike-pictures-")  # noqa: SIM115 - it lives as long as this
        self._places: list[tuple[int, tuple[int, int]]] = []  # where each begins, and its height and width
        self._size = 0
        self._bytes: np.memmap[tuple[int], np.dtype[np.uint8]] | None = None

    def add(self, pixels: Pixels) -> None:
        height, width = pixels.shape[:2]
        self._file.seek(self._size)
        self._file.write(np.ascontiguousarray(pixels).tobytes())
        self._places.append((self._size, (height, width)))
        self._size += pixels.nbytes
        self._bytes = None

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Pixels: ...
    @overload
    def __getitem__(self, at: slice) -> list[Pixels]: ...
    def __getitem__(self, at: int | slice) -> Pixels | list[Pixels]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        start, (height, width) = self._places[at]
        if self._bytes is None:
            self._file.flush()
            self._bytes = np.memmap(self._file, np.uint8, "r", shape=(self._size,))
        flat = self._bytes[start : start + height * width * 3]
        return np.asarray(flat).reshape(height, width, 3)

    def chosen(self, places: Sequence[int]) -> Pictures:
        """Some of these pictures, in the order of their places; they lie in the same file."""
        some = Pictures.__new__(Pictures)
        some._file, some._size, some._bytes = self._file, self._size, self._bytes
        some._places = [self._places[at] for at in places]
        return some


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
