"""Nothing acknowledged is lost: killed writers, two writers, full disks, read-only and damaged folders."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import lance
import numpy as np
import pytest

from lookalike.errors import StoreError
from lookalike.store import durability
from lookalike.store.lance import LanceStore
from lookalike.store.rows import facts_table
from lookalike.testing.builders import header, product, query, rows, unit_vectors
from lookalike.testing.killing import (
    IDS,
    Child,
    calm_indexing,
    changes,
    disturbed_indexing,
    disturbed_writing,
    make_store,
    state,
    states,
)
from lookalike.types import Filter


def made(path: Path, count: int = 20) -> LanceStore:
    store = LanceStore.create(str(path), header(), {}, mirror_limit=0)
    store.put(rows(store.header, [product(f"P{n}", price=float(n)) for n in range(count)]))
    return store


def one_line(error: pytest.ExceptionInfo[StoreError]) -> str:
    words = str(error.value)
    assert "\n" not in words
    assert "/rust/" not in words
    return words


# -- killed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_run_of_changes_loses_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    assert disturbed_writing(tmp_path / "store", seed=seed, count=12) == ""


def test_a_killed_index_run_ends_like_a_calm_one(catalogue: Path, tmp_path: Path) -> None:
    calm, steps = calm_indexing(catalogue, tmp_path / "calm")
    assert calm.counts().products == 24
    assert disturbed_indexing(catalogue, tmp_path / "killed", calm, seed=4, steps=steps) == ""


def test_what_a_killed_writer_left_half_written_is_tidied_away(tmp_path: Path) -> None:
    store = made(tmp_path / "store")
    table = tmp_path / "store" / "views.lance"
    left = [table / "data" / ".tmpAbCdEf", table / "_versions" / "18446744073709551000.manifest#1"]
    left.append(table / "data" / "0123456789.lance")  # whole, but no version names it
    for file in left:
        file.write_bytes(b"half")
    assert LanceStore.open(store.path).counts().products == 20
    store.optimise()
    assert not any(file.exists() for file in left)
    assert store.check() == []


# -- flushed -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="names of open files are read from /proc")
def test_files_are_flushed_before_the_version_that_names_them_and_that_before_the_call_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []

    class Watched:
        O_RDONLY, walk, open, close = (
            os.O_RDONLY,
            staticmethod(os.walk),
            staticmethod(os.open),
            staticmethod(os.close),
        )

        @staticmethod
        def fsync(file: int) -> None:
            flushed.append(str(Path(f"/proc/self/fd/{file}").readlink()))
            os.fsync(file)

    monkeypatch.setattr(durability, "os", Watched)
    store = made(tmp_path / "store")
    table = tmp_path / "store" / "views.lance"
    calls = [
        lambda: store.put(rows(store.header, [product("N")])),
        lambda: store.patch(facts_table(store.header, [product("P1", price=99.0)])),
        lambda: store.delete(["P2"]),
        lambda: store.snapshot("now"),
    ]
    for call in calls:
        before = {file for file in table.rglob("*") if file.is_file()}
        flushed.clear()
        call()
        new = {f for f in table.rglob("*") if f.is_file()} - before
        named = {str(f) for f in new if f.parent.name not in ("_transactions",) and f.suffix != ".json"}
        tags = {str(f) for f in new if f.parent.name == "tags"}
        assert named | tags
        assert named | tags <= set(flushed)
        manifests = [at for at, name in enumerate(flushed) if name.endswith(".manifest")]
        data = [at for at, name in enumerate(flushed) if Path(name).parent.name in ("data", "_deletions")]
        assert not data or max(data) < min(manifests)
        folders = {str(Path(name).parent) for name in named | tags}
        assert folders <= set(flushed)


# -- two at once -------------------------------------------------------------------------------------


def test_two_writers_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    count = 8
    make_store(tmp_path / "store")
    writers = [Child("write", tmp_path / "store", seed, 0, count) for seed in (5, 6)]
    for writer in writers:
        assert len(writer.finish()) == count
    store = LanceStore.open(str(tmp_path / "store"))
    assert store.check() == []
    last = [{p.id: change for change in changes(seed, count) for p in change.products} for seed in (5, 6)]
    for i in IDS:
        wanted = {_facts(p) for table in last if i in table for p in table[i].products if p.id == i}
        kinds = {table[i].kind for table in last if i in table}
        there = store.products([i])
        if i in there and wanted:  # of two last words on a product, one is the last
            assert _facts(there[i]) in wanted or "patch" in kinds
        if not wanted:
            assert there[i].price == 1.0
        if kinds == {"delete"}:
            assert not there


def _facts(p: object) -> tuple[object, object]:
    return getattr(p, "price", None), getattr(p, "in_stock", None)


def test_a_writer_that_waits_too_long_says_for_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = made(tmp_path / "store")
    monkeypatch.setattr("lookalike.store.lance._LOCK_TIMEOUT_S", 0.1)
    with (
        filelock.FileLock(tmp_path / "store" / ".writing.lock"),
        pytest.raises(StoreError, match="another process has been writing") as error,
    ):
        store.delete(["P1"])
    assert one_line(error)
    assert store.counts().products == 20
    assert store.delete(["P1"]) == 1


# -- the disk ----------------------------------------------------------------------------------------


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    """A small file system in memory; the test is skipped where none may be made."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no file system may be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remounted(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def test_a_full_disk_is_a_clear_error_and_the_same_command_goes_on_when_there_is_room(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    with mounted(folder, "1500k"):
        store = made(folder / "store", count=200)
        watching = LanceStore.open(store.path)
        assert watching.counts().products == 200
        stored = 200
        with pytest.raises(StoreError, match="the disk is full") as error:
            for start in range(1000, 200_000, 1000):
                store.put(rows(store.header, [product(f"N{n}") for n in range(start, start + 1000)]))
                stored += 1000
        assert one_line(error)
        for handle in (watching, LanceStore.open(store.path), LanceStore.open(store.path, mirror_limit=0)):
            assert handle.counts().products == stored
            assert handle.nearest(query(store.header, "P7.jpg"), k=1, where=Filter()).ids == ["P7"]
        remounted(folder, "size=64m")
        store.put(rows(store.header, [product(f"N{n}") for n in range(start, start + 1000)]))
        assert watching.counts().products == stored + 1000
        assert store.check() == []


