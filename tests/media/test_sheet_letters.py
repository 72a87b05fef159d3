"""Words on sheets: the font that comes with Pillow has few letters."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from lookalike.media.sheets import fitting


@pytest.mark.parametrize(
    ("said", "drawn"),
    [
        ("Piqué", "Pique"),
        ("Pique\u0301", "Pique"),
        ("Größe", "Große"),
        ("5 ½", "5 ½"),
        ("日本", "日本"),
        ("a - b", "a - b"),
    ],
)
def test_letters_that_the_font_lacks_lose_their_accents(said: str, drawn: str) -> None:
    draw = ImageDraw.Draw(Image.new("RGB", (10, 10)))
    assert fitting(draw, said, 1000, 18) == drawn
