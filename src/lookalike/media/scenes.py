"""Pictures with the class of every pixel, and how new ones are made of them.

A `Scene` is what a person marked. `seen` looks at one otherwise: nearer, farther, cut off, lit, coarser; `pasted`
puts the things of one scene before another ground or onto another scene, so that a bag is learned also where no
photograph has one, and a shirt also where it lies on a bed. (Ghiasi et al., Simple Copy-Paste, CVPR 2021.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from lookalike.media.augmenting import lit
from lookalike.media.masks import UNKNOWN, Classes
from lookalike.types import Mask, Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture and what it shows, of one size."""

    pixels: Pixels
    classes: Classes  # (height, width); `UNKNOWN` where nobody said
    allowed: int = (
        -1
    )  # the only class but the background that may be on it, where no pixel is known; -1: see classes


@dataclass(frozen=True, slots=True)
class Manner:
    """How far a view may differ from its scene. Shares are chances, 0..1."""

    nearest: float = 2.2  # the largest enlargement over what fits the canvas
    farthest: float = 0.6
    near: float = 0.5  # enlarged, else made smaller
    turn: float = 0.25  # by up to 12 degrees
    lie: float = 0.0  # by a quarter or a half, as things lie on a floor
    coarse: float = 0.15
    light: float = 0.8


def shrunk(scene: Scene, longest: int) -> Scene:
    """A scene whose longer side has at most so many pixels."""
    height, width = scene.classes.shape
    scale = longest / max(height, width)
    if scale >= 1:
        return scene
    return _resized(scene, max(1, round(width * scale)), max(1, round(height * scale)))


def seen(scene: Scene, width: int, height: int, rng: np.random.Generator, how: Manner, ground: Pixels) -> Scene:
    """A view of a scene on a canvas. What the scene does not fill is a part of the ground, or white."""
    image, classes = Image.fromarray(scene.pixels), Image.fromarray(scene.classes)
    if rng.random() < how.lie:
        quarter = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
        by = quarter[int(rng.integers(3))]
        image, classes = image.transpose(by), classes.transpose(by)
    if rng.random() < 0.5:
        image, classes = (part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for part in (image, classes))
    if rng.random() < how.turn:
        angle, corner = float(rng.uniform(-12, 12)), tuple(int(x) for x in scene.pixels[0, 0])
        image = image.rotate(angle, Image.Resampling.BILINEAR, fillcolor=corner)
        classes = classes.rotate(angle, Image.Resampling.NEAREST, fillcolor=0)
    fit = min(width / image.width, height / image.height)
    largest = how.nearest if rng.random() < how.near else 1.0
    smallest = 1.0 if largest > 1 else how.farthest
    scale = fit * float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
    stretch = float(np.exp(rng.uniform(-0.1, 0.1)))
    w, h = max(8, round(image.width * scale * stretch)), max(8, round(image.height * scale / stretch))
    left, top = _placed(w, width, rng), _placed(h, height, rng)
    if rng.random() < how.coarse:
        small = float(rng.uniform(0.25, 0.6))
        image = image.resize((max(8, int(w * small)), max(8, int(h * small))), Image.Resampling.BILINEAR)
    box = (max(0, left), max(0, top), min(width, left + w), min(height, top + h))
    within = (
        (box[0] - left) / w * image.width,
        (box[1] - top) / h * image.height,
        (box[2] - left) / w * image.width,
        (box[3] - top) / h * image.height,
    )
    size = (box[2] - box[0], box[3] - box[1])
    shown = image.resize(size, Image.Resampling.BILINEAR, box=within)
    across, down = classes.width / image.width, classes.height / image.height
    scaled = (within[0] * across, within[1] * down, within[2] * across, within[3] * down)
    named = classes.resize(size, Image.Resampling.NEAREST, box=scaled)
    pixels, out = stretched(ground, width, height), np.zeros((height, width), np.uint8)
    pixels[box[1] : box[3], box[0] : box[2]] = np.asarray(shown)
    out[box[1] : box[3], box[0] : box[2]] = np.asarray(named)
    if scene.allowed >= 0:
        out[:] = UNKNOWN
    return Scene(lit(pixels, rng) if rng.random() < how.light else pixels, out, scene.allowed)


