"""Who comes in, how often, with how much; and what every answer carries."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lookalike.errors import Busy, LookalikeError
from lookalike.serve.gate import Gate
from lookalike.serve.keys import Keys, new_key, read_keys
from lookalike.serve.limits import Allowance, Buckets
from lookalike.serve.log import Lines

HERE: dict[str, Any] = {"base_url": "http://localhost", "client": ("127.0.0.1", 1)}
THERE: dict[str, Any] = {"base_url": "http://shop.example", "client": ("192.0.2.7", 1)}


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())}")


def gated(where: dict[str, Any] = HERE, **options: Any) -> TestClient:
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    paths = ("/v1/products", "/v1/products/a", "/v1/products/a/thumbnail", "/metrics", "/healthz", "/")
    app = Starlette(routes=[Route(path, echo, methods=methods) for path in paths])
    return TestClient(Gate(app, **options), **where)


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[tuple[Path, str, str]]:
    path = tmp_path / "keys.toml"
    yield path, new_key(path, role="read", name="page"), new_key(path, role="write", name="back office")


def test_without_keys_this_machine_reads_and_nobody_writes() -> None:
    assert gated().get("/v1/products").status_code == 200
    assert gated().put("/v1/products").status_code == 401
    assert gated(open_writes=True).put("/v1/products").status_code == 200
    assert gated(THERE, open_writes=True).put("/v1/products").status_code == 401
    answer = gated(THERE).get("/v1/products")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "--keys" in answer.json()["detail"]


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"X-Forwarded-For": "192.0.2.7"}, {"Forwarded": "for=192.0.2.7"}]
)
def test_neither_a_proxy_nor_a_name_that_points_here_is_this_machine(headers: dict[str, str]) -> None:
    assert gated(open_writes=True).put("/v1/products", headers=headers).status_code == 401
    assert gated().get("/v1/products", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("key", "read", "write"), [("none", 401, 401), ("wrong", 401, 401), ("page", 200, 403), ("office", 200, 200)]
)
def test_a_key_does_what_its_role_may(keys: tuple[Path, str, str], key: str, read: int, write: int) -> None:
    path, page, office = keys
    secret = {"none": "", "wrong": page[:-1] + "!", "page": page, "office": office}[key]
    client = gated(THERE, keys=Keys(path))
    for headers in ({"Authorization": f"Bearer {secret}"}, {"X-API-Key": secret}):
        assert client.get("/v1/products", headers=headers).status_code == read
        assert client.get("/metrics", headers=headers).status_code == read
        for method in ("PUT", "PATCH", "DELETE"):
            assert client.request(method, "/v1/products", headers=headers).status_code == write


def test_a_server_that_is_full_refuses_questions_before_it_reads_them() -> None:
    def full(path: str) -> None:
        raise Busy("the server is busy", retry_after_s=3)

    client = gated(open_writes=True, refuse_if_full=full)
    for method, path in (("GET", "/v1/products/a/similar"), ("POST", "/v1/search"), ("POST", "/v1/look")):
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert client.put("/v1/products").status_code == 200  # changes and pictures have threads of their own
    for path in ("/v1/products/a", "/v1/products", "/v1/products/a/thumbnail", "/metrics", "/healthz", "/"):
        assert client.get(path).status_code == 200


def test_the_page_and_pictures_need_no_key(keys: tuple[Path, str, str]) -> None:
    client = gated(THERE, keys=Keys(keys[0]))
    for path in ("/", "/healthz", "/v1/products/a/thumbnail"):
        assert client.get(path).status_code == 200
    assert client.options("/v1/products").status_code != 401


def test_a_key_is_kept_as_a_hash_and_goes_with_its_table(keys: tuple[Path, str, str]) -> None:
    path, page, office = keys
    assert page not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    opened = Keys(path)
    assert opened.find(page) is not None
    path.write_text(path.read_text().partition("\n\n")[2])
    assert opened.find(page) is None
    assert (found := opened.find(office)) is not None
    assert (found.name, found.role) == ("back office", "write")


def test_a_file_of_keys_that_is_wrong_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match="lookalike keys new"):
        Keys(tmp_path / "none.toml")
    wrong = tmp_path / "keys.toml"
    for text in ("[[keys]]\nname = 1", "keys = 3", "not toml", '[[keys]]\nname="a"\nrole="god"\nsha256="0"'):
        wrong.write_text(text)
        with pytest.raises(LookalikeError, match=r"keys.toml"):
            read_keys(wrong)


def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    client = gated({**THERE}, allowance=Allowance(per_address_per_s=0.5, burst_s=6))
    codes = [client.get("/").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert 1 <= int(client.get("/").headers["retry-after"]) <= 2
    assert client.get("/healthz").status_code == 200


def test_a_bucket_fills_again_and_strangers_do_not_share_one() -> None:
    now = 0.0
    buckets = Buckets(2.0, 1.0, most=2, clock=lambda: now)
    assert [buckets.take("a"), buckets.take("a"), buckets.take("b")] == [0, 0, 0]
    assert buckets.take("a") == pytest.approx(0.5)
    now = 0.5
    assert buckets.take("a") == 0


@pytest.mark.parametrize("chunked", [False, True])
def test_more_bytes_than_are_taken_are_refused_and_forgotten(chunked: bool) -> None:
    client = gated(allowance=Allowance(bytes_at_most=1000))
    gate: Any = client.app
    many = b"x" * 1001
    answer = client.post("/v1/products", content=iter([many[:500], many[500:]]) if chunked else many)
    assert answer.status_code == 413
    assert "1,000 bytes" in answer.json()["detail"]
    assert client.post("/v1/products", content=many[:1000]).text == "1000"
    assert gate._held == 0


def test_every_answer_carries_what_keeps_a_browser_safe() -> None:
    for answer in (gated().get("/"), gated(THERE).get("/v1/products")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_the_log_says_who_asked_and_no_secret(
    keys: tuple[Path, str, str], caplog: pytest.LogCaptureFixture
) -> None:
    path, page, _ = keys
    with caplog.at_level(logging.INFO, "lookalike.access"):
        client = gated(THERE, keys=Keys(path))
        answer = client.get("/v1/products", params={"text": "private"}, headers={"X-API-Key": page})
    line = json.loads(Lines().format(caplog.records[-1]))
    assert (line["key"], line["status"], line["path"], line["from"]) == ("page", 200, "/v1/products", "192.0.2.7")
    assert line["id"] == answer.headers["x-request-id"]
    for said in (json.dumps(line), caplog.text):
        assert page not in said
        assert "private" not in said
