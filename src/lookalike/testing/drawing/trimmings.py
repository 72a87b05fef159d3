"""Trimmings: what is sewn onto a top: buttons, pockets, collars, hoods, ribs and zips."""

from __future__ import annotations

from dataclasses import replace

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.outlines import both, ellipse, joined, rounded, spline, tube
from lookalike.testing.drawing.palette import brightness, darker
from lookalike.testing.drawing.pieces import Colour, Cut, Fabric, Fold, Mark, Piece


def buttons(x: float, heights: list[float], colour: Colour, *, size: float = 0.62) -> list[Piece]:
    """A column of buttons."""
    out = []
    for y in heights:
        dots = tuple(
            Mark(ellipse(x + dx, y + dy, 0.04, 0.04), 0.12, -0.6) for dx in (-0.15, 0.15) for dy in (-0.15, 0.15)
        )
        out.append(
            Piece(
                ellipse(x, y, size, size), Fabric("plastic", colour), rounding=0.5, marks=dots, drape=0, cast=0.8
            )
        )
    return out


def pocket(cloth: Fabric, left: float, top: float, width: float, height: float, *, flap: bool = False) -> Piece:
    """A patch pocket with a pointed end and a stitched edge."""
    right, bottom = left + width, top + height
    shape = joined(
        [(left, top), (right, top), (right, bottom - 1.5), (left + width / 2, bottom), (left, bottom - 1.5)]
    )
    inner = joined([(left + 0.4, top + 1.4), (right - 0.4, top + 1.4)])
    edge = joined(
        [
            (left + 0.4, top),
            (left + 0.4, bottom - 1.8),
            (left + width / 2, bottom - 0.45),
            (right - 0.4, bottom - 1.8),
            (right - 0.4, top),
        ]
    )
    marks: tuple[Mark, ...] = (
        Mark(inner, 0.15, -0.25),
        Mark(edge, 0.14, 0.35 if brightness(cloth.colour) < 0.5 else -0.25, dashed=True),
    )
    if flap:
        marks = (
            *marks,
            Mark(joined([(left, top + 2.6), (left + width / 2, top + 3.8), (right, top + 2.6)]), 0.3, -0.35),
        )
    return Piece(shape, cloth, rounding=0.8, marks=marks, drape=0.4, cast=0.7, relief=0.7)


def pointed_collar(body: Body, cloth: Fabric, *, spread: float = 7.0, drop: float = 7.0) -> list[Piece]:
    """A shirt collar: the stand behind the neck and the two points in front."""
    n = body.neck
    inner = spline((n + 1.2, -1.0), (n * 0.6, 2.6), (0, 5.2), (-n * 0.6, 2.6), (-n - 1.2, -1.0))
    stand = Piece(
        joined(spline((-n - 1.4, -1.4), (-n * 0.8, -4.6), (0, -5.4), (n * 0.8, -4.6), (n + 1.4, -1.4)), inner),
        cloth,
        rounding=1.5,
        tint=0.74,
        behind=True,
        drape=0.2,
        marks=(Mark(spline((-n, -1.6), (0, -0.4), (n, -1.6)), 0.2, -0.3),),
    )  # fmt: skip
    tip = (n * 0.45 + spread * 0.62, drop + 1.4)
    leaf = joined(
        spline((0.15, 4.7), (n * 0.62, 1.5), (n * 0.98, -2.2), (n * 0.74, -4.8)),
        spline((n * 0.74, -4.8), (n + 1.5, -4.2), (n + 2.7, -1.0)),
        [tip, (0.15, 4.7)],
    )
    stitch = joined([(0.6, 4.9), (tip[0] - 0.1, tip[1] - 0.8), (n + 2.2, -0.8)])
    leaves = []
    for side in (1, -1):
        flip = (float(side), 1.0)
        leaves.append(
            Piece(
                leaf * flip,
                cloth,
                rounding=0.9,
                drape=0.2,
                relief=0.7,
                marks=(Mark(stitch * flip, 0.12, -0.22, dashed=True),),
            )
        )
    return [stand, *leaves]