def before(scene: Scene, ground: Pixels, rng: np.random.Generator) -> Scene:
    """The things of a scene before a part of another ground, now and then with a soft shadow under them."""
    height, width = scene.classes.shape
    pixels = stretched(ground, width, height)
    thing = scene.classes > 0
    if rng.random() < 0.5:
        pixels = shaded(pixels, thing, rng)
    return Scene(np.where(thing[:, :, None], scene.pixels, pixels), scene.classes)


def pasted(scene: Scene, thing: Scene, rng: np.random.Generator) -> Scene:
    """A scene with the things of another laid over it somewhere, at a tenth to a half of its size."""
    height, width = scene.classes.shape
    share = float(rng.uniform(0.12, 0.45))
    scale = share * max(height, width) / max(thing.classes.shape)
    w, h = max(6, round(thing.classes.shape[1] * scale)), max(6, round(thing.classes.shape[0] * scale))
    if w >= width or h >= height:
        return scene
    left, top = int(rng.integers(width - w)), int(rng.integers(height - h))
    return _laid(scene, _resized(thing, w, h), left, top)


def wearing(scene: Scene, other: Scene, label: int, rng: np.random.Generator) -> Scene:
    """A photograph of a person who also wears what another wears of one class, at the same place of the body.

    Bodies are brought to one height, and, at the height of the thing, to one middle. A scene without a body, and
    one that would show too little of the thing, stays as it is.
    """
    on, body, others = other.classes == label, _shown(scene), _shown(other)
    if not on.any() or not body.any():
        return scene
    (top, bottom), (other_top, other_bottom) = _ends(body), _ends(others)
    (first, last), (leftmost, rightmost) = _ends(on), _ends(on.T)
    taller = (bottom - top) / (other_bottom - other_top)
    scale = taller * float(np.exp(rng.uniform(-0.1, 0.1)))
    row = top + ((first + last) / 2 - other_top) * taller
    beside = (leftmost + rightmost) / 2 - _middle(others, first, last)
    column = _middle(body, round(row), round(row)) + beside * scale
    part = np.s_[first : last + 1, leftmost : rightmost + 1]
    thing = Scene(other.pixels[part], np.where(on[part], np.uint8(label), np.uint8(0)))
    thing = _resized(thing, *(max(1, round(size * scale)) for size in on[part].shape[::-1]))
    (h, w), (height, width) = thing.classes.shape, scene.classes.shape
    left, up = round(column - w / 2), round(row - h / 2)
    inside = np.s_[max(0, -up) : max(0, height - up), max(0, -left) : max(0, width - left)]
    shown = Scene(thing.pixels[inside], thing.classes[inside])
    if _shown(shown).sum() < 0.5 * _shown(thing).sum():
        return scene
    return _laid(scene, shown, max(0, left), max(0, up))


def only(scene: Scene, label: int) -> Scene | None:
    """What a scene has of one class, cut along its box; the rest is background. None where it has next to none."""
    on = scene.classes == label
    if on.mean() < 0.004:
        return None
    (top, bottom), (left, right) = _ends(on), _ends(on.T)
    margin = max(2, int(0.06 * max(bottom - top, right - left)))
    box = np.s_[max(0, top - margin) : bottom + margin + 1, max(0, left - margin) : right + margin + 1]
    return Scene(np.ascontiguousarray(scene.pixels[box]), np.where(on[box], np.uint8(label), np.uint8(0)))


