"""Tailoring: the parts that all tops share: front and back, sleeves, neck openings and their folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.outlines import Points, joined, mirrored, part, rounded, spline, tube
from lookalike.testing.drawing.palette import darker
from lookalike.testing.drawing.pieces import Cut, Fabric, Fold, Mark, Piece

NECKLINES = {  # half-width and depth
    "crew": (1.9, 3.2),
    "v": (2.2, 15.0),
    "deep v": (2.6, 22.0),
    "scoop": (4.2, 9.5),
    "boat": (6.8, 1.2),
    "square": (5.5, 9.0),
    "high": (0.6, -1.0),
    "collar": (1.4, 5.0),
}


def neck_line(body: Body, neckline: str, *, back: bool = False) -> Points:
    """The edge of the neck opening, from its left shoulder point to its right one."""
    wide, deep = NECKLINES[neckline]
    x, y = body.neck + wide, -2.6 + wide * 0.32
    if back:
        deep = min(deep, -0.2)
    if neckline in ("v", "deep v") and not back:
        half = spline((0, deep), (x * 0.52, deep * 0.47), (x * 0.94, y + 2), (x, y))
        return joined(mirrored(half), half)
    if neckline == "square" and not back:
        half = joined([(0, deep)], spline((x * 0.86, deep - 0.2), (x * 0.97, deep * 0.4), (x, y)))
        return joined(mirrored(half), half)
    return spline(
        (-x, y), (-x * 0.86, y + (deep - y) * 0.58), (0, deep), (x * 0.86, y + (deep - y) * 0.58), (x, y), steps=14
    )


def hem_height(body: Body, cut: Cut) -> float:
    """Where a top ends: at the hip, or as much lower as its cut says."""
    return body.hip + 3 + cut.length


def side_at(body: Body, cut: Cut, height: float, low: float) -> float:
    """Half the width of a top there: slim ones follow the waist, loose ones fall straight past it."""
    widest = max(body.half(h) for h in np.linspace(body.shoulder[1] + 14, low, 8))
    straight = min(1.0, max(0.0, cut.ease) / 4.5)
    own = body.half(height)
    return own + (widest - own) * straight + cut.ease


def torso(
    body: Body, cut: Cut, cloth: Fabric, *, back: bool = False, hem: float | None = None, drop: float = 0.0
) -> Piece:
    """The front or back of a top, with its folds, from the shoulders to the hem."""
    low = hem_height(body, cut) if hem is None else hem
    sx, sy = body.shoulder
    ease, droop = cut.ease, drop + max(0.0, cut.ease - 3) * 0.5
    pit = sy + 13.5 * body.limb + ease * 0.6
    opening = neck_line(body, cut.neckline, back=back)
    x, y = opening[-1]
    sleeveless = cut.sleeve <= 0
    tip = (x + (sx - x) * 0.62, sy - 1.9) if sleeveless else (sx + droop, sy + droop * 0.35)
    flare = cut.flare
    side = [(side_at(body, cut, h, low) + flare * (h - pit) / (low - pit), h) for h in np.linspace(pit, low, 6)]
    armhole = spline(tip, (tip[0] - 1.9, tip[1] + (pit - tip[1]) * 0.45), (side[0][0] - 1.7, pit - 2.6), side[0])
    right = joined(
        [(float(x), float(y)), tip],
        armhole,
        spline(*side),
        spline(side[-1], (side[-1][0] * 0.6, low + 0.9), (0, low + 1.2)),
    )
    outline = joined(opening, right, mirrored(right))
    return Piece(
        outline, cloth, rounding=8.5, upright=0.3, folds=_torso_folds(body, cut, pit, low, cloth.seed), cast=0.5
    )


def _torso_folds(body: Body, cut: Cut, pit: float, low: float, seed: int) -> tuple[Fold, ...]:
    random = np.random.default_rng(seed + 5)
    loose = min(1.0, 0.35 + cut.ease * 0.14)
    folds = []
    for side in (-1, 1):
        w = body.half(pit) + cut.ease
        for number in range(3):
            start = (side * (w - 1 - number * 1.2), pit - 2 + number * 2.8)
            bend = (side * (w * 0.66 - number), pit + 5 + number * 6 + random.uniform(-1, 1))
            end = (side * (w * 0.30 + random.uniform(-1, 2)), pit + 13 + number * 8 + random.uniform(-2, 2))
            folds.append(Fold(spline(start, bend, end), 2.2, (0.62 - 0.14 * number) * loose))
        hang = body.half(low) + cut.ease + cut.flare
        for number in range(3 if cut.flare < 6 else 5):
            x = side * hang * (0.22 + 0.25 * number + random.uniform(-0.05, 0.05))
            top = low - (low - pit) * random.uniform(0.25, 0.5)
            folds.append(
                Fold(spline((x * 0.86, top), (x * 0.95, (top + low) / 2), (x, low + 1)), 2.6, 0.6 * loose)
            )
        waist = body.waist
        folds.append(
            Fold(
                spline(
                    (side * (body.half(waist) + cut.ease), waist - 2),
                    (side * w * 0.6, waist + 1),
                    (side * w * 0.25, waist - 1),
                ),
                1.8,
                0.4 * loose,
            )
        )
    return tuple(folds)


def sleeve(
    body: Body, cut: Cut, cloth: Fabric, side: int, *, width: float = 0.0, cuff: Fabric | None = None
) -> list[Piece]:
    """A sleeve along an arm, as long as the cut says, with an optional cuff."""
    if cut.sleeve <= 0:
        return []
    arm = body.arm(side)
    line = part(arm, 0.0, min(1.0, cut.sleeve))
    angle = float(np.arctan2(line[-1, 1] - line[0, 1], line[-1, 0] - line[0, 0]) - np.pi / 2)
    wide = cut.ease * 0.55 + width
    shoulder, middle, end = (body.limb * w + wide * s for w, s in ((6.2, 0.8), (4.9, 0.9), (3.8, 0.8)))
    reach = min(1.0, cut.sleeve)
    last = (
        middle + (end - middle) * max(0.0, reach * 2 - 1)
        if reach > 0.5
        else shoulder + (middle - shoulder) * reach * 2
    )
    widths = [shoulder, shoulder * 0.99, (shoulder + last) / 2, last]
    if reach >= 0.5:
        widths = [shoulder, shoulder * 0.95, middle * 1.04, (middle + last) / 2, last]
    outline = _sleeve_shape(body, line, widths, side, cut)
    long = reach > 0.6
    folds = _sleeve_folds(line, widths, side, cloth.seed, long)
    whole = Piece(
        outline,
        cloth,
        rounding=4.0,
        relief=0.85,
        folds=folds,
        origin=(float(line[0, 0]), 3.0),
        angle=angle,
        drape=0.8,
    )
    if cuff is None:
        across = _across(arm, reach - 0.03, last)
        return [replace(whole, marks=(Mark(across, 0.2, -0.18),))]
    band = part(arm, max(0.0, reach - 0.07), reach)
    ring = tube(band, [last * 1.0, last * 0.82, last * 0.86])
    return [
        whole,
        Piece(
            ring,
            cuff,
            rounding=3.0,
            drape=0.1,
            angle=angle,
            origin=(float(band[0, 0]), float(band[0, 1])),
            cast=0.6,
        ),
    ]


def _sleeve_shape(body: Body, line: Points, widths: list[float], side: int, cut: Cut) -> Points:
    """The tube along the arm, its upper edge led in to the shoulder and its lower one to the armpit."""
    ring = tube(line, widths)
    half = len(line)
    one, other = ring[:half], ring[half:][::-1]
    outer, inner = (other, one) if side > 0 else (one, other)
    first = max(2, round(half * 0.14 / max(cut.sleeve, 0.2)))
    sx, sy = body.shoulder
    droop = max(0.0, cut.ease - 3) * 0.5
    tip, deep = (side * (sx - 1.2 + droop), sy - 0.2), (side * (sx - 6), sy + 12)
    bulge = (outer[first] + tip) / 2 + (side * 0.5, -0.4)
    cap = spline(tip, tuple(bulge), tuple(outer[first]), tuple(outer[first + 3]))
    return joined([deep], cap, outer[first + 3 :], inner[::-1][: half - first // 2])


def _across(line: Points, at: float, half: float) -> Points:
    """A short line across a limb."""
    a, b = part(line, at, at + 0.02, dots=2)
    step = (b - a) / max(float(np.hypot(*(b - a))), 1e-6)
    out = np.array([-step[1], step[0]]) * half
    return np.stack([a - out, a + step * 0.3, a + out])


def _sleeve_folds(line: Points, widths: list[float], side: int, seed: int, long: bool) -> tuple[Fold, ...]:
    random = np.random.default_rng(seed + 11 + side)
    folds = []
    spots = (0.30, 0.44, 0.52, 0.60, 0.80, 0.88) if long else (0.45, 0.75)
    for spot in spots:
        reach = float(np.interp(spot, np.linspace(0, 1, len(widths)), widths))
        tilt = random.uniform(0.25, 0.6) * (-1) ** random.integers(0, 2)
        cross = _across(line, spot, reach * 0.95)
        cross[0, 1] -= tilt * reach
        cross[-1, 1] += tilt * reach
        share = sorted(random.uniform(0, 1, 2))
        folds.append(Fold(part(spline(*map(tuple, cross)), share[0] * 0.3, 0.55 + share[1] * 0.45), 1.5, 0.45))
    return tuple(folds)


def inside_back(body: Body, cut: Cut, cloth: Fabric) -> list[Piece]:
    """What is seen through the neck opening: the inside of the back, and the label."""
    front, back = neck_line(body, cut.neckline), neck_line(body, cut.neckline, back=True)
    inner = Piece(
        joined(back, front[::-1]),
        cloth.plain(darker(cloth.colour, 0.12)),
        rounding=2.5,
        tint=0.74,
        behind=True,
        drape=0.2,
        cast=0,
    )
    if NECKLINES[cut.neckline][1] < 3:
        return [inner]
    y = float(back[:, 1].max())
    label = Piece(
        rounded(-1.6, y + 0.9, 1.6, y + 2.5, 0.2),
        cloth.plain((0.93, 0.92, 0.9), "ink"),
        behind=True,
        tint=0.9,
        rounding=0.3,
        cast=0.3,
    )
    return [inner, label]


def band(line: Points, cloth: Fabric, width: float, *, weave: str = "rib") -> Piece:
    """A strip of trim along an edge."""
    return Piece(
        tube(part(line, 0, 1, dots=60), [width / 2]),
        cloth.plain(weave=weave),
        rounding=width * 0.8,
        drape=0,
        cast=0.4,
        relief=0.8,
    )


def hem_stitch(piece: Piece, body: Body, cut: Cut, low: float, *, rise: float = 2.0) -> Piece:
    """The piece with the double stitch above its hem."""
    w = body.half(low) + cut.ease + cut.flare
    lines = [spline((-w, low - r), (0, low + 1.2 - r), (w, low - r)) for r in (rise, rise + 0.5)]
    return replace(piece, marks=(*piece.marks, *(Mark(line, 0.12, -0.2) for line in lines)))
