"""The garment parser of lookalike: a U-Net that tells eight kinds of garment, people and the rest apart.

    python -m lookalike.testing.drawing --labelled 260 --seed 11 --out runs/drawn
    python -m lookalike.training.garment_parser --data ../shared/data-unpacked --drawn runs/drawn --out runs/parser

Learned in stages: first from street photographs with masks alone, small, and little changed; then also from parts
of them laid before other grounds, from catalogue pictures on white whose outline can be told, from drawn people,
and from snapshots of which only the name is known. Where all of these came from the first step on, 2,000 steps of
12 pictures led no farther than the first stage does in 325 of 8. A stage begins with the mean of the weights of
earlier ones, which forgets less. (Wortsman et al., Model soups, ICML 2022.)
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from lookalike.evaluate.regions import Confusion
from lookalike.evaluate.splits import held_out
from lookalike.extras import require
from lookalike.media.colour import garment_weights
from lookalike.media.decoding import decode
from lookalike.media.framing import resize
from lookalike.media.masks import UNKNOWN, decode_mask
from lookalike.media.scenes import Manner, Scene, before, only, paler, part_of, pasted, plain_ground, seen
from lookalike.training.annotations.labels import label_map
from lookalike.training.export import export_segmenter
from lookalike.training.loop import Schedule, read_weights, save_weights, train
from lookalike.training.networks import lite0_trunk
from lookalike.training.segmenting import Draw, SegmentingTask, classes_seen
from lookalike.training.unet import unet
from lookalike.types import GARMENTS, Pixels

LABELS = ("background", "person", *GARMENTS)
_OF_GARMENTS = range(2, len(LABELS))
HELD_OUT = {"street": 0.15, "snapshots": 0.2, "fashion": 0.15}  # garments.py holds out all of these, and more
_SIDE = 384  # pixels of the longer side that photographs are kept at
_OF_TYPE = {  # article types of catalogue pictures that show the thing alone, and what it is
    **dict.fromkeys(("Handbags", "Backpacks", "Clutches", "Duffel Bag", "Messenger Bag", "Laptop Bag"), "bag"),
    **dict.fromkeys(("Wallets", "Rucksacks", "Waist Pouch"), "bag"),
    **dict.fromkeys(("Casual Shoes", "Sports Shoes", "Formal Shoes", "Heels", "Flats", "Sandals"), "footwear"),
    **dict.fromkeys(("Flip Flops", "Sports Sandals", "Booties"), "footwear"),
    **dict.fromkeys(("Caps", "Hat"), "headwear"),
    **dict.fromkeys(("Belts", "Watches", "Sunglasses", "Scarves", "Ties", "Gloves", "Bracelet"), "accessory"),
    **dict.fromkeys(("Necklace and Chains", "Mufflers", "Stoles"), "accessory"),
}
_OF_SNAPSHOT = {  # what people call what they photographed, and what it is
    **dict.fromkeys(
        ("T-Shirt", "Longsleeve", "Shirt", "Polo", "Undershirt", "Hoodie", "Top", "Blouse"), "topwear"
    ),
    **dict.fromkeys(("Outwear", "Blazer"), "outerwear"),
    **dict.fromkeys(("Pants", "Shorts", "Skirt"), "bottomwear"),
    "Dress": "one-piece",
    "Shoes": "footwear",
    "Hat": "headwear",
}
_EACH = 250  # catalogue pictures of each kind of thing
_SOURCES = ("street", "street before another ground", "a garment alone", "catalogue", "drawn", "snapshot")
_PALE = 0.25  # how often a garment alone is made white, on white
_ADDED = 0.15  # how often something is laid over a street photograph
_FIRST = Manner(nearest=1.4, farthest=0.85, near=0.35, turn=0.15, coarse=0.05, light=0.5)
_WORN = Manner(nearest=1.6, farthest=0.8, near=0.4, coarse=0.1, light=0.6)  # people fill most of a photograph
_LYING = Manner(lie=0.35, nearest=1.4, farthest=0.35)
_PALELY = Manner(lie=0.2, nearest=1.3, farthest=0.45, light=0.0)
_HINTED = Manner(lie=0.2, nearest=1.15, farthest=0.8)


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the training: what is drawn, how large, and how fast it is learned."""

    name: str
    steps: int
    side: int  # pixels: the root of how many a canvas has
    rate: float
    head_rate: float
    shares: tuple[float, ...]  # how often a view comes from each of `_SOURCES`
    worn: Manner  # how views of people differ
    begin: tuple[str, ...] = ()  # the stages whose mean it begins with, one named twice counts twice


