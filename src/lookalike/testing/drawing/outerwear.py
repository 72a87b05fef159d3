"""Outerwear: jackets, coats and blazers, cut for a body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.lapels import (
    GOLD,
    STEEL,
    back_collar,
    both_sleeves,
    buckle,
    lapels_of,
    lining,
    stitch_colour,
)
from lookalike.testing.drawing.outlines import Points, joined, spline, tube
from lookalike.testing.drawing.palette import darker
from lookalike.testing.drawing.pieces import Cut, Fabric, Fold, Mark, Piece
from lookalike.testing.drawing.tailoring import hem_height, side_at, sleeve, torso
from lookalike.testing.drawing.trimmings import (
    buttons,
    hood,
    hood_back,
    hood_front,
    pocket,
    pointed_collar,
    waistband,
    zip_line,
)


def denim_jacket(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A short jacket with a yoke, chest pockets, metal buttons and stitching everywhere."""
    cut = replace(cut, neckline="collar")
    low = hem_height(body, cut) - 2
    thread = stitch_colour(cloth)
    pieces = [] if back else [lining(body, cloth, deep=6), pointed_collar(body, cloth)[0]]
    pieces += both_sleeves(body, cut, cloth, cuff=cloth)
    main = torso(body, cut, cloth, back=back, hem=low - 2.5, drop=0.8)
    w = body.shoulder[0] + 1
    seams = [
        Mark(spline((-w, 13.5), (0, 14.6), (w, 13.5)), 0.2, -0.35),
        Mark(spline((-w, 14.1), (0, 15.2), (w, 14.1)), 0.16, 0.9, thread, True),
    ]
    for side in (-1, 1):
        for x0, x1 in ((4.2, 3.0), (11.5, 8.0)):
            seams.append(Mark(joined([(side * x0, 15), (side * x1, low - 3)]), 0.2, -0.3))
            seams.append(
                Mark(joined([(side * (x0 + 0.5), 15), (side * (x1 + 0.5), low - 3)]), 0.14, 0.85, thread, True)
            )
    belt = replace(
        waistband(body, cut, cloth, low, height=4.5, pull=0.2),
        marks=(Mark(spline((-30, low - 3), (0, low - 2.2), (30, low - 3)), 0.14, 0.85, thread, True),),
    )
    pieces += [replace(main, marks=tuple(seams)), belt]
    if back:
        return [*pieces, back_collar(body, cloth)]
    strip = Piece(
        joined([(-2, 5.5), (2, 5.5), (2, low + 1), (-2, low + 1)]),
        cloth,
        rounding=0.7,
        drape=0.3,
        cast=0.6,
        relief=0.6,
        marks=tuple(Mark(joined([(x, 5.6), (x, low + 1)]), 0.14, 0.85, thread, True) for x in (-1.6, 1.6)),
    )
    pockets = [
        replace(p, marks=tuple(replace(m, colour=thread, tone=0.85) if m.dashed else m for m in p.marks))
        for p in (pocket(cloth, x, 14.2, 8, 8.5, flap=True) for x in (4.6, -12.6))
    ]
    studs = buttons(0, list(np.linspace(9, low - 1, 6)), GOLD, size=0.75)
    studs += [b for x in (8.6, -8.6) for b in buttons(x, [17.4], GOLD, size=0.6)]
    return [*pieces, strip, *pockets, *studs, *pointed_collar(body, cloth, spread=7.6, drop=7.8)[1:]]


