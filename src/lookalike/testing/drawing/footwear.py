"""Footwear: one shoe seen from its outer side, toe to the right, standing on y = 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lookalike.testing.drawing.outlines import ellipse, joined, moved, part, rounded, spline, tube
from lookalike.testing.drawing.palette import brightness, darker, mixed
from lookalike.testing.drawing.pieces import Colour, Cut, Fabric, Fold, Mark, Piece

_WHITE = (0.93, 0.925, 0.9)


def _sole(
    fabric: Fabric, *, thick: float = 2.8, length: float = 28.3, spring: float = 0.9, heel: float = 0.0
) -> Piece:
    top = spline(
        (-0.4, -thick - 0.8 - heel),
        (6, -thick - 0.1 - heel * 0.6),
        (14, -thick + 0.2),
        (22, -thick),
        (length - 0.6, -thick - 0.9),
    )
    low = spline(
        (length, -spring - 0.8),
        (length - 1.6, -spring * 0.5),
        (length - 6, 0.0),
        (6, 0.0),
        (0.8, -0.1),
        (-0.5, -0.9),
    )
    grooves = tuple(Mark(joined([(x, -0.1), (x, -0.7)]), 0.25, -0.4) for x in np.arange(1.0, length - 2, 1.0))
    line = Mark(moved(top, shift=(0.0, thick * 0.45)), 0.2, -0.22)
    return Piece(joined(top, low), fabric, rounding=1.1, drape=0, marks=(*grooves, line), cast=0.6)


def _laces(
    start: tuple[float, float], end: tuple[float, float], count: int, colour: Colour, *, wide: float = 2.0
) -> list[Piece]:
    out = []
    slope = np.arctan2(end[1] - start[1], end[0] - start[0])
    for at in np.linspace(0, 1, count):
        x, y = start[0] + (end[0] - start[0]) * at, start[1] + (end[1] - start[1]) * at
        across = slope + np.pi / 2 + 0.25
        dx, dy = np.cos(across) * wide / 2, np.sin(across) * wide / 2
        out.append(
            Piece(
                tube(spline((x - dx, y - dy), (x + 0.25, y - 0.25), (x + dx, y + dy)), [0.36]),
                Fabric("canvas", colour),
                rounding=0.3,
                drape=0,
            )
        )
    return out


def sneaker(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A lace-up trainer, low or high, with a rubber sole."""
    rise = 6.5 if "high" in cut.extras else 0.0
    runner = "runner" in cut.extras
    sole = cloth.plain(_WHITE if brightness(cloth.colour) < 0.85 or runner else (0.86, 0.82, 0.74), "rubber")
    trim = cloth.plain(
        cloth.accent(0) if cloth.accents else darker(cloth.colour, 0.25),
        "leather" if cloth.weave == "leather" else cloth.weave,
    )
    collar = spline((0.6, -9.6 - rise), (3.0, -10.2 - rise), (6.4, -8.8 - rise * 0.85), (9.6, -10.2 - rise))
    vamp = spline(
        (9.6, -10.2 - rise),
        (12.4, -12.0 - rise * 0.9),
        (14.0, -10.6 - rise * 0.6),
        (18.0, -7.9),
        (23.0, -6.0),
        (26.6, -4.8),
        (27.9, -2.6),
    )
    heel = spline((-0.1, -2.6), (-0.3, -6.0), (0.6, -9.6 - rise))
    crease = (
        Fold(spline((19.2, -7.0), (19.8, -4.8), (18.6, -3.4)), 1.0, 0.25),
        Fold(spline((21.2, -6.2), (21.6, -4.6), (20.8, -3.4)), 1.0, 0.22),
    )
    upper = Piece(
        joined(collar, vamp, [(27.9, -2.4), (-0.1, -2.4)], heel), cloth, rounding=3.6, folds=crease, drape=0.15
    )
    tongue = Piece(
        joined(
            spline((8.8, -10.0 - rise), (10.6, -13.4 - rise), (13.4, -13.6 - rise), (14.4, -10.4 - rise * 0.6)),
            [(12, -8)],
        ),
        cloth.plain(darker(cloth.colour, 0.08)),
        rounding=1.4,
        drape=0.1,
    )
    lining = Piece(
        joined(collar, spline((9.6, -9.9 - rise), (6.0, -7.4 - rise * 0.9), (1.2, -9.0 - rise))),
        cloth.plain(darker(cloth.colour, 0.3), "fleece"),
        rounding=0.8,
        drape=0,
        cast=0.4,
    )
    counter = Piece(
        joined(
            spline((0.5, -8.8 - rise), (3.0, -8.2 - rise), (4.6, -5.4), (5.4, -2.4)),
            spline((-0.1, -2.4), (-0.2, -6.0), (0.5, -8.8 - rise)),
        ),
        trim,
        rounding=1.6,
        drape=0,
        marks=(Mark(spline((3.0, -7.6 - rise), (4.2, -5.2), (5.0, -2.6)), 0.14, 0.35, dashed=True),),
    )
    toe_colour = sole if "cap" in cut.extras else trim
    toe = Piece(
        joined(
            spline((21.6, -2.4), (21.9, -4.6), (23.4, -5.95)), spline((23.4, -5.95), (26.6, -4.8), (27.9, -2.4))
        ),
        toe_colour,
        rounding=1.8,
        drape=0,
        marks=(Mark(spline((22.2, -2.6), (22.5, -4.5), (23.9, -5.6)), 0.14, -0.25, dashed=True),),
    )
    stay = Piece(
        joined(
            spline((9.2, -9.2 - rise), (12.0, -10.6 - rise * 0.8), (15.2, -8.9), (19.4, -6.9)),
            spline((19.0, -4.9), (14.5, -6.6), (11.2, -6.9 - rise * 0.5), (9.0, -7.2 - rise * 0.8)),
        ),
        trim,
        rounding=1.0,
        drape=0,
        cast=0.7,
    )
    lace = _WHITE if brightness(cloth.colour) < 0.8 else darker(cloth.colour, 0.1)
    laces = _laces((11.2, -10.9 - rise), (18.2, -7.2), 4 if not rise else 6, lace)
    badge = cloth.accent(1) if len(cloth.accents) > 1 else sole.colour
    wave = Piece(
        tube(spline((6.6, -3.0), (9.4, -4.0), (12.2, -5.6), (16.4, -3.2)), [0.2, 0.7, 0.8, 0.2]),
        cloth.plain(badge, "leather"),
        rounding=0.5,
        drape=0,
        cast=0.3,
    )
    eyelets = [
        Piece(ellipse(x, y, 0.25, 0.25), Fabric("metal", (0.7, 0.7, 0.72)), rounding=0.2, drape=0, cast=0)
        for x, y in zip(np.linspace(11.4, 18.4, 4), np.linspace(-8.8 - rise * 0.5, -5.6, 4), strict=True)
    ]
    base = _sole(sole, thick=3.4 if runner else 2.8)
    if runner:
        foam = part(spline((0.2, -2.2), (9, -1.4), (18, -2.2), (27.4, -1.7)), 0, 1)
        base = replace(base, marks=(*base.marks, Mark(foam, 0.7, 0.95, cloth.accent(0))))
    return [tongue, upper, lining, counter, toe, stay, *([] if back else [wave]), *eyelets, *laces, base]


