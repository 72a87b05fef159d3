"""Masks become polygons and polygons masks, and nothing is lost on the way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from lookalike.training.annotations.contours import (
    bitmap_of,
    box_of,
    ellipse,
    fill,
    mask_of,
    one_ring,
    polygon_of,
    signed_area,
    trace,
)
from lookalike.training.annotations.shapes import Part, Polygon, Rectangle
from lookalike.types import Mask

MASKS = arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=14))


@settings(deadline=None)  # the first example waits for SciPy
@given(MASKS)
def test_a_mask_that_is_traced_and_filled_is_the_same_mask(mask: Mask) -> None:
    height, width = mask.shape
    assert np.array_equal(mask_of(trace(mask), width, height), mask)


@settings(deadline=None)  # the first example waits for SciPy
@given(MASKS)
def test_there_is_a_part_for_each_connected_group_and_its_holes_run_the_other_way(mask: Mask) -> None:
    parts = trace(mask).parts
    assert len(parts) == ndimage.label(mask)[1]
    for part in parts:
        assert signed_area(part.outline) > 0
        assert all(signed_area(hole) < 0 for hole in part.holes)
    assert sum(signed_area(ring) for part in parts for ring in (part.outline, *part.holes)) == mask.sum()


@settings(deadline=None)  # the first example waits for SciPy
@given(MASKS)
def test_bridges_of_no_width_change_nothing(mask: Mask) -> None:
    assume(mask.any())
    height, width = mask.shape
    ring = one_ring(trace(mask))
    assert np.array_equal(fill([ring], width, height), mask)
    assert signed_area(ring) == pytest.approx(mask.sum())


@settings(deadline=None)  # the first example waits for SciPy
@given(MASKS)
def test_a_mask_is_cut_to_what_it_shows_and_lies_where_it_lay(mask: Mask) -> None:
    bitmap = bitmap_of(mask)
    assert (bitmap is None) == (not mask.any())
    if bitmap is not None:
        height, width = mask.shape
        assert np.array_equal(mask_of(bitmap, width, height), mask)
        assert np.array_equal(mask_of(polygon_of(bitmap), width, height), mask)
        assert box_of(bitmap) == box_of(polygon_of(bitmap))


@settings(deadline=None)  # the first example waits for SciPy
@given(st.lists(st.tuples(st.integers(-40, 140), st.integers(-40, 140)), min_size=3, max_size=8))
def test_a_polygon_covers_the_pixels_whose_centres_it_goes_around(points: list[tuple[int, int]]) -> None:
    """Against the definition: count the edges to the left of each centre, which lies on none of them."""
    ring = np.array(points, np.float64) / 10
    mask = fill([ring], 10, 10)
    for row, column in np.ndindex(10, 10):
        x, y, crossings = column + 0.5, row + 0.5, 0
        for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            if (y0 <= y) != (y1 <= y):
                crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
                if abs(crossing - x) < 1e-9:
                    break
                crossings += crossing < x
        else:
            assert mask[row, column] == bool(crossings % 2)


def test_a_ring_with_a_hole_and_an_island_is_told_apart() -> None:
    mask = np.ones((7, 7), np.bool_)
    mask[1:6, 1:6] = False
    mask[3, 3] = True
    frame, island = trace(mask, left=10, top=20).parts
    assert frame.outline.tolist() == [[10, 20], [17, 20], [17, 27], [10, 27]]
    assert [hole.tolist() for hole in frame.holes] == [[[11, 21], [11, 26], [16, 26], [16, 21]]]
    assert island.outline.tolist() == [[13, 23], [14, 23], [14, 24], [13, 24]]
    assert not island.holes


def test_pixels_that_touch_by_a_corner_are_two_parts() -> None:
    assert len(trace(np.eye(2, dtype=np.bool_)).parts) == 2


def test_parts_may_overlap_and_what_lies_outside_is_cut_off() -> None:
    square = np.array([(-2.0, -2.0), (3, -2), (3, 3), (-2, 3)])
    mask = mask_of(Polygon((Part(square), Part(square * 2 + (6, 6)))), 8, 8)
    assert mask[2, 2]
    assert mask.sum() == 9 + 36 - 1


def test_a_circle_has_its_area() -> None:
    mask = mask_of(ellipse(50, 50, 40, 40), 100, 100)
    assert mask.sum() == pytest.approx(np.pi * 1600, rel=0.005)


def test_an_ellipse_turns_clockwise_on_the_screen() -> None:
    mask = mask_of(ellipse(20, 20, 15, 3, turned=np.pi / 4), 40, 40)
    assert mask[28, 28]
    assert not mask[28, 12]


def test_a_box_is_the_polygon_of_its_corners() -> None:
    assert mask_of(Rectangle(1, 2, 4, 6), 8, 8).sum() == 12
    assert box_of(polygon_of(Rectangle(1.5, 2, 4, 6))) == Rectangle(1.5, 2, 4, 6)
