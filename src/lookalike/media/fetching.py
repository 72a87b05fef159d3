"""The only door to HTTP: pictures and model files come in through a guarded fetcher.

A URL in a catalogue or a query is somebody else's word. Only http and https are spoken; every address that a
host name stands for must be public (no private, loopback, link-local, reserved or mapped one); the connection
goes to the very address that was checked, so that a second DNS answer changes nothing; each redirect is
checked the same way. An operator may allow hosts by name, for a picture server inside the house.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import socket
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from lookalike.errors import FetchError, PictureError
from lookalike.media.decoding import Limits

ALLOW_HOSTS = "LOOKALIKE_ALLOW_HOSTS"  # environment: host names, separated by commas, that may be private
_MAX_HOPS = 5
_UNICAST = ipaddress.ip_network("2000::/3")  # all of IPv6 that has been given out; the rest is old or special
_AGENT = "lookalike (+catalogue picture fetcher)"


def is_url(picture: str) -> bool:
    return picture.lower().startswith(("http://", "https://"))


class Fetcher:
    """Gets the bytes behind a URL, safely, and within limits of size and time. Safe to share between threads."""

    def __init__(
        self,
        *,
        allow_hosts: Collection[str] = (),
        timeout_s: float = 20.0,
        max_bytes: int = Limits().max_bytes,
    ) -> None:
        from_environment = (h.strip() for h in os.environ.get(ALLOW_HOSTS, "").split(","))
        self._allowed = {h.lower() for h in (*allow_hosts, *from_environment) if h}
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._client: httpx.Client | None = None

    def get(self, url: str) -> bytes:
        """The body behind `url`. Raises `FetchError` that names the URL and what went wrong."""
        with self._open(url) as response:
            return b"".join(_within(self._max_bytes, response, url, self._timeout_s))

    def download(
        self, url: str, path: Path, *, sha256: str = "", progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Save the body at `path`, whole or not at all, and only when its SHA-256 is the given one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, got = hashlib.sha256(), 0
        with self._open(url) as response, tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
            try:
                total = int(response.headers.get("content-length") or 0)
                for chunk in response.iter_bytes(1 << 20):
                    part.write(chunk)
                    digest.update(chunk)
                    got += len(chunk)
                    if progress:
                        progress(got, total)
                if sha256 and digest.hexdigest() != sha256:
                    raise FetchError(f"{url} has SHA-256 {digest.hexdigest()}, not {sha256}: it is not kept")
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).replace(path)
            except httpx.HTTPError as error:
                raise FetchError(f"{url} broke off after {got:,} bytes: {_words(error)}") from error
            finally:
                Path(part.name).unlink(missing_ok=True)

    @contextmanager
    def _open(self, url: str) -> Iterator[httpx.Response]:
        wanted = url
        for _ in range(_MAX_HOPS + 1):
            response = self._send(url, wanted)
            try:
                if not response.is_redirect:
                    if response.status_code != 200:
                        raise FetchError(f"{wanted} answered {response.status_code} {response.reason_phrase}")
                    yield response
                    return
                url = str(httpx.URL(url).join(response.headers.get("location", "")))
            except httpx.InvalidURL as error:
                raise FetchError(f"{wanted} redirects to an address that is none") from error
            finally:
                response.close()
        raise FetchError(f"{wanted} redirects more than {_MAX_HOPS} times")

    def _send(self, url: str, wanted: str) -> httpx.Response:
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise FetchError(f"{wanted!r} is not a URL: {error}") from error
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise FetchError(f"{wanted!r} leads to {url!r}: only http and https addresses are fetched")
        address = self._checked_address(parsed, wanted)
        request = self._http().build_request(
            "GET",
            parsed.copy_with(host=address),
            headers={"Host": parsed.netloc.decode("ascii").rpartition("@")[2], "User-Agent": _AGENT},
            extensions={"sni_hostname": parsed.raw_host.decode("ascii")},
        )
        try:
            return self._http().send(request, stream=True)
        except httpx.HTTPError as error:
            raise FetchError(f"{wanted} could not be fetched: {_words(error)}") from error

    def _checked_address(self, url: httpx.URL, wanted: str) -> str:
        host, port = url.host, url.port or (443 if url.scheme == "https" else 80)
        try:
            found = {str(a[4][0]) for a in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        except (OSError, UnicodeError) as error:
            raise FetchError(f"{wanted}: the host {host!r} is not known ({error})") from error
        if host.lower() not in self._allowed and (inside := sorted(a for a in found if not is_public(a))):
            raise FetchError(
                f"{wanted}: {host!r} is at {inside[0]}, which is not a public address; "
                f"if it is yours, allow it with --allow-host {host} or {ALLOW_HOSTS}={host}"
            )
        return sorted(found, key=lambda a: (":" in a, a))[0]

    def _http(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(timeout=self._timeout_s, follow_redirects=False, trust_env=False)
        return self._client


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, seen through every way of wrapping IPv4 in IPv6."""
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is None and ip not in _UNICAST:
            return False
        ip = inner or ip
    return ip.is_global and not ip.is_multicast


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


def _within(max_bytes: int, response: httpx.Response, url: str, timeout_s: float) -> Iterator[bytes]:
    got, deadline = 0, time.monotonic() + timeout_s
    try:
        for chunk in response.iter_bytes():
            got += len(chunk)
            if got > max_bytes:
                raise FetchError(f"{url} sends over {max_bytes:,} bytes")
            if time.monotonic() > deadline:
                raise FetchError(f"{url} takes over {timeout_s:g} s")
            yield chunk
    except httpx.HTTPError as error:
        raise FetchError(f"{url} broke off after {got:,} bytes: {_words(error)}") from error


def _words(error: httpx.HTTPError) -> str:
    return "it took too long" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
