"""One-pieces: dresses, jumpsuits and dungarees, cut for a body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.bottomwear import jeans, trousers
from lookalike.testing.drawing.outlines import joined, spline, tube
from lookalike.testing.drawing.palette import brightness, darker
from lookalike.testing.drawing.pieces import Cut, Fabric, Fold, Mark, Piece
from lookalike.testing.drawing.skirts import skirt_piece
from lookalike.testing.drawing.tailoring import band, inside_back, neck_line, side_at, sleeve, torso
from lookalike.testing.drawing.trimmings import buttons, pointed_collar


def _waist(body: Body, cut: Cut) -> float:
    return body.waist - (9 if "empire" in cut.extras else 0) * body.sole / 148


def dress(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A dress: a bodice, a waist (or none, for a shift) and a skirt."""
    collar = cut.neckline == "collar"
    low = body.crotch + (18 + cut.length) * body.sole / 148
    waist = _waist(body, cut)
    pieces = [] if back else pointed_collar(body, cloth)[:1] if collar else inside_back(body, cut, cloth)
    for side in (-1, 1):
        pieces += sleeve(
            body,
            cut,
            cloth,
            side,
            width=1.4 if "puff" in cut.extras else 0.3,
            cuff=cloth.plain() if cut.sleeve > 0.8 else None,
        )
    if "shift" in cut.extras:
        main = torso(body, cut, cloth, back=back, hem=low)
        sag = tuple(
            Fold(spline((s * x, body.hip - 8), (s * (x + 1), body.hip + 10), (s * (x + 1.5), low)), 2.6, 0.6)
            for s in (-1, 1)
            for x in (5.0, 12.0)
        )
        pieces.append(replace(main, folds=(*main.folds, *sag)))
    else:
        pleats = 5 + round(cut.flare / 2.2)
        skirt = skirt_piece(
            body,
            cloth,
            top=waist,
            low=low,
            flare=cut.flare,
            pleats=pleats if cut.flare > 2.5 else 0,
            seed=cloth.seed,
            tight=1.5 if cut.flare <= 0 else 0,
        )
        bodice = torso(body, replace(cut, flare=0.0, ease=min(cut.ease, 0.9)), cloth, back=back, hem=waist)
        gathers = tuple(
            Fold(spline((x, waist - 0.5), (x * 1.02, waist - 5), (x * 1.1, waist - 9)), 1.2, 0.5)
            for x in np.linspace(-9.5, 9.5, 7)
        )
        pieces += [skirt, replace(bodice, folds=(*bodice.folds[:4], *gathers))]
        w = body.half(waist) + 0.7
        strip = joined(
            spline((-w, waist - 1.6), (0, waist - 0.6), (w, waist - 1.6)),
            spline((w, waist + 1.4), (0, waist + 2.4), (-w, waist + 1.4)),
        )
        ribbon = (
            cloth.plain(cloth.accent(0))
            if "sash" in cut.extras and cloth.accents
            else cloth.plain()
            if cloth.pattern == "plain"
            else cloth
        )
        pieces.append(Piece(strip, ribbon, rounding=1.0, drape=0.1, cast=0.5))
    if "tiered" in cut.extras:
        pieces[-2 if "shift" not in cut.extras else -1] = _tiered(
            pieces[-2 if "shift" not in cut.extras else -1], waist, low
        )
    return [*pieces, *_neck_trim(body, cut, cloth, collar, low, back)]


def _neck_trim(body: Body, cut: Cut, cloth: Fabric, collar: bool, low: float, back: bool) -> list[Piece]:
    if collar and not back:
        strip = Piece(
            joined([(-1.4, 4.6), (1.4, 4.6), (1.4, low), (-1.4, low)]),
            cloth,
            rounding=0.7,
            drape=0.4,
            cast=0.4,
            relief=0.6,
        )
        light = (0.95, 0.94, 0.9) if brightness(cloth.colour) < 0.7 else darker(cloth.colour, 0.4)
        return [strip, *buttons(0, list(np.arange(8.5, low - 6, 8.0)), light), *pointed_collar(body, cloth)[1:]]
    trim = [band(neck_line(body, cut.neckline, back=back), cloth.plain(), 0.8, weave=cloth.weave)]
    if "wrap" in cut.extras and not back:
        cross = spline((body.neck + 2.2, -1.5), (1.0, 14), (-body.half(body.waist) - 0.5, body.waist))
        trim.append(Piece(tube(cross, [0.5]), cloth.plain(), rounding=0.5, drape=0, cast=1.0))
        tie = spline((-body.half(body.waist) * 0.6, body.waist + 1), (-9, body.waist + 9), (-8, body.waist + 20))
        trim.append(Piece(tube(tie, [0.8, 1.1, 1.5]), cloth, rounding=0.8, drape=0.3))
    return trim


