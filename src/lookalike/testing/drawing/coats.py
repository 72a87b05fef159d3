"""Coats: blazers, coats and parkas, cut for a body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.lapels import GOLD, STEEL, back_collar, both_sleeves, buckle, lapels_of, lining
from lookalike.testing.drawing.outlines import joined, spline, tube
from lookalike.testing.drawing.palette import brightness, darker
from lookalike.testing.drawing.pieces import Cut, Fabric, Fold, Mark, Piece
from lookalike.testing.drawing.tailoring import hem_height, side_at, torso
from lookalike.testing.drawing.trimmings import buttons, hood, hood_back, hood_front, pocket


def blazer(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A tailored jacket: notched lapels, one to three buttons, flap pockets."""
    low = hem_height(body, cut) + 8
    cut = replace(cut, neckline="deep v")
    pieces = [] if back else [lining(body, cloth, deep=26)]
    pieces += both_sleeves(body, cut, cloth, width=0.6)
    main = torso(body, cut, cloth, back=back, hem=low, drop=0.3)
    darts = tuple(Mark(spline((s * 8.6, 22), (s * 7.4, 34), (s * 8.4, low - 16)), 0.16, -0.25) for s in (-1, 1))
    if back:
        vent = (
            Mark(joined([(0, 0), (0, low + 1)]), 0.2, -0.3),
            Mark(joined([(0.4, low - 16), (0.4, low + 1)]), 0.5, -0.3),
        )
        return [*pieces, replace(main, marks=vent), back_collar(body, cloth)]
    front = _open_front(main, low)
    opening = (Mark(spline((0.6, 23), (1.2, low - 16), (0.8, low - 9), (-3.5, low + 1)), 0.3, -0.5),)
    pieces.append(replace(front, marks=(*darts, *opening)))
    double = "double" in cut.extras
    roll = 27.0 if double else 24.0
    for x in (-4.5, 4.5) if double else (-0.3,):
        pieces += buttons(
            x,
            [roll + 2, roll + 10] if body.neck > 4.6 else [roll],
            GOLD if "gold" in cut.extras else darker(cloth.colour, 0.35),
            size=0.95,
        )
    for s in (-1, 1):
        flap = joined([(s * 7.0, low - 21), (s * 16.0, low - 22)], [(s * 16.0, low - 17.4), (s * 7.2, low - 16.2)])
        pieces.append(Piece(flap, cloth, rounding=0.9, drape=0.2, cast=0.8))
    welt = joined([(6.6, 15.6), (13.4, 14.4), (13.6, 16.6), (6.8, 17.8)])
    pieces.append(Piece(welt, cloth, rounding=0.6, drape=0.1, cast=0.6))
    return [*pieces, *lapels_of(body, cloth, roll=roll, wide=11.0 if double else 9.6)]


def _open_front(main: Piece, low: float) -> Piece:
    """The front with its lower corners cut away in a curve, as a tailored jacket has."""
    notch = joined(
        spline((-4.4, low + 2.5), (-1.4, low - 2.0), (0.4, low - 9), (1.4, low - 2.0), (4.4, low + 2.5))
    )
    return replace(main, holes=(*main.holes, notch))


