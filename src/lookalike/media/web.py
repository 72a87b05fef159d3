"""One thread that speaks HTTP for all others: many requests at once, each within its limits.

Connections are kept open and shared by requests where the server speaks HTTP/2. Every one of them, also after a
redirect, is made by `CheckedNetwork`, which connects to nothing but an address that the guard has looked at; the
name stays the name in TLS and in the Host header.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
import zlib
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, Any, Protocol, TypeVar

import httpcore2
import httpx2

from lookalike.errors import FetchError
from lookalike.media.addresses import Guard
from lookalike.media.caching import PictureCache, Validators, key_of
from lookalike.media.hosts import Host, LeftAlone, Manners, retry_after

_T = TypeVar("_T")
_MAX_HOPS = 5
_AGENT = "lookalike (+catalogue picture fetcher)"
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
_ROOM = 256_000_000  # bytes in memory that nobody has released yet, from which nothing further is begun
_NAMES = 16  # hosts that are looked up at the same time
_ADDRESSES = 3  # of one host that are tried


@dataclass(frozen=True, slots=True)
class Fetched:
    """A picture that is here: the key of its bytes, and the bytes unless they lie in the cache."""

    url: str
    key: str
    content: bytes | None = field(default=None, repr=False)


class Body(Protocol):
    """Where an answer's bytes go."""

    def begin(self, total: int) -> None:
        """An answer begins, perhaps again; total: its length in bytes, 0 where the server does not say."""

    def add(self, piece: bytes) -> None: ...


class Held:
    """A body in memory, of so many bytes at most."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.content = bytearray()

    def begin(self, total: int) -> None:
        self.content.clear()
        self._check(total)

    def add(self, piece: bytes) -> None:
        self._check(len(self.content) + len(piece))
        self.content += piece

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise FetchError(f"sends over {self._max_bytes:,} bytes")


class Saved:
    """A body in a file, with its SHA-256."""

    def __init__(self, file: IO[bytes], progress: Callable[[int, int], None] | None) -> None:
        self._file = file
        self._progress = progress or (lambda got, total: None)
        self._digest = hashlib.sha256()
        self._total = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def begin(self, total: int) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._digest, self._total = hashlib.sha256(), total

    def add(self, piece: bytes) -> None:
        try:
            self._file.write(piece)
        except OSError as error:
            raise FetchError(f"cannot be saved: {error.strerror}") from error
        self._digest.update(piece)
        self._progress(self._file.tell(), self._total)


class Unzipped:
    """A body that is sent gzipped though nobody asked for it: unzipped in pieces that never grow large."""

    PIECE = 1 << 20

    def __init__(self, body: Body) -> None:
        self._body = body
        self._zip = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, as the first bytes say

    def begin(self, total: int) -> None:
        self._body.begin(0)

    def add(self, piece: bytes) -> None:
        try:
            while piece:
                self._body.add(self._zip.decompress(piece, self.PIECE))
                piece = self._zip.unconsumed_tail
        except zlib.error as error:
            raise FetchError(f"sends damaged gzip: {error}") from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, without the body."""

    status: int
    headers: dict[str, str]  # names in lower case

    def words(self) -> str:
        known = self.status in HTTPStatus._value2member_map_
        return f"answered {self.status} {HTTPStatus(self.status).phrase if known else ''}".strip()


class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Makes connections to addresses that the guard has looked at, and to no others."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._plain = httpcore2.AnyIOBackend()
        self._names = ThreadPoolExecutor(_NAMES, thread_name_prefix="names")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        looking = asyncio.get_running_loop().run_in_executor(self._names, self._guard.addresses, host, port)
        try:
            addresses = await asyncio.wait_for(looking, timeout)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout from error
        except OSError as error:
            raise httpcore2.ConnectError(f"is not known ({error.strerror or error})") from error
        fault: Exception = httpcore2.ConnectError("has no address")
        for address in addresses[:_ADDRESSES]:
            try:
                return await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                fault = error
        if isinstance(fault, httpcore2.ConnectTimeout):
            raise fault
        raise httpcore2.ConnectError("cannot be connected to") from fault

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def close(self) -> None:
        self._names.shutdown(wait=False, cancel_futures=True)


