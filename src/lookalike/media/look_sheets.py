"""A photograph with its garments marked, and beside it a list for each: as a picture, or one HTML file.

Takes plain cards and boxes, as `sheets` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from lookalike.media.framing import crop
from lookalike.media.lettering import fitting, font
from lookalike.media.sheets import (
    ACCENT,
    GAP,
    GROUND,
    LINE,
    MUTED,
    TEXT,
    Card,
    figure,
    page,
    picture,
    write,
)
from lookalike.types import Box, Pixels

_COLOURS = ("#d1345b", "#1f6feb", "#0a7d5a", "#b8530a", "#7b3fb5", "#0b7a8f", "#8a6d00", "#5b6470")
_PHOTO, _CARD, _PICTURE = 480, 176, 160  # pixels across
_ROW = 34 + _PICTURE + 60  # pixels down
_TOP = 84


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """A thing on the photograph, and what is like it."""

    box: Box
    heading: str
    cards: Sequence[Card]


def write_look(path: Path, heading: str, words: Sequence[str], photo: Pixels, found: Sequence[Marked]) -> None:
    """Draw to a `.png` or `.html` file, whole or not at all. words: what else is known, a line each."""
    write(
        path,
        png=lambda: look_sheet(heading, words, photo, found),
        html=lambda: look_page(heading, words, photo, found),
    )


def look_sheet(heading: str, words: Sequence[str], photo: Pixels, found: Sequence[Marked]) -> Image.Image:
    """The photograph on the left, a row of cards for each thing on the right; colours tell which is whose."""
    left = _drawn(photo, found)
    across = 1 + max((len(one.cards) for one in found), default=0)
    width = _PHOTO + 3 * GAP + across * (_CARD + 12)
    height = _TOP + max(left.height + 30 + 24 * len(words), len(found) * (_ROW + 12)) + GAP
    sheet = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 26), fitting(draw, heading, width - 2 * GAP, 28), TEXT, font(28))
    sheet.paste(left, (GAP, _TOP))
    for number, line in enumerate(words):
        at = (GAP, _TOP + left.height + 18 + 24 * number)
        draw.text(at, fitting(draw, line, _PHOTO, 17), MUTED, font(17))
    for number, one in enumerate(found):
        corner = (_PHOTO + 2 * GAP, _TOP + number * (_ROW + 12))
        _draw_row(sheet, draw, one, number, crop(photo, one.box), corner)
    return sheet


def look_page(heading: str, words: Sequence[str], photo: Pixels, found: Sequence[Marked]) -> str:
    """As `look_sheet`, in one file that needs no other."""
    boxes = "".join(
        f'<i style="left:{b.left:.2%};top:{b.top:.2%};width:{b.right - b.left:.2%};height:{b.bottom - b.top:.2%};'
        f'--mark:{_colour(number)}"><b>{number + 1}</b></i>'
        for number, b in enumerate(one.box for one in found)
    )
    lines = "".join(f"<small>{escape(line)}</small>" for line in words)
    lists = "".join(_list(number, one) for number, one in enumerate(found))
    shown = picture(Card(heading, pixels=photo), (960, 1280))
    photograph = f'<figure class="photo"><div>{shown}{boxes}</div>{lines}</figure>'
    return page(heading, f'<div class="look">{photograph}<div>{lists}</div></div>', style=_STYLE)


_STYLE = """
.look { display: grid; grid-template-columns: minmax(16rem, 26rem) 1fr; gap: 2rem; align-items: start }
@media (max-width: 52rem) { .look { grid-template-columns: 1fr } }
figure.photo { position: sticky; top: 1rem }
@media (max-width: 52rem) { figure.photo { position: static } }
.photo div { position: relative } .photo img { display: block; width: 100% }
.photo i { position: absolute; border: 2px solid var(--mark) } .photo small { margin-top: .4rem }
.photo i b, h2 b { display: inline-block; min-width: 1.6em; text-align: center; color: #fff; font-style: normal;
  background: var(--mark); font-size: .85rem; border-radius: 4px }
h2:first-child { margin-top: 0 }
.look main { grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)) }
"""


def _list(number: int, one: Marked) -> str:
    cards = "".join(map(figure, one.cards)) or "<small>nothing like it in this shop</small>"
    mark = f'<b style="--mark:{_colour(number)}">{number + 1}</b>'
    return f"<h2>{mark} {escape(one.heading)}</h2><main>{cards}</main>"


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _drawn(photo: Pixels, found: Sequence[Marked]) -> Image.Image:
    """The photograph with a box and a number for each thing."""
    scale = _PHOTO / photo.shape[1]
    image = Image.fromarray(photo).resize(
        (_PHOTO, max(1, round(photo.shape[0] * scale))), Image.Resampling.LANCZOS
    )
    draw = ImageDraw.Draw(image)
    for number, one in enumerate(found):
        left, right = one.box.left * image.width, one.box.right * image.width - 1
        top, bottom = one.box.top * image.height, one.box.bottom * image.height - 1
        draw.rectangle((left, top, right, bottom), outline=_colour(number), width=3)
    for number, one in enumerate(found):  # over all boxes, so that each number can be read
        left, top = one.box.left * image.width, one.box.top * image.height
        draw.rounded_rectangle((left, top, left + 30, top + 26), 4, _colour(number))
        draw.text((left + 15, top + 13), str(number + 1), "white", font(18), anchor="mm")
    return image


def _draw_row(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, one: Marked, number: int, cut: Pixels, corner: tuple[int, int]
) -> None:
    left, top = corner
    draw.rounded_rectangle((left, top, left + 26, top + 24), 4, _colour(number))
    draw.text((left + 13, top + 12), str(number + 1), "white", font(17), anchor="mm")
    draw.text((left + 36, top + 2), fitting(draw, one.heading, sheet.width - left - 60, 18), TEXT, font(18))
    for at, card in enumerate([Card("", pixels=cut), *one.cards]):
        place = (left + at * (_CARD + 12), top + 34)
        _draw_card(sheet, draw, card, place, outline=_colour(number) if at == 0 else LINE)


def _draw_card(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, card: Card, at: tuple[int, int], *, outline: str
) -> None:
    left, top = at
    draw.rounded_rectangle((left, top, left + _CARD, top + _ROW - 34), 10, "white", outline, 2)
    if card.pixels is not None:
        image = Image.fromarray(np.ascontiguousarray(card.pixels))
        scale = min(_PICTURE / image.width, _PICTURE / image.height)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
        middle = (left + (_CARD - image.width) // 2, top + 8 + (_PICTURE - image.height) // 2)
        sheet.paste(image, middle)
    draw.text((left + 8, top + _PICTURE + 14), fitting(draw, card.title, _CARD - 16, 13), TEXT, font(13))
    if card.score is not None:
        bottom = top + _PICTURE + 42
        draw.rounded_rectangle((left + 8, bottom, left + _CARD - 52, bottom + 6), 3, "#ececf0")
        if (filled := int((_CARD - 60) * card.score)) >= 6:
            draw.rounded_rectangle((left + 8, bottom, left + 8 + filled, bottom + 6), 3, ACCENT)
        draw.text((left + _CARD - 44, bottom - 6), f"{card.score:.3f}", TEXT, font(13))
