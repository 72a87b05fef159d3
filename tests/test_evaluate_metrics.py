"""Metrics, intervals and splits: worked by hand, then their laws."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lookalike.evaluate import held_out, metrics
from lookalike.evaluate.intervals import difference, figure, numbered

HITS = np.array([[True, False, True], [False, False, False], [False, True, False]])
SEED = 1


def test_metrics_of_three_queries_worked_by_hand() -> None:
    wanted = np.array([2, 5, 1])
    assert metrics.found_at(HITS, 1).tolist() == [1, 0, 0]
    assert metrics.found_at(HITS, 2).tolist() == [1, 0, 1]
    assert metrics.precision_at(HITS, 3).tolist() == pytest.approx([2 / 3, 0, 1 / 3])
    assert metrics.recall_at(HITS, wanted, 3).tolist() == [1, 0, 1]
    assert metrics.average_precision_at(HITS, wanted, 3).tolist() == pytest.approx([(1 + 2 / 3) / 2, 0, 1 / 2])
    best = 1 + 1 / np.log2(3)
    assert metrics.ndcg_at(HITS, wanted, 3).tolist() == pytest.approx([1.5 / best, 0, 1 / np.log2(3)])


def test_average_precision_is_divided_by_what_could_be_there() -> None:
    assert metrics.average_precision_at(np.array([[True, True]]), np.array([500]), 2) == [1.0]
    assert metrics.average_precision_at(np.array([[True, False]]), np.array([1]), 2) == [1.0]


def test_a_query_that_nothing_could_answer_scores_nothing() -> None:
    none, nobody = np.zeros((1, 3), bool), np.zeros(1, np.int64)
    for score in (metrics.recall_at, metrics.average_precision_at, metrics.ndcg_at):
        assert score(none, nobody, 3).tolist() == [0]


def test_answers_that_are_missing_count_as_wrong() -> None:
    assert metrics.precision_at(np.array([[True, False, False, False]]), 4) == [0.25]


def test_coverage_counts_what_any_list_shows_once() -> None:
    places = np.array([[0, 1, 2], [2, 1, -1]])
    assert metrics.coverage(places, 12) == 0.25


def test_the_spread_of_coverage_is_that_of_what_one_query_alone_shows() -> None:
    alike = np.array([[0, 1], [2, 3], [4, 5]])
    assert metrics.coverage_spread(alike, 10) == pytest.approx(
        0
    )  # each alone shows two: it matters to none which is left out
    unlike = np.array([[0, 1], [0, 1], [2, 3]])
    assert metrics.coverage_spread(unlike, 10) == pytest.approx(2 / 15)


def test_variety_is_one_less_the_mean_cosine_of_pairs() -> None:
    likeness = np.array([[1, 0.5, 0], [0.5, 1, 0.1], [0, 0.1, 1]])
    assert metrics.variety(likeness) == pytest.approx(1 - 0.2)
    assert metrics.variety(np.ones((4, 4))) == 0
    assert metrics.variety(np.ones((1, 1))) == 0


lists = arrays(bool, st.tuples(st.integers(1, 8), st.integers(1, 12)))


@settings(deadline=None)
@given(lists, st.data())
def test_every_metric_lies_between_0_and_1_and_is_1_for_the_best_list(
    hits: np.ndarray, data: st.DataObject
) -> None:
    more = data.draw(arrays(np.int64, len(hits), elements=st.integers(0, 20)))
    wanted, k = hits.sum(axis=1) + more, data.draw(st.integers(1, hits.shape[1]))
    best = np.arange(hits.shape[1])[None, :] < wanted[:, None]
    for score in (metrics.recall_at, metrics.average_precision_at, metrics.ndcg_at):
        found = score(hits, wanted, k)
        assert ((found >= 0) & (found <= 1 + 1e-12)).all()
        assert (found <= score(best, wanted, k) + 1e-12).all()
    for score in (metrics.average_precision_at, metrics.ndcg_at):
        assert score(best, wanted, k)[wanted > 0] == pytest.approx(1)


@settings(deadline=None)
@given(lists)
def test_a_right_answer_moved_up_never_lowers_a_score(hits: np.ndarray) -> None:
    up = np.sort(hits, axis=1)[:, ::-1]
    wanted, k = hits.sum(axis=1), hits.shape[1]
    for score in (metrics.recall_at, metrics.average_precision_at, metrics.ndcg_at):
        assert (score(up, wanted, k) >= score(hits, wanted, k) - 1e-12).all()


@settings(deadline=None)
@given(lists, st.integers(1, 12))
def test_with_one_right_answer_recall_is_whether_it_was_found(hits: np.ndarray, k: int) -> None:
    one = hits & (hits.cumsum(axis=1) == 1)
    wanted = np.ones(len(one), np.int64)
    assert (metrics.recall_at(one, wanted, k) == metrics.found_at(one, k)).all()


# -- intervals --------------------------------------------------------------------------------------


def test_a_figure_is_the_mean_within_its_interval_and_the_same_every_time() -> None:
    scores = np.random.default_rng(0).random(200)
    found = figure(scores, np.arange(200), seed=SEED)
    assert found.value == pytest.approx(scores.mean())
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * scores.std() / np.sqrt(200), rel=0.15)
    assert figure(scores, np.arange(200), seed=SEED) == found


def test_queries_that_say_the_same_are_worth_one() -> None:
    scores = np.random.default_rng(0).integers(0, 2, 60).astype(float)
    alone = figure(scores, np.arange(60), seed=SEED)
    repeated = figure(np.repeat(scores, 10), np.repeat(np.arange(60), 10), seed=SEED)
    assert (repeated.low, repeated.high) == pytest.approx((alone.low, alone.high))
    taken_apart = figure(np.repeat(scores, 10), np.arange(600), seed=SEED)
    assert taken_apart.high - taken_apart.low < (alone.high - alone.low) / 2


def test_the_randomisation_test_of_a_few_queries_worked_by_hand() -> None:
    better, clusters = np.array([1.0, 1.0, 1.0, 1.0, 1.0]), np.arange(5)
    found = difference(better, np.zeros(5), clusters, seed=SEED)
    assert found.value == 1
    assert found.p == pytest.approx(2 / 32, abs=0.01)  # all five signs alike: 2 of 32 ways


def test_what_is_equal_is_never_told_apart() -> None:
    scores = np.random.default_rng(0).random(50)
    assert difference(scores, scores, np.arange(50), seed=SEED).p == 1


def test_a_difference_by_chance_is_rarely_taken_for_one() -> None:
    random = np.random.default_rng(0)
    values = [
        difference(random.random(40), random.random(40), np.arange(40), seed=at, resamples=10, flips=400).p
        for at in range(200)
    ]
    assert np.mean(np.array(values) < 0.05) < 0.1
    assert np.mean(values) == pytest.approx(0.5, abs=0.08)


def test_the_pair_shows_what_two_intervals_would_hide() -> None:
    random = np.random.default_rng(0)
    hard = random.random(300)
    ours, theirs = hard + 0.02 + random.normal(0, 0.02, 300), hard
    one, other = (figure(scores, np.arange(300), seed=SEED) for scores in (ours, theirs))
    assert one.low < other.high
    assert difference(ours, theirs, np.arange(300), seed=SEED).p < 0.001


def test_clusters_are_numbered_as_they_come() -> None:
    assert numbered(["b", "a", "b", "c"]).tolist() == [0, 1, 0, 2]


# -- splits -----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.text(), st.floats(0, 1))
def test_the_split_is_the_md5_of_the_group(group: str, share: float) -> None:
    number = int(hashlib.md5(group.encode("utf-8", "surrogatepass")).hexdigest()[:8], 16)
    assert held_out(group, share) == (number / 2**32 < share)


@settings(deadline=None)
@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_holds_out_all_of_a_smaller_one(group: str, one: float, other: float) -> None:
    assert held_out(group, min(one, other)) <= held_out(group, max(one, other))


def test_the_share_is_met_and_another_salt_draws_anew() -> None:
    groups = [f"product-{n}" for n in range(4_000)]
    here = np.array([held_out(g, 0.25) for g in groups])
    there = np.array([held_out(g, 0.25, salt="again") for g in groups])
    assert here.mean() == pytest.approx(0.25, abs=0.03)
    assert (here & there).mean() == pytest.approx(0.0625, abs=0.02)
