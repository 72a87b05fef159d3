"""The garment parser of lookalike: a U-Net that tells eight kinds of garment, people and the rest apart.

    python -m lookalike.testing.drawing --labelled 260 --seed 11 --out runs/drawn
    python -m lookalike.training.garment_parser --data ../shared/data-unpacked --drawn runs/drawn --out runs/parser

Learned in stages: first from street photographs with masks alone, small, and little changed; then also from parts
of them laid before other grounds, from catalogue pictures on white whose outline can be told, from drawn people,
and from snapshots of which only the name is known. Where all of these came from the first step on, 2,000 steps of
12 pictures led no farther than the first stage does in 325 of 8. A stage begins with the mean of the weights of
earlier ones, which forgets less (Wortsman et al., Model soups, ICML 2022). What is large comes last: the mean of
weights that were learned small and large is better than either. Few photographs show a hat: later people also wear
hats and accessories of others, at the same place of the body. The last stages see photographs about as they were
taken: whole, upright, in their own light. The stages before see them cut, turned and lit in many ways, which is
good to begin with; to end with it, as this did for long, cost 0.04 of mean IoU.

Things that nobody wears have a decoder of their own over the same trunk, which stays as the stages left it: one
decoder for both was the worse at either the longer it learned the other.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
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
from lookalike.media.edges import along_edges
from lookalike.media.framing import near_area, resize, resize_plane
from lookalike.media.masks import UNKNOWN, decode_mask
from lookalike.media.scenes import (
    Manner,
    Scene,
    before,
    only,
    paler,
    part_of,
    pasted,
    plain_ground,
    seen,
    wearing,
)
from lookalike.training.annotations.labels import label_map
from lookalike.training.export import export_segmenter
from lookalike.training.loop import Schedule, load_weights, read_weights, save_weights, train
from lookalike.training.networks import lite0_trunk
from lookalike.training.samples import fed
from lookalike.training.segmenting import PORTRAIT, SHAPES, Draw, SegmentingTask, classes_seen
from lookalike.training.unet import second_decoder, unet
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
_RIDGE = 1e-3  # what the square of a weight costs
_EACH, _MANY = 250, 600  # catalogue pictures of each kind of thing: usually, and to learn from
_SOURCES = ("street", "street before another ground", "a garment alone", "catalogue", "drawn", "snapshot")
_SURE, _SURELY_NOT = 0.55, 0.35  # shares: from one on a pixel of a snapshot is a garment, below the other none
_PIECE = 0.15  # of the largest piece of a garment: smaller ones are specks
_LEAST = 2_500  # pixels of a garment that is cut out of a photograph
_PALE = 0.25  # how often a garment alone is made white, on white
_ADDED = 0.15  # how often something is laid over a street photograph
_BORROWED = {"headwear": 0.45, "accessory": 0.55}  # what people borrow of each other, and how often each
_VISIBLE = 0.0008  # of a photograph: what is smaller is not borrowed
_FIRST = Manner(nearest=1.4, farthest=0.85, near=0.35, turn=0.15, coarse=0.05, light=0.5)
_WORN = Manner(nearest=1.6, farthest=0.8, near=0.4, coarse=0.1, light=0.6)  # people fill most of a photograph
_FRAMED = Manner(nearest=1.25, farthest=0.95, near=0.7, turn=0.1, coarse=0.05, light=0.35)  # as they were taken
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
    borrowed: float = 0.0  # how often somebody on a street photograph also wears what another wears
    shapes: tuple[tuple[float, float], ...] = SHAPES  # of its canvases
    balance: float = 0.42  # how far seldom classes count more


_SMALL = ("street", "mixed", "things", "last", "last", "last", "last")  # the mean of what was learned small
_LARGE = (*_SMALL, *["large"] * len(_SMALL))  # and of that and what was learned large
_LARGER = (*_LARGE, *["borrowed"] * len(_LARGE))
_AS_TAKEN = partial(Stage, worn=_FRAMED, shapes=(PORTRAIT,), balance=0.3)
_AGAIN = partial(
    _AS_TAKEN, side=336, rate=5e-4, head_rate=2.5e-3, shares=(0.94, 0.0, 0.02, 0.0, 0.02, 0.02), borrowed=0.3
)
STAGES = (
    Stage("street", 1300, 208, 1e-3, 6e-3, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0), _FIRST),
    Stage("mixed", 560, 272, 5e-4, 3e-3, (0.74, 0.05, 0.07, 0.04, 0.04, 0.06), _WORN, ("street",)),
    Stage("things", 600, 240, 3e-4, 1.5e-3, (0.57, 0.05, 0.16, 0.1, 0.04, 0.08), _WORN, ("street", "mixed")),
    Stage(
        "last", 650, 240, 2e-4, 1e-3, (0.52, 0.05, 0.2, 0.12, 0.03, 0.08), _WORN, ("street", "things", "things")
    ),
    Stage("large", 1000, 336, 3e-4, 1.5e-3, (0.6, 0.05, 0.14, 0.1, 0.03, 0.08), _WORN, _SMALL),
    Stage("borrowed", 1000, 336, 3e-4, 1.5e-3, (0.62, 0.05, 0.12, 0.09, 0.03, 0.09), _WORN, _LARGE, 0.35),
    _AS_TAKEN("framed", 900, 304, 4e-4, 2e-3, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0), begin=_LARGER, borrowed=0.2),
    _AS_TAKEN(
        *("framed large", 700, 336, 3e-4, 1.5e-3, (0.85, 0.03, 0.03, 0.02, 0.04, 0.03)),
        begin=("framed",),
        borrowed=0.25,
    ),
    _AGAIN("framed again", 1000, begin=("framed", "framed large")),
    _AGAIN("framed last", 800, begin=("framed", "framed large", "framed again", "framed again")),
)
ALONE = (  # of the second decoder, 8 views: share of outlined snapshots, schedule
    (0.0, Schedule(3600, 2e-3, 2e-3, ("alone.classes",), cooldown=0.7, average=0.996, validate_every=300)),
    (
        0.45,
        Schedule(500, 8e-4, 8e-4, ("alone.classes",), cooldown=0.8, average=0.99, validate_every=150, warmup=30),
    ),
)
_HELD_ALONE = 150  # views of held-out things that it is looked at by
_WORN_VIEWS = 1500  # of people, and as many of things alone, by which the two are told apart
SHIPPED = ("framed again", "framed last")  # the stages whose mean is shipped
SIDE = 384  # pixels: the root of how many the shipped parser is given


class Drawer:
    """Random views of all sources, of what is trained on or of what is held out. See `SegmentingTask`."""

    def __init__(self, data: Path, drawn: Path, *, held: bool = False, say: Callable[[str], None]) -> None:
        self._street, self.held = street(data)[::-1] if held else street(data)
        self._drawn = list(labelled(drawn, {label: label for label in LABELS}).values())
        self._things = catalogue(data, held=held, each=_MANY)
        self.snapshots = snapshots(data, held=held)
        self._grounds = _grounds([s.pixels for s in self.snapshots], [s.pixels for s in self._street])
        self._alone = [[scene for scene in self._street if _has(scene, n)] for n in range(2, len(LABELS))]
        self._often = _often(self._street)
        borrowed = [LABELS.index(label) for label in _BORROWED]
        self._lent = {n: [scene for scene in self._street if _has(scene, n, _VISIBLE)] for n in borrowed}
        counts = np.bincount(np.concatenate([s.classes.ravel() for s in self._street]), minlength=len(LABELS))
        self._pixels = counts[: len(LABELS)].astype(np.float64)
        say(
            f"{len(self._street):,} street photographs {'held out' if held else 'to train on'}; "
            f"{len(self._drawn):,} drawn, {len(self._things):,} of a catalogue, {len(self.snapshots):,} snapshots"
        )

    def frequencies(self, stage: Stage) -> npt.NDArray[np.float64]:
        """The share of each label in the pixels of a stage's street photographs."""
        pixels = self._pixels.copy()
        for (label, lenders), often in zip(self._lent.items(), _BORROWED.values(), strict=True):
            each = np.mean([(scene.classes == label).sum() for scene in lenders]) if lenders else 0.0
            pixels[label] += stage.borrowed * often * len(self._street) * each
        shares: npt.NDArray[np.float64] = pixels / pixels.sum()
        return shares

    def of(self, stage: Stage) -> Draw:
        """What draws the views of a stage."""
        return lambda rng, width, height: self._view(stage, rng, width, height)

    def _view(self, stage: Stage, rng: np.random.Generator, width: int, height: int) -> Scene:
        kind = _SOURCES[int(rng.choice(len(_SOURCES), p=stage.shares))]
        ground = self._ground(rng)
        if kind == "snapshot":
            return self.snapshot(self.snapshots, rng, width, height)
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
        if rng.random() < stage.borrowed:
            label = int(rng.choice(list(self._lent), p=list(_BORROWED.values())))
            scene = wearing(scene, self._any(self._lent[label], rng), label, rng)
        if kind == "street before another ground":
            scene = before(scene, ground, rng)
        if stage.begin and rng.random() < _ADDED:
            thing = self._any(self._things, rng) if rng.random() < 0.7 else self._garment(rng)
            scene = pasted(scene, thing, rng)
        return seen(scene, width, height, rng, stage.worn, _WHITE if rng.random() < 0.5 else ground)

    def alone(self, rng: np.random.Generator, width: int, height: int) -> Scene:
        """A view of a thing that nobody wears: on white, white on white, or before another ground."""
        kind, how = rng.random(2)
        if kind < 0.06:
            return self.snapshot(self.snapshots, rng, width, height)
        thing = self._cut_out(rng) if kind < 0.6 else self._any(self._things, rng)
        if how < 0.3:
            white = np.full((8, 8, 3), rng.integers(245, 256), np.uint8)
            return seen(before(paler(thing, rng), white, rng), width, height, rng, _PALELY, white)
        ground = _WHITE if how < 0.5 else self._ground(rng)
        return seen(before(thing, ground, rng), width, height, rng, _LYING, ground)

    def snapshot(self, some: Sequence[Scene], rng: np.random.Generator, width: int, height: int) -> Scene:
        """A view of one of some snapshots."""
        return seen(self._any(some, rng), width, height, rng, _HINTED, self._ground(rng))

    def worn(self, rng: np.random.Generator, width: int, height: int) -> Scene:
        """A view of a person, or of a part of one."""
        scene = self._any(self._street if rng.random() < 0.8 else self._drawn, rng)
        if rng.random() < 0.5:
            rows = len(scene.classes)
            top = int(rng.uniform(0, 0.6) * rows)
            part = np.s_[top : top + int(rng.uniform(0.35, 0.6) * rows)]
            scene = Scene(scene.pixels[part], scene.classes[part])
        return seen(scene, width, height, rng, _WORN, self._ground(rng))

    def _garment(self, rng: np.random.Generator) -> Scene:
        """One garment of a street photograph, alone before another ground."""
        return before(self._cut_out(rng), self._ground(rng), rng)

    def _cut_out(self, rng: np.random.Generator) -> Scene:
        while True:
            number = int(rng.integers(2, len(LABELS)))
            alone = only(self._any(self._alone[number - 2], rng), number)
            if alone is not None and alone.classes.size >= _LEAST:
                return alone

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


