"""Does a score mean something, and the same in every catalogue? Pairs of products by decile of their score.

    python benchmarks/calibration.py --work /tmp/bench --plot calibration.png --foreign PHOTOS

    pairs     of products of different styles by score: the share that has the same type, and the same type and
              colour. It must rise. Labels are the catalogue's own: articleType or the category's leaf, and colour
    scale     which cosine has which score in each catalogue: what calibration evens out
    foreign   how often a search from outside is answered: pictures and words of what the catalogue sells, and of
              what it does not. --foreign is a folder of photographs of anything but clothes

Products are drawn by another seed than the calibration's own. Text counts in the first table of each catalogue,
and titles name type and colour; the second leaves it out.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import catalogues
import numpy as np
import numpy.typing as npt
from machine import heading
from PIL import Image, ImageDraw
from tables import table

import lookalike
from lookalike.recommend.calibration import Calibration
from lookalike.store.interface import Store
from lookalike.store.pairs import PAIRS, Pairs, draw_pairs
from lookalike.testing import sample_shop
from lookalike.types import Product

SEED = 11
DRAWN = 6_000  # products; all pairs among them are counted
BINS = 10
FEWEST = 30  # pairs of a decile that is drawn and judged
MIXTURES = {"image, text, colour": ("image", "text", "colour"), "image, colour": ("image", "colour")}
COLOURS = ("#0a7d5a", "#c2410c", "#1d4ed8")
WORDS = {
    "fashion-small": "red dress,black leather belt,white sneakers,running shoes,striped shirt,green t-shirt,jeans,"
    "yoga pants,navy shorts,brown casual shoes,gold watch,handbag,blue jacket,silver earrings,sunglasses",
    "shop-men": "blue hooded jacket,running shorts,yoga pants,navy shorts,pullover,hoodie,tank top,green t-shirt,"
    "zip sweatshirt,black gym pants,long sleeve tee,windbreaker,fleece jacket,crew neck shirt,track pants",
}
NOT_SOLD = (
    "ladder,kitchen knife,motor oil,guitar strings,hamster cage,screwdriver,orange juice,tent pegs,sofa,"
    "washing machine,car insurance,plant pot,toothpaste,usb cable,lightbulb"
)
SOLD_BY_A_MENS_SHOP = ("Tshirts", "Jackets", "Sweatshirts", "Shorts", "Track Pants")
NOT_SOLD_BY_IT = ("Watches", "Heels", "Handbags", "Earrings", "Lipstick", "Sunglasses", "Sarees", "Wallets")

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Deciles:
    """Pairs by score, in ten steps of 0.1."""

    pairs: Counts  # (10,)
    same_type: Counts  # (10,)
    same_both: Counts  # (10,)


def deciles(store: Store, calibration: Calibration, parts: Sequence[str]) -> Deciles:
    products, blocks, styles, types, colours = _drawn(store, parts)
    weights = {p: store.header.recipe.weights[p] for p in parts}
    scale, total = calibration.scale(weights), sum(weights.values())
    counts = np.zeros((3, BINS), np.int64)
    for at in range(0, len(products), 250):
        rows = slice(at, at + 250)
        cosines = sum(blocks[p][rows] @ blocks[p].T * (weights[p] / total) for p in parts)
        later = np.arange(len(products))[None, :] > np.arange(len(products))[rows, None]
        wanted = later & (styles[rows, None] != styles) & (types[rows, None] != "") & (types != "")
        bins = np.minimum((scale.scores_of(cosines[wanted]) * BINS).astype(int), BINS - 1)
        alike = (types[rows, None] == types)[wanted]
        both = alike & (colours[rows, None] == colours)[wanted]
        for row, chosen in enumerate((slice(None), alike, both)):
            counts[row] += np.bincount(bins[chosen], minlength=BINS)
    return Deciles(*counts)


def _drawn(
    store: Store, parts: Sequence[str]
) -> tuple[list[Product], dict[str, npt.NDArray[np.float32]], *tuple[npt.NDArray[np.str_], ...]]:
    """Some products with all the parts, of the variants that show one picture only one."""
    ids = store.ids(limit=0)
    ids = [ids[at] for at in np.random.default_rng(SEED).permutation(len(ids))[:DRAWN]]
    products, views = store.products(ids), store.views(ids)
    kept = {}
    for i in ids:
        main = views[i][0]
        if all(main.parts[p].any() for p in parts):
            kept.setdefault((products[i].style, main.view.key or i), (products[i], main))
    shown = [product for product, _ in kept.values()]
    blocks = {p: np.stack([main.parts[p] for _, main in kept.values()]) for p in parts}
    labels = ([p.style for p in shown], [_type(p) for p in shown], [p.colour for p in shown])
    return shown, blocks, *(np.array(values) for values in labels)


def _type(product: Product) -> str:
    return str(product.attributes.get("articleType") or product.category.rpartition("/")[2])


def shown(found: Deciles) -> str:
    rows = []
    for at in reversed(range(BINS)):
        n = found.pairs[at]
        share = [f"{count[at] / n:.3f}" if n else "-" for count in (found.same_type, found.same_both)]
        rows.append([f"{at / BINS:.1f} to {(at + 1) / BINS:.1f}", f"{n:,}", *share])
    return table(["score", "pairs", "same type", "same type and colour"], rows)


def rises(found: Deciles) -> bool:
    """Whether each decile with enough pairs has a higher share of the same type and colour than the one below."""
    shares = [b / n for b, n in zip(found.same_both, found.pairs, strict=True) if n >= FEWEST]
    return all(low <= high for low, high in pairwise(shares))


def plot(path: Path, lines: Mapping[str, Deciles]) -> None:
    """Share of pairs of the same type and colour over the score, a line for each catalogue."""
    wide, high, left, bottom = 900, 560, 80, 70
    image = Image.new("RGB", (wide, high), "white")
    draw = ImageDraw.Draw(image)

    def place(score: float, share: float) -> tuple[float, float]:
        return left + score * (wide - left - 30), high - bottom - share * (high - bottom - 30)

    for tick in np.arange(0, 1.01, 0.2):
        draw.line([place(0, tick), place(1, tick)], "#e3e3e8")
        draw.text((left - 40, place(0, tick)[1] - 8), f"{tick:.1f}", "#6e6e73", font_size=15)
        draw.text((place(tick, 0)[0] - 10, high - bottom + 8), f"{tick:.1f}", "#6e6e73", font_size=15)
    draw.text(
        (left, high - 34),
        "score of a pair of products; share that has the same type and colour",
        "#1d1d1f",
        font_size=17,
    )
    for at, ((name, found), colour) in enumerate(zip(lines.items(), COLOURS, strict=False)):
        points = [
            place((b + 0.5) / BINS, found.same_both[b] / found.pairs[b])
            for b in range(BINS)
            if found.pairs[b] >= FEWEST
        ]
        draw.line(points, colour, 3)
        for x, y in points:
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), colour)
        draw.text((left + 20, 36 + 24 * at), name, colour, font_size=18)
    image.save(path)


def scales(found: Mapping[str, Calibration], weights: Mapping[str, float]) -> str:
    levels = (0.2, 0.4, 0.6, 0.8, 0.9)
    rows = [[name, *(f"{c.scale(weights).cosine(level):.2f}" for level in levels)] for name, c in found.items()]
    return table(["cosine at a score of", *map(str, levels)], rows)


def answered(shop: lookalike.Recommender, questions: Iterable[Mapping[str, str]]) -> str:
    """Of how many questions how many get an answer."""
    said = [bool(shop.search(k=1, **question)) for question in questions]
    return f"{sum(said)} of {len(said)}"


def foreign(shops: Mapping[str, lookalike.Recommender], tables: Mapping[str, Path], photos: Path | None) -> str:
    by_type: dict[str, list[str]] = defaultdict(list)
    fashion = tables["fashion-small"]
    with fashion.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_type[row["articleType"]].append(str(fashion.parent / "images" / f"{row['id']}.jpg"))
    random = np.random.default_rng(SEED)

    def some(paths: Sequence[str], count: int) -> list[dict[str, str]]:
        return [{"image": paths[at]} for at in random.permutation(len(paths))[:count]]

    studio = sorted(map(str, (tables["shop-men"].parent / "media").rglob("*.jpg")))
    snaps = sorted(map(str, (tables["clothing"].parent / "images").glob("*.jpg")))
    strange = sorted(map(str, photos.iterdir())) if photos else []
    rows = []
    for name, shop in shops.items():
        rows += [[name, "words for what it sells", answered(shop, [{"text": w} for w in WORDS[name].split(",")])]]
        rows += [[name, "words for what nobody wears", answered(shop, [{"text": w} for w in NOT_SOLD.split(",")])]]
        if name == "fashion-small":
            rows += [[name, "another shop's pictures", answered(shop, some(studio, 100))]]
        else:
            for kind, types in (
                ("of what it sells", SOLD_BY_A_MENS_SHOP),
                ("of what it does not", NOT_SOLD_BY_IT),
            ):
                asked = [question for t in types for question in some(by_type[t], 25)]
                rows += [[name, f"another shop's pictures {kind}", answered(shop, asked)]]
        rows += [[name, "snapshots of clothes", answered(shop, some(snaps, 150))]]
        rows += [[name, "photographs of other things", answered(shop, [{"image": p} for p in strange])]]
    return table(["catalogue", "asked", "answered"], rows)


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--store", type=Path, help="a store that already holds fashion-small")
    parser.add_argument("--shop-store", type=Path, help="a store that already holds shop-men")
    parser.add_argument("--plot", type=Path, help="draw the shares to this .png")
    parser.add_argument("--foreign", type=Path, help="folder of photographs of anything but clothes")
    options = parser.parse_args(arguments)
    print(heading())
    with catalogues.work_folder(options.work) as work:
        names = ("fashion-small", "shop-men", "clothing")
        tables = {name: catalogues.unpacked(name, data=options.data, work=work) for name in names}
        men = tables["shop-men"]
        stores = {
            "fashion-small": options.store
            or catalogues.store_of(tables["fashion-small"], work / "fashion-small.store"),
            "shop-men": options.shop_store
            or catalogues.store_of(men, work / "shop-men.store", images=men.parent / "media"),
            "drawn shop": catalogues.store_of(sample_shop() / "catalogue.csv", work / "drawn.store"),
        }
        shops = {name: lookalike.open(path) for name, path in stores.items()}
        calibrations = {}
        for name, shop in shops.items():
            kept = shop.store.fitted().get(PAIRS)
            calibrations[name] = Calibration(Pairs.from_bytes(kept) if kept else draw_pairs(shop.store))
        for mixture, parts in MIXTURES.items():
            found = {name: deciles(shop.store, calibrations[name], parts) for name, shop in shops.items()}
            for name, counted in found.items():
                rising = "rises" if rises(counted) else "does NOT rise"
                print(f"\n## {name}, {mixture}: the share {rising} with the score\n\n{shown(counted)}")
            if options.plot and "text" not in parts:
                plot(options.plot, found)
        print(f"\n## Scale of image, text, colour\n\n{scales(calibrations, shops['fashion-small'].weights())}")
        asked = {name: shops[name] for name in ("fashion-small", "shop-men")}
        print(f"\n## Answered\n\n{foreign(asked, tables, options.foreign)}")


if __name__ == "__main__":
    main()
