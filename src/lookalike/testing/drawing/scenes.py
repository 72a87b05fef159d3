"""Scenes: what is behind a drawn figure. Each is painted out of focus, so that the clothes stand out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from lookalike.testing.drawing.patterns import Rgb

_Ink = tuple[int, int, int]


def _gradient(width: int, height: int, stops: tuple[_Ink, ...]) -> Image.Image:
    at = np.linspace(0, len(stops) - 1, height)
    column = np.stack([np.interp(at, range(len(stops)), [stop[c] for stop in stops]) for c in range(3)], axis=1)
    return Image.fromarray(np.broadcast_to(column[:, None], (height, width, 3)).astype(np.uint8))


def _studio(width: int, height: int, random: np.random.Generator) -> Image.Image:
    tones = (
        ((226, 227, 230), (206, 207, 211), (232, 232, 234)),
        ((233, 224, 214), (220, 208, 196), (240, 233, 225)),
        ((208, 217, 224), (190, 202, 211), (222, 229, 234)),
    )
    upper, middle, lower = tones[int(random.integers(0, len(tones)))]
    image = _gradient(width, height, (upper, upper, middle, lower, lower))
    glow = Image.new("L", (width, height), 0)
    ImageDraw.Draw(glow).ellipse((width * 0.05, height * 0.02, width * 0.95, height * 0.72), fill=70)
    return Image.composite(
        Image.new("RGB", (width, height), (255, 255, 255)),
        image,
        glow.filter(ImageFilter.GaussianBlur(width // 6)),
    )


def _street(width: int, height: int, random: np.random.Generator) -> Image.Image:
    image = _gradient(width, height, ((186, 210, 230), (214, 226, 234), (228, 226, 220), (176, 172, 168)))
    draw = ImageDraw.Draw(image)
    ground = int(height * 0.76)
    fronts = ((196, 164, 140), (171, 178, 186), (214, 198, 170), (150, 132, 124), (188, 152, 138), (160, 170, 160))
    x = -int(random.integers(0, 60))
    while x < width:
        wide = int(random.integers(width // 5, width // 3))
        top = int(height * random.uniform(0.04, 0.30))
        front = fronts[int(random.integers(0, len(fronts)))]
        draw.rectangle((x, top, x + wide, ground), fill=front)
        pane = (96, 112, 128) if random.uniform() < 0.6 else (232, 220, 180)
        for wy in range(top + 30, ground - 120, 92):
            for wx in range(x + 22, x + wide - 40, 68):
                draw.rectangle((wx, wy, wx + 36, wy + 56), fill=pane)
                draw.rectangle((wx - 3, wy + 56, wx + 39, wy + 62), fill=tuple(min(255, c + 22) for c in front))
        awning = ((168, 68, 62), (58, 104, 92), (210, 168, 84))[int(random.integers(0, 3))]
        draw.rectangle((x + 12, ground - 92, x + wide - 12, ground - 62), fill=awning)
        draw.rectangle((x + 22, ground - 62, x + wide - 22, ground), fill=(84, 82, 84))
        x += wide + int(random.integers(0, 18))
    draw.rectangle((0, ground, width, ground + 18), fill=(198, 194, 188))
    for n in range(9):
        y = ground + 18 + n * n * 4
        draw.line((0, y, width, y), fill=(162, 158, 154), width=3)
    return image.filter(ImageFilter.GaussianBlur(7))


def _park(width: int, height: int, random: np.random.Generator) -> Image.Image:
    image = _gradient(
        width, height, ((178, 212, 236), (214, 230, 232), (178, 206, 150), (134, 172, 104), (120, 160, 94))
    )
    draw = ImageDraw.Draw(image)
    for _ in range(26):
        x, y, r = (
            random.uniform(-0.1, 1.1) * width,
            random.uniform(0.12, 0.5) * height,
            random.uniform(0.08, 0.2) * width,
        )
        shade = int(random.integers(-22, 24))
        draw.ellipse((x - r, y - r * 0.9, x + r, y + r * 0.9), fill=(106 + shade, 146 + shade, 88 + shade // 2))
    for _ in range(5):
        x = random.uniform(0, 1) * width
        draw.rectangle((x - 12, height * 0.4, x + 12, height * 0.68), fill=(112, 88, 68))
    draw.polygon(
        [
            (width * 0.36, height * 0.64),
            (width * 0.56, height * 0.64),
            (width * 0.98, height),
            (width * 0.02, height),
        ],
        fill=(218, 204, 176),
    )
    blurred = image.filter(ImageFilter.GaussianBlur(13))
    spots = ImageDraw.Draw(blurred, "RGBA")
    for _ in range(14):
        x, y, r = random.uniform(0, width), random.uniform(0, height * 0.45), random.uniform(12, 30)
        spots.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 230, 34))
    return blurred.filter(ImageFilter.GaussianBlur(3))


def _room(width: int, height: int, random: np.random.Generator) -> Image.Image:
    walls = ((222, 214, 202), (202, 214, 210), (224, 208, 202), (206, 208, 220))
    wall = walls[int(random.integers(0, len(walls)))]
    image = Image.new("RGB", (width, height), wall)
    draw = ImageDraw.Draw(image)
    floor = int(height * 0.78)
    draw.rectangle((0, floor, width, height), fill=(186, 152, 118))
    for n in range(7):
        draw.line(
            (width / 2 + (n - 3) * width * 0.16, floor, width / 2 + (n - 3) * width * 0.42, height),
            fill=(160, 126, 94),
            width=4,
        )
    draw.rectangle((0, floor - 20, width, floor), fill=(244, 242, 238))
    left = width * (0.06 if random.uniform() < 0.5 else 0.64)
    draw.rectangle((left, height * 0.10, left + width * 0.30, height * 0.42), fill=(250, 249, 246))
    draw.rectangle(
        (left + 14, height * 0.10 + 14, left + width * 0.30 - 14, height * 0.42 - 14), fill=(196, 220, 236)
    )
    draw.line(
        (left + width * 0.15, height * 0.10, left + width * 0.15, height * 0.42), fill=(250, 249, 246), width=12
    )
    plant = width * (0.86 if left < width / 2 else 0.13)
    draw.polygon(
        [(plant - 52, floor - 84), (plant + 52, floor - 84), (plant + 38, floor + 26), (plant - 38, floor + 26)],
        fill=(198, 120, 86),
    )
    for n in range(11):
        lean = (n - 5) * 24
        draw.ellipse(
            (plant + lean - 26, floor - 300 + abs(n - 5) * 26, plant + lean + 26, floor - 92),
            fill=(78 + n * 4, 128 + n % 3 * 12, 84),
        )
    art = width * 0.5
    draw.rectangle((art - 80, height * 0.06, art + 80, height * 0.2), fill=(252, 250, 246))
    draw.ellipse(
        (art - 36, height * 0.09, art + 36, height * 0.17),
        fill=((214, 132, 96), (98, 134, 150), (220, 178, 96))[int(random.integers(0, 3))],
    )
    return image.filter(ImageFilter.GaussianBlur(5))


SCENES: dict[str, Callable[[int, int, np.random.Generator], Image.Image]] = {
    "studio": _studio,
    "street": _street,
    "park": _park,
    "room": _room,
}


def scene(name: str, width: int, height: int, *, seed: int) -> Rgb:
    """The scene as fractions, twice the final size, ready for a canvas."""
    painted = SCENES[name](width * 2, height * 2, np.random.default_rng(seed))
    return np.asarray(painted, np.float32) / 255
