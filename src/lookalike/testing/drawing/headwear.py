"""Headwear: caps, beanies and hats from the front; (0, 0) is the middle of the forehead, a head is 15 cm wide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lookalike.testing.drawing.outlines import both, ellipse, joined, mirrored, rounded, spline
from lookalike.testing.drawing.palette import brightness, darker, mixed
from lookalike.testing.drawing.pieces import Colour, Cut, Fabric, Fold, Mark, Piece


def _thread(cloth: Fabric) -> Colour:
    return mixed(cloth.colour, (1, 1, 1), 0.35) if brightness(cloth.colour) < 0.5 else darker(cloth.colour, 0.25)


def cap(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A baseball cap: six panels, a button, a badge, and a brim with rows of stitching."""
    thread = _thread(cloth)
    dome = both(spline((0, -12.4), (4.4, -11.8), (7.6, -8.4), (8.5, -3.4), (8.4, 1.2), (4.6, 2.0), (0, 2.3)))
    seams = tuple(Mark(spline((0, -12.4), (s * 4.4, -8.0), (s * 5.4, 2)), 0.14, -0.3) for s in (-1, 1))
    stitches = tuple(
        Mark(spline((0, -12.2), (s * 4.8, -8.0), (s * 5.8, 2)), 0.1, 0.7, thread, True) for s in (-1, 1)
    )
    middle = (Mark(joined([(0, -12.4), (0, 2.4)]), 0.14, -0.25),)
    holes = tuple(Mark(ellipse(s * 3.4, -7.6, 0.22, 0.22), 0.3, -0.45) for s in (-1, 1))
    crown = Piece(dome, cloth, rounding=5.0, drape=0.2, marks=(*seams, *stitches, *middle, *holes))
    knob = Piece(
        ellipse(0, -12.4, 0.9, 0.5), cloth.plain(cloth.accent(0) if cloth.accents else None), rounding=0.5, drape=0
    )
    if back:
        arch = both(spline((0, -4.2), (3.2, -3.2), (4.2, -0.2), (4.2, 2.4), (0, 2.4)))
        hollow = Piece(arch, cloth.plain(darker(cloth.colour, 0.5)), rounding=0.8, drape=0, cast=0)
        strap = Piece(rounded(-5, 0.4, 5, 2.3, 0.5), cloth.plain(), rounding=0.5, drape=0)
        return [knob, crown, hollow, strap]
    brim_cloth = cloth.plain(cloth.accent(0) if cloth.accents else None)
    brim = both(
        joined(
            spline((0, 0.7), (4.6, 1.0), (8.3, 0.6)),
            spline((8.3, 0.6), (9.9, 3.2), (8.4, 5.6), (4.6, 7.0), (0, 7.4)),
        )
    )
    rows = tuple(
        Mark(
            spline(
                (-8.2 + n * 0.3, 2.2 + n * 0.8),
                (-4.6, 3.0 + n * 1.05),
                (0, 3.3 + n * 1.05),
                (4.6, 3.0 + n * 1.05),
                (8.2 - n * 0.3, 2.2 + n * 0.8),
            ),
            0.1,
            0.5,
            _thread(brim_cloth),
            True,
        )
        for n in range(4)
    )
    visor = Piece(brim, brim_cloth, rounding=3.0, drape=0, marks=rows, cast=1.0)
    badge = Piece(
        rounded(-2.6, -6.4, 2.6, -2.4, 1.2),
        cloth.plain(mixed(thread, (1, 1, 1), 0.3), "canvas"),
        rounding=0.5,
        drape=0,
        marks=(
            Mark(
                spline((-1.6, -3.6), (-0.5, -5.4), (0.4, -4.2), (1.6, -5.6)), 0.5, 1.0, darker(cloth.colour, 0.1)
            ),
        ),
        cast=0.4,
    )
    return [knob, crown, badge, visor]


