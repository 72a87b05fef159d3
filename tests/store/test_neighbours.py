"""Answers read off a list of neighbours are those that a comparison with every row gives, whatever has changed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lookalike.filters import read
from lookalike.store import memory
from lookalike.store.interface import NO_FILTER
from lookalike.store.memory import MemoryStore
from lookalike.store.neighbours import _FRESH, KEPT, Neighbours
from lookalike.testing import builders
from lookalike.types import Filter, Product, Query

HEADER = builders.header(dims={"image": 24, "text": 16, "colour": 12})
COUNT = 4_000  # more than are compared exactly at once, and than are compared in tiles


def products(count: int, *, first: int = 0) -> list[Product]:
    return [builders.product(f"p{n}", price=float(n % 100)) for n in range(first, first + count)]


def put(store: MemoryStore, some: list[Product], seed: int) -> None:
    vectors = {
        part: builders.unit_vectors(len(some), dim, seed=seed + at, clusters=40)
        for at, (part, dim) in enumerate(HEADER.dims.items())
    }
    store.put(builders.rows(HEADER, some, vectors=vectors))


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore(HEADER)
    put(made, products(COUNT), seed=1)
    return made


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows were compared, for each time that all were."""
    seen: list[int] = []
    scan = memory.shortlist
    monkeypatch.setattr(
        memory, "shortlist", lambda *given, **named: (seen.append(len(given[2])), scan(*given, **named))[1]
    )
    yield seen


def asked(store: MemoryStore, product_id: str, *, known: bool = True) -> Query:
    main = store.views([product_id])[product_id][0]
    return Query(main.parts, HEADER.recipe.weights, product_id if known else "")


def same(store: MemoryStore, product_id: str, *, k: int = 20, where: Filter = NO_FILTER) -> bool:
    """Whether a query that may be read off a list has the answer of one that may not."""
    one = store.nearest(asked(store, product_id), k=k, where=where)
    other = store.nearest(asked(store, product_id, known=False), k=k, where=where)
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)
    return one.ids == other.ids and one.exhausted == other.exhausted


def test_the_second_question_compares_no_row_that_is_far(store: MemoryStore, scans: list[int]) -> None:
    store.nearest(asked(store, "p3", known=False), k=5, where=NO_FILTER)  # the first one rounds nothing
    first = store.nearest(asked(store, "p7"), k=20, where=NO_FILTER)
    assert scans == [COUNT]
    again = store.nearest(asked(store, "p7"), k=40, where=NO_FILTER)
    assert scans == [COUNT]
    assert again.ids[:20] == first.ids
    assert again.ids[0] == "p7"


def test_after_any_change_the_answer_is_that_of_all_rows(store: MemoryStore, scans: list[int]) -> None:
    random = np.random.default_rng(3)
    put(store, products(1), seed=90)
    lists_read = 0
    for turn in range(60):
        match turn % 4:
            case 0:  # further products
                put(store, products(7, first=COUNT + 7 * turn), seed=100 + turn)
            case 1:  # what is near goes
                near = store.nearest(asked(store, "p11"), k=30, where=NO_FILTER).ids
                store.delete([i for i in near[1:] if random.random() < 0.3])
            case 2:  # products show something else from now on
                put(store, [builders.product(f"p{n}") for n in random.integers(12, COUNT, 5)], seed=200 + turn)
            case _:
                pass
        before = len(scans)
        for product_id in ("p11", "p4", "p5"):
            if store.products([product_id]):
                assert same(store, product_id, k=int(random.integers(1, 60)))
                assert same(store, product_id, k=10, where=read("price<40"))
                lists_read += 4
        lists_read -= len(scans) - before
    assert lists_read > 100, "the lists were hardly ever read, so nothing was tested"


def test_a_near_row_that_comes_later_is_found(store: MemoryStore) -> None:
    for _ in range(2):
        store.nearest(asked(store, "p9"), k=5, where=NO_FILTER)
    main = store.views(["p9"])["p9"][0]
    twin = {part: vector[None, :] for part, vector in main.parts.items()}
    store.put(builders.rows(HEADER, [builders.product("twin")], vectors=twin))
    assert set(store.nearest(asked(store, "p9"), k=2, where=NO_FILTER).ids) == {"p9", "twin"}


def test_other_weights_are_no_question_that_a_list_answers(store: MemoryStore, scans: list[int]) -> None:
    for _ in range(2):
        store.nearest(asked(store, "p9"), k=5, where=NO_FILTER)
    before = len(scans)
    query = asked(store, "p9")
    heavier = Query(query.parts, {**query.weights, "colour": 3.0}, "p9")
    plain = Query(query.parts, heavier.weights)
    one, other = (store.nearest(q, k=30, where=NO_FILTER) for q in (heavier, plain))
    assert len(scans) == before + 2
    assert one.ids == other.ids


def test_a_question_with_parts_left_out_is_another_question(store: MemoryStore) -> None:
    for _ in range(2):
        query = asked(store, "p9")
        store.nearest(query, k=5, where=NO_FILTER)
    image = {"image": query.parts["image"]}
    one, other = (store.nearest(Query(image, query.weights, like), k=20, where=NO_FILTER) for like in ("p9", ""))
    assert one.ids == other.ids


def test_a_product_that_changed_is_not_answered_as_it_was(store: MemoryStore) -> None:
    for _ in range(2):
        old = asked(store, "p9")
        store.nearest(old, k=5, where=NO_FILTER)
    put(store, [builders.product("p9")], seed=77)
    assert same(store, "p9")
    plain = store.nearest(Query(old.parts, old.weights), k=9, where=NO_FILTER)
    assert store.nearest(old, k=9, where=NO_FILTER).ids == plain.ids  # its old self, asked for a moment too late


def test_a_list_is_forgotten_once_much_has_come_since() -> None:
    lists = Neighbours()
    lists.keep(3, np.array([3, 1]), 0.5, rows=10)
    near = lists.near(3, 12)
    assert near is not None
    assert near.candidates(12).tolist() == [1, 3, 10, 11]
    assert lists.near(4, 12) is None
    assert lists.near(500, 501) is None
    assert lists.near(3, 10 + _FRESH) is not None
    assert lists.near(3, 11 + _FRESH) is None
    lists.keep(40, np.arange(KEPT), 0.1, rows=50)
    assert lists.near(3, 50) is not None
    assert lists.near(39, 50) is None