def catalogue(data: Path, *, held: bool = False, each: int = _EACH) -> list[Scene]:
    """Catalogue pictures of things alone on white whose outline can be told: to train on, or held out."""
    folder, found = data / "fashion-small", []
    taken = dict.fromkeys(GARMENTS, 0)
    for row in csv.DictReader((folder / "styles.csv").open(encoding="utf-8", newline="")):
        label = _OF_TYPE.get(row["articleType"])
        if label is None or taken[label] >= each or held_out(row["id"], HELD_OUT["fashion"]) != held:
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


def _has(scene: Scene, label: int, least: float = 0.004) -> bool:
    return bool((scene.classes == label).mean() >= least)


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
    counts = Counter(folders)
    runs = [(read_weights(folder / "best.safetensors"), count) for folder, count in counts.items()]
    return {name: sum(count * run[name].float() for run, count in runs) / len(folders) for name in runs[0][0]}


def outlined(network: Any, some: Sequence[Scene]) -> list[Scene]:
    """Snapshots whose name is known, as far as a U-Net with one decoder is sure what in them is a garment."""
    torch = require("torch", extra="train", to="train the garment parser")
    found = []
    for scene in some:
        height, width = scene.classes.shape
        small = resize(scene.pixels, *near_area(width, height, SIDE))
        with torch.inference_mode():
            shares = network.eval().shares(torch.from_numpy(fed([small])))[0].numpy()
        garment = resize_plane(along_edges(shares, small)[2:].sum(0), width, height)
        pieces, count = ndimage.label(garment > _SURE)
        sizes = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
        on = np.isin(pieces, np.flatnonzero(sizes >= _PIECE * sizes.max(initial=0)) + 1)
        if 0.06 < on.mean() < 0.75:
            classes = np.where(garment < _SURELY_NOT, np.uint8(0), np.uint8(UNKNOWN))
            classes[on] = scene.allowed
            found.append(Scene(scene.pixels, classes))
    return found


