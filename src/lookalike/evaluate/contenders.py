"""Who answers. A contender is anything that can say how like a query each view of the gallery is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from lookalike.errors import LookalikeError
from lookalike.store.interface import Store
from lookalike.types import PARTS, Vectors, View

Likeness: TypeAlias = npt.NDArray[np.float32]  # (queries, gallery), higher is more alike
Answer: TypeAlias = Callable[[Sequence[View]], Likeness]


class Contender(Protocol):
    """One way to answer; its name heads a column of the report."""

    @property
    def name(self) -> str: ...

    def asked(self, queries: Sequence[View], *, words: bool) -> Answer | None:
        """A function from views of the gallery to their likeness to each query.

        words: whether the products' words may count. None where without them nothing is left to go by.
        """
        ...


class StoreContender:
    """A store and weights: exact, by the dot products that `Store.nearest` ranks by."""

    def __init__(self, name: str, store: Store, weights: Mapping[str, float]) -> None:
        self.name = name
        self._store = store
        self._weights = {p: weights[p] for p in PARTS if p in store.header.parts and weights.get(p, 0.0) > 0}

    @property
    def sees(self) -> bool:
        """Whether its store knows pictures by their bytes."""
        return any(part != "text" for part in self._store.header.parts)

    def asked(self, queries: Sequence[View], *, words: bool) -> Answer | None:
        weights = {p: w for p, w in self._weights.items() if words or p != "text"}
        if not weights:
            return None
        looked_for = self._vectors(queries, weights)
        return lambda gallery: looked_for @ self._vectors(gallery, weights).T

    def _vectors(self, views: Sequence[View], weights: Mapping[str, float]) -> Vectors:
        """The parts side by side, so weighted that a dot product is the mean of their cosines.  # (n, dim)"""
        stored = self._store.views(list(dict.fromkeys(view.product_id for view in views)))
        rows = []
        for view in views:
            of_product = stored.get(view.product_id, [])
            if view.number >= len(of_product):
                raise LookalikeError(
                    f"{self.name} lacks view {view.number} of product {view.product_id!r}: "
                    "compare stores of the same catalogue"
                )
            rows.append(of_product[view.number].parts)
        total = sum(weights.values())
        blocks = [np.stack([row[p] for row in rows]) * np.float32((w / total) ** 0.5) for p, w in weights.items()]
        return np.hstack(blocks)
