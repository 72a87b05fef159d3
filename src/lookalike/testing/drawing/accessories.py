"""Accessories: scarves, belts, watches, sunglasses and ties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.outlines import both, ellipse, joined, moved, part, rounded, spline, tube
from lookalike.testing.drawing.palette import darker, lighter, mixed
from lookalike.testing.drawing.pieces import Cut, Fabric, Fold, Mark, Piece

_GOLD = Fabric("metal", (0.80, 0.66, 0.38))
_STEEL = Fabric("metal", (0.74, 0.75, 0.78))


def scarf(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A scarf wound once around the neck, its fringed ends hanging in front (or not, from behind)."""
    n, long = body.neck, 46.0 * body.sole / 148
    collar = joined(
        spline((-n - 4.4, 1.6), (-n - 3.0, -4.6), (0, -7.0), (n + 3.0, -4.6), (n + 4.4, 1.6)),
        spline((n + 3.4, 6.0), (0, 10.0), (-n - 3.4, 6.0)),
    )
    hollow = joined(
        spline((-n - 0.6, -3.4), (0, -5.8), (n + 0.6, -3.4)), spline((n + 0.4, -1.0), (0, 1.6), (-n - 0.4, -1.0))
    )
    wraps = tuple(
        Fold(spline((-n - 3, 1 + k * 2.4), (0, 4.6 + k * 2.3), (n + 3, 0.6 + k * 2.2)), 1.5, 0.7)
        for k in range(-1, 2)
    )
    loop = Piece(collar, cloth, rounding=3.6, folds=wraps, drape=0.8, holes=(hollow,))
    inner = Piece(
        joined(spline((-n - 1.4, -3.0), (0, -6.4), (n + 1.4, -3.0)), spline((n + 1, 0), (0, 2.4), (-n - 1, 0))),
        cloth.plain(darker(cloth.colour, 0.25)),
        rounding=1.5,
        behind=True,
        tint=0.8,
    )
    if back:
        return [inner, replace(loop, holes=())]
    ends = []
    for x, reach, tilt in ((-2.8, long, -1.6), (3.2, long * 0.86, 1.8)):
        line = spline((x * 0.6, 5.0), (x + tilt * 0.4, reach * 0.5), (x + tilt, reach))
        hang = tuple(Fold(moved(part(line, 0.02, 0.98), shift=(d, 0.0)), 1.6, 0.6) for d in (-2.2, 0.2, 2.4))
        fringe = [
            Piece(
                tube(
                    spline(
                        (x + tilt + d, reach - 0.5),
                        (x + tilt + d * 1.08, reach + 2),
                        (x + tilt + d * 1.12, reach + 4.4),
                    ),
                    [0.3, 0.28, 0.2],
                ),
                cloth.plain(),
                rounding=0.3,
                drape=0,
                cast=0.2,
            )
            for d in np.arange(-4.2, 4.3, 0.84)
        ]
        ends += [
            *fringe,
            Piece(tube(line, [3.6, 4.4, 4.8]), cloth, rounding=3.0, folds=hang, drape=0.6, upright=0.3),
        ]
    return [inner, *ends, loop]


