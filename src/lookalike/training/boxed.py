"""A user's own pictures with boxes, whatever tool they were marked with, and random views of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.errors import LookalikeError, PictureError
from lookalike.evaluate.splits import held_out
from lookalike.media.augmenting import lit
from lookalike.media.decoding import decode
from lookalike.media.framing import Placed, placed, resize
from lookalike.training.annotations.shapes import Annotated, Annotations, Bitmap, Fault, Geometry, Rectangle
from lookalike.types import Box, Detection, Pixels

Corners = npt.NDArray[np.float32]  # (n, 4): left, top, right, bottom
Numbers = npt.NDArray[np.int64]  # (n,), the number of a label

GREY = 114  # around a picture, as detectors see it
_ASIDE = {"val": True, "valid": True, "validation": True, "test": None}  # folders: held out, or not looked at
_ENOUGH = 4  # pictures on either side of the split
_VISIBLE = 0.35  # of a box that a view must show, if it is to be found there


@dataclass(frozen=True, slots=True, eq=False)
class Boxed:
    """A picture and what is on it."""

    file: Path
    width: int  # pixels, upright
    height: int
    corners: Corners  # fractions of the picture
    numbers: Numbers

    def pixels(self, at_least: int) -> Pixels:
        """The picture, decoded no larger than it need be. Raises `PictureError`."""
        return decode(self.file.read_bytes(), at_least=at_least)

    def truth(self, labels: Sequence[str]) -> list[Detection]:
        """What a detector should find."""
        return [
            Detection(Box(*corners), labels[number], 1.0)
            for corners, number in zip(self.corners.tolist(), self.numbers.tolist(), strict=True)
        ]


@dataclass(slots=True, eq=False)
class BoxedSet:
    """Pictures to learn from, and those held out."""

    labels: tuple[str, ...]
    train: list[Boxed] = field(default_factory=list)
    held: list[Boxed] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)  # reason -> how many


def read_boxed(marked: Annotations, *, hold_out: float) -> BoxedSet:
    """Marked pictures, split as their folders say, else by the hash of their path.

    A folder called val, valid or validation holds pictures to judge by, one called test what is not looked at.
    marked: as `annotations.converting.open_annotations` gives it. An outline stands for the box around it. Raises
    `LookalikeError` where there is too little to learn from.
    """
    pictures = list(marked.each)
    there = {shape.label for one in pictures if isinstance(one, Annotated) for shape in one.shapes}
    found = BoxedSet(marked.labels or tuple(sorted(there)))
    numbers = {label: number for number, label in enumerate(found.labels)}
    read = []
    for picture in pictures:
        if isinstance(picture, Fault):
            found.skipped[picture.reason] += 1
        elif (one := _boxed(picture, numbers, found.skipped)) is not None:
            read.append((picture.picture, one))
    by_folder = any(_aside(name) for name, _ in read)
    for name, one in read:
        aside = _aside(name) if by_folder else held_out(name, hold_out)
        if aside is not None:
            (found.held if aside else found.train).append(one)
    if min(len(found.train), len(found.held)) < _ENOUGH or not found.labels:
        reasons = "".join(f"; {count} x {reason}" for reason, count in found.skipped.most_common(3))
        raise LookalikeError(
            f"{len(found.train)} marked pictures to learn from and {len(found.held)} to hold out: "
            f"a detector takes {_ENOUGH} of each at least{reasons}"
        )
    return found


def random_view(
    pixels: Pixels, corners: Corners, numbers: Numbers, side: int, rng: np.random.Generator
) -> tuple[Pixels, Corners, Numbers]:
    """A square of a picture, larger, smaller, moved, turned over, lit otherwise, and the boxes in its pixels.

    corners: fractions of the picture.
    """
    height, width = pixels.shape[:2]
    scale = side / max(height, width) * float(np.exp(rng.uniform(np.log(0.6), np.log(1.5))))
    stretch = float(np.exp(rng.uniform(-0.12, 0.12)))
    wide, tall = max(1, round(width * scale * stretch)), max(1, round(height * scale / stretch))
    scaled = resize(pixels, wide, tall)
    left, top = (round(float(rng.uniform(min(0, side - n), max(0, side - n)))) for n in (wide, tall))
    square = np.full((side, side, 3), GREY, np.uint8)
    inside = scaled[max(0, -top) : side - top, max(0, -left) : side - left]
    square[max(0, top) : max(0, top) + len(inside), max(0, left) : max(0, left) + inside.shape[1]] = inside
    moved = corners * np.asarray([wide, tall] * 2, np.float32) + np.asarray([left, top] * 2, np.float32)
    if rng.random() < 0.5:
        square, moved = (
            square[:, ::-1],
            np.stack([side - moved[:, 2], moved[:, 1], side - moved[:, 0], moved[:, 3]], 1),
        )
    clipped = moved.clip(0, side).astype(np.float32)
    shown = _area(clipped) >= _VISIBLE * _area(moved)
    shown &= (clipped[:, 2:] - clipped[:, :2] >= 2).all(axis=1)
    return lit(np.ascontiguousarray(square), rng), clipped[shown], numbers[shown]


def whole_view(pixels: Pixels, side: int) -> Placed:
    """The whole picture on a square, as a detector sees it."""
    return placed(pixels, side, side, ground=GREY)


# -- inside ------------------------------------------------------------------------------------------


def _boxed(picture: Annotated, numbers: Mapping[str, int], skipped: Counter[str]) -> Boxed | None:
    if picture.file is None:
        skipped["the picture is not there"] += 1
        return None
    try:
        decode(picture.file.read_bytes(), at_least=32)
    except (OSError, PictureError) as error:
        skipped[str(error)] += 1
        return None
    rows: list[tuple[Any, int]] = []
    for shape in picture.shapes:
        if shape.label in numbers and not shape.crowd:
            corners = np.asarray(_extent(shape.geometry)) / ([picture.width, picture.height] * 2)
            corners = corners.clip(0, 1)
            if (corners[2:] > corners[:2]).all():
                rows.append((corners, numbers[shape.label]))
    return Boxed(
        picture.file,
        picture.width,
        picture.height,
        np.asarray([corners for corners, _ in rows], np.float32).reshape(-1, 4),
        np.asarray([number for _, number in rows], np.int64),
    )


def _extent(geometry: Geometry) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in pixels."""
    if isinstance(geometry, Rectangle):
        return geometry.left, geometry.top, geometry.right, geometry.bottom
    if isinstance(geometry, Bitmap):
        height, width = geometry.mask.shape
        return geometry.left, geometry.top, geometry.left + width, geometry.top + height
    points = np.concatenate([part.outline for part in geometry.parts])
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return left, top, right, bottom


def _aside(name: str) -> bool | None:
    """Whether the folders of a picture hold it out; None where they put it aside altogether."""
    for part in PurePosixPath(name).parts[:-1]:
        if part.lower() in _ASIDE:
            return _ASIDE[part.lower()]
    return False


def _area(corners: Corners) -> npt.NDArray[np.float32]:
    area: npt.NDArray[np.float32] = (corners[:, 2:] - corners[:, :2]).clip(0).prod(axis=1)
    return area
