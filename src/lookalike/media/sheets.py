"""A query and its answers as a picture: a contact sheet (PNG), or one HTML file that carries its pictures.

Takes plain cards, so that it serves every command and knows nothing of stores or scores.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image, ImageDraw

from lookalike.errors import LookalikeError
from lookalike.files import whole
from lookalike.media.lettering import fitting, font
from lookalike.types import Pixels

GAP = 24  # pixels between things
_COLUMNS, _CARD, _PICTURE = 4, 330, 300
TEXT, MUTED, LINE, ACCENT, GROUND = "#1d1d1f", "#6e6e73", "#e3e3e8", "#0a7d5a", "#fafafa"


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """One product, or the query, as it is shown."""

    title: str
    lines: tuple[str, ...] = ()
    pixels: Pixels | None = None  # None where there is no picture: words are shown in its place
    score: float | None = None  # 0..1, drawn as a bar


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One query of several, and its answers."""

    heading: str
    query: Card
    cards: Sequence[Card]


def write_sheet(path: Path, heading: str, query: Card, cards: Sequence[Card]) -> None:
    """Draw to a `.png` or `.html` file, whole or not at all."""
    write(
        path,
        png=lambda: contact_sheet(heading, query, cards),
        html=lambda: html_sheet(heading, query, cards),
    )


def write(path: Path, *, png: Callable[[], Image.Image], html: Callable[[], str]) -> None:
    """What a sheet's file asks for by its name. Raises `LookalikeError` for one that is neither."""
    suffix = path.suffix.lower()
    if suffix == ".png":
        content = _png(png())
    elif suffix in (".html", ".htm"):
        content = html().encode()
    else:
        raise LookalikeError(f"a sheet is a .png or an .html file, not {path.name!r}")
    with whole(path, "sheet") as file:
        file.write(content)


