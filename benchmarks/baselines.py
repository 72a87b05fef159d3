"""What lookalike is compared with: EfficientNet-lite0 as it is (no PCA), an HSV histogram, and both together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from catalogues import say
from PIL import Image

from lookalike.media.decoding import decode
from lookalike.media.framing import letterbox
from lookalike.models.embedders import open_image_embedder
from lookalike.types import Pixels, Vectors

HSV_WEIGHT = 0.3
HSV_BINS = (12, 4, 4)
_KEPT = 1_024  # places of each query's ranking that are kept
_TOGETHER = 100  # queries
_PICTURES = 96  # decoded and embedded together

Places = npt.NDArray[np.int64]


def rankings(
    pictures: Sequence[str], queries: Sequence[int], *, kept: Path
) -> dict[str, Callable[[int, int], list[int]]]:
    """For each baseline: (place of a query, how many) -> places, the nearest first, the query among them."""
    lite0, hsv = described(pictures, kept)
    return {
        "lite0": _ranking(queries, lambda rows: lite0[rows] @ lite0.T),
        "HSV histogram": _ranking(queries, lambda rows: hsv[rows] @ hsv.T),
        f"lite0 + HSV at {HSV_WEIGHT:g}": _ranking(
            queries, lambda rows: lite0[rows] @ lite0.T + HSV_WEIGHT * (hsv[rows] @ hsv.T)
        ),
    }


def _ranking(
    queries: Sequence[int], scores: Callable[[Sequence[int]], Vectors]
) -> Callable[[int, int], list[int]]:
    best: dict[int, Places] = {}
    for at in range(0, len(queries), _TOGETHER):
        chunk = queries[at : at + _TOGETHER]
        for query, row in zip(chunk, scores(chunk), strict=True):
            best[query] = _highest(row, _KEPT)

    def ranked(query: int, count: int) -> list[int]:
        if count <= _KEPT or len(best[query]) < _KEPT:
            return best[query][:count].tolist()
        return _highest(scores([query])[0], count).tolist()

    return ranked


def _highest(scores: npt.NDArray[np.float32], count: int) -> Places:
    near = np.argpartition(-scores, count)[:count] if count < len(scores) else np.arange(len(scores))
    return near[np.argsort(-scores[near], kind="stable")]


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
