"""The default image model of lookalike: trained for several aims at once on several kinds of pictures.

    python -m lookalike.training.garments --data ../shared/data-unpacked --out runs/garments

The folder given by `--data` has four archives unpacked: fashion-small (types, colours, departments and usages of
36,072 small catalogue pictures), shop-men (views of products), clothing (snapshots), street (photographs with
masks). One embedding learns all: cosine classifiers name what a catalogue names, and a contrastive loss brings
views of one thing together, real ones (front, back, detail) and made ones (close-ups, light, grounds, sharpness).
What is shipped has gone on from here: `training/last_stages.py`.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.evaluate.splits import held_out
from lookalike.extras import require
from lookalike.media.augmenting import GENTLE, Augmentation
from lookalike.media.colour import garment_weights
from lookalike.media.decoding import decode
from lookalike.media.framing import letterbox, resize
from lookalike.media.masks import bounds, decode_mask
from lookalike.models.alignment import save_projection
from lookalike.models.attributes import Head, fit_sharpness, save_heads
from lookalike.training import losses
from lookalike.training.export import export_network
from lookalike.training.loop import Batch, Schedule, load_weights, save_weights, train
from lookalike.training.networks import SHARPNESS, garment_encoder
from lookalike.training.samples import Labels, Source, fed, numbered, views_of
from lookalike.training.words import learn_projection
from lookalike.types import Mask, Pixels

HEADS = ("articleType", "baseColour", "gender", "usage", "snapshot", "worn")
HELD_OUT = {"fashion": 0.15, "shop": 0.5, "snapshots": 0.2, "street": 0.2}  # shares of what belongs together
NOT_LABELS = ("Not sure", "Other", "Skip")
SHARES = {
    "fashion": (14, 36),
    "snapshots": (10, 14),
    "shop": (6, 0),
    "street": (8, 2),
}  # things a batch: with two views, one of them gentle; and with a gentle view alone
WEIGHTS = {"articleType": 1.0, "baseColour": 0.8, "gender": 0.7, "usage": 0.3, "snapshot": 1.2, "worn": 0.3}
CONTRAST = 0.8
SMALL = 0.65  # share of the steps that are taken at the smaller side
WORDS_FROM = 15_000  # pictures that the projection of words is learned from
FIELDS = {
    "articleType": "type",
    "baseColour": "colour",
    "gender": "audience",
    "usage": "usage",
}  # head -> our name
UNTOLD = "snapshot"  # a head that stands beside the embedding, but whose answer no product is told
_LARGE = 256  # pixels of the longer side that large pictures are kept at
_SNAPSHOT_OF = {  # article type of a catalogue, or label of a street mask: what snapshots call it
    **dict.fromkeys(("Tshirts", "Lounge Tshirts", "t-shirt"), "T-Shirt"),
    **dict.fromkeys(("Sweaters", "jumper", "sweater"), "Longsleeve"),
    **dict.fromkeys(("Shirts", "shirt"), "Shirt"),
    **dict.fromkeys(("Jeans", "Trousers", "Track Pants", "Lounge Pants", "Leggings", "Jeggings"), "Pants"),
    **dict.fromkeys(("jeans", "pants", "leggings"), "Pants"),
    **dict.fromkeys(("Casual Shoes", "Formal Shoes", "Sports Shoes", "Heels", "Flats", "Booties"), "Shoes"),
    **dict.fromkeys(("Sandals", "Flip Flops", "Sports Sandals", "sandals", "shoes", "sneakers"), "Shoes"),
    **dict.fromkeys(("boots", "loafers", "pumps", "heels", "flats", "wedges", "clogs"), "Shoes"),
    **dict.fromkeys(("Dresses", "dress"), "Dress"),
    **dict.fromkeys(("Jackets", "Rain Jacket", "coat", "jacket"), "Outwear"),
    **dict.fromkeys(("Blazers", "blazer"), "Blazer"),
    **dict.fromkeys(("Caps", "Hat", "hat"), "Hat"),
    **dict.fromkeys(("Shorts", "Lounge Shorts", "shorts"), "Shorts"),
    **dict.fromkeys(("Skirts", "skirt"), "Skirt"),
    **dict.fromkeys(("Tops", "top"), "Top"),
    **dict.fromkeys(("Innerwear Vests",), "Undershirt"),
    "blouse": "Blouse",
    "hoodie": "Hoodie",
}
_BARE = {"null", "hair", "skin"}  # labels of street masks that are no garment


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What validation looks at: pictures and what is true of them."""

    pixels: list[Pixels]
    labels: dict[str, Labels]
    things: Labels
    kinds: list[str]


