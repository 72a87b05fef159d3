"""Words in pictures: Pillow's own font, and what to do about letters that it lacks."""

from __future__ import annotations

import unicodedata
from functools import cache

from PIL import ImageDraw, ImageFont

_IN_NO_FONT = "\u0378"  # stands for no letter
_SPELLED = str.maketrans("\u2013\u2014\u2018\u2019\u201c\u201d", "--''\"\"")  # what the font has no letters for


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def drawable(text: str) -> str:
    """The text with the letters that the font has: those it lacks without their accents, where it has them so."""
    return "".join(map(_letter, unicodedata.normalize("NFC", text).translate(_SPELLED)))


def fitting(draw: ImageDraw.ImageDraw, text: str, width: int, size: int) -> str:
    """What can be drawn of the text, cut to the width with an ellipsis."""
    letters = font(size)
    text = drawable(text)
    if draw.textlength(text, letters) <= width:
        return text
    while text and draw.textlength(text + "...", letters) > width:
        text = text[:-1]
    return text.rstrip() + "..."


@cache
def _letter(letter: str) -> str:
    if letter.isascii():
        return letter
    letters = font(20)
    is_there = bytes(letters.getmask(letter)) != bytes(letters.getmask(_IN_NO_FONT))
    plain = "".join(c for c in unicodedata.normalize("NFD", letter) if c.isascii())
    return letter if is_there or not plain else plain
