"""A map of a catalogue as one picture: as many products as stay readable, each in a square of its own."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image, ImageDraw

from lookalike.media.fetching import Fetcher
from lookalike.media.grid import snapped
from lookalike.media.lettering import drawable, font
from lookalike.media.spots import ROOM, Region, Spot, regions
from lookalike.media.thumbnails import thumbnails
from lookalike.types import Progress

if TYPE_CHECKING:
    from lookalike.media.grid import Floats

_SMALLEST, _LARGEST = 48, 192  # pixels of a square
_CLOSE_UP = 2  # squares that a product may be moved where not all can be shown
_HEAD = 72  # pixels above, for the heading
_WIDEST_HEAD = 720  # pixels that the heading may need
_TEXT, _MUTED, _GROUND, _EMPTY = "#1d1d1f", "#6e6e73", "#f4f4f6", "#e3e3e8"


def write_picture(
    file: BinaryIO,
    heading: str,
    points: Floats,
    spots: Sequence[Spot],
    *,
    size: int,
    fetcher: Fetcher,
    progress: Progress,
) -> tuple[int, int]:
    """How many products it shows, and how many of them without their pictures."""
    side, square = _paper(len(spots), size)
    all_fit = side * side >= len(spots) * ROOM
    cells = snapped(points, side, reach=None if all_fit else _CLOSE_UP)
    shown = np.flatnonzero(cells[:, 0] >= 0).tolist()
    corner = np.maximum(cells[shown].min(axis=0) - 1, 0)  # the empty edge is cut off
    across, down = ((cells[shown].max(axis=0) + 2).clip(max=side) - corner).tolist()
    sheet = Image.new("RGB", (max(_WIDEST_HEAD, across * square), down * square + _HEAD), _GROUND)
    draw = ImageDraw.Draw(sheet)
    unreadable = 0
    pictures = thumbnails([spots[at].picture for at in shown], square - 2, fetcher=fetcher)
    for done, (at, picture) in enumerate(zip(shown, pictures, strict=True), 1):
        left, top = ((cells[at] - corner) * square).tolist()
        unreadable += picture is None
        _draw_tile(sheet, draw, picture, spots[at], (left, top + _HEAD), square)
        progress("drawing", done, len(shown))
    names = regions(points, [spot.region for spot in spots])
    _draw_names(draw, names, side * square, (corner * square).tolist())
    words = f"{len(shown):,} of {len(spots):,} products" if len(shown) < len(spots) else f"{len(spots):,} products"
    title = textwrap.shorten(drawable(heading), 40, placeholder="...")
    draw.text((_HEAD // 3, _HEAD // 2), title, _TEXT, font(30), anchor="lm")
    draw.text((sheet.width - _HEAD // 3, _HEAD // 2), words, _MUTED, font(22), anchor="rm")
    sheet.save(file, "PNG", compress_level=6)
    return len(shown), unreadable


def _paper(count: int, size: int) -> tuple[int, int]:
    """How many squares a side, and pixels of a square: room for all where they stay readable."""
    side = max(2, int(np.ceil(np.sqrt(count * ROOM))))
    square = min(_LARGEST, max(_SMALLEST, size // side))
    return max(2, min(side, size // square)), square


def _draw_tile(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    picture: Image.Image | None,
    spot: Spot,
    at: tuple[int, int],
    square: int,
) -> None:
    left, top = at
    draw.rectangle((left + 1, top + 1, left + square - 2, top + square - 2), "white" if picture else _EMPTY)
    if picture is not None:
        sheet.paste(picture, (left + (square - picture.width) // 2, top + (square - picture.height) // 2))
        return
    words = textwrap.wrap(drawable(spot.title or spot.id), 11)[:4]
    draw.multiline_text(
        (left + square // 2, top + square // 2),
        "\n".join(words),
        _MUTED,
        font(max(9, square // 8)),
        "mm",
        align="center",
    )


def _draw_names(draw: ImageDraw.ImageDraw, names: Sequence[Region], width: int, corner: tuple[int, int]) -> None:
    """The names of regions, the largest first, none over another.

    width: of the whole paper; corner: how much of it was cut off at the left and at the top.
    """
    taken: list[tuple[float, float, float, float]] = []
    most = max((region.products for region in names), default=1)
    for region in names:
        name = drawable(region.name)
        letters = font(max(15, round(width / 4096 * (30 + 34 * (region.products / most) ** 0.5))))
        at = (region.across * width - corner[0], region.down * width - corner[1] + _HEAD)
        left, top, right, bottom = draw.textbbox(at, name, letters, "mm")
        pad = (bottom - top) // 3
        box = (left - pad, top - pad, right + pad, bottom + pad)
        if all(box[2] < o[0] or o[2] < box[0] or box[3] < o[1] or o[3] < box[1] for o in taken):
            taken.append(box)
            draw.rounded_rectangle(box, pad, _TEXT)
            draw.text(at, name, "white", letters, "mm")
