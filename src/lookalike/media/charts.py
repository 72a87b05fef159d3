"""Lines over steps as a picture: the curves of a training.

Takes plain numbers, so that it serves any of them and knows nothing of networks.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from lookalike.errors import LookalikeError
from lookalike.media.lettering import drawable, font

Points = Sequence[tuple[float, float]]
Spot = tuple[float, float]

_WIDTH, _HEIGHT, _GAP = 760, 460, 28  # of a panel, in pixels
_LEFT, _TOP, _BOTTOM = 62, 56, 44  # room for numbers and headings inside it
_SHARPER = 2  # drawn so many times as large, then shrunk: smooth lines
_TEXT, _MUTED, _LINE, _GROUND = "#1d1d1f", "#6e6e73", "#e3e3e8", "#ffffff"
_INKS = ("#0a7d5a", "#c2410c", "#1d4ed8", "#a21caf", "#b8860b", "#0e7490", "#be123c", "#4d7c0f", "#525252")
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart of several lines."""

    title: str
    along: str  # what goes to the right
    lines: Mapping[str, Points]


def write_chart(path: Path, panels: Sequence[Panel]) -> None:
    """Draw panels side by side into a `.png` file, whole or not at all."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".png", delete=False) as part:
            draw_chart(panels).save(part, "PNG")
        Path(part.name).chmod(0o644)
        os.replace(part.name, path)  # noqa: PTH105 - the temporary name is text
    except OSError as error:
        raise LookalikeError(f"cannot write the chart {path}: {error.strerror}") from error


def draw_chart(panels: Sequence[Panel]) -> Image.Image:
    """The panels side by side, each with its own scales."""
    width, height = len(panels) * (_WIDTH + _GAP) + _GAP, _HEIGHT + 2 * _GAP
    image = Image.new("RGB", (width * _SHARPER, height * _SHARPER), _GROUND)
    draw = ImageDraw.Draw(image)
    for at, panel in enumerate(panels):
        _draw_panel(draw, panel, _GAP + at * (_WIDTH + _GAP), _GAP)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def ticks(low: float, high: float, count: int = _TICKS) -> list[float]:
    """Round numbers from below `low` to above `high`, about so many.

    >>> ticks(0.12, 0.87)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = (high - low) or abs(high) or 1.0
    rough = span / count
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


# -- inside ------------------------------------------------------------------------------------------


def _draw_panel(draw: ImageDraw.ImageDraw, panel: Panel, left: int, top: int) -> None:
    _words(draw, (left, top), panel.title, 19, _TEXT)
    points = [point for line in panel.lines.values() for point in line]
    if not points:
        _words(draw, (left, top + _TOP), "nothing yet", 15, _MUTED)
        return
    across = ticks(0.0, max(x for x, _ in points))
    up = ticks(min(y for _, y in points), max(y for _, y in points))
    box = (left + _LEFT, top + _TOP, left + _WIDTH, top + _HEIGHT - _BOTTOM)

    def place(x: float, y: float) -> Spot:
        along = (x - across[0]) / (max(x for x, _ in points) - across[0] or 1.0)
        high = (y - up[0]) / (up[-1] - up[0])
        return box[0] + along * (box[2] - box[0]), box[3] - high * (box[3] - box[1])

    for number in up:
        _, y = place(across[0], number)
        draw.line(_scaled((box[0], y), (box[2], y)), _LINE, _SHARPER)
        _words(draw, (box[0] - 8, y), f"{number:g}", 14, _MUTED, anchor="rm")
    for number in across:
        x, _ = place(number, up[0])
        if x <= box[2]:
            _words(draw, (x, box[3] + 6), f"{number:,.0f}", 14, _MUTED, anchor="ma")
    _words(draw, (box[2], box[3] + 24), panel.along, 14, _MUTED, anchor="ra")
    key = box[0] + 8.0
    for ink, (name, line) in zip(_inks(len(panel.lines)), panel.lines.items(), strict=True):
        spots = [place(x, y) for x, y in line]
        if len(spots) > 1:
            draw.line(_scaled(*spots), ink, 2 * _SHARPER, joint="curve")
        for x, y in (spots[0], spots[-1]):
            draw.ellipse(_scaled((x - 2.5, y - 2.5), (x + 2.5, y + 2.5)), ink)
        key = _words(draw, (key, top + 32), name, 14, ink) + 16


def _inks(count: int) -> list[str]:
    return [_INKS[at % len(_INKS)] for at in range(count)]


def _words(draw: ImageDraw.ImageDraw, at: Spot, words: str, size: int, ink: str, *, anchor: str = "la") -> float:
    """Write, and say where the words end."""
    words, letters = drawable(words), font(size * _SHARPER)
    draw.text((at[0] * _SHARPER, at[1] * _SHARPER), words, ink, letters, anchor=anchor)
    return at[0] + draw.textlength(words, letters) / _SHARPER


def _scaled(*spots: Spot) -> list[float]:
    return [number * _SHARPER for spot in spots for number in spot]
