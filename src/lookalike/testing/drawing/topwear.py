"""Topwear: T-shirts, shirts, knitwear and sweatshirts, cut for a body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.outlines import joined, rounded, spline
from lookalike.testing.drawing.palette import brightness, lighter
from lookalike.testing.drawing.pieces import Cut, Fabric, Mark, Piece
from lookalike.testing.drawing.tailoring import band, hem_height, hem_stitch, inside_back, neck_line, sleeve, torso
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


def tee(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A T-shirt, tank top or long-sleeved top."""
    sleeves_cloth = cloth.plain() if cloth.pattern in ("print", "tie-dye") else cloth
    if cloth.pattern == "colour-block":
        sleeves_cloth = cloth.plain(cloth.accent(0))
    main = cloth.plain() if back and cloth.pattern == "print" else cloth
    front = hem_stitch(torso(body, cut, main, back=back), body, cut, hem_height(body, cut))
    edge = neck_line(body, cut.neckline, back=back)
    trim = cloth.plain(cloth.accent(0)) if "ringer" in cut.extras else cloth.plain()
    collar = band(edge, trim, 1.9 if cut.neckline in ("crew", "v") else 1.0)
    pieces = (
        []
        if back
        else [
            *inside_back(body, cut, cloth),
            replace(band(neck_line(body, cut.neckline, back=True), trim, 1.5), behind=True, tint=0.82),
        ]
    )
    for side in (-1, 1):
        pieces += sleeve(
            body, cut, sleeves_cloth, side, cuff=trim.plain(weave="rib") if "ringer" in cut.extras else None
        )
    pieces += [front, collar]
    if "pocket" in cut.extras and not back:
        pieces.append(pocket(cloth, 4.2, 11.5, 9.0, 10.0))
    return pieces


