"""The int8 pass: it may only leave out what cannot be among the best."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.store.scanning import Rounded, extended, shortlist


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


def test_many_rows_at_once_are_rounded_as_each_by_itself() -> None:
    rows = _unit(np.random.default_rng(2).normal(size=(700, 24)))
    together, singly = Rounded(24), Rounded(24)
    together.write(0, rows)
    for at in range(len(rows)):
        singly.write(at, rows[at : at + 1])
    (found, wrong), (wanted, bound) = together.scores(rows[3], 700), singly.scores(rows[3], 700)
    assert np.array_equal(found, wanted)
    assert wrong == bound


def test_rows_that_are_taken_over_whole_are_followed_by_others() -> None:
    first, more = np.arange(6.0).reshape(3, 2), np.full((2, 2), 9.0)
    taken = extended(np.empty((0, 2)), 0, first)
    grown = extended(taken, 3, more)
    assert np.array_equal(grown[:5], [*first, *more])
    assert first.shape == (3, 2)


def test_what_belongs_to_others_is_copied() -> None:
    whole = np.arange(8.0)
    taken = extended(np.empty(0), 0, whole[:3])
    whole[0] = 7
    assert taken[0] == 0
