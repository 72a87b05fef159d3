"""What a store can do. `MemoryStore` is exact and the oracle; `LanceStore` is the one that lasts.

Every call sees the newest committed state, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lookalike.store.rows import Header
from lookalike.types import Filter, Product, Query, Vector, Vectors, View

_MANY = 4096  # rows
NO_FILTER = Filter()


@dataclass(frozen=True, slots=True)
class Counts:
    products: int
    views: int
    groups: int


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Views near a query, the nearest first. All of the same length n."""

    ids: list[str]
    groups: list[str]  # the style; the id where a product has none
    views: list[View]
    scores: npt.NDArray[np.float32]  # (n,), sums of the columns of `parts`
    parts: npt.NDArray[np.float32]  # (n, active parts of the query): what each part gave
    exhausted: bool  # True when no further view passes the filter

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class KnownView:
    """What is stored of one view, without its vectors: enough to see whether it has changed."""

    view: View
    facts: str
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class StoredView:
    """One view of a product with its vectors; a part of zeros is missing."""

    view: View
    parts: Mapping[str, Vector]


class Store(Protocol):
    """Where vectors and products are kept."""

    @property
    def header(self) -> Header: ...

    @property
    def version(self) -> int:
        """Another one after every change of the rows."""
        ...

    @property
    def neighbours_file(self) -> Path | None:
        """Where the neighbours that were found may be kept, for the next process; None where nowhere."""
        ...

    def counts(self) -> Counts: ...

    def product(self, product_id: str) -> Product:
        """Raises `ProductNotFound` that names ids like it."""
        ...

    def products(self, ids: Sequence[str]) -> dict[str, Product]:
        """Those of the products that exist, by id."""
        ...

    def facts(self, ids: Sequence[str], columns: Collection[str]) -> pa.Table:
        """`id` and these stored columns of those of the products that exist: a row each, in order of the ids."""
        ...

    def views(self, ids: Sequence[str]) -> dict[str, list[StoredView]]:
        """The views of those of the products that exist, by id, the main one first."""
        ...

    def nearest(self, query: Query, *, k: int, where: Filter) -> Hits:
        """The k views with the highest scores among those that pass the filter.

        score = sum over active parts of weight x cosine, divided by the sum of the weights; -1..1.
        """
        ...

    def now(self) -> Store:
        """What answers as this store does at this moment and does not ask, each time, what was committed since.

        For the many questions of one piece of work; let it go soon.
        """
        ...

    def nearest_many(self, queries: Sequence[Query], *, k: int, where: Sequence[Filter]) -> list[Hits]:
        """What `nearest` gives for each query and the filter beside it, in order; sooner than one by one."""
        ...

    def kth_score(self, query: Query, *, k: int, where: Filter) -> float:
        """The score of the k-th best view, found by comparing with every one: what `nearest` is held against.

        That of the last view where fewer pass the filter; -1 where none does.
        """
        ...

    def ids(self, *, prefix: str = "", limit: int = 20, where: Filter = NO_FILTER) -> list[str]:
        """Ids of products, sorted, that begin with `prefix` and pass the filter; all for a limit of 0."""
        ...

    def known(self, ids: Sequence[str]) -> dict[str, list[KnownView]]:
        """What is stored of these products, views in order."""
        ...

    def vectors_of_pictures(self, keys: Sequence[str]) -> dict[str, dict[str, Vector]]:
        """The picture parts stored for pictures with these hashes: what need not be embedded again."""
        ...

    def fitted(self) -> dict[str, bytes]:
        """What was fitted on the catalogue, by name: a reduction for each part, a sample of pairs."""
        ...

    @property
    def fitted_version(self) -> int:
        """Higher after each `keep_fitted`, whoever called it; cheap to ask."""
        ...

    def keep_fitted(self, name: str, content: bytes) -> None:
        """Keep what was fitted, in the place of what has this name. Durable when it returns."""
        ...

    def put(self, rows: pa.Table) -> None:
        """Insert or replace whole products: all rows of an id in one step. Durable when it returns."""
        ...

    def patch(self, facts: pa.Table) -> int:
        """Change columns of products that exist, by `id`; vectors stay. How many products changed."""
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """How many of the products existed."""
        ...


def scaled(query: Query) -> dict[str, Vector]:
    """The active parts of a query, each times its share of the weights: dot products then add up to the score."""
    total = sum(query.weights[p] for p in query.active)
    return {p: query.parts[p] * np.float32(query.weights[p] / total) for p in query.active}


def scores(query: Query, blocks: Mapping[str, Vectors]) -> npt.NDArray[np.float32]:
    """The score of each row.  # (n,)"""
    parts = [dot(blocks[p], vector) for p, vector in scaled(query).items()]
    total: npt.NDArray[np.float32] = np.add.reduce(parts)
    return total


def all_scores(queries: Sequence[Query], blocks: Mapping[str, Vectors]) -> npt.NDArray[np.float32]:
    """The score of each row for each query: matrix products, each row read once for all.  # (queries, n)"""
    rows = len(next(iter(blocks.values()))) if blocks else 0
    total = np.zeros((len(queries), rows), np.float32)
    wanted = [scaled(query) for query in queries]
    for part, block in blocks.items():
        if any(part in one for one in wanted):
            nothing = np.zeros(block.shape[1], np.float32)
            total += np.stack([one.get(part, nothing) for one in wanted]) @ block.T
    return total


def shares(query: Query, blocks: Mapping[str, Vectors]) -> npt.NDArray[np.float32]:
    """What each active part gives to the score of each row.  # (n, active)"""
    return np.stack([dot(blocks[p], vector) for p, vector in scaled(query).items()], axis=1)


def dot(rows: Vectors, vector: Vector) -> npt.NDArray[np.float32]:
    """Rows times a vector; few rows without waking BLAS threads, which a busy machine makes wait.  # (n,)"""
    products: npt.NDArray[np.float32] = np.vecdot(rows, vector) if len(rows) < _MANY else rows @ vector
    return products
