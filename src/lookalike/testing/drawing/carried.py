"""Carried: handbags, totes and backpacks, seen from the front; (0, 0) is where the handle is held."""

from __future__ import annotations

from dataclasses import replace

from lookalike.testing.drawing.outlines import both, ellipse, joined, rounded, spline, tube
from lookalike.testing.drawing.palette import brightness, darker, mixed
from lookalike.testing.drawing.pieces import Colour, Cut, Fabric, Fold, Mark, Piece

_GOLD = Fabric("metal", (0.80, 0.66, 0.38))
_STEEL = Fabric("metal", (0.70, 0.71, 0.74))


def _thread(cloth: Fabric) -> Colour:
    return mixed(cloth.colour, (1, 1, 1), 0.4) if brightness(cloth.colour) < 0.5 else darker(cloth.colour, 0.3)


def _rings(*spots: tuple[float, float]) -> list[Piece]:
    return [
        Piece(ellipse(x, y, 1.0, 1.0), _GOLD, holes=(ellipse(x, y, 0.55, 0.55),), rounding=0.3, drape=0)
        for x, y in spots
    ]


def handbag(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A structured handbag with a flap and a clasp, a bucket bag, or a clutch on a chain."""
    wide, top, low = 15.0, 13.0, 34.0
    thread = _thread(cloth)
    side = spline(
        (wide * 0.86, top),
        (wide * 0.98, top + 6),
        (wide + 1.0, low - 4),
        (wide - 1.0, low),
        (wide * 0.5, low + 0.5),
        (0, low + 0.5),
    )
    shell = Piece(
        both(joined([(0.0, top)], side)),
        cloth,
        rounding=3.2,
        drape=0.35,
        marks=(Mark(spline((-wide, low - 1.4), (0, low - 0.9), (wide, low - 1.4)), 0.14, 0.7, thread, True),),
    )
    arc = spline((-8.5, top + 1.5), (-8.2, 5), (-4.5, 0.6), (0, -0.4), (4.5, 0.6), (8.2, 5), (8.5, top + 1.5))
    handle = Piece(tube(arc, [0.85]), cloth.plain(), rounding=0.8, drape=0)
    far = replace(handle, outline=handle.outline * (0.92, 1.0) + (0.0, -0.9), tint=0.72, behind=True)
    if "chain" in cut.extras:
        links = tuple(Mark(arc, 0.9, 0.9, (0.45, 0.35, 0.15), True) for _ in (0,))
        handle = Piece(tube(arc, [0.55]), _GOLD, rounding=0.4, drape=0, marks=links)
        far = replace(far, outline=handle.outline * (0.92, 1.0) + (0.0, -0.9), fabric=_GOLD)
    pieces = [far, shell, handle]
    if back:
        slot = Mark(joined([(-wide * 0.7, top + 7), (wide * 0.7, top + 7)]), 0.35, -0.4)
        pieces[1] = replace(shell, marks=(*shell.marks, slot))
        return [*pieces, *_rings((-8.5, top + 2), (8.5, top + 2))]
    flap_low = top + (14 if "flap" in cut.extras else 9)
    flap = both(
        joined(
            [(0.0, top - 0.6)],
            spline(
                (wide * 0.87, top - 0.6),
                (wide * 0.96, top + 4),
                (wide * 0.8, flap_low - 2.5),
                (wide * 0.4, flap_low - 0.4),
                (0, flap_low),
            ),
        )
    )
    edge = spline(
        (-wide * 0.93, top + 3),
        (-wide * 0.78, flap_low - 3),
        (-wide * 0.38, flap_low - 1.0),
        (0, flap_low - 0.6),
        (wide * 0.38, flap_low - 1.0),
        (wide * 0.78, flap_low - 3),
        (wide * 0.93, top + 3),
    )
    quilt = (
        tuple(
            Mark(joined([(x, top - 2), (x + s * 26, top + 24)]), 0.16, -0.3)
            for s in (-1, 1)
            for x in range(-42, 43, 5)
        )
        if "quilted" in cut.extras
        else ()
    )
    puffs = (
        tuple(
            Fold(joined([(x + 2.5, top - 2), (x + 2.5 + s * 26, top + 24)]), 2.0, 0.25)
            for s in (-1, 1)
            for x in range(-42, 43, 5)
        )
        if quilt
        else ()
    )
    pieces[1] = replace(shell, marks=(*shell.marks, *quilt), folds=puffs)
    pieces.append(
        Piece(
            flap,
            cloth,
            rounding=2.2,
            drape=0.25,
            marks=(*quilt, Mark(edge, 0.14, 0.7, thread, True)),
            folds=puffs,
            cast=1.2,
        )
    )
    plate = Piece(rounded(-1.6, flap_low - 2.6, 1.6, flap_low + 1.0, 0.5), _GOLD, rounding=0.6, drape=0)
    knob = Piece(ellipse(0, flap_low - 0.8, 0.6, 0.6), Fabric("metal", (0.62, 0.48, 0.24)), rounding=0.4, drape=0)
    return [*pieces, plate, knob, *_rings((-8.5, top + 1), (8.5, top + 1))]


def tote(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A big open shopper with two long handles."""
    wide, top, low = 17.0, 20.0, 54.0
    thread = _thread(cloth)
    side = spline((wide, top), (wide * 0.98, top + 14), (wide * 0.93, low - 2), (wide * 0.9, low))
    folds = tuple(
        Fold(spline((s * 13, top + 2), (s * 11, top + 14), (s * 12.5, low - 4)), 2.4, 0.5) for s in (-1, 1)
    )
    sag = (Fold(spline((-11, low - 9), (0, low - 5), (11, low - 9)), 2.2, 0.35),)
    marks = (
        Mark(joined([(-wide, top + 2.4), (wide, top + 2.4)]), 0.14, 0.7, thread, True),
        Mark(joined([(-wide, low - 1.4), (wide, low - 1.4)]), 0.16, -0.25),
    )
    shape = both(joined([(0.0, top + 0.6)], side, [(0.0, low + 0.8)]))
    main = Piece(
        shape,
        cloth.plain() if back and cloth.pattern == "print" else cloth,
        rounding=2.6,
        upright=0.5,
        folds=(*folds, *sag),
        marks=marks,
        drape=0.8,
        origin=(0.0, 20.0),
    )
    mouth = Piece(
        joined(
            spline((-wide, top), (0, top - 1.6), (wide, top)),
            spline((wide, top + 0.2), (0, top + 1.2), (-wide, top + 0.2)),
        ),
        cloth.plain(darker(cloth.colour, 0.4)),
        rounding=0.8,
        drape=0,
        behind=True,
        tint=0.8,
    )
    arc = spline((-8.0, top + 6), (-7.6, 9), (-4.0, 0.8), (0, -0.6), (4.0, 0.8), (7.6, 9), (8.0, top + 6))
    strap = cloth.plain(cloth.accent(0) if cloth.accents and cloth.pattern != "print" else None)
    handle = Piece(
        tube(arc, [1.0]),
        strap,
        rounding=0.7,
        drape=0,
        marks=tuple(
            Mark(joined([(s * 8 - 0.8, top + 3), (s * 8 + 0.8, top + 5.4)]), 0.14, 0.7, thread) for s in (-1, 1)
        ),
    )
    far = replace(handle, outline=handle.outline * (0.9, 1.0) + (0.0, -0.4), tint=0.75, behind=True)
    return [far, mouth, main, handle]


def backpack(cut: Cut, cloth: Fabric, back: bool = False) -> list[Piece]:
    """A rucksack with a front pocket, zips, a grab loop, and straps on its back."""
    wide, top, low = 14.5, 3.2, 44.0
    trim = cloth.plain(
        cloth.accent(0) if cloth.accents else darker(cloth.colour, 0.35),
        "leather" if "leather" in cut.extras else "canvas",
    )
    thread = _thread(cloth)
    loop = Piece(
        tube(spline((-3.2, top + 1), (-3.0, 0.4), (0, -0.6), (3.0, 0.4), (3.2, top + 1)), [0.7]),
        trim,
        rounding=0.6,
        drape=0,
    )
    side = spline(
        (4.0, top),
        (9.5, top + 1.4),
        (13.2, top + 6),
        (wide, top + 15),
        (wide + 0.8, low - 6),
        (wide - 0.8, low - 0.8),
        (8.0, low),
        (0, low + 0.2),
    )
    folds = (
        Fold(spline((-9, top + 12), (-2, top + 14), (7, top + 12.6)), 2.2, 0.4),
        Fold(spline((-12, low - 16), (-11, low - 10), (-12.4, low - 4)), 2.0, 0.4),
    )
    zip_top = spline(
        (-wide + 0.9, top + 22),
        (-wide + 1.5, top + 12),
        (-9, top + 4.4),
        (0, top + 2.6),
        (9, top + 4.4),
        (wide - 1.5, top + 12),
        (wide - 0.9, top + 22),
    )
    zips = (Mark(zip_top, 0.8, -0.4), Mark(zip_top, 0.36, 0.9, _STEEL.colour, True))
    shell = Piece(
        both(joined([(0.0, top)], side)), cloth, rounding=4.5, folds=folds, drape=0.7, marks=() if back else zips
    )
    webs = [
        Piece(
            tube(
                spline((s * (wide - 0.5), low - 5), (s * (wide + 2.6), low - 2), (s * (wide + 1.8), low + 3.5)),
                [0.7],
            ),
            trim,
            rounding=0.5,
            drape=0,
            behind=True,
        )
        for s in (-1, 1)
    ]
    if back:
        straps = [
            Piece(
                tube(
                    spline(
                        (s * 3.4, top + 3),
                        (s * 7.8, top + 9),
                        (s * 9.2, top + 20),
                        (s * 11.0, low - 8),
                        (s * 12.6, low - 3),
                    ),
                    [1.6, 2.3, 2.2, 1.6, 0.8],
                ),
                cloth.plain(darker(cloth.colour, 0.2), "mesh"),
                rounding=1.5,
                drape=0.2,
                marks=(Mark(spline((s * 8.4, top + 17), (s * 10.2, top + 17)), 0.6, -0.4),),
            )
            for s in (-1, 1)
        ]
        return [loop, *webs, shell, *straps]
    y = top + 23
    pouch = Piece(
        both(
            joined(
                [(0.0, y)], spline((9.6, y), (11.6, y + 2.2), (12.0, low - 6), (10.8, low - 2.4), (0, low - 2.0))
            )
        ),
        cloth,
        rounding=2.2,
        drape=0.5,
        cast=1.2,
        marks=(
            Mark(spline((-11, y + 3.2), (0, y + 2.8), (11, y + 3.2)), 0.7, -0.4),
            Mark(spline((-11, y + 3.2), (0, y + 2.8), (11, y + 3.2)), 0.34, 0.9, _STEEL.colour, True),
        ),
    )
    pull = [
        Piece(rounded(px - 0.4, py, px + 0.4, py + 3.2, 0.35), trim, rounding=0.4, drape=0)
        for px, py in ((9.4, y + 3.2), (-wide + 2.4, top + 10.5))
    ]
    patch = Piece(
        rounded(-3.4, top + 13, 3.4, top + 17.6, 0.6),
        trim,
        rounding=0.5,
        drape=0,
        marks=(
            Mark(rounded(-3.0, top + 13.4, 3.0, top + 17.2, 0.5), 0.12, 0.6, thread, True),
            Mark(
                spline((-1.6, top + 16.2), (-0.4, top + 14.6), (0.5, top + 15.8), (1.6, top + 14.4)),
                0.35,
                0.7,
                thread,
            ),
        ),
    )
    belts = []
    if "leather" in cut.extras:
        belts = [
            Piece(
                rounded(s * 6.2 - 1.0, y - 3.2, s * 6.2 + 1.0, y + 7.6, 0.5),
                trim,
                rounding=0.6,
                drape=0,
                marks=(
                    Mark(rounded(s * 6.2 - 0.7, y + 4.4, s * 6.2 + 0.7, y + 6.0, 0.2), 0.25, 0.9, _GOLD.colour),
                ),
            )
            for s in (-1, 1)
        ]
    return [loop, *webs, shell, pouch, *pull, patch, *belts]
