"""Packshot: one product photographed in the studio, and which of its pixels are the product."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lookalike.testing.drawing.bodies import body
from lookalike.testing.drawing.canvas import Canvas, Window, fitting
from lookalike.testing.drawing.footwear import pair
from lookalike.testing.drawing.outlines import bounds, ellipse
from lookalike.testing.drawing.palette import PALETTE, brightness
from lookalike.testing.drawing.pieces import Colour, Cut, Fabric, Piece
from lookalike.testing.drawing.wardrobe import ARTICLES

if TYPE_CHECKING:
    from lookalike.types import Mask, Pixels

_NARROW = {"accessory": 0.14, "headwear": 0.16, "bag": 0.13, "footwear": 0.07}
_WHITE = (1.0, 1.0, 1.0)


def companions(colour: str, seed: int) -> tuple[Colour, ...]:
    """Three colours that go with one and stand out from it, for stripes and prints."""
    base = PALETTE[colour]
    light = ("white", "cream", "mint", "yellow", "light blue", "pink")
    deep = ("navy", "burgundy", "green", "black", "teal", "purple")
    random = np.random.default_rng(seed)
    first, second = (deep, light) if brightness(base) > 0.62 else (light, deep)
    names = [first[int(random.integers(0, 2))], ("coral", "mustard", "pink")[int(random.integers(0, 3))], "green"]
    if colour in names:
        names[names.index(colour)] = second[0]
    return tuple(PALETTE[name] for name in names)


def pieces_of(
    article_type: str, cloth: Fabric, *, cut: Cut | None = None, kind: str = "woman", back: bool = False
) -> list[Piece]:
    """The pieces of a product as a packshot shows it, the inside first."""
    article = ARTICLES[article_type]
    cut = cut or article.cut
    form = body(kind, spread=(0.2, 0.2) if cut.sleeve > 0.6 else (0.32, 0.32), stance=1.5)
    drawn = article.draw(form, cut, cloth, back)
    drawn = sorted(drawn, key=lambda piece: not piece.behind)
    return pair(drawn) if article.label == "footwear" else drawn


def photographed(
    pieces: list[Piece],
    width: int,
    height: int,
    *,
    label: str,
    backdrop: Colour = _WHITE,
    close: tuple[float, float] | None = None,
) -> tuple[Pixels, Mask]:
    """The picture and the mask. With `close`, a detail around that share of the product's box."""
    canvas = Canvas(np.broadcast_to(np.asarray(backdrop, np.float32), (height * 2, width * 2, 3)).copy())
    window = fitting(pieces, width, height, margin=_NARROW.get(label, 0.06))
    left, top, right, bottom = bounds([piece.outline for piece in pieces])
    if close is not None:
        zoom = window.zoom * 2.7
        x, y = left + (right - left) * close[0], top + (bottom - top) * close[1]
        window = Window(zoom, width / 2 - zoom * x, height / 2 - zoom * y)
    else:
        lift = 0.016 * (bottom - top)
        floor = ellipse((left + right) / 2, bottom + lift, (right - left) * 0.43, max(0.02 * (right - left), lift))
        for piece in pieces:
            canvas.draw(piece, window, owner=1)
        canvas.shadow(floor, window, blur=lift * 1.1, strength=0.34 if label in ("footwear", "bag") else 0.2)
        return canvas.finished(), canvas.owners() > 0
    for piece in pieces:
        canvas.draw(piece, window, owner=1)
    return canvas.finished(), canvas.owners() > 0


def draw_product(article_type: str, colour: str, pattern: str = "plain", seed: int = 0) -> tuple[Pixels, Mask]:
    """A small builder for tests: one packshot on white, 360 by 480, and where the product is in it.

    >>> pixels, mask = draw_product("t-shirt", "red")
    >>> pixels.shape, mask.shape
    ((480, 360, 3), (480, 360))
    """
    article = ARTICLES[article_type]
    random = np.random.default_rng(seed)
    cut = article.cut
    if seed:
        cut = replace(
            cut, length=cut.length + float(random.uniform(-3, 4)), ease=cut.ease + float(random.uniform(0, 1.2))
        )
    accents = () if pattern == "plain" else companions(colour, seed)
    cloth = Fabric(article.weave, PALETTE[colour], pattern, accents, seed)
    return photographed(pieces_of(article_type, cloth, cut=cut), 360, 480, label=article.label)
