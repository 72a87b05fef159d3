"""Neighbours are found while nothing is asked, of each product once, and again after a change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lookalike.errors import LookalikeError
from lookalike.serve.preparing import Preparing
from lookalike.store.memory import MemoryStore
from lookalike.testing import builders

HEADER = builders.header()


@dataclass
class Counted(MemoryStore):
    """A store that notes what was prepared."""

    prepared: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        MemoryStore.__init__(self, HEADER)

    def prepare(self, ids: Sequence[str]) -> None:
        self.prepared += ids
        super().prepare(ids)


@dataclass
class Shop:
    store: Counted


@dataclass
class Work:
    """What `Preparing` sees of a pool."""

    under_way: int = 0


@pytest.fixture
def store() -> Counted:
    made = Counted()
    made.put(builders.rows(HEADER, [builders.product(i) for i in "abc"]))
    return made


@pytest.fixture
def work() -> Work:
    return Work()


def soon(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not holds() and time.monotonic() < until:
        time.sleep(0.005)
    return holds()


@pytest.fixture
def preparing(store: Counted, work: Work) -> Iterator[Preparing]:
    made = Preparing(Shop(store), [work], first_s=0.0, again_s=0.02)  # type: ignore[arg-type,list-item]  # all that it looks at
    yield made
    made.close()


def test_each_product_is_prepared_once_until_something_changes(
    store: Counted, work: Work, preparing: Preparing
) -> None:
    preparing.start()
    assert soon(lambda: len(store.prepared) == 3)
    time.sleep(0.1)
    assert store.prepared == ["a", "b", "c"]
    store.put(builders.rows(HEADER, [builders.product("d")]))
    assert soon(lambda: len(store.prepared) == 7)
    assert "d" in store.prepared


def test_nothing_is_prepared_while_something_is_asked(store: Counted, work: Work, preparing: Preparing) -> None:
    work.under_way = 1
    preparing.start()
    time.sleep(0.1)
    assert store.prepared == []
    work.under_way = 0
    assert soon(lambda: len(store.prepared) == 3)


def test_it_ends_at_once_when_it_is_told_to(store: Counted, work: Work, preparing: Preparing) -> None:
    work.under_way = 1
    preparing.start()
    began = time.monotonic()
    preparing.close()
    assert time.monotonic() - began < 5
    assert store.prepared == []


def test_a_store_that_was_replaced_is_let_go(
    store: Counted, work: Work, preparing: Preparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.serve.preparing._REPLACED_S", 0.0)
    other = Counted()
    other.put(builders.rows(HEADER, [builders.product(i) for i in "xyz"]))
    work.under_way = 1
    preparing.start()
    time.sleep(0.05)
    monkeypatch.setattr(store, "now", lambda: other)
    work.under_way = 0
    assert soon(lambda: len(other.prepared) == 3)
    assert store.prepared == []


def test_what_fails_is_told_once_and_tried_again(
    store: Counted, preparing: Preparing, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def fail(ids: Sequence[str]) -> None:
        tried.extend(ids)
        raise KeyError("a row")

    with monkeypatch.context() as broken:
        broken.setattr(store, "prepare", fail)
        preparing.start()
        assert soon(lambda: len(tried) > 2)
    assert soon(lambda: len(store.prepared) >= 3)
    assert caplog.text.count("neighbours are not prepared: KeyError: 'a row'") == 1


def test_what_has_gone_or_shows_nothing_is_passed_over() -> None:
    store = MemoryStore(HEADER)
    store.put(builders.rows(HEADER, [builders.product("bare", images=(), title="")]))
    store.prepare(["gone"])
    store.prepare(["bare"])


@dataclass
class Kept(Counted):
    """A store with a place for what was found."""

    file: Path = Path()
    asked: list[str] = field(default_factory=list)

    @property
    def neighbours_file(self) -> Path:
        return self.file

    def read_neighbours(self, path: Path) -> bool:
        self.asked.append(f"read {path.name}")
        return super().read_neighbours(path)

    def save_neighbours(self, path: Path) -> bool:
        self.asked.append(f"save {path.name}")
        if path.name == "broken":
            raise LookalikeError("the disk is full")
        return super().save_neighbours(path)


@pytest.mark.parametrize("name", ["kept", "broken"])
def test_what_was_found_is_kept_for_the_next_start(
    work: Work, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    store = Kept(file=tmp_path / name)
    store.put(builders.rows(HEADER, [builders.product(i) for i in "abc"]))
    preparing = Preparing(Shop(store), [work], first_s=0.0, again_s=0.01)  # type: ignore[arg-type,list-item]
    preparing.start()
    try:
        assert soon(lambda: f"save {name}" in store.asked)
        store.put(builders.rows(HEADER, [builders.product("d")]))
        assert soon(lambda: store.asked.count(f"save {name}") == 2)
    finally:
        preparing.close()
    assert store.asked == [f"read {name}", f"save {name}"] * 2
    assert caplog.text.count("neighbours are not kept: LookalikeError: the disk is full") == (name == "broken")
