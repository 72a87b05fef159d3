"""What lookalike is compared with: EfficientNet-lite0 as it is (no PCA), an HSV histogram, and both together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from catalogues import say
from PIL import Image

from lookalike.evaluate.contenders import Answer, Likeness
from lookalike.media.decoding import decode
from lookalike.media.framing import letterbox
from lookalike.models.embedders import open_image_embedder
from lookalike.types import Pixels, Vectors, View

HSV_WEIGHT = 0.3
HSV_BINS = (12, 4, 4)
_PICTURES = 96  # decoded and embedded together


class Described:
    """A contender of `lookalike.evaluate` that goes by vectors of pictures; several sets of them are added up."""

    def __init__(self, name: str, places: Mapping[str, int], *weighted: tuple[Vectors, float]) -> None:
        self.name = name
        self._places = places
        self._weighted = weighted

    def asked(self, queries: Sequence[View], *, words: bool) -> Answer:
        mine = self._rows(queries)

        def answer(gallery: Sequence[View]) -> Likeness:
            theirs = self._rows(gallery)
            return sum(weight * (rows[mine] @ rows[theirs].T) for rows, weight in self._weighted)

        return answer

    def _rows(self, views: Sequence[View]) -> list[int]:
        return [self._places[view.picture] for view in views]


def contenders(pictures: Sequence[str], *, kept: Path) -> list[Described]:
    """The baselines; what describes the pictures is read back from `kept` where an earlier run has written it."""
    lite0, hsv = described(pictures, kept)
    places = {picture: at for at, picture in enumerate(pictures)}
    return [
        Described("lite0", places, (lite0, 1.0)),
        Described("HSV histogram", places, (hsv, 1.0)),
        Described(f"lite0 + HSV at {HSV_WEIGHT:g}", places, (lite0, 1.0), (hsv, HSV_WEIGHT)),
    ]


def described(pictures: Sequence[str], kept: Path) -> tuple[Vectors, Vectors]:
    """Unit rows of lite0 and of the histogram; read back where an earlier run has kept them."""
    if kept.is_file():
        with np.load(kept) as arrays:
            if arrays["pictures"].tolist() == list(pictures):
                return arrays["lite0"], arrays["hsv"]
    say(f"describing {len(pictures):,} pictures for the baselines")
    embedder = open_image_embedder("efficientnet-lite0")
    lite0, hsv = [], []
    with ThreadPoolExecutor(4) as pool:
        for at in range(0, len(pictures), _PICTURES):
            pixels = list(pool.map(_pixels, pictures[at : at + _PICTURES]))
            lite0.append(embedder.embed([letterbox(p, 224) for p in pixels]))
            hsv.append(np.stack([hsv_histogram(p) for p in pixels]))
    found = _unit(np.concatenate(lite0)), _unit(np.concatenate(hsv))
    with kept.open("wb") as file:
        np.savez(file, pictures=np.asarray(pictures), lite0=found[0], hsv=found[1])
    return found


def hsv_histogram(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Hue, saturation, value in 12 x 4 x 4 bins, that of white left out; it comes nearest to DATA.md's figures."""
    hsv = np.asarray(Image.fromarray(pixels).convert("HSV")).reshape(-1, 3).astype(np.int64)
    hue, saturation, value = (hsv * HSV_BINS // 256).T
    bins = (hue * HSV_BINS[1] + saturation) * HSV_BINS[2] + value
    counts = np.bincount(bins, minlength=int(np.prod(HSV_BINS))).astype(np.float32)
    counts[HSV_BINS[2] - 1] = 0
    return counts


def _pixels(picture: str) -> Pixels:
    return decode(Path(picture).read_bytes(), at_least=224)


def _unit(rows: Vectors) -> Vectors:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)
