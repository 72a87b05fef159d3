"""A user's marked pictures as scenes to learn from."""

import numpy as np
import pytest

from lookalike.media.scenes import Scene
from lookalike.training.own_masks import OwnMasks


def scene(width: int, height: int) -> Scene:
    return Scene(np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8))


def test_canvases_have_the_shape_of_the_pictures() -> None:
    masks = OwnMasks(("background", "bag"), train=[scene(200, 300)] * 9)
    ((wide, tall),) = masks.shapes  # all alike: one
    assert wide / tall == pytest.approx(2 / 3, abs=0.01)
    assert wide * tall == pytest.approx(1, abs=0.01)


def test_pictures_of_several_shapes_have_canvases_from_the_tallest_to_the_widest() -> None:
    masks = OwnMasks(
        ("background", "bag"), train=[scene(200, 300)] * 4 + [scene(300, 300)] * 4 + [scene(400, 300)] * 4
    )
    assert [round(wide / tall, 1) for wide, tall in masks.shapes] == [0.7, 1.0, 1.3]
