"""Requests that are not quite those that the API is for: each gets an answer that a program understands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lookalike.indexing.job import index
from lookalike.recipe import Recipe
from lookalike.serve.app import create_app
from lookalike.serve.gate import Gate
from lookalike.serve.service import Settings

HERE: dict[str, Any] = {"base_url": "http://localhost", "client": ("127.0.0.1", 1)}
SHOP = {"Origin": "https://shop.example"}


@pytest.fixture(scope="module")
def slashes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A shop whose ids read like addresses, which pages of another site may ask."""
    folder = tmp_path_factory.mktemp("slashes")
    ids = ("A", "A/similar", "A/1/thumbnail", "A%2F1")
    (folder / "shop.csv").write_text("id,title\n" + "".join(f"{i},dress {i}\n" for i in ids), "utf-8")
    index(folder / "shop.csv", folder / "store", recipe=Recipe(image="gradients", text="hashed-words"))
    settings = Settings(open_writes=True, allow_origins=(SHOP["Origin"],))
    with TestClient(create_app(folder / "store", settings), **HERE) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("A", "A"),
        ("A%2Fsimilar", "A/similar"),
        ("A%2f1%2fthumbnail", "A/1/thumbnail"),
        ("A%252F1", "A%2F1"),
    ],
)
def test_a_slash_of_an_id_is_told_from_one_of_the_address(slashes: TestClient, path: str, found: str) -> None:
    assert slashes.get(f"/v1/products/{path}").json()["id"] == found
    assert slashes.get(f"/v1/products/{path}/similar").json()["query"]["id"] == found
    assert slashes.patch(f"/v1/products/{path}", json={"price": 3}).json()["id"] == found


def test_what_is_asked_of_a_product_cannot_be_changed_or_deleted(slashes: TestClient) -> None:
    for method in ("PATCH", "DELETE", "PUT", "POST"):
        for asked in ("similar", "thumbnail"):
            answer = slashes.request(method, f"/v1/products/A/{asked}", content=b"no JSON")
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/products", "GET, PUT"),
        ("/v1/products/A", "GET, PATCH, DELETE"),
        ("/v1/rules", "GET, PUT"),
        ("/v1/search", "POST"),
        ("/healthz", "GET"),
        ("/web/page.js", "GET"),
    ],
)
def test_who_uses_another_method_is_told_all_that_there_are(slashes: TestClient, path: str, methods: str) -> None:
    answer = slashes.request("TRACE", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/products/A", "/v1/products?prefix=A", "/v1/products/none"])
def test_head_is_get_without_the_body(slashes: TestClient, path: str) -> None:
    whole, head = slashes.get(path), slashes.head(path)
    assert head.status_code == whole.status_code
    assert head.content == b""
    for name in ("content-type", "etag", "content-length"):
        assert head.headers.get(name) == whole.headers.get(name)


def test_another_sites_page_can_read_why_it_was_refused(slashes: TestClient) -> None:
    answer = slashes.get("/v1/products", headers={**SHOP, "Host": "elsewhere.example"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == SHOP["Origin"]
    asks = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "X-API-Key"}
    assert slashes.options("/v1/products", headers={**SHOP, **asks}).status_code == 200
    other = slashes.get("/v1/products", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "bag", "explain": "yes"}, "explain"),
        ({"text": "bag", "k": "7"}, "k"),
        ({"text": "bag", "k": True}, "k"),
        ({"text": "bag", "at_least": "0.5"}, "at_least"),
        ({"text": 7}, "text"),
        ({"text": "bag", "weights": {"image": "1"}}, "weights.image"),
        ({"text": "bag", "colour": "red"}, "colour"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error_that_names_it(
    served: TestClient, body: dict[str, Any], field: str
) -> None:
    answer = served.post("/v1/search", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{field}: ")


def test_what_nobody_foresaw_is_a_problem_with_the_headers_of_every_answer(
    slashes: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("in /srv/secret.py")

    service: Any = slashes.app.state.service  # type: ignore[attr-defined]
    monkeypatch.setattr(service.shop.store.now(), "products", fail)
    answer = slashes.get("/v1/products?prefix=A&k=1", headers=SHOP)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == SHOP["Origin"]
    assert "ZeroDivisionError" in caplog.text


def test_who_goes_away_half_way_is_not_listened_to() -> None:
    asked, said = [], []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(await receive())

    async def send(message: Any) -> None:
        said.append(message)

    messages = iter(
        [{"type": "http.request", "body": b'{"products": [', "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Any:
        return next(messages)

    gate = Gate(app, open_writes=True)
    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/v1/products",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(gate(scope, receive, send))
    assert asked == [] and said == []
    assert gate._held == 0


def test_an_upsert_that_is_no_catalogue_tells_nothing_of_this_machine(slashes: TestClient, tmp_path: Path) -> None:
    for rows in ([{"title": "nameless"}], [{"colour": "red"}, {}]):
        answer = slashes.put("/v1/products", json={"products": rows})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("the batch has no column for the id")
        assert "/" not in answer.json()["detail"]
    answer = slashes.put("/v1/products", json={"products": [{}, {"id": None}]})
    assert [(one["status"], one["reason"]) for one in answer.json()["results"]] == [
        ("rejected", "the row is empty")
    ] * 2


def test_a_filter_in_an_address_can_say_a_value_with_a_comma(slashes: TestClient) -> None:
    row = {"id": "B", "title": "dress B", "brand": "Day, Birger"}
    assert slashes.put("/v1/products", json={"products": [row]}).json()["results"][0]["status"] == "stored"
    path, wish = "/v1/products/A/similar", {"brand": "Day, Birger"}
    for where in ([json.dumps(wish)], [json.dumps({"brand": ["Day, Birger", "x"]}), "!in_stock"][:1]):
        found = slashes.get(path, params={"where": where}).json()["matches"]
        assert [match["id"] for match in found] == ["B"]
    assert slashes.get(path, params={"where": "brand=Day, Birger"}).json()["matches"] == []
    body = {"like": ["A"], "where": [wish, "brand!=x"], "at_least": 0}
    assert [match["id"] for match in slashes.post("/v1/search", json=body).json()["matches"]] == ["B"]
    for wrong in ('{"brand": ', '{"a":' * 3000, '{"brand": {"like": "D"}}'):
        answer = slashes.get(path, params={"where": wrong})
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:lookalike:filter-error"


def test_behind_a_proxy_that_takes_a_prefix_off_addresses_have_it(shared_store: Path) -> None:
    """As uvicorn hands paths on with --root-path."""
    app = create_app(shared_store, Settings(root_path="/looks"))
    with TestClient(app, root_path="/looks", **HERE) as client:
        found = client.get("/looks/v1/products/bag-a-red").json()
        assert found["thumbnail"].startswith("/looks/v1/products/bag-a-red/thumbnail?")
        assert client.get(found["thumbnail"]).headers["content-type"] == "image/jpeg"
        assert client.get("/looks/web/page.js").status_code == client.get("/looks/").status_code == 200
        assert client.put("/looks/v1/products", json={"products": [{}]}).status_code == 401
        told = client.get("/looks/openapi.json").json()
        assert told["servers"] == [{"url": "/looks"}]