class Web:
    """What the thread does: fetches, with turns, tries and limits. Its coroutines run in that one thread."""

    def __init__(self, guard: Guard, manners: Manners, max_bytes: int, cache: PictureCache | None) -> None:
        self._manners = manners
        self._max_bytes = max_bytes
        self._cache = cache
        self._network = CheckedNetwork(guard)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpcore2.default_ssl_context(),
            max_connections=None,  # hosts have their limits, and so have all of them together
            max_keepalive_connections=manners.in_all,
            keepalive_expiry=30.0,
            http2=True,
            network_backend=self._network,
        )
        self._hosts: dict[str, Host] = {}
        self._places = asyncio.Semaphore(manners.in_all)
        self._held = 0
        self._lock = threading.Lock()

    async def fetch(self, url: str, *, at_once: bool = False, whole: bool = False) -> Fetched:
        """The picture behind `url`, or the news that it is as it was.

        at_once: even when little memory is left. whole: the bytes, without asking whether they changed.
        """
        while self._held > _ROOM and not at_once:
            await asyncio.sleep(0.05)
        known = None if whole or self._cache is None else await asyncio.to_thread(self._cache.validators, url)
        body = Held(self._max_bytes)
        answer, last = await self._patiently(url, known, body, self._manners.total_s)
        if answer.status == HTTPStatus.NOT_MODIFIED and known is not None:
            return Fetched(url, known.key)
        content = bytes(body.content)
        key = key_of(content)
        if self._cache is not None:
            fresh = Validators(key, last, answer.headers.get("etag", ""), answer.headers.get("last-modified", ""))
            if await asyncio.to_thread(self._cache.keep, url, fresh, content) and not whole:
                return Fetched(url, key)
        self.make_room(-len(content))
        return Fetched(url, key, content)

    async def save(self, url: str, body: Body) -> None:
        """A body of any size: no limit but that something comes all the time."""
        await self._patiently(url, None, body, None)

    def make_room(self, count: int) -> None:
        """So many bytes are held no longer; may be called from any thread."""
        with self._lock:
            self._held -= count

    async def _patiently(
        self, url: str, known: Validators | None, body: Body, total_s: float | None
    ) -> tuple[Answer, str]:
        """The answer to `url` and the address that gave it, after as many tries as there may be."""
        fault: FetchError | None = None
        until = time.monotonic() + self._manners.patience_s
        for tried in range(1, self._manners.tries + 1):
            try:
                return await self._follow(url, known, body, total_s)
            except LeftAlone as error:
                fault = fault or error
                break
            except FetchError as error:
                fault = error
                if not error.passing or time.monotonic() > until:
                    break
            if tried < self._manners.tries:
                await asyncio.sleep(self._manners.backoff(tried))
        raise (fault or FetchError("was not asked for: Manners.tries is 0")).about(url) from fault

    async def _follow(
        self, url: str, known: Validators | None, body: Body, total_s: float | None
    ) -> tuple[Answer, str]:
        at = url
        for _ in range(_MAX_HOPS + 1):
            try:
                target = _parsed(at)
            except FetchError as error:
                raise FetchError(error.reason, hint=f"it leads to {at[:200]!r}" if at != url else "") from error
            answer = await self._ask(target, known if known and known.url == at else None, body, total_s)
            if answer.status not in _REDIRECTS:
                return answer, at
            try:
                at = str(target.join(answer.headers.get("location", "")))
            except httpx2.InvalidURL as error:
                raise FetchError("redirects to an address that is none", host=_name(target)) from error
        raise FetchError(f"redirects more than {_MAX_HOPS} times", host=_name(_parsed(url)))

    async def _ask(
        self, target: httpx2.URL, known: Validators | None, body: Body, total_s: float | None
    ) -> Answer:
        """One question to one host in its turn, and what it says to be counted for or against the host."""
        name = _name(target)
        host = self._hosts.setdefault(name, Host(name, self._manners))
        async with host.turn(), self._places:
            began = time.monotonic()
            try:
                async with asyncio.timeout(total_s):
                    answer = await self._exchange(target, known, body)
            except FetchError as error:  # of the body or the address: the host is not to blame
                host.answered()
                raise FetchError(error.reason, host=error.host or name, hint=error.hint) from error
            except Exception as error:  # whatever the library, and the libraries below it, raise
                fault = self._words(error, total_s)
                host.failed(fault, began=began, silent=True)
                raise FetchError(fault, host=name, passing=True) from error
            if answer.status in _PASSING:
                pause_s = retry_after(answer.headers.get("retry-after", ""))
                host.failed(answer.words(), began=began, silent=False, pause_s=pause_s)
                raise FetchError(answer.words(), host=name, passing=True)
            host.answered()
            expected = {HTTPStatus.OK, *_REDIRECTS} | ({HTTPStatus.NOT_MODIFIED} if known else set())
            if answer.status not in expected:
                raise FetchError(answer.words(), host=name)
            return answer

    async def _exchange(self, target: httpx2.URL, known: Validators | None, body: Body) -> Answer:
        manners = self._manners
        headers = [("Host", _host_header(target)), ("User-Agent", _AGENT), ("Accept", "image/*, */*;q=0.5")]
        headers += [("Accept-Encoding", "identity"), *(known.headers() if known else ())]
        url = httpcore2.URL(
            scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
        )
        timeouts = {"connect": manners.connect_s, "read": manners.read_s, "write": manners.read_s}
        extensions = {"timeout": timeouts, "sni_hostname": target.raw_host.decode("ascii").rstrip(".")}
        async with self._pool.stream("GET", url, headers=headers, extensions=extensions) as response:
            found = {k.decode("ascii").lower(): v.decode("latin-1") for k, v in response.headers}
            answer = Answer(response.status, found)
            if answer.status == HTTPStatus.OK:
                sink = _encoded(body, found.get("content-encoding", ""))
                sink.begin(int(length) if (length := found.get("content-length", "")).isdecimal() else 0)
                async for piece in response.aiter_stream():
                    sink.add(piece)
            return answer

    def _words(self, error: Exception, total_s: float | None) -> str:
        match error:
            case httpcore2.ConnectTimeout():
                return f"did not answer within {self._manners.connect_s:g} s"
            case httpcore2.TimeoutException():
                return f"sent nothing for {self._manners.read_s:g} s"
            case TimeoutError():
                return f"takes over {total_s:g} s"
            case httpcore2.ConnectError():
                return str(error) or "cannot be connected to"
        return f"broke off ({str(error) or type(error).__name__})"

    async def close(self) -> None:
        await self._pool.aclose()
        self._network.close()


class WebThread:
    """The thread and its event loop. It lives until `stop`, or as long as the process."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="web", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self) -> None:
        """Break off what is under way, close the connections, end the thread."""
        if self._loop.is_closed() or threading.current_thread() is self._thread:
            return
        self.start(self._wind_up()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _wind_up(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.web.close()
        await asyncio.get_running_loop().shutdown_default_executor()


def _parsed(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, TypeError) as error:
        raise FetchError(f"the address is not a URL ({' '.join(str(error).split())[:120]})") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise FetchError("only http and https addresses are fetched")
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        raise FetchError(f"the address is not a URL (there is no port {parsed.port})")
    return parsed


def _name(url: httpx2.URL) -> str:
    """The host as it is counted and named: with its port where that is unusual."""
    return f"{url.host}:{url.port}" if url.port else url.host


def _host_header(url: httpx2.URL) -> str:
    return url.netloc.decode("ascii").rpartition("@")[2]


def _encoded(body: Body, encoding: str) -> Body:
    if encoding.strip().lower() in ("", "identity"):
        return body
    if encoding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        return Unzipped(body)
    raise FetchError(f"sends its picture in the encoding {encoding[:40]!r}, which nobody asked for")
