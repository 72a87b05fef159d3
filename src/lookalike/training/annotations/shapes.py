"""The form between formats: a picture, and the shapes that somebody drew on it.

Coordinates are pixels from the top left corner of the upright picture: 0 is the left edge of its first pixel, the
width is the right edge of its last one. A pixel is inside a polygon when its centre is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from lookalike.media.decoding import Limits
from lookalike.types import Mask

Ring: TypeAlias = npt.NDArray[np.float64]  # (n, 2): x, y; the last point is joined to the first


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One connected part of a polygon."""

    outline: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """Parts, which may overlap: what is in any of them is inside."""

    parts: tuple[Part, ...]

    @property
    def is_plain(self) -> bool:
        """Whether a single ring says it all."""
        return len(self.parts) == 1 and not self.parts[0].holes


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A box, where nothing more is known."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, eq=False)
class Bitmap:
    """Single pixels: a mask cut to what it shows, and where its corner lies on the picture."""

    left: int
    top: int
    mask: Mask


Geometry: TypeAlias = Polygon | Rectangle | Bitmap


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One thing on a picture."""

    label: str
    geometry: Geometry
    crowd: bool = False  # COCO: many things that nobody told apart


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """A picture and its shapes."""

    picture: str  # its path below the folder of pictures, with "/"
    width: int  # pixels, upright
    height: int
    shapes: tuple[Shape, ...]
    file: Path | None = None  # where it lies, if it was found

    def __post_init__(self) -> None:
        limits = Limits()
        sides = self.width, self.height
        if min(sides) < 1 or max(sides) > limits.max_side or self.width * self.height > limits.max_pixels:
            raise ValueError(f"no picture has {self.width} x {self.height} pixels")


@dataclass(frozen=True, slots=True)
class Fault:
    """A file, or something in it, that could not be used."""

    place: str
    reason: str


@dataclass(slots=True)
class Annotations:
    """What a source gives, one picture after the other."""

    each: Iterator[Annotated | Fault]
    total: int  # of `each`, about
    labels: tuple[str, ...] = ()  # in the order of their numbers; empty where the format has no list of them
    read_as: str = ""  # the format


Notes: TypeAlias = "Counter[str]"  # what a format cannot hold and what became of it -> how many; said once


@dataclass(slots=True)
class Numbers:
    """The numbers of labels, from 0: those that are known first, then in the order in which they come."""

    labels: list[str] = field(default_factory=list)
    _of: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self._of = {label: number for number, label in enumerate(self.labels)}

    def of(self, label: str) -> int:
        """The number of a label, which it keeps."""
        if label not in self._of:
            self._of[label] = len(self.labels)
            self.labels.append(label)
        return self._of[label]


class Writer(Protocol):
    """What writes a format. An `add` that raises ValueError has added nothing."""

    pictures: str  # the folder of the target that its pictures belong in; empty for the target itself

    def __init__(self, target: Target) -> None: ...

    def add(self, annotated: Annotated) -> None:
        """One more picture. Raises ValueError where the format cannot hold it at all."""

    def finish(self) -> None:
        """What is written once, at the end."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Where a format writes to, and what all of them have to know."""

    folder: Path  # written to now; it becomes `final` when all is well
    final: Path
    numbers: Numbers
    notes: Notes
