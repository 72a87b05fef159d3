"""A photograph taken apart for a shop: who is on it, what they wear, and which products may answer for it.

What a photograph shows is read off the regions of one pass of a segmenter, or off a detector's boxes; each garment
is then asked for alone, on white, among the products that may be of its kind.

The law: a product of which the shop says too little to tell its kind may answer for any garment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.media.cutout import cut_out
from lookalike.media.framing import crop
from lookalike.models.detectors import AT_LEAST, open_detector
from lookalike.models.full_length import is_full_length
from lookalike.models.interfaces import Detector, PoseEstimator, Segmenter
from lookalike.models.pose import facing, open_pose_estimator
from lookalike.models.regions_boxes import Figure, figures_of
from lookalike.models.segmenters import open_segmenter
from lookalike.store.interface import Store
from lookalike.store.rows import GARMENT, Header
from lookalike.types import GARMENTS, NOT_WORN, Box, Condition, Detection, Filter, Person, Pixels, Vectors

NOBODY = -1
_LEADING = ("topwear", "outerwear", "bottomwear", "one-piece")  # what a look is about, before shoes and bags
_ONE_THING = 0.6  # of what nobody wears: a garment that covers more of it is all of it
_WITHIN = 0.5  # of a box that lies in a person's: more, and they wear it
_FOR_ALL = ("Unisex", "unisex")  # departments that are everybody's


@dataclass(frozen=True, slots=True, eq=False)
class Worn:
    """A garment on a photograph, and the place among its people of who wears it."""

    detection: Detection
    person: int = NOBODY


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Who and what is on a photograph: the largest person first, the primary garment of each first."""

    people: tuple[Person, ...]
    garments: tuple[Worn, ...]


def take_apart(
    pixels: Pixels,
    *,
    segmenter: str | Segmenter = "default",
    detector: str | Detector | None = None,
    pose: str | PoseEstimator | None = None,
    labels: Collection[str] = (),
    sure_from: float = AT_LEAST,
) -> Scene:
    """Who and what is on a photograph.

    segmenter, detector, pose: by name, or open ones. The segmenter finds the people, and their garments too unless
    there is a detector; which way people face only a pose tells. labels: only these kinds of garments, when not
    empty. sure_from: the score, 0..1, from which on a garment is one. The primary garment of a person is the one
    of the upper body, the lower or both that covers the most of the photograph; others follow by what they cover.
    """
    if strange := sorted(set(labels) - set(GARMENTS)):
        raise LookalikeError(f"no garment is called {strange[0]!r}: use {', '.join(GARMENTS)}")
    seeing = _segmenter(segmenter) if isinstance(segmenter, str) else segmenter
    regions = seeing.segment([pixels])[0]
    figures = figures_of(regions)
    people = [figure for figure in figures if figure.is_person]
    if detector is None:
        found = [Worn(d, n) for n, figure in enumerate(people) for d in figure.garments]
        found += [Worn(d) for figure in figures if not figure.is_person for d in _of_a_thing(figure)]
    else:
        finding = _detector(detector) if isinstance(detector, str) else detector
        boxed = (d for d in finding.detect([pixels])[0] if d.label in GARMENTS)
        found = [Worn(d, _wearer(d.box, people)) for d in boxed]
    ways = _ways(pixels, [figure.box for figure in people], pose)
    wanted = [w for w in found if w.detection.score >= sure_from and (not labels or w.detection.label in labels)]
    return Scene(
        tuple(
            Person(figure.box, is_full_length(regions, figure), way)
            for figure, way in zip(people, ways, strict=True)
        ),
        tuple(sorted(wanted, key=_rank)),
    )