def test_a_folder_that_may_only_be_read_is_read_and_not_written(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    with mounted(folder, "8m"):
        path = made(folder / "store").path
        remounted(folder, "ro")
        store = LanceStore.open(path)
        assert store.counts().products == 20
        assert store.check() == []
        for call in (lambda: store.delete(["P1"]), lambda: store.snapshot("now"), store.optimise):
            with pytest.raises(StoreError, match="may not be written") as error:
                call()
            assert one_line(error)
        with pytest.raises(StoreError, match="may not be written"):
            LanceStore.create(str(folder / "other"), header(), {})
        remounted(folder, "rw")


# -- damaged -----------------------------------------------------------------------------------------


def pieces(path: Path) -> LanceStore:
    """A store of three data files, with 20 products of two views each in each."""
    store = LanceStore.create(str(path), header(), {"image": b"fitted"}, mirror_limit=0)
    for part in range(3):
        shelf = [product(f"P{part}{n:02}", images=(f"{part}{n}.jpg", f"{n}b.jpg")) for n in range(20)]
        store.put(rows(store.header, shelf))
    return store


def data_file(path: Path, number: int) -> Path:
    piece = lance.dataset(str(path / "views.lance")).get_fragments()[number]
    return path / "views.lance" / "data" / piece.data_files()[0].path


@pytest.mark.parametrize("damage", ["missing", "cut short"])
@pytest.mark.parametrize("mirror_limit", [0, 100_000])
def test_a_lost_file_is_named_and_repair_lets_go_of_what_it_held(
    tmp_path: Path, damage: str, mirror_limit: int
) -> None:
    path = tmp_path / "store"
    pieces(path)
    lost = data_file(path, 1)
    lost.unlink() if damage == "missing" else lost.write_bytes(lost.read_bytes()[:400])
    store = LanceStore.open(str(path), mirror_limit=mirror_limit)
    for call in (
        lambda: store.product("P000"),
        lambda: store.nearest(query(header(), "00.jpg"), k=3, where=Filter()),
        lambda: LanceStore.repair(str(path)),
    ):
        with pytest.raises(StoreError) as error:
            call()
        assert "repair" in one_line(error) or "--drop-lost" in one_line(error)
    (fault,) = store.check()
    assert lost.name in fault
    assert any("40 rows" in line for line in LanceStore.repair(str(path), drop_lost=True))
    again = LanceStore.open(str(path), mirror_limit=mirror_limit)
    assert again.check() == []
    assert again.ids(limit=0) == [f"P{part}{n:02}" for part in (0, 2) for n in range(20)]


def test_damage_anywhere_is_an_error_in_our_words(tmp_path: Path) -> None:
    path, random = tmp_path / "store", np.random.default_rng(1)
    pieces(path).delete(["P001"])
    whole = {file: file.read_bytes() for file in path.rglob("*") if file.is_file() and file.stat().st_size}
    for _ in range(30):
        file = list(whole)[random.integers(len(whole))]
        content = bytearray(whole[file])
        if random.random() < 0.5:
            for at in random.integers(0, len(content), 8):
                content[at] ^= 1 << random.integers(8)
        else:
            content = content[: random.integers(len(content))]
        file.write_bytes(content)
        for limit in (0, 100_000):
            try:
                store = LanceStore.open(str(path), mirror_limit=limit)
                store.nearest(query(header(), "00.jpg"), k=3, where=Filter())
                store.fitted()
                store.check()
            except StoreError as error:
                assert "\n" not in str(error)
        file.write_bytes(whole[file])
    assert LanceStore.open(str(path)).check() == []


def test_a_version_that_was_cut_short_is_dropped_by_repair(tmp_path: Path) -> None:
    path = tmp_path / "store"
    store = pieces(path)
    store.delete(["P000"])
    newest = min((path / "views.lance" / "_versions").glob("*.manifest"))
    newest.write_bytes(b"")
    with pytest.raises(StoreError, match="lookalike repair") as error:
        LanceStore.open(str(path))
    assert one_line(error)
    assert any("cut short" in line for line in LanceStore.repair(str(path)))
    assert LanceStore.open(str(path)).counts().products == 60


def test_a_store_without_a_single_version_is_no_store(tmp_path: Path) -> None:
    """As a writer leaves it that was killed while it made one."""
    (tmp_path / "store" / "views.lance" / "_versions").mkdir(parents=True)
    with pytest.raises(StoreError, match="no store at"):
        LanceStore.open(str(tmp_path / "store"))
    assert made(tmp_path / "store").counts().products == 20


def test_a_lost_index_is_found_out_and_made_anew(tmp_path: Path) -> None:
    store = made(tmp_path / "store", count=300)
    store.optimise(index=True)
    assert store.check() == []
    for folder in (tmp_path / "store" / "views.lance" / "_indices").iterdir():
        shutil.rmtree(folder)
    store = LanceStore.open(store.path, mirror_limit=0)
    assert any("index of id" in line for line in store.check())
    LanceStore.repair(store.path)
    assert LanceStore.open(store.path).check() == []


def test_what_rows_promise_is_checked(tmp_path: Path) -> None:
    store = made(tmp_path / "store", count=3)
    odd = rows(
        store.header, [product("X", images=("a.jpg", "b.jpg"))], vectors={"image": np.full((2, 16), 0.5, "f4")}
    )
    store.put(odd)
    lance.dataset(f"{store.path}/views.lance").delete("row = 'X\x1f0'")
    lance.dataset(f"{store.path}/views.lance").insert(rows(store.header, [product("P1", price=7.0)]))
    found = " / ".join(store.check())
    for words in (
        "image vectors are neither of length 1",
        "lack views among theirs: 'X'",
        "stored more than once",
    ):
        assert words in found
    assert "1 products differ from view to view: 'P1'" in found


# -- files stay few, and readers see it all ----------------------------------------------------------


@pytest.mark.parametrize("mirror_limit", [0, 100_000])
def test_many_small_changes_leave_few_files_and_what_the_exact_store_has(
    tmp_path: Path, mirror_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.store.upkeep._KEYED_FROM", 20)
    monkeypatch.setattr("lookalike.store.upkeep._PIECE", 16)
    seed, count = 11, 60
    expected = states(changes(seed, count))
    writer = make_store(tmp_path / "store")
    reader = LanceStore.open(writer.path, mirror_limit=mirror_limit)
    for number, change in enumerate(changes(seed, count)):
        change.make(writer)
        assert state(reader) == expected[number + 1], f"after change {number}"
    assert sum(file.is_file() for file in Path(writer.path).rglob("*")) < 200
    assert reader.check() == []


def test_vector_indexes_take_in_what_comes_later_and_are_not_trained_again(tmp_path: Path) -> None:
    store = made(tmp_path / "store", count=400)
    store.optimise(index=True)
    for turn in range(3):
        for n in range(20):
            store.put(
                rows(store.header, [product(f"N{turn}-{n}", images=(f"{turn}-{n}-a.jpg", f"{turn}-{n}-b.jpg"))])
            )
        dataset = lance.dataset(f"{store.path}/views.lance")
        indexes = {one.field_names[0]: one for one in dataset.describe_indices()}
        for part in store.header.parts:
            index = indexes[f"{part}_vector"]
            assert index.num_rows_indexed >= dataset.count_rows() - 32
            assert len(index.segments) == 2
    assert store.check() == []


# -- snapshots ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mirror_limit", [0, 100_000])
def test_a_snapshot_outlives_upkeep_and_going_back_can_be_undone(tmp_path: Path, mirror_limit: int) -> None:
    writer = make_store(tmp_path / "store")
    reader = LanceStore.open(writer.path, mirror_limit=mirror_limit)
    then = state(reader)
    assert writer.snapshot("before-sale").views == 80
    for change in changes(3, 40):
        change.make(writer)
    writer.optimise()
    now = state(reader)
    assert now != then
    assert [one.name for one in reader.snapshots()] == ["before-sale"]
    before = writer.restore("before-sale")
    assert state(reader) == then
    assert state(LanceStore.open(writer.path)) == then
    writer.restore(before.name)
    assert state(reader) == now
    writer.delete_snapshot("before-sale")
    assert reader.check() == []


def test_a_snapshot_that_is_not_there_or_is_there_already_is_named(tmp_path: Path) -> None:
    store = made(tmp_path / "store")
    store.snapshot("a")
    for call, words in (
        (lambda: store.snapshot("a"), "already"),
        (lambda: store.restore("b"), "there are a"),
        (lambda: store.delete_snapshot("b"), "there are a"),
        (lambda: store.snapshot("../x"), "no name"),
        (lambda: store.snapshot(""), "no name"),
    ):
        with pytest.raises(StoreError, match=words) as error:
            call()
        assert one_line(error)


def test_a_snapshot_whose_files_are_lost_is_reported(tmp_path: Path) -> None:
    store = made(tmp_path / "store")
    store.snapshot("a")
    old = data_file(tmp_path / "store", 0)
    store.put(rows(store.header, [product(f"P{n}", title="new") for n in range(20)]))
    store.optimise()
    assert old.exists()
    old.unlink()
    assert any("the snapshot 'a' is not whole" in line for line in LanceStore.open(store.path).check())


def test_vectors_stay_where_only_facts_change(tmp_path: Path) -> None:
    known = header(dims={"image": 64})
    blocks = {"image": unit_vectors(300, 64, seed=1)}
    store = LanceStore.create(str(tmp_path / "s"), known, {}, mirror_limit=0)
    shelf = [product(f"P{n:03}") for n in range(300)]
    store.put(rows(known, shelf, vectors=blocks))
    for n in range(0, 300, 7):
        store.patch(facts_table(known, [product(f"P{n:03}", price=1.0)]))
    found = store.views([p.id for p in shelf])
    for at, p in enumerate(shelf):
        np.testing.assert_array_equal(found[p.id][0].parts["image"], blocks["image"][at])
