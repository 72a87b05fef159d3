"""The client: patient with a server that stumbles, and of the library's own words with one that serves a shop."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lookalike
from lookalike.client import Client, Upserted
from lookalike.errors import (
    Busy,
    FetchError,
    FilterError,
    LookalikeError,
    NotAllowed,
    PictureError,
    ProductNotFound,
    RuleError,
    ServiceError,
    StoreError,
    TookTooLong,
    TooLarge,
)
from lookalike.filters import read, spelled
from lookalike.media.fetching import Fetcher
from lookalike.recommend.recommender import Recommender
from lookalike.recommend.rules import Rules
from lookalike.types import Condition, Filter, Match

DRESS = {
    "id": "d 1/é",
    "title": "Dress",
    "group": "d",
    "description": None,
    "brand": "Acme",
    "category": None,
    "audience": "Women",
    "colour": "red",
    "price": 49.0,
    "currency": "EUR",
    "in_stock": True,
    "url": None,
    "images": ["/v1/products/d/thumbnail?size=512", "https://img.example/2.jpg"],
    "thumbnail": "/v1/products/d/thumbnail?size=256",
    "attributes": {"season": "summer", "tags": ["sale", "new"]},
    "predicted": {"type": {"label": "Dresses", "confidence": 0.9}},
}
NOTHING: dict[str, Any] = {"query": {}, "matches": [], "nothing_like_it": True}
BROKEN = object()  # the connection ends without an answer


class Scripted(ThreadingHTTPServer):
    """Gives the answers of its script, one after another, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self, *script: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.script = list(script)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are meant to."""


class _Answering(BaseHTTPRequestHandler):
    server: Scripted

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        told = self.server.script.pop(0)
        told = told() if callable(told) else told
        if told is BROKEN:
            return
        status, headers, document = told
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that http.server asks for

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ok(document: Any) -> Any:
    return 200, {}, document


def problem(status: int, name: str, detail: str = "words", **headers: str) -> Any:
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    return status, named, {"type": f"urn:lookalike:{name}", "title": name, "status": status, "detail": detail}


# -- what goes over the wire -------------------------------------------------------------------------------------


def test_a_product_becomes_the_librarys_and_its_paths_whole_addresses() -> None:
    with running(Scripted(ok(DRESS))) as server, Client(f"{server.url}/", key="lk_1") as shop:
        found = shop.product("d 1/é")
    method, path, headers, _ = server.asked[0]
    assert (method, path, headers["authorization"]) == ("GET", "/v1/products/d%201%2F%C3%A9", "Bearer lk_1")
    assert found.id == "d 1/é" and found.description == "" and found.price == 49.0 and found.style == "d"
    assert found.images == (f"{server.url}/v1/products/d/thumbnail?size=512", "https://img.example/2.jpg")
    assert found.attributes["tags"] == ("sale", "new")
    assert found.predicted["type"].confidence == 0.9


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(Client("http://127.0.0.1:9", key="secret"))


def test_a_filter_goes_along_in_the_spelling_of_the_shell() -> None:
    with running(Scripted(ok(NOTHING))) as server, Client(server.url) as shop:
        where = {"price": {"ge": 10, "lt": 50}, "in_stock": True, "brand": "A&B"}
        assert shop.similar("a", 3, where=where, weights={"image": 1, "colour": 0.3}, same="category") == []
    path = server.asked[0][1]
    assert path.startswith("/v1/products/a/similar?k=3&where=price%3E%3D10&where=price%3C50&where=in_stock&")
    assert path.endswith("where=brand%3DA%26B&same=category&weights=image%3A1%2Ccolour%3A0.3")


def test_a_filter_that_the_shell_cannot_spell_is_sent_as_json() -> None:
    with running(Scripted(ok(NOTHING), ok(NOTHING))) as server, Client(server.url) as shop:
        shop.similar("a", where={"brand": "A, B"})
        shop.search(text="dress", where={"brand": "A, B"})
    assert 'where={"brand": "A, B"}' in unquote_plus(server.asked[0][1])
    assert json.loads(server.asked[1][3])["where"] == [{"brand": "A, B"}]


columns = st.text("abc_ ", min_size=1).map(str.strip).filter(bool)
plain = st.text("ab,=<>! é", max_size=6)
conditions = st.one_of(
    st.builds(Condition, columns, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge", "exists"]), plain),
    st.builds(Condition, columns, st.just("eq"), st.booleans()),
    st.builds(Condition, columns, st.just("in"), st.lists(plain, max_size=3).map(tuple)),
)


@given(st.lists(conditions, max_size=3).map(lambda some: Filter(tuple(some))))
def test_a_filter_that_can_be_spelled_is_read_back_as_it_was(where: Filter) -> None:
    try:
        terms = spelled(where)
    except FilterError:
        return
    assert read(terms) == where


def test_a_picture_is_sent_as_bytes_and_a_url_as_its_address(tmp_path: Path) -> None:
    file = tmp_path / "p.jpg"
    file.write_bytes(b"\xff\xd8 the file")
    pixels = np.zeros((4, 3, 3), np.uint8)
    with running(Scripted(*[ok(NOTHING)] * 3)) as server, Client(server.url) as shop:
        shop.search(image=file, k=2, box=(0, 0, 0.5, 1))
        shop.search(image="https://img.example/1.jpg", text="but red")
        shop.search(image=pixels)
    sent, linked, drawn = server.asked
    assert sent[2]["content-type"].startswith("multipart/form-data")
    assert b"\xff\xd8 the file" in sent[3] and b'"box": [0, 0, 0.5, 1]' in sent[3]
    assert json.loads(linked[3])["image_url"] == "https://img.example/1.jpg"
    assert b"\x89PNG" in drawn[3]


def test_a_picture_that_is_not_there_is_named() -> None:
    with Client("http://127.0.0.1:9") as shop, pytest.raises(PictureError, match=r"nowhere\.jpg: No such file"):
        shop.search(image="nowhere.jpg")


def test_many_products_go_in_batches_and_their_results_stay_in_order() -> None:
    ids = [f"p{n}" for n in range(1001)]
    parts = [ids[:500], ids[500:1000], ids[1000:]]
    told = [ok({"results": [{"id": i, "status": "stored", "reason": None} for i in part]}) for part in parts]
    with running(Scripted(*told)) as server, Client(server.url) as shop:
        assert shop.put({"id": i} for i in ids) == [Upserted(i, "stored") for i in ids]
    assert [[row["id"] for row in json.loads(asked[3])["products"]] for asked in server.asked] == parts
    assert {asked[0] for asked in server.asked} == {"PUT"}


# -- problems ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (problem(404, "product-not-found"), ProductNotFound),
        (problem(422, "filter-error"), FilterError),
        (problem(422, "fetch-error"), FetchError),
        (problem(422, "rule-error"), RuleError),
        (problem(422, "invalid-request"), LookalikeError),
        (problem(503, "store-error"), StoreError),
        (problem(401, "not-allowed"), NotAllowed),
        (problem(403, "about:blank"), NotAllowed),
        (problem(413, "about:blank"), TooLarge),
        (problem(504, "took-too-long"), TookTooLong),
        (problem(500, "about:blank"), ServiceError),
        (problem(404, "about:blank"), ServiceError),
    ],
)
def test_a_problem_becomes_the_librarys_error_and_is_not_asked_for_again(answer: Any, error: type) -> None:
    with running(Scripted(answer)) as server, Client(server.url) as shop, pytest.raises(LookalikeError) as raised:
        shop.similar("a")
    assert type(raised.value) is error and str(raised.value) == "words"
    assert len(server.asked) == 1


def test_an_answer_of_somebody_elses_server_is_told_with_its_address() -> None:
    strange = [ok(b"<html>"), ok({"hello": 1}), (301, {"Location": "https://x.example/"}, b"")]
    with running(Scripted(*strange)) as server, Client(server.url) as shop:
        for words in ("is it the address of", "is it the address of", "301 .* to 'https://x.example/'"):
            with pytest.raises(ServiceError, match=words) as raised:
                shop.similar("a")
            assert server.url in str(raised.value)


@pytest.mark.parametrize("url", ["ftp://shop.example", "shop.example", "http://[::1"])
def test_an_address_that_is_none_is_told_at_once(url: str) -> None:
    waited: list[float] = []
    with Client(url, pause=waited.append) as shop, pytest.raises(ServiceError, match="cannot be"):
        shop.product("a")
    assert not waited


def test_a_server_that_is_not_there_is_tried_again_and_then_named() -> None:
    server = Scripted()
    server.server_close()  # nobody listens on its port any more
    waited: list[float] = []
    unreachable = pytest.raises(ServiceError, match=rf"{server.url} cannot be reached .* running there")
    with Client(server.url, retries=2, pause=waited.append) as shop, unreachable:
        shop.patch("a", {"price": 1})
    assert len(waited) == 2 and waited[0] < waited[1]


# -- patience ----------------------------------------------------------------------------------------------------

busy = problem(503, "busy", Retry_After="7")


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_busy_is_asked_again_when_it_says(status: int) -> None:
    waited: list[float] = []
    again = problem(status, "busy", Retry_After="7")
    with running(Scripted(again, again, ok(NOTHING))) as server, Client(server.url, pause=waited.append) as shop:
        assert shop.search(text="dress") == []
    assert len(waited) == 2 and all(7 <= pause_s < 8 for pause_s in waited)


def test_who_stays_busy_is_told_with_when_to_try_again() -> None:
    with running(Scripted(busy, busy)) as server, pytest.raises(Busy) as raised:
        Client(server.url, retries=1, pause=lambda _: None).similar("a")
    assert raised.value.retry_after_s == 7 and len(server.asked) == 2


def test_nobody_waits_for_an_hour() -> None:
    waited: list[float] = []
    later = problem(429, "busy", Retry_After="3600")
    with running(Scripted(later)) as server, pytest.raises(Busy) as raised:
        Client(server.url, pause=waited.append).similar("a")
    assert raised.value.too_many and raised.value.retry_after_s == 3600 and not waited


@pytest.mark.parametrize("fault", [BROKEN, (502, {}, b"proxy"), (503, {}, b"proxy")], ids=["broken", "502", "503"])
def test_what_twice_is_once_is_done_again_and_nothing_else(fault: Any) -> None:
    done = ok({"results": [{"id": "a", "status": "stored", "reason": None}]})
    with running(Scripted(fault, done)) as server, Client(server.url, pause=lambda _: None) as shop:
        assert shop.put([{"id": "a"}]) == [Upserted("a", "stored")]
    with running(Scripted(fault, ok(DRESS))) as server, pytest.raises(ServiceError):
        Client(server.url, pause=lambda _: None).patch("a", {"price": 1})
    assert len(server.asked) == 1


def test_a_change_that_was_turned_away_is_made_again() -> None:
    with running(Scripted(busy, ok(DRESS))) as server, Client(server.url, pause=lambda _: None) as shop:
        assert shop.patch("d 1/é", {"price": 49}).price == 49


def test_a_product_that_an_unheard_try_deleted_is_deleted() -> None:
    gone = problem(404, "product-not-found")
    with running(Scripted(BROKEN, gone, gone)) as server, Client(server.url, pause=lambda _: None) as shop:
        shop.delete("a")
        with pytest.raises(ProductNotFound):
            shop.delete("a")


def test_a_server_that_is_silent_takes_too_long() -> None:
    heard = threading.Event()

    def late() -> Any:
        heard.wait(10)
        return ok(DRESS)

    with running(Scripted(late)) as server, Client(server.url, timeout_s=0.2) as shop:
        with pytest.raises(TookTooLong, match=r"did not answer within 0\.2 s"):
            shop.product("a")
        heard.set()
    assert len(server.asked) == 1


# -- a shop that is served ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(shared_store: Path) -> Recommender:
    return lookalike.open(shared_store)


@pytest.fixture(scope="module")
def served(shop: Recommender) -> Iterator[Client]:
    """A client of a server of the small shop."""
    with client_of(shop) as client:
        yield client


@contextmanager
def client_of(shop: Recommender, *, open_writes: bool = False) -> Iterator[Client]:
    """A client of a server in a thread."""
    uvicorn = pytest.importorskip("uvicorn", reason="needs the [serve] extra")
    from lookalike.serve.app import create_app
    from lookalike.serve.service import Settings

    app = create_app(shop, Settings(store=shop.name, open_writes=open_writes))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and thread.is_alive() and time.monotonic() < until:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with Client(f"http://127.0.0.1:{port}", timeout_s=60) as client:
        yield client
    server.should_exit = True
    thread.join()


def agree(theirs: Sequence[Match], ours: Sequence[Match]) -> bool:
    """Whether matches are the same as far as they go over the wire: pictures have other addresses there."""
    facts = attrgetter("product.id", "product.title", "product.style", "product.price", "duplicates", "rules")
    scores = [m.score for m in theirs], pytest.approx([m.score for m in ours], abs=1e-5)
    return [facts(m) for m in theirs] == [facts(m) for m in ours] and scores[0] == scores[1]


def test_similar_is_what_the_library_answers(served: Client, shop: Recommender) -> None:
    where = {"price": {"lt": 35}, "gender": ["Women", "Men"]}
    asked = {"where": where, "weights": {"image": 1, "colour": 0.2}}
    ours, theirs = shop.similar("bag-a-red", 5, **asked), served.similar("bag-a-red", 5, **asked)
    assert len(ours) == 5 and agree(theirs, ours)
    assert theirs[0].parts.keys() == ours[0].parts.keys() and not theirs[0].reasons
    explained = served.similar("bag-a-red", 1, explain=True)[0]
    assert explained.reasons == tuple(shop.explain(shop.similar("bag-a-red", 1)[0], like="bag-a-red"))


def test_search_is_what_the_library_answers(served: Client, shop: Recommender, catalogue: Path) -> None:
    picture = catalogue.parent / "shirt-b-blue.png"
    for asked in (
        {"image": picture, "box": (0.1, 0, 1, 0.9), "k": 3},
        {"image": picture.read_bytes(), "text": "in red", "weights": {"text": 2}},
        {"text": "green trousers", "where": "in_stock", "by_group": True},
        {"liked": ["bag-a-red"], "disliked": ["shirt-a-red"], "where": ["price<35"]},
    ):
        found = shop.search(**asked)
        assert found and agree(served.search(**asked), found)


def test_a_product_is_the_librarys_but_for_where_its_pictures_are(served: Client, shop: Recommender) -> None:
    ours, theirs = shop.product("bag-a-red"), served.product("bag-a-red")
    changes = {"images": theirs.images, "categories": ()}
    assert theirs == replace(ours, **changes)
    assert all(address.startswith(f"{served.url}/v1/products/bag-a-red/thumbnail") for address in theirs.images)
    assert [p.id for p in served.products("bag-a-r")] == ["bag-a-red"]
    assert len(served.products(k=5)) == 5


def test_errors_have_the_librarys_words(served: Client, shop: Recommender) -> None:
    for ask in (
        lambda of: of.similar("bag-a-rod"),
        lambda of: of.similar("bag-a-red", where="prize<5"),
        lambda of: of.product("nobody"),
        lambda of: of.search(),
        lambda of: of.search(image=b"no picture"),
    ):
        with pytest.raises(LookalikeError) as ours:
            ask(shop)
        with pytest.raises(LookalikeError) as theirs:
            ask(served)
        words = str(ours.value).replace(shop.name, "the store")  # where it lies is not told
        assert type(theirs.value) is type(ours.value) and str(theirs.value) == words


def test_a_look_is_taken_apart_there(served: Client) -> None:
    from lookalike.testing import sample_shop

    photo = sample_shop() / "figures" / "figure-16-woman-park.jpg"
    found = served.look(photo, k=2)
    assert found.people and found.garments
    assert all(0 < worn.detection.score <= 1 and len(worn.matches) <= 2 for worn in found.garments)


def test_changes_are_seen_at_once(catalogue: Path, shared_store: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(shared_store, store)
    picture = (200, {"Content-Type": "image/png"}, (catalogue.parent / "bag-b-red.png").read_bytes())
    fetcher = Fetcher(allow_hosts=["127.0.0.1"])
    with (
        running(Scripted(picture)) as pictures,
        client_of(Recommender.open(store, fetcher=fetcher), open_writes=True) as shop,
    ):
        row = {"id": "bag-a-red", "title": "Scarlet bag", "image": f"{pictures.url}/1.png"}
        stored, rejected = shop.put([row, {"id": "theirs", "title": "x", "image": "/etc/passwd"}])
        assert stored == Upserted("bag-a-red", "stored") and rejected.status == "rejected" and rejected.reason
        assert shop.product("bag-a-red").title == "Scarlet bag"
        assert shop.patch("bag-a-red", {"price": 7.5}).price == 7.5
        assert "bag-a-red" in {m.product.id for m in shop.similar("bag-b-blue", 20, where="price<8")}
        shop.delete("bag-a-red")
        with pytest.raises(ProductNotFound):
            shop.delete("bag-a-red")
        wanted = Rules.of([{"name": "no bags", "hide": True, "where": "category=Women/bag"}])
        assert shop.put_rules(wanted) == wanted == shop.rules()
        with pytest.raises(RuleError, match="prize"):
            shop.put_rules([{"name": "x", "hide": True, "where": "prize<5"}])