def bomber(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A blouson with ribbed collar, cuffs and hem, and a zip."""
    low = hem_height(body, cut)
    rib = cloth.plain(cloth.accent(0) if cloth.accents else darker(cloth.colour, 0.15), "rib")
    cut = replace(cut, neckline="crew")
    pieces = [] if back else [lining(body, cloth)]
    sleeves = cloth.plain(cloth.accent(1)) if "varsity" in cut.extras else cloth
    pieces += both_sleeves(body, cut, sleeves, width=1.4, cuff=rib)
    main = torso(body, cut, cloth, back=back, hem=low - 3, drop=1.2)
    puffs = tuple(
        Fold(spline((s * 6.0, low - 10), (s * 7.5, low - 6), (s * 6.5, low - 3)), 2.2, 0.7) for s in (-1, 1, -2, 2)
    )
    pieces += [replace(main, folds=(*main.folds, *puffs)), waistband(body, cut, rib, low, pull=1.8)]
    if back:
        return [*pieces, back_collar(body, rib)]
    n = body.neck
    stand = joined(
        spline((-n - 2.2, -1.0), (-n * 0.8, -4.4), (0, -5.0), (n * 0.8, -4.4), (n + 2.2, -1.0)),
        spline((n, 0.5), (0, 2), (-n, 0.5)),
    )
    pieces.insert(0, Piece(stand, rib, rounding=1.5, behind=True, tint=0.8, drape=0))
    edge = spline((n + 1.9, -2.4), (n + 1.0, 0.6), (n * 0.5, 3.6), (0.5, 5.2))
    collar = [Piece(tube(edge, [1.7, 1.9, 1.8]) * (float(s), 1.0), rib, rounding=1.2, drape=0) for s in (1, -1)]
    welts = [
        replace(
            pocket(cloth, 0, 0, 1, 1),
            outline=tube(spline((s * 9.2, low - 20), (s * 12.6, low - 11)), [0.85]),
            marks=(),
            cast=0.9,
        )
        for s in (-1, 1)
    ]
    return [*pieces, *zip_line(4.4, low + 1, cloth, metal=STEEL), *welts, *collar]


def puffer(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A quilted down jacket: every channel swells between two seams."""
    low = hem_height(body, cut) + 3
    cut = replace(cut, neckline="crew", ease=cut.ease + 2.2)
    pieces = [] if back else [lining(body, cloth)]
    for side in (-1, 1):
        for part_ in sleeve(body, cut, cloth, side, width=2.0):
            pieces.append(
                replace(
                    part_,
                    folds=(*part_.folds, *_channels_along(body.arm(side), 7, 11.0)),
                    marks=_rings(body.arm(side), 7, 9.5),
                )
            )
    main = torso(body, cut, cloth, back=back, hem=low, drop=1.6)
    heights = np.linspace(11, low - 1.5, max(5, round((low - 6) / 8)))
    wide = 34.0
    seams = tuple(Mark(spline((-wide, h - 1.4), (0, h), (wide, h - 1.4)), 0.28, -0.42) for h in heights)
    gap = float(heights[1] - heights[0])
    swell = tuple(
        Fold(spline((-wide, h - gap / 2 - 1.4), (0, h - gap / 2), (wide, h - gap / 2 - 1.4)), gap * 0.7, 2.0)
        for h in heights
    )
    random = np.random.default_rng(cloth.seed)
    puckers = tuple(
        Fold(joined([(x, h - 2.0), (x + random.uniform(-0.6, 0.6), h + 1.8)]), 1.3, -0.34)
        for h in heights
        for x in random.uniform(-19, 19, 9)
    )
    pieces.append(replace(main, folds=(*swell, *puckers), marks=seams, drape=0.5))
    if back:
        return [*pieces, *(hood_back(body, cloth) if "hood" in cut.extras else [_tall_collar(body, cloth)])]
    pieces += zip_line(2.0, low + 1, cloth, metal=STEEL)
    pieces += [
        Piece(
            tube(spline((s * 10, low - 16), (s * 13, low - 8)), [0.5]),
            cloth.plain(darker(cloth.colour, 0.3)),
            rounding=0.5,
            drape=0,
        )
        for s in (-1, 1)
    ]
    if "hood" in cut.extras:
        return [*hood(body, cloth), *pieces, *hood_front(body, cloth)[:2]]
    return [*pieces, _tall_collar(body, cloth)]


def _tall_collar(body: Body, cloth: Fabric) -> Piece:
    n = body.neck
    shape = joined(
        spline(
            (-n - 3.4, 1.4),
            (-n - 2.8, -3),
            (-n - 1.2, -7.6),
            (0, -8.4),
            (n + 1.2, -7.6),
            (n + 2.8, -3),
            (n + 3.4, 1.4),
        ),
        spline((n + 2.6, 2.8), (0, 4.2), (-n - 2.6, 2.8)),
    )
    seams = tuple(Mark(spline((-12, y - 0.8), (0, y), (12, y - 0.8)), 0.25, -0.4) for y in (-2.6, 1.4))
    swell = tuple(Fold(spline((-12, y - 0.8), (0, y), (12, y - 0.8)), 2.6, 0.9) for y in (-5.2, -0.6))
    return Piece(shape, cloth, rounding=2.4, marks=seams, folds=swell)


def _channels_along(arm: Points, count: int, half: float) -> tuple[Fold, ...]:
    return tuple(Fold(_crossing(arm, (n + 0.5) / count, half), 4.2, 1.3) for n in range(count))


def _rings(arm: Points, count: int, half: float) -> tuple[Mark, ...]:
    return tuple(Mark(_crossing(arm, (n + 1) / count, half), 0.26, -0.42) for n in range(count - 1))


def _crossing(line: Points, at: float, half: float) -> Points:
    spot = line[min(len(line) - 2, int(at * len(line)))]
    step = line[min(len(line) - 1, int(at * len(line)) + 1)] - spot
    out = np.array([-step[1], step[0]]) / max(float(np.hypot(*step)), 1e-6) * half
    return np.stack([spot - out, spot + step * 0.4, spot + out])


def biker(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A leather jacket with a slanted zip, wide lapels and a belt."""
    low = hem_height(body, cut) - 2
    cut = replace(cut, neckline="v")
    pieces = [] if back else [lining(body, cloth, deep=18)]
    pieces += both_sleeves(body, cut, cloth)
    main = torso(body, cut, cloth, back=back, hem=low, drop=0.6)
    yoke = Mark(spline((-24, 11), (0, 12.4), (24, 11)), 0.22, -0.4)
    if back:
        return [
            *pieces,
            replace(main, marks=(yoke, Mark(spline((-24, low - 5), (0, low - 4), (24, low - 5)), 0.25, -0.4))),
            back_collar(body, cloth),
        ]
    pieces.append(
        replace(
            main, marks=tuple(Mark(spline((s * 15, 15), (s * 8, 30), (s * 9, low)), 0.22, -0.32) for s in (-1, 1))
        )
    )
    zip_path = spline((6.2, 15), (5.0, 30), (2.4, low + 0.8))
    pieces.append(
        Piece(
            tube(zip_path, [0.55]),
            cloth.plain(darker(cloth.colour, 0.3)),
            rounding=0.5,
            drape=0,
            marks=(Mark(zip_path, 0.45, 1.0, STEEL, True),),
        )
    )
    for s in (-1, 1):
        line = spline((s * 7.5, low - 19), (s * 12.5, low - 11.5))
        pieces.append(
            Piece(
                tube(line, [0.6]),
                cloth.plain(),
                rounding=0.6,
                drape=0,
                marks=(Mark(line, 0.4, 1.0, STEEL, True),),
            )
        )
    w = side_at(body, cut, low, low)
    belt = joined(
        spline((-w - 0.2, low - 5.4), (0, low - 4.2), (w + 0.2, low - 5.4)),
        spline((w + 0.3, low - 1.4), (0, low - 0.2), (-w - 0.3, low - 1.4)),
    )
    pieces.append(Piece(belt, cloth.plain(), rounding=1.2, drape=0.1, cast=0.7))
    pieces += buckle(5.5, low - 2.6)
    return [*pieces, *lapels_of(body, cloth, roll=17, wide=9.5)]


def gilet(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A sleeveless quilted jacket."""
    return puffer(body, replace(cut, sleeve=0.0), cloth, back)
