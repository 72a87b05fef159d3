"""Whatever strangers send or name, a served shop says in one clear line what is wrong, lives, and forgets it."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from test_hostile_pictures import INSIDE, ODD, REFUSED, red, saved

from lookalike.testing.serving import Line, ShopServer
from lookalike.testing.web import PictureHost

ROUTES = ("/v1/search", "/v1/look")
NO_ADDRESSES = [
    "file:///etc/passwd", "ftp://example.com/a.jpg", "gopher://127.0.0.1:70/", "data:image/png;base64,AA",
    "javascript:alert(1)", "/etc/passwd", "../../etc/passwd", "http://", "http:///a.jpg", "http://[::1", "",
    "http://exa\nmple.com/", "http://exa\0mple.com/", "http://" + "a" * 3900 + "/", "http://*/",
]  # fmt: skip


@pytest.fixture(scope="module")
def inside() -> Iterator[PictureHost]:
    """A server inside the house, which nobody may reach by way of a shop."""
    with PictureHost(lambda path: saved(red(), "PNG")) as host:
        yield host


@pytest.fixture(scope="module")
def outside() -> Iterator[PictureHost]:
    """A host that the operator allows: it serves the corpus, and leads elsewhere."""

    def answer(path: str, headers: dict[str, str]) -> Any:
        kind, _, rest = path.removeprefix("/").partition("/")
        if kind == "lead":
            return 302, {"Location": bytes.fromhex(rest).decode()}, b""
        return (302, {"Location": path}, b"") if kind == "round" else None

    def picture(path: str) -> bytes | None:
        kind, _, number = path.removeprefix("/").partition("/")
        return list(REFUSED.values())[int(number)]() if kind == "refused" else None

    with PictureHost(picture, answer=answer) as host:
        yield host


@pytest.fixture(scope="module")
def server(shared_store: Path, outside: PictureHost) -> Iterator[ShopServer]:
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("how much memory a process has is read off /proc")
    options = ("--open-writes", "--allow-host", "127.0.0.1", "--time-limit", "120")
    with ShopServer(shared_store, *options) as server:
        yield server
        assert server.process.poll() is None, "the server died"


@pytest.fixture
def line(server: ShopServer) -> Iterator[Line]:
    with Line(server.url, timeout_s=120) as line:
        yield line


def form(picture: bytes, query: str = "{}") -> tuple[bytes, dict[str, str]]:
    parts = [
        b'Content-Disposition: form-data; name="query"\r\n\r\n' + query.encode(),
        b'Content-Disposition: form-data; name="picture"; filename="a.jpg"\r\n\r\n' + picture,
    ]
    body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=edge"}


def upload(line: Line, route: str, picture: bytes) -> tuple[int, Any]:
    return line.send("POST", route, *form(picture))


def is_clear(answer: tuple[int, Any], *statuses: int) -> None:
    """A problem in one line that tells nothing of this machine or of our code."""
    status, problem = answer
    assert status in (statuses or (422,)), problem
    assert problem["status"] == status
    words = problem["detail"]
    assert 10 < len(words) < 1100 and "\n" not in words
    for inner in ("Traceback", "lookalike.", " at 0x", "/tmp", "/work", "Error("):
        assert inner not in words


@pytest.mark.parametrize("route", ROUTES)
def test_what_is_no_picture_is_refused_and_memory_comes_back(
    server: ShopServer, outside: PictureHost, line: Line, route: str
) -> None:
    def send_all() -> None:
        for number, make in enumerate(REFUSED.values()):
            is_clear(upload(line, route, make()))
            is_clear(line.ask("POST", route, {"image_url": f"{outside.url}/refused/{number}"}))

    send_all()
    before = server.resident_bytes()
    send_all()
    assert server.resident_bytes() < before + 50_000_000
    assert server.process.poll() is None


def test_odd_but_honest_pictures_are_answered(line: Line) -> None:
    for name, make in ODD.items():
        status, answer = upload(line, "/v1/search", make())
        assert status == 200, (name, answer)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_that_breaks_off_is_refused_wherever_it_ends(line: Line, kind: str) -> None:
    whole = saved(red(), kind)
    for end in (1, 3, 12, 30, len(whole) // 2):
        is_clear(upload(line, "/v1/search", whole[:end]))


def test_no_address_inside_is_asked_in_any_notation(shared_store: Path, inside: PictureHost) -> None:
    """The server's own among them, of a server that allows one host alone."""
    hosts = [host for host in INSIDE if "example.com" not in host]  # no name server is asked here
    with ShopServer(shared_store, "--allow-host", "allowed.internal") as server, Line(server.url) as line:
        for host in hosts:
            for route in ROUTES:
                is_clear(line.ask("POST", route, {"image_url": f"http://{host}:{inside.port}/a.png"}))
        for host in ("127.0.0.1", "localhost", "[::1]", "2130706433"):
            is_clear(line.ask("POST", "/v1/search", {"image_url": f"http://{host}:{urlsplit(server.url).port}/"}))
    assert inside.connections == 0


