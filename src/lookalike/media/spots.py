"""What a map shows: products that lie somewhere, and names for where many of a kind lie together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lookalike.media.grid import Floats

ROOM = 1.7  # squares for each product, where all have one
_REGIONS = 48  # names, at the most
_COARSE = 24  # squares a side in which the heart of a region is sought


@dataclass(frozen=True, slots=True)
class Spot:
    """One product on the map."""

    id: str
    title: str = ""
    note: str = ""  # a second line: price, brand
    region: str = ""  # what it is, in a word; words that many share are written on the map
    picture: str = ""  # path or URL


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn."""

    path: Path
    products: int  # on the map
    shown: int  # with a square of their own
    unreadable: int  # shown without their picture


@dataclass(frozen=True, slots=True)
class Region:
    """A name on the map."""

    name: str
    across: float
    down: float  # 0..1
    products: int


def regions(points: Floats, names: Sequence[str]) -> list[Region]:
    """The names that the most products share, each where most of these lie; the largest first."""
    counts = Counter(name for name in names if name)
    fewest = max(2, len(names) // 400)
    found = []
    for name, count in counts.most_common(_REGIONS):
        if count < fewest:
            break
        own = points[[n == name for n in names]]
        heart = _heart(own)
        found.append(Region(name, float(heart[0]), float(heart[1]), count))
    return found


def _heart(points: Floats) -> Floats:
    """The middle of the densest neighbourhood.  # (2,)"""
    coarse = np.minimum((points * _COARSE).astype(np.int64), _COARSE - 1)
    counts = np.zeros((_COARSE + 2, _COARSE + 2))
    np.add.at(counts, (coarse[:, 0] + 1, coarse[:, 1] + 1), 1)
    around = np.sum([np.roll(counts, (x, y), (0, 1)) for x in (-1, 0, 1) for y in (-1, 0, 1)], axis=0)
    best = np.array(np.unravel_index(np.argmax((around + counts)[1:-1, 1:-1]), (_COARSE, _COARSE)))
    middle: Floats = points[(np.abs(coarse - best) <= 1).all(axis=1)].mean(axis=0)
    return middle
