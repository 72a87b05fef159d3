"""The garment parser: overlap, outlines, boxes, and how long each stage takes, on what training never saw.

street      the held-out 15 % of the street photographs (`evaluate.splits.held_out` by name): mean and
            per-class IoU, garment against everything else, boundary F of garments; boxes of topwear (with
            outerwear), bottomwear and footwear by COCO's rules, one true box for each label of a photograph
single      garments of held-out photographs and held-out catalogue pictures, alone before other grounds, and
            white on white: garment against everything else
snapshots   ten held-out snapshots outlined by hand (`snapshots.json`, COCO; the first by the MD5 of their names):
            garment against everything else, and the label
speed       each stage by itself on this machine, pictures of 400 x 600

python benchmarks/parser.py [--model NAME|spec.toml] [--sheet parser.png]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import catalogues
import numpy as np
from machine import heading
from PIL import Image

from lookalike.evaluate.detections import average_precision
from lookalike.evaluate.regions import Confusion, boundary_f
from lookalike.media.decoding import decode
from lookalike.media.framing import letterbox
from lookalike.media.masks import UNKNOWN, box_around, classes_of
from lookalike.media.scenes import Manner, Scene, before, only, part_of, plain_ground, seen
from lookalike.models import open_image_embedder, open_segmenter
from lookalike.models.interfaces import Segmenter
from lookalike.models.regions_boxes import figures_of
from lookalike.recipe import Recipe
from lookalike.training.annotations.contours import mask_of
from lookalike.training.annotations.converting import open_annotations
from lookalike.training.annotations.shapes import Annotated
from lookalike.training.garment_parser import LABELS, catalogue, snapshots, street
from lookalike.types import Box, Detection, Pixels, Regions

GARMENTS = range(2, len(LABELS))
WORN = ("topwear", "bottomwear", "footwear")  # what boxes are scored of; outerwear counts as topwear
SINGLE = 100  # pictures of each kind
SHOWN = 0.0005  # of a photograph's pixels: what has fewer is not told
# outerwear is one with topwear, what comes after it moves up
AS_TOPWEAR = np.array([*range(3), *range(2, 255)], np.uint8)
AS_TOPWEAR[UNKNOWN] = UNKNOWN
COLOURS = np.array(
    [[255, 255, 255], [240, 200, 170], [220, 40, 40], [120, 20, 90], [40, 60, 220], [230, 120, 20], [20, 20, 20],
     [20, 160, 60], [250, 220, 0], [0, 200, 220]], np.uint8,
)  # fmt: skip


def on_street(segmenter: Segmenter, held: Sequence[Scene]) -> None:
    confusion, told, merged = Confusion(len(LABELS)), Confusion(len(LABELS)), Confusion(len(LABELS) - 1)
    outlines, truth, found = [], [], []
    for scene in held:
        regions = segmenter.segment([scene.pixels])[0]
        classes = classes_of(regions)
        confusion.add(scene.classes, classes)
        merged.add(*(AS_TOPWEAR[each] for each in (scene.classes, classes)))
        there = np.bincount(scene.classes.ravel(), minlength=256)[: len(LABELS)] > SHOWN * scene.classes.size
        told.add(scene.classes, classes_of(replace(regions, shares=regions.shares * there[:, None, None])))
        outlines.append(boundary_f(scene.classes >= 2, classes >= 2))
        truth.append(true_boxes(scene.classes))
        found.append(found_boxes(regions))
    ious = confusion.ious()
    print(f"\nstreet, {len(held)} photographs")
    every = f"with the background {confusion.mean_iou(first=0):.3f}"
    print(f"  mean IoU of {len(LABELS) - 1} classes {confusion.mean_iou():.3f}, {every}")
    print("  " + ", ".join(f"{label} {iou:.3f}" for label, iou in zip(LABELS, ious, strict=True)))
    print(f"  outerwear as topwear: {merged.mean_iou():.3f}, with the background {merged.mean_iou(first=0):.3f}")
    print(f"  told which kinds each photograph shows: {told.mean_iou():.3f}")
    outline = f"boundary F {np.nanmean(outlines):.3f}"
    print(f"  garment against all else: IoU {confusion.group_iou(GARMENTS):.3f}, {outline}")
    person = confusion.group_iou(range(1, len(LABELS)))
    print(f"  person and garments against the background: IoU {person:.3f}")
    sizes = [(scene.pixels.shape[1], scene.pixels.shape[0]) for scene in held]
    figures = average_precision(truth, found, sizes, labels=WORN)
    print("  boxes: " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items()))


def true_boxes(classes: np.ndarray) -> list[Detection]:
    """One box for each label: of all its pixels."""
    merged = np.where(classes == LABELS.index("outerwear"), LABELS.index("topwear"), classes)
    masks = {label: merged == LABELS.index(label) for label in WORN}
    return [Detection(box_around(mask), label, 1.0) for label, mask in masks.items() if mask.any()]


def found_boxes(regions: Regions) -> list[Detection]:
    """The detector's boxes; a person's topwear and outerwear as one."""
    found = []
    for figure in figures_of(regions):
        for label in WORN:
            ones = [
                g for g in figure.garments if g.label == label or (label == "topwear" and g.label == "outerwear")
            ]
            if label == "topwear" and len(ones) > 1:
                sides = np.array([[g.box.left, g.box.top, g.box.right, g.box.bottom] for g in ones])
                box = Box(*sides[:, :2].min(0).tolist(), *sides[:, 2:].max(0).tolist())
                ones = [Detection(box, label, max(g.score for g in ones))]
            found += [Detection(g.box, label, g.score) for g in ones]
    return found


def singles(things: Sequence[Scene], held: Sequence[Scene]) -> dict[str, list[Scene]]:
    """Things alone: before other grounds, and white on white. Always the same."""
    rng = np.random.default_rng(0)
    grounds = [part_of(scene.pixels[: len(scene.pixels) // 8], rng) for scene in held]
    made: dict[str, list[Scene]] = {"before other grounds": [], "on white": [], "white on white": []}
    calm, white = (
        Manner(near=0.0, farthest=0.7, turn=0.1, light=0.0, coarse=0.0),
        np.full((8, 8, 3), 255, np.uint8),
    )
    while min(map(len, made.values())) < SINGLE:
        if rng.random() < 0.6:
            thing = only(held[int(rng.integers(len(held)))], int(rng.integers(2, len(LABELS))))
        else:
            thing = things[int(rng.integers(len(things)))]
        if thing is None or thing.classes.size < 2_500:
            continue
        for kind, scenes in made.items():
            laid = thing
            if kind == "white on white":
                light = thing.pixels.astype(np.float32) @ (0.299, 0.587, 0.114)
                paler = np.clip(238 + (light - light[thing.classes > 0].mean()) * 0.25, 200, 254)
                laid = Scene(np.repeat(paler[:, :, None], 3, axis=2).astype(np.uint8), thing.classes)
            ground = white
            if kind == "before other grounds":
                ground = plain_ground(rng) if rng.random() < 0.5 else grounds[int(rng.integers(len(grounds)))]
            elif kind == "white on white":
                ground = np.full((8, 8, 3), 252, np.uint8)
            scenes.append(seen(before(laid, ground, rng), 300, 360, rng, calm, ground))
    return made


def on_singles(segmenter: Segmenter, made: dict[str, list[Scene]]) -> None:
    print("\nsingle things, garment against all else")
    for kind, scenes in made.items():
        both = either = right = 0
        for scene in scenes:
            found, truth = classes_of(segmenter.segment([scene.pixels])[0]), scene.classes
            both += int(((found >= 2) & (truth >= 2)).sum())
            either += int(((found >= 2) | (truth >= 2)).sum())
            named = found[(truth >= 2) & (found >= 2)]
            right += int(len(named) and np.bincount(named).argmax() == truth.max())
        print(f"  {kind}: IoU {both / either:.3f}, label right {right / len(scenes):.3f}, {len(scenes)} pictures")


def outlined(folder: Path) -> list[Scene]:
    """The snapshots that were outlined by hand."""
    scenes = []
    for one in open_annotations(Path(__file__).with_name("snapshots.json"), pictures=folder).each:
        if not isinstance(one, Annotated) or one.file is None:
            what = one.picture if isinstance(one, Annotated) else one
            sys.exit(f"a snapshot of snapshots.json is not in {folder}: {what}")
        classes = np.zeros((one.height, one.width), np.uint8)
        for shape in one.shapes:
            classes[mask_of(shape.geometry, one.width, one.height)] = LABELS.index(shape.label)
        scenes.append(Scene(decode(one.file.read_bytes()), classes))
    return scenes


def on_outlined(segmenter: Segmenter, scenes: Sequence[Scene]) -> None:
    found = [classes_of(segmenter.segment([scene.pixels])[0]) for scene in scenes]
    ious, named = [], []
    for scene, seen_here in zip(scenes, found, strict=True):
        true, ours = scene.classes >= 2, seen_here >= 2
        ious.append((true & ours).sum() / (true | ours).sum())
        named.append(LABELS[np.bincount(seen_here[true & ours], minlength=3).argmax()])
    told = [LABELS[scene.classes.max()] for scene in scenes]
    right = sum(ours == true for ours, true in zip(named, told, strict=True))
    print(f"\n{len(scenes)} snapshots outlined by hand, garment against all else")
    print(f"  IoU {np.mean(ious):.3f} on average, least {min(ious):.3f}; label right {right} of {len(scenes)}")
    rows = zip(told, named, ious, strict=True)
    print(
        "  "
        + ", ".join(f"{true} {iou:.3f}" + (f" (as {ours})" if ours != true else "") for true, ours, iou in rows)
    )


def speed(segmenter: Segmenter, pictures: Sequence[Pixels]) -> None:
    print("\nspeed, milliseconds a picture, median")
    recipe = Recipe()
    embedder = open_image_embedder(recipe.image)
    regions = [segmenter.segment([p])[0] for p in pictures]
    stages: dict[str, Callable[[int], object]] = {
        "parser": lambda n: segmenter.segment([pictures[n]]),
        "boxes of regions": lambda n: figures_of(regions[n]),
        "8 crops embedded": lambda n: embedder.embed([letterbox(pictures[n], recipe.canvas)] * 8),
    }
    for name, run in stages.items():
        run(0)
        taken = []
        for n in range(len(pictures)):
            began = time.perf_counter()
            run(n)
            taken.append(time.perf_counter() - began)
        print(f"  {name:18} {np.median(taken) * 1e3:6.1f}")


def sheet(path: Path, segmenter: Segmenter, pictures: Sequence[Pixels]) -> None:
    """Pictures above what the parser sees on them."""
    rows = []
    for at in range(0, len(pictures) - 7, 8):
        some = [letterbox(p, 300) for p in pictures[at : at + 8]]
        rows.append(np.concatenate(some, axis=1))
        rows.append(np.concatenate([COLOURS[classes_of(segmenter.segment([p])[0])] for p in some], axis=1))
    Image.fromarray(np.concatenate(rows)).save(path)
    print(f"\nsheet: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default", help="a segmenter by name, or a spec.toml")
    parser.add_argument(
        "--sheet", type=Path, help="draw what is seen on snapshots (those by hand first) and photographs"
    )
    catalogues.add_options(parser)
    options = parser.parse_args()
    print(heading())
    with catalogues.work_folder(options.work) as work:
        street_folder, fashion_folder, snapshot_folder = (
            catalogues.unpacked(name, data=options.data, work=work).parent
            for name in ("street", "fashion-small", "clothing")
        )
        held, things = street(street_folder.parent)[1], catalogue(fashion_folder.parent, held=True)
        lying = snapshots(snapshot_folder.parent, held=True) if options.sheet else []
        by_hand = outlined(snapshot_folder / "images")
    segmenter = open_segmenter(options.model)
    on_street(segmenter, held)
    on_singles(segmenter, singles(things, held))
    on_outlined(segmenter, by_hand)
    speed(segmenter, [scene.pixels for scene in held[:20]])
    if options.sheet:
        some = [*by_hand, *lying[:: max(1, len(lying) // 16)][:16], *held[:16]]
        sheet(options.sheet, segmenter, [scene.pixels for scene in some])


if __name__ == "__main__":
    main()
