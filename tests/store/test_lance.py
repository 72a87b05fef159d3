"""What only the store that lasts can do: be opened again, be widened, be shared, and be damaged."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path

import lance
import numpy as np
import pytest

from lookalike.errors import ProductNotFound, StoreError
from lookalike.filters import read
from lookalike.store.lance import LanceStore
from lookalike.store.memory import MemoryStore
from lookalike.store.rows import Header, facts_table
from lookalike.testing.builders import header, product, query, rows, unit_vectors
from lookalike.types import Filter, Query


def made(path: Path, *, mirror_limit: int = 100_000, count: int = 3) -> LanceStore:
    store = LanceStore.create(str(path / "store"), header(), {"image": b"\x00fitted"}, mirror_limit=mirror_limit)
    store.put(rows(store.header, [product(f"P{n}", price=float(n)) for n in range(count)]))
    return store


def test_a_folder_without_a_store_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=rf"no store at {tmp_path}.*lookalike index"):
        LanceStore.open(str(tmp_path))


def test_what_was_fitted_comes_back_byte_for_byte(tmp_path: Path) -> None:
    made(tmp_path)
    assert LanceStore.open(str(tmp_path / "store")).fitted() == {"image": b"\x00fitted"}


def test_a_store_without_what_was_fitted_says_so(tmp_path: Path) -> None:
    store = made(tmp_path)
    (tmp_path / "store" / "fitted.lance").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match=r"lacks fitted\.lance"):
        store.fitted()


def test_no_store_is_made_over_another(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(StoreError, match="cannot make a store"):
        made(tmp_path)
    assert LanceStore.open(str(tmp_path / "store")).counts().products == 3


def test_a_store_of_another_version_is_refused_by_its_number(tmp_path: Path) -> None:
    LanceStore.create(str(tmp_path / "new"), header(), {})
    with pytest.raises(StoreError, match=r"is of version 99, this lookalike reads version 1"):
        LanceStore.create(str(tmp_path / "old"), replace(header(), version=99), {})
    with pytest.raises(StoreError, match=r"is of version 99, this lookalike reads version 1"):
        LanceStore.open(str(tmp_path / "old"))


def test_a_damaged_store_is_an_error_in_our_words(tmp_path: Path) -> None:
    made(tmp_path)
    for manifest in (tmp_path / "store" / "views.lance" / "_versions").iterdir():
        manifest.write_bytes(b"not a manifest")
    with pytest.raises(StoreError, match="cannot be read") as caught:
        LanceStore.open(str(tmp_path / "store"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mirror_limit", [0, 100_000])
def test_widening_makes_room_and_keeps_what_is_there(tmp_path: Path, mirror_limit: int) -> None:
    store = made(tmp_path, mirror_limit=mirror_limit)
    other = LanceStore.open(store.path, mirror_limit=mirror_limit)
    store.widen({"size": "text", "Weight (g)": "integer", "tags": "texts"}, {"gender": "audience"})
    store.put(rows(store.header, [product("N", attributes={"size": "S", "Weight (g)": 5, "tags": ("a", "b")})]))
    store.patch(facts_table(store.header, [product("P0", attributes={"size": "L"})]))
    for handle in (store, other, LanceStore.open(store.path)):
        assert handle.header.columns == {"size": "text", "Weight (g)": "integer", "tags": "texts"}
        assert handle.header.aliases == {"gender": "audience"}
        assert handle.product("P1").price == 1.0
        assert handle.product("P1").attributes == {}
        assert handle.product("N").attributes["tags"] == ("a", "b")
        found = handle.nearest(query(handle.header, "P0.jpg"), k=9, where=read("size=S,L"))
        assert found.ids == ["P0", "N"]


def test_widening_twice_is_widening_once(tmp_path: Path) -> None:
    store = made(tmp_path)
    store.widen({"size": "text"}, {})
    before = store.version
    store.widen({"size": "text"}, {})
    assert store.version == before


def test_a_new_column_of_whole_numbers_may_go_into_one_of_numbers(tmp_path: Path) -> None:
    store = made(tmp_path)
    store.widen({"rating": "number"}, {})
    store.widen({"rating": "integer"}, {})
    assert store.header.columns == {"rating": "number"}


def test_two_handles_that_widen_in_turn_keep_the_columns_of_both(tmp_path: Path) -> None:
    mine = made(tmp_path)
    theirs = LanceStore.open(mine.path)
    mine.widen({"size": "text"}, {})
    theirs.widen({"size": "text", "fit": "text"}, {"gender": "audience"})
    mine.widen({"cut": "text"}, {})
    for handle in (mine, theirs):
        assert handle.header.columns == {"size": "text", "fit": "text", "cut": "text"}
        assert handle.header.aliases == {"gender": "audience"}


@pytest.mark.parametrize("mirror_limit", [0, 100_000])
def test_a_column_of_numbers_into_which_text_comes_becomes_one_of_text(tmp_path: Path, mirror_limit: int) -> None:
    store = made(tmp_path, mirror_limit=mirror_limit)
    other = LanceStore.open(store.path, mirror_limit=mirror_limit)
    store.widen({"size": "integer", "rating": "integer", "new": "boolean"}, {})
    store.put(rows(store.header, [product("N", attributes={"size": 38, "rating": 4, "new": True})]))
    assert other.product("N").attributes["size"] == 38
    store.widen({"size": "text", "rating": "number", "new": "text"}, {})
    store.put(rows(store.header, [product("T", attributes={"size": "38 W", "rating": 4.5, "new": "soon"})]))
    for handle in (store, other, LanceStore.open(store.path)):
        assert handle.header.columns == {"size": "text", "rating": "number", "new": "text"}
        assert handle.product("N").attributes == {"size": "38", "rating": 4.0, "new": "true"}
        asked = query(handle.header, "P0.jpg")
        assert set(handle.nearest(asked, k=9, where=read("size=38,38 W")).ids) == {"N", "T"}
        assert handle.nearest(asked, k=9, where=read("rating>4")).ids == ["T"]
        assert handle.check() == []
    store.widen({"rating": "text"}, {})  # and once more
    assert other.product("N").attributes["rating"] == "4.0"


def test_a_migration_that_died_half_way_is_done_by_the_next(tmp_path: Path) -> None:
    store = made(tmp_path)
    store.widen({"size": "integer"}, {})
    store.put(rows(store.header, [product("N", attributes={"size": 38})]))
    half = lance.dataset(f"{store.path}/views.lance")
    half.add_columns({"text_a_size": "'stale'", "a_fit": "'stale'"})
    assert LanceStore.open(store.path).product("N").attributes == {"size": 38}
    store.widen({"size": "text", "fit": "text"}, {})
    assert store.product("N").attributes == {"size": "38"}


def test_lists_and_single_values_are_not_mixed(tmp_path: Path) -> None:
    store = made(tmp_path)
    store.widen({"size": "integer"}, {})
    with pytest.raises(StoreError, match=r"column 'size' holds texts values, .* keeps it as integer"):
        store.widen({"size": "texts"}, {})


def test_other_weights_are_kept_and_touch_no_vector(tmp_path: Path) -> None:
    store = made(tmp_path)
    store.set_weights({"colour": 3.0})
    again = LanceStore.open(store.path)
    assert again.header.recipe.weights == {"image": 1.0, "text": 0.5, "colour": 3.0}
    assert again.header.recipe.fingerprint() == header().recipe.fingerprint()


@pytest.mark.parametrize("mirror_limit", [0, 100_000])
def test_tidying_changes_no_answer(tmp_path: Path, mirror_limit: int) -> None:
    store = made(tmp_path, mirror_limit=mirror_limit, count=400)
    for n in range(0, 90, 3):
        store.patch(facts_table(store.header, [product(f"P{n}", price=0.5)]))
    store.delete([f"P{n}" for n in range(100, 200)])
    asked = query(store.header, "P7.jpg")
    before = store.nearest(asked, k=300, where=Filter())
    store.optimise(index=True)
    after = store.nearest(asked, k=300, where=Filter())
    np.testing.assert_allclose(before.scores, after.scores, atol=1e-6)
    assert before.ids == after.ids
    assert store.counts().products == 300
    assert len(store.nearest(asked, k=300, where=read("price=0.5"))) == 30


def test_a_mirror_that_caught_up_answers_like_a_fresh_one(tmp_path: Path) -> None:
    store = made(tmp_path, count=60)
    writer = LanceStore.open(store.path, mirror_limit=0)
    random = np.random.default_rng(0)
    asked = query(store.header, "P7.jpg", text="product P9")
    for turn in range(25):
        some = [f"P{n}" for n in random.integers(0, 80, 4)]
        if turn % 3 == 0:
            writer.delete(some[:2])
        elif turn % 3 == 1:
            writer.put(
                rows(
                    store.header,
                    [product(i, title=f"turn {turn}", images=(f"{i}.jpg", "x.jpg")) for i in set(some)],
                )
            )
        else:
            writer.patch(facts_table(store.header, [product(i, price=float(turn)) for i in set(some)]))
        fresh = LanceStore.open(store.path)
        for where in ("", "price<20"):
            kept, new = (s.nearest(asked, k=200, where=read(where or None)) for s in (store, fresh))
            assert sorted(zip(kept.ids, kept.scores.round(4), strict=True)) == sorted(
                zip(new.ids, new.scores.round(4), strict=True)
            )
        assert store.counts() == fresh.counts() == writer.counts()


def test_a_reader_in_another_thread_never_sees_half_a_change(tmp_path: Path) -> None:
    store = made(tmp_path, count=300)
    asked, faults, done = query(store.header, "P7.jpg"), [], threading.Event()

    def read_on() -> None:
        while not done.is_set():
            try:
                found = store.nearest(asked, k=1_000, where=Filter())
                assert len(set(found.ids)) == len(found.ids) == 300
                assert store.product("P7").id == "P7"
                assert store.counts().products == 300
            except (AssertionError, ProductNotFound, IndexError, ValueError, KeyError) as error:
                faults.append(repr(error)[:200])
                return

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads take turns so often that a race shows
    readers = [threading.Thread(target=read_on) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(25):
        changed = [product(f"P{n}", price=float(turn)) for n in range(turn % 2, 300, 2)]
        store.patch(facts_table(store.header, changed)) if turn % 3 else store.put(rows(store.header, changed))
    done.set()
    for reader in readers:
        reader.join()
    sys.setswitchinterval(usual)
    assert faults == []


def test_a_missing_part_does_not_crowd_out_what_is_there(tmp_path: Path) -> None:
    """Products without words must not fill the candidates of a question in words."""
    dims, count = {"image": 16, "text": 64}, 24_000
    blocks = {p: unit_vectors(count, d, seed=d) for p, d in dims.items()}
    blocks["text"][::2] = 0
    known = Header(header().recipe, dims)
    table = rows(known, [product(f"P{n:05}") for n in range(count)], vectors=blocks)
    exact, indexed = MemoryStore(known), LanceStore.create(str(tmp_path / "s"), known, {}, mirror_limit=0)
    exact.put(table)
    indexed.put(table)
    indexed.optimise(index=True)
    wanted = found = 0
    for seed in range(20):
        asked = Query({"text": unit_vectors(1, 64, seed=1000 + seed)[0]}, {"text": 1})
        truth, answer = (set(s.nearest(asked, k=10, where=Filter()).ids) for s in (exact, indexed))
        wanted, found = wanted + len(truth), found + len(truth & answer)
    assert found / wanted > 0.9
