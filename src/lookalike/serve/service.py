"""What every request of a server has in common: the open shop, the settings, the threads, the answers kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from lookalike.recommend.recommender import Recommender
from lookalike.serve.memory import Memory
from lookalike.serve.strangers import Strangers
from lookalike.serve.work import STANDING_S, Answers, Pool

_FETCHING = 16  # threads that wait for other people's servers
_PAGEFUL_S = 5.0  # that a thumbnail may wait: a page asks for all of its at once
_SEEN = ("/search", "/look")  # what the paths of questions end with that may bring a picture
_SEEING_S = 0.12  # that a picture may wait: some three times what looking at one takes
_GLANCE_S = 2.0  # that looking up may wait: it takes a millisecond or two, and waits for nothing that computes
ASK_AGAIN = "no-cache"  # a cache asks each time whether its copy still holds
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a shop is served; plain values, so that they can be handed to workers.

    keys: the file of API keys; empty where none are configured. open_writes: whoever reaches the server may write;
    on loopback only. allow_origins: of other sites' pages, which may ask from the browser. docs: show `/docs`.
    root_path: what a proxy takes off the front of a path. trust_proxies: addresses and networks of those that are
    believed whom they ask for.
    """

    store: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    keys: str = ""
    open_writes: bool = False
    allow_origins: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    time_limit_s: float = 20.0
    ready_file: str = ""
    docs: bool = False
    root_path: str = ""
    trust_proxies: tuple[str, ...] = ()

    @property
    def on_loopback(self) -> bool:
        return self.host in ("127.0.0.1", "::1", "localhost")

    @property
    def address(self) -> str:
        """Where the server is asked."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer as it goes over the wire, and a mark that is another as soon as the answer is."""

    body: bytes
    etag: str


def comparing(time_limit_s: float = 20.0) -> Pool:
    return Pool(threads=1, standing_s=STANDING_S, time_limit_s=time_limit_s)


def seeing(time_limit_s: float = 20.0) -> Pool:
    return Pool(patience_s=_SEEING_S, standing_s=STANDING_S, time_limit_s=time_limit_s, name="seeing")


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """One open shop and what serves it; `request.app.state.service`.

    pool: compares what is stored. It is Python nearly all of the time, of which only one thread can run: a second
    one makes each answer cost two fifths more, spent on handing over. seeing: answers that may have a picture
    looked at, which networks do beside Python.
    """

    shop: Recommender
    settings: Settings = field(default_factory=Settings)
    pool: Pool = field(default_factory=comparing)
    seeing: Pool = field(default_factory=seeing)
    answers: Answers = field(default_factory=Answers)
    glancing: Pool = field(default_factory=lambda: Pool(threads=2, patience_s=_GLANCE_S, name="glancing"))
    fetching: Pool = field(default_factory=lambda: Pool(threads=_FETCHING, patience_s=_PAGEFUL_S, name="fetching"))
    shrinking: Pool = field(default_factory=lambda: Pool(threads=1, patience_s=_PAGEFUL_S, name="shrinking"))
    strangers: Strangers = field(default_factory=Strangers)
    memory: Memory = field(default_factory=Memory)

    @property
    def pools(self) -> Mapping[str, Pool]:
        """By the names that figures of them have."""
        return {
            "work": self.pool,
            "see": self.seeing,
            "look-up": self.glancing,
            "fetch": self.fetching,
            "thumbnail": self.shrinking,
        }

    async def run(self, work: Callable[[], _T], *, kind: str = "", pool: Pool | None = None) -> _T:
        """What `work` returns, made by the threads. See `Pool.run`."""
        try:
            return await (pool or self.pool).run(work, kind=kind)
        finally:
            self.memory.give_back_soon()

    async def look_up(self, work: Callable[[], _T], *, kind: str = "") -> _T:
        """As `run`, for what costs next to nothing: it is not refused because pictures are queued."""
        return await self.glancing.run(work, kind=kind)

    async def fetch(self, url: str) -> bytes:
        """The bytes at somebody's address, guarded; whoever is slow to send them holds up no other work."""
        return await self.fetching.run(lambda: self.shop.fetcher.get(url), kind="fetch")

    def refuse_if_full(self, path: str) -> None:
        """Raises `Busy` where a question at this path would wait too long."""
        (self.seeing if path.endswith(_SEEN) else self.pool).refuse_if_full()

    def close(self) -> None:
        """Finish what runs, and begin nothing more."""
        for pool in self.pools.values():
            pool.close()
        self.strangers.close()
        self.memory.close()

    async def answer(
        self,
        request: Request,
        asked: Hashable,
        make: Callable[[Recommender], BaseModel],
        *,
        kind: str,
        cache_control: str = ASK_AGAIN,
        pool: Pool | None = None,
    ) -> Response:
        """What `make` returns, as JSON, or 304 where the client has it; kept while nothing changes in the store.

        make: is given the shop as it is at this moment.
        asked: all that the answer hangs on beside the store and its rules. pool: makes it; `self.pool` if none.
        """

        def rendered() -> Rendered:
            shop = self.shop.now()
            return self.answers.of((kind, asked, shop.version), lambda: render(make(shop)))

        return respond(request, await self.run(rendered, kind=kind, pool=pool), cache_control=cache_control)


def render(answer: BaseModel) -> Rendered:
    body = answer.model_dump_json().encode()
    return Rendered(body, f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')


def respond(
    request: Request,
    rendered: Rendered,
    *,
    media_type: str = "application/json",
    cache_control: str = ASK_AGAIN,
) -> Response:
    """The answer, or 304 where the client has it already."""
    headers = {"ETag": rendered.etag, "Cache-Control": cache_control}
    known = not_modified(request, rendered.etag, cache_control=cache_control)
    return known or Response(rendered.body, media_type=media_type, headers=headers)


def not_modified(request: Request, etag: str, *, cache_control: str) -> Response | None:
    """304 where the client has what has this mark; None where it is to be sent."""
    if request.method == "GET" and _has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": cache_control})
    return None


def _has(if_none_match: str, etag: str) -> bool:
    """Weak comparison, RFC 9110, 13.1.2."""
    given = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in given or etag.removeprefix("W/") in given


async def service_of(request: Request) -> Service:  # a plain function would be sent to a thread
    service: Service = request.app.state.service
    return service


def root_of(request: Request) -> str:
    """What the paths of this server begin with, behind a proxy."""
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")


Serving = Annotated[Service, Depends(service_of)]
