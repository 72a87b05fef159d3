"""Waists: waistbands, belt loops and back pockets of trousers and skirts."""

from __future__ import annotations

from dataclasses import replace

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.outlines import joined, spline
from lookalike.testing.drawing.palette import brightness, darker, mixed
from lookalike.testing.drawing.pieces import Colour, Fabric, Mark, Piece


def thread_colour(cloth: Fabric) -> Colour:
    if cloth.weave == "denim" and brightness(cloth.colour) < 0.75:
        return (0.83, 0.62, 0.32)
    return mixed(cloth.colour, (1, 1, 1), 0.3) if brightness(cloth.colour) < 0.5 else darker(cloth.colour, 0.28)


def inside_waist(body: Body, cloth: Fabric, top: float) -> Piece:
    """The inside of the back of the waistband, above the front."""
    w = body.half(top) + 0.5
    shape = joined(
        spline((-w, top + 0.3), (-w * 0.6, top - 1.5), (0, top - 1.9), (w * 0.6, top - 1.5), (w, top + 0.3)),
        spline((w, top + 0.5), (0, top + 1.6), (-w, top + 0.5)),
    )
    return Piece(
        shape, cloth.plain(darker(cloth.colour, 0.1)), rounding=1.5, tint=0.7, behind=True, drape=0.1, cast=0
    )


def waist_strip(body: Body, cloth: Fabric, top: float, *, height: float = 3.6) -> Piece:
    w, v = body.half(top) + 0.7, body.half(top + height) + 0.8
    shape = joined(
        spline((-w, top), (0, top + 1.2), (w, top)),
        spline((v, top + height), (0, top + height + 1.2), (-v, top + height)),
    )
    return Piece(shape, cloth, rounding=2.2, upright=0.5, drape=0.1, cast=0.4)


def back_pocket(x: float, y: float, cloth: Fabric, thread: Colour) -> Piece:
    shape = joined([(x - 5.2, y), (x + 5.2, y - 0.4), (x + 4.8, y + 8.6), (x, y + 11), (x - 4.8, y + 8.6)])
    inner = joined([(x - 4.8, y + 0.6), (x - 4.4, y + 8.3), (x, y + 10.4), (x + 4.4, y + 8.3), (x + 4.8, y + 0.2)])
    arcs = spline((x - 4.4, y + 4.2), (x - 1.8, y + 6.2), (x, y + 4.8), (x + 1.8, y + 6.2), (x + 4.4, y + 4.2))
    return Piece(
        shape,
        cloth,
        rounding=0.9,
        drape=0.3,
        relief=0.7,
        cast=0.7,
        marks=(Mark(inner, 0.15, 0.85, thread, True), Mark(arcs, 0.15, 0.85, thread, True)),
    )


def looped_waist(body: Body, cloth: Fabric, top: float, thread: Colour) -> Piece:
    w = body.half(top)
    marks = [
        Mark(spline((-w - 1, top + 0.6), (0, top + 1.8), (w + 1, top + 0.6)), 0.13, 0.8, thread, True),
        Mark(spline((-w - 1, top + 3.1), (0, top + 4.3), (w + 1, top + 3.1)), 0.13, 0.8, thread, True),
    ]
    for x in (-w * 0.55, w * 0.55):
        marks += [Mark(joined([(x + d, top), (x + d, top + 5)]), 0.2, -0.4) for d in (-0.6, 0.6)]
    return replace(waist_strip(body, cloth, top), marks=tuple(marks))
