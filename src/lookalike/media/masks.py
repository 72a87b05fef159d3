"""Pictures whose pixels are numbers of classes, as annotators save them."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from lookalike.errors import PictureError

Classes = npt.NDArray[np.uint8]  # (height, width): the number of each pixel's class


def decode_mask(data: bytes) -> Classes:
    """The class of each pixel of an indexed or grey PNG.

    Raises `PictureError` for what is neither: colours of a palette that was flattened name no class any more.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.mode not in ("P", "L", "1"):
                raise PictureError(
                    f"a mask of mode {image.mode} has colours, not classes: save it indexed or grey"
                )
            return np.array(image.convert("L") if image.mode == "1" else image, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError(f"this is no mask that can be read: {error}") from error
