"""Somebody else's URL: only public addresses, only http, only so much and only so long."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from lookalike.errors import FetchError, PictureError
from lookalike.media.decoding import Limits
from lookalike.media.fetching import ALLOW_HOSTS, Fetcher, is_public, is_url, read_bytes

BODY = b"\xff\xd8\xff a picture, more or less" * 100


class Shop(BaseHTTPRequestHandler):
    """A picture server that has everything that can go wrong."""

    asked: ClassVar[list[tuple[str, str]]] = []  # path, Host

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Host"]))
        getattr(self, self.path.partition("?")[0].strip("/").replace("-", "_"), self.missing)()

    def send(self, status: int, body: bytes = b"", length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def picture(self) -> None:
        self.send(200, BODY)

    def missing(self) -> None:
        self.send(404, b"no such picture")

    def moved(self) -> None:
        self.send(302, Location="/picture")

    def round(self) -> None:
        self.send(302, Location="/round")

    def nowhere(self) -> None:
        self.send(302)

    def to_file(self) -> None:
        self.send(302, Location="file:///etc/passwd")

    def to_inside(self) -> None:
        self.send(302, Location=f"http://[::ffff:127.0.0.1]:{self.server.server_address[1]}/picture")

    def broken(self) -> None:
        self.send(200, BODY, length=len(BODY) + 1000)

    def endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 65_536)
        except OSError:  # the reader has had enough
            pass

    def dripping(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(40):
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    def silent(self) -> None:
        time.sleep(0.6)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(allow_hosts=["127.0.0.1"], timeout_s=0.5, max_bytes=100_000)


def test_an_allowed_host_is_fetched_from(shop: str, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{shop}/picture?size=large") == BODY
    assert Shop.asked[-1] == ("/picture?size=large", shop.removeprefix("http://"))


def test_a_private_host_is_refused_with_the_way_to_allow_it(shop: str) -> None:
    before = len(Shop.asked)
    with pytest.raises(FetchError, match=rf"127\.0\.0\.1.*not a public address.*--allow-host.*{ALLOW_HOSTS}"):
        Fetcher().get(f"{shop}/picture")
    assert len(Shop.asked) == before


def test_hosts_may_be_allowed_by_the_environment(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW_HOSTS, "pictures.local, 127.0.0.1")
    assert Fetcher().get(f"{shop}/picture") == BODY


def test_a_redirect_is_followed(shop: str, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{shop}/moved") == BODY


def test_a_redirect_to_a_private_address_is_refused(shop: str, fetcher: Fetcher) -> None:
    before = len(Shop.asked)
    with pytest.raises(FetchError, match="not a public address"):
        fetcher.get(f"{shop}/to-inside")
    assert len(Shop.asked) == before + 1


def test_a_redirect_to_a_file_is_refused(shop: str, fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match="only http and https"):
        fetcher.get(f"{shop}/to-file")


@pytest.mark.parametrize("page", ["round", "nowhere"])
def test_redirects_that_go_round_come_to_an_end(shop: str, fetcher: Fetcher, page: str) -> None:
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        fetcher.get(f"{shop}/{page}")


def test_a_missing_picture_names_the_url_and_the_status(shop: str, fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match=rf"{shop}/gone answered 404"):
        fetcher.get(f"{shop}/gone")


def test_no_more_is_read_than_is_allowed(shop: str, fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match="sends over 100,000 bytes"):
        fetcher.get(f"{shop}/endless")


@pytest.mark.parametrize(("page", "words"), [("silent", "took too long"), ("dripping", r"takes over 0\.5 s")])
def test_no_one_is_waited_for_longer_than_is_allowed(shop: str, fetcher: Fetcher, page: str, words: str) -> None:
    with pytest.raises(FetchError, match=words):
        fetcher.get(f"{shop}/{page}")


def test_a_connection_that_breaks_off_is_an_error(shop: str, fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match=r"broke off after .* bytes"):
        fetcher.get(f"{shop}/broken")


def test_a_server_that_is_not_there_is_an_error(fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match="could not be fetched"):
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
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.1.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
        "user@127.0.0.1",
        "example.com@127.0.0.1",
    ],
)
def test_every_way_to_write_a_private_address_is_refused(host: str) -> None:
    with pytest.raises(FetchError, match=r"not a public address|is not known|is not a URL"):
        Fetcher(allow_hosts=["example.com"]).get(f"http://{host}/picture.jpg")


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
