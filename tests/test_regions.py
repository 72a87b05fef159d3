"""Figures of regions, against what can be counted by hand or otherwise."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lookalike.evaluate.regions import Confusion, boundary_f
from lookalike.media.masks import UNKNOWN

Maps = arrays(np.uint8, (6, 7), elements=st.integers(0, 3))


@settings(max_examples=80, deadline=None)
@given(truth=Maps, found=Maps)
def test_overlap_is_that_of_sets(truth: np.ndarray, found: np.ndarray) -> None:
    confusion = Confusion(4)
    confusion.add(truth, found)
    for label, iou in enumerate(confusion.ious()):
        here, there = truth == label, found == label
        either = (here | there).sum()
        assert math.isnan(iou) if not either else math.isclose(iou, (here & there).sum() / either)
    here, there = truth >= 2, found >= 2
    group = confusion.group_iou(range(2, 4))
    assert (
        math.isnan(group)
        if not (here | there).any()
        else math.isclose(group, (here & there).sum() / (here | there).sum())
    )


def test_pixels_that_nobody_named_count_for_nothing() -> None:
    confusion = Confusion(2)
    confusion.add(np.array([[UNKNOWN, 1]], np.uint8), np.array([[1, 1]], np.uint8))
    assert confusion.counts.sum() == 1
    assert confusion.mean_iou() == 1.0


def square(at: int, side: int = 40) -> np.ndarray:
    mask = np.zeros((100, 100), bool)
    mask[at : at + side, at : at + side] = True
    return mask


def test_outlines_that_agree_and_outlines_that_do_not() -> None:
    assert boundary_f(square(20), square(20)) == 1.0
    assert boundary_f(square(20), square(21)) > 0.98  # a pixel is near enough
    assert boundary_f(square(20), square(35)) < 0.2
    assert boundary_f(square(20), np.zeros((100, 100), bool)) == 0.0
    assert math.isnan(boundary_f(np.zeros((9, 9), bool), np.zeros((9, 9), bool)))


def test_a_wider_tolerance_never_finds_less() -> None:
    figures = [boundary_f(square(20), square(24), near=near) for near in (0.005, 0.02, 0.04, 0.08)]
    assert figures == sorted(figures)
