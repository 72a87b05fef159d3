"""What somebody else's picture, or its URL, may try: each is one clear line, none crashes, none reaches inside."""

from __future__ import annotations

import gzip
import io
import socket
import ssl
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from lookalike.errors import FetchError, PictureError
from lookalike.media.decoding import Limits, decode
from lookalike.media.fetching import Fetcher, read_bytes
from lookalike.media.hosts import Manners
from lookalike.testing.web import PictureHost, Served

QUICK = Manners(connect_s=5, read_s=5, total_s=10, tries=1)
RED = (220, 20, 20)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def red(mode: str = "RGB", width: int = 60, height: int = 40) -> Image.Image:
    return Image.new("RGB", (width, height), RED).convert(mode)


def png(width: int, height: int, body: bytes, *, bits: int = 8, colour: int = 2, more: bytes = b"") -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A PNG of one pixel with compressed text of 200 MB."""
    text = b"Comment\x00\x00" + zlib.compress(b"A" * 200_000_000, 9)
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    return png(1, 1, zlib.compress(b"\x00\xff\x00\x00"), more=chunk)


def gif_bomb() -> bytes:
    """A GIF whose canvas is small and whose frame says that it is vast."""
    data = bytearray(saved(red("P"), "GIF"))
    at = data.index(b",", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    data[at + 5 : at + 9] = struct.pack("<HH", 65_535, 65_535)
    return bytes(data)


def stripped_tiff() -> bytes:
    """A TIFF that claims a billion pixels and has none."""
    entries = [(256, 4, 40_000), (257, 4, 40_000), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (279, 4, 4)]
    packed = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", len(entries)) + packed + b"\0" * 4


def vast(kind: str) -> bytes:
    """A small file of this format with 100,000 pixels written in its head."""
    data = bytearray(saved(red(), kind))
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", 65_500, 65_500)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", 100_000, 100_000)
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", 65_535, 65_535)
    elif kind == "WEBP":
        data = bytearray(saved(red(), "WEBP", lossless=True))
        at = data.index(b"VP8L") + 9
        data[at : at + 4] = struct.pack("<I", 0x0FFF_FFFF)  # 16,384 x 16,384
    return bytes(data)


REFUSED: dict[str, Callable[[], bytes]] = {
    "zero bytes": lambda: b"",
    "blanks": lambda: b" \n\t" * 100,
    "zeros": lambda: b"\0" * 10_000,
    "svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    "svg after a byte order mark": lambda: b"\xef\xbb\xbf<svg onload='alert(1)'/>",
    "xml with an entity bomb": lambda: b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bbbb'>]><svg/>",
    "pdf": lambda: b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj",
    "postscript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file",
    "eps with a preview": lambda: b"\xc5\xd0\xd3\xc6" + b"\x1e\0\0\0" * 7,
    "web page": lambda: b"<!DOCTYPE html><title>404</title>",
    "zip": lambda: b"PK\x03\x04" + b"\0" * 100,
    "gzip of a picture": lambda: gzip.compress(saved(red(), "PNG")),
    "icon": lambda: saved(red(), "ICO"),
    "photoshop": lambda: b"8BPS\x00\x01" + b"\0" * 100,
    "jpeg 2000": lambda: b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\0" * 50,
    "pcx": lambda: saved(red(), "PCX"),
    "ppm": lambda: b"P6 100000 100000 255\n",
    "fits": lambda: b"SIMPLE  =                    T",
    "executable": lambda: b"\x7fELF\x02\x01\x01",
    "shell script": lambda: b"#!/bin/sh\nrm -rf /\n",
    "git lfs pointer": lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "wide png": lambda: png(100_000, 10, zlib.compress(b"\0" * 3_000_100)),
    "high png": lambda: png(10, 100_000, zlib.compress(b"\0" * 3_100_000)),
    "vast png": lambda: png(2**31 - 1, 2**31 - 1, b""),
    "empty png": lambda: png(0, 0, b""),
    "vast jpeg": lambda: vast("JPEG"),
    "vast bmp": lambda: vast("BMP"),
    "vast gif": lambda: vast("GIF"),
    "vast webp": lambda: vast("WEBP"),
    "vast tiff": stripped_tiff,
    "gif frame outside its canvas": gif_bomb,
    "png text bomb": text_bomb,
    "png with too little in it": lambda: png(4000, 4000, zlib.compress(b"\0" * 100)),
    "tiff that points at itself": lambda: b"II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00",
    "bmp of negative width": lambda: saved(red(), "BMP")[:18] + struct.pack("<ii", -5, 5) + b"\0" * 60,
    "jpeg that ends after its mark": lambda: b"\xff\xd8\xff",
    "webp that ends after its mark": lambda: b"RIFF\x00\x00\x00\x00WEBP",
    "avif that ends after its mark": lambda: b"\x00\x00\x00\x1cftypavif",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_or_too_much_of_one_is_one_clear_line(name: str) -> None:
    data = REFUSED[name]()
    for at_least in (None, 224):
        with pytest.raises(PictureError) as caught:
            decode(data, at_least=at_least)
        words = str(caught.value)
        assert "\n" not in words
        assert 10 < len(words) < 250
        assert " at 0x" not in words


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_a_truncated_picture_is_one_clear_line_wherever_it_ends(kind: str) -> None:
    whole = saved(Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)), kind)
    for end in sorted({0, 1, 2, 3, 4, 8, 11, 12, 13, 16, 20, 30, 60, len(whole) // 3, len(whole) // 2}):
        with pytest.raises(PictureError) as caught:
            decode(whole[:end])
        assert "\n" not in str(caught.value)


ODD: dict[str, Callable[[], bytes]] = {
    "animated gif": lambda: saved(red(), "GIF", save_all=True, append_images=[red().rotate(90)] * 3, duration=40),
    "animated webp": lambda: saved(red(), "WEBP", save_all=True, append_images=[red()] * 2, duration=40),
    "animated png": lambda: saved(red(), "PNG", save_all=True, append_images=[red()] * 2, duration=40),
    "tiff of several pages": lambda: saved(red(), "TIFF", save_all=True, append_images=[red()] * 2),
    "cmyk jpeg": lambda: saved(red("CMYK"), "JPEG", quality=95),
    "cmyk tiff": lambda: saved(red("CMYK"), "TIFF"),
    "palette": lambda: saved(red("P"), "PNG"),
    "alpha": lambda: saved(red("RGBA"), "PNG"),
    "sixteen bits a colour": lambda: png(
        2, 1, zlib.compress(b"\0" + struct.pack(">6H", *(c * 257 for c in RED * 2))), bits=16
    ),
    "broken exif": lambda: saved(red(), "JPEG", quality=95, exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff broken"),
    "endless exif": lambda: saved(
        red(), "JPEG", quality=95, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08" + b"\xff" * 60_000
    ),
    "broken profile": lambda: saved(red(), "JPEG", quality=95, icc_profile=b"\0" * 500),
    "profile of another kind": lambda: saved(
        red(), "PNG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    ),
    "something behind the end": lambda: saved(red(), "PNG") + b"<?php system($_GET[0]); ?>" * 100,
}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("name", ODD)
def test_an_odd_but_honest_picture_is_seen(name: str) -> None:
    for at_least in (None, 20):
        pixels = decode(ODD[name](), at_least=at_least)
        np.testing.assert_allclose(pixels.reshape(-1, 3).mean(axis=0), RED, atol=12)


def test_what_pillow_warns_of_is_not_shown_to_the_user(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(ODD["broken exif"]())
    work = f"from lookalike.media.decoding import decode; decode(open({str(tmp_path / 'a.jpg')!r}, 'rb').read())"
    done = subprocess.run([sys.executable, "-c", work], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize(("value", "shade"), [(0, 0), (1, 255)])
def test_one_bit_is_black_or_white(value: int, shade: int) -> None:
    for kind in ("PNG", "TIFF", "BMP", "GIF"):
        assert (decode(saved(Image.new("1", (9, 5), value), kind)) == shade).all()


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """Each of them in a process that has 1 GB of address space beside what it takes to start."""
    pytest.importorskip("resource")
    for name, make in REFUSED.items():
        (tmp_path / f"{name}.bin").write_bytes(make())
    work = f"""
