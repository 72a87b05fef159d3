"""Words on sheets: the font that comes with Pillow has few letters."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from lookalike.media.charts import Panel, draw_chart
from lookalike.media.lettering import fitting


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


def test_a_chart_of_accented_words_is_drawn_with_letters() -> None:
    accented, plain = (draw_chart([Panel(title, "steps", {})]) for title in ("Kőbány\u0171", "Kobanyu"))
    assert accented.tobytes() == plain.tobytes()
