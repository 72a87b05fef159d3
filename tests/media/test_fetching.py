"""Somebody else's URL: only public addresses, only http, only so much and only so long."""

from __future__ import annotations

import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.errors import FetchError, PictureError
from lookalike.media.addresses import ALLOW_HOSTS, is_public
from lookalike.media.decoding import Limits
from lookalike.media.fetching import Fetcher, is_url, read_bytes
from lookalike.media.hosts import Manners
from lookalike.testing.web import PictureHost, Served

BODY = b"\xff\xd8\xff a picture, more or less" * 100
BOMB = gzip.compress(b"\0" * 20_000_000)
QUICK = Manners(connect_s=5, read_s=5, total_s=10, backoff_s=0.01, rest_s=0.05, give_up_s=0.1)


def answers(path: str, headers: dict[str, str]) -> Served | None:
    """A picture server that has everything that can go wrong."""
    here = headers["host"]
    match path.partition("?")[0]:
        case "/moved":
            return 302, {"Location": "/picture"}, b""
        case "/round":
            return 302, {"Location": "/round"}, b""
        case "/nowhere":
            return 302, {}, b""
        case "/to-file":
            return 302, {"Location": "file:///etc/passwd"}, b""
        case "/to-nonsense":
            return 302, {"Location": "http://[::1"}, b""
        case "/to-inside":
            return 302, {"Location": f"http://[::ffff:127.0.0.1]:{here.rpartition(':')[2]}/picture"}, b""
        case "/to-metadata":
            return 301, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""
        case "/broken":
            return 200, {"Content-Length": str(len(BODY) + 1000), "Connection": "close"}, BODY
        case "/endless":
            return 200, {"Content-Length": "1000000000000"}, BODY
        case "/without-length":
            pieces = b"".join(b"1000\r\n" + b"x" * 0x1000 + b"\r\n" for _ in range(8))
            return 200, {"Transfer-Encoding": "chunked"}, pieces + b"0\r\n\r\n"
        case "/gzipped":
            return 200, {"Content-Encoding": "gzip"}, gzip.compress(BODY)
        case "/gzip-bomb":
            return 200, {"Content-Encoding": "gzip"}, BOMB
        case "/zipped-badly":
            return 200, {"Content-Encoding": "deflate"}, b"not deflated"
        case "/zipped-oddly":
            return 200, {"Content-Encoding": "br"}, BODY
        case "/headers":
            return 200, {"X": "y" * 200_000}, BODY
        case "/nothing":
            return 204, {}, b""
        case "/teapot":
            return 418, {}, b""
        case "/unconditional-304":
            return 304, {}, b""
    return None


@pytest.fixture(scope="module")
def host() -> Iterator[PictureHost]:
    with PictureHost(lambda path: BODY if path.startswith("/picture") else None, answer=answers) as made:
        yield made


@pytest.fixture
def shop(host: PictureHost) -> str:
    return host.url


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    made = Fetcher(allow_hosts=["127.0.0.1"], max_bytes=100_000, manners=QUICK)
    yield made
    made.close()


def asked(host: PictureHost) -> int:
    return sum(host.paths.values())


