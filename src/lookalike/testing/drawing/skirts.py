"""Skirts: from pencil to pleated, on their own or as the lower half of a dress."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.outlines import joined, mirrored, spline
from lookalike.testing.drawing.pieces import Cut, Fabric, Fold, Mark, Piece
from lookalike.testing.drawing.trimmings import buttons
from lookalike.testing.drawing.waists import back_pocket, inside_waist, looped_waist, thread_colour, waist_strip


def skirt_piece(
    body: Body, cloth: Fabric, *, top: float, low: float, flare: float, pleats: int, seed: int, tight: float = 0.0
) -> Piece:
    """A skirt from `top` to `low`: hips, a hem `flare` wider on each side, and folds that grow towards it."""
    hips = max(body.half(h) for h in np.linspace(top, body.crotch, 6)) + 0.8
    ys = np.linspace(top, low, 9)
    side = []
    for y in ys:
        down = (y - top) / (low - top)
        if flare <= 2.5:
            own = body.half(min(y, body.crotch)) + 0.7
            side.append(
                (
                    own
                    + flare * max(0.0, (y - body.hip) / max(1.0, low - body.hip))
                    - tight * max(0.0, down - 0.5),
                    y,
                )
            )
        else:
            start = body.half(top) + 0.5
            side.append((start + (hips + flare - start) * down ** (0.75 if flare < 14 else 0.9), y))
    wide = side[-1][0]
    waves = max(0, pleats)
    t = np.linspace(0, np.pi, 180)
    turns = np.linspace(0, 2 * np.pi * waves, 180)
    swing = min(0.9, 0.09 * flare) * (np.cos(turns) - 1) * 0.5
    hem = np.stack([wide * np.cos(t), low + np.sin(t) * (1.2 + flare * 0.12) + swing], axis=1)
    right = joined(
        spline((-body.half(top) - 0.5, top), (0, top + 1.1), (body.half(top) + 0.5, top)),
        spline(*side),
        hem,
        mirrored(spline(*side)),
    )
    random = np.random.default_rng(seed + 21)
    folds = []
    for number in range(waves):
        x = -1 + (number + 0.5) * 2 / waves + random.uniform(-0.3, 0.3) / waves
        begin = top + (low - top) * random.uniform(0.02, 0.3)
        share = (begin - top) / (low - top)
        start = body.half(top) * x * (1 + share * 0.5)
        folds.append(
            Fold(
                spline((start, begin), (start * 0.4 + x * wide * 0.55, (begin + low) / 2), (x * wide, low + 2)),
                min(4.0, 20 / max(waves, 4)),
                1.0 if flare > 8 else 0.55,
            )
        )
        folds.append(
            Fold(
                spline(
                    (start + 1, begin + 4),
                    (start * 0.4 + x * wide * 0.55 + 2.0, (begin + low) / 2),
                    (x * wide + 2.6, low + 2),
                ),
                1.4,
                -0.5,
            )
        )
    return Piece(right, cloth, rounding=7.5, upright=0.25, folds=tuple(folds), drape=0.7)


def skirt(body: Body, cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A skirt: pencil, A-line, pleated or long and flowing, by its flare and length."""
    top = body.waist + 1
    low = body.crotch + (10 + cut.length) * body.sole / 148
    pleated = "pleated" in cut.extras
    count = 14 if pleated else 4 + round(cut.flare / 2.5)
    main = skirt_piece(
        body,
        cloth,
        top=top,
        low=low,
        flare=cut.flare,
        pleats=count if cut.flare > 2.5 else 0,
        seed=cloth.seed,
        tight=2.2 if cut.flare <= 0 else 0,
    )
    marks: list[Mark] = []
    wide = float(np.abs(main.outline[:, 0]).max())
    if pleated:
        marks = [
            Mark(joined([(x * body.half(top), top + 3), (x * wide * 1.02, low + 2)]), 0.16, -0.3)
            for x in np.linspace(-0.92, 0.92, 14)
        ]
    folds = main.folds
    if cut.flare <= 2.5:
        folds = tuple(
            Fold(spline((s * 16, body.hip + k), (s * 8, body.hip + 2 + k), (s * 2, body.hip + k - 1)), 1.6, 0.4)
            for s in (-1, 1)
            for k in (0, 7, 13)
        )
        marks.append(Mark(spline((-wide, low - 2), (0, low - 0.8), (wide, low - 2)), 0.16, -0.22))
    thread = thread_colour(cloth)
    pieces: list[Piece] = [] if back else [inside_waist(body, cloth, top)]
    if "buttoned" in cut.extras and not back:
        marks += [Mark(joined([(x, top + 3), (x, low + 1)]), 0.15, 0.8, thread, True) for x in (-2.0, 2.0)]
    pieces.append(replace(main, folds=folds, marks=tuple(marks)))
    if "buttoned" in cut.extras and not back:
        pieces += buttons(0, list(np.arange(top + 6, low - 1, 6.0)), (0.72, 0.56, 0.34), size=0.85)
        pieces += [back_pocket(s * 9.5, top + 8, cloth, thread) for s in (-1, 1)]
    band_ = (
        looped_waist(body, cloth, top, thread) if cloth.weave == "denim" else waist_strip(body, cloth.plain(), top)
    )
    return [*pieces, band_]
