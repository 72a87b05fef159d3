"""What a picture shows, in a catalogue's words: article type, colour, department, usage, each with a confidence.

The classifiers are rows beside the embedding that they were trained with, so they read any vector of it, also one
that has been stored for years: nothing is embedded again. Confidence is calibrated by one temperature a head,
fitted on held-out products (Guo et al., On Calibration of Modern Neural Networks, ICML 2017).
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
from lookalike.models.specs import find_spec
from lookalike.models.weights import find_companion
from lookalike.types import Guess, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """One classifier: a row for each label; logits are cosines times the sharpness."""

    labels: tuple[str, ...]
    rows: Vectors  # (labels, dim), unit length
    sharpness: float  # of the softmax, the temperature taken into account

    def shares(self, embeddings: Vectors) -> Vectors:
        """How likely each label is.  # (n, labels), rows add up to 1; zeros for an embedding of zeros"""
        logits = self.sharpness * (embeddings @ self.rows.T)
        shares: Vectors = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float32)
        shares /= shares.sum(axis=1, keepdims=True)
        shares[~embeddings.any(axis=1)] = 0
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class AttributeReader:
    """All classifiers of one image model, for the vectors that a store keeps of it."""

    heads: Mapping[str, Head]
    reduction: Reduction | None = None  # what was done to the vectors after the model

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
        """What the model gave, of unit length, for vectors as they are stored.  # (n, dim of the model)"""
        return unit(vectors) if self.reduction is None else self.reduction.restore(vectors)


def open_attributes(model: str, reduction: Reduction | None = None) -> AttributeReader | None:
    """The classifiers that come with an image model; None where it has none."""
    if model == "none" or not (spec := find_spec(model)).heads:
        return None
    return AttributeReader(_heads(find_companion(spec, spec.heads)), reduction)


@cache
def _heads(path: Path) -> Mapping[str, Head]:
    """Raises `ModelError` for a file that no training of ours wrote."""
    try:
        with safe_open(str(path), framework="numpy") as file:
            facts = json.loads((file.metadata() or {})["heads"])
            return {
                name: Head(tuple(fact["labels"]), unit(file.get_tensor(name)), float(fact["sharpness"]))
                for name, fact in facts.items()
            }
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise ModelError(f"{path} holds no classifiers that can be read: {error}") from error


def save_heads(heads: Mapping[str, Head], path: Path) -> None:
    """Write classifiers as safetensors, in half precision; the labels lie in its metadata."""
    from safetensors.numpy import save_file

    facts = {name: {"labels": list(head.labels), "sharpness": head.sharpness} for name, head in heads.items()}
    tensors = {name: head.rows.astype(np.float16) for name, head in heads.items()}
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
