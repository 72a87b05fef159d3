"""Drawn figures and packshots with the class of every pixel, for a garment parser to learn from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from lookalike.testing.drawing.figures import Worn, drawn
from lookalike.testing.drawing.outfits import planned
from lookalike.testing.drawing.packshot import photographed, pieces_of
from lookalike.testing.drawing.shop import Variant
from lookalike.testing.drawing.styles import STYLES
from lookalike.testing.drawing.wardrobe import ARTICLES
from lookalike.types import GARMENTS, Pixels

LABELS = ("background", "person", *GARMENTS)
_PACKSHOT = (240, 320)  # pixels, width and height


def write_labelled(folder: str | Path, *, figures: int, seed: int) -> None:
    """Write `photos/NAME.jpg`, `masks/NAME.png` (the pixel is an index into labels.json) and `labels.json`.

    figures: how many people; as many packshots of products come with them. Another seed dresses and places them
    otherwise: seed 7 is that of the sample shop, so leave it to tests.
    """
    root = Path(folder)
    for name in ("photos", "masks"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "labels.json").write_text(json.dumps(LABELS), encoding="utf-8")
    for number, plan in enumerate(planned(STYLES, seed=seed, count=figures)):
        outfit = {slot: Worn(slot, style, colour) for slot, (style, colour) in plan.outfit.items()}
        figure = drawn(outfit, kind=plan.kind, seed=plan.seed, place=plan.place)
        classes = figure.body.astype(np.uint8)
        for owner, worn in enumerate(figure.garments, start=1):
            classes[figure.owners == owner] = LABELS.index(worn.style.label)
        _write(root, f"figure-{number:04d}", figure.pixels, classes)
    variants = [Variant(style, colour) for style in STYLES for colour in style.colours]
    for number, variant in enumerate(_some(variants, figures, seed)):
        style = variant.style
        pieces = pieces_of(style.article, style.cloth(variant.colour), cut=style.cut, kind=style.kind)
        pixels, mask = photographed(pieces, *_PACKSHOT, label=ARTICLES[style.article].label)
        _write(
            root,
            f"packshot-{number:04d}",
            pixels,
            np.where(mask, np.uint8(LABELS.index(style.label)), np.uint8(0)),
        )


def _some(variants: Sequence[Variant], count: int, seed: int) -> list[Variant]:
    places = np.random.default_rng(seed).permutation(len(variants))[:count]
    return [variants[place] for place in places]


def _write(root: Path, name: str, pixels: Pixels, classes: npt.NDArray[np.uint8]) -> None:
    Image.fromarray(pixels).save(root / "photos" / f"{name}.jpg", quality=90)
    Image.fromarray(classes).save(root / "masks" / f"{name}.png", optimize=True)