import resource, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import numpy
from lookalike.errors import PictureError
from lookalike.media.decoding import decode
start = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (start + 1_000_000_000,) * 2)
for path in sorted(Path({str(tmp_path)!r}).iterdir()):
    try:
        decode(path.read_bytes())
    except PictureError:
        continue
    sys.exit(path.name + ' was decoded')
status = Path('/proc/self/status').read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith('VmHWM')))
"""
    if not Path("/proc/self/statm").exists():
        pytest.skip("how much memory a process has is read off /proc")
    done = subprocess.run([sys.executable, "-c", work], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout) < 600_000  # kilobytes


# -- names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "r\u00f6cke \u88d9\u5b50 \U0001f457.png",
        "right\u202eto left.png",
        "new\nline.png",
        "quote'\".png",
        "e\u0301 and \u00e9.png",
        "%2e%2e%2f.png",
        "-rf.png",
        "CON.jpg",
        "picture.pdf",
    ],
)
def test_an_odd_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(saved(red(), "PNG"))
    assert decode(read_bytes(str(tmp_path / name), fetcher=Fetcher())).shape == (40, 60, 3)


@pytest.mark.parametrize(
    "name", ["nul\0.png", "half \ud83d.png", "x" * 5000, "", ".", "/dev/null/x.png", "file:///etc/passwd"]
)
def test_a_name_that_cannot_be_one_is_one_clear_line(name: str) -> None:
    with pytest.raises(PictureError) as caught:
        read_bytes(name, fetcher=Fetcher())
    assert "\n" not in str(caught.value)


def test_a_device_that_never_ends_is_read_no_further_than_the_limit() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("there is no /dev/zero")
    with pytest.raises(PictureError, match="over 1,000 bytes"):
        read_bytes("/dev/zero", fetcher=Fetcher(), limits=Limits(max_bytes=1000))


# -- addresses --------------------------------------------------------------------------------------

INSIDE = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1", "0177.0.0.01",
    "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "127\u30020\u30020\u30021", "\uff11\uff12\uff17.0.0.1",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3", "%31%32%37.0.0.1", "0", "0.0.0.0", "0x0", "10.0.0.1",
    "0x0a000001", "167772161", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1", "3232235521",
    "169.254.169.254", "2852039166", "0xa9fea9fe", "100.64.0.1", "100.127.255.254", "198.18.0.1", "192.0.0.1",
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]",
    "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1%25lo]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]",
    "[ff02::1]", "[2001:db8::1]", "[100::1]", "user@127.0.0.1", "user:secret@127.0.0.1", "example.com@127.0.0.1",
    "127.0.0.1\\@example.com", "example.com\\@127.0.0.1", "example.com#@127.0.0.1", "127.0.0.1%00.example.com",
    "127.0.0.1%2f.example.com", "[::1]@127.0.0.1",
]  # fmt: skip


@pytest.fixture(scope="module")
def inside() -> Iterator[PictureHost]:
    """A server inside the house. Nobody may reach it who was not allowed to."""

    def lead(path: str, headers: dict[str, str]) -> Served | None:
        return (302, {"Location": TARGETS[int(path[2:])]}, b"") if path.startswith("/r") else None

    with PictureHost(lambda path: saved(red(), "PNG"), answer=lead) as host:
        yield host


TARGETS: list[str] = []


def refused(url: str, fetcher: Fetcher) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher.get(url)
    fetcher.close()
    words = str(caught.value)
    assert "\n" not in words
    return words


NOWHERE = "3ffe::1"  # public, and of a network that was given back in 2006: nobody is there


def public_elsewhere(host: str, port: int) -> Sequence[str]:
    """The system's resolver, for which names on the internet are at an address where nobody is."""
    if host.endswith("example.com"):
        return [NOWHERE]
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@pytest.mark.parametrize("host", INSIDE)
def test_an_address_inside_is_refused_in_every_notation(host: str, inside: PictureHost) -> None:
    before = inside.connections
    manners = Manners(connect_s=0.2, total_s=0.3, tries=1)
    words = refused(f"http://{host}:{inside.port}/a.png", Fetcher(manners=manners, resolve=public_elsewhere))
    reasons = ("not a public address", "is not known", "is not a URL", "cannot be connected to", "did not answer")
    assert any(reason in words for reason in reasons), words
    assert inside.connections == before