def learn_alone(
    network: Any,
    drawer: Drawer,
    snapshots: Sequence[Scene],
    held: Sequence[Scene],
    folder: Path,
    *,
    say: Callable[[str], None],
) -> None:
    """Train the second decoder, begun as the first one is, and what tells which of the two to believe."""
    first = {n: w for n, w in network.state_dict().items() if n.startswith(("decoder.", "classes."))}
    network.alone.load_state_dict(first, strict=False)
    for number, (share, schedule) in enumerate(ALONE):

        def draw(rng: np.random.Generator, width: int, height: int, share: float = share) -> Scene:
            if rng.random() >= share:
                return drawer.alone(rng, width, height)
            return drawer.snapshot(snapshots, rng, width, height)

        task = SegmentingTask(
            *(second_decoder(network), draw, held, LABELS),
            sides=(256, 336),
            batch=8,
            frequencies=np.asarray([0.6, *[0.05] * 9]),
            balance=0.2,
        )
        train(task, schedule, folder / str(number), say=say)
    learn_worn(network, drawer, say=say)


def learn_worn(network: Any, drawer: Drawer, *, say: Callable[[str], None]) -> None:
    """Fit the layer that tells whether somebody wears what a picture shows: logistic, on what the trunk gives."""
    torch = require("torch", extra="train", to="train the garment parser")
    rng, rows = np.random.default_rng(0), []
    truth = np.repeat([1.0, 0.0], _WORN_VIEWS)
    network.eval()
    with torch.inference_mode():
        for is_worn in truth:
            wide, tall = (288, 416) if rng.random() < 0.6 else (352, 352)
            scene = (drawer.worn if is_worn else drawer.alone)(rng, wide, tall)
            rows.append(network.encode(torch.from_numpy(fed([scene.pixels])))[0].mean((2, 3))[0])
    features, wanted = torch.stack(rows).clone(), torch.from_numpy(truth.astype(np.float32))
    layer = network.alone.worn
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=200)

    def loss() -> Any:
        optimiser.zero_grad()
        missed = torch.nn.functional.binary_cross_entropy_with_logits(layer(features)[:, 0], wanted)
        lost = missed + _RIDGE * layer.weight.square().sum()
        lost.backward()
        return lost

    optimiser.step(loss)
    right = ((layer(features)[:, 0] > 0) == (wanted > 0)).float().mean()
    say(f"worn or alone: right for {float(right):.3f} of the views")


