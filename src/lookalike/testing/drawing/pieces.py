"""Pieces: what a garment is cut and sewn from. A drawing is a list of pieces, the lowest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from lookalike.testing.drawing.outlines import Dot, Points, moved

Colour: TypeAlias = tuple[float, float, float]  # sRGB, 0..1


@dataclass(frozen=True, slots=True)
class Fabric:
    """What a piece is made of: its surface, its colour and what is printed or woven on it."""

    weave: str
    colour: Colour
    pattern: str = "plain"
    accents: tuple[Colour, ...] = ()  # the further colours of the pattern
    seed: int = 0

    def plain(self, colour: Colour | None = None, weave: str = "") -> Fabric:
        """The same cloth without its pattern, for collars, trims and linings."""
        return replace(self, pattern="plain", colour=colour or self.colour, weave=weave or self.weave)

    def accent(self, number: int = 0) -> Colour:
        """One of the further colours, or the main one where there is none."""
        return self.accents[number % len(self.accents)] if self.accents else self.colour


@dataclass(frozen=True, slots=True)
class Fold:
    """A ridge in the cloth, or a valley where `depth` is negative."""

    line: Points
    width: float
    depth: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A line drawn on a piece: a seam (tone below 0), a highlight (above 0), a stitch (colour and dashed)."""

    line: Points
    width: float = 0.25
    tone: float = -0.3
    colour: Colour | None = None
    dashed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One shape of one fabric, with the folds and seams on it."""

    outline: Points
    fabric: Fabric
    rounding: float = 4.0  # how far in from its edge the piece still curves, in centimetres
    upright: float = 1.0  # the share of that at upper and lower edges; a hem hangs flat
    relief: float = 1.0  # how strongly edges and folds catch the light
    drape: float = 1.0  # how uneven the cloth hangs
    folds: tuple[Fold, ...] = ()
    marks: tuple[Mark, ...] = ()
    holes: tuple[Points, ...] = ()
    origin: Dot = (0.0, 0.0)  # where the pattern's own axes start
    angle: float = 0.0  # and how they are turned, in radians
    cast: float = 1.0  # how dark its shadow is on what lies below
    opacity: float = 1.0
    behind: bool = False  # lies behind the wearer: the inside of a collar, the far strap of a bag
    tint: float = 1.0  # below 1: the inside of a garment, in shade


def placed(
    pieces: Iterable[Piece], *, shift: Dot = (0.0, 0.0), scale: Dot = (1.0, 1.0), turn: float = 0.0
) -> list[Piece]:
    """The same pieces elsewhere, smaller or turned: a hat on a head, a bag in a hand."""
    size = (abs(scale[0]) + abs(scale[1])) / 2

    def there(line: Points) -> Points:
        return moved(line, shift=shift, scale=scale, turn=turn)

    return [
        replace(
            piece,
            outline=there(piece.outline),
            rounding=piece.rounding * size,
            folds=tuple(Fold(there(f.line), f.width * size, f.depth * size) for f in piece.folds),
            marks=tuple(replace(m, line=there(m.line), width=m.width * size) for m in piece.marks),
            holes=tuple(there(hole) for hole in piece.holes),
            origin=shift,
            angle=piece.angle + turn,
        )
        for piece in pieces
    ]


@dataclass(frozen=True, slots=True)
class Cut:
    """The silhouette of a style. Each garment reads the measures that it has, in centimetres."""

    neckline: str = "crew"
    sleeve: float = 0.3  # 0 without, 0.3 short, 1 to the wrist
    length: float = 0.0  # added to the usual length
    ease: float = 1.5  # room between body and cloth
    flare: float = 0.0  # how much wider the hem is
    detail: str = ""
    extras: frozenset[str] = field(default_factory=frozenset)
