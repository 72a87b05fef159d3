"""Bottomwear: jeans, trousers, shorts, leggings and skirts, cut for a body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.outlines import Points, joined, moved, part, spline, tube
from lookalike.testing.drawing.palette import darker
from lookalike.testing.drawing.pieces import Cut, Fabric, Fold, Mark, Piece
from lookalike.testing.drawing.trimmings import buttons
from lookalike.testing.drawing.waists import back_pocket, inside_waist, looped_waist, thread_colour, waist_strip

_FITS = {  # room at thigh, knee and hem beyond the leg
    "skinny": (0.3, 0.2, 0.2),
    "slim": (0.9, 1.0, 1.4),
    "straight": (1.3, 2.2, 3.6),
    "wide": (2.4, 5.2, 8.2),
    "flared": (0.6, 1.2, 6.6),
    "tapered": (2.4, 2.4, 1.4),
}


def leg_half(body: Body, at: float) -> float:
    """Half the width of the bare leg, `at` 0 at the hip and 1 at the ankle."""
    usual = float(np.interp(at, (0, 0.15, 0.5, 0.68, 1.0), (9.2, 8.6, 5.6, 5.5, 3.4)))
    return usual * float(body.limb**0.5) * (1.0 if body.neck > 4.6 else 0.8)


def _leg_edges(body: Body, cut: Cut, side: int, reach: float) -> tuple[Points, Points]:
    """The outer and inner edge of one trouser leg, from the hip down to the hem."""
    rooms = _FITS[cut.detail or "straight"]
    line = body.leg(side)
    ats = np.linspace(0.02, reach, 9)
    along = part(line, 0, 1, dots=101)
    outer, inner = [], []
    for at in ats:
        spot = along[min(100, int(at * 100))]
        half = leg_half(body, float(at)) + float(np.interp(at, (0, 0.5, 1), rooms)) * (1 if reach > 0.6 else 0.9)
        outer.append((spot[0] + side * half, spot[1]))
        inner.append((spot[0] - side * min(half, abs(spot[0]) - 0.3), spot[1]))
    return np.array(outer), np.array(inner)


def _trouser_outline(body: Body, cut: Cut, reach: float, top: float) -> Points:
    sides: list[tuple[Points, Points]] = []
    for side in (-1, 1):
        outer, inner = _leg_edges(body, cut, side, reach)
        hips = [(side * (body.half(h) + 0.5), h) for h in np.linspace(top, body.hip + 1, 4)]
        outer_line = spline(*hips, *map(tuple, outer[2:]))
        inner_line = spline((0.0, body.crotch + 2.2), *map(tuple, inner[2:]))
        sides.append((outer_line, inner_line))
    (left_out, left_in), (right_out, right_in) = sides
    waist = spline((-body.half(top) - 0.5, top), (0, top + 1.1), (body.half(top) + 0.5, top))
    return joined(
        waist,
        right_out,
        _hem(right_out, right_in),
        right_in[::-1],
        left_in,
        _hem(left_in, left_out),
        left_out[::-1],
    )


def _hem(one: Points, other: Points) -> Points:
    a, b = one[-1], other[-1]
    return spline(tuple(a), ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + 0.8), tuple(b))


def _trouser_folds(body: Body, cut: Cut, reach: float, seed: int) -> tuple[Fold, ...]:
    random = np.random.default_rng(seed + 3)
    tight = cut.detail in ("skinny", "slim")
    folds = []
    for side in (-1, 1):
        line = body.leg(side)
        for number in range(3):  # whiskers from the crotch
            y = body.crotch - 2 + number * 2.2
            folds.append(
                Fold(
                    spline(
                        (side * 1.5, y + 1),
                        (side * 7, y - 1.2 + number),
                        (side * (12 + number), y - 4.5 + number * 1.4),
                    ),
                    1.4,
                    0.42,
                )
            )
        for at in (0.47, 0.52, 0.57) if reach > 0.6 else ():
            spot = part(line, at, at + 0.01, dots=2)[0]
            half = leg_half(body, at) + 1
            lift = random.uniform(-1.8, 1.8)
            folds.append(
                Fold(
                    spline((spot[0] - half, spot[1] - lift), tuple(spot), (spot[0] + half * 0.4, spot[1] + lift)),
                    1.5,
                    0.42 if tight else 0.3,
                )
            )
        for at in (0.86, 0.91, 0.96) if reach > 0.9 else ():
            spot = part(line, at, at + 0.01, dots=2)[0]
            half = leg_half(body, at) + (1 if tight else 3)
            lift = random.uniform(-1.5, 1.5)
            folds.append(
                Fold(
                    spline(
                        (spot[0] - half, spot[1] + lift),
                        (spot[0], spot[1] + 0.9),
                        (spot[0] + half, spot[1] - lift),
                    ),
                    1.5,
                    0.5,
                )
            )
        if not tight:
            a, b = part(line, 0.12, 0.14, dots=2)[0], part(line, reach, reach, dots=2)[0]
            folds.append(
                Fold(
                    spline(
                        (a[0] + side * 3, a[1]),
                        ((a[0] + b[0]) / 2 + side * 3.4, (a[1] + b[1]) / 2),
                        (b[0] + side * 3, b[1]),
                    ),
                    3.0,
                    0.5,
                )
            )
    return tuple(folds)


def _trousers(body: Body, cut: Cut, cloth: Fabric, reach: float, top: float) -> Piece:
    line = _trouser_outline(body, cut, reach, top)
    return Piece(
        line, cloth, rounding=7.0, upright=0.45, folds=_trouser_folds(body, cut, reach, cloth.seed), drape=0.8
    )


def _top(body: Body, cut: Cut) -> float:
    return body.waist + (1.0 if "high" in cut.extras else 6.0) * body.sole / 148


def _reach(cut: Cut) -> float:
    return min(1.04, 1.02 + cut.length / 75)


def _between(body: Body, cut: Cut) -> list[Mark]:
    """The shade where the legs of wide trousers touch, so that they do not read as a skirt."""
    if cut.detail != "wide":
        return []
    line = joined([(0, body.crotch + 2), (0, body.sole)])
    return [Mark(line, 2.2, -0.16), Mark(line, 0.9, -0.4)]


def jeans(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """Five-pocket jeans with ochre stitching, a fly and rivets."""
    top, reach = _top(body, cut), _reach(cut)
    thread = thread_colour(cloth)
    legs = _trousers(body, cut, cloth, reach, top)
    marks = [Mark(joined([(0, top + 3), (0, body.crotch + 2)]), 0.22, -0.4), *_between(body, cut)]
    fade = []
    for side in (-1, 1):
        outer, inner = _leg_edges(body, cut, side, reach)
        for lift in (1.6,):
            marks.append(
                Mark(
                    joined([(outer[-1][0], outer[-1][1] - lift), (inner[-1][0], inner[-1][1] - lift + 0.4)]),
                    0.16,
                    0.85,
                    thread,
                    True,
                )
            )
        outline_in = spline((0.6 * side, body.crotch + 3), *[(x + side * 0.5, y) for x, y in inner[2:]])
        marks.append(Mark(outline_in, 0.16, 0.55, thread, True))
        centre = body.leg(side)
        if cloth.weave == "denim":
            fade.append(Mark(part(centre, 0.12, 0.46), 5.2, 0.05))
            fade.append(Mark(part(centre, 0.14, 0.42), 3.0, 0.05))
    w = body.half(top + 5)
    if back:
        for side in (-1, 1):
            marks.append(
                Mark(
                    spline((side * (w + 1), top + 7), (side * w * 0.4, top + 9), (0, top + 11)),
                    0.18,
                    0.8,
                    thread,
                    True,
                )
            )
        base = replace(legs, marks=(*fade, *marks))
        return [
            base,
            *(back_pocket(s * w * 0.53, top + 11.5, cloth, thread) for s in (-1, 1)),
            looped_waist(body, cloth, top, thread),
            Piece(
                joined([(4, top + 0.9), (10, top + 0.6), (10, top + 4), (4, top + 4.2)]),
                Fabric("leather", (0.55, 0.36, 0.2)),
                rounding=0.4,
                drape=0,
            ),
        ]
    for side in (-1, 1):
        scoop = spline((side * w * 0.42, top + 3.8), (side * w * 0.52, top + 7.6), (side * (w + 0.9), top + 10.2))
        marks += [Mark(scoop, 0.25, -0.42), Mark(moved(scoop, shift=(0.0, 0.6)), 0.15, 0.85, thread, True)]
    fly = spline((2.6, top + 4), (2.6, top + 13), (0.2, top + 17.5))
    marks += [Mark(fly, 0.15, 0.85, thread, True), Mark(moved(fly, shift=(0.5, 0.1)), 0.15, 0.7, thread, True)]
    rivets = [b for s in (-1, 1) for b in buttons(s * w * 0.43, [top + 4.6], (0.7, 0.5, 0.3), size=0.35)]
    return [
        inside_waist(body, cloth, top),
        replace(legs, marks=(*fade, *marks)),
        looped_waist(body, cloth, top, thread),
        *buttons(0.2, [top + 3.0], (0.72, 0.58, 0.36), size=0.95),
        *rivets,
    ]


def trousers(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """Tailored trousers or chinos with creases and slanted pockets, or joggers with a drawstring."""
    top, reach = _top(body, cut), _reach(cut)
    legs = _trousers(body, cut, cloth, reach, top)
    marks = [Mark(joined([(0, top + 3), (0, body.crotch + 2)]), 0.22, -0.38), *_between(body, cut)]
    w = body.half(top + 4)
    jogger = "jogger" in cut.extras
    folds = list(legs.folds)
    for side in (-1, 1):
        if not jogger and "cargo" not in cut.extras:
            crease = part(body.leg(side), 0.05, 0.98)
            folds.append(Fold(crease, 1.1, 0.5))
        slant = spline((side * w * 0.62, top + 4), (side * (w + 0.6), top + 14))
        marks.append(
            Mark(slant, 0.24, -0.38)
            if not back
            else Mark(joined([(side * 4, top + 10), (side * 12, top + 9.6)]), 0.3, -0.4)
        )
    if not back and not jogger:
        marks.append(Mark(spline((2.2, top + 4), (2.2, top + 13), (0.2, top + 17)), 0.15, -0.25))
    pieces = [] if back else [inside_waist(body, cloth, top)]
    pieces.append(replace(legs, folds=tuple(folds), marks=tuple(marks)))
    if "cargo" in cut.extras:
        pieces += [_cargo(body, side, cloth) for side in (-1, 1)]
    if jogger:
        pieces += [_cuff(body, cut, side, cloth, reach) for side in (-1, 1)]
        pieces.append(waist_strip(body, cloth.plain(weave="rib"), top, height=4.2))
        if not back:
            pieces += [
                Piece(
                    tube(spline((s * 1.0, top + 3), (s * 2.2, top + 8), (s * 1.4, top + 13 + s)), [0.3]),
                    Fabric("canvas", (0.92, 0.91, 0.88)),
                    rounding=0.3,
                    drape=0,
                )
                for s in (-1, 1)
            ]
        return pieces
    pieces.append(waist_strip(body, cloth, top))
    return pieces if back else [*pieces, *buttons(1.0, [top + 3.0], darker(cloth.colour, 0.4), size=0.75)]


def _cargo(body: Body, side: int, cloth: Fabric) -> Piece:
    spot = part(body.leg(side), 0.36, 0.37, dots=2)[0]
    x, y = spot[0] + side * 4.2, spot[1] - 6
    shape = joined([(x - 5, y), (x + 5, y), (x + 5, y + 13), (x - 5, y + 13)])
    marks = (
        Mark(joined([(x - 5, y + 4), (x, y + 4.6), (x + 5, y + 4)]), 0.3, -0.4),
        Mark(joined([(x, y + 4.6), (x, y + 13)]), 0.2, -0.2),
    )
    return Piece(shape, cloth, rounding=1.0, drape=0.5, marks=marks, cast=1.0, relief=0.8)


def _cuff(body: Body, cut: Cut, side: int, cloth: Fabric, reach: float) -> Piece:
    outer, inner = _leg_edges(body, replace(cut, detail="slim"), side, reach)
    x, y, half = (outer[-1][0] + inner[-1][0]) / 2, outer[-1][1], abs(outer[-1][0] - inner[-1][0]) / 2 + 0.3
    return Piece(
        joined(
            spline((x - half, y - 5), (x, y - 4.5), (x + half, y - 5)),
            spline((x + half * 0.9, y + 0.6), (x, y + 1.3), (x - half * 0.9, y + 0.6)),
        ),
        cloth.plain(weave="rib"),
        rounding=2.0,
        drape=0.1,
        cast=0.5,
    )


def shorts(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """Shorts to above the knee, with a waistband or a drawstring."""
    top, reach = _top(body, cut), 0.42 + cut.length / 80
    legs = _trousers(body, replace(cut, detail=cut.detail or "straight"), cloth, reach, top)
    w = body.half(top + 4)
    marks = [Mark(joined([(0, top + 3), (0, body.crotch + 2)]), 0.22, -0.38)]
    for side in (-1, 1):
        outer, inner = _leg_edges(body, replace(cut, detail=cut.detail or "straight"), side, reach)
        marks.append(
            Mark(joined([(outer[-1][0], outer[-1][1] - 2.2), (inner[-1][0], inner[-1][1] - 1.8)]), 0.18, -0.25)
        )
        if not back:
            marks.append(Mark(spline((side * w * 0.6, top + 4), (side * (w + 0.8), top + 13)), 0.24, -0.38))
    pieces = [] if back else [inside_waist(body, cloth, top)]
    pieces.append(replace(legs, marks=tuple(marks)))
    if back:
        pieces += [back_pocket(s * w * 0.5, top + 9, cloth, thread_colour(cloth)) for s in (-1, 1)]
    if "drawstring" in cut.extras:
        pieces.append(waist_strip(body, cloth.plain(weave="rib"), top))
        if not back:
            pieces += [
                Piece(
                    tube(spline((s * 1.0, top + 3), (s * 2.2, top + 7), (s * 1.6, top + 11 + s)), [0.3]),
                    Fabric("canvas", (0.93, 0.92, 0.88)),
                    rounding=0.3,
                    drape=0,
                )
                for s in (-1, 1)
            ]
        return pieces
    pieces.append(looped_waist(body, cloth, top, thread_colour(cloth)))
    return pieces if back else [*pieces, *buttons(0.4, [top + 3.0], (0.72, 0.6, 0.42), size=0.8)]


def leggings(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """Tight stretch leggings with a broad waistband and, for sport, a side panel."""
    cut = replace(cut, detail="skinny")
    top, reach = body.waist + 1, _reach(cut)
    legs = _trousers(body, cut, cloth, reach, top)
    marks: list[Mark] = []
    for side in (-1, 1):
        outer, _ = _leg_edges(body, cut, side, reach)
        if "panel" in cut.extras:
            edge = [(side * body.half(top + 7), top + 7), *map(tuple, outer[1:])]
            inset = spline(*[(x - side * (2.6 - 0.12 * n), y) for n, (x, y) in enumerate(edge)])
            marks += [
                Mark(moved(inset, shift=(side * 1.4, 0.0)), 2.4, 0.9, cloth.accent(0)),
                Mark(inset, 0.15, -0.3),
            ]
        else:
            marks.append(Mark(spline(*[(x - side * 2.2, y) for x, y in outer]), 0.14, -0.25))
    pieces = [] if back else [inside_waist(body, cloth, top)]
    return [
        *pieces,
        replace(legs, marks=tuple(marks), relief=1.1),
        waist_strip(body, cloth.plain(), top, height=8.0),
    ]