def _tiered(skirt: Piece, waist: float, low: float) -> Piece:
    wide = float(np.abs(skirt.outline[:, 0]).max()) + 2
    seams, ruffles = [], []
    for share in (0.36, 0.68):
        y = waist + (low - waist) * share
        seams.append(Mark(spline((-wide, y - 1), (0, y + 1.5), (wide, y - 1)), 0.4, -0.4))
        ruffles += [
            Fold(spline((x, y + 0.5), (x * 1.03, y + 5), (x * 1.06, y + 9)), 1.3, 0.8)
            for x in np.linspace(-wide * 0.9, wide * 0.9, 17)
        ]
    return replace(skirt, marks=(*skirt.marks, *seams), folds=(*skirt.folds, *ruffles))


def jumpsuit(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """Top and trousers in one, with a belt of the same cloth."""
    legs = [
        piece
        for piece in trousers(
            body,
            replace(cut, extras=frozenset({"high", "jogger"}) if cut.detail == "tapered" else frozenset({"high"})),
            cloth,
            True,
        )
        if not piece.behind
    ]
    collar = cut.neckline == "collar"
    pieces = [] if back else pointed_collar(body, cloth)[:1] if collar else inside_back(body, cut, cloth)
    for side in (-1, 1):
        pieces += sleeve(body, cut, cloth, side)
    upper = torso(body, replace(cut, flare=0.0), cloth, back=back, hem=body.waist + 3)
    pieces += [legs[0], upper]
    w = side_at(body, cut, body.waist, body.waist + 3)
    y = body.waist
    strap = joined(spline((-w, y - 1), (0, y), (w, y - 1)), spline((w, y + 3), (0, y + 4), (-w, y + 3)))
    pieces.append(Piece(strap, cloth.plain(), rounding=1.0, drape=0.2, cast=0.9))
    if not back:
        pieces.append(
            Piece(
                tube(spline((2, y + 2), (4, y + 9), (3.2, y + 15)), [1.2, 1.3, 1.4]),
                cloth.plain(),
                rounding=0.8,
                drape=0.3,
            )
        )
    return [*pieces, *_neck_trim(body, cut, cloth, collar, y - 1, back)]


def dungarees(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """Jeans with a bib and two straps."""
    legs = jeans(body, replace(cut, extras=frozenset({"high"})), cloth, back)
    w, top = body.half(body.waist) + 0.8, 16.0 * body.sole / 148
    bib = joined(
        [(-w * 0.62, top), (w * 0.62, top)],
        spline((w * 0.62, top), (w * 0.7, body.waist - 8), (w, body.waist + 1.5)),
        [(w, body.waist + 4), (-w, body.waist + 4)],
        spline((-w, body.waist + 1.5), (-w * 0.7, body.waist - 8), (-w * 0.62, top)),
    )
    thread = (0.83, 0.62, 0.32)
    edge = Mark(joined([(-w * 0.58, top + 0.8), (w * 0.58, top + 0.8)]), 0.15, 0.85, thread, True)
    straps = []
    for s in (-1, 1):
        end = (s * (body.neck + 3.5), -0.6 + body.shoulder[1] * 0.1)
        straps.append(
            Piece(
                tube(spline((s * w * 0.5, top + 3), (s * w * 0.55, top * 0.5), end), [1.7]),
                cloth,
                rounding=0.8,
                drape=0.1,
            )
        )
    inner = (
        []
        if back
        else [
            Piece(
                piece.outline,
                cloth.plain(darker(cloth.colour, 0.3)),
                rounding=1,
                tint=0.7,
                behind=True,
                cast=0,
                drape=0,
            )
            for piece in straps[:0]
        ]
    )
    front = Piece(bib, cloth, rounding=2.5, upright=0.4, drape=0.4, marks=(edge,))
    pouch_w = w * 0.36
    pouch = Piece(
        joined(
            [(-pouch_w, top + 5), (pouch_w, top + 5), (pouch_w, top + 14), (0, top + 15.5), (-pouch_w, top + 14)]
        ),
        cloth,
        rounding=0.8,
        drape=0.2,
        cast=0.7,
        marks=(Mark(joined([(-pouch_w, top + 6), (pouch_w, top + 6)]), 0.15, 0.85, thread, True),),
    )
    clips = [b for s in (-1, 1) for b in buttons(s * w * 0.5, [top + 2.4], (0.72, 0.58, 0.36), size=1.1)]
    return [*inner, *legs, *straps, front, *([] if back else [pouch, *clips])]