def publish(network: Any, out: Path, *, held: Sequence[Scene], side: int, say: Callable[[str], None]) -> None:
    """Write graph and weights as the package ships them, in half precision, and say how good on `held`."""
    out.mkdir(parents=True, exist_ok=True)
    network = network.eval()
    export_segmenter(network, out / "garment-parser.onnx")
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
                shapes=stage.shapes,
                frequencies=drawer.frequencies(stage),
                balance=stage.balance,
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
    mean = mean_weights([options.out / name for name in SHIPPED])
    if not options.only_publish:
        network.load_state_dict(mean)
        say("outlining snapshots")
        snapshots_outlined = outlined(network, drawer.snapshots)
    network = unet(network.trunk, len(LABELS), alone=True)
    network.load_state_dict(mean, strict=False)
    if not options.only_publish:
        others = Drawer(options.data, options.drawn, held=True, say=say)
        rng = np.random.default_rng(0)
        views = [others.alone(rng, 300, 360) for _ in range(_HELD_ALONE)]
        learn_alone(network, drawer, snapshots_outlined, views, options.out / "alone", say=say)
        save_weights(network.state_dict(), options.out / "whole.safetensors")
    load_weights(network, options.out / "whole.safetensors")
    publish(network, options.out / "package", held=held, side=SIDE, say=say)


if __name__ == "__main__":
    main()
