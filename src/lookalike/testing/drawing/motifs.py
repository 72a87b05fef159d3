"""Motifs: what is printed on the chest of a shirt. All drawn here, none taken from anywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from lookalike.testing.drawing.palette import brightness, mixed
from lookalike.testing.drawing.pieces import Colour, Fabric

MOTIF_SIZE = 26.0  # centimetres from edge to edge
_SIDE = 520
_Ink = tuple[int, int, int, int]


def _ink(colour: Colour) -> _Ink:
    return round(colour[0] * 255), round(colour[1] * 255), round(colour[2] * 255), 255


def _sunrise(draw: ImageDraw.ImageDraw, first: _Ink, second: _Ink, third: _Ink) -> None:
    draw.pieslice((190, 190, 850, 850), 180, 360, fill=first)
    for number, y in enumerate((330, 395, 450, 490)):
        draw.rectangle((150, y, 890, y + 10 + number * 6), fill=(0, 0, 0, 0))
    draw.polygon([(130, 700), (380, 380), (520, 560), (640, 420), (910, 700)], fill=second)
    draw.polygon([(380, 380), (320, 457), (375, 490), (400, 450), (450, 472)], fill=third)
    draw.polygon([(640, 420), (600, 467), (648, 500), (670, 470), (700, 482)], fill=third)
    for number in range(3):
        draw.rounded_rectangle(
            (230 + number * 60, 735 + number * 38, 810 - number * 60, 751 + number * 38), 8, fill=second
        )


def _fern(draw: ImageDraw.ImageDraw, first: _Ink, second: _Ink, third: _Ink) -> None:
    draw.ellipse((190, 170, 850, 830), outline=second, width=16)
    draw.line((520, 860, 520, 240), fill=first, width=14)
    for step in range(8):
        y, size = 300 + step * 64, 90 + step * 22 if step < 5 else 300 - step * 24
        for side in (-1, 1):
            draw.polygon(
                [
                    (520, y + 40),
                    (520 + side * size * 0.55, y - 36),
                    (520 + side * size, y - 66),
                    (520 + side * size * 0.75, y + 6),
                ],
                fill=first if step % 2 else third,
            )


def _waves(draw: ImageDraw.ImageDraw, first: _Ink, second: _Ink, third: _Ink) -> None:
    draw.ellipse((390, 180, 650, 440), fill=second)
    x = np.linspace(140, 900, 120)
    for number in range(5):
        y = 470 + number * 75 + 34 * np.sin(x / 62 + number * 1.3)
        upper = list(zip(x.tolist(), y.tolist(), strict=True))
        lower = list(zip(x[::-1].tolist(), (y[::-1] + 38).tolist(), strict=True))
        draw.polygon(upper + lower, fill=(first, third)[number % 2])


def _cat(draw: ImageDraw.ImageDraw, first: _Ink, second: _Ink, third: _Ink) -> None:
    draw.polygon([(260, 480), (240, 200), (440, 330)], fill=first)
    draw.polygon([(780, 480), (800, 200), (600, 330)], fill=first)
    draw.ellipse((230, 280, 810, 800), fill=first)
    for x in (400, 640):
        draw.ellipse((x - 62, 450, x + 62, 590), fill=third)
        draw.ellipse((x - 24, 470, x + 24, 585), fill=_ink((0.1, 0.1, 0.12)))
    draw.polygon([(485, 640), (555, 640), (520, 685)], fill=second)
    for side in (-1, 1):
        draw.arc((520 - 70 + side * 35, 660, 520 + 70 + side * 35 - side * 2, 740), 20, 160, fill=second, width=10)
        for lift in (-20, 10, 40):
            draw.line((520 + side * 110, 670 + lift / 2, 520 + side * 330, 650 + lift * 2), fill=second, width=8)


def _star(draw: ImageDraw.ImageDraw, first: _Ink, second: _Ink, third: _Ink) -> None:
    for radius, ink in ((390, second), (330, third), (270, first)):
        turn = -np.pi / 2 + np.arange(10) * np.pi / 5
        reach = radius * np.where(np.arange(10) % 2, 0.45, 1.0)
        corners = zip((520 + reach * np.cos(turn)).tolist(), (540 + reach * np.sin(turn)).tolist(), strict=True)
        draw.polygon(list(corners), fill=ink)


def _rocket(draw: ImageDraw.ImageDraw, first: _Ink, second: _Ink, third: _Ink) -> None:
    draw.polygon([(420, 640), (300, 800), (440, 760)], fill=second)
    draw.polygon([(620, 640), (740, 800), (600, 760)], fill=second)
    draw.polygon([(450, 780), (520, 930), (590, 780)], fill=third)
    draw.ellipse((390, 180, 650, 1000), fill=first)
    draw.rectangle((380, 780, 660, 1010), fill=(0, 0, 0, 0))
    draw.polygon([(460, 790), (520, 920), (580, 790)], fill=third)
    draw.ellipse((445, 380, 595, 530), fill=second)
    draw.ellipse((470, 405, 570, 505), fill=third)
    for x, y, r in ((220, 330, 20), (820, 300, 26), (260, 600, 14), (800, 560, 16), (730, 180, 12)):
        draw.ellipse((x - r, y - r, x + r, y + r), fill=third)


_MOTIFS: tuple[Callable[[ImageDraw.ImageDraw, _Ink, _Ink, _Ink], None], ...] = (
    _sunrise,
    _fern,
    _waves,
    _cat,
    _star,
    _rocket,
)


@lru_cache(maxsize=32)
def motif(cloth: Fabric) -> npt.NDArray[np.floating[Any]]:
    """The motif that the cloth's seed picks, in its accents, as (side, side, 4) with opacity last."""
    image = Image.new("RGBA", (_SIDE * 2, _SIDE * 2), (0, 0, 0, 0))
    inks = [_readable(cloth.accent(number), cloth.colour) for number in range(3)]
    _MOTIFS[cloth.seed % len(_MOTIFS)](ImageDraw.Draw(image), inks[0], inks[1], inks[2])
    return np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float32) / 255


def _readable(ink: Colour, cloth: Colour) -> _Ink:
    """An ink that stands out from the cloth below it."""
    if (
        abs(brightness(ink) - brightness(cloth)) > 0.12
        or sum(abs(a - b) for a, b in zip(ink, cloth, strict=True)) > 0.6
    ):
        return _ink(ink)
    return _ink(mixed(ink, (1.0, 1.0, 1.0) if brightness(cloth) < 0.5 else (0.1, 0.1, 0.15), 0.6))