def belt(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A rolled belt, its buckle in front."""
    far = joined(
        spline((-17, -2.6), (-14, -7.0), (0, -9.4), (14, -7.0), (17, -2.6)),
        spline((17, 1.2), (14, -3.4), (0, -5.8), (-14, -3.4), (-17, 1.2)),
    )
    inside = Piece(far, cloth.plain(darker(cloth.colour, 0.15), "suede"), rounding=1.2, drape=0, tint=0.8)
    upper = spline((-17, -2.6), (-15.6, 1.6), (0, 4.6), (15.6, 1.6), (17, -2.6))
    lower = spline((17, 1.4), (15.6, 5.8), (0, 8.8), (-15.6, 5.8), (-17, 1.4))
    rows = tuple(
        Mark(moved(upper, shift=(0.0, d)), 0.13, 0.5, lighter(cloth.colour, 0.5), True) for d in (0.6, 3.6)
    )
    front = Piece(joined(upper, lower), cloth, rounding=1.6, drape=0.1, marks=rows, folds=())
    if back:
        return [inside, front]
    holes = tuple(Mark(ellipse(x, 6.6 - abs(x) * 0.06, 0.18, 0.18), 0.3, -0.7) for x in (5.5, 7.8, 10.1))
    metal = _GOLD if "gold" in cut.extras else _STEEL
    frame = Piece(
        rounded(-3.0, 3.4, 3.0, 10.0, 1.0),
        metal,
        holes=(rounded(-1.9, 4.6, 1.9, 8.8, 0.6),),
        rounding=0.6,
        drape=0,
    )
    prong = Piece(tube(spline((-2.4, 6.7), (2.8, 6.7)), [0.32]), metal, rounding=0.3, drape=0)
    keeper = Piece(tube(spline((-5.0, 4.0), (-5.0, 8.9)), [0.7]), cloth, rounding=0.5, drape=0)
    return [inside, replace(front, marks=(*rows, *holes)), keeper, frame, prong]


def worn_belt(body: Body, cloth: Fabric, height: float) -> list[Piece]:
    """The same belt around a waist."""
    w = body.half(height) + 1.0
    strip = joined(
        spline((-w, height - 1.9), (0, height - 0.9), (w, height - 1.9)),
        spline((w, height + 1.9), (0, height + 2.9), (-w, height + 1.9)),
    )
    frame = Piece(
        rounded(-2.6, height - 1.9, 2.6, height + 3.6, 0.7),
        _GOLD,
        holes=(rounded(-1.6, height - 0.9, 1.6, height + 2.6, 0.4),),
        rounding=0.5,
        drape=0,
    )
    return [Piece(strip, cloth, rounding=1.4, drape=0.1, cast=0.8), frame]


def watch(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A wrist watch lying flat: strap up and down, the dial at (0, 0). The cloth is its strap."""
    metal = _GOLD if "gold" in cut.extras else _STEEL
    upper = joined(
        spline((-1.05, -1.6), (-0.95, -4), (-0.8, -6.6)),
        spline((-0.8, -6.6), (0, -7.0), (0.8, -6.6)),
        spline((0.8, -6.6), (0.95, -4), (1.05, -1.6)),
    )
    links = (
        tuple(
            Mark(joined([(-1.1, s * y), (1.1, s * y)]), 0.08, -0.45)
            for y in np.arange(2.2, 7, 0.55)
            for s in (-1, 1)
        )
        if cloth.weave == "metal"
        else ()
    )
    stitches = (
        ()
        if links
        else tuple(
            Mark(joined([(x, s * 2.2), (x * 0.9, s * 6.2)]), 0.06, 0.5, lighter(cloth.colour, 0.4), True)
            for x in (-0.75, 0.75)
            for s in (-1, 1)
        )
    )
    marks = (*links, *stitches)
    straps = [Piece(upper * (1.0, float(s)), cloth, rounding=0.6, drape=0, marks=marks) for s in (1, -1)]
    clasp = Piece(
        rounded(-1.05, -7.3, 1.05, -6.3, 0.25),
        metal,
        rounding=0.2,
        drape=0,
        holes=(rounded(-0.7, -7.05, 0.7, -6.55, 0.1),),
    )
    if back:
        return [
            *straps,
            clasp,
            Piece(
                ellipse(0, 0, 2.1, 2.1),
                metal,
                rounding=1.2,
                drape=0,
                marks=(Mark(ellipse(0, 0, 1.5, 1.5), 0.08, -0.4),),
            ),
        ]
    square = "square" in cut.extras
    case = rounded(-1.9, -2.2, 1.9, 2.2, 0.6) if square else ellipse(0, 0, 2.15, 2.15)
    face = rounded(-1.55, -1.85, 1.55, 1.85, 0.4) if square else ellipse(0, 0, 1.75, 1.75)
    dial = Fabric("ink", cloth.accent(0) if cloth.accents else (0.95, 0.945, 0.93))
    ink = (0.12, 0.12, 0.14) if sum(dial.colour) > 1.4 else (0.93, 0.93, 0.9)
    turns = np.arange(12) * np.pi / 6
    ticks = tuple(
        Mark(
            joined([(np.sin(t) * 1.3, np.cos(t) * 1.3), (np.sin(t) * 1.55, np.cos(t) * 1.55)]),
            0.13 if n % 3 == 0 else 0.07,
            1.0,
            ink,
        )
        for n, t in enumerate(turns)
    )
    hands = (
        Mark(joined([(0, 0), (-0.62, -0.58)]), 0.16, 1.0, ink),
        Mark(joined([(0, 0), (0.72, -1.02)]), 0.12, 1.0, ink),
        Mark(joined([(-0.1, -0.3), (0.4, 1.2)]), 0.05, 1.0, (0.8, 0.2, 0.15)),
    )
    crown = Piece(rounded(1.95, -0.35, 2.55, 0.35, 0.15), metal, rounding=0.2, drape=0)
    gleam = Piece(
        joined([(-1.2, -1.2), (-0.6, -1.5), (0.9, 1.1), (0.4, 1.4)]),
        Fabric("ink", (1, 1, 1)),
        rounding=0.3,
        drape=0,
        opacity=0.16,
        cast=0,
    )
    return [
        *straps,
        clasp,
        crown,
        Piece(case, metal, rounding=0.7, drape=0),
        Piece(face, dial, rounding=0.3, drape=0, relief=0.4, marks=(*ticks, *hands), cast=0.3),
        gleam,
    ]


def sunglasses(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """Sunglasses from the front; (0, 0) is the bridge, the cloth is the frame."""
    lens = Fabric("plastic", cloth.accent(0) if cloth.accents else (0.16, 0.17, 0.19))
    pieces: list[Piece] = []
    for s in (-1.0, 1.0):
        if "round" in cut.extras:
            rim, glass = ellipse(3.5, 0.6, 2.75, 2.75), ellipse(3.5, 0.6, 2.35, 2.35)
        elif "aviator" in cut.extras:
            rim = spline(
                (0.9, -1.2), (3.6, -1.9), (6.5, -1.4), (6.7, 0.8), (5.0, 3.4), (2.9, 3.6), (1.2, 1.8), (0.9, -1.2)
            )
            glass = (rim - (3.8, 0.8)) * 0.87 + (3.8, 0.8)
        else:
            rim = spline(
                (0.8, -1.4),
                (3.4, -1.9),
                (6.9, -2.4),
                (7.1, -0.8),
                (6.2, 2.2),
                (3.6, 2.9),
                (1.3, 2.0),
                (0.7, 0.4),
                (0.8, -1.4),
            )
            glass = (rim - (3.8, 0.3)) * (0.84, 0.80) + (3.8, 0.35)
        temple = Piece(
            tube(spline((5.6 * s, -0.6), (7.0 * s, -1.5), (7.9 * s, -1.3)), [0.5, 0.45, 0.35]),
            cloth,
            rounding=0.4,
            drape=0,
        )
        fade = Mark(spline((2.0, 2.2), (4, 2.5), (5.6, 1.6)) * (s, 1.0), 1.6, 0.14)
        gleam = Piece(
            joined([(2.2, -1.0), (3.2, -1.2), (2.3, 1.6), (1.7, 1.0)]) * (s, 1.0),
            Fabric("ink", (1, 1, 1)),
            rounding=0.3,
            drape=0,
            opacity=0.2,
            cast=0,
        )
        pieces += [
            temple,
            Piece(rim * (s, 1.0), cloth, rounding=0.5, drape=0),
            Piece(glass * (s, 1.0), lens, rounding=1.0, drape=0, marks=(fade,), cast=0),
            gleam,
        ]
    bridge = Piece(tube(spline((-1.3, -0.5), (0, -1.1), (1.3, -0.5)), [0.32]), cloth, rounding=0.3, drape=0)
    return [*pieces, bridge]


def tie(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A knotted necktie; (0, 0) is the knot."""
    blade = both(joined([(0.0, 2.4)], [(1.4, 2.6)], spline((1.4, 2.6), (2.6, 20), (4.2, 41)), [(0.0, 46.0)]))
    slanted = replace(cloth, accents=cloth.accents or (mixed(cloth.colour, (1, 1, 1), 0.6),))
    knot = both(joined([(0.0, -1.4)], spline((2.3, -1.4), (2.0, 1.0), (1.5, 3.2)), [(0.0, 3.4)]))
    tail = moved(
        both(joined([(0.0, 3.0)], [(1.2, 3.0)], spline((1.2, 3.0), (1.8, 20), (2.4, 37)), [(0.0, 40.0)])),
        shift=(1.5, 0.0),
    )
    folds = (Fold(spline((0, 3), (0.3, 7), (0.1, 12)), 1.2, -0.4),)
    return [
        Piece(tail, cloth, rounding=1.2, drape=0.3, angle=0.7, tint=0.85),
        Piece(blade, slanted, rounding=1.6, drape=0.4, folds=folds, angle=0.7),
        Piece(knot, slanted, rounding=1.4, drape=0.2, angle=-0.6),
    ]