STAGES = (
    Stage("street", 1300, 208, 1e-3, 6e-3, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0), _FIRST),
    Stage("mixed", 560, 272, 5e-4, 3e-3, (0.74, 0.05, 0.07, 0.04, 0.04, 0.06), _WORN, ("street",)),
    Stage("things", 600, 240, 3e-4, 1.5e-3, (0.57, 0.05, 0.16, 0.1, 0.04, 0.08), _WORN, ("street", "mixed")),
    Stage(
        "last", 650, 240, 2e-4, 1e-3, (0.52, 0.05, 0.2, 0.12, 0.03, 0.08), _WORN, ("street", "things", "things")
    ),
)
SHIPPED = ("street", "mixed", "things", "last", "last", "last", "last")  # the stages whose mean is shipped
SIDE = 256  # pixels: the root of how many the shipped parser is given


class Drawer:
    """Random views of all sources. See `SegmentingTask`."""

    def __init__(self, data: Path, drawn: Path, *, say: Callable[[str], None]) -> None:
        self._street, self.held = street(data)
        self._drawn = list(labelled(drawn, {label: label for label in LABELS}).values())
        self._things = catalogue(data)
        self._snapshots = snapshots(data)
        self._grounds = _grounds([s.pixels for s in self._snapshots], [s.pixels for s in self._street])
        self._alone = [[scene for scene in self._street if _has(scene, n)] for n in range(2, len(LABELS))]
        self._often = _often(self._street)
        counts = np.bincount(np.concatenate([s.classes.ravel() for s in self._street]), minlength=len(LABELS))
        self.frequencies = counts[: len(LABELS)] / counts[: len(LABELS)].sum()
        say(
            f"{len(self._street):,} street photographs to train on, {len(self.held):,} held out; "
            f"{len(self._drawn):,} drawn, {len(self._things):,} of a catalogue, {len(self._snapshots):,} snapshots"
        )

    def of(self, stage: Stage) -> Draw:
        """What draws the views of a stage."""
        return lambda rng, width, height: self._view(stage, rng, width, height)

    def _view(self, stage: Stage, rng: np.random.Generator, width: int, height: int) -> Scene:
        kind = _SOURCES[int(rng.choice(len(_SOURCES), p=stage.shares))]
        ground = self._ground(rng)
        if kind == "snapshot":
            return seen(self._any(self._snapshots, rng), width, height, rng, _HINTED, ground)
        if kind == "a garment alone":
            if rng.random() < _PALE:
                white = np.full((8, 8, 3), rng.integers(247, 256), np.uint8)
                pale = before(paler(self._garment(rng), rng), white, rng)
                return seen(pale, width, height, rng, _PALELY, white)
            return seen(self._garment(rng), width, height, rng, _LYING, self._ground(rng))
        if kind == "catalogue":
            thing = self._any(self._things, rng)
            scene = before(thing, ground, rng) if rng.random() < 0.7 else thing
            return seen(scene, width, height, rng, _LYING, ground if rng.random() < 0.7 else _WHITE)
        if kind == "drawn":
            scene = self._any(self._drawn, rng)
            if rng.random() < 0.4:
                scene = before(scene, ground, rng)
            return seen(scene, width, height, rng, stage.worn, ground)
        scene = self._street[int(rng.choice(len(self._street), p=self._often))]
        if kind == "street before another ground":
            scene = before(scene, ground, rng)
        if stage.begin and rng.random() < _ADDED:
            thing = self._any(self._things, rng) if rng.random() < 0.7 else self._garment(rng)
            scene = pasted(scene, thing, rng)
        return seen(scene, width, height, rng, stage.worn, _WHITE if rng.random() < 0.5 else ground)

    def _garment(self, rng: np.random.Generator) -> Scene:
        """One garment of a street photograph, alone before another ground."""
        while True:
            number = int(rng.integers(2, len(LABELS)))
            alone = only(self._any(self._alone[number - 2], rng), number)
            if alone is not None:
                return before(alone, self._ground(rng), rng)

    def _ground(self, rng: np.random.Generator) -> Pixels:
        return plain_ground(rng) if rng.random() < 0.45 else part_of(self._any(self._grounds, rng), rng)

    @staticmethod
    def _any(some: Sequence[Any], rng: np.random.Generator) -> Any:
        return some[int(rng.integers(len(some)))]


