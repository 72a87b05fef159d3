"""Pixels to pixels: the canvas that models see. The aspect ratio is always kept; nothing is cropped away."""

from __future__ import annotations

import numpy as np
from PIL import Image

from lookalike.types import Box, Pixels

WHITE = 255


def letterbox(pixels: Pixels, side: int) -> Pixels:
    """The picture fitted into a white square of `side` pixels, centred.  # (side, side, 3)"""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    fitted = resize(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = np.full((side, side, 3), WHITE, dtype=np.uint8)
    top, left = (side - fitted.shape[0]) // 2, (side - fitted.shape[1]) // 2
    canvas[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return canvas


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """The picture at another size, antialiased.  # (height, width, 3)"""
    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
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