def alone(pixels: Pixels, garment: Detection) -> Pixels:
    """A garment on white; all of its box where the detector gave no mask.

    Measured on the drawn figures: with what lies around it, its own product is among the first three for 90 of 100
    garments, on white for 98 (benchmarks/looks.py).
    """
    if garment.mask is None:
        return crop(pixels, garment.box)
    height, width = pixels.shape[:2]
    tall, wide = garment.mask.shape
    left, top = int(garment.box.left * width), int(garment.box.top * height)
    boxed = crop(pixels, garment.box)
    rows = (top + np.arange(boxed.shape[0])) * tall // height
    columns = (left + np.arange(boxed.shape[1])) * wide // width
    mask = garment.mask[np.ix_(rows, columns)]
    return cut_out(boxed, mask) if mask.any() else boxed


def of_the_first(scene: Scene, rows: Vectors | None) -> Vectors:
    """Of a row for each garment, those of the first person; of a scene without people, all.  # (n, dim)"""
    if rows is None:
        return np.empty((0, 0), np.float32)
    first = 0 if scene.people else NOBODY
    return rows[[worn.person == first for worn in scene.garments]]


def knows_garments(header: Header) -> bool:
    """Whether a store says what kind of garment its products are; one made before it could does not."""
    return GARMENT in header.predicted


def part_of_shop(garment: Detection, header: Header) -> Filter:
    """Products that may answer for a garment: those of its kind, and those of which it is not known.

    Its own kind alone, however unsure: where topwear is looked for among outerwear too, fewer garments of the
    drawn figures find their own product, by true regions and by a parser that often takes one for the other.
    """
    if garment.label not in GARMENTS or not knows_garments(header):
        return Filter()
    others = tuple(kind for kind in (*GARMENTS, NOT_WORN) if kind != garment.label)
    return Filter(none_of=(Filter((Condition(f"predicted.{GARMENT}", "in", others),)),))


def department(audience: str, store: Store) -> Filter:
    """Products for this audience, for everybody, or of which the shop does not say; all where it has none such."""
    if not store.ids(limit=1, where=Filter((Condition("audience", "eq", audience),))):
        return Filter()
    elsewhere = (
        Condition("audience", "exists", True),
        Condition("audience", "ne", (audience, *_FOR_ALL)),
    )
    return Filter(none_of=(Filter(elsewhere),))


# -- inside ------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _segmenter(name: str) -> Segmenter:
    return open_segmenter(name)


@lru_cache(maxsize=2)
def _detector(name: str) -> Detector:
    return open_detector(name)


@lru_cache(maxsize=2)
def _pose_estimator(name: str) -> PoseEstimator:
    return open_pose_estimator(name)


def _ways(pixels: Pixels, people: Sequence[Box], pose: str | PoseEstimator | None) -> list[str]:
    """Which way each of the people faces."""
    if pose is None or not people:
        return [""] * len(people)
    estimator = _pose_estimator(pose) if isinstance(pose, str) else pose
    return [facing(one) for one in estimator.estimate([pixels], [people])[0]]


def _of_a_thing(figure: Figure) -> Iterable[Detection]:
    """The garments of what nobody wears: one, with all that it covers, unless several share it."""
    largest = max(figure.garments, key=_area)
    if _area(largest) >= _ONE_THING * figure.mask.mean():
        return [Detection(figure.box, largest.label, largest.score, figure.mask)]
    return figure.garments


def _rank(worn: Worn) -> tuple[int, bool, float]:
    """People first, in their order, then what leads a look, then what is large."""
    last = np.iinfo(np.int64).max
    place = worn.person if worn.person != NOBODY else int(last)
    return place, worn.detection.label not in _LEADING, -_area(worn.detection)


def _area(garment: Detection) -> float:
    """The share of the picture that a garment covers, 0..1."""
    return float(garment.mask.mean()) if garment.mask is not None else _size(garment.box)


def _wearer(box: Box, people: Sequence[Figure]) -> int:
    """Whose box holds the most of this one, if it holds enough."""
    held = [_overlap(box, figure.box) / _size(box) for figure in people]
    best = int(np.argmax(held)) if held else NOBODY
    return best if held and held[best] > _WITHIN else NOBODY


def _size(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


def _overlap(one: Box, other: Box) -> float:
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, across) * max(0.0, down)
