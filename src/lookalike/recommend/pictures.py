"""Whatever a caller gives as a picture, as pixels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lookalike.errors import LookalikeError, PictureError
from lookalike.media.decoding import decode
from lookalike.media.fetching import Fetcher, read_bytes
from lookalike.media.framing import crop
from lookalike.types import Box, Pixels

Picture: TypeAlias = str | os.PathLike[str] | bytes | npt.NDArray[np.uint8]  # path, URL, a file's bytes, pixels


def pixels_of(image: Picture, box: Box | None, *, at_least: int, fetcher: Fetcher) -> Pixels:
    """The pixels within the box, decoded to no less than so many a side where the picture has them.

    Raises `PictureError` that names the picture.
    """
    if isinstance(image, np.ndarray):
        pixels = _as_pixels(image)
    elif isinstance(image, bytes):
        pixels = decode(image, at_least=at_least)
    else:
        try:
            pixels = decode(read_bytes(os.fspath(image), fetcher=fetcher), at_least=at_least)
        except PictureError as error:
            raise _naming(error, os.fspath(image)) from error
    return crop(pixels, box) if box else pixels


def as_box(box: Box | Sequence[float] | None) -> Box | None:
    """A box from its four sides."""
    if box is None or isinstance(box, Box):
        return box
    try:
        return Box(*(float(x) for x in box))
    except (TypeError, ValueError) as error:
        raise LookalikeError(f"box {box!r} is not left, top, right, bottom in fractions 0..1") from error


def _as_pixels(array: npt.NDArray[np.uint8]) -> Pixels:
    if array.dtype == np.uint8 and array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise PictureError(
            f"an array of {array.dtype} {array.shape} is no picture: give uint8 (height, width, 3), RGB"
        )
    return np.ascontiguousarray(array)


def _naming(error: PictureError, picture: str) -> PictureError:
    text = str(error)
    return error if picture in text else type(error)(f"{picture}: {text}")
