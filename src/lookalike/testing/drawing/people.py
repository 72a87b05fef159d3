"""People: skin, hands, faces and hair of the drawn wearers. Clothes are put on in `figures`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.bottomwear import leg_half
from lookalike.testing.drawing.outlines import Dot, both, ellipse, joined, mirrored, spline, tube
from lookalike.testing.drawing.palette import darker, mixed, rgb
from lookalike.testing.drawing.pieces import Colour, Fabric, Mark, Piece, placed

SKINS = tuple(rgb(code) for code in ("f3cfb3", "e8b795", "d6a077", "b97f56", "8f5a3a", "6a4029"))
HAIRS = tuple(rgb(code) for code in ("2b2220", "4a2f22", "7a4a2a", "b5823f", "d9b573", "9a3d22", "8d8a88"))
STYLES = ("short", "crop", "bob", "long", "bun", "afro", "ponytail", "wavy")


@dataclass(frozen=True, slots=True)
class Looks:
    """What a person looks like, clothes aside."""

    skin: Colour
    hair: Colour
    style: str


def _skin(looks: Looks) -> Fabric:
    return Fabric("skin", looks.skin)


def head_centre(body: Body) -> Dot:
    """The middle of the forehead, where hats sit."""
    return 0.0, -22.4 * body.head


def bare(body: Body, looks: Looks) -> list[Piece]:
    """Legs, arms, neck and shoulders: all that clothes go over."""
    skin = _skin(looks)
    pieces = []
    for side in (-1, 1):
        line = body.leg(side)
        widths = [leg_half(body, at) for at in np.linspace(0, 1, 12)]
        knee = body.legs[side > 0][1]
        pieces.append(
            Piece(
                tube(line, widths),
                skin,
                rounding=5,
                drape=0,
                cast=0,
                marks=(
                    Mark(
                        spline((knee[0] - 2, knee[1]), (knee[0], knee[1] + 1.4), (knee[0] + 2, knee[1])),
                        0.5,
                        -0.08,
                    ),
                ),
            )
        )
    sx, sy = body.shoulder
    n = body.neck
    sides = [(body.half(h) - 0.6, h) for h in np.linspace(sy + 14, body.crotch, 6)]
    chest = both(
        joined(
            spline((0, -14), (n * 0.92, -14), (n * 0.96, -6), (n + 2.6, -1.6), (sx - 2, sy - 0.2)),
            spline((sx - 2, sy - 0.2), (sx - 1.8, sy + 7), sides[0]),
            spline(*sides),
            [(0.0, body.crotch + 1)],
        )
    )
    bones = tuple(Mark(spline((s * 1.6, 0.8), (s * 6, -0.4), (s * 11, -0.6)), 0.5, -0.12) for s in (-1, 1))
    pieces.append(Piece(chest, skin, rounding=5, drape=0, cast=0, marks=bones))
    return [*pieces, *(_arm(body, skin, side) for side in (-1, 1))]


def _arm(body: Body, skin: Fabric, side: int) -> Piece:
    """An arm, round at the shoulder."""
    line = body.arm(side)
    axis = np.concatenate([line[:1] - (line[6:7] - line[:1]) * 0.45, line])
    half = np.array([0.8, 4.1, 4.9, 4.9, 4.8, 4.6, 4.4, 4.2, 4.0, 3.9, 3.9, 3.8, 3.5, 3.2, 2.9, 2.6]) * body.limb
    return Piece(tube(axis, list(half)), skin, rounding=4, drape=0, cast=0)


def hands(body: Body, looks: Looks) -> list[Piece]:
    """Both hands, hanging from the wrists."""
    out = []
    for side in (-1, 1):
        _, elbow, wrist = (np.asarray(dot) for dot in body.arms[side > 0])
        along = (wrist - elbow) / np.hypot(*(wrist - elbow))
        inward = np.array([-side * along[1], side * along[0]])
        size = 1.0 if body.neck > 4.6 else 0.78
        line = spline(
            tuple(wrist - along),
            tuple(wrist + along * 5 * size),
            tuple(wrist + along * 10 * size + inward * 1.6),
            tuple(wrist + along * 15 * size + inward * 2.4),
        )
        thumb = spline(
            tuple(wrist + along * 2.5 * size),
            tuple(wrist + along * 5.5 * size + inward * 3.2 * size),
            tuple(wrist + along * 9.5 * size + inward * 3.8 * size),
        )
        fingers = tuple(
            Mark(
                spline(
                    tuple(wrist + along * 9 * size + inward * (d + 1.2)),
                    tuple(wrist + along * 14 * size + inward * (d + 2.2)),
                ),
                0.2,
                -0.2,
            )
            for d in (-1.0, 0.2, 1.3)
        )
        limb = body.limb
        out.append(Piece(tube(thumb, [1.1, 1.1, 0.7]), _skin(looks), rounding=1.2, drape=0, cast=0))
        out.append(
            Piece(
                tube(line, [2.5 * limb, 3.2 * limb, 3.5 * limb, 3.0 * limb, 1.2 * limb]),
                _skin(looks),
                rounding=2,
                drape=0,
                cast=0.3,
                marks=fingers,
            )
        )
    return out


def feet(body: Body, looks: Looks) -> list[Piece]:
    """Bare feet turned outwards, for shoes that show them."""
    out = []
    for side in (-1, 1):
        x, y = body.legs[side > 0][2]
        size = 1.0 if body.neck > 4.6 else 0.76
        line = spline(
            (x, y - 3),
            (x + side * 0.6, y + 3 * size),
            (x + side * 5 * size, body.sole - 2.6),
            (x + side * 10.5 * size, body.sole - 1.7),
        )
        out.append(
            Piece(
                tube(line, [3.2 * size, 3.1 * size, 2.6 * size, 1.4 * size]),
                _skin(looks),
                rounding=2,
                drape=0,
                cast=0,
            )
        )
    return out


def face(body: Body, looks: Looks) -> list[Piece]:
    """Neck shadow, ears and face with brows, eyes, nose and mouth."""
    skin = looks.skin
    shape = both(
        spline((0, -30.4), (4.6, -29.8), (7.1, -25.6), (7.3, -19.6), (6.5, -13.6), (3.6, -9.0), (0, -7.4))
    )
    lip = mixed(skin, (0.70, 0.22, 0.25), 0.45)
    brow = mixed(looks.hair, (0.12, 0.09, 0.08), 0.4)
    marks: list[Mark] = []
    for s in (-1, 1):
        eye = (s * 3.1, -18.5)
        marks += [
            Mark(spline((s * 1.7, -20.9), (s * 3.2, -21.5), (s * 4.8, -20.8)), 0.5, 0.85, brow),
            Mark(ellipse(*eye, 0.75, 0.3), 0.6, 0.8, (0.97, 0.96, 0.95)),
            Mark(ellipse(*eye, 0.25, 0.28), 0.6, 1.0, (0.16, 0.11, 0.09)),
            Mark(spline((s * 1.9, -18.6), (s * 3.1, -19.3), (s * 4.4, -18.6)), 0.28, 0.9, darker(brow, 0.4)),
            Mark(ellipse(s * 4.4, -14.8, 0.7, 0.5), 1.5, 0.16, mixed(skin, (0.86, 0.3, 0.28), 0.6)),
        ]
    marks += [
        Mark(spline((0.5, -18.6), (0.9, -15.6), (0.2, -14.6), (-0.9, -14.9)), 0.3, -0.2),
        Mark(spline((-1.9, -12.0), (0, -11.6), (1.9, -12.0)), 0.75, 0.75, lip),
        Mark(spline((-2.1, -12.1), (0, -11.75), (2.1, -12.1)), 0.22, -0.4),
    ]
    ears = [
        Piece(ellipse(s * 7.2, -18.2, 1.2, 2.2), Fabric("skin", darker(skin, 0.08)), rounding=0.9, drape=0, cast=0)
        for s in (-1, 1)
    ]
    head = [*ears, Piece(shape, Fabric("skin", skin), rounding=6, drape=0, marks=tuple(marks), cast=1.0)]
    return placed(head, scale=(body.head, body.head))


def hair_behind(body: Body, looks: Looks) -> list[Piece]:
    """The hair that falls behind neck and shoulders."""
    cloth = Fabric("curls" if looks.style in ("afro", "wavy") else "hair", looks.hair)
    shapes = {
        "bob": spline((0, -32), (7.5, -29.5), (9.4, -20), (9.2, -11), (7.2, -8.4), (0, -8)),
        "long": spline((0, -32), (7.6, -29.5), (9.6, -19), (10.0, -6), (11.2, 6), (8.5, 12), (0, 10)),
        "wavy": spline((0, -32.4), (8.4, -30), (10.6, -20), (12.4, -9), (11.4, 0), (8.0, 4.4), (0, 4)),
        "afro": spline((0, -37), (8.4, -35.4), (13.4, -28.6), (13.6, -20), (10.4, -12.4), (4, -9), (0, -9)),
    }
    pieces = []
    if looks.style in shapes:
        pieces.append(Piece(both(shapes[looks.style]), cloth, rounding=4, drape=0.5))
    if looks.style == "ponytail":
        pieces.append(
            Piece(
                tube(spline((5, -30), (11.5, -27), (12.4, -16), (10.4, -6)), [2.2, 3.6, 3.2, 0.8]),
                cloth,
                rounding=2.5,
                drape=0.4,
            )
        )
    if looks.style == "bun":
        pieces.append(Piece(ellipse(0, -34.6, 5.0, 4.4), cloth, rounding=3, drape=0.5))
    return placed(pieces, scale=(body.head, body.head))


def hair_front(body: Body, looks: Looks, *, covered: bool) -> list[Piece]:
    """The hair around the face; under a hat only what shows at the temples."""
    cloth = Fabric("curls" if looks.style in ("afro", "wavy") else "hair", looks.hair)
    if covered:
        if looks.style in ("short", "crop"):
            return []
        lock = tube(spline((6.6, -25), (7.6, -20), (7.4, -13.5)), [0.9, 1.4, 0.5])
        return placed(
            [Piece(lock * (float(s), 1.0), cloth, rounding=1, drape=0.2) for s in (-1, 1)],
            scale=(body.head, body.head),
        )
    crown = spline((-7.6, -18.6), (-8.4, -25), (-6.6, -30.6), (0, -32.8), (6.6, -30.6), (8.4, -25), (7.6, -18.6))
    lines = {
        "short": spline((6.9, -20), (6.4, -25.0), (3.0, -26.6), (-2.4, -25.4), (-6.0, -26.4), (-6.9, -20)),
        "crop": spline((6.9, -21), (6.3, -25.6), (0, -27.4), (-6.3, -25.6), (-6.9, -21)),
        "bun": spline((6.9, -20.5), (5.6, -25.4), (0, -28.2), (-5.6, -25.4), (-6.9, -20.5)),
        "afro": spline((7.0, -20), (6.2, -25.4), (0, -27.2), (-6.2, -25.4), (-7.0, -20)),
    }
    part_line = spline((7.2, -16), (6.2, -22.4), (2.0, -27.6), (-3.4, -25.6), (-6.2, -22), (-7.2, -16))
    pieces = [Piece(joined(crown, lines.get(looks.style, part_line)), cloth, rounding=2.6, drape=0.4)]
    if looks.style in ("long", "bob", "wavy"):
        reach = {"long": 8.0, "bob": -9.0, "wavy": 0.0}[looks.style]
        lock = joined(
            spline((6.4, -27), (8.8, -22), (9.4, (reach - 20) / 2), (9.0, reach)),
            mirrored(spline((-7.4, reach), (-7.1, (reach - 22) / 2), (-7.0, -20), (-5.6, -25))),
        )
        pieces += [Piece(lock * (float(s), 1.0), cloth, rounding=1.6, drape=0.4, cast=0.6) for s in (-1, 1)]
    return placed(pieces, scale=(body.head, body.head))
