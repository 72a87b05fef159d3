"""Shop: writes the whole sample shop: pictures, figures, masks, catalogue and truth."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from lookalike.media.masks import box_around
from lookalike.testing.drawing.figures import Figure, Worn, drawn
from lookalike.testing.drawing.outfits import Plan, planned
from lookalike.testing.drawing.packshot import photographed, pieces_of
from lookalike.testing.drawing.styles import STYLES, Style
from lookalike.testing.drawing.wardrobe import ARTICLES
from lookalike.testing.drawing.wording import description, title

if TYPE_CHECKING:
    from lookalike.types import Mask, Pixels

FIELDS = (
    "id", "title", "description", "group", "category", "audience", "brand", "colour", "pattern", "material",
    "season", "usage", "article_type", "price", "currency", "in_stock", "image",
)  # fmt: skip
_SIZES = {"main": (300, 400, 71), "back": (168, 224, 67), "detail": (168, 224, 66)}  # width, height, JPEG quality
_GREY = (0.955, 0.955, 0.96)
_FIGURES = 30  # of the whole shop; a part of it gets fewer

README = """# The sample shop

{products} products in {styles} styles, and {figures} full-length figures who wear them. None of it exists: names,
brands, prices and pictures are made up, and every picture is drawn by code in this repository
(`lookalike.testing.drawing`), so it carries the package's own licence, Apache-2.0, and nobody else's.

    python -m lookalike.testing.drawing --out FOLDER --seed {seed}

writes it again; the same seed gives the same pictures.

- `catalogue.csv`: one row per product. `image` holds paths relative to the file, the main first, split by `|`.
  Colours of a style are products of their own and share a `group`.
- `images/ID-main.jpg` (300 x 400), `images/ID-back.jpg` and `images/ID-detail.jpg` (168 x 224).
- `figures/NAME.jpg` (400 x 640).
- `masks/ID.png`: one bit per pixel, white where the main view shows the product.
  `masks/NAME.png`: an indexed PNG for a figure; the pixel value is the garment's `index`, from 1; 0 is no garment.
- `truth.json`: `products` gives for each picture its `label` and `box`; `figures` gives for each picture
  `full_length` and the `garments`, each with product `id`, `label`, `index` and `box`. A box is
  [left, top, right, bottom] as fractions of width and height. Labels: {labels}.

Masks and boxes come from the shapes that were drawn, not from looking at the finished pictures.
"""


@dataclass(frozen=True, slots=True)
class Variant:
    """One product: a style in one of its colours."""

    style: Style
    colour: str  # with its accents, "navy:white"

    @property
    def name(self) -> str:
        """The colour's own name, without accents."""
        return self.colour.split(":")[0]

    @property
    def shade(self) -> str:
        """The name that tells it from its siblings: "white and navy" where the style has several whites."""
        siblings = [colour.split(":")[0] for colour in self.style.colours]
        return " and ".join(self.colour.split(":")[:2]) if siblings.count(self.name) > 1 else self.name

    @property
    def id(self) -> str:
        """`tee-101-red`."""
        return f"{self.style.code}-{self.shade.replace(' and ', '-').replace(' ', '-')}"


