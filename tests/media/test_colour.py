"""The law: the garment's colours count, and the ground does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.media.colour import COLOUR_DIM, colour_vectors, garment_weights

if TYPE_CHECKING:
    from lookalike.types import Pixels, Vectors

Colour = tuple[int, int, int]
WHITE, GREY = (255, 255, 255), (190, 190, 192)
RED, CRIMSON, BLUE, NAVY, BLACK = (200, 30, 35), (170, 20, 60), (35, 60, 190), (20, 25, 80), (25, 25, 25)


def shirt(colour: Colour, *, ground: Colour = WHITE, stripe: Colour | None = None, side: int = 96) -> Pixels:
    """A body with two sleeves, slightly shaded and grainy as a photograph is."""
    rng = np.random.default_rng(5)
    pixels = np.full((side, side, 3), ground, dtype=np.float64)
    y, x = np.mgrid[0:side, 0:side] / side
    on = (np.abs(x - 0.5) < 0.2) & (y > 0.15) & (y < 0.9) | (np.abs(x - 0.5) < 0.38) & (y > 0.15) & (y < 0.4)
    worn = np.full((side, side, 3), colour, dtype=np.float64)
    if stripe is not None:
        worn[(y * 12).astype(int) % 2 == 0] = stripe
    shade = 1 - 0.25 * np.abs(x - 0.5)
    pixels[on] = (worn * shade[..., None] + rng.normal(0, 3, worn.shape))[on]
    return pixels.clip(0, 255).round().astype(np.uint8)


def padded(pixels: Pixels, rows: int, columns: int) -> Pixels:
    return np.pad(pixels, ((rows, rows), (columns, columns), (0, 0)), constant_values=255)


def cosine(one: Pixels, other: Pixels) -> float:
    first, second = colour_vectors([one, other])
    return float(first @ second)


def random_pictures(seeds: Sequence[int]) -> list[Pixels]:
    """Blotches of any size and colours."""
    found = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        blotches = rng.integers(0, 256, (*rng.integers(1, 9, 2), 3), dtype=np.uint8)
        found.append(blotches.repeat(int(rng.integers(1, 40)), axis=0).repeat(int(rng.integers(1, 40)), axis=1))
    return found


def check_is_unit(vectors: Vectors, count: int) -> None:
    assert vectors.shape == (count, COLOUR_DIM)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 10_000), max_size=5))
def test_a_batch_is_its_pictures_one_by_one_in_order_and_of_unit_length(seeds: list[int]) -> None:
    pictures = random_pictures(seeds)
    together = colour_vectors(pictures)
    check_is_unit(together, len(seeds))
    for row, picture in zip(together, pictures, strict=True):
        assert np.array_equal(row, colour_vectors([picture])[0])


@pytest.mark.parametrize("level", [0, 128, 250, 255])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (224, 224)])
def test_a_plain_picture_of_any_size_has_a_colour(level: int, size: tuple[int, int]) -> None:
    check_is_unit(colour_vectors([np.full((*size, 3), level, dtype=np.uint8)]), 1)


@pytest.mark.parametrize("colour", [RED, NAVY, BLACK, (245, 245, 243)])
def test_a_mirrored_picture_has_the_same_colours(colour: Colour) -> None:
    picture = shirt(colour, stripe=BLUE, side=224)
    assert cosine(picture, picture[:, ::-1]) > 0.98


@pytest.mark.parametrize("ground", [WHITE, GREY])
@pytest.mark.parametrize("margin", [(0, 40), (60, 0), (30, 30)])
def test_a_white_margin_changes_little(ground: Colour, margin: tuple[int, int]) -> None:
    picture = shirt(RED, ground=ground)
    assert cosine(picture, padded(picture, *margin)) > 0.98


def test_size_changes_little() -> None:
    assert cosine(shirt(RED, stripe=NAVY, side=96), shirt(RED, stripe=NAVY, side=480)) > 0.98


def test_the_ground_does_not_count() -> None:
    assert cosine(shirt(RED, ground=WHITE), shirt(RED, ground=GREY)) > 0.95
    assert cosine(shirt(RED, ground=GREY), shirt(BLUE, ground=GREY)) < 0.3


def test_red_is_nearer_to_crimson_than_to_blue() -> None:
    assert cosine(shirt(RED), shirt(CRIMSON)) > cosine(shirt(RED), shirt(BLUE)) + 0.2


def test_navy_is_not_black() -> None:
    assert cosine(shirt(NAVY), shirt(BLACK)) < 0.7


def test_stripes_are_nearer_to_the_same_stripes_than_to_a_plain_shirt() -> None:
    striped = shirt(RED, stripe=NAVY)
    again = shirt(RED, stripe=NAVY, ground=GREY)
    assert cosine(striped, again) > cosine(striped, shirt(RED)) + 0.1


def test_a_white_shirt_on_white_does_not_vanish() -> None:
    white, faint = shirt((250, 250, 250)), shirt((253, 253, 253))
    assert garment_weights(white).sum() > 0
    check_is_unit(colour_vectors([white, faint]), 2)
    assert cosine(white, shirt((244, 244, 244), ground=GREY)) > cosine(white, shirt(BLACK)) + 0.5


def test_white_buttons_within_a_shirt_are_part_of_it() -> None:
    picture = shirt(RED)
    picture[60:66, 46:52] = 255
    assert garment_weights(picture)[60:66, 46:52].all()
    assert not garment_weights(picture)[:10].any()


def test_a_picture_without_a_ground_is_weighed_by_nearness_to_the_centre() -> None:
    noise = np.random.default_rng(0).integers(0, 250, (60, 40, 3), dtype=np.uint8)
    weights = garment_weights(noise)
    assert weights[30, 20] > 0.9 > weights[0, 0] > 0


def test_a_garment_that_fills_its_box_on_white_is_not_taken_for_the_ground() -> None:
    bag = padded(np.full((60, 40, 3), RED, dtype=np.uint8), 10, 30)
    weights = garment_weights(bag)
    assert weights[40, 50] > 0.9
    assert not weights[:10].any()
    assert not weights[:, :30].any()