def waistband(body: Body, cut: Cut, rib: Fabric, low: float, *, height: float = 6.0, pull: float = 0.8) -> Piece:
    """The ribbed band at the hem of a sweater or a bomber jacket."""
    w = body.half(low) + cut.ease + cut.flare
    side = spline((w + 0.1, low - height + 1.4), (w - pull * 0.4, low - height / 2), (w - pull, low))
    right = joined(
        spline((0, low - height + 2.2), (w * 0.6, low - height + 2.0), (w + 0.1, low - height + 1.4)),
        side,
        spline((w - pull, low), (w * 0.6, low + 0.9), (0, low + 1.2)),
    )
    return Piece(both(right), rib, rounding=3.0, drape=0.15, cast=0.35)


def hood(body: Body, cloth: Fabric) -> list[Piece]:
    """The hollow of a hood lying behind the neck."""
    n = body.neck
    shell = both(spline((0, -11.5), (n * 0.9, -10.8), (n + 3.2, -7.4), (n + 4.2, -2.6), (n + 3.0, 1.6), (0, 4)))
    hollow = both(spline((0, -8.8), (n * 0.8, -8.0), (n + 1.4, -5.0), (n + 1.6, -1.6), (n * 0.7, 3), (0, 4.4)))
    return [
        Piece(shell, cloth.plain(), rounding=3.0, behind=True),
        Piece(hollow, cloth.plain(darker(cloth.colour, 0.2)), rounding=2.5, tint=0.66, behind=True, cast=0.4),
    ]


def hood_front(body: Body, cloth: Fabric) -> list[Piece]:
    """The two sides of a hood that cross under the chin, and the cords."""
    n = body.neck
    flap = joined(
        spline((-1.2, 5.8), (n * 0.5, 2.0), (n + 0.8, -3.2), (n + 0.6, -7.2)),
        spline((n + 0.6, -7.2), (n + 3.8, -5.4), (n + 4.6, -1.0), (n + 2.6, 3.0), (2.2, 8.2), (-1.2, 5.8)),
    )
    cord = (0.93, 0.92, 0.88) if brightness(cloth.colour) < 0.72 else darker(cloth.colour, 0.35)
    out = [Piece(flap * (float(side), 1.0), cloth.plain(), rounding=2.2, drape=0.5) for side in (1, -1)]
    for side in (-1, 1):
        line = spline((side * 2.6, 5.4), (side * 3.0, 10), (side * 2.7, 17 + side))
        out.append(Piece(tube(line, [0.28]), Fabric("canvas", cord), rounding=0.3, drape=0))
        out.append(
            Piece(
                ellipse(side * 2.6, 5.3, 0.5, 0.5),
                Fabric("metal", (0.62, 0.62, 0.64)),
                rounding=0.4,
                drape=0,
                cast=0.4,
            )
        )
        out.append(
            Piece(
                rounded(side * 2.7 - 0.34, 16.6 + side, side * 2.7 + 0.34, 18.4 + side, 0.2),
                Fabric("metal", (0.6, 0.6, 0.62)),
                rounding=0.3,
                drape=0,
            )
        )
    return out


def hood_back(body: Body, cloth: Fabric) -> list[Piece]:
    """A hood hanging down the back."""
    n = body.neck
    shape = both(spline((0, -7), (n * 0.9, -6.6), (n + 2.6, -3.6), (n + 4.2, 3), (n + 1.4, 11), (0, 15)))
    folds = tuple(Fold(spline((s * (n + 1), -1), (s * (n - 0.5), 6), (s * 1.2, 11)), 1.6, 0.6) for s in (-1, 1))
    return [
        Piece(
            shape, cloth.plain(), rounding=4.0, folds=folds, marks=(Mark(joined([(0, -7), (0, 15)]), 0.2, -0.25),)
        )
    ]


def zip_line(
    top: float, bottom: float, cloth: Fabric, *, x: float = 0.0, metal: Colour = (0.66, 0.66, 0.68)
) -> list[Piece]:
    """A zip with its tape, teeth and puller."""
    tape = Piece(
        joined([(x - 0.75, top), (x + 0.75, top), (x + 0.75, bottom), (x - 0.75, bottom)]),
        cloth.plain(darker(cloth.colour, 0.35), "canvas"),
        rounding=0.5,
        drape=0,
        cast=0.5,
    )
    teeth = Mark(joined([(x, top), (x, bottom)]), 0.5, 1.0, colour=metal, dashed=True)
    puller = Piece(
        rounded(x - 0.45, top + 0.2, x + 0.45, top + 2.6, 0.35), Fabric("metal", metal), rounding=0.4, drape=0
    )
    return [replace(tape, marks=(teeth,)), puller]
