"""Neighbours are found while nothing is asked, of each product once, and again after a change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

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

    def prepare(self, product_id: str) -> None:
        self.prepared.append(product_id)
        super().prepare(product_id)


@dataclass
class Shop:
    store: Counted


@dataclass
class Asked:
    """What `Preparing` sees of a service."""

    shop: Shop
    is_busy: bool = False


@pytest.fixture
def service() -> Iterator[Asked]:
    store = Counted()
    store.put(builders.rows(HEADER, [builders.product(i) for i in "abc"]))
    yield Asked(Shop(store))


def soon(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not holds() and time.monotonic() < until:
        time.sleep(0.005)
    return holds()


@pytest.fixture
def preparing(service: Asked) -> Iterator[Preparing]:
    made = Preparing(service, again_s=0.02)  # type: ignore[arg-type]  # all of a service that it looks at
    yield made
    made.close()


def test_each_product_is_prepared_once_until_something_changes(service: Asked, preparing: Preparing) -> None:
    store = service.shop.store
    preparing.start()
    assert soon(lambda: len(store.prepared) == 3)
    time.sleep(0.1)
    assert store.prepared == ["a", "b", "c"]
    store.put(builders.rows(HEADER, [builders.product("d")]))
    assert soon(lambda: len(store.prepared) == 7)
    assert "d" in store.prepared


def test_nothing_is_prepared_while_something_is_asked(service: Asked, preparing: Preparing) -> None:
    store = service.shop.store
    service.is_busy = True
    preparing.start()
    time.sleep(0.1)
    assert store.prepared == []
    service.is_busy = False
    assert soon(lambda: len(store.prepared) == 3)


def test_it_ends_at_once_when_it_is_told_to(service: Asked, preparing: Preparing) -> None:
    service.is_busy = True
    preparing.start()
    began = time.monotonic()
    preparing.close()
    assert time.monotonic() - began < 5
    assert service.shop.store.prepared == []


def test_what_has_gone_or_shows_nothing_is_passed_over() -> None:
    store = MemoryStore(HEADER)
    store.put(builders.rows(HEADER, [builders.product("bare", images=(), title="")]))
    store.prepare("gone")
    store.prepare("bare")