def coat(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A long coat: single or double-breasted, or a belted trench."""
    low = body.crotch + 24 + cut.length
    cut = replace(cut, neckline="v", ease=cut.ease + 0.8)
    trench, double = "trench" in cut.extras, "double" in cut.extras or "trench" in cut.extras
    pieces = [] if back else [lining(body, cloth, deep=20)]
    pieces += both_sleeves(body, cut, cloth, width=1.2)
    main = torso(body, cut, cloth, back=back, hem=low, drop=0.8)
    hang = tuple(
        Fold(spline((s * x * 0.7, body.hip), (s * x * 0.9, (body.hip + low) / 2), (s * x, low + 1)), 3.0, 0.8)
        for s in (-1, 1)
        for x in (7.0, 14.5)
    )
    marks: list[Mark] = (
        [Mark(joined([(0, body.hip), (0, low + 2)]), 0.3, -0.45)]
        if back
        else [Mark(joined([(-4.4 if double else -2.2, 20), (-4.4 if double else -2.2, low + 2)]), 0.3, -0.5)]
    )
    pieces.append(replace(main, folds=(*main.folds, *hang), marks=tuple(marks)))
    w = side_at(body, cut, body.waist + 2, low)
    if trench or "belt" in cut.extras:
        y = body.waist + 1
        strap = joined(
            spline((-w, y - 2), (0, y - 1.2), (w, y - 2)), spline((w, y + 1.6), (0, y + 2.4), (-w, y + 1.6))
        )
        tight = tuple(
            Fold(spline((s * x, y + 2), (s * (x + 1.2), y + 10), (s * (x + 1.8), y + 20)), 1.8, 0.7)
            for s in (-1, 1)
            for x in (3.5, 8.5)
        )
        pieces[-1] = replace(pieces[-1], folds=(*pieces[-1].folds, *tight))
        pieces.append(Piece(strap, cloth.plain(), rounding=1.0, drape=0.2, cast=0.9))
    if back:
        return [*pieces, back_collar(body, cloth)]
    if trench or "belt" in cut.extras:
        pieces.append(
            Piece(
                tube(
                    spline((2.5, body.waist + 2), (4.6, body.waist + 9), (4.0, body.waist + 17)), [1.6, 1.7, 1.8]
                ),
                cloth.plain(),
                rounding=1.0,
                drape=0.4,
            )
        )
        pieces += buckle(2.2, body.waist + 1.5, size=2.3, metal=darker(GOLD, 0.3))
    roll = 22.0
    tint = darker(cloth.colour, 0.4) if brightness(cloth.colour) > 0.25 else (0.2, 0.2, 0.22)
    for x in (-5.6, 5.6) if double else (0.0,):
        pieces += buttons(x, list(np.arange(roll + 4, low - 22, 12.0)), tint, size=1.15)
    for s in (-1, 1):
        slant = tube(spline((s * 9.5, body.hip - 8), (s * 13.5, body.hip + 6)), [1.3])
        pieces.append(Piece(slant, cloth.plain(), rounding=0.8, drape=0.2, cast=0.8))
    if trench:
        pieces += [
            Piece(
                joined([(s * 16, 6), (s * 20, 6.6)], spline((s * 16, 17), (s * 9, 20), (s * 6, 16))),
                cloth,
                rounding=1,
                drape=0.3,
            )
            for s in (1,)
        ]
    return [*pieces, *lapels_of(body, cloth, roll=roll, wide=12.0, notch=7.5)]


def parka(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A hooded raincoat or parka with big flap pockets."""
    low = body.crotch + 6 + cut.length
    cut = replace(cut, neckline="crew")
    pieces = [] if back else [lining(body, cloth), *hood(body, cloth)]
    pieces += both_sleeves(body, cut, cloth, width=1.4)
    main = torso(body, cut, cloth, back=back, hem=low, drop=1.4)
    cord = Mark(spline((-26, body.waist + 3), (0, body.waist + 4), (26, body.waist + 3)), 0.25, -0.3)
    pull = tuple(
        Fold(joined([(x, body.waist + 0.5), (x + 0.5, body.waist + 8)]), 1.3, 0.6)
        for x in (-13, -9, -5, 5.5, 9.5, 13.5)
    )
    pieces.append(replace(main, folds=(*main.folds, *pull), marks=(cord,)))
    if back:
        return [*pieces, *hood_back(body, cloth)]
    flap = Piece(
        joined([(-2.4, 5), (2.4, 5), (2.4, low + 1.1), (-2.4, low + 1.1)]),
        cloth.plain(),
        rounding=0.9,
        drape=0.4,
        cast=0.9,
        relief=0.7,
    )
    pieces += [flap, *buttons(0, list(np.linspace(11, low - 8, 6)), STEEL, size=0.8)]
    for x in (4.4, -15.4):
        pieces.append(replace(pocket(cloth.plain(), x, body.hip - 8, 11, 14, flap=True), cast=1.0))
    return [*pieces, *hood_front(body, cloth)]
