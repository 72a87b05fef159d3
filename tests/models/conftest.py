"""What models are tried on: pictures that are arithmetic, so that they never change."""

from __future__ import annotations

import numpy as np
import pytest

from lookalike.types import Pixels


@pytest.fixture
def pictures() -> list[Pixels]:
    """A shirt of sorts, the same in another colour, and stripes; of three sizes."""
    return [shirt(120, 90, (200, 30, 40)), shirt(64, 64, (30, 60, 200)), stripes(80, 200)]


def shirt(height: int, width: int, colour: tuple[int, int, int]) -> Pixels:
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    body = (abs(x - 0.5) < 0.25) & (y > 0.15) & (y < 0.9)
    sleeves = (abs(x - 0.5) < 0.42) & (y > 0.15) & (y < 0.4)
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[body | sleeves] = colour
    return pixels


def stripes(height: int, width: int) -> Pixels:
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[:, (np.arange(width) // 8) % 2 == 0] = (20, 20, 20)
    return pixels
