"""Changes over HTTP: each row has its result, what is acknowledged is there, and no file of ours is shown."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from PIL import Image
from small_shop import draw
from starlette.testclient import TestClient

from lookalike.media.fetching import Fetcher
from lookalike.recommend.recommender import Recommender
from lookalike.serve.app import create_app
from lookalike.serve.service import Settings
from lookalike.store.lance import LanceStore
from lookalike.testing.web import PictureHost


def png(kind: str, colour: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(draw(kind, colour, 0.3)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def store(shared_store: Path, tmp_path: Path) -> Path:
    return copytree(shared_store, tmp_path / "store")


@pytest.fixture
def client(store: Path) -> Iterator[TestClient]:
    shop = Recommender.open(store, fetcher=Fetcher(allow_hosts=["127.0.0.1"]))
    with TestClient(
        create_app(shop, Settings(open_writes=True)), base_url="http://localhost", client=("127.0.0.1", 1)
    ) as client:
        yield client


@pytest.fixture
def pictures() -> Iterator[PictureHost]:
    with PictureHost({"/new.png": png("bag", "red")}.get) as host:
        yield host


def test_a_product_that_is_put_is_found_at_once_and_on_the_disk(
    client: TestClient, store: Path, pictures: PictureHost
) -> None:
    row = {"id": "new", "title": "red bag", "image": f"{pictures.url}/new.png", "price": "19.90", "fit": "slim"}
    for status in ("stored", "unchanged"):
        answer = client.put("/v1/products", json={"products": [row]})
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"results": [{"id": "new", "status": status, "reason": None}]}
    found = client.get("/v1/products/new/similar", params={"k": 3}).json()["matches"]
    assert {match["id"].split("-")[0] for match in found} == {"bag"}
    kept = LanceStore.open(str(store)).product("new")
    assert (kept.price, kept.attributes["fit"]) == (19.9, "slim")


def test_each_row_has_its_own_result_in_order(client: TestClient, pictures: PictureHost) -> None:
    good = f"{pictures.url}/new.png"
    rows = [
        {"id": "", "title": "nameless", "image": good},
        {"id": "a", "title": "a", "image": good, "price": 5},
        {"id": "b", "title": "b", "image": "/etc/passwd"},
        {"id": "a", "title": "again", "image": good},
        {"id": "c", "title": "c", "image": f"{pictures.url}/none.png"},
    ]
    results = client.put("/v1/products", json={"products": rows}).json()["results"]
    assert [one["status"] for one in results] == ["rejected", "stored", "rejected", "rejected", "rejected"]
    assert all(one["reason"] for one in results if one["status"] == "rejected")
    assert "duplicate" in results[3]["reason"]
    assert client.get("/v1/products/b").status_code == 404


def test_price_and_stock_change_and_the_rest_stays(client: TestClient) -> None:
    before = client.get("/v1/products/bag-a-red").json()
    answer = client.patch("/v1/products/bag-a-red", json={"price": 7.5, "in_stock": True, "season": "spring"})
    assert answer.status_code == 200, answer.text
    after = client.get("/v1/products/bag-a-red").json()
    assert after == answer.json()
    assert (after["price"], after["in_stock"], after["attributes"]["season"]) == (7.5, True, "spring")
    changed = {"price", "in_stock", "attributes"}
    assert {k: v for k, v in after.items() if k not in changed} == {
        k: v for k, v in before.items() if k not in changed
    }
    assert client.patch("/v1/products/bag-a-red", json={"price": None}).json()["price"] is None
    assert client.patch("/v1/products/none", json={"price": 1}).status_code == 404
    assert client.patch("/v1/products/bag-a-red", json={"image": "/etc/passwd"}).status_code == 422


def test_new_words_are_read_anew(client: TestClient) -> None:
    assert client.patch("/v1/products/bag-a-red", json={"title": "zebra harness"}).status_code == 200
    found = client.post("/v1/search", json={"text": "zebra harness", "at_least": 0}).json()["matches"]
    assert found[0]["id"] == "bag-a-red"


def test_what_is_deleted_is_gone(client: TestClient) -> None:
    assert client.delete("/v1/products/bag-a-red").status_code == 204
    assert client.get("/v1/products/bag-a-red").status_code == 404
    assert client.delete("/v1/products/bag-a-red").status_code == 404


def test_rules_are_kept_whole_or_not_at_all(client: TestClient, store: Path) -> None:
    answer = client.put("/v1/rules", json={"rules": [{"name": "x", "frobnicate": 1}]})
    assert answer.status_code == 422
    assert not (store / "rules.toml").exists()
    wanted = [{"name": "hide black", "hide": True, "where": "colour=black"}]
    answer = client.put("/v1/rules", json={"rules": wanted})
    assert answer.status_code == 200, answer.text
    assert client.get("/v1/rules").json() == answer.json()
    found = client.get("/v1/products/bag-a-red/similar", params={"k": 24}).json()["matches"]
    assert "bag-a-black" not in {match["id"] for match in found}


@pytest.mark.parametrize("body", [{}, {"products": []}, {"products": [1]}, {"products": [{}] * 501}])
def test_a_batch_that_is_none_is_a_problem(client: TestClient, body: dict[str, object]) -> None:
    answer = client.put("/v1/products", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_picture_that_a_product_has_already_may_be_named_again_and_no_other(
    client: TestClient, store: Path
) -> None:
    own = LanceStore.open(str(store)).product("bag-a-red").images[0]
    other = LanceStore.open(str(store)).product("bag-b-red").images[0]
    row = {"id": "bag-a-red", "title": "red bag a", "image": own, "price": 11.5}
    assert client.put("/v1/products", json={"products": [row]}).json()["results"][0]["status"] == "stored"
    kept = LanceStore.open(str(store)).product("bag-a-red")
    assert (kept.images, kept.price) == ((own,), 11.5)
    for strange in (other, "/nothing.png", "bag-a-red.png", "../../etc/passwd"):
        answer = client.put("/v1/products", json={"products": [{**row, "image": strange}]}).json()["results"][0]
        assert answer["status"] == "rejected"
        assert answer["reason"] == f"picture {strange!r} is no http or https address: put it where it has one"


def test_new_pictures_and_new_prices_in_a_batch_are_one_commit(
    client: TestClient, store: Path, pictures: PictureHost
) -> None:
    before = LanceStore.open(str(store))
    version, bags = before.version, before.products(["bag-a-red", "bag-a-blue"])
    vectors = before.views(["bag-a-blue"])["bag-a-blue"]
    rows = [
        {"id": "bag-a-red", "title": "red bag a", "image": f"{pictures.url}/new.png", "colour": "red"},
        {
            "id": "bag-a-blue", "title": "blue bag a", "image": bags["bag-a-blue"].images[0], "price": 99,
            "group": "bag-a", "gender": "Women", "colour": "blue", "category": "Women/bag", "in_stock": True,
        },
    ]  # fmt: skip
    results = client.put("/v1/products", json={"products": rows}).json()["results"]
    assert [one["status"] for one in results] == ["stored", "stored"]
    after = LanceStore.open(str(store))
    assert after.version == version + 1
    assert after.product("bag-a-blue").price == 99
    assert after.product("bag-a-blue").predicted == bags["bag-a-blue"].predicted
    for old, new in zip(vectors, after.views(["bag-a-blue"])["bag-a-blue"], strict=True):
        assert all((old.parts[part] == new.parts[part]).all() for part in old.parts)
    assert after.check() == []
