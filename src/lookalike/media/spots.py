"""What a map shows: products that lie somewhere, and names for where many of a kind lie together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lookalike.media.grid import Cells, Floats

ROOM = 1.7  # squares for each product, where all have one
_REGIONS = 64  # names, at the most
_SHARE = 400  # a name is shared by one product in so many
_TELLING = 0.34  # of the products where a name is written, those that have it
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
    """The names that the most products share, the most frequent first, each where most of these lie.

    A name is left out where most of what lies there is something else: it would not say what one sees.
    """
    counts = Counter(name for name in names if name)
    fewest = max(2, len(names) // _SHARE)
    squares = np.minimum((points * _COARSE).astype(np.int64), _COARSE - 1)
    labels = np.array(names)
    found = []
    for name, count in counts.most_common(_REGIONS):
        if count < fewest:
            break
        own = labels == name
        there = (np.abs(squares - _heart(squares[own])) <= 1).all(axis=1)
        if np.count_nonzero(own & there) >= _TELLING * np.count_nonzero(there):
            across, down = points[own & there].mean(axis=0).tolist()
            found.append(Region(name, across, down, count))
    return found


def _heart(squares: Cells) -> Cells:
    """The square that has the most in it and around it.  # (2,)"""
    counts = np.zeros((_COARSE + 2, _COARSE + 2))
    np.add.at(counts, (squares[:, 0] + 1, squares[:, 1] + 1), 1)
    around = np.sum([np.roll(counts, (x, y), (0, 1)) for x in (-1, 0, 1) for y in (-1, 0, 1)], axis=0)
    return np.array(np.unravel_index(np.argmax((around + counts)[1:-1, 1:-1]), (_COARSE, _COARSE)))
