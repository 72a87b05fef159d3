"""Hidden units for the classifiers of lookalike's own encoder: they name better what is like the catalogue.

    python -m lookalike.training.deep_heads --data ../shared/data-unpacked --out runs/heads

Learned on embeddings, after the network and its int8 graph are done, by both of them: what int8 takes from the
plain classifiers is given back. The plain ones of type and colour stay, untold, as `plain_type`, `plain_colour`:
beside the embedding they make the better neighbours where pictures are unlike the catalogue's (`[shares]` of the
specs).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.extras import require
from lookalike.media.decoding import decode
from lookalike.models import open_image_embedder
from lookalike.models.attributes import Head, Hidden, fit_sharpness, open_heads, open_shares, save_heads
from lookalike.models.specs import find_spec
from lookalike.training.garments import FIELDS, fashion_rows, untold_plain
from lookalike.training.loop import Batch, Schedule, train
from lookalike.training.samples import Labels
from lookalike.types import Vectors

MODELS = ("garments-int8", "garments")  # whose embeddings are learned from; confidence is fitted on the first
UNITS = 1024
SCHEDULE = Schedule(
    steps=1200, rate=2e-3, head_rate=2e-3, heads=("into", "out"), cooldown=0.85, average=0.99, validate_every=1200
)
_BATCH = 512
_TOGETHER = 512  # pictures that are embedded together
_SHAKEN = 0.01  # of each number of an embedding: what light and sharpness change
_DROPPED, _SMOOTHED = 0.5, 0.1  # of the units; of the labels
_SCALE = 16.0  # numbers of a unit vector are small


class DeepHeads:
    """The task of the hidden units. See `lookalike.training.loop.Task`.

    heads: the plain classifiers, which stay as they are. embeddings: unit rows. labels: for each head, -1 where
    nothing is known.
    """

    def __init__(
        self,
        heads: Mapping[str, Head],
        embeddings: Vectors,
        labels: Mapping[str, Labels],
        held: tuple[Vectors, Mapping[str, Labels]],
    ) -> None:
        torch = require("torch", extra="train", to="train a model")
        self.heads, self._embeddings, self._labels, self.held = heads, embeddings, labels, held
        torch.manual_seed(0)
        self.network = torch.nn.ModuleDict(
            {
                "into": torch.nn.Linear(embeddings.shape[1], UNITS),
                "dropped": torch.nn.Dropout(_DROPPED),
                "out": torch.nn.ModuleDict(
                    {
                        f"of {name}": torch.nn.Linear(UNITS, len(head.labels), bias=False)
                        for name, head in heads.items()
                    }
                ),
            }
        )
        for layer in self.network["out"].values():
            torch.nn.init.zeros_(layer.weight)  # begins as the plain classifiers

    def batch(self, rng: np.random.Generator, share: float) -> Batch:
        rows = rng.integers(len(self._embeddings), size=_BATCH)
        shaken = self._embeddings[rows] + rng.normal(0, _SHAKEN, (_BATCH, self._embeddings.shape[1]))
        return {"embeddings": shaken.astype(np.float32), **{n: known[rows] for n, known in self._labels.items()}}

    def losses(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        functional = require("torch", extra="train", to="train a model").nn.functional
        logits = self._logits(self.network, batch["embeddings"])
        return {
            name: functional.cross_entropy(logits[name], batch[name], ignore_index=-1, label_smoothing=_SMOOTHED)
            for name in self.heads
        }

    def validate(self, network: Any) -> dict[str, float]:
        torch = require("torch", extra="train", to="train a model")
        embeddings, labels = self.held
        with torch.inference_mode():
            logits = self._logits(network, torch.from_numpy(embeddings))
        found = {}
        for name in self.heads:
            known = labels[name] >= 0
            found[name] = float((logits[name].argmax(1).numpy() == labels[name])[known].mean())
        return found

    def learned(self) -> dict[str, Head]:
        """The heads with their hidden units, and a sharpness fitted on what is held out."""
        into = self.network["into"]
        weights = _SCALE * into.weight.detach().numpy()
        bias = into.bias.detach().numpy()
        embeddings, labels = self.held
        found = {}
        for name, head in self.heads.items():
            out = self.network["out"][f"of {name}"].weight.detach().numpy() / head.sharpness
            found[name] = _calibrated(replace(head, hidden=Hidden(weights, bias, out)), embeddings, labels[name])
        return found

    def _logits(self, network: Any, embeddings: Any) -> dict[str, Any]:
        torch = require("torch", extra="train", to="train a model")
        units = network["dropped"](torch.relu(network["into"](_SCALE * embeddings)))
        return {
            name: head.sharpness * embeddings @ torch.from_numpy(head.rows).T + network["out"][f"of {name}"](units)
            for name, head in self.heads.items()
        }


def embedded(model: str, pictures: Sequence[bytes], *, say: Callable[[str], None]) -> Vectors:
    """The embeddings alone, of unit length, of whole pictures by a model of ours.  # (n, dim)"""
    embedder, spec = open_image_embedder(model), find_spec(model)
    shares, rows = open_shares(spec), []
    for start in range(0, len(pictures), _TOGETHER):
        vectors = embedder.embed([decode(content) for content in pictures[start : start + _TOGETHER]])
        rows.append(vectors if shares is None else shares.without(vectors))
        if start % (16 * _TOGETHER) == 0:
            say(f"{model}: {start:,} of {len(pictures):,}")
    return np.concatenate(rows)


def _calibrated(head: Head, embeddings: Vectors, labels: Labels) -> Head:
    """As sure as it is right. labels: of each row, -1 where nothing is known."""
    known = labels >= 0
    cosines = head.cosines(embeddings[known])
    return replace(head, sharpness=fit_sharpness(cosines, labels[known].tolist(), start=head.sharpness))


def _numbers(words: Sequence[str], labels: Sequence[str]) -> Labels:
    """The place of each word among the labels; -1 for one that is none."""
    places = {label: n for n, label in enumerate(labels)}
    return np.asarray([places.get(word, -1) for word in words], np.int64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)  # noqa: T201 - a script's progress

    shipped = open_heads(find_spec(MODELS[0]))
    sides, content = fashion_rows(options.data)
    kept, held = ([content[row["id"]] for row in sides[is_held]] for is_held in (False, True))
    seen = embedded(MODELS[0], held, say=say)
    plain = {field: shipped.get(f"plain_{field}", shipped[field]) for field in FIELDS.values()}
    labels = {
        is_held: {
            field: _numbers([row[column] for row in rows], plain[field].labels) for column, field in FIELDS.items()
        }
        for is_held, rows in sides.items()
    }
    plain = {
        field: _calibrated(replace(head, hidden=None, told=True), seen, labels[True][field])
        for field, head in plain.items()
    }
    learned_from = np.concatenate([embedded(model, kept, say=say) for model in MODELS])
    twice = {field: np.tile(known, len(MODELS)) for field, known in labels[False].items()}
    task = DeepHeads(plain, learned_from, twice, (seen, labels[True]))
    train(task, SCHEDULE, options.out, say=say)
    options.out.mkdir(parents=True, exist_ok=True)
    save_heads({**shipped, **task.learned(), **untold_plain(plain)}, options.out / "garments-heads.safetensors")


if __name__ == "__main__":
    main()
