"""A user's own marked pictures as scenes to learn from, whatever tool they were marked with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lookalike.errors import LookalikeError, PictureError
from lookalike.evaluate.splits import held_out
from lookalike.media.decoding import decode
from lookalike.media.framing import resize
from lookalike.media.scenes import Manner, Scene, before, part_of, plain_ground, seen, shrunk
from lookalike.training.annotations.contours import mask_of
from lookalike.training.annotations.shapes import Annotated, Annotations, Fault, Rectangle
from lookalike.types import GARMENTS, Pixels

BACKGROUND = "background"
_LONGEST = 512  # pixels that a picture is kept at
_OTHER_GROUND = 0.25  # how often what is marked is laid before another ground
_ENOUGH = 4  # pictures on either side of the split
_SPREAD = (0.1, 0.5, 0.9)  # of the pictures are wider than their height by less: canvases are of these shapes
_AS_TAKEN = Manner(nearest=1.4, farthest=0.85, near=0.6, turn=0.15, coarse=0.1, light=0.5)


@dataclass(slots=True, eq=False)
class OwnMasks:
    """Marked pictures: those to learn from, whose views it draws, and those held out."""

    labels: tuple[str, ...]  # the background first
    train: list[Scene] = field(default_factory=list)
    held: list[Scene] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)  # reason -> how many

    def __call__(self, rng: np.random.Generator, width: int, height: int) -> Scene:
        """A random view. See `segmenting.SegmentingTask`."""
        scene, other = (self.train[int(at)] for at in rng.integers(len(self.train), size=2))
        ground = plain_ground(rng) if rng.random() < 0.5 else part_of(_border(other.pixels), rng)
        if rng.random() < _OTHER_GROUND:
            scene = before(scene, ground, rng)
        return seen(scene, width, height, rng, _AS_TAKEN, ground)

    @property
    def shapes(self) -> tuple[tuple[float, float], ...]:
        """Width and height of canvases like the pictures to learn from, each times the other 1."""
        wide = np.log([scene.classes.shape[1] / scene.classes.shape[0] for scene in self.train])
        roots = np.exp(np.quantile(wide, _SPREAD) / 2).round(2)
        return tuple((float(root), float((1 / root).round(2))) for root in dict.fromkeys(roots))

    @property
    def frequencies(self) -> npt.NDArray[np.float64]:
        """The share of pixels that each label has."""
        counts = sum(
            (np.bincount(scene.classes.ravel(), minlength=256)[: len(self.labels)] for scene in self.train),
            start=np.zeros(len(self.labels)),
        )
        shares: npt.NDArray[np.float64] = counts / max(1.0, float(counts.sum()))
        return shares


def read_own_masks(marked: Annotations, *, hold_out: float) -> OwnMasks:
    """Marked pictures split by the hash of their path. Small shapes lie over large ones.

    Labels that ours are among come in our order, background and person first. Raises `LookalikeError` where boxes
    stand for outlines, or there is too little to learn from.
    """
    each = list(marked.each)
    there = {shape.label for one in each if isinstance(one, Annotated) for shape in one.shapes}
    ours = [label for label in ("person", *GARMENTS) if label in there]
    labels = (BACKGROUND, *ours, *sorted(there - {BACKGROUND, *ours}))
    found = OwnMasks(labels)
    numbers = {label: number for number, label in enumerate(labels)}
    for picture in each:
        if isinstance(picture, Fault):
            found.skipped[picture.reason] += 1
            continue
        if picture.file is None:
            found.skipped["the picture is not there"] += 1
            continue
        try:
            pixels = resize(decode(picture.file.read_bytes()), picture.width, picture.height)
        except (OSError, PictureError) as error:
            found.skipped[str(error)] += 1
            continue
        scene = shrunk(Scene(pixels, _classes(picture, numbers)), _LONGEST)
        (found.held if held_out(picture.picture, hold_out) else found.train).append(scene)
    if min(len(found.train), len(found.held)) < _ENOUGH:
        reasons = "".join(f"; {count} x {reason}" for reason, count in found.skipped.most_common(3))
        raise LookalikeError(
            f"{len(found.train)} marked pictures to learn from and {len(found.held)} to hold out: "
            f"a segmenter takes {_ENOUGH} of each at least{reasons}"
        )
    return found


def _classes(picture: Annotated, numbers: Mapping[str, int]) -> npt.NDArray[np.uint8]:
    classes = np.zeros((picture.height, picture.width), np.uint8)
    marked = []
    for shape in picture.shapes:
        if isinstance(shape.geometry, Rectangle):
            raise LookalikeError(
                f"{picture.picture} has a box around {shape.label!r}, no outline: a segmenter learns from outlines"
            )
        if shape.label in numbers:
            marked.append((mask_of(shape.geometry, picture.width, picture.height), numbers[shape.label]))
    for mask, number in sorted(marked, key=lambda one: -int(one[0].sum())):
        classes[mask] = number
    return classes


def _border(pixels: Pixels) -> Pixels:
    """A strip along the top, where there is mostly ground."""
    return pixels[: max(8, len(pixels) // 8)]
