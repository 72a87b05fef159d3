"""What was fetched before is asked for again only if it changed, and a cache is never a reason to fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lookalike.media.caching import PictureCache, Validators, key_of
from lookalike.media.fetching import Fetcher
from lookalike.testing.web import PictureHost, Served

PICTURES = {f"/{n}.jpg": os.urandom(1000) for n in range(20)}


@pytest.fixture
def pictures() -> dict[str, bytes]:
    return dict(PICTURES)


@pytest.fixture
def host(pictures: dict[str, bytes]) -> Iterator[PictureHost]:
    with PictureHost(pictures.get) as made:
        yield made


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[PictureCache]:
    made = PictureCache(tmp_path / "cache")
    yield made
    made.close()


def run(host: PictureHost, cache: PictureCache | None) -> dict[str, bytes]:
    """What one run gets, with a fetcher of its own."""
    fetcher = Fetcher(allow_hosts=["127.0.0.1"], cache=cache)
    futures = {path: fetcher.submit(host.url + path) for path in PICTURES}
    got = {path: fetcher.content(future.result()) for path, future in futures.items()}
    for path, future in futures.items():
        assert future.result().key == key_of(got[path])
        fetcher.release(future.result())
    fetcher.close()
    return got


def test_the_second_run_is_told_that_nothing_changed(host: PictureHost, cache: PictureCache) -> None:
    assert run(host, cache) == PICTURES
    assert host.statuses == {200: 20}
    sent = host.bytes_sent
    assert run(host, cache) == PICTURES
    assert host.statuses == {200: 20, 304: 20}
    assert host.bytes_sent == sent


def test_a_changed_picture_comes_anew_and_no_other(
    host: PictureHost, cache: PictureCache, pictures: dict[str, bytes]
) -> None:
    run(host, cache)
    pictures["/7.jpg"] = b"another picture"
    assert run(host, cache)["/7.jpg"] == b"another picture"
    assert host.statuses == {200: 21, 304: 19}


def test_a_server_without_validators_is_asked_for_everything(host: PictureHost, cache: PictureCache) -> None:
    host.validators = False
    assert run(host, cache) == run(host, cache) == PICTURES
    assert host.statuses == {200: 40}


def test_a_date_is_enough_to_ask_with(cache: PictureCache) -> None:
    date = "Wed, 01 Jan 2025 00:00:00 GMT"

    def dated(path: str, headers: dict[str, str]) -> Served:
        unchanged = headers.get("if-modified-since") == date
        return (304, {}, b"") if unchanged else (200, {"Last-Modified": date}, PICTURES[path])

    with PictureHost(PICTURES.get, answer=dated) as host:
        assert run(host, cache) == run(host, cache) == PICTURES
        assert host.statuses == {200: 20, 304: 20}


def test_a_condition_goes_only_to_the_address_that_gave_the_picture(cache: PictureCache) -> None:
    """An ETag of one address means nothing to the next that a redirect may lead to."""
    target = {"now": "/0.jpg"}
    conditions: list[tuple[str, str]] = []

    def moving(path: str, headers: dict[str, str]) -> Served | None:
        conditions.append((path, headers.get("if-none-match", "")))
        return (302, {"Location": target["now"]}, b"") if path == "/latest" else None

    with PictureHost(PICTURES.get, answer=moving) as host:
        for now in ("/0.jpg", "/0.jpg", "/1.jpg"):
            target["now"] = now
            fetcher = Fetcher(allow_hosts=["127.0.0.1"], cache=cache)
            assert fetcher.get(f"{host.url}/latest") == PICTURES[now]
            fetcher.close()
        assert host.statuses == {302: 3, 200: 2, 304: 1}
        assert [path for path, condition in conditions if condition] == ["/0.jpg"]


def test_the_least_recently_used_go_first_and_the_limit_holds(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, max_bytes=10_000)
    for n in range(30):
        content = bytes([n]) * 1000
        assert cache.keep(f"u{n}", Validators(key_of(content), f"u{n}", "tag", ""), content)
        here = [m for m in range(n + 1) if cache.body(key_of(bytes([m]) * 1000)) is not None]
        assert here == list(range(n + 1))[-len(here) :]
        assert 8 <= len(here) <= 11 or n < 10
        assert sum(f.stat().st_size for f in tmp_path.glob("??/*")) <= 11_000
    assert all(cache.validators(f"u{n}") for n in range(30))  # a server can still say that nothing changed
    cache.close()


def test_a_picture_that_was_let_go_is_fetched_when_it_is_needed(host: PictureHost, tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, max_bytes=5_000)
    assert run(host, cache) == PICTURES
    assert run(host, cache) == PICTURES
    assert host.statuses[304] == 20
    cache.close()


def test_a_damaged_body_is_fetched_anew(host: PictureHost, cache: PictureCache, tmp_path: Path) -> None:
    run(host, cache)
    damaged = tmp_path / "cache" / key_of(PICTURES["/3.jpg"])[:2] / key_of(PICTURES["/3.jpg"])
    damaged.write_bytes(b"x" * 1000)
    assert run(host, cache) == PICTURES


def test_a_damaged_database_is_begun_anew(host: PictureHost, tmp_path: Path) -> None:
    (tmp_path / "pictures.sqlite").write_bytes(b"this is no database" * 1000)
    cache = PictureCache(tmp_path)
    assert run(host, cache) == run(host, cache) == PICTURES
    assert host.statuses == {200: 20, 304: 20}
    cache.close()


@pytest.mark.parametrize("obstacle", ["a file in its place", "a folder in place of the database", "full"])
def test_a_folder_that_cannot_be_used_costs_only_time(
    host: PictureHost, tmp_path: Path, obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cache"
    if obstacle == "a file in its place":
        folder.write_text("no folder")
    elif obstacle == "a folder in place of the database":
        (folder / "pictures.sqlite").mkdir(parents=True)
    else:
        monkeypatch.setattr("tempfile.NamedTemporaryFile", no_space)
    cache = PictureCache(folder)
    assert run(host, cache) == run(host, cache) == PICTURES
    cache.close()


def no_space(*where: object, **options: object) -> None:
    raise OSError(28, "No space left on device")


def test_many_threads_may_share_a_cache(cache: PictureCache) -> None:
    def use(n: int) -> bool:
        content = bytes([n % 7]) * 5000
        kept = cache.keep(f"u{n}", Validators(key_of(content), f"u{n}", "t", ""), content)
        return kept and cache.body(key_of(content)) == content and cache.validators(f"u{n}") is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(200)))


def test_several_processes_may_share_a_cache(tmp_path: Path) -> None:
    work = """
import sys
from pathlib import Path
from lookalike.media.caching import PictureCache, Validators, key_of
cache = PictureCache(Path(sys.argv[1]), max_bytes=200_000)
for n in range(150):
    content = bytes([n % 90]) * 4000
    cache.keep(f"u{n}", Validators(key_of(content), f"u{n}", "t", ""), content)
    found = cache.body(key_of(content))
    assert found is None or found == content
assert cache.validators("u149").key == key_of(bytes([149 % 90]) * 4000)
"""
    runs = [subprocess.Popen([sys.executable, "-c", work, str(tmp_path)]) for _ in range(3)]
    assert [child.wait() for child in runs] == [0, 0, 0]
    assert sum(f.stat().st_size for f in tmp_path.glob("??/*")) <= 300_000
    assert not list(tmp_path.glob("??/*.part"))
