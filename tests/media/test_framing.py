"""The canvas: square, white around, nothing stretched and nothing cut away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.media.framing import crop, letterbox, resize
from lookalike.types import Box

SIZES = st.integers(1, 300)
FRACTIONS = st.floats(0, 1, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(width=SIZES, height=SIZES, side=st.integers(32, 128))
def test_a_letterbox_is_a_white_square_with_the_whole_picture_in_its_middle(
    width: int, height: int, side: int
) -> None:
    black = np.zeros((height, width, 3), np.uint8)
    square = letterbox(black, side)
    assert square.shape == (side, side, 3)
    assert square.dtype == np.uint8
    picture = square.max(axis=2) < 255
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    seen = (len(rows), len(columns))
    assert picture.sum() == seen[0] * seen[1]
    assert max(seen) == side
    assert abs(seen[0] - max(1, side * height / max(width, height))) <= 0.51
    assert abs(seen[1] - max(1, side * width / max(width, height))) <= 0.51
    for found in (rows, columns):
        assert abs(found[0] - (side - 1 - found[-1])) <= 1


@given(side=st.integers(32, 64))
def test_a_letterbox_of_a_letterbox_is_itself(side: int) -> None:
    picture = np.random.default_rng(side).integers(0, 255, (50, 30, 3), dtype=np.uint8)
    once = letterbox(picture, side)
    np.testing.assert_array_equal(letterbox(once, side), once)


@given(width=SIZES, height=SIZES, edges=st.tuples(FRACTIONS, FRACTIONS, FRACTIONS, FRACTIONS))
def test_a_box_is_a_rectangle_in_the_picture_or_an_error(
    width: int, height: int, edges: tuple[float, float, float, float]
) -> None:
    left, top, right, bottom = edges
    if not (left < right and top < bottom):
        with pytest.raises(ValueError, match="give left, top"):
            Box(*edges)
        return
    part = crop(np.zeros((height, width, 3), np.uint8), Box(*edges))
    assert 1 <= part.shape[0] <= height
    assert 1 <= part.shape[1] <= width


@pytest.mark.parametrize(
    "edges", [(-0.1, 0, 1, 1), (0, 0, 1.1, 1), (float("nan"), 0, 1, 1), (0, 0, 0, 1), (0.5, 0, 0.4, 1)]
)
def test_a_box_out_of_the_picture_is_refused(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="give left, top, right, bottom"):
        Box(*edges)


def test_a_crop_is_the_part_that_the_box_says() -> None:
    picture = np.arange(100 * 200 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 200, 3)
    np.testing.assert_array_equal(crop(picture, Box(0.25, 0.1, 0.5, 0.9)), picture[10:90, 50:100])


def test_a_resize_to_the_same_size_is_the_same_picture() -> None:
    picture = np.zeros((4, 5, 3), np.uint8)
    assert resize(picture, 5, 4) is picture
    assert resize(picture, 7, 3).shape == (3, 7, 3)
