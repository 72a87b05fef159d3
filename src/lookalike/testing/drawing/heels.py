"""Heels: court shoes and sandals, seen like all footwear from the outer side."""

from __future__ import annotations

from dataclasses import replace

from lookalike.testing.drawing.outlines import Points, joined, moved, rounded, spline, tube
from lookalike.testing.drawing.pieces import Cut, Fabric, Mark, Piece


def heel(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A court shoe on a thin or a block heel, closed or with an ankle strap."""
    height = 9.0
    topline = spline((0.8, -height - 5.4), (4.0, -height - 3.6), (10.0, -height - 0.6), (15.0, -5.6), (18.4, -4.9))
    toe = spline((18.4, -4.9), (22.0, -4.0), (25.6, -2.2), (28.0, -0.7))
    below = spline(
        (28.0, -0.4),
        (20.0, -0.4),
        (15.0, -1.2),
        (9.0, -height * 0.62),
        (4.4, -height * 0.86),
        (0.4, -height * 0.9),
    )
    upper = Piece(
        joined(topline, toe, below, spline((-0.2, -height), (-0.3, -height - 2.6), (0.8, -height - 5.4))),
        cloth,
        rounding=2.2,
        drape=0.1,
    )
    inner = Piece(
        joined(
            topline,
            spline((18.4, -5.2), (14.6, -6.5), (9.6, -height - 1.8), (4.4, -height - 4.6), (1.6, -height - 5.6)),
        ),
        Fabric("leather", (0.83, 0.7, 0.55)),
        rounding=0.7,
        drape=0,
        cast=0,
    )
    if "block" in cut.extras:
        spike = joined(
            spline((-0.3, -height), (0.4, -5), (0.3, 0)),
            [(4.6, 0)],
            spline((4.6, 0), (4.9, -5), (6.0, -height * 0.8)),
        )
    else:
        spike = joined(
            spline((-0.3, -height), (0.9, -6), (1.3, 0)),
            [(2.2, 0)],
            spline((2.2, 0), (2.5, -5), (5.6, -height * 0.84)),
        )
    sole = Piece(
        tube(
            spline(
                (0.2, -height * 0.9),
                (4.6, -height * 0.84),
                (9.4, -height * 0.58),
                (15.2, -0.95),
                (20.0, -0.25),
                (27.6, -0.3),
            ),
            [0.3],
        ),
        Fabric("leather", (0.24, 0.16, 0.12)),
        rounding=0.3,
        drape=0,
        cast=0,
    )
    pieces = [inner, Piece(spike, cloth, rounding=1.2, drape=0), upper, sole]
    if "strap" in cut.extras:
        loop = spline(
            (1.0, -height - 5.6),
            (3.0, -height - 9.0),
            (8.0, -height - 9.4),
            (9.6, -height - 7.0),
            (5.0, -height - 6.4),
            (1.0, -height - 6.0),
        )
        pieces = [
            Piece(tube(loop, [0.45]), cloth, rounding=0.4, drape=0),
            *pieces,
            Piece(
                rounded(8.2, -height - 9.2, 10.0, -height - 7.2, 0.3),
                Fabric("metal", (0.8, 0.66, 0.36)),
                rounding=0.3,
                drape=0,
            ),
        ]
    return pieces


def sandal(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """An open sandal: footbed, sole and straps."""
    lift = 2.2 if "platform" in cut.extras else 0.6
    bed = joined(
        spline(
            (0.0, -2.4 - lift * 2), (7, -1.9 - lift * 1.7), (15, -1.5 - lift), (23, -1.5 - lift), (28, -2.2 - lift)
        ),
        spline((28.2, -1.0 - lift), (22, -0.4 - lift * 0.7), (10, -0.6 - lift * 0.9), (0, -1.2 - lift * 1.6)),
    )
    cork = Piece(bed, Fabric("suede", (0.74, 0.57, 0.38)), rounding=0.9, drape=0.2)
    base = joined(
        spline((-0.2, -1.4 - lift * 1.6), (10, -0.8 - lift * 0.9), (22, -0.7 - lift * 0.7), (28.3, -1.2 - lift)),
        spline((28.2, -0.4), (24, 0), (4, 0), (-0.2, -0.4)),
    )
    sole = Piece(
        base,
        Fabric("rubber", (0.24, 0.2, 0.18) if lift < 1 else (0.85, 0.76, 0.6)),
        rounding=0.9,
        drape=0,
        cast=0.5,
    )
    straps = []
    arcs: list[tuple[Points, float]] = [
        (spline((16.6, -1.6 - lift), (18.4, -6.6), (22.0, -6.4), (24.6, -1.8 - lift)), 1.4),
        (spline((9.0, -1.8 - lift), (11.4, -8.4), (15.4, -8.0), (17.6, -1.8 - lift)), 1.5),
    ]
    if "ankle" in cut.extras:
        arcs = [
            (spline((18, -1.6 - lift), (19.6, -5.8), (22.4, -5.4), (24.2, -1.8 - lift)), 0.9),
            (spline((0.6, -2.0 - lift * 2), (1.2, -7), (2.0, -12.4)), 1.0),
            (spline((1.4, -12.4), (5.4, -14.4), (10.6, -13.0), (10.8, -11.2), (5.6, -11.0), (1.6, -11.8)), 0.75),
            (spline((9.8, -12.2), (14, -8), (20, -5.4)), 0.7),
        ]
    for line, half in arcs:
        straps.append(
            Piece(
                tube(line, [half]),
                cloth,
                rounding=0.9,
                relief=0.6,
                drape=0.1,
                marks=(Mark(tube(line, [half - 0.3]), 0.12, -0.2, dashed=True),),
            )
        )
    gold = Fabric("metal", (0.78, 0.66, 0.42))
    for x, y in ((20.2, -5.6), (13.2, -7.0)) if "ankle" not in cut.extras else ((9.8, -12.2),):
        straps.append(
            Piece(
                rounded(x - 1.1, y - 1.2, x + 1.1, y + 1.2, 0.3),
                gold,
                rounding=0.4,
                drape=0,
                holes=(rounded(x - 0.6, y - 0.7, x + 0.6, y + 0.7, 0.2),),
            )
        )
    far = [replace(piece, tint=0.72, cast=0) for piece in straps[: len(arcs)]]
    shifted = [replace(piece, outline=moved(piece.outline, shift=(1.6, 0.2)), marks=()) for piece in far]
    return [*shifted, sole, cork, *straps]
