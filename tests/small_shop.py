"""A small shop with styles, variants and departments: 24 products, drawn by arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"red": (200, 30, 40), "blue": (30, 60, 200), "green": (30, 160, 60), "black": (25, 25, 25)}
KINDS = ("shirt", "trousers", "bag")


def draw(kind: str, colour: str, lean: float = 0.0) -> np.ndarray:
    """A garment of sorts on white; `lean` tells one style of a kind from the next."""
    y, x = np.mgrid[0:1:96j, 0:1:72j]
    x = x + lean * (y - 0.5)
    shapes = {
        "shirt": ((abs(x - 0.5) < 0.22) & (y > 0.15) & (y < 0.85))
        | ((abs(x - 0.5) < 0.42) & (y > 0.15) & (y < 0.4)),
        "trousers": (abs(abs(x - 0.5) - 0.14) < 0.1) & (y > 0.1) & (y < 0.95),
        "bag": (abs(x - 0.5) < 0.35) & (y > 0.45) & (y < 0.9),
    }
    pixels = np.full((96, 72, 3), 255, np.uint8)
    pixels[shapes[kind]] = COLOURS[colour]
    return pixels


def write_shop(folder: Path) -> Path:
    """24 products: of three kinds two styles each, in four colours; and a catalogue that lists them."""
    lines = ["id,title,group,price,gender,colour,category,in_stock,image"]
    for kind in KINDS:
        for style, lean in (("a", 0.0), ("b", 0.15)):
            for n, colour in enumerate(COLOURS):
                name = f"{kind}-{style}-{colour}"
                Image.fromarray(draw(kind, colour, lean)).save(folder / f"{name}.png")
                gender = "Women" if style == "a" else "Men"
                lines.append(
                    f"{name},{colour} {kind} {style},{kind}-{style},{10 * (n + 1)},{gender},{colour},"
                    f"{gender}/{kind},{'true' if n else 'false'},{name}.png"
                )
    (folder / "catalogue.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "catalogue.csv"
