"""Every store passes the contract, and the approximate one agrees with the exact one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from lookalike.filters import read
from lookalike.store.interface import Store
from lookalike.store.lance import LanceStore
from lookalike.store.memory import MemoryStore
from lookalike.store.rows import Header
from lookalike.testing.builders import header, product, rows, unit_vectors
from lookalike.testing.contracts import StoreContract
from lookalike.types import Filter, Query, Vectors


class TestMemoryStore(StoreContract):
    def make_store(self, header: Header) -> Store:
        return MemoryStore(header)


class TestLanceStoreWithMirror(StoreContract):
    mirror_limit = 100_000

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = str(tmp_path / "store")

    def make_store(self, header: Header) -> Store:
        return LanceStore.create(self.path, header, {}, mirror_limit=self.mirror_limit)

    def open_again(self, store: Store) -> Store:
        return LanceStore.open(self.path, mirror_limit=self.mirror_limit)


class TestLanceStoreWithoutMirror(TestLanceStoreWithMirror):
    mirror_limit = 0


MANY = 24_000  # more than the store would scan whole
DIMS = {"image": 32, "text": 24, "colour": 16}


@pytest.fixture(scope="module")
def blocks() -> dict[str, Vectors]:
    return {p: unit_vectors(MANY, d, seed=d, clusters=300, spread=0.6) for p, d in DIMS.items()}


@pytest.fixture(scope="module")
def stores(blocks: dict[str, Vectors], tmp_path_factory: pytest.TempPathFactory) -> tuple[MemoryStore, LanceStore]:
    """The oracle, and a store that answers from vector indexes; the last rows came after those were built."""
    known = header(dims=DIMS)
    table = rows(
        known,
        [product(f"P{n:05}", price=float(n % 100), colour=("Red", "Navy")[n % 2]) for n in range(MANY)],
        vectors=blocks,
    )
    exact = MemoryStore(known)
    exact.put(table)
    indexed = LanceStore.create(str(tmp_path_factory.mktemp("indexed")), known, {}, mirror_limit=0)
    indexed.put(table.slice(0, MANY - 500))
    indexed.optimise(index=True)
    indexed.put(table.slice(MANY - 500))
    return exact, indexed


@pytest.mark.parametrize(
    "weights",
    [
        {"image": 1, "text": 0.5, "colour": 0.5},
        {"image": 1},
        {"text": 1},
        {"image": 1, "text": 3, "colour": 0.2},
        {"colour": 1, "image": 0.1},
    ],
    ids=str,
)
@pytest.mark.parametrize("where", [None, "price<95"], ids=["everything", "filtered"])
def test_the_indexed_store_finds_what_the_exact_one_finds(
    stores: tuple[MemoryStore, LanceStore],
    blocks: dict[str, Vectors],
    weights: Mapping[str, float],
    where: str | None,
) -> None:
    exact, indexed = stores
    found = wanted = 0
    for at in range(0, MANY, MANY // 25):
        query = Query({p: block[at] for p, block in blocks.items() if p in weights}, weights)
        truth = exact.nearest(query, k=10, where=read(where))
        answer = indexed.nearest(query, k=10, where=read(where))
        wanted += len(truth)
        found += len(set(truth.ids) & set(answer.ids))
        assert len(answer) == 10
    assert found / wanted >= 0.99


def test_an_indexed_score_is_exact(stores: tuple[MemoryStore, LanceStore], blocks: dict[str, Vectors]) -> None:
    exact, indexed = stores
    query = Query({p: block[77] for p, block in blocks.items()}, {"image": 1, "text": 1, "colour": 1})
    truth, answer = (s.nearest(query, k=20, where=Filter()) for s in (exact, indexed))
    np.testing.assert_allclose(answer.scores, truth.scores, atol=1e-5)


def test_a_narrow_filter_on_an_indexed_store_loses_nothing(
    stores: tuple[MemoryStore, LanceStore], blocks: dict[str, Vectors]
) -> None:
    query = Query({p: block[5] for p, block in blocks.items()}, {"image": 1})
    truth, answer = (s.nearest(query, k=300, where=read(["price<2", "colour=Red"])) for s in stores)
    assert answer.exhausted
    assert answer.ids == truth.ids
