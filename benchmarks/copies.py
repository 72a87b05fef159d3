"""Is one picture under several ids shown once, and no other product with it? Copies, and the catalogue itself.

    python benchmarks/copies.py --work /tmp/bench

    copies    pictures saved again, resized, cropped, framed, marked, mirrored: the share that would be folded
              into the original
    folded    of all pairs of products whose pictures differ byte by byte, those that would be folded, and the
              share of products in them: wrongly, or so alike that a shopper sees no difference

fashion-small has pictures of 60 x 80, of which another JPEG leaves little; those of shop-men are of a usual size.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import catalogues
import numpy as np
from machine import heading
from PIL import Image, ImageDraw, ImageOps
from tables import table

import lookalike
from lookalike.media.decoding import decode
from lookalike.recommend.calibration import Calibrator
from lookalike.recommend.duplicates import Folding
from lookalike.types import Product, Vectors, View

SEED = 12
COPIED = 500
BLOCK = 2_000


def saved(image: Image.Image, quality: int = 90, kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    return file.getvalue()


def resized(image: Image.Image, by: float) -> Image.Image:
    return image.resize((round(image.width * by), round(image.height * by)), Image.Resampling.LANCZOS)


def marked(image: Image.Image) -> Image.Image:
    image = image.copy()
    draw = ImageDraw.Draw(image, "RGBA")
    at, size = (image.width * 0.1, image.height * 0.45), max(8, image.width / 5)
    draw.text(at, "SHOP.COM", (255, 255, 255, 150), font_size=size, stroke_width=1, stroke_fill=(0, 0, 0, 60))
    return image


COPIES: Mapping[str, Callable[[Image.Image], bytes]] = {
    "JPEG again, quality 85": lambda i: saved(i, 85),
    "JPEG again, quality 60": lambda i: saved(i, 60),
    "WebP, quality 75": lambda i: saved(i, 75, "WEBP"),
    "twice as large": lambda i: saved(resized(i, 2)),
    "three quarters": lambda i: saved(resized(i, 0.75)),
    "3 % cut off each side": lambda i: saved(ImageOps.crop(i, round(0.03 * i.width))),
    "6 % cut off each side": lambda i: saved(ImageOps.crop(i, round(0.06 * i.width))),
    "10 % white frame": lambda i: saved(ImageOps.expand(i, round(0.1 * i.width), "white")),
    "watermark": lambda i: saved(marked(i)),
    "mirrored": lambda i: saved(ImageOps.mirror(i)),
}


def pictures(shop: lookalike.Recommender) -> tuple[list[tuple[Product, View]], dict[str, Vectors]]:
    """Every product's main view, each picture of a style once, with its vectors."""
    every, found = shop.store.ids(limit=0), {}
    for at in range(0, len(every), BLOCK):
        ids = every[at : at + BLOCK]
        products = shop.store.products(ids)
        for i, views in shop.store.views(ids).items():
            found.setdefault((products[i].style, views[0].view.key), (products[i], views[0]))
    parts = {p: np.stack([main.parts[p] for _, main in found.values()]) for p in ("image", "colour")}
    return [(product, main.view) for product, main in found.values()], parts


def copies_found(shop: lookalike.Recommender, folding: Folding) -> list[str]:
    shown, parts = pictures(shop)
    drawn = np.random.default_rng(SEED).permutation(len(shown))[:COPIED]
    canvas = shop.recipe.canvas
    cells = []
    for copied in COPIES.values():
        hits = 0
        for at in drawn:
            copy = copied(Image.open(shown[at][1].picture).convert("RGB"))
            framed = shop._encoder.canvas(decode(copy, at_least=canvas))
            vectors = {p: rows[0] for p, rows in shop._encoder.encode_pictures([framed]).items()}
            hits += bool(folding.are_one([vectors], [{p: rows[at] for p, rows in parts.items()}]).any())
        cells.append(f"{hits / len(drawn):.2f}")
    return cells


def pairs_folded(shop: lookalike.Recommender, folding: Folding) -> list[str]:
    shown, parts = pictures(shop)
    keys = np.array([view.key for _, view in shown])
    ones, others = [], []
    for at in range(0, len(shown), BLOCK):
        rows = slice(at, at + BLOCK)
        near = np.logical_and.reduce([parts[p][rows] @ parts[p].T >= least for p, least in folding.least.items()])
        one, other = np.nonzero(near)
        later = (one + at < other) & (keys[one + at] != keys[other])
        ones.append(one[later] + at)
        others.append(other[later])
    one, other = np.concatenate(ones), np.concatenate(others)
    folded = len(np.union1d(one, other))
    same = np.mean([shown[a][0].title == shown[b][0].title for a, b in zip(one, other, strict=True)] or [0])
    return [f"{len(shown):,}", f"{len(one):,}", f"{folded / len(shown):.2%}", f"{same:.2f}"]


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--store", type=Path, help="a store that already holds fashion-small")
    parser.add_argument("--shop-store", type=Path, help="a store that already holds shop-men")
    options = parser.parse_args(arguments)
    print(heading())
    with catalogues.work_folder(options.work) as work:
        men = catalogues.unpacked("shop-men", data=options.data, work=work)
        fashion = catalogues.unpacked("fashion-small", data=options.data, work=work)
        stores = {
            "fashion-small": options.store or catalogues.store_of(fashion, work / "fashion-small.store"),
            "shop-men": options.shop_store
            or catalogues.store_of(men, work / "shop-men.store", images=men.parent / "media"),
        }
        found, folded = {}, []
        for name, path in stores.items():
            shop = lookalike.open(path)
            folding = Folding.of(Calibrator(shop.store).calibration(), ("image", "colour"))
            found[name] = copies_found(shop, folding)
            least = ", ".join(f"{part} {cosine:.3f}" for part, cosine in folding.least.items())
            folded.append([name, least, *pairs_folded(shop, folding)])
    rows = [[kind, *(cells[at] for cells in found.values())] for at, kind in enumerate(COPIES)]
    print(f"\n## Copies that are folded into the original\n\n{table(['copy', *found], rows)}")
    head = ["catalogue", "cosines from", "pictures", "pairs folded", "of products", "with one title"]
    print(f"\n## Other products that are folded\n\n{table(head, folded)}")


if __name__ == "__main__":
    main()
