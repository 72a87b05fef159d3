"""Pictures whose pixels are numbers of classes, as annotators save them."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from lookalike.errors import PictureError
from lookalike.media.decoding import Limits, check_size
from lookalike.media.framing import resize_plane
from lookalike.types import Box, Mask, Regions

Classes = npt.NDArray[np.uint8]  # (height, width): the number of each pixel's class
UNKNOWN = 255  # a class: nobody said what this pixel shows


def decode_mask(data: bytes) -> Classes:
    """The class of each pixel of an indexed or grey PNG.

    Raises `PictureError` for what is neither: colours of a palette that was flattened name no class any more.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            check_size("PNG", image.width, image.height, Limits())
            if image.mode not in ("P", "L", "1"):
                raise PictureError(
                    f"a mask of mode {image.mode} has colours, not classes: save it indexed or grey"
                )
            return np.array(image.convert("L") if image.mode == "1" else image, dtype=np.uint8)
    except PictureError:
        raise
    except Exception as error:  # Pillow's decoders raise anything at all on damaged bytes
        raise PictureError(f"this is no mask that can be read: {error}") from error


def encode_mask(classes: Classes) -> bytes:
    """An indexed PNG of the class of each pixel, in colours that tell them apart on any screen."""
    image = Image.fromarray(classes)
    image.putpalette(_palette())
    out = io.BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()


def _palette() -> bytes:
    """256 colours, the first black: the bits of a number spread over red, green and blue, as in Pascal VOC."""
    number = np.arange(256)[:, None] >> (3 * np.arange(8) + np.arange(3)[:, None, None])
    return np.ascontiguousarray(((number & 1) << (7 - np.arange(8))).sum(-1).T).astype(np.uint8).tobytes()


def bounds(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is True, in pixels; right and bottom lie just beyond it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def box_around(mask: Mask) -> Box:
    """The smallest box that holds all that is True."""
    left, top, right, bottom = bounds(mask)
    height, width = mask.shape
    return Box(left / width, top / height, right / width, bottom / height)


def classes_of(regions: Regions) -> Classes:
    """The likeliest label of each pixel of the picture, as its place among the labels."""
    best = np.full((regions.height, regions.width), -1.0, np.float32)
    classes = np.zeros((regions.height, regions.width), np.uint8)
    for place, plane in enumerate(regions.shares):
        enlarged = resize_plane(plane, regions.width, regions.height)
        better = enlarged > best
        classes[better], best[better] = place, enlarged[better]
    return classes
