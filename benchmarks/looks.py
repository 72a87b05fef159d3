"""The look: from a photograph of people to products for each garment.

full length   photographs of street, whole and cut off at the knee, the waist, the chest, and without the head:
              is it told which show somebody from head to feet?
sample        the drawn figures of the sample shop: of the garments that can be seen, how many have their own
              product among the first three, and five, of a list
street        each held-out photograph of street is seen twice, otherwise each time (`media.scenes.seen`): garments
              of the one view lie among products of fashion-small; garments of the other, as the pipeline takes it
              apart, look for their own. By how a garment is shown: alone on white, or all of its box
speed         a look over the store of fashion-small, and what of it is taking the photograph apart

python benchmarks/looks.py --work /tmp/bench [--only sample] [--truth | --model NAME] [--store DIR]

--truth takes photographs apart by their true masks instead of a model: what is missed then, the search missed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import catalogues
import numpy as np
import numpy.typing as npt
from machine import heading
from tables import table

from lookalike.evaluate.intervals import figure, numbered
from lookalike.filters import read
from lookalike.indexing.job import index
from lookalike.media.decoding import decode
from lookalike.media.masks import UNKNOWN
from lookalike.media.scenes import Manner, Scene, seen
from lookalike.models import open_segmenter
from lookalike.models.full_length import is_full_length
from lookalike.models.interfaces import Segmenter
from lookalike.models.regions_boxes import figures_of
from lookalike.recommend.looks import alone, take_apart
from lookalike.recommend.recommender import Recommender
from lookalike.testing import sample_shop
from lookalike.testing.drawing.figures import Worn, drawn
from lookalike.testing.drawing.labelled import LABELS
from lookalike.testing.drawing.outfits import planned
from lookalike.testing.drawing.styles import STYLES
from lookalike.training.annotations.labels import label_map
from lookalike.training.garment_parser import labelled, street
from lookalike.types import GARMENTS, Box, Detection, Pixels, Regions, Vector, Vectors

PARTS = ("sample", "full-length", "street", "speed")
SEED = 20_241_121
CUTS = {"whole": 1.0, "knee": 0.72, "waist": 0.42, "chest": 0.27}  # of a person's height, from the top
HEADLESS = 0.14  # of a person's height
OTHERWISE = Manner(nearest=1.1, farthest=0.7, near=0.3, turn=0.5, coarse=0.2, light=1.0)
DISTRACTORS = 6_000
LEAST = 0.003  # of a photograph: a garment that shows less is not asked for
_NEVER = 10**6  # the rank of what the pipeline did not find
SEEN = (600, 400)  # height and width of a view


class Truth:
    """Answers with the true classes of the scene that has these pixels, at half their resolution."""

    labels = LABELS

    def __init__(self, scenes: Iterable[Scene]) -> None:
        self._classes = {scene.pixels.tobytes(): scene.classes for scene in scenes}

    def segment(self, pictures: Sequence[Pixels]) -> list[Regions]:
        return [self._regions(pixels) for pixels in pictures]

    def _regions(self, pixels: Pixels) -> Regions:
        classes = self._classes[pixels.tobytes()]
        known = np.where(classes == UNKNOWN, np.uint8(0), classes)[::2, ::2]
        shares = (np.arange(len(LABELS))[:, None, None] == known).astype(np.float32)
        return Regions(LABELS, shares, pixels.shape[1], pixels.shape[0])


# -- full length -------------------------------------------------------------------------------------


def full_length(scenes: Sequence[Scene], segmenter: Segmenter | None) -> None:
    right: dict[str, list[bool]] = defaultdict(list)
    for scene in scenes:
        rows = np.flatnonzero(np.isin(scene.classes, range(1, len(LABELS))).any(axis=1))
        if not len(rows):
            continue  # nobody was marked
        top, height = int(rows[0]), int(rows[-1] + 1 - rows[0])
        parts = {name: slice(0, None if share == 1 else top + int(share * height)) for name, share in CUTS.items()}
        for name, kept in (parts | {"without the head": slice(top + int(HEADLESS * height), None)}).items():
            part = Scene(np.ascontiguousarray(scene.pixels[kept]), scene.classes[kept])
            regions = (segmenter or Truth([part])).segment([part.pixels])[0]
            people = [one for one in figures_of(regions) if one.is_person]
            found = bool(people) and is_full_length(regions, people[0])
            right[name].append(found == (name == "whole"))
    print("\nfull length or not, share told right\n")
    print(
        table(["shown", "photographs", "right"], [[n, str(len(r)), f"{np.mean(r):.3f}"] for n, r in right.items()])
    )


# -- the drawn figures -------------------------------------------------------------------------------


def drawn_scenes(names: Sequence[str]) -> list[Scene]:
    """The sample shop's figures with the class of each pixel, drawn again."""
    scenes = []
    for name, plan in zip(names, planned(STYLES, seed=7, count=len(names)), strict=True):
        outfit = {slot: Worn(slot, style, colour) for slot, (style, colour) in plan.outfit.items()}
        figure = drawn(outfit, kind=plan.kind, seed=plan.seed, place=plan.place)
        classes = figure.body.astype(np.uint8)
        for owner, worn in enumerate(figure.garments, start=1):
            classes[figure.owners == owner] = LABELS.index(worn.style.label)
        scenes.append(Scene(decode((sample_shop() / name).read_bytes()), classes))
    return scenes


