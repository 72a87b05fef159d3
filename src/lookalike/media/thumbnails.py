"""Many pictures, each small: read and decoded side by side, never more of them in memory than are being used."""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from PIL import Image

from lookalike.errors import PictureError
from lookalike.media.decoding import decode
from lookalike.media.fetching import Fetcher, is_url, read_bytes
from lookalike.types import Pixels

_AHEAD = 256  # pictures being read while the first of them is waited for
_FETCHING = 16  # threads that wait for other people's servers


def thumbnails(pictures: Sequence[str], side: int, *, fetcher: Fetcher) -> Iterator[Image.Image | None]:
    """Each picture fitted into a square of `side` pixels, in order; None where there is none that can be shown."""
    workers = _FETCHING if any(map(is_url, pictures)) else os.cpu_count() or 1
    ahead: deque[Future[Image.Image | None]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="thumbnails") as pool:
        for picture in pictures:
            ahead.append(pool.submit(_thumbnail, picture, side, fetcher))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _thumbnail(picture: str, side: int, fetcher: Fetcher) -> Image.Image | None:
    if not picture:
        return None
    try:
        pixels: Pixels = decode(read_bytes(picture, fetcher=fetcher), at_least=side)
    except PictureError:
        return None
    return fitted(Image.fromarray(pixels), side)


def fitted(image: Image.Image, side: int) -> Image.Image:
    """The picture as large as fits into the square, larger than it was where need be."""
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def as_jpeg(pixels: Pixels, side: int, *, quality: int = 82) -> bytes:
    """The picture as a JPEG that fits into a square of `side` pixels; one that is smaller stays as it is."""
    image = Image.fromarray(pixels)
    small = fitted(image, side) if max(image.size) > side else image
    file = io.BytesIO()
    small.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
    return file.getvalue()
