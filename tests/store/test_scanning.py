"""The int8 pass: it may only leave out what cannot be among the best."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.store.scanning import Rounded, shortlist


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(2, 96), st.floats(0, 0.9))
def test_the_shortlist_always_holds_the_best(seed: int, k: int, dim: int, alike: float) -> None:
    random = np.random.default_rng(seed)
    rows = _unit(random.normal(size=(300, dim)) + alike * 10 * random.normal(size=dim))
    allowed = random.random(300) < 0.8
    rounded = Rounded(dim)
    rounded.write(0, rows[:200])
    rounded.write(200, rows[200:])
    query = rows[0] * np.float32(0.7)
    kept = shortlist({"image": query}, {"image": rounded}, allowed, k=min(k, int(allowed.sum())))
    exact = np.where(allowed, rows @ query, -np.inf)
    best = np.argsort(-exact, kind="stable")[: min(k, int(allowed.sum()))]
    assert set(best) <= set(kept)
    assert allowed[kept].all()


def test_the_shortlist_is_short_where_vectors_differ() -> None:
    rows = _unit(np.random.default_rng(1).normal(size=(5000, 128)))
    rounded = Rounded(128)
    rounded.write(0, rows)
    kept = shortlist({"image": rows[7]}, {"image": rounded}, np.ones(5000, bool), k=10)
    assert 10 <= len(kept) < 500


def test_a_row_of_zeros_scores_nothing() -> None:
    rounded = Rounded(4)
    rounded.write(0, np.zeros((3, 4), np.float32))
    found, wrong = rounded.scores(np.asarray([1, 0, 0, 0], np.float32), 3)
    assert not found.any()
    assert wrong >= 0