def on_sample(segmenter: Segmenter | None, work: Path) -> None:
    folder = work / "sample"
    index(sample_shop() / "catalogue.csv", folder)
    truth = json.loads((sample_shop() / "truth.json").read_text("utf-8"))["figures"]
    names, shop = sorted(truth), Recommender.open(folder)
    scenes = drawn_scenes(names)
    seeing = segmenter or Truth(scenes)
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    whole, shops = [], []
    for name, scene in zip(names, scenes, strict=True):
        look = shop.look(scene.pixels, k=5, segmenter=seeing)
        whole.append(look.full_length == truth[name]["full_length"])
        lists = [[m.product.id for m in garment.matches] for garment in look.garments]
        for worn in truth[name]["garments"]:
            hit = tuple(any(worn["id"] in ids[:k] for ids in lists) for k in (3, 5))
            found[worn["label"]].append((hit[0], hit[1]))
            if not hit[0]:
                shops.append(f"{Path(name).stem}: {worn['id']}")
    rows = [*found.items(), ("together", [hit for hits in found.values() for hit in hits])]
    print(f"\ndrawn figures, own product among the first; full length told right: {np.mean(whole):.3f}\n")
    print(
        table(
            ["garment", "visible", "of 3", "of 5"],
            [
                [label, str(len(hits)), *(f"{share:.3f}" for share in np.mean(hits, axis=0))]
                for label, hits in rows
            ],
        )
    )
    print(f"\nmissed: {', '.join(shops)}")


# -- street ------------------------------------------------------------------------------------------


def on_street(held: Sequence[Scene], segmenter: Segmenter | None, store: Path) -> None:
    shop, rng = Recommender.open(store), np.random.default_rng(SEED)
    height, width = SEEN
    views = [
        tuple(seen(s, width, height, rng, OTHERWISE, held[(n + 1) % len(held)].pixels) for _ in range(2))
        for n, s in enumerate(held)
    ]
    places, garments = _true_garments([one for one, _ in views])
    asked, _ = _true_garments([other for _, other in views])
    asked = [what for what in asked if what in set(places)]  # cut off in the one view, it is not there to be found
    distractors, kinds = _distractors(shop, rng)
    seeing = segmenter or Truth(other for _, other in views)
    apart = [take_apart(other.pixels, segmenter=seeing).garments for _, other in views]
    rows = []
    for name, show in SHOWN.items():
        gallery = _stacked(_vectors(shop, garments), distractors)
        labels = np.array([label for _, label in places] + kinds)
        crops = [
            [show(view.pixels, w.detection) for w in worn] for (_, view), worn in zip(views, apart, strict=True)
        ]
        queries = _vectors(shop, [crop for some in crops for crop in some])
        first = np.cumsum([0, *(len(some) for some in crops)])
        ranks = []
        for photo, label in asked:
            own = places.index((photo, label))
            of_it = [first[photo] + n for n, w in enumerate(apart[photo]) if w.detection.label == label]
            rows_of = ({part: block[at] for part, block in queries.items()} for at in of_it)
            ranks.append(min((_rank(shop, row, gallery, labels, own) for row in rows_of), default=_NEVER))
        hits = np.array(ranks)
        clusters = numbered([photo for photo, _ in asked])
        cells = [figure((hits < k).astype(float), clusters, seed=SEED) for k in (1, 5, 20)]
        rows.append([name, *(f"{c.value:.3f} ({c.low:.3f} to {c.high:.3f})" for c in cells)])
        for label in GARMENTS:
            of = hits[[said == label for _, said in asked]]
            if len(of):
                rows.append([f"  {label}, {len(of)}", *(f"{(of < k).mean():.3f}" for k in (1, 5, 20))])
    print(
        f"\nstreet, {len(held)} photographs seen twice: {len(asked)} garments look for their own among "
        f"{len(places)} and {len(kinds):,} products of fashion-small; 95 % intervals over photographs\n"
    )
    print(table(["shown", "R@1", "R@5", "R@20"], rows))


