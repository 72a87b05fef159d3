"""Questions over HTTP get the library's own answers."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lookalike.indexing.job import index
from lookalike.recipe import Recipe
from lookalike.recommend.recommender import Recommender
from lookalike.serve.app import create_app

SHIRT = "shirt-a-red"


def png(catalogue: Path, name: str = SHIRT) -> bytes:
    return (catalogue.parent / f"{name}.png").read_bytes()


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [match["id"] for match in answer.json()["matches"]]


def test_similar_answers_as_the_library_does(served: TestClient, shared_store: Path) -> None:
    answer = served.get(
        f"/v1/products/{SHIRT}/similar",
        params={"k": 4, "where": ["gender=Women", "price<40"], "weights": "image:1,text:0"},
    )
    theirs = Recommender.open(shared_store).similar(
        SHIRT, 4, where=["gender=Women", "price<40"], weights={"image": 1, "text": 0}
    )
    assert ids(answer) == [match.product.id for match in theirs]
    first = answer.json()["matches"][0]
    assert first["score"] == pytest.approx(theirs[0].score, abs=1e-5)
    assert list(first)[:6] == ["id", "score", "title", "group", "image", "parts"]
    assert answer.json()["query"]["where"] == {"gender": "Women", "price": {"lt": "40"}}


def test_what_a_product_lacks_is_null(served: TestClient) -> None:
    found = served.get(f"/v1/products/{SHIRT}").json()
    assert found["brand"] is None and found["url"] is None and found["description"] is None
    assert found["price"] == 10 and found["in_stock"] is False and found["group"] == "shirt-a"


def test_reasons_come_only_when_asked_for(served: TestClient) -> None:
    plain = served.get(f"/v1/products/{SHIRT}/similar").json()["matches"]
    told = served.get(f"/v1/products/{SHIRT}/similar?explain=true").json()["matches"]
    assert all(match["reasons"] is None for match in plain)
    assert all(any("Shape" in reason for reason in match["reasons"]) for match in told)


def test_files_of_this_machine_are_not_named(served: TestClient, catalogue: Path) -> None:
    for path in (f"/v1/products/{SHIRT}", f"/v1/products/{SHIRT}/similar", "/v1/products/nothing"):
        assert str(catalogue.parent) not in served.get(path).text
        assert "/stores" not in served.get(path).text


def test_an_unknown_product_is_a_problem_in_the_words_of_the_library(served: TestClient) -> None:
    answer = served.get("/v1/products/shirt-a-rad")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:lookalike:product-not-found" and problem["status"] == 404
    assert "shirt-a-red" in problem["detail"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (f"/v1/products/{SHIRT}/similar?where=nothing%3D1", "no column 'nothing'"),
        (f"/v1/products/{SHIRT}/similar?weights=image", "write image:1"),
        (f"/v1/products/{SHIRT}/similar?weights=smell:1", "smell"),
        (f"/v1/products/{SHIRT}/similar?k=0", "k: Input should be greater"),
        (f"/v1/products/{SHIRT}/similar?weights=image:nan", "nan"),
        ("/v1/facets?field=nothing", "no column 'nothing'"),
    ],
)
def test_what_is_asked_wrongly_is_told_so(served: TestClient, path: str, words: str) -> None:
    answer = served.get(path)
    assert answer.status_code == 422
    assert words in answer.json()["detail"] and "\n" not in answer.json()["detail"]


def test_a_product_whose_id_has_a_slash_is_found(tmp_path: Path, catalogue: Path) -> None:
    rows = "id,title,image\n" + "".join(
        f"{name},{name},{file}.png\n"
        for name, file in (("A/1 b", "shirt-a-red"), ("A/2?c", "bag-b-blue"), ("A/similar", "bag-a-red"))
    )
    (tmp_path / "slashes.csv").write_text(rows, encoding="utf-8")
    recipe = Recipe(image="gradients", text="hashed-words")
    index(tmp_path / "slashes.csv", tmp_path / "store", images=catalogue.parent, recipe=recipe)
    with TestClient(
        create_app(tmp_path / "store"), base_url="http://localhost", client=("127.0.0.1", 1)
    ) as client:
        found = client.get("/v1/products/A%2F1%20b")
        assert found.status_code == 200, found.text
        assert found.json()["id"] == "A/1 b"
        matches = client.get("/v1/products/A%2F1%20b/similar").json()["matches"]
        assert matches
        for match in matches:
            assert client.get(match["thumbnail"]).headers["content-type"] == "image/jpeg"


def test_words_and_a_picture_are_asked_together(served: TestClient, catalogue: Path) -> None:
    words = served.post("/v1/search", json={"text": "blue bag", "k": 2})
    assert ids(words)[0].startswith("bag-") and ids(words)[0].endswith("blue")
    query = json.dumps({"k": 3, "weights": {"text": 0}, "at_least": 0})
    picture = served.post(
        "/v1/search", files={"picture": ("a.png", png(catalogue), "image/png")}, data={"query": query}
    )
    assert ids(picture)[0] == SHIRT


def test_liked_products_are_neighbours_of_the_answer_and_not_in_it(served: TestClient) -> None:
    found = ids(served.post("/v1/search", json={"like": [SHIRT], "dislike": ["bag-a-red"], "k": 5}))
    assert found and SHIRT not in found and found[0].startswith("shirt")


def test_a_box_looks_at_that_part_alone(served: TestClient, catalogue: Path) -> None:
    def ask(**query):
        files = {"picture": ("a.png", png(catalogue), "image/png")}
        return served.post("/v1/search", files=files, data={"query": json.dumps({"at_least": 0, **query})})

    whole, part = ask(), ask(box=[0.3, 0.1, 0.7, 0.5])
    assert whole.json()["matches"][0]["score"] > part.json()["matches"][0]["score"]
    assert ask(box=[0.7, 0.1, 0.3, 0.5]).status_code == 422


def test_the_same_picture_is_answered_from_the_cache(served: TestClient, catalogue: Path) -> None:
    answers = served.app.state.service.answers
    files = {"picture": ("a.png", png(catalogue, "bag-b-green"), "image/png")}
    first = served.post("/v1/search", files=files)
    hits = answers.hits
    assert served.post("/v1/search", files=files).content == first.content
    assert answers.hits == hits + 1


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "a search needs an image"),
        ({"text": "shirt", "k": 0}, 422, "k:"),
        ({"text": "shirt", "colour": "red"}, 422, "colour: Extra inputs"),
        ({"image_url": "/etc/passwd"}, 422, "no http or https address"),
        ({"image_url": "file:///etc/passwd"}, 422, "no http or https address"),
        ({"image_url": "http://127.0.0.1:9/a.jpg"}, 422, "not a public address"),
        ({"text": "shirt", "where": {"price": {"near": 3}}}, 422, "operator"),
        ({"text": "shirt", "where": {"price": None}}, 422, "None"),
        ({"like": ["nothing"]}, 404, "nothing"),
        ([1], 422, "object"),
    ],
)
def test_a_search_that_cannot_be_answered_says_why(served: TestClient, body, status: int, words: str) -> None:
    answer = served.post("/v1/search", json=body)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_bodies_that_are_no_question_are_refused(served: TestClient) -> None:
    assert served.post("/v1/search", content=b"{", headers={"content-type": "application/json"}).status_code == 422
    assert served.post("/v1/search", content=b"a", headers={"content-type": "text/plain"}).status_code == 415
    odd = {"content-type": "multipart/form-data"}
    assert served.post("/v1/search", content=b"a", headers=odd).status_code == 400
    text = served.post("/v1/search", files={"picture": ("a.png", b"no picture", "image/png")})
    assert text.status_code == 422 and "not a picture" in text.json()["detail"]
    other = served.post("/v1/search", files={"file": ("a.png", b"", "image/png")})
    assert other.status_code == 422 and "it takes picture and query" in other.json()["detail"]


def test_a_look_needs_a_photograph(served: TestClient) -> None:
    assert "needs a photograph" in served.post("/v1/look", json={}).json()["detail"]


def test_who_has_an_answer_is_not_sent_it_again(served: TestClient) -> None:
    path = f"/v1/products/{SHIRT}/similar"
    first = served.get(path)
    again = served.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content
    other = served.get(f"{path}?k=2", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_long_answers_are_packed(served: TestClient) -> None:
    answer = served.get(f"/v1/products/{SHIRT}/similar", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


def test_who_types_finds_ids_and_titles(served: TestClient) -> None:
    def found(prefix: str, k: int = 50) -> list[str]:
        products = served.get("/v1/products", params={"prefix": prefix, "k": k}).json()["products"]
        return [product["id"] for product in products]

    assert found("bag-a") == sorted(f"bag-a-{colour}" for colour in ("red", "blue", "green", "black"))
    assert found("TROU")[0].startswith("trousers") and len(found("trou")) == 8
    assert len(found("blue sh")) == 2 and found("hirt") == []
    assert len({one.partition("-")[0] for one in found("", k=3)}) == 3  # of all over the shop


def test_facets_count_what_passes(served: TestClient) -> None:
    found = served.get("/v1/facets", params={"field": ["colour", "price"], "where": "gender=Women"}).json()
    assert found["total"] == 12
    assert {one["value"]: one["count"] for one in found["facets"]["colour"]} == dict.fromkeys(
        ("red", "blue", "green", "black"), 3
    )
    assert found["ranges"] == {"price": [10.0, 40.0]}
    unasked = served.get("/v1/facets").json()
    assert {"colour", "audience"} <= set(unasked["facets"]) and "title" not in unasked["facets"]


def test_the_map_has_a_point_for_each_product(served: TestClient) -> None:
    pytest.importorskip("openTSNE")
    until = time.monotonic() + 60
    while (answer := served.get("/v1/map")).status_code == 202 and time.monotonic() < until:
        pass  # it waits by itself
    points = answer.json()["points"]
    assert len(points) == 24 and all(0 <= p["x"] <= 1 and 0 <= p["y"] <= 1 for p in points)
    assert len(served.get("/v1/map?limit=5").json()["points"]) <= 5


def test_health_and_readiness_are_told(served: TestClient) -> None:
    assert served.get("/healthz").json()["status"] == "ok"
    assert served.get("/readyz").json()["products"] == 24


def test_unknown_addresses_and_methods_are_problems(served: TestClient) -> None:
    for answer in (served.get("/v1/nothing"), served.post("/v1/facets"), served.get("/web/nothing.js")):
        assert answer.status_code in (404, 405)
        assert answer.headers["content-type"] == "application/problem+json"