_WHITE = np.full((8, 8, 3), 255, np.uint8)

# -- reading -----------------------------------------------------------------------------------------


def street(data: Path) -> tuple[list[Scene], list[Scene]]:
    """The street photographs with our labels: to train on, and held out."""
    scenes = labelled(data / "street", label_map("street-59"))
    is_out = {name: held_out(name, HELD_OUT["street"]) for name in scenes}
    return [s for n, s in scenes.items() if not is_out[n]], [s for n, s in scenes.items() if is_out[n]]


def labelled(folder: Path, ours: dict[str, str]) -> dict[str, Scene]:
    """Photographs and indexed masks (`photos/NAME.jpg`, `masks/NAME.png`, `labels.json`) by name.

    ours: what each of the folder's labels is called here; pixels of labels that it lacks are unknown.
    """
    names = json.loads((folder / "labels.json").read_text("utf-8"))
    table = np.full(256, UNKNOWN, np.uint8)
    for index, name in enumerate(names):
        if name in ("null", "background"):
            table[index] = 0
        elif name in ours:
            table[index] = LABELS.index(ours[name])
    scenes = {}
    for path in sorted((folder / "photos").glob("*.jpg")):
        classes = table[decode_mask((folder / "masks" / f"{path.stem}.png").read_bytes())]
        pixels = decode(path.read_bytes())
        if pixels.shape[:2] == classes.shape:
            scenes[path.stem] = Scene(pixels, classes)
    return scenes


def catalogue(data: Path, *, held: bool = False) -> list[Scene]:
    """Catalogue pictures of things alone on white whose outline can be told: to train on, or held out."""
    folder, found = data / "fashion-small", []
    taken = dict.fromkeys(GARMENTS, 0)
    for row in csv.DictReader((folder / "styles.csv").open(encoding="utf-8", newline="")):
        label = _OF_TYPE.get(row["articleType"])
        if label is None or taken[label] >= _EACH or held_out(row["id"], HELD_OUT["fashion"]) != held:
            continue
        pixels = decode((folder / "images" / f"{row['id']}.jpg").read_bytes())
        pixels = resize(pixels, pixels.shape[1] * 3, pixels.shape[0] * 3)
        on = ndimage.median_filter(garment_weights(pixels) > 0.5, size=7)  # without the specks of a coarse JPEG
        if 0.05 < on.mean() < 0.7:
            taken[label] += 1
            found.append(Scene(pixels, np.where(on, np.uint8(LABELS.index(label)), np.uint8(0))))
    return found