def write_rows(path: Path, heading: str, rows: Iterable[Row]) -> None:
    """Many queries, each with its answers, on one page: an `.html` file, whole or not at all."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise LookalikeError(f"a page is an .html file, not {path.name!r}")
    with whole(path, "page") as file:
        file.write(html_rows(heading, rows).encode())


def contact_sheet(heading: str, query: Card, cards: Sequence[Card]) -> Image.Image:
    """The query first, its answers after it, four in a row."""
    rows = -(-(1 + len(cards)) // _COLUMNS)
    height = _card_height([query, *cards])
    width = _COLUMNS * _CARD + (_COLUMNS + 1) * GAP
    sheet = Image.new("RGB", (width, 84 + rows * (height + GAP)), GROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 26), fitting(draw, heading, width - 2 * GAP, 28), TEXT, font(28))
    for at, card in enumerate([query, *cards]):
        left = GAP + at % _COLUMNS * (_CARD + GAP)
        top = 84 + at // _COLUMNS * (height + GAP)
        _draw_card(sheet, draw, card, (left, top), height, is_query=at == 0)
    return sheet


def _card_height(cards: Sequence[Card]) -> int:
    return 15 + _PICTURE + 14 + 26 + 22 * max(len(c.lines) for c in cards) + 34


def _draw_card(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, card: Card, at: tuple[int, int], height: int, *, is_query: bool
) -> None:
    left, top = at
    outline = ACCENT if is_query else LINE
    draw.rounded_rectangle((left, top, left + _CARD, top + height), 14, "white", outline, 3 if is_query else 1)
    if card.pixels is not None:
        picture = Image.fromarray(card.pixels)
        picture.thumbnail((_PICTURE, _PICTURE), Image.Resampling.LANCZOS)
        if max(picture.size) < _PICTURE:
            scale = _PICTURE / max(picture.size)
            size = (round(picture.width * scale), round(picture.height * scale))
            picture = picture.resize(size, Image.Resampling.BICUBIC)
        sheet.paste(picture, (left + (_CARD - picture.width) // 2, top + 15 + (_PICTURE - picture.height) // 2))
    else:
        draw.rectangle((left + 15, top + 15, left + 15 + _PICTURE, top + 15 + _PICTURE), "#f2f2f5")
        draw.text((left + 30, top + 150), fitting(draw, card.title, _PICTURE - 30, 20), MUTED, font(20))
    down = top + 15 + _PICTURE + 14
    draw.text((left + 15, down), fitting(draw, card.title, _CARD - 30, 18), TEXT, font(18))
    for number, line in enumerate(card.lines):
        draw.text((left + 15, down + 28 + 22 * number), fitting(draw, line, _CARD - 30, 15), MUTED, font(15))
    if card.score is not None:
        bottom = top + height - 24
        draw.rounded_rectangle((left + 15, bottom, left + _CARD - 75, bottom + 8), 4, "#ececf0")
        filled = int((_CARD - 90) * card.score)
        if filled >= 8:
            draw.rounded_rectangle((left + 15, bottom, left + 15 + filled, bottom + 8), 4, ACCENT)
        draw.text((left + _CARD - 62, bottom - 7), f"{card.score:.3f}", TEXT, font(16))
    elif is_query:
        draw.text((left + 15, top + height - 30), "the query", ACCENT, font(16))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


_STYLE = """
:root { color-scheme: light dark; --text: #1d1d1f; --muted: #66666d; --card: #fff; --ground: #f7f7f8;
  --line: #e3e3e8; --accent: #0a7d5a }
@media (prefers-color-scheme: dark) {
  :root { --text: #f2f2f5; --muted: #a2a2aa; --card: #1c1c20; --ground: #111113; --line: #303036;
    --accent: #3ec796 } }
* { box-sizing: border-box }
body { margin: 0; padding: 2rem; background: var(--ground); color: var(--text);
  font: 16px/1.45 system-ui, sans-serif }
h1 { font-size: 1.5rem; font-weight: 600; margin: 0 0 1.5rem }
h2 { font-size: 1.1rem; font-weight: 600; margin: 2rem 0 1rem }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1.25rem }
figure { margin: 0; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px }
figure.query { border: 2px solid var(--accent) }
.frame { background: #fff; color: #66666d; border-radius: 8px; aspect-ratio: 3/4; display: grid;
  place-items: center; overflow: hidden; padding: .25rem }
.frame img { width: 100%; height: 100%; object-fit: contain }
figcaption { margin-top: .75rem } b { display: block; font-weight: 600 }
small { display: block; color: var(--muted) }
meter { width: 100%; height: .6rem; margin-top: .6rem }
.score { font-variant-numeric: tabular-nums; color: var(--text) }
"""


def html_sheet(heading: str, query: Card, cards: Sequence[Card]) -> str:
    """One file that needs no other: pictures are inside it, nothing is loaded."""
    return page(heading, f"<main>{_figures(query, cards)}</main>")


def html_rows(heading: str, rows: Iterable[Row]) -> str:
    """As `html_sheet`, with a heading over each query and its answers."""
    return page(
        heading,
        "".join(f"<h2>{escape(row.heading)}</h2><main>{_figures(row.query, row.cards)}</main>" for row in rows),
    )


def _figures(query: Card, cards: Sequence[Card]) -> str:
    return "".join([figure(query, is_query=True), *(figure(card) for card in cards)])


def page(heading: str, body: str, *, style: str = "") -> str:
    """A whole document; `style` comes after the one that all sheets have."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{_STYLE}{style}</style></head>"
        f"<body><h1>{escape(heading)}</h1>{body}</body></html>\n"
    )


def figure(card: Card, *, is_query: bool = False) -> str:
    """A card as HTML."""
    lines = "".join(f"<small>{escape(line)}</small>" for line in card.lines)
    score = ""
    if card.score is not None:
        score = (
            f'<meter min="0" max="1" value="{card.score:.3f}" aria-label="score"></meter>'
            f'<small class="score">score {card.score:.3f}</small>'
        )
    elif is_query:
        score = '<small class="score">the query</small>'
    return (
        f'<figure{" class=query" if is_query else ""}><div class="frame">{picture(card)}</div>'
        f"<figcaption><b>{escape(card.title)}</b>{lines}{score}</figcaption></figure>"
    )


def picture(card: Card, largest: tuple[int, int] = (480, 640)) -> str:
    """A card's picture as HTML, inside the document; its title where there is none."""
    if card.pixels is None:
        return f"<span>{escape(card.title)}</span>"
    image = Image.fromarray(card.pixels)
    image.thumbnail(largest, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    inside = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{escape(card.title, quote=True)}" src="data:image/jpeg;base64,{inside}">'
