"""Lapels: the parts that jackets and coats share: linings, collars, lapels and buckles."""

from __future__ import annotations

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.outlines import joined, rounded, spline, tube
from lookalike.testing.drawing.palette import brightness, darker, mixed
from lookalike.testing.drawing.pieces import Colour, Cut, Fabric, Mark, Piece
from lookalike.testing.drawing.tailoring import sleeve

GOLD = (0.72, 0.58, 0.32)


STEEL = (0.68, 0.69, 0.72)


def stitch_colour(cloth: Fabric) -> Colour:
    """The thread on jeans and jackets: ochre on denim, else a shade off the cloth."""
    if cloth.weave == "denim":
        return (0.82, 0.62, 0.33)
    return mixed(cloth.colour, (1, 1, 1), 0.35) if brightness(cloth.colour) < 0.55 else darker(cloth.colour, 0.3)


def lining(body: Body, cloth: Fabric, *, deep: float = 14.0) -> Piece:
    n = body.neck
    shape = joined(
        spline((-n - 2, -2), (-n * 0.7, -3.4), (0, -2.6), (n * 0.7, -3.4), (n + 2, -2)),
        spline((n + 1, 3), (0, deep), (-n - 1, 3)),
    )
    return Piece(
        shape, Fabric("satin", darker(cloth.colour, 0.45)), rounding=3, behind=True, tint=0.85, drape=0.3, cast=0
    )


def both_sleeves(
    body: Body, cut: Cut, cloth: Fabric, *, width: float = 1.0, cuff: Fabric | None = None
) -> list[Piece]:
    return [piece for side in (-1, 1) for piece in sleeve(body, cut, cloth, side, width=width, cuff=cuff)]


def back_collar(body: Body, cloth: Fabric) -> Piece:
    n = body.neck
    upper = spline((-n - 1.8, -1.4), (-n * 0.8, -5.2), (0, -5.8), (n * 0.8, -5.2), (n + 1.8, -1.4))
    return Piece(joined(upper, spline((n + 2.6, 1.4), (0, 3.0), (-n - 2.6, 1.4))), cloth, rounding=1.8, drape=0.2)


def buckle(x: float, y: float, *, size: float = 2.0, metal: Colour = STEEL) -> list[Piece]:
    frame = rounded(x - size, y - size * 1.1, x + size, y + size * 1.1, 0.5)
    hole = rounded(x - size + 0.6, y - size * 1.1 + 0.6, x + size - 0.6, y + size * 1.1 - 0.6, 0.3)
    return [
        Piece(frame, Fabric("metal", metal), holes=(hole,), rounding=0.4, drape=0),
        Piece(
            tube(joined([(x - size + 0.5, y), (x + size, y)]), [0.22]),
            Fabric("metal", metal),
            rounding=0.3,
            drape=0,
        ),
    ]


def lapels_of(
    body: Body, cloth: Fabric, *, roll: float, wide: float, notch: float = 6.5, left_over: bool = True
) -> list[Piece]:
    """The two lapels of a blazer or coat, meeting at height `roll`, and the collar above their notches."""
    n = body.neck
    edge = spline((0.8, roll), (wide * 0.62, roll * 0.62), (wide + 0.6, notch + 1.2))
    lapel = joined(
        edge,
        [(wide - 1.4, notch - 0.6), (n * 0.9 + 1.0, 1.0)],
        spline((n * 0.86, -1.5), (n * 0.62, 4.0), (0.0, roll)),
    )
    collar = joined(
        spline((n * 0.72, -4.6), (n + 2.2, -3.4), (n + 3.2, 0.5)),
        [(wide + 0.2, notch - 2.8), (wide - 1.6, notch - 0.5)],
        spline((n * 0.9 + 1.0, 1.2), (n * 0.74, 0.4), (n * 0.78, -2.0)),
    )
    back = joined(
        spline((-n - 1.2, -1.6), (-n * 0.72, -4.8), (0, -5.4), (n * 0.72, -4.8), (n + 1.2, -1.6)),
        spline((n * 0.9, -1.4), (0, -1.8), (-n * 0.9, -1.4)),
    )
    pieces = [Piece(back, cloth, rounding=1.4, drape=0.1, behind=True, tint=0.86)]
    for s in (1.0, -1.0) if left_over else (-1.0, 1.0):
        flip = (s, 1.0)
        stitch = Mark(spline((1.0, roll - 0.6), (wide * 0.58, roll * 0.6), (wide, notch + 1.0)) * flip, 0.1, -0.2)
        pieces.append(Piece(lapel * flip, cloth, rounding=1.2, drape=0.2, relief=0.8, marks=(stitch,), cast=1.1))
        pieces.append(Piece(collar * flip, cloth, rounding=1.2, drape=0.2, relief=0.8, cast=0.9))
    return pieces
