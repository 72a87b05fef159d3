"""Does cutting garments out before embedding help? The tables of quality.py, with and without a cut-out.

    python benchmarks/cutout.py --work /tmp/bench --held-out
    python benchmarks/cutout.py --work /tmp/bench --cutout white-ground --cutout u2netp --only shop-men

Each cut-out (white-ground and the garment parser where none is named) and none are indexed by lookalike's own
code, the same recipe else, and answer the same queries: identity on shop-men (back and detail views apart),
attributes on a sample of fashion-small, labels of snapshots. One table for each way to look, with 95 % intervals;
+, -, = against no cut-out (paired randomisation, p < 0.05). Before them: how many pictures a cut-out leaves as
they are, and the processor time that it takes.
"""

from __future__ import annotations

import argparse
import csv
import random
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import catalogues
import quality
from machine import heading
from tables import intervals, table

from lookalike.evaluate import StoreContender, compare
from lookalike.evaluate.benchmark import QUERIES, SEED
from lookalike.evaluate.shelf import Shelf
from lookalike.media.cutout import cut_from
from lookalike.media.decoding import decode
from lookalike.models.encoder import Encoder
from lookalike.models.segmenters import open_segmenter
from lookalike.recipe import Recipe
from lookalike.recommend.recommender import Recommender

CUTOUTS = ("white-ground", "garment-parser")
ASKED = {"shop-men": quality.shop, "fashion-small": quality.fashion, "snapshots": quality.snapshots}
_LOOKED_AT = 200  # pictures of each catalogue that are cut out for the first table


def sampled(source: Path, count: int, written: Path) -> Path:
    """A catalogue of so many of the rows."""
    with source.open(newline="", encoding="utf-8") as file:
        head, *rows = list(csv.reader(file))
    with written.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *random.Random(SEED).sample(rows, min(count, len(rows)))])
    return written


def opened(name: str, options: argparse.Namespace, work: Path) -> quality.Catalogue:
    """A catalogue, and a store of it for each cut-out."""
    source = catalogues.unpacked("clothing" if name == "snapshots" else name, data=options.data, work=work)
    images = source.parent / ("media" if name == "shop-men" else "images")
    columns = {"fashion-small": ["articleType", "baseColour", "gender"], "shop-men": ["colour"]}
    if name == "snapshots":
        source = catalogues.snapshots(source, work / "snapshots.csv")
    if name == "fashion-small":
        source = sampled(source, options.products, work / f"fashion-{options.products}.csv")
    stores = {}
    for cutout in ("none", *options.cutout):
        recipe = Recipe(text="none", cutout=cutout)
        folder = work / f"{name}-{options.products}-{recipe.fingerprint()}.store"
        catalogues.store_of(source, folder, images=images, recipe=recipe)
        stores[cutout] = Recommender.open(folder).store, recipe
    first = stores["none"][0]
    return quality.Catalogue(name, stores, Shelf.read(first, columns.get(name, ["label", "sender"]), name=name))


def looked_at(catalogue: quality.Catalogue, cutouts: Sequence[str]) -> list[list[str]]:
    """A row for each cut-out: how many pictures it leaves, and how long it takes for one."""
    pictures = sorted({view.picture for view in catalogue.shelf.views})
    drawn = random.Random(SEED).sample(pictures, min(_LOOKED_AT, len(pictures)))
    rows = []
    for cutout in cutouts:
        encoder, segmenter, left = Encoder(Recipe(text="none", cutout=cutout)), open_segmenter(cutout), 0
        segmenter.segment([decode(Path(drawn[0]).read_bytes())])
        began = time.process_time()
        for picture in drawn:
            pixels = decode(Path(picture).read_bytes(), at_least=encoder.at_least)
            left += bool(cut_from(pixels, segmenter.segment([pixels])[0]).left)
        each_ms = (time.process_time() - began) / len(drawn) * 1000
        rows.append([f"{catalogue.name}, {cutout}", f"{left / len(drawn):.1%}", f"{each_ms:.0f} ms"])
    return rows


def show(catalogue: quality.Catalogue, options: argparse.Namespace) -> None:
    asked = ASKED[catalogue.name](catalogue, options)
    depths, letter = ((1, 5), "R") if catalogue.name == "shop-men" else ((1, 7), "P")
    for column, parts in quality.COLUMNS.items():
        if "text" in parts:
            continue
        contenders = [
            StoreContender(name, store, {part: recipe.weights[part] for part in parts})
            for name, (store, recipe) in catalogue.stores.items()
        ]
        report = compare(contenders, asked, depths=depths, seed=SEED)
        print(f"\n### {catalogue.name}, {column}\n")
        print(intervals(report.results, [f"{letter}@{k}" for k in depths]))


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--cutout", action="append", help="a segmenter; may be given again")
    parser.add_argument("--products", type=int, default=6_000, help="of fashion-small (%(default)s)")
    parser.add_argument("--queries", type=int, default=QUERIES, help="of fashion-small, at most (%(default)s)")
    parser.add_argument("--held-out", action="store_true", help="queries only from what training never sees")
    parser.add_argument("--only", choices=list(ASKED), action="append")
    options = parser.parse_args(arguments)
    options.cutout = options.cutout or list(CUTOUTS)
    print(heading())
    with catalogues.work_folder(options.work) as work:
        opened_here = [opened(name, options, work) for name in options.only or ASKED]
        rows = [row for catalogue in opened_here for row in looked_at(catalogue, options.cutout)]
        print(f"\n{table(['pictures of, cut out by', 'left as they are', 'processor time each'], rows)}")
        for catalogue in opened_here:
            show(catalogue, options)


if __name__ == "__main__":
    main()