def silent(answer: bytes = b"", every_s: float = 0.05) -> tuple[socket.socket, str]:
    """A server that takes connections and sends a byte now and then, or nothing at all."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    def drip(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65_536)
                for at in range(len(answer)):
                    connection.sendall(answer[at : at + 1])
                    time.sleep(every_s if at > 40 else 0)
                time.sleep(5)
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_an_allowed_host_is_fetched_from(host: PictureHost, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{host.url}/picture?size=large") == BODY
    assert host.paths["/picture?size=large"] == 1


def test_a_private_host_is_refused_with_the_way_to_allow_it(host: PictureHost, shop: str) -> None:
    before = host.connections
    with pytest.raises(FetchError, match=rf"127\.0\.0\.1.*not a public address.*--allow-host.*{ALLOW_HOSTS}"):
        Fetcher().get(f"{shop}/picture")
    assert host.connections == before


def test_hosts_may_be_allowed_by_the_environment(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW_HOSTS, "pictures.local, 127.0.0.1")
    assert Fetcher().get(f"{shop}/picture") == BODY


def test_a_redirect_is_followed(shop: str, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{shop}/moved") == BODY


@pytest.mark.parametrize("page", ["to-inside", "to-metadata"])
def test_a_redirect_to_a_private_address_is_refused(host: PictureHost, fetcher: Fetcher, page: str) -> None:
    before = asked(host)
    with pytest.raises(FetchError, match=rf"not a public address.*{host.url}/{page}"):
        fetcher.get(f"{host.url}/{page}")
    assert asked(host) == before + 1


def test_a_redirect_to_a_file_is_refused(shop: str, fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match="only http and https"):
        fetcher.get(f"{shop}/to-file")


@pytest.mark.parametrize("page", ["round", "nowhere"])
def test_redirects_that_go_round_come_to_an_end(shop: str, fetcher: Fetcher, page: str) -> None:
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        fetcher.get(f"{shop}/{page}")


def test_a_missing_picture_names_the_url_and_the_status(shop: str, fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match=rf"answered 404 Not Found: {shop}/gone"):
        fetcher.get(f"{shop}/gone")


@pytest.mark.parametrize("page", ["endless", "gzip-bomb"])
def test_no_more_is_read_than_is_allowed(shop: str, fetcher: Fetcher, page: str) -> None:
    with pytest.raises(FetchError, match="sends over 100,000 bytes"):
        fetcher.get(f"{shop}/{page}")


def test_no_more_is_read_than_is_allowed_of_a_body_without_a_length(shop: str) -> None:
    fetcher = Fetcher(allow_hosts=["127.0.0.1"], max_bytes=20_000, manners=QUICK)
    with pytest.raises(FetchError, match="sends over 20,000 bytes"):
        fetcher.get(f"{shop}/without-length")
    fetcher.close()


@pytest.mark.parametrize(
    ("page", "words"),
    [("zipped-badly", "damaged gzip"), ("zipped-oddly", "encoding 'br'"), ("headers", "broke off")],
)
def test_an_answer_that_makes_no_sense_is_an_error(shop: str, fetcher: Fetcher, page: str, words: str) -> None:
    with pytest.raises(FetchError, match=words):
        fetcher.get(f"{shop}/{page}")


def test_a_picture_that_is_zipped_unasked_is_unzipped(shop: str, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{shop}/gzipped") == BODY


@pytest.mark.parametrize("page", ["nothing", "teapot", "unconditional-304"])
def test_an_answer_without_a_picture_is_an_error(shop: str, fetcher: Fetcher, page: str) -> None:
    with pytest.raises(FetchError, match=r"answered (204|304|418)"):
        fetcher.get(f"{shop}/{page}")


@pytest.mark.parametrize(
    ("answer", "limit", "words"),
    [
        (b"", {"read_s": 0.3}, r"sent nothing for 0\.3 s"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + b"x" * 99,
            {"total_s": 0.3},
            r"takes over 0\.3 s",
        ),
    ],
)
def test_no_one_is_waited_for_longer_than_is_allowed(answer: bytes, limit: dict[str, float], words: str) -> None:
    fetcher = Fetcher(allow_hosts=["127.0.0.1"], manners=replace(QUICK, tries=2, **limit))  # type: ignore[arg-type]
    listening, url = silent(answer)
    began = time.monotonic()
    with listening, pytest.raises(FetchError, match=words):
        fetcher.get(f"{url}/picture")
    assert time.monotonic() - began < 30
    fetcher.close()


def test_a_connection_that_breaks_off_is_an_error(shop: str, fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match=r"broke off \(peer closed connection .*\): http"):
        fetcher.get(f"{shop}/broken")


def test_a_server_that_is_not_there_is_an_error(fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match=r"127\.0\.0\.1:1 cannot be connected to: http"):
        fetcher.get("http://127.0.0.1:1/picture")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/a.jpg",
        "gopher://x/",
        "http://",
        "http:///a.jpg",
        "data:,x",
        "",
        "http://[::1",
    ],
)
def test_what_is_no_http_address_is_refused(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(FetchError):
        fetcher.get(url)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "198.18.0.1",
        "203.0.113.5",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "100::1",
        "2001:db8::1",
        "2002:0a00:0001::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "100.63.255.255",
        "172.32.0.1",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:0808:0808::1",
    ],
)
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


# -- downloads --------------------------------------------------------------------------------------


def test_a_download_is_kept_when_it_has_the_right_sum(shop: str, fetcher: Fetcher, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    target = tmp_path / "models" / "m.onnx"
    fetcher.download(
        f"{shop}/picture", target, sha256=hashlib.sha256(BODY).hexdigest(), progress=lambda *at: told.append(at)
    )
    assert target.read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(("page", "words"), [("picture", "SHA-256"), ("broken", "broke off"), ("gone", "404")])
def test_a_download_that_fails_leaves_what_was_there_and_nothing_more(
    shop: str, fetcher: Fetcher, tmp_path: Path, page: str, words: str
) -> None:
    target = tmp_path / "m.onnx"
    target.write_bytes(b"the old one")
    with pytest.raises(FetchError, match=words):
        fetcher.download(f"{shop}/{page}", target, sha256="0" * 64)
    assert target.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [target]


# -- a picture by its name --------------------------------------------------------------------------


def test_a_picture_is_a_url_or_a_path(shop: str, fetcher: Fetcher, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"here")
    assert read_bytes(str(tmp_path / "a.jpg"), fetcher=fetcher) == b"here"
    assert read_bytes(f"{shop}/picture", fetcher=fetcher) == BODY
    assert is_url("HTTPS://example.com/a.jpg")
    assert not is_url("https.jpg")


@pytest.mark.parametrize(
    "picture", ["nobody.jpg", "", ".", "a\x00b.jpg", "file:///etc/hostname", "s3://bucket/a.jpg"]
)
def test_a_path_that_cannot_be_read_is_named(fetcher: Fetcher, picture: str) -> None:
    with pytest.raises(PictureError) as caught:
        read_bytes(picture, fetcher=fetcher)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_too_large_is_refused(fetcher: Fetcher, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x" * 101)
    with pytest.raises(PictureError, match="over 100 bytes"):
        read_bytes(str(tmp_path / "a.jpg"), fetcher=fetcher, limits=Limits(max_bytes=100))