def snapshots(data: Path, *, held: bool = False) -> list[Scene]:
    """Snapshots of which only the name is known: to train on, or held out."""
    folder, found = data / "clothing", []
    for row in csv.DictReader((folder / "images.csv").open(encoding="utf-8", newline="")):
        label, path = _OF_SNAPSHOT.get(row["label"]), folder / "images" / f"{row['image']}.jpg"
        is_held = held_out(row["sender_id"], HELD_OUT["snapshots"])
        if label is None or is_held != held or not path.exists():
            continue
        pixels = decode(path.read_bytes(), at_least=_SIDE)
        scale = _SIDE / max(pixels.shape[:2])
        pixels = resize(pixels, max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        found.append(Scene(pixels, np.full(pixels.shape[:2], UNKNOWN, np.uint8), allowed=LABELS.index(label)))
    return found


def _grounds(snapshots: Sequence[Pixels], photographs: Sequence[Pixels]) -> list[Pixels]:
    """Borders of photographs: floors, beds, walls and streets."""
    strips = []
    for number, pixels in enumerate([*snapshots[::3], *photographs]):
        height, width = pixels.shape[:2]
        sides = (
            pixels[: max(8, height // 7)],
            pixels[-max(8, height // 7) :],
            pixels[:, : max(8, width // 6)],
            pixels[:, -max(8, width // 6) :],
        )
        strips.append(np.ascontiguousarray(sides[number % 4]))
    return strips


def _has(scene: Scene, label: int) -> bool:
    return bool((scene.classes == label).mean() >= 0.004)


def _often(scenes: Sequence[Scene]) -> npt.NDArray[np.float64]:
    """How often each photograph is drawn: twice as often where it has what few have."""
    there = np.asarray([[_has(scene, n) for n in range(2, len(LABELS))] for scene in scenes])
    rare = there.mean(0) < 0.25
    weights = 1.0 + there[:, rare].any(1)
    shares: npt.NDArray[np.float64] = weights / weights.sum()
    return shares


# -- what is shipped ---------------------------------------------------------------------------------


def mean_weights(folders: Sequence[Path]) -> dict[str, Any]:
    """The mean of the best weights of runs of one network; a folder named twice counts twice."""
    every = [read_weights(folder / "best.safetensors") for folder in folders]
    return {name: sum(weights[name].float() for weights in every) / len(every) for name in every[0]}


def publish(network: Any, out: Path, *, held: Sequence[Scene], side: int, say: Callable[[str], None]) -> None:
    """Write graph and weights as the package ships them, in half precision, and say how good on `held`."""
    out.mkdir(parents=True, exist_ok=True)
    network = network.eval()
    export_segmenter(network, out / "garment-parser.onnx", mirrored=True)
    kept = {
        name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")
    }
    halves = {name: value.half() for name, value in kept.items()}
    save_weights(halves, out / "garment-parser.safetensors")  # for `lookalike train segmenter` to begin with
    confusion = Confusion(len(LABELS))
    for scene in held:
        confusion.add(scene.classes, classes_seen(network, scene.pixels, side))
    spelled = ", ".join(f"{label} {iou:.3f}" for label, iou in zip(LABELS, confusion.ious(), strict=True))
    say(f"mean IoU {confusion.mean_iou():.3f}; garments {confusion.group_iou(_OF_GARMENTS):.3f}; {spelled}")
    say(f"written to {out}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--drawn", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--trunk", type=Path, help="garments.safetensors, to begin with its eyes; ImageNet's if none"
    )
    parser.add_argument("--only-publish", action="store_true", help="train no further: write what is best so far")
    options = parser.parse_args()

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)  # noqa: T201 - a script's progress

    require("torch", extra="train", to="train the garment parser")
    trunk = lite0_trunk()
    if options.trunk:
        weights = read_weights(options.trunk)
        kept = {name.removeprefix("trunk."): w.float() for name, w in weights.items() if name.startswith("trunk.")}
        trunk.load_state_dict(kept, strict=False)
    network = unet(trunk, len(LABELS))
    if options.only_publish:
        held = street(options.data)[1]
    else:
        drawer = Drawer(options.data, options.drawn, say=say)
        held = drawer.held
        for stage in STAGES:
            if stage.begin:
                network.load_state_dict(mean_weights([options.out / name for name in stage.begin]))
            say(f"stage {stage.name}")
            task = SegmentingTask(
                *(network, drawer.of(stage), held, LABELS),
                sides=(stage.side, stage.side),
                batch=8,
                frequencies=drawer.frequencies,
                balance=0.42,
            )
            schedule = Schedule(
                steps=stage.steps,
                rate=stage.rate,
                head_rate=stage.head_rate,
                heads=("decoder", "classes"),
                decay=0.05,
                cooldown=0.6,
                average=0.996,
                validate_every=200,
            )
            train(task, schedule, options.out / stage.name, say=say)
    network.load_state_dict(mean_weights([options.out / name for name in SHIPPED]))
    publish(network, options.out / "package", held=held, side=SIDE, say=say)


if __name__ == "__main__":
    main()
