"""Answers read off a list of neighbours are those that a comparison with every row gives, whatever has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

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


# -- kept for the next process -----------------------------------------------------------------------


def filled(rows: pa.Table) -> MemoryStore:
    made = MemoryStore(HEADER)
    made.append(rows)
    made.nearest(asked(made, made.ids(limit=1)[0]), k=5, where=NO_FILTER)  # the first question never reads a list
    return made


@pytest.fixture
def rows() -> pa.Table:
    some = products(COUNT)
    vectors = {
        part: builders.unit_vectors(COUNT, dim, seed=at, clusters=40)
        for at, (part, dim) in enumerate(HEADER.dims.items())
    }
    return builders.rows(HEADER, some, vectors=vectors)


@pytest.fixture
def file(rows: pa.Table, tmp_path: Path) -> Path:
    made = filled(rows)
    made.prepare(made.ids(limit=0))
    assert made.save_neighbours(tmp_path / "neighbours.safetensors")
    return tmp_path / "neighbours.safetensors"


def test_neighbours_of_before_answer_without_a_scan(rows: pa.Table, file: Path, scans: list[int]) -> None:
    store = filled(rows)
    assert store.read_neighbours(file)
    before = len(scans)
    for product_id in ("p0", "p9", "p3999"):
        assert len(store.nearest(asked(store, product_id), k=20, where=NO_FILTER).ids) == 20
    assert len(scans) == before
    assert all(same(store, product_id) for product_id in ("p0", "p9", "p3999"))


@given(data=st.data())
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_answers_are_exact_whatever_has_changed_since(rows: pa.Table, file: Path, data: st.DataObject) -> None:
    gone = data.draw(st.lists(st.integers(0, COUNT - 1), max_size=30, unique=True))
    again = data.draw(st.sets(st.sampled_from(gone))) if gone else set()  # these come back at the end as they were
    kept = np.setdiff1d(np.arange(COUNT), gone)
    if data.draw(st.booleans()):
        kept = np.roll(kept, data.draw(st.integers(0, 300)))  # an order that no list was made in
    fresh = builders.rows(
        HEADER,
        products(40, first=COUNT),
        vectors={
            part: builders.unit_vectors(40, dim, seed=at, clusters=40)  # beside what was there
            for at, (part, dim) in enumerate(HEADER.dims.items())
        },
    )
    store = filled(pa.concat_tables([rows.take(kept), fresh, rows.take(np.array(sorted(again), np.int64))]))
    put(store, [builders.product(f"p{kept[5]}")], seed=99)
    assert store.read_neighbours(file)
    store.delete([f"p{kept[7]}"])
    some = [kept[0], kept[6], kept[-1], *again]
    assert all(same(store, f"p{n}") for n in some)


def test_lists_that_were_made_between_changes_are_kept_too(
    rows: pa.Table, tmp_path: Path, scans: list[int]
) -> None:
    made = filled(rows)
    made.prepare(["p1"])
    made.patch(pa.table({"id": ["p2"], "price": [5.0]}))  # buried, and back at the end
    made.prepare(["p2", "p3"])
    assert made.save_neighbours(tmp_path / "kept")
    order = [n for n in range(COUNT) if n != 2] + [2]
    store = filled(rows.take(order))
    assert store.read_neighbours(tmp_path / "kept")
    before = len(scans)
    assert all(same(store, product_id) for product_id in ("p1", "p2", "p3"))
    assert len(scans) == before + 3  # of the plain questions that `same` compares with


@pytest.mark.parametrize("harm", ["none", "cut", "another", "weights"])
def test_a_file_that_does_not_fit_is_left_alone(rows: pa.Table, file: Path, harm: str) -> None:
    store = filled(rows)
    if harm == "none":
        file.unlink()
    elif harm == "cut":
        file.write_bytes(file.read_bytes()[:-1000])
    elif harm == "another":
        file.write_bytes(save({"marks": np.zeros(3, np.uint64)}))
    else:
        store = MemoryStore(replace(HEADER, recipe=replace(HEADER.recipe, weights={"image": 0.3})))
        store.append(rows)
    assert not store.read_neighbours(file)
    assert same(store, "p9")


def test_nothing_known_is_nothing_to_keep(rows: pa.Table, tmp_path: Path) -> None:
    assert not filled(rows).save_neighbours(tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