def _true_garments(scenes: Sequence[Scene]) -> tuple[list[tuple[int, str]], list[Pixels]]:
    """Photograph and label of all that can be seen, and each alone on white, by the true masks."""
    places, pixels = [], []
    for number, scene in enumerate(scenes):
        for label in GARMENTS:
            mask = scene.classes == LABELS.index(label)
            if mask.mean() >= LEAST:
                places.append((number, label))
                pixels.append(alone(scene.pixels, Detection(Box(0, 0, 1, 1), label, 1.0, mask)))
    return places, pixels


def _distractors(shop: Recommender, rng: np.random.Generator) -> tuple[dict[str, Vectors], list[str]]:
    """Products of the store whose kind is known, by part, and their kinds."""
    ids = shop.store.ids(limit=0, where=read({"garment": list(GARMENTS)}))
    drawn_ids = [ids[at] for at in rng.permutation(len(ids))[:DISTRACTORS]]
    products, views = shop.store.products(drawn_ids), shop.store.views(drawn_ids)
    parts = {part: np.stack([views[i][0].parts[part] for i in drawn_ids]) for part in ("image", "colour")}
    return parts, [products[i].predicted["garment"].value for i in drawn_ids]


def _vectors(shop: Recommender, crops: Sequence[Pixels]) -> dict[str, Vectors]:
    encoder, blocks = shop._encoder, defaultdict(list)
    for at in range(0, len(crops), 32):
        for part, rows in encoder.encode_pictures([encoder.canvas(c) for c in crops[at : at + 32]]).items():
            blocks[part].append(rows)
    return {part: np.concatenate(rows) for part, rows in blocks.items()}


def _stacked(one: dict[str, Vectors], other: dict[str, Vectors]) -> dict[str, Vectors]:
    return {part: np.concatenate([one[part], other[part]]) for part in other}


def _rank(
    shop: Recommender,
    query: dict[str, Vector],
    gallery: dict[str, Vectors],
    labels: npt.NDArray[np.str_],
    own: int,
) -> int:
    """How many things of its kind are more like a query than its own, by the recipe's weights."""
    likeness = sum(
        weight * (gallery[part] @ query[part]) for part, weight in shop.weights().items() if part in query
    )
    return int((likeness[labels == labels[own]] > likeness[own]).sum())


def _boxed(pixels: Pixels, garment: Detection) -> Pixels:
    return alone(pixels, replace(garment, mask=None))


SHOWN: dict[str, Callable[[Pixels, Detection], Pixels]] = {"alone on white": alone, "all of its box": _boxed}


# -- speed -------------------------------------------------------------------------------------------


def speed(held: Sequence[Scene], segmenter: Segmenter | None, store: Path) -> None:
    shop = Recommender.open(store)
    seeing = segmenter or Truth(held)
    whole, apart, found = [], [], []
    shop.look(held[0].pixels, segmenter=seeing)
    for scene in held[:40]:
        began = time.perf_counter()
        look = shop.look(scene.pixels, segmenter=seeing)
        whole.append(time.perf_counter() - began)
        began = time.perf_counter()
        take_apart(scene.pixels, segmenter=seeing)
        apart.append(time.perf_counter() - began)
        found.append(len(look.garments))
    print(f"\nspeed over {shop.store.counts().products:,} products, {np.mean(found):.1f} garments a photograph\n")
    rows = [
        [name, f"{np.median(taken) * 1e3:.0f} ms", f"{np.percentile(taken, 95) * 1e3:.0f} ms"]
        for name, taken in (("a look", whole), ("of which taking apart", apart))
    ]
    print(table(["stage", "median", "p95"], rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, action="append", help="this part alone; may be given again")
    parser.add_argument("--model", default="default", help="the segmenter, by name or as a spec.toml")
    parser.add_argument("--truth", action="store_true", help="true masks in place of a segmenter")
    parser.add_argument("--store", type=Path, help="one that holds fashion-small; made when not given")
    catalogues.add_options(parser)
    options = parser.parse_args()
    print(heading())
    segmenter = None if options.truth else open_segmenter(options.model)
    asked = set(options.only or PARTS)
    with catalogues.work_folder(options.work) as work:
        if "sample" in asked:
            on_sample(segmenter, work)
        if asked == {"sample"}:
            return
        folder = catalogues.unpacked("street", data=options.data, work=work).parent
        if "full-length" in asked:
            every = labelled(folder, label_map("street-59")).values()
            full_length(list(every) if options.truth else street(folder.parent)[1], segmenter)
        if not asked & {"street", "speed"}:
            return
        held = street(folder.parent)[1]
        store = options.store
        if store is None:
            things = catalogues.unpacked("fashion-small", data=options.data, work=work)
            store = catalogues.store_of(things, work / "fashion-small-store")
        if "street" in asked:
            on_street(held, segmenter, store)
        if "speed" in asked:
            speed(held, segmenter, store)


if __name__ == "__main__":
    main()