def beanie(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A knitted hat with a turned-up edge and, often, a pompom."""
    dome = both(spline((0, -14.0), (4.6, -13.2), (8.0, -9.0), (8.9, -3.0), (8.8, 0.6), (0, 1.6)))
    gathers = tuple(
        Fold(spline((x * 0.15, -13.6), (x * 0.7, -9.5), (x, -4)), 1.0, 0.35) for x in (-6.5, -4, -1.4, 1.4, 4, 6.5)
    )
    crown = Piece(dome, cloth, rounding=5.0, folds=gathers, drape=0.4)
    turn = both(
        joined(
            spline((0, -3.0), (5.0, -3.5), (9.2, -4.6)),
            spline((9.2, -4.6), (9.5, -1.6), (9.0, 1.6)),
            spline((9.0, 1.6), (5.0, 2.6), (0, 2.9)),
        )
    )
    edge = Piece(
        turn,
        cloth.plain(cloth.accent(0) if cloth.accents and cloth.pattern == "plain" else None, "rib"),
        rounding=2.6,
        drape=0.1,
    )
    pieces = [crown, edge]
    if "pompom" in cut.extras:
        angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        reach = 3.9 + 0.28 * np.sin(angles * 9) + 0.22 * np.sin(angles * 14 + 1)
        ball = np.stack([np.cos(angles) * reach, -16.4 + np.sin(angles) * reach], axis=1)
        pieces.insert(
            0,
            Piece(
                ball,
                Fabric("curls", cloth.accent(0) if cloth.accents else mixed(cloth.colour, (1, 1, 1), 0.5)),
                rounding=3.2,
                drape=1.0,
            ),
        )
    if not back:
        pieces.append(
            Piece(rounded(4.2, -1.8, 7.2, 0.8, 0.2), Fabric("leather", (0.52, 0.34, 0.2)), rounding=0.3, drape=0)
        )
    return pieces


def hat(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A brimmed hat: a fedora of felt or a sun hat of straw, with a ribbon."""
    wide = 19.0 if "wide" in cut.extras else 14.5
    ribbon = Fabric("satin", cloth.accent(0) if cloth.accents else darker(cloth.colour, 0.6))
    far = joined(
        spline((-wide, -0.6), (-8, -4.4), (0, -5.2), (8, -4.4), (wide, -0.6)),
        spline((wide, -0.2), (0, 1), (-wide, -0.2)),
    )
    under = Piece(far, cloth, rounding=1.6, drape=0.1, behind=True, tint=0.82)
    dent = 1.2 if "wide" not in cut.extras else -0.4
    dome = both(
        spline(
            (0, -12.6 + dent),
            (3.2, -13.4 + dent * 0.3),
            (6.4, -12.0),
            (7.8, -6.0),
            (8.6, 0.2),
            (4.6, 1.6),
            (0, 2.0),
        )
    )
    pinch = (
        (
            Fold(spline((0, -12), (0.4, -8.8), (0.2, -6.6)), 1.8, -0.7),
            Fold(spline((-4.4, -10.5), (-3.4, -7.4), (-3.8, -5.4)), 1.8, -0.55),
        )
        if dent > 0
        else ()
    )
    crown = Piece(dome, cloth, rounding=4.5, folds=pinch, drape=0.3)
    sash = both(
        joined(
            spline((0, -2.0), (4.8, -2.5), (8.05, -3.8)),
            spline((8.05, -3.8), (8.4, -1.6), (8.7, 0.4)),
            spline((8.7, 0.4), (4.6, 1.8), (0, 2.2)),
        )
    )
    brim = joined(
        spline((-wide, -0.9), (-10.4, -0.3), (-8.2, 0.4), (0, 2.0), (8.2, 0.4), (10.4, -0.3), (wide, -0.9)),
        spline((wide, -0.9), (wide * 0.8, 3.4), (0, 6.2), (-wide * 0.8, 3.4), (-wide, -0.9)),
    )
    front = Piece(
        brim,
        cloth,
        rounding=2.2,
        drape=0.2,
        marks=(
            Mark(
                spline((-wide * 0.94, 0.3), (-wide * 0.74, 3.0), (0, 5.5), (wide * 0.74, 3.0), (wide * 0.94, 0.3)),
                0.14,
                -0.22,
            ),
        ),
    )
    pieces = [under, crown, Piece(sash, ribbon, rounding=1.2, drape=0.1, cast=0.4), front]
    if not back:
        pieces.append(
            Piece(joined([(6.0, -3.0), (8.6, -4.4), (9.0, 0.6), (6.4, 1.2)]), ribbon, rounding=0.8, drape=0)
        )
    return pieces


def bucket(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A soft bucket hat with a stitched, sloping brim."""
    crown = Piece(
        both(spline((0, -11.6), (5.2, -11.2), (6.8, -9.6), (7.6, -4.0), (8.2, 0.2), (0, 1.8))),
        cloth,
        rounding=3.4,
        drape=0.6,
    )
    slope = joined(
        spline((-8.1, -1.2), (0, 0.8), (8.1, -1.2)),
        spline((8.1, -1.2), (10.6, 3.0), (12.6, 6.2)),
        spline((12.6, 6.2), (6.5, 8.6), (0, 9.2)),
    )
    full = joined(
        slope,
        mirrored(spline((12.6, 6.2), (6.5, 8.6), (0, 9.2))),
        spline((-12.6, 6.2), (-10.6, 3.0), (-8.1, -1.2)),
    )
    rows = tuple(
        Mark(
            spline((-8.6 - n, 0.6 + n * 1.3), (0, 2.6 + n * 1.5), (8.6 + n, 0.6 + n * 1.3)),
            0.1,
            -0.22,
            dashed=True,
        )
        for n in range(4)
    )
    brim = Piece(full, cloth, rounding=2.6, drape=0.5, marks=rows)
    top = Mark(spline((-6.8, -9.6), (0, -8.2), (6.8, -9.6)), 0.16, -0.28)
    hole = tuple(Mark(ellipse(s * 5.4, -5.0, 0.3, 0.3), 0.3, 0.6, (0.7, 0.7, 0.72)) for s in (-1,))
    return [replace(crown, marks=(top, *hole)), brim]