def test_an_allowed_host_leads_nowhere_that_is_not_allowed(line: Line, outside: PictureHost) -> None:
    for target in ("http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "file:///etc/passwd"):
        address = f"{outside.url}/lead/{target.encode().hex()}"
        is_clear(line.ask("POST", "/v1/search", {"image_url": address}))
    is_clear(line.ask("POST", "/v1/search", {"image_url": f"{outside.url}/round/1"}))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_address_is_refused(line: Line, route: str, url: str) -> None:
    is_clear(line.ask("POST", route, {"image_url": url}))
    if url:
        answer = line.ask("PUT", "/v1/products", {"products": [{"id": "x", "title": "x", "image": url}]})
        assert answer[0] == 200
        assert answer[1]["results"][0]["status"] == "rejected"
        assert "/tmp" not in answer[1]["results"][0]["reason"]


JSON = {"Content-Type": "application/json"}
BODIES: dict[str, tuple[str, str, bytes, dict[str, str]]] = {
    "nested lists": ("POST", "/v1/search", b"[" * 200_000, JSON),
    "nested objects": ("POST", "/v1/look", b'{"where":' * 100_000, JSON),
    "nested rows": ("PUT", "/v1/products", b'{"products": [{"id": ' + b"[" * 200_000, JSON),
    "rows nested whole": (
        "PUT", "/v1/products", b'{"products": [{"id": "x", "a": ' + b"[" * 5000 + b"]" * 5000 + b"}]}", JSON,
    ),
    "nested rules": ("PUT", "/v1/rules", b'{"rules": [{"where": ' + b"{" * 100_000, JSON),
    "half a surrogate": ("POST", "/v1/search", b'{"text": "\\ud800"}', JSON),
    "no unicode": ("POST", "/v1/search", b'{"text": "\xff\xfe"}', JSON),
    "a number without end": ("POST", "/v1/search", b'{"text": "a", "k": ' + b"9" * 100_000 + b"}", JSON),
    "infinity": ("POST", "/v1/search", b'{"text": "a", "at_least": 1e999}', JSON),
    "not a number": ("PUT", "/v1/rules", b'{"rules": [{"name": "a", "boost": NaN, "where": "price<5"}]}', JSON),
    "a gzip": ("POST", "/v1/search", gzip.compress(b'{"text": "a"}'), {**JSON, "Content-Encoding": "gzip"}),
    "many parts": (
        "POST", "/v1/search",
        b"--edge\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\n{}\r\n" * 5000 + b"--edge--\r\n",
        {"Content-Type": "multipart/form-data; boundary=edge"},
    ),
    "no edge": ("POST", "/v1/search", b"--edge\r\n", {"Content-Type": "multipart/form-data"}),
    "a part that is not ended": (
        "POST", "/v1/look", b"--edge\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a\"\r\n\r\na",
        {"Content-Type": "multipart/form-data; boundary=edge"},
    ),
    "a long query": (
        "POST", "/v1/look", form(b"", json.dumps({"labels": ["x" * 300_000]}))[0],
        {"Content-Type": "multipart/form-data; boundary=edge"},
    ),
    "too many bytes": ("POST", "/v1/search", b"x" * 20_000_001, JSON),
    "an xml": ("POST", "/v1/search", b"<a/>", {"Content-Type": "application/xml"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_a_trap_is_refused(server: ShopServer, line: Line, name: str) -> None:
    method, path, body, headers = BODIES[name]
    status, problem = line.send(method, path, body, headers)
    is_clear((status, problem), 400, 413, 415, 422)
    assert line.ask("GET", "/healthz")[0] == 200


def test_a_request_that_is_none_closes_only_its_own_connection(server: ShopServer, line: Line) -> None:
    place = (urlsplit(server.url).hostname or "", urlsplit(server.url).port or 0)
    for said in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/products HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"GET /web/..%2f..%2f..%2fapp.py HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /web/../../app.py HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ):
        with socket.create_connection(place, timeout=20) as connection:
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(100)
        assert not answer.startswith(b"HTTP/1.1 2"), said[:60]
        assert b" 500 " not in answer, said[:60]
    assert line.ask("GET", "/healthz")[0] == 200


def test_many_who_send_nothing_hold_nobody_up(server: ShopServer, line: Line) -> None:
    place = (urlsplit(server.url).hostname or "", urlsplit(server.url).port or 0)
    idle = [socket.create_connection(place, timeout=20) for _ in range(100)]
    for connection in idle:
        connection.sendall(b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{")
    time.sleep(0.2)
    assert line.ask("GET", "/v1/products/shirt-a-red/similar")[0] == 200
    for connection in idle:
        connection.close()
