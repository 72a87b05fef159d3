"""From the names of pictures to their vectors: each distinct picture is read, decoded and embedded once a run.

Pictures are read ahead while the ones before are embedded; only vectors are kept, so memory does not grow with
the number or the size of pictures.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from lookalike.errors import PictureError
from lookalike.media.decoding import decode
from lookalike.media.fetching import Fetcher, read_bytes
from lookalike.models.encoder import Encoder
from lookalike.types import Pixels, Vector, Vectors

_T = TypeVar("_T")
_CHUNK = 96  # pictures decoded ahead and embedded together
_REMEMBERED = 8_192  # pictures whose vectors are kept for the next product that shows them


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A picture as it was found: its key and its canvas, or what is wrong with it."""

    picture: str
    key: str = ""
    canvas: Pixels | None = None
    fault: str = ""


def key_of(content: bytes) -> str:
    """The same for the same bytes: 128 bits of BLAKE2b, in hexadecimal."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


class PictureReader:
    """Reads pictures, several at a time."""

    def __init__(self, encoder: Encoder, fetcher: Fetcher, *, workers: int) -> None:
        self._encoder = encoder
        self._fetcher = fetcher
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="pictures")

    def load(self, pictures: Sequence[str]) -> Iterator[list[Loaded]]:
        """Chunks of loaded pictures, in order, one chunk read ahead of the one being used."""
        ahead: deque[list[Future[Loaded]]] = deque()
        for at in range(0, len(pictures), _CHUNK):
            ahead.append([self._pool.submit(self._load, picture) for picture in pictures[at : at + _CHUNK]])
            if len(ahead) > 1:
                yield [future.result() for future in ahead.popleft()]
        while ahead:
            yield [future.result() for future in ahead.popleft()]

    def keys(self, pictures: Sequence[str]) -> dict[str, str]:
        """The key of each picture by its name, without decoding; empty for one that cannot be read."""
        return dict(zip(pictures, self._pool.map(self._key, pictures), strict=True))

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _load(self, picture: str) -> Loaded:
        try:
            content = read_bytes(picture, fetcher=self._fetcher)
            pixels = decode(content, at_least=self._encoder.recipe.canvas)
            return Loaded(picture, key_of(content), self._encoder.canvas(pixels))
        except PictureError as error:
            words = str(error)
            return Loaded(picture, fault=words if picture in words else f"{words} ({picture})")

    def _key(self, picture: str) -> str:
        try:
            return key_of(read_bytes(picture, fetcher=self._fetcher))
        except PictureError:
            return ""


class Memory:
    """What a run knows of pictures: those it began with for good, of the others the latest."""

    def __init__(self, begun_with: Iterable[tuple[str, str, dict[str, Vector]]] = ()) -> None:
        self._first_keys: dict[str, str] = {}  # picture -> key
        self._first_vectors: dict[str, dict[str, Vector]] = {}  # key -> part -> vector
        for picture, key, vectors in begun_with:
            self._first_keys[picture], self._first_vectors[key] = key, vectors
        self._keys: OrderedDict[str, str] = OrderedDict()
        self._vectors: OrderedDict[str, dict[str, Vector]] = OrderedDict()

    def key(self, picture: str) -> str:
        """The key of a picture whose vectors are known; empty for another."""
        key = self._first_keys.get(picture) or self._keys.get(picture, "")
        return key if self.vectors(key) is not None else ""

    def vectors(self, key: str) -> dict[str, Vector] | None:
        return self._first_vectors.get(key) or self._vectors.get(key)

    def keep(self, picture: str, key: str, vectors: dict[str, Vector]) -> None:
        _newest(self._vectors, key, vectors)
        _newest(self._keys, picture, key)

    def __len__(self) -> int:
        """How many pictures it began with."""
        return len(self._first_vectors)


def _newest(table: OrderedDict[str, _T], name: str, value: _T) -> None:
    table[name] = value
    table.move_to_end(name)
    if len(table) > _REMEMBERED:
        table.popitem(last=False)


def split_rows(blocks: dict[str, Vectors]) -> list[dict[str, Vector]]:
    """A matrix for each part as one small table for each row."""
    count = len(next(iter(blocks.values()))) if blocks else 0
    return [{part: rows[at] for part, rows in blocks.items()} for at in range(count)]
