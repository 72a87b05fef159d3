"""What a picture shows, in a catalogue's words: article type, colour, department, usage, each with a confidence.

The classifiers are rows beside the embedding that they were trained with, so they read any vector of it, also one
that has been stored for years: nothing is embedded again. Confidence is calibrated by one temperature a head,
fitted on held-out products (Guo et al., On Calibration of Modern Neural Networks, ICML 2017).

What they say also makes better neighbours: beside the embedding, in one vector, as the spec's `[shares]` weigh it.
(Answers of classifiers as a descriptor: Torresani et al., Classemes, ECCV 2010. Of their roots the dot product is
the overlap of two distributions: Bhattacharyya 1943.) A catalogue in which a class hardly differs from product to
product learns little from it: there most of what differs is error, so it counts less (`ClassShares.counts`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from lookalike.errors import ModelError
from lookalike.models.reduction import Reduction, unit
from lookalike.models.specs import ModelSpec, find_spec
from lookalike.models.weights import find_companion
from lookalike.types import Guess, Vector, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """One cosine classifier: a row for each label; logits are cosines times the sharpness."""

    labels: tuple[str, ...]
    rows: Vectors  # (labels, dim), unit length
    sharpness: float  # of the softmax, the temperature taken into account
    told: bool = True  # whether products are told its answer; else it only helps to find neighbours

    def shares(self, embeddings: Vectors) -> Vectors:
        """How likely each label is.  # (n, labels), rows add up to 1; zeros for an embedding of zeros"""
        logits = self.sharpness * (embeddings @ self.rows.T)
        shares: Vectors = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float32)
        shares /= shares.sum(axis=1, keepdims=True)
        shares[~embeddings.any(axis=1)] = 0
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class ClassShares:
    """Puts the roots of classifiers' shares beside an embedding: neighbours are of one class where that is sure.

    heads: each with the weight that its likeness has beside that of the embedding, which counts 1. spreads: how
    much two products of the catalogue that the weights were chosen on differ in each, 0..1, as the mean square of
    Hellinger's distance; none where the weights hold for any catalogue.
    """

    heads: Sequence[tuple[Head, float]]
    spreads: Sequence[float] = ()

    @property
    def dim(self) -> int:
        """How many numbers it puts beside an embedding."""
        return sum(len(head.labels) for head, _ in self.heads)

    def beside(self, embeddings: Vectors, *, trust: float = 1.0) -> Vectors:
        """Rows of unit length; zeros stay zeros.  # (n, dim of the model and `self.dim`)

        embeddings: (n, dim of the model). trust: what their classes count in comparisons with rows of trust 1.
        """
        embeddings = unit(embeddings)
        beside = [np.sqrt(weight * head.shares(embeddings)) for head, weight in self.heads]
        return unit(np.hstack([embeddings, *(trust * roots for roots in beside)]))

    def counts(self, mean: Vector) -> Vector:
        """What each number of a vector counts in a catalogue whose vectors have this mean, 0..1.  # (dim,)

        A class in which products differ by less than usual counts by the square of the ratio in a likeness. Where
        all are for men, what the classifier of departments says of one and not of another is mostly error.
        """
        counts = np.ones(len(mean), np.float32)
        total, at = 1 + sum(weight for _, weight in self.heads), len(mean) - self.dim
        for (head, weight), usual in zip(self.heads, self.spreads, strict=bool(self.spreads)):
            block = slice(at, at + len(head.labels))
            spread = 1 - float(mean[block] @ mean[block]) * total / weight
            counts[block] = min(1.0, max(0.0, spread) / usual)
            at = block.stop
        return counts

    def without(self, vectors: Vectors) -> Vectors:
        """The embeddings, of unit length, of what `beside` made.  # (n, dim of the model)"""
        return unit(vectors[:, : vectors.shape[1] - self.dim])


