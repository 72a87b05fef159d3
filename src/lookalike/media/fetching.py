"""The door to pictures and model files behind URLs: guarded, patient, polite, and remembering.

A URL in a catalogue or a query is somebody else's word. Only http and https are spoken; where a connection may go
is decided for each one as it is made, and so at every redirect (`addresses.py`); how much and how long a host is
asked has limits (`hosts.py`); what was fetched before is asked for again only if it changed (`caching.py`).

Callers see plain calls and futures. Behind them one thread runs an event loop (`web.py`), so that hundreds of
pictures are under way at once and a slow host holds up nobody but itself.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections.abc import Callable, Collection
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.errors import FetchError, PictureError
from lookalike.media.addresses import Guard, Resolver, look_up
from lookalike.media.caching import PictureCache
from lookalike.media.decoding import Limits
from lookalike.media.hosts import Manners

if TYPE_CHECKING:
    from lookalike.media.web import Fetched, WebThread


def is_url(picture: str) -> bool:
    return picture.lower().startswith(("http://", "https://"))


class Fetcher:
    """Gets the bytes behind URLs, safely, within limits of size and time. Safe to share between threads.

    timeout_s: for one attempt at one picture; `manners` has the finer settings. cache: where pictures are kept
    from run to run; None keeps none. resolve: what looks up the addresses of a host.
    """

    def __init__(
        self,
        *,
        allow_hosts: Collection[str] = (),
        timeout_s: float = Manners.total_s,
        max_bytes: int = Limits().max_bytes,
        manners: Manners | None = None,
        cache: PictureCache | None = None,
        resolve: Resolver = look_up,
    ) -> None:
        self._manners = manners or Manners.within(timeout_s)
        self._guard = Guard(allow_hosts, resolve=resolve)
        self._max_bytes = max_bytes
        self._cache = cache
        self._lock = threading.Lock()
        self._thread: WebThread | None = None
        self._under_way: dict[str, Future[Fetched]] = {}

    def submit(self, url: str) -> Future[Fetched]:
        """Begin to fetch, or to find unchanged, what is behind `url`; the future fails with `FetchError`.

        Whoever has used the result says so with `release`.
        """
        thread = self._started()
        with self._lock:
            future = self._under_way.get(url)
            if future is None:
                future = self._under_way[url] = thread.start(thread.web.fetch(url))
                future.add_done_callback(lambda _: self._under_way.pop(url, None))
            return future

    def content(self, fetched: Fetched) -> bytes:
        """The bytes, from wherever they are; fetched anew if the cache has let them go."""
        if fetched.content is not None:
            return fetched.content
        kept = self._cache.body(fetched.key) if self._cache else None
        return kept if kept is not None else self._whole(fetched.url)

    def release(self, fetched: Fetched) -> None:
        """The bytes are no longer needed, so that there is room for others."""
        if fetched.content is not None:
            self._started().web.make_room(len(fetched.content))

    def get(self, url: str) -> bytes:
        """The body behind `url`. Raises `FetchError` that names the URL and what went wrong."""
        thread = self._started()
        fetched = thread.start(thread.web.fetch(url, at_once=True)).result()
        self.release(fetched)
        return self.content(fetched)

    def download(
        self, url: str, path: Path, *, sha256: str = "", progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Save the body at `path`, whole or not at all, and only when its SHA-256 is the given one."""
        from lookalike.media.web import Saved

        path.parent.mkdir(parents=True, exist_ok=True)
        thread = self._started()
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
            try:
                body = Saved(part, progress)
                thread.start(thread.web.save(url, body)).result()
                if sha256 and body.sha256 != sha256:
                    raise FetchError(f"{url} has SHA-256 {body.sha256}, not {sha256}: it is not kept")
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).replace(path)
            finally:
                Path(part.name).unlink(missing_ok=True)

    def close(self) -> None:
        """Break off what is under way and close the connections. A fetcher that is used again opens again."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def _whole(self, url: str) -> bytes:
        thread = self._started()
        fetched = thread.start(thread.web.fetch(url, at_once=True, whole=True)).result()
        self.release(fetched)
        assert fetched.content is not None
        return fetched.content

    def _started(self) -> WebThread:
        with self._lock:
            if self._thread is None:
                from lookalike.media.web import Web, WebThread  # with its library, when something is fetched

                self._thread = WebThread(Web(self._guard, self._manners, self._max_bytes, self._cache))
                weakref.finalize(self, self._thread.stop)
            return self._thread


def read_bytes(picture: str, *, fetcher: Fetcher, limits: Limits | None = None) -> bytes:
    """The bytes of a picture, from a URL or a path. Raises `PictureError` that names it."""
    if is_url(picture):
        return fetcher.get(picture)
    if "://" in picture:
        raise PictureError(f"{picture!r} is neither a file nor an http address")
    limits = limits or Limits()
    try:
        with Path(picture).open("rb") as file:
            data = file.read(limits.max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PictureError(f"cannot read the picture {picture}: {reason}") from error
    if len(data) > limits.max_bytes:
        raise PictureError(f"the picture {picture} has over {limits.max_bytes:,} bytes")
    return data
