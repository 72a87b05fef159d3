"""The last stages of lookalike's own encoder learn to name better, and keep how they tell things apart.

    python -m lookalike.training.last_stages --data ../shared/data-unpacked \\
        --begin runs/garments/package/garments.safetensors --out runs/last

Contrast and names, learned at once by the whole network (`training/garments.py`), are in each other's way. Here
the first blocks stay as they are, so that what they make of a few views of each picture can be kept: a step is
then four times as fast, and there is time to learn names well. Half of the steps mix what two pictures became
(Verma et al., Manifold Mixup, ICML 2019). The embedding gets further numbers for what is named; those that it
had are held where they were, on all pictures but the catalogue's, which are the ones that teach names (Li and
Hoiem, Learning without Forgetting, ECCV 2016).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.extras import require
from lookalike.media.augmenting import GENTLE
from lookalike.training import losses
from lookalike.training.garments import HEADS, Garments, publish
from lookalike.training.loop import Batch, Schedule, load_weights, train
from lookalike.training.networks import EMBEDDING, last_stages, widened
from lookalike.training.samples import Labels, Source, fed, views_of
from lookalike.types import Pixels, Vectors

Maps = npt.NDArray[np.float16]  # (n, h, w, channels), what the first blocks make of pictures

FIRST = 9  # blocks that stay, of 16
CODE = 256  # numbers of the embedding for what is named
PART = 0.25  # of the embedding's squared length that they begin with, and keep where the others are held
SIDE = 144  # pixels of the square that views are fitted into
VIEWS = {"fashion": 3, "snapshots": 4, "street": 4, "shop": 20}  # of each picture, every second one gentle
SHARES = {"fashion": 104, "snapshots": 14, "street": 7, "shop": 3}  # views a batch
WEIGHTS = {"articleType": 1.0, "baseColour": 0.5, "gender": 0.5, "usage": 0.2, "snapshot": 0.5, "worn": 0.1}
HELD = 4.0  # what it costs to move an embedding
NAMED = "type accuracy"  # of the figures the one that decides: what this training is for
NAMES_ONLY = "fashion"  # whose embeddings may move
SCHEDULE = Schedule(
    steps=2400,
    rate=1e-3,
    head_rate=3e-3,
    heads=("heads",),
    decay=0.05,
    warmup=200,
    cooldown=0.8,
    validate_every=600,
)
_MIXED, _BETA, _SMOOTHED = 0.5, 0.2, 0.1  # of the steps; how evenly; of the labels
_TOGETHER = 128  # pictures that are looked at together


class LastStages:
    """The task of the last stages. See `lookalike.training.loop.Task`.

    garments: the data, and the figures. encoder: with the embedding as it shall be. maps: by source, view after
    view of all its pictures. held: of each of them the embedding that it had, unit rows; none of a source whose
    embeddings may move.
    """

    def __init__(
        self, garments: Garments, encoder: Any, maps: Mapping[str, Maps], held: Mapping[str, Vectors]
    ) -> None:
        self.network = last_stages(encoder, FIRST)
        self._garments, self._maps, self._held = garments, maps, held

    def batch(self, rng: np.random.Generator, share: float) -> Batch:
        maps, held = [], []
        labels: dict[str, list[Labels]] = {head: [] for head in HEADS}
        for name, count in SHARES.items():
            source = self._garments.sources[name]
            rows = np.sort(rng.integers(len(self._maps[name]), size=count))
            maps.append(self._maps[name][rows].astype(np.float32))
            unknown = np.full(len(source.pixels), -1, np.int64)
            for head in HEADS:
                labels[head].append(source.labels.get(head, unknown)[rows % len(source.pixels)])
            held.append(self._held[name][rows] if name in self._held else np.zeros((count, EMBEDDING), np.float32))
        mixed = np.concatenate(maps)
        others = rng.permutation(len(mixed))
        own = rng.beta(_BETA, _BETA) if rng.random() < _MIXED else 1.0
        own = max(own, 1 - own)
        if own < 1:
            mixed = own * mixed + (1 - own) * mixed[others]
        return {
            "maps": np.ascontiguousarray(mixed.transpose(0, 3, 1, 2), np.float32),
            "own": np.asarray([own], np.float32),
            "others": others,
            "held": np.concatenate(held),
            **{head: np.concatenate(numbers) for head, numbers in labels.items()},
        }

    def losses(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        embedding = self.network(batch["maps"])
        named, own = self.network.classify(embedding), batch["own"][0]
        found = {}
        for head in HEADS:
            lost = own * losses.cross_entropy(named[head], batch[head], smoothing=_SMOOTHED)
            if own < 1:
                other = batch[head][batch["others"]]
                lost = lost + (1 - own) * losses.cross_entropy(named[head], other, smoothing=_SMOOTHED)
            found[head] = WEIGHTS[head] * lost
        is_held = batch["held"].any(1)
        moved = embedding[is_held, :EMBEDDING] - (1 - PART) ** 0.5 * batch["held"][is_held]
        found["held"] = HELD * moved.square().sum(1).mean() * (own == 1)
        return found

    def validate(self, network: Any) -> dict[str, float]:
        whole = network.encoder[0].to(next(network.parameters()).device).eval()
        figures = self._garments.validate(whole)
        return {NAMED: figures.pop(NAMED), **figures}


def keep_maps(network: Any, garments: Garments, folder: Path, *, say: Callable[[str], None]) -> Mapping[str, Maps]:
    """What the first blocks make of views of all pictures, in files that memory need not hold.

    network: as `networks.last_stages` gives it. Files that are there are taken as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Maps] = {}
    for name, source in garments.sources.items():
        path = folder / f"{name}.npy"
        if not path.exists():
            part = path.with_suffix(".part")
            _keep(network, source, garments.grounds, part, say=say)
            part.replace(path)
        found[name] = np.load(path, mmap_mode="r")
    return found


