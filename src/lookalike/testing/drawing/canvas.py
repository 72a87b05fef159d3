"""Canvas: turns pieces into pixels, with light from the upper left, and remembers whose each pixel is.

It draws at twice the final size, with edges smoothed from twice that again; truth masks come from
the same shapes, never from the finished colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from lookalike.testing.drawing.outlines import Dot, Points, bounds, part
from lookalike.testing.drawing.patterns import PATTERNS, Rgb
from lookalike.testing.drawing.pieces import Fold, Mark, Piece
from lookalike.testing.drawing.weaves import WEAVES, Field, Weave, noise

_LIGHT = np.array([-0.40, -0.52, 0.755], np.float32)
_GLINT = np.array([-0.21, -0.28, 0.936], np.float32)  # halfway between the light and the eye
_FINE = 2  # drawn pixels per final pixel
_DASH, _GAP = 0.42, 0.28  # centimetres


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of the drawing is seen: final pixels per centimetre, and where (0, 0) lands."""

    zoom: float
    left: float
    top: float

    def pixels(self, line: Points) -> Points:
        """Centimetres as drawn pixels."""
        return (line * self.zoom + (self.left, self.top)) * _FINE


def fitting(pieces: list[Piece], width: int, height: int, *, margin: float = 0.08) -> Window:
    """The window that shows all pieces, centred, with a margin."""
    left, top, right, bottom = bounds([piece.outline for piece in pieces])
    zoom = min(width * (1 - 2 * margin) / (right - left), height * (1 - 2 * margin) / (bottom - top))
    return Window(zoom, width / 2 - zoom * (left + right) / 2, height / 2 - zoom * (top + bottom) / 2)


def blurred(field: Field, radius: float, *, upright: float = 1.0) -> Field:
    """Three box blurs in each direction, near enough to a Gaussian; `upright` is the share of it up and down."""
    out = field.astype(np.float32)
    for axis in (0, 1):
        reach = max(1, round(radius * 0.9 * (upright if axis == 0 else 1)))
        for _ in range(3):
            pad = [(reach + 1, reach) if a == axis else (0, 0) for a in (0, 1)]
            total = np.cumsum(np.pad(out, pad, mode="edge"), axis=axis, dtype=np.float64)
            span = 2 * reach + 1
            ahead, back = (total[span:], total[:-span]) if axis == 0 else (total[:, span:], total[:, :-span])
            out = ((ahead - back) / span).astype(np.float32)
    return out


def _resized(field: Field, size: tuple[int, int]) -> Field:
    return np.asarray(Image.fromarray(field).resize(size, Image.Resampling.BILINEAR), np.float32)


