"""What can be learned from a shop's own pictures: an embedding, the names of a column, the order of triplets.

Each is a `lookalike.training.loop.Task`. What a network is fed is said beside it, so that the model that is made
of it is fed the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.extras import require
from lookalike.media.framing import letterbox
from lookalike.models.specs import Input
from lookalike.training import losses
from lookalike.training.lessons import Lessons, Shown
from lookalike.training.loop import Batch
from lookalike.training.samples import CENTRED, Labels, Source, fed, views_of
from lookalike.types import Pixels, Vectors

LABEL = "label"  # the head of a classifier
_CONTRAST, _NAMES = 1.0, 0.5  # what a loss counts: likeness of views, and the names of all attributes together
_LOOKED_AT = 2_000  # pictures that a validation embeds


class EmbeddingTask:
    """Views of one thing near each other, and neighbours of one type, colour and department.

    network: `networks.garment_encoder` with a head for each attribute of the lessons. things: how many a batch
    has, two views of each.
    """

    def __init__(self, network: Any, lessons: Lessons, *, side: int, things: int) -> None:
        self.network, self.input = network, replace(CENTRED, side=side)
        self._lessons, self._things = lessons, things

    def batch(self, rng: np.random.Generator, share: float) -> Batch:
        source = self._lessons.train
        places = [place for pair in source.draw(self._things, rng) for place in pair]
        views = views_of(source, places, self.input.side, rng, ())
        named = {name: numbers[places] for name, numbers in source.labels.items()}
        return {"pixels": fed(views, self.input), "things": source.things[places], **named}

    def losses(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        embedding = self.network(batch["pixels"])
        named = self.network.classify(embedding)
        found = {name: _NAMES / len(named) * losses.cross_entropy(named[name], batch[name]) for name in named}
        return {"contrast": _CONTRAST * losses.info_nce(embedding, batch["things"]), **found}

    def validate(self, network: Any) -> dict[str, float]:
        return neighbours(network, self._lessons.choose, self.input)


class ClassifyingTask:
    """The classes of one column. network: one with a head `LABEL`, such as `networks.cnn_28`.

    smoothing: of the labels. augmented: whether the network sees random views, or each picture as it is.
    """

    def __init__(
        self,
        network: Any,
        lessons: Lessons,
        column: str,
        *,
        input: Input,
        size: int,
        smoothing: float = 0.0,
        augmented: bool = False,
    ) -> None:
        self.network, self.input = network, input
        self._source, self._labels = lessons.train, lessons.train.labels[column]
        self._named = np.flatnonzero(self._labels >= 0)
        self._size, self._smoothing, self._augmented = size, smoothing, augmented
        chosen = np.flatnonzero(lessons.choose.labels[column] >= 0)
        if not len(chosen) or not len(self._named):
            raise LookalikeError(
                f"column {column!r} names {len(self._named)} pictures to train on and {len(chosen)} to choose by"
            )
        again = self._named[:: max(1, len(self._named) // len(chosen))]
        self._held = _fitted(lessons.choose.pixels, chosen, input.side), lessons.choose.labels[column][chosen]
        self._seen = _fitted(self._source.pixels, again, input.side), self._labels[again]

    def batch(self, rng: np.random.Generator, share: float) -> Batch:
        places = rng.choice(self._named, self._size, replace=len(self._named) < self._size)
        if self._augmented:
            views = views_of(self._source, places.tolist(), self.input.side, rng, ())
        else:
            views = _fitted(self._source.pixels, places, self.input.side)
        return {"pixels": fed(views, self.input), LABEL: self._labels[places]}

    def losses(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        logits = self.network.classify(self.network(batch["pixels"]))[LABEL]
        return {"loss": losses.cross_entropy(logits, batch[LABEL], smoothing=self._smoothing)}

    def validate(self, network: Any) -> dict[str, float]:
        accuracy, loss = _judged(network, *self._held, self.input)
        return {
            "accuracy": accuracy,
            "accuracy on what was trained on": _judged(network, *self._seen, self.input)[0],
            "held-out loss": loss,
        }


class TripletTask:
    """An anchor is nearer to its positive, which shows the same thing, than to a negative, which does not.

    The third picture is a view of another thing, half of the time of the same family: the hard ones. (Schroff et
    al., FaceNet, CVPR 2015)
    """

    def __init__(
        self,
        network: Any,
        source: Source,
        choose: Shown,
        *,
        input: Input,
        triplets: int,
        margin: float = 0.2,
    ) -> None:
        self.network, self.input = network, input
        self._source, self._choose, self._triplets, self._margin = source, choose, triplets, margin

    def batch(self, rng: np.random.Generator, share: float) -> Batch:
        pairs = self._source.draw(self._triplets, rng)
        others = [*pairs[1:], pairs[0]]  # those of the same family stand side by side
        places = [
            *(anchor for anchor, _ in pairs),
            *(positive for _, positive in pairs),
            *(negative for _, negative in others),
        ]
        return {"pixels": fed(views_of(self._source, places, self.input.side, rng, ()), self.input)}

    def losses(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        anchor, positive, negative = self.network(batch["pixels"]).chunk(3)
        return {"triplet loss": losses.triplet(anchor, positive, negative, margin=self._margin)}

    def validate(self, network: Any) -> dict[str, float]:
        return neighbours(network, self._choose, self.input)


def neighbours(network: Any, shown: Shown, input: Input) -> dict[str, float]:
    """How often a picture's nearest neighbour shows the same thing, and that of another style is of its class.

    The first figure is the mean of the others. What no picture can be asked for is left out.
    """
    vectors = embed(network, shown.pixels[:_LOOKED_AT], input)
    things, styles = shown.things[: len(vectors)], shown.styles[: len(vectors)]
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -2.0)
    figures: dict[str, float] = {}
    numbers, counts = np.unique(things, return_counts=True)
    asked = np.isin(things, numbers[counts > 1])
    if asked.any():
        nearest = likeness.argmax(1)
        figures["same product"] = float((things[nearest] == things)[asked].mean())
    likeness[styles[:, None] == styles[None, :]] = -2.0
    nearest = likeness.argmax(1)
    for name, labels in shown.labels.items():
        known = labels[: len(vectors)] >= 0
        if known.any():
            figures[name] = float((labels[nearest] == labels[: len(vectors)])[known].mean())
    return {"together": float(np.mean(list(figures.values()))) if figures else 0.0, **figures}


def embed(network: Any, pictures: Sequence[Pixels], input: Input) -> Vectors:
    """What a network makes of whole pictures, fitted into a square; rows of unit length.  # (n, dim)"""
    torch = require("torch", extra="train", to="train a model")
    device = next(network.parameters()).device
    rows = []
    with torch.inference_mode():
        for at in range(0, len(pictures), 64):
            squares = [letterbox(pixels, input.side) for pixels in pictures[at : at + 64]]
            rows.append(network(torch.from_numpy(fed(squares, input)).to(device)).float().cpu().numpy())
    vectors = np.concatenate(rows)
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


def _fitted(pictures: Sequence[Pixels], places: Labels, side: int) -> list[Pixels]:
    return [letterbox(pictures[at], side) for at in places.tolist()]


def _judged(network: Any, squares: Sequence[Pixels], labels: Labels, input: Input) -> tuple[float, float]:
    """Accuracy, and the mean loss."""
    torch = require("torch", extra="train", to="train a model")
    device = next(network.parameters()).device
    right, loss = 0, 0.0
    for at in range(0, len(squares), 256):
        pixels = torch.from_numpy(fed(squares[at : at + 256], input)).to(device)
        wanted = torch.from_numpy(labels[at : at + 256]).to(device)
        logits = network.classify(network(pixels))[LABEL]
        right += int((logits.argmax(1) == wanted).sum())
        loss += float(torch.nn.functional.cross_entropy(logits, wanted, reduction="sum"))
    return right / len(squares), loss / len(squares)
