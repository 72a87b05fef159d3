"""Whether somebody is shown from head to feet, read off a segmenter's regions: no further model is needed.

A head is skin, hair or headwear at the top of a figure, below the border of the picture; feet are footwear at its
bottom. Where no shoe is seen, the figure must end above the border, and be as slender as standing people are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lookalike.media.masks import bounds
from lookalike.models.regions_boxes import PERSON, Figure
from lookalike.types import Mask, Regions

_HEAD = 0.12  # of a figure's height: where its head is looked for
_HEAD_SHOWN = 0.15  # of the figure there that is skin, hair or headwear
_FEET = 0.2  # of its height: where its feet are looked for
_FEET_SHOWN = 0.08  # of the figure there that is footwear
_CUT = 0.95  # of its lowest rows at the border: less of it is footwear, and it is cut off there
_CLEAR = 0.012  # of the picture's height: what ends so far above the border is not cut off there
_ROOM = 0.004  # of the picture's height, above a head that is not cut off
_UPRIGHT = 1.8  # height over width below which a figure is a part of one, whatever there looks like a shoe
_SLENDER = 2.0  # height over width from which a figure without shoes may be whole


def is_full_length(regions: Regions, person: Figure) -> bool:
    """Whether a figure of these regions is shown from head to feet."""
    left, top, right, bottom = bounds(person.mask)
    height, whole = bottom - top, len(person.mask)
    highest = slice(top, top + _least(_HEAD * height))
    if top < _ROOM * whole or not _shows(regions, person.mask, highest, (PERSON, "headwear"), _HEAD_SHOWN):
        return False
    ends = whole - bottom >= _CLEAR * whole
    if _shows(regions, person.mask, slice(bottom - _least(_FEET * height), bottom), ("footwear",), _FEET_SHOWN):
        lowest = slice(bottom - _least(_CLEAR * height), bottom)
        upright = height >= _UPRIGHT * (right - left)
        return upright and (ends or _shows(regions, person.mask, lowest, ("footwear",), _CUT))
    return ends and height >= _SLENDER * (right - left)


def _least(rows: float) -> int:
    return max(1, round(rows))


def _shows(regions: Regions, mask: Mask, rows: slice, labels: tuple[str, ...], share: float) -> bool:
    """Whether at least this share of a figure's pixels in these rows has one of the labels."""
    places = [place for place, label in enumerate(regions.labels) if label in labels]
    likeliest: npt.NDArray[np.intp] = regions.shares[:, rows].argmax(axis=0)[mask[rows]]
    return bool(np.isin(likeliest, places).mean() >= share)