def _halved(field: Field) -> Field:
    h, w = field.shape
    mean: Field = field.reshape(h // 2, 2, w // 2, 2).mean(axis=(1, 3))
    return mean


class Canvas:
    """A picture being drawn: its colours, whose each pixel is, and how much of it is covered."""

    def __init__(self, background: Rgb) -> None:
        self.rgb = background  # (2 height, 2 width, 3), 0..1
        self.owner: npt.NDArray[np.uint8] = np.zeros(background.shape[:2], np.uint8)
        self.cover: Field = np.zeros(background.shape[:2], np.float32)

    def draw(self, piece: Piece, window: Window, *, owner: int) -> None:
        """Add one piece on top; its pixels then belong to `owner` (0: to nobody)."""
        left, top, right, bottom = self._frame(piece, window)
        if right - left < 4 or bottom - top < 4:
            return
        view = np.s_[top:bottom, left:right]
        alpha = _coverage(piece, window, left, top, right, bottom)
        if piece.cast:
            self._shade_below(piece, window, view, alpha)
        colour = _lit(piece, window, alpha, left, top)
        for mark in piece.marks:
            _draw_mark(colour, mark, window, left, top)
        share = alpha * np.float32(piece.opacity)
        self.rgb[view] += (np.clip(colour, 0, 1) - self.rgb[view]) * share[..., None]
        self.cover[view] = np.maximum(self.cover[view], alpha)
        self.owner[view][alpha > 0.5] = owner

    def shadow(self, outline: Points, window: Window, *, blur: float, strength: float) -> None:
        """A soft shadow of that shape on the background."""
        line = window.pixels(outline)
        small = Image.new("L", (self.rgb.shape[1] // 4, self.rgb.shape[0] // 4), 0)
        ImageDraw.Draw(small).polygon([(x / 4, y / 4) for x, y in line.tolist()], fill=255)
        soft = blurred(np.asarray(small, np.float32) / 255, blur * window.zoom * _FINE / 4)
        wide = _resized(soft, (self.rgb.shape[1], self.rgb.shape[0]))
        self.rgb *= 1 - (wide * (1 - self.cover) * strength)[..., None]

    def finished(self) -> npt.NDArray[np.uint8]:
        """The picture at its final size, (height, width, 3)."""
        full = Image.fromarray((np.clip(self.rgb, 0, 1) * 255 + 0.5).astype(np.uint8))
        small = full.resize((full.width // _FINE, full.height // _FINE), Image.Resampling.LANCZOS)
        return np.asarray(small)

    def owners(self) -> npt.NDArray[np.uint8]:
        """Whose each final pixel is: the owner of most of it, (height, width)."""
        h, w = self.owner.shape
        quads = self.owner.reshape(h // 2, 2, w // 2, 2).transpose(0, 2, 1, 3).reshape(h // 2, w // 2, 4)
        votes = (quads[..., :, None] == quads[..., None, :]).sum(axis=-1)
        winner = votes.argmax(axis=-1)
        return np.take_along_axis(quads, winner[..., None], axis=-1)[..., 0]

    def _frame(self, piece: Piece, window: Window) -> tuple[int, int, int, int]:
        """The piece's rectangle in drawn pixels, on even numbers, inside the canvas."""
        left, top, right, bottom = bounds([window.pixels(piece.outline)])
        height, width = self.rgb.shape[:2]
        pad = 6 + 2 * round(window.zoom * 0.8)  # room for its shadow
        return (
            max(0, int(left) - pad) // 2 * 2,
            max(0, int(top) - pad) // 2 * 2,
            min(width, int(right) + pad) // 2 * 2,
            min(height, int(bottom) + pad) // 2 * 2,
        )

    def _shade_below(self, piece: Piece, window: Window, view: tuple[slice, slice], alpha: Field) -> None:
        drop = max(1, round(0.35 * window.zoom * _FINE))
        fallen = np.pad(_halved(alpha), ((drop // 2, 0), (drop // 3, 0)))[
            : alpha.shape[0] // 2, : alpha.shape[1] // 2
        ]
        soft = _resized(blurred(fallen, 0.55 * window.zoom), (alpha.shape[1], alpha.shape[0]))
        self.rgb[view] *= 1 - (0.42 * piece.cast * soft * self.cover[view])[..., None]


def _coverage(piece: Piece, window: Window, left: int, top: int, right: int, bottom: int) -> Field:
    image = Image.new("L", ((right - left) * 2, (bottom - top) * 2), 0)
    draw = ImageDraw.Draw(image)
    for line, fill in ((piece.outline, 255), *((hole, 0) for hole in piece.holes)):
        corners = (window.pixels(line) - (left, top)) * 2
        draw.polygon([(x, y) for x, y in corners.tolist()], fill=fill)
    return np.asarray(image.reduce(2), np.float32) / 255


def _axes(piece: Piece, window: Window, shape: tuple[int, int], corner: Dot, fine: float) -> tuple[Field, Field]:
    """Where each pixel is on the cloth, in centimetres along the piece's own axes."""
    x = ((corner[0] + np.arange(shape[1]) + 0.5) / fine - window.left) / window.zoom - piece.origin[0]
    y = ((corner[1] + np.arange(shape[0]) + 0.5) / fine - window.top) / window.zoom - piece.origin[1]
    c, s = np.cos(piece.angle), np.sin(piece.angle)
    u = x[None, :] * c + y[:, None] * s
    v = -x[None, :] * s + y[:, None] * c
    return u.astype(np.float32), v.astype(np.float32)


def _lit(piece: Piece, window: Window, alpha: Field, left: int, top: int) -> Rgb:
    """The piece's colours with pattern, texture, light and shade."""
    weave = WEAVES[piece.fabric.weave]
    size = (alpha.shape[1], alpha.shape[0])
    small = _halved(alpha)
    height, edge = _heights(piece, weave, window, small, left, top)
    slope_x, slope_y = np.gradient(height, axis=1), np.gradient(height, axis=0)
    light, shine = _light(slope_x, slope_y, edge, piece, weave, small)
    u, v = _axes(piece, window, alpha.shape, (left, top), _FINE)
    bent_u = u + _resized(slope_x, size) * np.float32(0.16)
    bent_v = v + _resized(slope_y, size) * np.float32(0.16)
    rgb = PATTERNS[piece.fabric.pattern](bent_u, bent_v, piece.fabric)
    tone = weave.surface(bent_u, bent_v, window.zoom * _FINE, piece.fabric.seed)
    full = _resized(light, size) * (1 + tone * np.float32(min(1.0, 0.35 + window.zoom / 18)))
    dark = np.minimum(full, 1)[..., None]
    bright = np.maximum(full - 1, 0)[..., None]
    glint = (_resized(shine, size) * np.float32(weave.gloss))[..., None]
    lit: Rgb = (rgb * dark + (1.04 - rgb) * bright * 0.8) * np.float32(piece.tint)
    shining: Rgb = lit + (1 - lit) * np.clip(glint, 0, 1)
    return shining


def _heights(piece: Piece, weave: Weave, window: Window, small: Field, left: int, top: int) -> tuple[Field, Field]:
    """How far the cloth stands out, in final pixels, and how far inside its edge each pixel is, 0..1."""
    reach = max(1.0, piece.rounding * window.zoom * 0.55)
    inside = np.clip(blurred(small, reach, upright=piece.upright) * 2 - 1, 0, 1)
    near = np.clip(blurred(small, max(1.0, reach * 0.25)) * 2 - 1, 0, 1)
    dome = np.sqrt(inside + 0.02)
    height = dome * reach * 0.85 + np.sqrt(near + 0.05) * reach * 0.12
    hang = piece.drape * weave.hang
    if hang > 0.05:
        u, v = _axes(piece, window, small.shape, (left / 2, top / 2), 1)
        seed = piece.fabric.seed + 31 * len(piece.outline)
        rough = noise(u / 5.5, v / 11, seed) * 1.1 + noise(u / 2.6 + v / 9, v / 6, seed + 1) * 0.42
        height = height + rough * np.float32(hang * 0.75 * window.zoom)
    if piece.folds:
        height = height + _fold_heights(piece.folds, window, small.shape, left, top)
    return height.astype(np.float32), inside


def _fold_heights(folds: tuple[Fold, ...], window: Window, shape: tuple[int, ...], left: int, top: int) -> Field:
    total: Field = np.zeros((shape[0], shape[1]), np.float32)
    for width in sorted({round(fold.width, 1) for fold in folds}):
        image = Image.new("F", (shape[1], shape[0]), 0)
        draw = ImageDraw.Draw(image)
        for fold in folds:
            if round(fold.width, 1) == width:
                draw.polygon(_lens(fold, window, left, top), fill=fold.depth * 2.1 * window.zoom)
        total += blurred(np.asarray(image, np.float32), max(1.0, width * window.zoom * 0.42))
    return total


def _lens(fold: Fold, window: Window, left: int, top: int) -> list[Dot]:
    """A fold's shape: thin at both ends, widest in the middle."""
    line = (window.pixels(part(fold.line, 0, 1, dots=20)) - (left, top)) / _FINE
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    half = np.sin(np.linspace(0.12, np.pi - 0.12, 20))[:, None] * fold.width * window.zoom / 2
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * half
    return [(x, y) for x, y in np.concatenate([line + across, (line - across)[::-1]]).tolist()]


def _light(
    slope_x: Field, slope_y: Field, edge: Field, piece: Piece, weave: Weave, small: Field
) -> tuple[Field, Field]:
    """Light on the cloth, about 1 on average, and the strength of the highlight."""
    strength = np.float32(0.62 * piece.relief)
    nx, ny = -slope_x * strength, -slope_y * strength * np.float32(0.55 + 0.45 * piece.upright)
    length = np.sqrt(nx * nx + ny * ny + 1)
    diffuse = (nx * _LIGHT[0] + ny * _LIGHT[1] + _LIGHT[2]) / length / _LIGHT[2]
    light = 0.36 + 0.64 * np.clip(diffuse, 0, 1.6)
    light *= 0.80 + 0.20 * np.sqrt(edge)
    weight = small.sum()
    if weight > 0:
        light *= 1.0 / max(0.3, float((light * small).sum() / weight))
    shine: Field = np.clip((nx * _GLINT[0] + ny * _GLINT[1] + _GLINT[2]) / length, 0, 1) ** np.float32(
        weave.focus * 2
    )
    return light.astype(np.float32), shine * np.clip(edge * 1.5, 0, 1)


def _draw_mark(colour: Rgb, mark: Mark, window: Window, left: int, top: int) -> None:
    """Draw a line onto the lit colours of a piece, in place."""
    height, width = colour.shape[:2]
    thick = max(1.2, mark.width * window.zoom * _FINE)
    line = window.pixels(mark.line) - (left, top)
    x0, y0, x1, y1 = (int(edge) for edge in bounds([line]))
    pad = int(thick) + 3
    x0, y0, x1, y1 = max(0, x0 - pad), max(0, y0 - pad), min(width, x1 + pad), min(height, y1 + pad)
    if x1 <= x0 or y1 <= y0:
        return
    image = Image.new("L", ((x1 - x0) * 2, (y1 - y0) * 2), 0)
    draw = ImageDraw.Draw(image)
    for stretch in _dashes(mark, window) if mark.dashed else [line]:
        dots = (stretch if not mark.dashed else stretch - (left, top)) - (x0, y0)
        draw.line([(x * 2, y * 2) for x, y in dots.tolist()], fill=255, width=round(thick * 2), joint="curve")
    share = (np.asarray(image.reduce(2), np.float32) / 255)[..., None]
    spot = colour[y0:y1, x0:x1]
    if mark.colour is not None:
        spot += (np.asarray(mark.colour, np.float32) - spot) * share * np.float32(abs(mark.tone))
    elif mark.tone < 0:
        spot *= 1 + share * np.float32(mark.tone)
    else:
        spot += (1 - spot) * share * np.float32(mark.tone)


def _dashes(mark: Mark, window: Window) -> list[Points]:
    length = float(np.hypot(*np.diff(mark.line, axis=0).T).sum())
    count = max(1, int(length / (_DASH + _GAP)))
    return [
        window.pixels(part(mark.line, n / count, (n + _DASH / (_DASH + _GAP)) / count, dots=4))
        for n in range(count)
    ]
