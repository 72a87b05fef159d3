"""Pixels to pixels: the canvas that models see. The aspect ratio is always kept; nothing is cropped away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from lookalike.types import Box, Pixels

WHITE = 255


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A picture fitted into a canvas, and where on it the picture lies, in pixels of the canvas."""

    pixels: Pixels
    left: int
    top: int
    width: int
    height: int


def letterbox(pixels: Pixels, side: int) -> Pixels:
    """The picture fitted into a white square of `side` pixels, centred.  # (side, side, 3)"""
    return placed(pixels, side, side).pixels


def placed(pixels: Pixels, width: int, height: int, *, ground: int = WHITE) -> Placed:
    """The picture fitted into a canvas, centred. ground: of the rest, grey, 0..255."""
    tall, wide = pixels.shape[:2]
    scale = min(width / wide, height / tall)
    fitted = resize(pixels, max(1, round(wide * scale)), max(1, round(tall * scale)))
    tall, wide = fitted.shape[:2]
    canvas = np.full((height, width, 3), ground, dtype=np.uint8)
    top, left = (height - tall) // 2, (width - wide) // 2
    canvas[top : top + tall, left : left + wide] = fitted
    return Placed(canvas, left, top, wide, tall)


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """The picture at another size, antialiased.  # (height, width, 3)"""
    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8)


def resize_plane(plane: npt.NDArray[np.float32], width: int, height: int) -> npt.NDArray[np.float32]:
    """A plane of numbers at another size, antialiased.  # (height, width)"""
    return np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR), np.float32)


def turned_square(pixels: Pixels, middle: tuple[float, float], side: float, angle: float, *, size: int) -> Pixels:
    """A square of the picture at another size, black beyond its border.  # (size, size, 3)

    middle: x and y in pixels. side: pixels. angle: how far the square is turned clockwise, radians.
    """
    shrink = min(1.0, 2 * size / side)  # what is taken from much larger would alias
    if shrink < 1:
        tall, wide = (max(1, round(n * shrink)) for n in pixels.shape[:2])
        pixels, middle, side = resize(pixels, wide, tall), (middle[0] * shrink, middle[1] * shrink), side * shrink
    step, half = side / size, size / 2
    cosine, sine = float(np.cos(angle)) * step, float(np.sin(angle)) * step
    onto = (cosine, -sine, middle[0] - half * (cosine - sine), sine, cosine, middle[1] - half * (sine + cosine))
    image = Image.fromarray(pixels).transform(
        (size, size), Image.Transform.AFFINE, onto, Image.Resampling.BILINEAR
    )
    return np.asarray(image, dtype=np.uint8)


def crop(pixels: Pixels, box: Box) -> Pixels:
    """What lies in the box, at least one pixel.  # (h, w, 3)"""
    height, width = pixels.shape[:2]
    left, top = int(box.left * width), int(box.top * height)
    right, bottom = max(left + 1, round(box.right * width)), max(top + 1, round(box.bottom * height))
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def near_area(width: int, height: int, side: int, *, multiple: int = 32) -> tuple[int, int]:
    """The size of about `side` x `side` pixels whose aspect is nearest, each way a multiple: width and height.

    >>> near_area(400, 600, 256)
    (224, 320)
    """
    scale = side / (width * height) ** 0.5
    return (
        max(multiple, round(width * scale / multiple) * multiple),
        max(multiple, round(height * scale / multiple) * multiple),
    )