@pytest.mark.parametrize("host", INSIDE)
def test_a_redirect_to_an_address_inside_is_refused(host: str, inside: PictureHost) -> None:
    """The first hop is allowed by another name, so that it is the second that is looked at."""
    TARGETS.append(f"http://{host}:{inside.port}/stolen.png")
    manners = Manners(connect_s=0.2, total_s=2, tries=1)

    def resolve(name: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if name == "shop.internal" else public_elsewhere(name, port)

    fetcher = Fetcher(allow_hosts=["shop.internal"], manners=manners, resolve=resolve)
    refused(f"http://shop.internal:{inside.port}/r{len(TARGETS) - 1}", fetcher)
    assert inside.paths[f"/r{len(TARGETS) - 1}"] == 1
    assert inside.paths["/stolen.png"] == 0


class Rebinding:
    """A name server that changes its mind after each answer."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


def test_what_was_checked_is_what_is_connected_to(inside: PictureHost) -> None:
    """The first answer is public, every later one leads inside: there is no second question for one connection."""
    resolve = Rebinding([NOWHERE], ["127.0.0.1"])
    before = inside.connections
    manners = Manners(connect_s=0.2, total_s=0.3, tries=1)
    refused(f"http://rebinding.example.com:{inside.port}/a.png", Fetcher(manners=manners, resolve=resolve))
    assert resolve.asked == 1
    assert inside.connections == before


def test_a_second_try_looks_again_and_checks_again(inside: PictureHost) -> None:
    resolve = Rebinding([NOWHERE], ["127.0.0.1"])
    before = inside.connections
    manners = Manners(connect_s=0.2, total_s=0.3, tries=3, backoff_s=0.01)
    words = refused(f"http://rebinding.example.com:{inside.port}/a.png", Fetcher(manners=manners, resolve=resolve))
    assert "not a public address" in words
    assert resolve.asked == 2
    assert inside.connections == before


def test_one_address_inside_among_public_ones_is_enough_to_refuse(inside: PictureHost) -> None:
    resolve = Rebinding([NOWHERE, "127.0.0.1"])
    words = refused(f"http://mixed.example.com:{inside.port}/", Fetcher(manners=QUICK, resolve=resolve))
    assert "127.0.0.1, which is not a public address" in words


@pytest.mark.parametrize(
    "fault",
    [
        OSError("no such host"),
        UnicodeError("label too long"),
        ValueError("embedded null"),
        socket.gaierror(-2, "unknown"),
    ],
)
def test_a_name_that_nobody_knows_is_one_clear_line(fault: Exception) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        raise fault

    assert "nobody.example.com is not known" in refused(
        "http://nobody.example.com/", Fetcher(manners=QUICK, resolve=resolve)
    )
    empty = Fetcher(manners=QUICK, resolve=lambda host, port: [])
    assert "is not known" in refused("http://nobody.example.com/", empty)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.com/a.jpg", "gopher://127.0.0.1:70/", "data:image/png;base64,AAAA",
        "javascript:alert(1)", "jar:http://example.com!/a", "dict://127.0.0.1:11211/", "http://", "http:///a.jpg",
        "https://", "http://example.com:99999/", "http://example.com:0/", "http://example.com:-1/", "http://[::1",
        "http://exa\nmple.com/", "http://exa\0mple.com/", "http://" + "a" * 70_000 + "/", "http://" + "a." * 300,
        "http://..../", "http://\u202e/", "http://*/", "",
    ],
)  # fmt: skip
def test_what_is_no_http_address_is_one_clear_line(url: str) -> None:
    words = refused(url, Fetcher(manners=QUICK, resolve=Rebinding([])))
    assert len(words) < 2 * len(url) + 300


# -- TLS --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for shop.example.com that is its own authority."""
    if which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key)]
    command += ["-out", str(cert), "-subj", "/CN=shop", "-addext", "subjectAltName=DNS:shop.example.com"]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