def write_shop(folder: str | Path, seed: int = 7, styles: Sequence[Style] | None = None) -> None:
    """Write the sample shop into a folder: about 300 products, or those of the given styles."""
    root = Path(folder)
    for name in ("images", "figures", "masks"):
        (root / name).mkdir(parents=True, exist_ok=True)
    chosen = STYLES if styles is None else tuple(styles)
    variants = [Variant(style, colour) for style in chosen for colour in style.colours]
    truth: dict[str, dict[str, object]] = {"products": {}, "figures": {}}
    rows = []
    for number, variant in enumerate(variants):
        views = _views(variant)
        truth["products"].update(
            {f"images/{variant.id}-{view}.jpg": _photograph(root, variant, view) for view in views}
        )
        rows.append(_row(variant, views, seed + number))
    plans = planned(chosen, seed=seed, count=min(_FIGURES, len(chosen) // 2))
    for number, plan in enumerate(plans, start=1):
        name = f"figure-{number:02d}-{plan.kind}-{plan.place}"
        truth["figures"][f"figures/{name}.jpg"] = _portrait(root, name, plan)
    _write_catalogue(root / "catalogue.csv", rows)
    (root / "truth.json").write_text(
        json.dumps(truth, indent=None, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    words = README.format(
        products=len(variants),
        styles=len(chosen),
        figures=len(plans),
        seed=seed,
        labels=", ".join(sorted({a.label for a in ARTICLES.values()})),
    )
    (root / "README.md").write_text(words, encoding="utf-8")


def _views(variant: Variant) -> tuple[str, ...]:
    """Every product has two views; the first colour of a style has a close-up too."""
    return ("main", "back", "detail") if variant.colour == variant.style.colours[0] else ("main", "back")


def _photograph(root: Path, variant: Variant, view: str) -> dict[str, object]:
    """Draw one picture of a product, save it and return its truth."""
    style = variant.style
    width, height, quality = _SIZES[view]
    pieces = pieces_of(
        style.article, style.cloth(variant.colour), cut=style.cut, kind=style.kind, back=view == "back"
    )
    pixels, mask = photographed(
        pieces, width, height, label=style.label,
        backdrop=_GREY if view == "main" and style.seed % 4 == 0 else (1.0, 1.0, 1.0),
        close=ARTICLES[style.article].close if view == "detail" else None,
    )  # fmt: skip
    _save(pixels, root / "images" / f"{variant.id}-{view}.jpg", quality)
    if view == "main":
        Image.fromarray(mask).save(root / "masks" / f"{variant.id}.png", optimize=True)
    return {"id": variant.id, "label": style.label, "box": box(mask)}


def _portrait(root: Path, name: str, plan: Plan) -> dict[str, object]:
    """Draw one figure, save it with its mask and return its truth."""
    outfit = {
        slot: Worn(Variant(style, colour).id, style, colour) for slot, (style, colour) in plan.outfit.items()
    }
    figure = drawn(outfit, kind=plan.kind, seed=plan.seed, place=plan.place)
    _save(figure.pixels, root / "figures" / f"{name}.jpg", 73)
    _indexed(figure.owners).save(root / "masks" / f"{name}.png", optimize=True)
    return {"full_length": True, "mask": f"masks/{name}.png", "garments": garments(figure)}


def garments(figure: Figure) -> list[dict[str, object]]:
    """What can be seen on a figure: product, label, number in the mask, box."""
    return [
        {"id": worn.product_id, "label": worn.style.label, "index": number, "box": box(figure.owners == number)}
        for number, worn in enumerate(figure.garments, start=1)
    ]


def box(mask: Mask) -> list[float]:
    """The rectangle around a mask, as fractions [left, top, right, bottom]."""
    around = box_around(mask)
    return [round(edge, 6) for edge in (around.left, around.top, around.right, around.bottom)]


def _indexed(owners: Pixels) -> Image.Image:
    """The garment numbers as a picture with a palette, so that they can be looked at too."""
    image = Image.fromarray(owners).convert("P")
    shades = np.random.default_rng(0).integers(60, 255, (256, 3), dtype=np.uint8)
    shades[0] = 0
    image.putpalette(shades.tobytes())
    image.putdata(owners.ravel().tolist())
    return image


def _save(pixels: Pixels, path: Path, quality: int) -> None:
    Image.fromarray(pixels).save(path, quality=quality, optimize=True, progressive=True)


def _row(variant: Variant, views: tuple[str, ...], seed: int) -> dict[str, str]:
    style = variant.style
    random = np.random.default_rng(seed)
    return {
        "id": variant.id,
        "title": title(style, variant.shade, seed=sum(map(ord, style.code))),
        "description": description(style, variant.shade, seed=sum(map(ord, style.code)) * 7 + style.seed),
        "group": style.code,
        "category": style.category,
        "audience": style.audience,
        "brand": style.brand,
        "colour": variant.name,
        "pattern": style.pattern,
        "material": style.material,
        "season": style.season,
        "usage": style.usage,
        "article_type": style.article,
        "price": f"{style.price:.2f}",
        "currency": "EUR",
        "in_stock": "true" if random.uniform() < 0.88 else "false",
        "image": "|".join(f"images/{variant.id}-{view}.jpg" for view in views),
    }


def _write_catalogue(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, FIELDS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
