"""From the names of pictures to their vectors: each distinct picture is read, decoded and embedded once a run.

Pictures are read ahead while the ones before are embedded; only vectors are kept, so memory does not grow with
the number or the size of pictures.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from lookalike.errors import FetchError, PictureError
from lookalike.indexing.arrivals import Arrivals
from lookalike.media.caching import key_of
from lookalike.media.decoding import Decode, decode
from lookalike.media.fetching import Fetcher, is_url, read_bytes
from lookalike.models.encoder import Encoder
from lookalike.types import Pixels, Vector, Vectors

if TYPE_CHECKING:
    from lookalike.media.web import Fetched

_T = TypeVar("_T")
_LOOK_S = 0.25  # between two looks at what has come
_CHUNK = 96  # pictures decoded ahead and embedded together
_REMEMBERED = 8_192  # pictures whose vectors are kept for the next product that shows them


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a picture: in words for the report, and by host and reason to be counted."""

    words: str
    host: str = ""  # empty for a file
    reason: str = ""

    @classmethod
    def of(cls, picture: str, error: PictureError) -> Fault:
        words = str(error)
        if isinstance(error, FetchError):
            return cls(words, error.host, error.reason)
        named = words if picture in words else f"{words} ({picture})"
        if not is_url(picture):
            return cls(named)
        return cls(named, urlsplit(picture).netloc.rpartition("@")[2], words.partition(":")[0].partition(";")[0])


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A picture as it was found: its key and its canvas, or what is wrong with it."""

    picture: str
    key: str = ""
    canvas: Pixels | None = None
    fault: Fault | None = None


class PictureReader:
    """Reads pictures, several at a time; what comes from URLs is fetched ahead and taken as it comes."""

    def __init__(self, encoder: Encoder, fetcher: Fetcher, *, workers: int, decode: Decode = decode) -> None:
        self._encoder = encoder
        self._decode = decode
        self._fetcher = fetcher
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="pictures")
        self._lock = threading.Lock()
        self._coming: dict[str, Future[Fetched]] = {}
        self._users: Counter[str] = Counter()

    def begin(self, pictures: Iterable[str]) -> list[Future[Fetched]]:
        """Start to fetch the URLs among them. What comes is kept until `release` was called as often."""
        futures = []
        with self._lock:
            for picture in filter(is_url, pictures):
                if picture not in self._coming:
                    self._coming[picture] = self._fetcher.submit(picture)
                self._users[picture] += 1
                futures.append(self._coming[picture])
        return futures

    def release(self, pictures: Iterable[str]) -> None:
        """What was begun for these is no longer needed."""
        with self._lock:
            for picture in filter(self._coming.__contains__, pictures):
                self._users[picture] -= 1
                if not self._users[picture]:
                    del self._users[picture]
                    self._coming.pop(picture).add_done_callback(self._let_go)

    def load(self, pictures: Sequence[str], *, leave_late: bool = False) -> Iterator[list[Loaded]]:
        """Chunks of loaded pictures, one chunk decoded ahead of the one being used; files in order.

        leave_late: leave out what comes far slower than the rest.
        """
        arrivals: Arrivals[str] = Arrivals()
        for picture in pictures:
            arrivals.add(picture, self.begin([picture]))
        ahead: deque[list[Future[Loaded]]] = deque()
        while ahead or (arrivals.waiting and not (leave_late and arrivals.are_late())):
            names = arrivals.take(_CHUNK, wait_s=0 if ahead else _LOOK_S)
            if names:
                ahead.append([self._pool.submit(self._load, name) for name in names])
            if len(ahead) > 1 or (ahead and not names):
                yield [future.result() for future in ahead.popleft()]
        self.release(pictures)

    def keys(self, pictures: Sequence[str]) -> tuple[dict[str, str], dict[str, Fault]]:
        """The key of each picture by its name, without decoding; empty for one that cannot be read.

        Apart from these, the faults of those that could not be asked for now, and may well be as they were.
        """
        self.begin(pictures)
        keys: dict[str, str] = {}
        unknown: dict[str, Fault] = {}
        for picture, found in zip(pictures, self._pool.map(self._key, pictures), strict=True):
            if isinstance(found, Fault):
                unknown[picture] = found
            else:
                keys[picture] = found
        self.release(pictures)
        return keys, unknown

    def keys_of_fetched(self, pictures: Iterable[str]) -> dict[str, str]:
        """The keys of those that were begun and are here."""
        here = {p: coming for p in pictures if (coming := self._coming.get(p)) is not None and coming.done()}
        return {p: coming.result().key for p, coming in here.items() if coming.exception() is None}

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _load(self, picture: str) -> Loaded:
        try:
            content = self._content(picture)
            pixels = self._decode(content, at_least=self._encoder.at_least)
            return Loaded(picture, key_of(content), self._encoder.canvas(pixels))
        except PictureError as error:
            return Loaded(picture, fault=Fault.of(picture, error))

    def _content(self, picture: str) -> bytes:
        coming = self._coming.get(picture)
        if coming is None:
            return read_bytes(picture, fetcher=self._fetcher)
        return self._fetcher.content(coming.result())

    def _key(self, picture: str) -> str | Fault:
        try:
            coming = self._coming.get(picture)
            if coming is not None:
                return coming.result().key
            return key_of(read_bytes(picture, fetcher=self._fetcher))
        except FetchError as error:
            return Fault.of(picture, error) if error.passing else ""
        except PictureError:
            return ""

    def _let_go(self, future: Future[Fetched]) -> None:
        if not future.cancelled() and future.exception() is None:
            self._fetcher.release(future.result())


class Memory:
    """What a run knows of pictures: those it began with for good, of the others the latest."""

    def __init__(
        self,
        begun_with: Iterable[tuple[str, str, dict[str, Vector]]] = (),
        faults: Mapping[str, Fault] | None = None,
    ) -> None:
        self.faults = faults or {}  # what is wrong with those that were tried and cannot be used
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
