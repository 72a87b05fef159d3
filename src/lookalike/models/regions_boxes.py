"""From what each pixel shows to garments: which pixels are one garment, and which garments one person's.

A figure is a connected part of all that is no background: a person with what they wear and carry, or a thing that
nobody wears. Within a figure a label that is worn once is one garment, however an open jacket, an arm or a stride
splits it, so a pair of shoes is one footwear; bags and accessories come apart where they lie apart. What is
smaller than such garments are was mistaken for one, and its pixels go to the likeliest label that stays.

The shares below are read off the masks of 400 street photographs (docs/detecting.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lookalike.media.masks import bounds, box_around
from lookalike.models.interfaces import Segmenter
from lookalike.types import Box, Detection, Mask, Pixels, Regions

BACKGROUND, PERSON = "background", "person"  # labels of regions that are no garment

_BRIDGED = 0.004  # of the longer side: gaps up to twice this do not part a figure
_SPECK = 0.0008  # of the picture: what is smaller is no figure
_BARE = 0.03  # of a figure that is skin or hair, if it is a person; 0.042 in the barest case of 400
_LIMB = 0.15  # of a person: what has skin and is smaller than this is a part of one
_BESIDE = 0.1  # of a person's height: how far from them what is theirs may lie
_LEAST = {  # of a person that a garment covers; one in a hundred covers less
    "topwear": 0.006,
    "outerwear": 0.08,
    "bottomwear": 0.02,
    "one-piece": 0.06,
    "footwear": 0.005,
    "bag": 0.007,
    "headwear": 0.01,
    "accessory": 0.0015,
}
_LEAST_OF_A_THING = 0.15  # of a figure that nobody wears
_FAINT = {"bag": 0.5, "accessory": 0.55}  # the mean share of its label below which a person wears none
_APART = {"bag": 0.04, "accessory": 0.015}  # of a figure's height: the gap from which on they are two
_FRAGMENT = 0.03  # of a garment's largest part: what is smaller does not widen its box
_PAIRED = 0.4  # two shoes of a pair are at least so alike in size
_HIDDEN = 0.5  # how much surer one is of outerwear than of the topwear that it hides


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A person with what they wear and carry, or a thing that nobody wears."""

    mask: Mask  # of the whole picture, at the resolution of its regions
    box: Box
    is_person: bool
    garments: tuple[Detection, ...]  # the surest first