class Garments:
    """The task of the default image model. See `lookalike.training.loop.Task`."""

    def __init__(self, data: Path, *, sides: tuple[int, int], say: Any) -> None:
        self._sides = sides
        self.sources, self.classes, self.held = read(data, say=say)
        self._kin = {name: _kin(source) for name, source in self.sources.items()}
        self.grounds = _grounds(self.sources["snapshots"].pixels, self.sources["street"].pixels)
        self.network = garment_encoder({name: len(self.classes[name]) for name in HEADS})

    @property
    def side(self) -> int:
        """Pixels of the square that whole pictures are fitted into."""
        return self._sides[1]

    def batch(self, rng: np.random.Generator, share: float) -> Batch:
        side = self._sides[0] if share < SMALL else self._sides[1]
        views: list[Pixels] = []
        things: list[int] = []
        kin: list[int] = []
        labels: dict[str, list[int]] = {name: [] for name in HEADS}
        for number, (name, (pairs, singles)) in enumerate(SHARES.items()):
            source = self.sources[name]
            drawn = source.draw(pairs, rng) + source.draw(singles, rng, hard=0.0)
            gentle, other = [pair[0] for pair in drawn], [pair[1] for pair in drawn[:pairs]]
            views += views_of(source, gentle, side, rng, self.grounds, GENTLE)
            views += views_of(source, other, side, rng, self.grounds)
            for at in gentle + other:
                things.append(number * 10_000_000 + int(source.things[at]))
                kin.append(-1 if self._kin[name][at] < 0 else number * 10_000_000 + int(self._kin[name][at]))
                for head in HEADS:
                    labels[head].append(int(source.labels[head][at]) if head in source.labels else -1)
        arrays = {head: np.asarray(numbers, np.int64) for head, numbers in labels.items()}
        numbers = {"things": np.asarray(things, np.int64), "kin": np.asarray(kin, np.int64)}
        return {"pixels": fed(views), **numbers, **arrays}

    def losses(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        embedding = self.network(batch["pixels"])
        named = self.network.classify(embedding)
        found = {head: WEIGHTS[head] * losses.cross_entropy(named[head], batch[head]) for head in HEADS}
        return {"contrast": CONTRAST * losses.info_nce(embedding, batch["things"], kin=batch["kin"]), **found}

    def validate(self, network: Any) -> dict[str, float]:
        figures: dict[str, float] = {}
        fashion = self.held["fashion"]
        vectors = embed(network, fashion.pixels, self._sides[1])
        queries = np.arange(len(vectors))[:: max(1, len(vectors) // 1000)]
        near = _nearest(vectors, vectors[queries], queries)
        same = {}
        for head in ("articleType", "baseColour", "gender"):
            same[head] = fashion.labels[head][near] == fashion.labels[head][queries]
            figures[head] = float(same[head][fashion.labels[head][queries] >= 0].mean())
        figures["all three"] = float((same["articleType"] & same["baseColour"] & same["gender"]).mean())
        torch = require("torch", extra="train", to="train a model")
        guesses = network.classify(torch.from_numpy(vectors))["articleType"].argmax(1).numpy()
        figures["type accuracy"] = float((guesses == fashion.labels["articleType"]).mean())
        snapshots = self.held["snapshots"]
        vectors = embed(network, snapshots.pixels, self._sides[1])
        apart = vectors @ vectors.T - 2.0 * (snapshots.things[:, None] == snapshots.things[None, :])
        label = snapshots.labels["snapshot"]
        figures["snapshot"] = float((label[apart.argmax(1)] == label).mean())
        figures |= _identity(network, self.held["shop"], self._sides[1])
        lead = (
            figures["all three"]
            + figures["articleType"]
            + figures["back"]
            + figures["detail"]
            + figures["snapshot"]
        )
        return {"together": lead / 5, **figures}


def embed(network: Any, pictures: Sequence[Pixels], side: int) -> npt.NDArray[np.float32]:
    """The embedding of whole pictures, fitted into a square.  # (n, dim)"""
    torch = require("torch", extra="train", to="train a model")
    device = next(network.parameters()).device
    rows = []
    with torch.inference_mode():
        for at in range(0, len(pictures), 64):
            tensor = torch.from_numpy(fed([letterbox(p, side) for p in pictures[at : at + 64]]))
            tensor = tensor.to(device).contiguous(memory_format=torch.channels_last)
            rows.append(network(tensor).float().cpu().numpy())
    return np.concatenate(rows)


def _kin(source: Source) -> Labels:
    """Numbers of what a shop would call alike: contrast would drive it apart, and naming needs it together."""
    if source.name == "snapshots":
        return source.labels["snapshot"]
    if source.name != "fashion":
        return np.full(len(source.pixels), -1, np.int64)
    words = zip(*(source.labels[head].tolist() for head in ("articleType", "baseColour", "gender")), strict=True)
    return numbered([str(facts) for facts in words])


def _nearest(gallery: npt.NDArray[np.float32], queries: npt.NDArray[np.float32], own: Labels) -> Labels:
    likeness = queries @ gallery.T
    likeness[np.arange(len(queries)), own] = -2
    nearest: Labels = likeness.argmax(1)
    return nearest


def _identity(network: Any, shop: Held, side: int) -> dict[str, float]:
    """Of held-out products, whether the back or detail view finds the main view of its product and colour."""
    vectors = embed(network, shop.pixels, side)
    kinds = np.asarray(shop.kinds)
    mains = np.flatnonzero(np.char.startswith(kinds, "main"))
    found = {}
    for kind in ("back", "detail"):
        asked = np.flatnonzero(kinds == f"{kind} held out")
        first = mains[(vectors[asked] @ vectors[mains].T).argmax(1)]
        found[kind] = float((shop.things[first] == shop.things[asked]).mean())
    return found


# -- reading -----------------------------------------------------------------------------------------


def read(data: Path, *, say: Any) -> tuple[dict[str, Source], dict[str, list[str]], dict[str, Held]]:
    """All sources, the names of the classes of each head, and what is held out."""
    clothing = csv.DictReader((data / "clothing" / "images.csv").open(encoding="utf-8", newline=""))
    classes = {"snapshot": sorted({row["label"] for row in clothing} - set(NOT_LABELS))}
    sources, held = {}, {}
    for name, reader in (("fashion", _fashion), ("snapshots", _snapshots), ("shop", _shop), ("street", _street)):
        sources[name], held[name] = reader(data, classes)
        say(f"{name}: {len(sources[name].pixels):,} pictures to train on, {len(held[name].pixels):,} held out")
    return sources, classes, held


def _fashion(data: Path, classes: dict[str, list[str]]) -> tuple[Source, Held]:
    folder = data / "fashion-small"
    rows = list(csv.DictReader((folder / "styles.csv").open(encoding="utf-8", newline="")))
    heads = HEADS[:4]
    for head in heads:
        classes[head] = sorted({row[head] for row in rows if row[head]})
    numbers = {head: {label: n for n, label in enumerate(classes[head])} for head in heads}
    content = {row["id"]: (folder / "images" / f"{row['id']}.jpg").read_bytes() for row in rows}
    seen_only_here = {hash(content[row["id"]]) for row in rows if held_out(row["id"], HELD_OUT["fashion"])}
    sides: dict[bool, list[dict[str, str]]] = {True: [], False: []}
    for row in rows:
        if held_out(row["id"], HELD_OUT["fashion"]):
            sides[True].append(row)
        elif hash(content[row["id"]]) not in seen_only_here:  # no twin of what is held out
            sides[False].append(row)
    made: dict[bool, tuple[list[Pixels], dict[str, Labels]]] = {}
    for side, part in sides.items():
        made[side] = (
            [decode(content[row["id"]]) for row in part],
            {head: np.asarray([numbers[head].get(row[head], -1) for row in part], np.int64) for head in heads},
        )
    pixels, labels = made[False]
    labels["snapshot"] = _as_snapshot(
        [row["articleType"] for row in sides[False]],
        classes["snapshot"],
        titles=[row["productDisplayName"] for row in sides[False]],
    )
    things = numbered([str(hash(content[row["id"]])) for row in sides[False]])
    source = Source(
        "fashion",
        pixels,
        things,
        [garment_mask(p) for p in pixels],
        labels,
        families=labels["articleType"],
        titles=[row["productDisplayName"] for row in sides[False]],
        how=Augmentation(close_up=0.15, crop=0.35, coarse=0.15),
    )
    return source, Held(*made[True], np.arange(len(sides[True])), ["main"] * len(sides[True]))


def _snapshots(data: Path, classes: dict[str, list[str]]) -> tuple[Source, Held]:
    folder = data / "clothing"
    rows = list(csv.DictReader((folder / "images.csv").open(encoding="utf-8", newline="")))
    rows = [r for r in rows if (folder / "images" / f"{r['image']}.jpg").exists()]
    number = {label: n for n, label in enumerate(classes["snapshot"])}
    kept = [r for r in rows if not held_out(r["sender_id"], HELD_OUT["snapshots"])]
    out = [r for r in rows if held_out(r["sender_id"], HELD_OUT["snapshots"]) and r["label"] in number]
    pixels = [_small((folder / "images" / f"{r['image']}.jpg").read_bytes()) for r in kept]
    labels = np.asarray([number.get(r["label"], -1) for r in kept], np.int64)
    source = Source(
        "snapshots",
        pixels,
        np.arange(len(kept)),
        [None] * len(kept),
        {"snapshot": labels},
        families=labels,
        how=Augmentation(lie=0.25),
    )
    held = Held(
        [_small((folder / "images" / f"{r['image']}.jpg").read_bytes()) for r in out],
        {"snapshot": np.asarray([number[r["label"]] for r in out], np.int64)},
        numbered([r["sender_id"] for r in out]),
        ["main"] * len(out),
    )
    return source, held


def _shop(data: Path, classes: dict[str, list[str]]) -> tuple[Source, Held]:
    paths = sorted((data / "shop-men" / "media").rglob("*.jpg"))
    names = [path.stem.rpartition("_")[0] for path in paths]  # mh01-black
    kinds = ["detail" if "_alt" in path.stem else path.stem.rpartition("_")[2] for path in paths]
    styles = [name.partition("-")[0] for name in names]
    pixels = [_small(path.read_bytes()) for path in paths]
    out = [held_out(style, HELD_OUT["shop"]) for style in styles]
    kept = [at for at, is_out in enumerate(out) if not is_out]
    things = numbered(names)
    source = Source(
        "shop",
        [pixels[at] for at in kept],
        things[kept],
        [garment_mask(pixels[at]) for at in kept],
        {},
        families=numbered(styles)[kept],
        how=Augmentation(close_up=0.5, crop=0.3),
    )
    return source, Held(pixels, {}, things, [k + " held out" * o for k, o in zip(kinds, out, strict=True)])


def _street(data: Path, classes: dict[str, list[str]]) -> tuple[Source, Held]:
    """Each garment on a photograph: cut along its box; its mask lets it lie before other grounds."""
    folder = data / "street"
    names = json.loads((folder / "labels.json").read_text("utf-8"))
    found: dict[bool, list[tuple[Pixels, Mask, str]]] = {True: [], False: []}
    for path in sorted((folder / "photos").glob("*.jpg")):
        photo = decode(path.read_bytes())
        mask = decode_mask((folder / "masks" / f"{path.stem}.png").read_bytes())
        for label in np.unique(mask):
            on = mask == label
            if names[label] in _BARE or on.mean() < 0.006:
                continue
            left, top, right, bottom = bounds(on)
            margin = int(0.1 * max(bottom - top - 1, right - left - 1))
            box = np.s_[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
            small = _shrunk(photo[box])
            on_small = resize(np.repeat(on[box][:, :, None] * np.uint8(255), 3, axis=2), *small.shape[1::-1])
            side = held_out(path.stem, HELD_OUT["street"])
            found[side].append((small, on_small[:, :, 0] > 127, names[label]))
    counts = Counter(label for _, _, label in found[False])
    classes["worn"] = sorted(label for label, count in counts.items() if count >= 8)
    number = {label: n for n, label in enumerate(classes["worn"])}
    labels = np.asarray([number.get(label, -1) for _, _, label in found[False]], np.int64)
    source = Source(
        "street",
        [p for p, _, _ in found[False]],
        np.arange(len(found[False])),
        [m for _, m, _ in found[False]],
        {"worn": labels, "snapshot": _as_snapshot([label for _, _, label in found[False]], classes["snapshot"])},
        families=labels,
        how=replace(Augmentation(), other_ground=0.6),
    )
    out = found[True]
    held_labels = {"worn": np.asarray([number.get(label, -1) for _, _, label in out], np.int64)}
    return source, Held([p for p, _, _ in out], held_labels, np.arange(len(out)), ["main"] * len(out))


def _as_snapshot(labels: Sequence[str], classes: Sequence[str], *, titles: Sequence[str] = ()) -> Labels:
    """What people who photograph their clothes would call an article of a catalogue or on a photograph.

    With it one classifier sees a garment in a catalogue, worn, and on a floor. -1 where it may be several.
    """
    number = {label: n for n, label in enumerate(classes)}
    named = np.asarray([number.get(_SNAPSHOT_OF.get(label, ""), -1) for label in labels], np.int64)
    for at, title in enumerate(titles):
        if labels[at] == "Tshirts" and "polo" in title.lower():
            named[at] = number["Polo"] if "assn" not in title.lower() else -1  # a brand has the word in its name
    return named


def garment_mask(pixels: Pixels) -> Mask | None:
    """The garment before a plain ground; None where the ground cannot be told."""
    weights = garment_weights(pixels)
    return weights > 0.5 if set(np.unique(weights)) <= {0.0, 1.0} else None


def _grounds(snapshots: Sequence[Pixels], street: Sequence[Pixels]) -> list[Pixels]:
    """What may lie behind a garment: borders of photographs, plain colours, and white."""
    rng = np.random.default_rng(0)
    strips = []
    for pixels in [*snapshots[::6], *street[::12]]:
        depth = max(8, min(pixels.shape[:2]) // 6)
        strips.append(np.ascontiguousarray(pixels[:depth] if rng.random() < 0.5 else pixels[:, :depth]))
    plain = [np.full((8, 8, 3), rng.integers(0, 256, 3), np.uint8) for _ in range(len(strips) // 4)]
    white = [np.full((8, 8, 3), rng.integers(225, 256), np.uint8) for _ in range(len(strips) // 2)]
    return strips + plain + white


def _small(content: bytes) -> Pixels:
    return _shrunk(decode(content, at_least=_LARGE))


def _shrunk(pixels: Pixels) -> Pixels:
    longest = max(pixels.shape[:2])
    if longest <= _LARGE:
        return np.ascontiguousarray(pixels)
    scale = _LARGE / longest
    return resize(pixels, max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))


# -- what is shipped ---------------------------------------------------------------------------------


def publish(task: Garments, out: Path, *, say: Any) -> None:
    """Write the trained network as the files that the package ships, named `garments*`, into `out`.

    The weights in half precision (what users train on from), the graph, the classifiers with a sharpness fitted on
    held-out products, and the projection of words. int8 comes from the graph by `lookalike models export`.
    """
    torch = require("torch", extra="train", to="train a model")
    out.mkdir(parents=True, exist_ok=True)
    network = task.network.eval()
    side = task.side
    halves = {
        name: value.half() if value.is_floating_point() else value for name, value in network.state_dict().items()
    }
    save_weights(halves, out / "garments.safetensors")
    network.load_state_dict({name: halves[name].to(value.dtype) for name, value in network.state_dict().items()})
    export_network(network, out / "garments.onnx", side=side)
    say("embedding what is held out, for honest confidence")
    heads = {}
    for name, fields in (("fashion", FIELDS), ("snapshots", {UNTOLD: UNTOLD})):
        held = task.held[name]
        vectors = embed(network, held.pixels, side)
        for head, field in fields.items():
            rows = torch.nn.functional.normalize(network.heads[head].detach(), dim=1).numpy()
            truth = held.labels[head]
            known = truth >= 0
            sharpness = fit_sharpness(vectors[known] @ rows.T, truth[known].tolist(), start=SHARPNESS)
            heads[field] = Head(tuple(task.classes[head]), rows, sharpness, told=head != UNTOLD)
    save_heads(heads, out / "garments-heads.safetensors")
    say("embedding what was trained on, for the words")
    source = task.sources["fashion"]
    some = np.random.default_rng(0).permutation(len(source.pixels))[:WORDS_FROM]
    facts = [
        {
            field: task.classes[head][source.labels[head][at]]
            for head, field in FIELDS.items()
            if source.labels[head][at] >= 0
        }
        for at in some
    ]
    seen = embed(network, [source.pixels[at] for at in some], side)
    projection = learn_projection(seen, [source.titles[at] for at in some], facts)
    save_projection(projection, out / "garments-words.safetensors")
    say(f"written to {out}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--sides", type=int, nargs=2, default=(112, 144), help="pixels: first, and at the end")
    parser.add_argument("--begin", type=Path, help="weights to begin with; ImageNet's if not given")
    parser.add_argument("--only-publish", action="store_true", help="train no further: write what is best so far")
    options = parser.parse_args()

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)  # noqa: T201 - a script's progress

    task = Garments(options.data, sides=tuple(options.sides), say=say)
    if options.only_publish:
        load_weights(task.network, options.out / "best.safetensors")
    else:
        if options.begin:
            load_weights(task.network, options.begin)
        schedule = Schedule(steps=options.steps, rate=4e-4, cooldown=0.5, validate_every=500)
        train(task, schedule, options.out, say=say)
    publish(task, options.out / "package", say=say)


if __name__ == "__main__":
    main()