def shaded(pixels: Pixels, thing: Mask, rng: np.random.Generator) -> Pixels:
    """The ground with a soft shadow of the thing, to one side of it."""
    height, width = thing.shape
    small = Image.fromarray(thing).convert("L").resize((max(1, width // 12), max(1, height // 12)))
    soft = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.float32) / 255
    by = (int(rng.integers(0, max(1, height // 20) + 1)), int(rng.integers(-(width // 20) - 1, width // 20 + 2)))
    soft = np.roll(soft, by, axis=(0, 1)) * float(rng.uniform(0.1, 0.5))
    darker: Pixels = (pixels * (1 - soft[:, :, None])).astype(np.uint8)
    return darker


def paler(scene: Scene, rng: np.random.Generator) -> Scene:
    """A scene in white, with a little of its light and shade left."""
    light = scene.pixels.astype(np.float32) @ np.asarray((0.299, 0.587, 0.114), np.float32)
    shade = (light - light[scene.classes > 0].mean()) * float(rng.uniform(0.15, 0.45))
    white = np.clip(float(rng.uniform(228, 246)) + shade, 190, 255)
    tinted = white[:, :, None] + rng.integers(-4, 5, 3)
    return Scene(np.clip(tinted, 0, 255).astype(np.uint8), scene.classes, scene.allowed)


def stretched(ground: Pixels, width: int, height: int) -> Pixels:
    """A ground at the size that is asked for; a copy that may be drawn on."""
    return np.array(Image.fromarray(ground).resize((width, height), Image.Resampling.BILINEAR))


def part_of(ground: Pixels, rng: np.random.Generator) -> Pixels:
    """Some part of a ground, a third to all of its sides."""
    height, width = ground.shape[:2]
    h, w = (max(2, int(n * rng.uniform(0.34, 1.0))) for n in (height, width))
    top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
    return ground[top : top + h, left : left + w]


def _resized(scene: Scene, width: int, height: int) -> Scene:
    pixels = Image.fromarray(scene.pixels).resize((width, height), Image.Resampling.BILINEAR)
    classes = Image.fromarray(scene.classes).resize((width, height), Image.Resampling.NEAREST)
    return Scene(np.asarray(pixels), np.asarray(classes), scene.allowed)


def _laid(scene: Scene, thing: Scene, left: int, top: int) -> Scene:
    """A scene with what another shows over it, which must fit there."""
    on, (height, width) = _shown(thing), thing.classes.shape
    pixels, classes = scene.pixels.copy(), scene.classes.copy()
    view = np.s_[top : top + height, left : left + width]
    pixels[view] = np.where(on[:, :, None], thing.pixels, pixels[view])
    classes[view] = np.where(on, thing.classes, classes[view])
    return Scene(pixels, classes)


def _shown(scene: Scene) -> Mask:
    """What is known to be no background: a person and what is worn, or a thing."""
    found: Mask = (scene.classes > 0) & (scene.classes != UNKNOWN)
    return found


def _ends(on: Mask) -> tuple[int, int]:
    """The first and the last row that has something."""
    rows = np.flatnonzero(on.any(1))
    return int(rows[0]), int(rows[-1])


def _middle(body: Mask, first: int, last: int) -> float:
    """The column in the middle of a body between two rows; of all of it if it has nothing there."""
    there = body[max(0, first) : last + 1]
    return sum(_ends((there if there.any() else body).T)) / 2


def _placed(size: int, room: int, rng: np.random.Generator) -> int:
    """Where something begins: anywhere inside, or, if it is too large, anywhere that fills the room."""
    low, high = sorted((0, room - size))
    return int(rng.integers(low, high + 1))


def plain_ground(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Studio: white or nearly, or one colour, a little brighter on one side."""
    colour = rng.integers(0, 256, 3) if rng.random() < 0.4 else np.full(3, rng.integers(225, 256))
    slope = np.linspace(0, float(rng.uniform(-30, 0)), 16)[:, None, None]
    ramp: npt.NDArray[np.uint8] = np.clip(np.broadcast_to(colour + slope, (16, 16, 3)), 0, 255).astype(np.uint8)
    return ramp if rng.random() < 0.5 else np.ascontiguousarray(ramp.transpose(1, 0, 2))