class TwoHost:
    """A server that speaks HTTP/2 over TLS, with the `h2` library that the fetcher speaks it with."""

    def __init__(self, cert: Path, key: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.context.set_alpn_protocols(["h2"])
        self.context.sni_callback = lambda sock, name, context: self.names.append(name)
        self.names: list[str | None] = []
        self.authorities: list[str] = []
        self.connections = 0

    def __enter__(self) -> TwoHost:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join()

    def accept(self) -> None:
        while True:
            try:
                plain, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain: socket.socket) -> None:
        import h2.config
        import h2.connection
        import h2.events

        try:
            with plain, self.context.wrap_socket(plain, server_side=True) as secure:
                self.connections += 1
                link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
                link.initiate_connection()
                secure.sendall(link.data_to_send())
                while data := secure.recv(65_536):
                    for event in link.receive_data(data):
                        if isinstance(event, h2.events.RequestReceived):
                            headers = {bytes(k): bytes(v).decode() for k, v in event.headers}
                            self.authorities.append(headers[b":authority"])
                            link.send_headers(event.stream_id, [(":status", "200")])
                            link.send_data(event.stream_id, headers[b":path"].encode(), end_stream=True)
                    secure.sendall(link.data_to_send())
        except OSError:
            pass


def at_home(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def test_over_tls_the_name_stays_the_name_and_requests_share_a_connection(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with TwoHost(*certificate) as host:
        fetcher = Fetcher(allow_hosts=["shop.example.com"], resolve=at_home, manners=QUICK)
        url = f"https://shop.example.com:{host.port}"
        futures = [fetcher.submit(f"{url}/{n}") for n in range(30)]
        assert [fetcher.content(f.result()) for f in futures] == [f"/{n}".encode() for n in range(30)]
        assert set(host.names) == {"shop.example.com"}
        assert set(host.authorities) == {f"shop.example.com:{host.port}"}
        assert host.connections == 1
        fetcher.close()


def test_a_certificate_for_another_name_is_refused(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with TwoHost(*certificate) as host:
        fetcher = Fetcher(allow_hosts=["other.example.com"], resolve=at_home, manners=QUICK)
        assert "CERTIFICATE_VERIFY_FAILED" in refused(f"https://other.example.com:{host.port}/", fetcher)
        assert not host.authorities
