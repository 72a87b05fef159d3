"""A shop to train on: things told apart by their two colours, seen from two sides that look otherwise."""

from __future__ import annotations

import colorsys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

THINGS = 60
KINDS = ("scarf", "flag", "towel")


def cloth(number: int, side: int) -> np.ndarray:
    """Two colours of its own, one beside the other on the first side and one above the other on the second."""
    hue = number / THINGS
    inks = [
        colorsys.hsv_to_rgb(h % 1, 0.9, v) for h, v in ((hue, 0.9), (hue + 0.37, 0.35 + 0.5 * (number % 3) / 2))
    ]
    pixels = np.full((48, 48, 3), 255, np.uint8)
    first, second = (tuple(int(255 * part) for part in ink) for ink in inks)
    pixels[6:42, 6:42] = first
    if side:
        pixels[24:42, 6:42] = second
    else:
        pixels[6:42, 24:42] = second
    return pixels


@pytest.fixture(scope="session")
def cloths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue: 60 styles of two pictures each, of three kinds, in two departments."""
    folder = tmp_path_factory.mktemp("cloths")
    lines = ["id,title,group,category,gender,image"]
    for number in range(THINGS):
        for side in (0, 1):
            Image.fromarray(cloth(number, side)).save(folder / f"{number}-{side}.png")
        kind, gender = KINDS[3 * number // THINGS], ("Women", "Men")[2 * number // THINGS]
        lines.append(f"c{number},cloth {number},s{number},{kind},{gender},{number}-0.png|{number}-1.png")
    (folder / "cloths.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "cloths.csv"
