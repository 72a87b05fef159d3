"""Re-ranking invents nothing, keeps the order, and does nothing more when it is done twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.recommend.calibration import fit
from lookalike.recommend.reranking import (
    Limit,
    at_most,
    each_group_once,
    each_picture_once,
    merged,
    placed,
    varied,
    without,
    without_pictures,
)
from lookalike.recommend.scoring import Scored, score
from lookalike.store.interface import Hits
from lookalike.testing.builders import unit_vectors
from lookalike.types import Query, Vector, View


def scored(product_id: str, value: float, *, group: str = "", key: str = "") -> Scored:
    return Scored(
        product_id, group or product_id, View(product_id, 0, f"{key}.jpg", key), value, value, {"image": value}
    )


NO_PAIRS = fit(np.empty(0), np.empty(0))


LISTS = st.lists(
    st.tuples(
        st.integers(0, 30), st.floats(0, 1), st.sampled_from("ABC") | st.just(""), st.sampled_from(["", *"xyz"])
    ),
    max_size=12,
    unique_by=lambda row: row[0],
).map(
    lambda found: [
        # the first of each style may lead it: its id is the name of the style
        scored(f"{group}" if group and n == 0 else f"P{n}", value, group=group, key=key)
        for n, value, group, key in sorted(found, key=lambda row: -row[1])
    ]
)
STEPS = {
    "without": lambda s: without(s, ids={"P1", "P2"}, groups={"A"}),
    "without_pictures": lambda s: without_pictures(s, {"x", ""}),
    "each_picture_once": each_picture_once,
    "each_group_once": each_group_once,
    "at_most": lambda s: at_most(s, [Limit(2, {one.id: (one.view.key,) for one in s if one.view.key})]),
    "merged": lambda s: merged([s, s[::2]]),
}


@pytest.mark.parametrize("step", STEPS)
@given(before=LISTS)
def test_a_step_invents_nothing_and_keeps_the_order(step: str, before: list[Scored]) -> None:
    after = STEPS[step](before)
    assert {s.id for s in after} <= {b.id for b in before}
    assert len({s.id for s in after}) == len(after)
    assert [s.score for s in after] == sorted((s.score for s in after), reverse=True)


@pytest.mark.parametrize("step", STEPS)
@given(before=LISTS)
def test_a_step_done_twice_is_done_once(step: str, before: list[Scored]) -> None:
    once = STEPS[step](before)
    assert STEPS[step](once) == once


@given(LISTS)
def test_no_style_no_picture_and_nothing_unwanted_is_left(before: list[Scored]) -> None:
    kept = without(before, ids={"P1"}, groups={"A"})
    assert not any(s.id == "P1" or s.group == "A" for s in kept)
    groups = [s.group for s in each_group_once(before)]
    assert len(groups) == len(set(groups)) == len({s.group for s in before})
    keys = [s.view.key for s in each_picture_once(before) if s.view.key]
    assert len(keys) == len(set(keys)) == len({s.view.key for s in before} - {""})
    assert sum(not s.view.key for s in each_picture_once(before)) == sum(not s.view.key for s in before)


def test_of_products_with_one_picture_the_leader_of_the_style_is_shown() -> None:
    red, blue, leader = (scored(i, v, group="STYLE", key="x") for i, v in (("R", 0.9), ("B", 0.9), ("STYLE", 0.8)))
    other = scored("O", 0.85, key="y")
    found = each_picture_once([red, blue, other, leader])
    assert [(s.id, s.duplicates) for s in found] == [("O", ()), ("STYLE", ("R", "B"))]
    assert [(s.id, s.duplicates) for s in each_picture_once([red, blue, other])] == [("R", ("B",)), ("O", ())]


def vectors_of(before: list[Scored]) -> dict[str, Vector]:
    rows = unit_vectors(max(1, len(before)), 5, seed=len(before))
    return {s.id: rows[at] for at, s in enumerate(before)}


@settings(deadline=None)
@given(before=LISTS, k=st.integers(1, 15), variety=st.floats(0, 1))
def test_a_varied_list_has_k_of_what_it_was_given_and_begins_with_the_best(
    before: list[Scored], k: int, variety: float
) -> None:
    after = varied(before, vectors_of(before), k=k, variety=variety)
    assert len(after) == min(k, len(before))
    assert len({s.id for s in after}) == len(after)
    assert all(s in before for s in after)
    if before and variety < 1:
        assert after[0].score == before[0].score


@given(LISTS, st.integers(1, 15))
def test_no_variety_changes_nothing(before: list[Scored], k: int) -> None:
    assert varied(before, vectors_of(before), k=k, variety=0) == before[:k]


def test_a_twin_of_the_first_result_comes_last() -> None:
    first, twin, other = scored("A", 0.9), scored("A2", 0.89), scored("B", 0.6)
    east, north = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    rows = {"A": east, "A2": east, "B": north}
    assert varied([first, twin, other], rows, k=3, variety=0.5) == [first, other, twin]


def hits(ids: str, scores: list[float]) -> Hits:
    numbers = np.array(scores, np.float32)
    views = [View(i, n, f"{n}.jpg") for n, i in enumerate(ids)]
    return Hits(list(ids), list(ids), views, numbers, numbers[:, None], exhausted=True)


def test_a_product_is_as_like_as_its_best_view() -> None:
    query = Query({"image": np.ones(2, np.float32)}, {"image": 1})
    found = score(query, hits("ABAB", [0.9, 0.7, 0.6, 0.5]), NO_PAIRS)
    assert [(s.id, round(s.cosine, 3), s.view.number) for s in found] == [("A", 0.9, 0), ("B", 0.7, 1)]


def test_a_score_lies_between_nothing_and_one() -> None:
    query = Query({"image": np.ones(2, np.float32)}, {"image": 1})
    first, second = score(query, hits("AB", [1.0000002, -1.0000002]), NO_PAIRS)
    assert (first.score, second.score) == (1.0, 0.0)


@given(LISTS, st.integers(1, 3), st.sets(st.sampled_from(["P1", "P2", "P3"])))
def test_a_limit_keeps_the_first_of_each_value_and_all_that_have_none(
    before: list[Scored], count: int, beside: set[str]
) -> None:
    shown = [s for s in before if s.id not in beside]
    after = at_most(shown, [Limit(count, {s.id: tuple(s.group) for s in before})], beside=beside)
    for letter in {letter for s in before for letter in s.group}:
        there = [s for s in shown if letter in s.group]
        kept = [s for s in after if letter in s.group]
        counted = sum(letter in s.group for s in before if s.id in beside)
        assert len(kept) <= max(0, count - counted)
        assert set(map(id, kept)) <= set(map(id, there))
    free = [s for s in shown if not s.group]
    assert [s for s in after if not s.group] == free


@given(
    LISTS, st.lists(st.tuples(st.integers(1, 9), st.sampled_from("uvwxyz")), max_size=4, unique_by=lambda p: p[1])
)
def test_what_is_placed_stands_there_and_the_others_keep_their_order(
    before: list[Scored], pins: list[tuple[int, str]]
) -> None:
    pinned = sorted(((place, scored(f"pin-{name}", 0.0)) for place, name in pins), key=lambda p: p[0])
    after = placed(before, pinned, k=50)
    assert [s for s in after if not s.id.startswith("pin-")] == before
    assert [s for s in after if s.id.startswith("pin-")] == [s for _, s in pinned]
    for at, (place, s) in enumerate(pinned):
        crowded = any(place <= other + later for later, (other, _) in enumerate(pinned[:at], 1))
        if not crowded and place <= len(before) + at + 1:
            assert after.index(s) == place - 1
    for k in range(8):
        assert placed(before, pinned, k=k) == after[:k]
