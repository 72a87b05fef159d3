"""Patterns: the colour of every spot of a cloth, from its place on the cloth in centimetres."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from lookalike.testing.drawing.motifs import MOTIF_SIZE, motif
from lookalike.testing.drawing.palette import darker, lighter
from lookalike.testing.drawing.pieces import Colour, Fabric
from lookalike.testing.drawing.weaves import Field, noise

Rgb: TypeAlias = npt.NDArray[np.floating[Any]]  # (height, width, 3), 0..1

_TILE_DOTS = 26  # pixels of a drawn tile per centimetre of cloth


def _flat(like: Field, colour: Colour) -> Rgb:
    return np.broadcast_to(np.asarray(colour, np.float32), (*like.shape, 3)).copy()


def _blend(under: Rgb, colour: Colour, share: Field) -> Rgb:
    mixed: Rgb = under + (np.asarray(colour, np.float32) - under) * share[..., None]
    return mixed


def _band(place: Field, period: float, width: float, *, soft: float = 0.06) -> Field:
    """1 inside a stripe of that width around 0, repeated; the edge is soft over `soft` centimetres."""
    away: Field = np.abs((place + period / 2) % period - period / 2)
    inside: Field = np.clip((width / 2 - away) / soft + 0.5, 0, 1)
    return inside


def _plain(u: Field, v: Field, cloth: Fabric) -> Rgb:
    return _flat(u, cloth.colour)


def _striped(u: Field, v: Field, cloth: Fabric) -> Rgb:
    width = (1.7, 2.6, 1.1, 4.2)[cloth.seed % 4]
    striped = _blend(_flat(u, cloth.colour), cloth.accent(0), _band(v, width * 2.1, width))
    return (
        _blend(striped, cloth.accent(1), _band(v + width, width * 4.2, width * 0.3))
        if len(cloth.accents) > 1
        else striped
    )


def _pinstriped(u: Field, v: Field, cloth: Fabric) -> Rgb:
    return _blend(_flat(u, cloth.colour), cloth.accent(0), _band(u, (2.2, 3.1)[cloth.seed % 2], 0.42))


def _checked(u: Field, v: Field, cloth: Fabric) -> Rgb:
    period = (9.0, 7.0, 11.0)[cloth.seed % 3]
    check = _flat(u, cloth.colour)
    for along in (u, v):
        check = _blend(check, darker(cloth.colour, 0.4), 0.55 * _band(along, period, period * 0.42))
        check = _blend(check, cloth.accent(0), 0.6 * _band(along + period / 2, period, period * 0.2))
        check = _blend(check, cloth.accent(1), 0.75 * _band(along + period * 0.08, period, 0.45))
    return check


def _gingham(u: Field, v: Field, cloth: Fabric) -> Rgb:
    period = (2.8, 2.0)[cloth.seed % 2]
    check = _flat(u, cloth.accent(0))
    for along in (u, v):
        check = _blend(check, cloth.colour, 0.55 * _band(along, period, period / 2))
    return check


def _dotted(u: Field, v: Field, cloth: Fabric) -> Rgb:
    gap = (3.2, 2.3, 4.6)[cloth.seed % 3]
    row = np.floor(v / gap)
    x = (u + row % 2 * gap / 2) % gap - gap / 2
    y = v % gap - gap / 2
    spot = np.clip((gap * 0.23 - np.hypot(x, y)) / 0.08 + 0.5, 0, 1).astype(np.float32)
    return _blend(_flat(u, cloth.colour), cloth.accent(0), spot)


def _camouflage(u: Field, v: Field, cloth: Fabric) -> Rgb:
    camouflage = _flat(u, cloth.colour)
    shades = (darker(cloth.colour, 0.45), lighter(cloth.colour, 0.32), darker(cloth.colour, 0.72))
    for number, shade in enumerate(shades):
        blobs = noise(u / 5.5, v / 4.2, cloth.seed + number) + 0.45 * noise(
            u / 2.1, v / 1.8, cloth.seed + 9 + number
        )
        camouflage = _blend(camouflage, shade, np.clip((blobs - 0.28 - 0.06 * number) / 0.04, 0, 1))
    return camouflage


def _colour_block(u: Field, v: Field, cloth: Fabric) -> Rgb:
    block = _blend(_flat(u, cloth.colour), cloth.accent(0), np.clip((v - 27) / 0.1, 0, 1))
    return (
        _blend(block, cloth.accent(1), np.clip((3.4 - np.abs(v - 27)) / 0.1, 0, 1))
        if len(cloth.accents) > 1
        else block
    )


def _tie_dye(u: Field, v: Field, cloth: Fabric) -> Rgb:
    swirl = np.hypot(u, v - 20) / 7 + np.arctan2(v - 20, u) / np.pi + 0.5 * noise(u / 4, v / 4, cloth.seed)
    return _blend(
        _flat(u, cloth.colour), cloth.accent(0), (0.5 + 0.5 * np.sin(swirl * np.pi * 2)).astype(np.float32)
    )


def _flower(
    draw: ImageDraw.ImageDraw, x: float, y: float, size: float, turn: float, ink: list[tuple[int, int, int]]
) -> None:
    for petal in range(5):
        angle = turn + petal * 2 * np.pi / 5
        px, py, r = x + np.cos(angle) * size * 0.55, y + np.sin(angle) * size * 0.55, size * 0.44
        draw.ellipse((px - r, py - r, px + r, py + r), fill=ink[0])
        draw.ellipse((px - r * 0.45, py - r * 0.45, px + r * 0.45, py + r * 0.45), fill=ink[1])
    draw.ellipse((x - size * 0.25, y - size * 0.25, x + size * 0.25, y + size * 0.25), fill=ink[2])


def _leaf(
    draw: ImageDraw.ImageDraw, x: float, y: float, size: float, turn: float, ink: tuple[int, int, int]
) -> None:
    t = np.linspace(0, 1, 12)
    side = np.sin(np.pi * t) * size * 0.26
    along = np.concatenate([t * size, t[::-1] * size])
    across = np.concatenate([side, -side[::-1]])
    xs, ys = x + along * np.cos(turn) - across * np.sin(turn), y + along * np.sin(turn) + across * np.cos(turn)
    draw.polygon(list(zip(xs.tolist(), ys.tolist(), strict=True)), fill=ink)


def _ink(colour: Colour) -> tuple[int, int, int]:
    return round(colour[0] * 255), round(colour[1] * 255), round(colour[2] * 255)


@lru_cache(maxsize=32)
def _tile(cloth: Fabric) -> Rgb:
    """One repeat of a scattered pattern, drawn twice as large and made smaller for smooth edges."""
    side_cm = 17 if cloth.pattern == "floral" else 10
    side = side_cm * _TILE_DOTS * 2
    image = Image.new("RGB", (side, side), _ink(cloth.colour))
    draw = ImageDraw.Draw(image)
    random = np.random.default_rng(cloth.seed)
    cells = 5 if cloth.pattern == "floral" else 7
    for row in range(cells):
        for column in range(cells):
            jx, jy, turn, size = (
                random.uniform(0.2, 0.8),
                random.uniform(0.2, 0.8),
                random.uniform(0, 6.3),
                random.uniform(0.7, 1.25),
            )
            kind = int(random.integers(0, 10))
            for dx in (-side, 0, side):  # what sticks out on one side comes back in on the other
                for dy in (-side, 0, side):
                    x, y = (column + jx) * side / cells + dx, (row + jy) * side / cells + dy
                    _scatter(draw, cloth, x, y, turn, size * side / cells, kind)
    small = image.resize((side // 2, side // 2), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 255


def _scatter(
    draw: ImageDraw.ImageDraw, cloth: Fabric, x: float, y: float, turn: float, size: float, kind: int
) -> None:
    first, second = cloth.accent(0), cloth.accent(1)
    if cloth.pattern == "leopard":
        r = size * 0.3
        for start in (0, 130, 250):
            begin = start + turn * 57
            draw.arc(
                (x - r, y - r * 0.8, x + r, y + r * 0.8),
                begin,
                begin + 85,
                fill=_ink(first),
                width=max(2, round(size * 0.17)),
            )
        draw.ellipse((x - r * 0.5, y - r * 0.4, x + r * 0.5, y + r * 0.4), fill=_ink(second))
        return
    leaf = _ink(cloth.accent(2))
    for offset in (0.6, 2.6):
        _leaf(draw, x, y, size * 0.62, turn + offset, leaf)
    if kind < 7:
        petals = first if kind < 4 else second
        _flower(
            draw, x, y, size * 0.36, turn, [_ink(petals), _ink(lighter(petals, 0.35)), _ink(darker(first, 0.5))]
        )
    else:
        r = size * 0.1
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_ink(second))


def _tiled(u: Field, v: Field, cloth: Fabric) -> Rgb:
    tile = _tile(cloth)
    side = len(tile)
    return tile[(v * _TILE_DOTS).astype(np.int32) % side, (u * _TILE_DOTS).astype(np.int32) % side].copy()


def _print(u: Field, v: Field, cloth: Fabric) -> Rgb:
    """One motif on the chest, around (0, 17)."""
    ink = motif(cloth)  # (side, side, 4)
    side = len(ink)
    x = ((u / MOTIF_SIZE + 0.5) * side).astype(np.int32)
    y = (((v - 17.5) / MOTIF_SIZE + 0.5) * side).astype(np.int32)
    inside = (x >= 0) & (x < side) & (y >= 0) & (y < side)
    found = ink[np.clip(y, 0, side - 1), np.clip(x, 0, side - 1)]
    share = (found[..., 3:] * inside[..., None]).astype(np.float32)
    printed: Rgb = _flat(u, cloth.colour) * (1 - share) + found[..., :3] * share
    return printed


PATTERNS: dict[str, Callable[[Field, Field, Fabric], Rgb]] = {
    "plain": _plain,
    "striped": _striped,
    "pinstriped": _pinstriped,
    "checked": _checked,
    "gingham": _gingham,
    "dotted": _dotted,
    "floral": _tiled,
    "leopard": _tiled,
    "colour-block": _colour_block,
    "camouflage": _camouflage,
    "tie-dye": _tie_dye,
    "print": _print,
}