def _keep(
    network: Any, source: Source, grounds: Sequence[Pixels], path: Path, *, say: Callable[[str], None]
) -> None:
    """Write what the first blocks make of one source, view after view of all its pictures."""
    views, count, maps = VIEWS[source.name], len(source.pixels), None
    for number in range(views):
        say(f"looking at {count:,} pictures of {source.name}, view {number + 1} of {views}")
        rng, how = np.random.default_rng((0, number)), GENTLE if number % 2 == 0 else None
        for at in range(0, count, _TOGETHER):
            places = range(at, min(count, at + _TOGETHER))
            seen = _seen(network, views_of(source, places, SIDE, rng, grounds, how))
            if maps is None:
                maps = np.lib.format.open_memmap(path, "w+", np.float16, (views * count, *seen.shape[1:]))
            first = number * count + at
            maps[first : first + len(seen)] = seen


def embedded(network: Any, maps: Maps) -> Vectors:
    """The embeddings that belong to what the first blocks gave.  # (n, dim)"""
    torch = require("torch", extra="train", to="train a model")
    network, rows = network.eval(), []
    with torch.inference_mode():
        for at in range(0, len(maps), _TOGETHER):
            some = torch.from_numpy(maps[at : at + _TOGETHER].astype(np.float32)).permute(0, 3, 1, 2)
            rows.append(network(some.contiguous(memory_format=torch.channels_last)).numpy())
    return np.concatenate(rows)


def _seen(network: Any, views: Sequence[Pixels]) -> Maps:
    torch = require("torch", extra="train", to="train a model")
    with torch.inference_mode():
        tensor = torch.from_numpy(fed(views)).contiguous(memory_format=torch.channels_last)
        maps: Maps = network.eval().first(tensor).permute(0, 2, 3, 1).numpy().astype(np.float16)
    return maps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--begin", type=Path, required=True, help="garments.safetensors of training/garments.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only-publish", action="store_true", help="train no further: write what is best so far")
    options = parser.parse_args()

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)  # noqa: T201 - a script's progress

    garments = Garments(options.data, sides=(SIDE, SIDE), say=say)
    torch = require("torch", extra="train", to="train a model")
    torch.manual_seed(0)
    load_weights(garments.network, options.begin)
    before = garments.network.to(memory_format=torch.channels_last).eval()
    held: dict[str, Vectors] = {}
    maps: Mapping[str, Maps] = {}
    if not options.only_publish:
        stages = last_stages(before, FIRST)
        maps = keep_maps(stages, garments, options.out / "views", say=say)
        held = {name: embedded(stages, maps[name]) for name in maps if name != NAMES_ONLY}
    garments.network = widened(before, EMBEDDING + CODE, part=PART)
    task = LastStages(garments, garments.network, maps, held)
    if options.only_publish:
        load_weights(task.network, options.out / "best.safetensors")
    else:
        train(task, SCHEDULE, options.out, say=say)
    publish(garments, options.out / "package", say=say)


if __name__ == "__main__":
    main()
