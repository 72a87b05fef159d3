"""One picture seen otherwise: cropped, lit, blurred, on another ground. What a network learns likeness from.

Every view is a function of its random generator: the same seed gives the same pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from lookalike.media.framing import letterbox
from lookalike.types import Mask, Pixels

WHITE = 255


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a view may differ from its picture. Shares are chances, 0..1."""

    close_up: float = 0.35  # a detail: a sixth to a half of the garment fills the view
    crop: float = 0.4  # else: most of the picture, at another aspect
    flip: float = 0.5
    turn: float = 0.3  # by up to 15 degrees
    lie: float = 0.0  # by a quarter or a half, as garments lie on a floor
    other_ground: float = 0.25  # where a mask tells the garment from the ground
    light: float = 0.8  # brightness, contrast, white balance; hue is kept, a colour is part of what a product is
    coarse: float = 0.35  # seen at 28 to 96 pixels first, as small catalogue pictures are
    hide: float = 0.15  # a patch is covered
    stray: float = 0.5  # smaller than the square, and off its middle


PLAIN = Augmentation(0, 0, 0.5, 0, 0, 0, 0.3, 0, 0)
GENTLE = Augmentation(0, 0.35, 0.5, 0.15, 0, 0.05, 0.5, 0.05, 0.05, 0.25)  # near to what is seen in use


def view(
    pixels: Pixels,
    side: int,
    rng: np.random.Generator,
    how: Augmentation,
    *,
    mask: Mask | None = None,
    ground: Pixels | None = None,
) -> Pixels:
    """A random view of a picture, fitted into a white square.  # (side, side, 3)

    mask: the garment, of the picture's size. ground: a picture of which a part may replace what is not garment.
    """
    if mask is not None and ground is not None and rng.random() < how.other_ground:
        pixels = on_ground(pixels, mask, _patch(ground, pixels.shape[0], pixels.shape[1], rng))
    pixels = _cropped(pixels, mask, rng, how)
    image = Image.fromarray(pixels)
    if rng.random() < how.lie:
        image = image.transpose((Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180)[int(rng.integers(2))])
    if rng.random() < how.turn:
        corner = tuple(int(x) for x in pixels[0, 0])
        image = image.rotate(float(rng.uniform(-15, 15)), Image.Resampling.BILINEAR, fillcolor=corner)
    if rng.random() < how.flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < how.coarse:
        longest = int(rng.integers(28, 97))
        image.thumbnail((longest, longest), Image.Resampling.BILINEAR)
    seen = _placed(np.asarray(image), side, rng, how.stray)
    if rng.random() < how.light:
        seen = lit(seen, rng)
    if rng.random() < how.hide:
        height, width = (int(n) for n in rng.integers(side // 8, side // 2, 2))
        top, left = int(rng.integers(side - height)), int(rng.integers(side - width))
        seen = seen.copy()
        seen[top : top + height, left : left + width] = rng.integers(0, 256, 3, dtype=np.uint8)
    return seen


def on_ground(pixels: Pixels, mask: Mask, ground: Pixels) -> Pixels:
    """The masked part before another ground of the same size.  # (height, width, 3)"""
    return np.where(mask[:, :, None], pixels, ground)


def _patch(ground: Pixels, height: int, width: int, rng: np.random.Generator) -> Pixels:
    """Some part of a picture, at the size that is asked for."""
    h, w = ground.shape[:2]
    scale = float(rng.uniform(0.3, 1.0))
    box_h, box_w = max(2, int(h * scale)), max(2, int(w * scale))
    top, left = int(rng.integers(h - box_h + 1)), int(rng.integers(w - box_w + 1))
    box = (left, top, left + box_w, top + box_h)
    return np.asarray(Image.fromarray(ground).resize((width, height), Image.Resampling.BILINEAR, box=box))


def _cropped(pixels: Pixels, mask: Mask | None, rng: np.random.Generator, how: Augmentation) -> Pixels:
    height, width = pixels.shape[:2]
    chance = rng.random()
    if chance < how.close_up:
        area = float(rng.uniform(0.15, 0.5))
        middle = _somewhere(mask, height, width, rng)
    elif chance < how.close_up + how.crop:
        area = float(rng.uniform(0.55, 1.0))
        middle = float(rng.uniform(0.35, 0.65) * height), float(rng.uniform(0.35, 0.65) * width)
    else:
        return pixels
    stretch = float(np.exp(rng.uniform(-0.3, 0.3)))
    box_h = min(height, max(8, int(height * np.sqrt(area) * stretch)))
    box_w = min(width, max(8, int(width * np.sqrt(area) / stretch)))
    top = int(np.clip(middle[0] - box_h / 2, 0, height - box_h))
    left = int(np.clip(middle[1] - box_w / 2, 0, width - box_w))
    return np.ascontiguousarray(pixels[top : top + box_h, left : left + box_w])


def _somewhere(mask: Mask | None, height: int, width: int, rng: np.random.Generator) -> tuple[float, float]:
    """A place on the garment, rather in its middle."""
    draws: npt.NDArray[np.float64] = np.clip(rng.normal(0.5, 0.17, (4, 2)), 0, 0.999)
    for y, x in draws:
        place = int(y * height), int(x * width)
        if mask is None or mask[place]:
            return float(place[0]), float(place[1])
    return height / 2, width / 2


def _placed(pixels: Pixels, side: int, rng: np.random.Generator, stray: float) -> Pixels:
    """Fitted into the white square, at full size or, by the chance of `stray`, smaller and off the middle."""
    if rng.random() >= stray:
        return letterbox(pixels, side)
    height, width = pixels.shape[:2]
    scale = side / max(height, width) * float(rng.uniform(0.7, 1.0))
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = int(rng.integers(side - h + 1)), int(rng.integers(side - w + 1))
    canvas = np.full((side, side, 3), WHITE, dtype=np.uint8)
    resized = Image.fromarray(pixels).resize((w, h), Image.Resampling.BILINEAR)
    canvas[top : top + h, left : left + w] = np.asarray(resized)
    return canvas


def lit(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Another exposure, contrast and white balance, by one table a channel."""
    gamma = float(np.exp(rng.uniform(-0.25, 0.25)))
    contrast = float(rng.uniform(0.85, 1.15))
    gains = rng.uniform(0.94, 1.06, 3) * float(rng.uniform(0.88, 1.08))
    level = (np.arange(256) / 255.0) ** gamma
    curve = (level - 0.5) * contrast + 0.5
    tables = np.clip(curve[:, None] * gains * 255, 0, 255).astype(np.uint8)  # (256, 3)
    return tables[pixels, np.arange(3)]
