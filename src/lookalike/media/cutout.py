"""A garment out of its photograph: before white, alone, its own pixels untouched.

Two laws. A pixel that is kept is the same to the last bit: nothing is resampled, what becomes larger becomes so by
cutting away what is around it. And a mask that finds nothing, or everything, is not believed: the picture stays as
it is, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from lookalike.errors import LookalikeError
from lookalike.media.masks import bounds
from lookalike.types import GARMENTS, Mask, Pixels, Regions

WHITE = 255
EVERYTHING_WORN = "garments"
PARTS = {  # what may be asked for beside a segmenter's own labels
    EVERYTHING_WORN: GARMENTS,
    "upper": ("topwear", "outerwear"),
    "lower": ("bottomwear",),
    "full": ("one-piece", "topwear", "outerwear", "bottomwear"),
}
OBJECT = "object"  # the label of segmenters that know no kinds: it stands for all that is worn
NOTHING, EVERYTHING = 0.002, 0.995  # shares of the picture up to which, and from which, a mask is not believed
_ROWS = 512  # of the picture that shares are enlarged for together, so that memory does not grow with its height

Threshold = Literal["argmax"] | float  # the likeliest label, or how likely all that is asked for must be together


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """What was cut out of a picture, or the picture as it was."""

    pixels: Pixels
    mask: Mask  # of the whole picture, at its own size; also where it was not believed
    left: str = ""  # why the picture was left as it is, in words; empty where it was cut

    @property
    def share(self) -> float:
        """Of the picture that the mask covers, 0..1."""
        return float(self.mask.mean())


def cut_from(
    pixels: Pixels,
    regions: Regions,
    *,
    part: str = EVERYTHING_WORN,
    threshold: Threshold = "argmax",
    kernel: int = 3,
    enlarge: bool = True,
) -> CutOut:
    """What a picture shows of the part that is asked for, on white.

    part: one of `PARTS`, or a label of the segmenter that gave the regions. threshold: see `mask_of`. kernel: see
    `cleaned`. enlarge: cut away what lies around it, so that it fills whatever canvas it is fitted into.
    Raises `LookalikeError` for a part that the segmenter does not know.
    """
    wanted = labels_of(part, regions.labels)
    mask = cleaned(mask_of(regions, wanted, threshold), kernel)
    if (share := mask.mean()) < NOTHING:
        return CutOut(pixels, mask, f"no {' or '.join(wanted)} was found")
    if share > EVERYTHING:
        return CutOut(pixels, mask, f"all of it is taken for {' or '.join(wanted)}")
    return CutOut(cut_out(pixels, mask, enlarge=enlarge), mask)


def cut_out(pixels: Pixels, mask: Mask, *, enlarge: bool = True) -> Pixels:
    """The masked pixels as they are, all others white; with `enlarge` no more than the box around them.

    mask: of the picture's size. An empty one gives a white picture.  # (h, w, 3)
    """
    on_white = np.where(mask[:, :, None], pixels, np.uint8(WHITE))
    if not enlarge or not mask.any():
        return on_white
    left, top, right, bottom = bounds(mask)
    return np.ascontiguousarray(on_white[top:bottom, left:right])


def labels_of(part: str, labels: Sequence[str]) -> tuple[str, ...]:
    """Which of a segmenter's labels a part stands for."""
    found = tuple(name for name in PARTS.get(part, (part,)) if name in labels)
    if not found and part == EVERYTHING_WORN and OBJECT in labels:
        return (OBJECT,)
    if not found:
        raise LookalikeError(f"no {part!r} among the labels of this segmenter: it knows {', '.join(labels)}")
    return found


def mask_of(regions: Regions, wanted: Collection[str], threshold: Threshold = "argmax") -> Mask:
    """Where a picture shows one of these labels, at the picture's own size.  # (height, width)

    threshold: "argmax" takes a pixel whose likeliest label is one of them; a number, 0..1, one that is theirs with
    at least this probability in all.
    """
    ours = np.isin(regions.labels, list(wanted))
    groups = [regions.shares[ours], regions.shares[~ours]]
    if threshold != "argmax":
        groups = [groups[0].sum(axis=0, keepdims=True)]
    mask = np.empty((regions.height, regions.width), np.bool_)
    for top in range(0, regions.height, _ROWS):
        rows = slice(top, min(top + _ROWS, regions.height))
        best = [_highest(planes, regions, rows) for planes in groups]
        mask[rows] = best[0] > best[1] if threshold == "argmax" else best[0] >= threshold
    return mask


def cleaned(mask: Mask, kernel: int) -> Mask:
    """Without specks and slivers that a square of so many pixels does not fit into, then without such holes.

    Opening, then closing (Serra, Image Analysis and Mathematical Morphology, 1982); what touches the border is not
    worn away there. A kernel of 0 or 1 changes nothing.
    """
    from scipy import ndimage

    if kernel < 2:
        return mask
    square = np.ones((kernel, kernel), np.bool_)
    core = ndimage.binary_erosion(mask, square, border_value=1)
    opened = ndimage.binary_dilation(core, square)
    filled = ndimage.binary_dilation(opened, square)
    closed: Mask = ndimage.binary_erosion(filled, square, border_value=1)
    return closed


def _highest(planes: npt.NDArray[np.float32], regions: Regions, rows: slice) -> npt.NDArray[np.float32]:
    """The highest share of these planes in some rows of the picture, bilinear between the network's pixels."""
    step = planes.shape[1] / regions.height
    box = (0.0, rows.start * step, float(planes.shape[2]), rows.stop * step)
    best = np.zeros((rows.stop - rows.start, regions.width), np.float32)
    for plane in planes:
        enlarged = Image.fromarray(plane).resize(best.shape[::-1], Image.Resampling.BILINEAR, box=box)
        np.maximum(best, np.asarray(enlarged), out=best)
    return best