class RegionsDetector:
    """A detector that boxes the regions of a segmenter. Its detections have masks."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
        return [garments_of(regions) for regions in self._segmenter.segment(pictures)]


def garments_of(regions: Regions) -> list[Detection]:
    """Every garment on a picture, the surest first."""
    found = [garment for figure in figures_of(regions) for garment in figure.garments]
    return sorted(found, key=lambda garment: -garment.score)


def figures_of(regions: Regions) -> list[Figure]:
    """Who and what is on a picture: people first, the largest first."""
    groups = _groups(regions)
    found = [_figure(regions, group, is_person) for group, is_person in groups]
    found.sort(key=lambda figure: (not figure.is_person, -int(figure.mask.sum())))
    return [figure for figure in _paired(found) if figure.is_person or figure.garments]


# -- inside ------------------------------------------------------------------------------------------


def _groups(regions: Regions) -> list[tuple[Mask, bool]]:
    """The connected parts of what is no background, and whether each is a person.

    A foot, a shoe or a bag that came apart from a person, and lies beside them, is theirs.
    """
    classes = regions.shares.argmax(axis=0)  # (h, w)
    seen = classes != _place(regions, BACKGROUND)
    bare = classes == _place(regions, PERSON)
    groups: list[tuple[Mask, bool]] = []
    for part in _parts(seen, reach=round(_BRIDGED * max(seen.shape))):  # the largest first
        if part.sum() < _SPECK * part.size:
            break
        is_person = bool(bare[part].mean() >= _BARE)
        owner = _owner(part, groups, at_most=_LIMB if is_person else 1.0)
        if owner is None:
            groups.append((part, is_person))
        else:
            groups[owner] = (groups[owner][0] | part, True)
    return groups


def _owner(part: Mask, groups: Sequence[tuple[Mask, bool]], *, at_most: float) -> int | None:
    """The place of the person whom a part lies nearest to, if it is near enough, and small enough beside them."""
    nearest, least = None, _BESIDE
    for place, (mask, is_person) in enumerate(groups):
        if is_person and part.sum() <= at_most * mask.sum():
            gap = _gap(part, mask) / _height(mask)
            if gap <= least:
                nearest, least = place, gap
    return nearest


def _figure(regions: Regions, mask: Mask, is_person: bool) -> Figure:
    garments = [
        _detection(regions, label, part)
        for label, worn in _worn(regions, mask, is_person)
        for part in _apart(label, worn, _height(mask))
    ]
    if is_person:
        garments = _as_hidden([one for one in garments if one.score >= _FAINT.get(one.label, 0.0)])
    return Figure(mask, box_around(mask), is_person, tuple(sorted(garments, key=lambda garment: -garment.score)))


def _worn(regions: Regions, mask: Mask, is_person: bool) -> Iterator[tuple[str, Mask]]:
    """Each label that a figure has enough of, and where."""
    shares = regions.shares[:, mask]  # (labels, pixels)
    likeliest = shares.argmax(axis=0)
    kept = []
    for place, label in enumerate(regions.labels):
        least = 0.0 if label == PERSON else _LEAST.get(label, 0.0) if is_person else _LEAST_OF_A_THING
        if label != BACKGROUND and (likeliest == place).mean() > least:
            kept.append(place)
    if not kept:
        return
    again = np.asarray(kept)[shares[kept].argmax(axis=0)]
    for place in kept:
        if regions.labels[place] != PERSON:
            worn = np.zeros_like(mask)
            worn[mask] = again == place
            yield regions.labels[place], worn


def _apart(label: str, worn: Mask, height: int) -> Iterator[Mask]:
    """The garments among all pixels of one label on one figure, without fragments."""
    if label in _APART:
        for part in _parts(worn, reach=round(_APART[label] * height / 2)):
            if part.sum() >= _FRAGMENT * worn.sum():
                yield part
        return
    parts = _parts(worn)
    areas = [int(part.sum()) for part in parts]
    yield np.logical_or.reduce(
        [part for part, area in zip(parts, areas, strict=True) if area >= _FRAGMENT * max(areas)]
    )


def _detection(regions: Regions, label: str, mask: Mask) -> Detection:
    score = float(regions.shares[_place(regions, label)][mask].mean())
    return Detection(box_around(mask), label, min(1.0, score), mask)


def _as_hidden(garments: Sequence[Detection]) -> list[Detection]:
    """Topwear under outerwear shows little of itself: that it is seen right is less sure."""
    over = [garment for garment in garments if garment.label == "outerwear"]
    if not over:
        return list(garments)
    return [
        replace(garment, score=_HIDDEN * garment.score) if garment.label == "topwear" else garment
        for garment in garments
    ]


def _paired(figures: Sequence[Figure]) -> list[Figure]:
    """Two shoes that nobody wears, alike in size and near each other, are one footwear."""
    left = list(figures)
    found: list[Figure] = []
    while left:
        figure = left.pop(0)
        mates = [other for other in left if _is_pair(figure, other)]
        if mates:
            mate = min(mates, key=lambda other: _gap(figure.mask, other.mask))
            left.remove(mate)
            figure = _as_one(figure, mate)
        found.append(figure)
    return found


def _is_pair(one: Figure, other: Figure) -> bool:
    for figure in (one, other):
        if figure.is_person or [garment.label for garment in figure.garments] != ["footwear"]:
            return False
    small, large = sorted(int(figure.mask.sum()) for figure in (one, other))
    return small >= _PAIRED * large and _gap(one.mask, other.mask) <= max(*_sides(one.mask), *_sides(other.mask))


def _as_one(one: Figure, other: Figure) -> Figure:
    mask: Mask = one.mask | other.mask
    score = sum(f.garments[0].score * f.mask.sum() for f in (one, other)) / mask.sum()
    return Figure(mask, box_around(mask), False, (Detection(box_around(mask), "footwear", float(score), mask),))


def _parts(mask: Mask, *, reach: int = 0) -> list[Mask]:
    """The connected parts of a mask, corners included, over gaps of up to twice the reach; the largest first."""
    from scipy import ndimage

    joined = ndimage.binary_dilation(mask, iterations=reach) if reach else mask
    numbers, _ = ndimage.label(joined, np.ones((3, 3)))
    areas = np.bincount(numbers[mask])
    order: npt.NDArray[np.intp] = np.argsort(-areas, kind="stable")
    return [(numbers == number) & mask for number in order.tolist() if number and areas[number]]


def _place(regions: Regions, label: str) -> int:
    """Where a label stands among those of the regions; -1 where they have none of that name."""
    return regions.labels.index(label) if label in regions.labels else -1


def _sides(mask: Mask) -> tuple[int, int]:
    left, top, right, bottom = bounds(mask)
    return right - left, bottom - top


def _height(mask: Mask) -> int:
    return _sides(mask)[1]


def _gap(one: Mask, other: Mask) -> float:
    """Pixels between the boxes of two masks; 0 where they meet."""
    a, b = bounds(one), bounds(other)
    across, down = max(a[0] - b[2], b[0] - a[2], 0), max(a[1] - b[3], b[1] - a[3], 0)
    return float(np.hypot(across, down))