@dataclass(frozen=True, slots=True, eq=False)
class AttributeReader:
    """The classifiers of one image model whose answers are told, for the vectors that a store keeps of it."""

    heads: Mapping[str, Head]
    reduction: Reduction | None = None  # what was done to the vectors after the model
    shares: ClassShares | None = None  # what the model's vectors have beside the embedding

    def read(self, vectors: Vectors) -> list[dict[str, Guess]]:
        """The likeliest label of each head for each row; nothing for a row of zeros.

        vectors: (n, dim), the image part as stored, or as the model gives it where there is no reduction.
        """
        found: list[dict[str, Guess]] = [{} for _ in vectors]
        if not len(vectors):
            return found
        embeddings = self.embeddings(vectors)
        for name, head in self.heads.items():
            shares = head.shares(embeddings)
            for guesses, row, best in zip(found, shares, shares.argmax(axis=1), strict=True):
                if row[best] > 0:
                    guesses[name] = Guess(head.labels[best], float(row[best]))
        return found

    def embeddings(self, vectors: Vectors) -> Vectors:
        """The embeddings, of unit length, for vectors as they are stored.  # (n, dim of the heads)"""
        given = unit(vectors) if self.reduction is None else self.reduction.restore(vectors)
        return given if self.shares is None else self.shares.without(given)


def open_attributes(model: str, reduction: Reduction | None = None) -> AttributeReader | None:
    """The classifiers that come with an image model; None where it has none."""
    if model == "none":
        return None
    spec = find_spec(model)
    heads = _heads_of(spec)
    if not heads:
        return None
    told = {name: head for name, head in heads.items() if head.told}
    return AttributeReader(told, reduction, open_shares(spec))


def open_shares(spec: ModelSpec) -> ClassShares | None:
    """What stands beside the embeddings of an image model; None where its spec asks for nothing.

    Raises `ModelError` where the spec names a classifier that the model lacks.
    """
    if not spec.shares:
        return None
    heads = _heads_of(spec)
    if missing := sorted(set(spec.shares) - set(heads)):
        raise ModelError(
            f"{spec.path}: [shares] names {missing[0]!r}; the model's heads are {', '.join(heads) or 'none'}"
        )
    spreads = [spec.spreads[name] for name in spec.shares] if spec.spreads else []
    return ClassShares([(heads[name], weight) for name, weight in spec.shares.items()], spreads)


def _heads_of(spec: ModelSpec) -> Mapping[str, Head]:
    """All classifiers that come with an image model, told or not, by name; none where it has none."""
    return _heads(find_companion(spec, spec.heads)) if spec.heads else {}


@cache
def _heads(path: Path) -> Mapping[str, Head]:
    """Raises `ModelError` for a file that no training of ours wrote."""
    try:
        with safe_open(str(path), framework="numpy") as file:
            facts = json.loads((file.metadata() or {})["heads"])
            return {
                name: Head(
                    *(tuple(fact["labels"]), unit(file.get_tensor(name)), float(fact["sharpness"])),
                    told=bool(fact.get("told", True)),
                )
                for name, fact in facts.items()
            }
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise ModelError(f"{path} holds no classifiers that can be read: {error}") from error


def save_heads(heads: Mapping[str, Head], path: Path) -> None:
    """Write classifiers as safetensors, in half precision; the labels lie in its metadata."""
    from safetensors.numpy import save_file

    facts = {
        name: {"labels": list(head.labels), "sharpness": head.sharpness, "told": head.told}
        for name, head in heads.items()
    }
    tensors = {name: np.ascontiguousarray(head.rows, np.float16) for name, head in heads.items()}
    save_file(tensors, str(path), metadata={"heads": json.dumps(facts, ensure_ascii=False)})


def fit_sharpness(logits: Vectors, truth: Sequence[int], *, start: float) -> float:
    """The sharpness that makes confidence honest: least negative log-likelihood on held-out rows.

    logits: cosines, (n, labels). truth: the right label of each row. start: the sharpness of training.
    """
    scores = np.asarray(logits, np.float64)
    right = scores[np.arange(len(scores)), np.asarray(truth)]

    def surprise(sharpness: float) -> float:
        scaled = scores * sharpness
        top = scaled.max(axis=1)
        return float((np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top - right * sharpness).mean())

    factors: list[float] = np.geomspace(0.4, 4, 61).tolist()
    return min((start * factor for factor in factors), key=surprise)
