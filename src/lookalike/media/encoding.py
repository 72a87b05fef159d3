"""Pixels in, bytes out: PNG, which loses nothing."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from lookalike.types import Mask, Pixels


def png(pixels: Pixels) -> bytes:
    """A picture as PNG."""
    return _png(Image.fromarray(pixels))


def png_of_mask(mask: Mask) -> bytes:
    """A mask as a grey PNG of 8 bits: 255 where it is, 0 elsewhere."""
    return _png(Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0))))


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=6)
    return file.getvalue()