def shirt(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A buttoned shirt or blouse with a collar."""
    cut = replace(cut, neckline="collar")
    low = hem_height(body, cut) + 3
    body_piece = torso(body, cut, cloth, back=back, hem=low)
    cuff = cloth if cut.sleeve > 0.9 else None
    pieces: list[Piece] = [] if back else pointed_collar(body, cloth)[:1]
    for side in (-1, 1):
        pieces += sleeve(body, cut, cloth, side, cuff=cuff)
    button = (
        (0.95, 0.93, 0.88) if brightness(cloth.colour) < 0.75 or cloth.pattern != "plain" else (0.86, 0.84, 0.8)
    )
    if back:
        yoke = spline((-body.shoulder[0] - 1, 11), (0, 12.5), (body.shoulder[0] + 1, 11))
        pleat = [Mark(joined([(x, 12.5), (x, low)]), 0.18, -0.16) for x in (-1.2, 1.2)]
        n = body.neck
        collar = Piece(
            joined(
                spline((-n - 1.6, -1.6), (-n * 0.7, -5), (n * 0.7, -5), (n + 1.6, -1.6)),
                spline((n + 2.0, 0.4), (0, 2.0), (-n - 2.0, 0.4)),
            ),
            cloth,
            rounding=1.6,
            drape=0.2,
        )
        return [
            *pieces,
            replace(hem_stitch(body_piece, body, cut, low), marks=(Mark(yoke, 0.2, -0.3), *pleat)),
            collar,
        ]
    plackets = tuple(Mark(joined([(x, 4), (x, low + 1)]), 0.16, -0.22) for x in (-1.7, 1.7))
    pieces.append(replace(hem_stitch(body_piece, body, cut, low, rise=1.2), marks=plackets))
    strip = Piece(
        joined([(-1.6, 4.2), (1.6, 4.2), (1.6, low + 1.1), (-1.6, low + 1.1)]),
        cloth,
        rounding=0.7,
        drape=0.5,
        cast=0.5,
        relief=0.6,
    )
    pieces += [strip, *buttons(0, list(np.arange(8.5, low - 4, 8.0)), button)]
    if "pocket" in cut.extras:
        pieces.append(pocket(cloth, 4.6, 12, 9.2, 10.5))
    if "pockets" in cut.extras:
        pieces += [pocket(cloth, x, 12, 9.2, 10.5, flap=True) for x in (4.4, -13.6)]
    return [*pieces, *pointed_collar(body, cloth)[1:]]


def polo(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A polo shirt: short placket, soft collar, ribbed cuffs."""
    cut = replace(cut, neckline="collar")
    trim = cloth.plain(cloth.accent(0) if "tipped" in cut.extras else None, "rib")
    pieces: list[Piece] = [] if back else pointed_collar(body, trim)[:1]
    for side in (-1, 1):
        pieces += sleeve(body, cut, cloth, side, cuff=trim)
    pieces.append(hem_stitch(torso(body, cut, cloth, back=back), body, cut, hem_height(body, cut)))
    if back:
        n = body.neck
        return [
            *pieces,
            Piece(
                joined(
                    spline((-n - 1.6, -1.6), (-n * 0.7, -5), (n * 0.7, -5), (n + 1.6, -1.6)),
                    spline((n + 2.0, 0.6), (0, 2.2), (-n - 2.0, 0.6)),
                ),
                trim,
                rounding=1.6,
                drape=0.2,
            ),
        ]
    strip = Piece(
        rounded(-1.7, 4.2, 1.7, 18.5, 0.3),
        cloth.plain(),
        rounding=0.6,
        drape=0.2,
        cast=0.6,
        marks=(Mark(rounded(-1.4, 4, 1.4, 18.1, 0.2), 0.12, -0.25, dashed=True),),
    )
    light = (0.95, 0.94, 0.9)
    return [
        *pieces,
        strip,
        *buttons(0, [8.0, 12.0, 16.0], light, size=0.55),
        *pointed_collar(body, trim, spread=6.4, drop=6.4)[1:],
    ]


def sweater(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A pullover with ribbed hem, cuffs and neck; `high` necklines get a rolled collar."""
    low = hem_height(body, cut)
    pieces: list[Piece] = [] if back else inside_back(body, cut, cloth)
    rib = cloth.plain(weave="rib")
    if cloth.pattern == "colour-block":
        rib = cloth.plain(cloth.accent(0), "rib")
    sleeves = cloth.plain(cloth.accent(0)) if cloth.pattern == "colour-block" else cloth
    for side in (-1, 1):
        pieces += sleeve(
            body,
            cut,
            sleeves,
            side,
            width=0.6,
            cuff=rib if cloth.pattern != "striped" else cloth.plain(weave="rib"),
        )
    pieces.append(torso(body, cut, cloth, back=back, hem=low - 3, drop=1.0))
    pieces.append(waistband(body, cut, rib, low))
    edge = neck_line(body, cut.neckline, back=back)
    if cut.neckline == "high":
        n = body.neck
        roll = joined(
            spline(
                (-n - 1.4, 0.4),
                (-n - 1.1, -3),
                (-n - 0.2, -7.0),
                (0, -7.9),
                (n + 0.2, -7.0),
                (n + 1.1, -3),
                (n + 1.4, 0.4),
            ),
            spline((n + 1.2, 0.8), (0, 2.2), (-n - 1.2, 0.8)),
        )
        pieces.append(
            Piece(
                roll,
                rib,
                rounding=3.0,
                drape=0.3,
                cast=0.8,
                marks=(Mark(spline((-n - 0.6, -6.3), (0, -5.6), (n + 0.6, -6.3)), 0.25, -0.3),),
            )
        )
        return pieces
    return [*pieces, band(edge, rib, 2.8)]


def cardigan(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A buttoned knitted jacket with a V neck."""
    cut = replace(cut, neckline="v")
    pieces = sweater(body, cut, cloth, back)
    if back:
        return pieces
    low = hem_height(body, cut)
    rib = cloth.plain(weave="rib")
    strip = Piece(
        joined([(-1.5, 14.5), (1.5, 14.5), (1.5, low + 1.2), (-1.5, low + 1.2)]),
        rib,
        rounding=0.8,
        drape=0.1,
        cast=0.6,
        relief=0.7,
    )
    return [
        *pieces,
        strip,
        *buttons(0, list(np.linspace(17.5, low - 2, 6)), lighter((0.35, 0.24, 0.16), 0.15), size=0.85),
    ]


def hoodie(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A hooded sweatshirt with a kangaroo pocket, or with a zip."""
    low = hem_height(body, cut)
    rib = cloth.plain(weave="rib")
    sleeves = (
        cloth.plain(cloth.accent(0))
        if cloth.pattern == "colour-block"
        else cloth
        if cloth.pattern != "print"
        else cloth.plain()
    )
    pieces = [] if back else hood(body, cloth)
    for side in (-1, 1):
        pieces += sleeve(body, cut, sleeves, side, width=0.9, cuff=rib)
    main = cloth.plain() if back and cloth.pattern == "print" else cloth
    cut = replace(cut, neckline="crew")
    pieces += [torso(body, cut, main, back=back, hem=low - 3, drop=1.6), waistband(body, cut, rib, low)]
    if back:
        return [*pieces, *hood_back(body, cloth)]
    w = body.half(low - 12)
    outer = joined(
        [(-w * 0.42, low - 22), (w * 0.42, low - 22)],
        spline((w * 0.42, low - 22), (w * 0.5, low - 15), (w * 0.72, low - 10.5)),
        [(w * 0.72, low - 4.6), (-w * 0.72, low - 4.6)],
        spline((-w * 0.72, low - 10.5), (-w * 0.5, low - 15), (-w * 0.42, low - 22)),
    )
    slit = tuple(
        Mark(
            spline((s * w * 0.44, low - 21), (s * w * 0.51, low - 15), (s * w * 0.7, low - 11)),
            0.16,
            -0.25,
            dashed=True,
        )
        for s in (-1, 1)
    )
    pieces.append(Piece(outer, cloth.plain(), rounding=1.6, marks=slit, drape=0.7, cast=0.9, relief=0.8))
    if "zip" in cut.extras:
        pieces += zip_line(3.5, low + 1, cloth)
    pieces += hood_front(body, cloth)
    return pieces
