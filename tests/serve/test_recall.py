"""Recall is looked at live, seldom, and says what is so."""

from __future__ import annotations

import math
import re
import time

import numpy as np
import pytest
from starlette.testclient import TestClient

from lookalike.serve.recall import AT, Recall
from lookalike.store.interface import Hits
from lookalike.store.memory import MemoryStore
from lookalike.testing.builders import header, product, rows, unit_vectors
from lookalike.types import Filter, Query


class Forgetful(MemoryStore):
    """An index that loses the best three."""

    def nearest(self, query: Query, *, k: int, where: Filter) -> Hits:
        found = super().nearest(query, k=k + 3, where=where)
        return Hits(
            found.ids[3:], found.groups[3:], found.views[3:], found.scores[3:], found.parts[3:], found.exhausted
        )


def filled(store: MemoryStore) -> MemoryStore:
    dims = store.header.dims.items()
    vectors = {part: unit_vectors(300, dim, seed=n) for n, (part, dim) in enumerate(dims)}
    store.put(rows(store.header, [product(f"P{n}") for n in range(300)], vectors=vectors))
    return store


def looked_at(store: MemoryStore) -> Recall:
    recall = Recall(store)
    main = store.views(["P7"])["P7"][0]
    recall.asked(Query(main.parts, store.header.recipe.weights), Filter())
    until = time.monotonic() + 10
    while not recall.compared and time.monotonic() < until:
        time.sleep(0.01)
    return recall


@pytest.mark.parametrize(("store", "recall"), [(MemoryStore, 1.0), (Forgetful, (AT - 3) / AT)])
def test_recall_is_the_share_of_the_best_that_are_found(store: type[MemoryStore], recall: float) -> None:
    assert looked_at(filled(store(header()))).mean == pytest.approx(recall)


def test_questions_that_follow_at_once_are_not_looked_at() -> None:
    store = filled(MemoryStore(header()))
    recall = looked_at(store)
    for _ in range(50):
        recall.asked(Query({"image": np.ones(4, np.float32)}, {"image": 1.0}), Filter())
    time.sleep(0.05)
    assert recall.compared == 1


def test_nothing_is_said_before_something_was_asked() -> None:
    assert math.isnan(Recall(MemoryStore(header())).mean)


def test_the_server_tells_its_recall(served: TestClient) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        served.get("/v1/products/bag-a-red/similar")
        text = served.get("/metrics").text
        if "lookalike_recall_at_10 1.0" in text:
            break
        time.sleep(0.05)
    assert re.search(r"lookalike_recall_at_10 1\.0\n", text)
    assert float(re.search(r"^lookalike_recall_compared_total (\S+)", text, re.MULTILINE)[1]) >= 1