def boot(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """An ankle, lace-up, rubber or knee-high boot."""
    tall = 32.0 if "tall" in cut.extras else 25.0 if "rain" in cut.extras else 18.5
    heel = 2.6 if "heeled" in cut.extras else 0.8
    front = spline(
        (10.8 + (1.2 if tall > 20 else 0), -tall),
        (11.0, -tall * 0.66),
        (12.0, -11.2),
        (16.5, -8.0),
        (23.0, -6.0),
        (27.0, -4.6),
        (28.2, -2.2),
    )
    rear = spline(
        (-0.2, -2.2),
        (0.0, -6.0),
        (0.8, -11.0),
        (0.2 - (0.8 if tall > 20 else 0), -tall * 0.7),
        (-0.2 - (1.2 if tall > 20 else 0), -tall),
    )
    folds = tuple(
        Fold(spline((1.0, -y), (5.5, -y + 1.4), (11.0, -y + 0.2)), 1.3, 0.36)
        for y in ((9.4, 12.0) if "rain" not in cut.extras else (10.5,))
    )
    upper = Piece(joined(front, [(28.2, -1.8), (-0.2, -1.8)], rear), cloth, rounding=4.0, folds=folds, drape=0.2)
    mouth = Piece(
        joined(
            spline(
                (-0.2 - (1.2 if tall > 20 else 0), -tall),
                (5, -tall - 1.1),
                (10.8 + (1.2 if tall > 20 else 0), -tall),
            ),
            spline((10.6, -tall + 0.2), (5, -tall + 1.0), (0, -tall + 0.2)),
        ),
        cloth.plain(darker(cloth.colour, 0.55)),
        rounding=0.5,
        drape=0,
        cast=0,
    )
    sole_colour = (0.16, 0.13, 0.12) if "rain" not in cut.extras else mixed(cloth.colour, (1, 1, 1), 0.75)
    base = _sole(Fabric("rubber", sole_colour), thick=1.9 + heel * 0.2, heel=heel * 0.7, length=28.6)
    block = Piece(
        joined([(-0.3, -2.6 - heel), (7.4, -2.2), (7.0, 0), (0.0, 0)]),
        Fabric("rubber", darker(sole_colour, 0.2)),
        rounding=0.8,
        drape=0,
    )
    pieces = [mouth, upper]
    if "chelsea" in cut.extras:
        gusset = Piece(
            joined(
                spline((3.6, -tall + 0.3), (5.6, -tall + 0.5), (8.0, -tall + 0.3)),
                spline((8.0, -tall + 0.3), (7.6, -11), (6.4, -8.6), (4.6, -11), (3.6, -tall + 0.3)),
            ),
            Fabric("rib", darker(cloth.colour, 0.35)),
            rounding=0.8,
            drape=0,
            cast=0.4,
        )
        tab = Piece(
            rounded(-0.6, -tall - 2.0, 1.6, -tall + 1.6, 0.4),
            Fabric("canvas", darker(cloth.colour, 0.3)),
            rounding=0.4,
            drape=0,
        )
        pieces = [tab, *pieces, gusset]
    if "laced" in cut.extras:
        flap = Piece(
            joined(
                spline((8.0, -tall), (8.6, -12.5), (12.4, -8.2), (17.6, -5.4)),
                spline((19.4, -7.0), (13.0, -10.4), (11.2, -14), (11.0, -tall)),
            ),
            cloth.plain(darker(cloth.colour, 0.12)),
            rounding=0.9,
            drape=0,
            cast=0.7,
        )
        lace = (0.78, 0.62, 0.4) if brightness(cloth.colour) < 0.6 else (0.3, 0.22, 0.16)
        pieces += [
            flap,
            *_laces((10.6, -tall + 1.2), (11.2, -12.2), 4, lace, wide=2.4),
            *_laces((12.6, -10.3), (17.2, -7.4), 3, lace, wide=2.4),
        ]
    if "tall" in cut.extras:
        pieces[-1] = replace(pieces[-1], marks=(Mark(spline((5.2, -tall), (5.4, -16), (4.0, -3)), 0.16, -0.3),))
    seam = Mark(spline((0, -5.4), (5.5, -6.6), (9.0, -2.2)), 0.16, -0.28)
    pieces = [
        replace(piece, marks=(*piece.marks, seam)) if piece.outline is upper.outline else piece for piece in pieces
    ]
    return [*pieces, block, base]


def loafer(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A slip-on loafer, or a flat ballerina."""
    flat = "ballerina" in cut.extras
    top = 6.0 if flat else 8.4
    topline = spline(
        (0.4, -top - 0.6),
        (3.5, -top + 0.6),
        (9.0, -top + 1.8),
        (13.4, -top + 1.2),
        (16.4, -6.6 if not flat else -4.6),
    )
    toe = spline(
        (16.4, -6.6 if not flat else -4.6),
        (21.5, -5.8 if not flat else -4.2),
        (26.0, -4.2 if not flat else -3.0),
        (27.8, -1.6),
    )
    upper = Piece(
        joined(topline, toe, [(27.8, -1.2), (-0.1, -1.2)], spline((-0.1, -1.2), (-0.3, -4.4), (0.4, -top - 0.6))),
        cloth,
        rounding=2.8,
        drape=0.15,
    )
    inner = Piece(
        joined(
            topline,
            spline((16.2, -6.9 if not flat else -5.2), (10, -top - 0.4), (4, -top - 0.9), (1.0, -top - 0.9)),
        ),
        Fabric("leather", (0.8, 0.66, 0.5)),
        rounding=0.6,
        drape=0,
        cast=0,
    )
    base = _sole(
        Fabric("rubber", (0.22, 0.15, 0.11)), thick=1.3, length=28.2, heel=0.3 if flat else 1.0, spring=0.4
    )
    if flat:
        bow = [
            Piece(
                joined(
                    spline(
                        (23.0, -4.4),
                        (21.4 if s < 0 else 24.6, -6.0),
                        (20.8 if s < 0 else 25.2, -4.2),
                        (23.0, -4.0),
                    )
                ),
                cloth,
                rounding=0.6,
                drape=0,
            )
            for s in (-1, 1)
        ]
        return [inner, upper, base, *bow]
    apron = Mark(spline((15.8, -5.0), (20.0, -4.9), (24.2, -4.0), (25.2, -3.0)), 0.32, -0.35)
    saddle = Piece(
        joined(spline((13.2, -7.4), (16.0, -7.0), (18.6, -6.5)), spline((19.4, -1.4), (16.4, -1.6), (13.4, -1.4))),
        cloth.plain(darker(cloth.colour, 0.1)),
        rounding=1.0,
        drape=0,
        marks=(Mark(joined([(14.6, -5.2), (17.8, -4.8)]), 0.55, -0.6),),
        cast=0.8,
    )
    bar = Piece(
        tube(spline((14.4, -4.4), (16.2, -4.7), (18.2, -4.2)), [0.3]),
        Fabric("metal", (0.8, 0.66, 0.38)),
        rounding=0.3,
        drape=0,
    )
    return [
        inner,
        replace(upper, marks=(apron,)),
        saddle,
        *([bar] if "bar" in cut.extras and not back else []),
        base,
    ]


def pair(shoe: list[Piece]) -> list[Piece]:
    """The shoe with its fellow standing a little behind it."""
    left, top = 5.6, -4.6
    fellow = [
        replace(
            piece,
            outline=moved(piece.outline, shift=(left, top), scale=(0.97, 0.97)),
            tint=piece.tint * 0.97,
            folds=(),
            marks=tuple(
                replace(mark, line=moved(mark.line, shift=(left, top), scale=(0.97, 0.97))) for mark in piece.marks
            ),
            origin=(left, top),
        )
        for piece in shoe
    ]
    return [*fellow, *shoe]
