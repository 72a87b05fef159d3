"""What every request passes: who asks and may they, how often, how many bytes; and what every answer carries.

Around the whole application, so that what is refused costs next to nothing and no route can be forgotten.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import secrets
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike.errors import Busy, LookalikeError, NotAllowed, TookTooLong, TooLarge
from lookalike.serve.ids import with_ids_whole
from lookalike.serve.keys import Key, Keys, Role
from lookalike.serve.limits import Allowance, Buckets, caller_at
from lookalike.serve.log import ACCESS
from lookalike.serve.problems import problem_of, unforeseen

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; img-src 'self' data: blob: https: http:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_COMPUTED = ("/similar", "/search", "/look", "/facets")  # what the paths of such questions end with
_PATIENCE = 3  # times the bytes that are taken are heard out, so that the sender hears the answer
_log = logging.getLogger(ACCESS)


class Gate:
    """An ASGI application around another."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: Keys | None = None,
        open_writes: bool = False,
        allowance: Allowance | None = None,
        answered: Callable[[str, str, int, float], None] = lambda route, method, status, seconds: None,
        refuse_if_full: Callable[[str], None] = lambda path: None,
    ) -> None:
        """open_writes: without keys, whoever is on this machine may write.

        answered: told of every answer: route, method, status, seconds.
        refuse_if_full: told the path of a question before it is read; raises `Busy`.
        """
        self._app, self._keys, self._open_writes = app, keys, open_writes
        self._allowance = allowance or Allowance()
        self._by_key = Buckets(self._allowance.per_key_per_s, self._allowance.burst_s)
        self._by_address = Buckets(self._allowance.per_address_per_s, self._allowance.burst_s)
        self._held = 0  # bytes of requests
        self._answered = answered
        self._refuse_if_full = refuse_if_full

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        said = _Said(scope, send)
        inner = with_ids_whole(scope)
        if scope["method"] == "HEAD":
            inner = {**inner, "method": "GET"}  # whose answer loses its body on the way out
        try:
            said.key = self._let_in(inner)
            self._count(inner, said.key)
            if _asks(inner):
                self._refuse_if_full(path_of(inner))
            body = await self._body(inner, receive)
            if body is None:
                return  # nobody is there to be answered
            try:
                await self._app(inner, _replayed(body, receive), said)
            finally:
                self._held -= len(body)
        except Exception as error:
            if said.status:
                raise
            await _refusal(scope, error)(scope, receive, said)
        finally:
            scope["route"] = inner.get("route")
            self._tell(scope, said, time.monotonic() - began)

    def _let_in(self, scope: Scope) -> Key | None:
        """The key of the caller; None where none is needed. Raises `NotAllowed`."""
        role = _role(scope)
        secret = _secret(Headers(scope=scope))
        key = self._keys.find(secret) if self._keys and secret else None
        if role is None:
            return key
        here = not caller_at(_address(scope)) and _is_direct(scope)
        if self._keys is None:
            if here and (role == "read" or self._open_writes):
                return None
            raise NotAllowed(
                "this server takes no changes: start it with --keys, or with --open-writes on this machine"
                if here
                else "this server answers on its own machine only: start it with --keys FILE"
            )
        if key is None:
            what = "is not known" if secret else "is missing: send Authorization: Bearer KEY"
            raise NotAllowed(f"the API key {what}")
        if not key.may(role):
            raise NotAllowed(f"the API key {key.name!r} may not {role}: use one with that role", known=True)
        return key

    def _count(self, scope: Scope, key: Key | None) -> None:
        """Raises `Busy` for a caller who asks too often."""
        if path_of(scope) in ("/healthz", "/readyz"):
            return
        caller = caller_at(_address(scope))
        wait_s = self._by_key.take(key.name) if key else self._by_address.take(caller) if caller else 0.0
        if wait_s:
            raise Busy(
                "too many requests from here: ask more slowly", retry_after_s=math.ceil(wait_s), too_many=True
            )

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """All bytes of the request, counted in `_held`; None where the sender has gone away half-way.

        Raises `TooLarge`, `TookTooLong`, `Busy`.
        """
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return b""
        chunks: list[bytes] = []
        most, size, over = self._allowance.bytes_at_most, 0, False
        try:
            async with asyncio.timeout(self._allowance.receive_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        self._held -= sum(map(len, chunks))
                        return None
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    over = over or size > most or self._held + len(chunk) > self._allowance.bytes_at_once
                    if not over:
                        self._held += len(chunk)
                        chunks.append(chunk)
                    elif chunks:
                        self._held -= sum(map(len, chunks))
                        chunks.clear()
                    if not message.get("more_body") or size > _PATIENCE * most:
                        break
        except TimeoutError as error:
            self._held -= sum(map(len, chunks))
            raise TookTooLong(f"the request did not arrive within {self._allowance.receive_s:g} s") from error
        if size > most:
            raise TooLarge(f"the request has more than {most:,} bytes: send a smaller picture, or fewer products")
        if over:
            raise Busy("the server is receiving too much at once; try again later", retry_after_s=2)
        return b"".join(chunks)

    def _tell(self, scope: Scope, said: _Said, seconds: float) -> None:
        path = path_of(scope)
        route = getattr(scope.get("route"), "path", "") or ("/web" if path.startswith("/web") else "none")
        self._answered(route, scope["method"], said.status or 500, seconds)
        if _log.isEnabledFor(logging.INFO):
            facts = {
                "id": said.id,
                "from": _address(scope),
                "key": said.key.name if said.key else None,
                "method": scope["method"],
                "path": path,
                "status": said.status or 500,
                "ms": round(1000 * seconds, 1),
                "bytes": said.bytes,
            }
            _log.info("answered", extra={"facts": facts})


def _refusal(scope: Scope, error: Exception) -> Response:
    """What is answered in the place of an answer. An error that nobody foresaw is logged, and told to nobody."""
    if not isinstance(error, LookalikeError):
        return unforeseen(scope["method"], scope["path"], error)
    response = problem_of(error)
    if isinstance(error, NotAllowed) and not error.known:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


class _Said:
    """What was answered, on its way out; adds the headers that every answer has."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.id = secrets.token_hex(8)
        self.key: Key | None = None
        self.status = self.bytes = 0
        self._send = send
        self._is_head = scope["method"] == "HEAD"
        path = path_of(scope)
        self._shared = path == "/widget.js" or path.startswith("/web/") or path.endswith("/thumbnail")

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
            headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if self._shared else "same-origin")
            headers["X-Request-ID"] = self.id
        else:
            if self._is_head:
                message = {**message, "body": b""}
            self.bytes += len(message.get("body", b""))
        await self._send(message)


def _role(scope: Scope) -> Role | None:
    """What a request needs; None for what anybody may: the page, the widget, pictures, signs of life."""
    path, method = path_of(scope), scope["method"]
    if method == "OPTIONS" or not (path.startswith("/v1") or path == "/metrics"):
        return None
    if method in ("PUT", "PATCH", "DELETE"):
        return "write"
    return None if path.endswith("/thumbnail") else "read"


def _asks(scope: Scope) -> bool:
    """Whether a request is a question that is computed, of those that wait for the same threads."""
    path, method = path_of(scope), scope["method"]
    return method in ("GET", "HEAD", "POST") and path.startswith("/v1/") and path.endswith(_COMPUTED)


def _secret(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key", "") or (token.strip() if kind.lower() == "bearer" else "")


def path_of(scope: Scope) -> str:
    """The path on this server, without what a proxy has before it."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_direct(scope: Scope) -> bool:
    """Whether a request comes from this machine to this machine: neither through a proxy, nor by way of a name

    that somebody else's page has made to point here.
    """
    headers = Headers(scope=scope)
    host = headers.get("host", "").rpartition("@")[2]
    name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    if "x-forwarded-for" in headers or "forwarded" in headers:
        return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was received, and then whatever comes."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
