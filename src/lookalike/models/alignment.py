"""Words where the pictures are: a small projection of a text embedding into the space of an image model.

So "red checked shirt for men" finds pictures of such shirts though no title says so. The idea is CLIP's (Radford
et al., ICML 2021), with both towers frozen and only the projection learned (as in LiT, Zhai et al., CVPR 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from lookalike.errors import ModelError
from lookalike.models.attributes import ClassShares, open_shares
from lookalike.models.embedders import open_text_embedder
from lookalike.models.interfaces import TextEmbedder
from lookalike.models.reduction import unit
from lookalike.models.specs import find_spec
from lookalike.models.weights import find_companion
from lookalike.types import Vector, Vectors

_TRUST = 0.5  # what the classes of words count beside those of pictures: they are told from less


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """One hidden layer: `relu(text @ first + lift) @ second + shift`, then unit length."""

    text: str  # the name of the text model that it reads
    first: Vectors  # (dim_text, hidden)
    lift: Vector  # (hidden,)
    second: Vectors  # (hidden, dim_image)
    shift: Vector  # (dim_image,)

    def apply(self, rows: Vectors) -> Vectors:
        """Text vectors into the image space; zeros, a text without a known word, stay zeros.  # (n, dim_image)"""
        hidden = np.maximum(unit(rows) @ self.first + self.lift, 0)
        found = unit(hidden @ self.second + self.shift)
        found[~rows.any(axis=1)] = 0
        return found


class WordsAsPictures:
    """Texts in, vectors of an image model out, as if a picture of what they say had been seen."""

    def __init__(self, projection: Projection, shares: ClassShares | None = None) -> None:
        self._projection, self._shares = projection, shares
        self._text: TextEmbedder = open_text_embedder(projection.text)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row for each text, of unit length, before the reduction.  # (n, dim)"""
        found = self._projection.apply(self._text.embed(texts))
        return found if self._shares is None else self._shares.beside(found, trust=_TRUST)


def open_words(model: str) -> WordsAsPictures | None:
    """What turns words into this image model's vectors; None where it came with no such thing."""
    if model == "none" or not (spec := find_spec(model)).words:
        return None
    return WordsAsPictures(_projection(find_companion(spec, spec.words)), open_shares(spec))


def save_projection(projection: Projection, path: Path) -> None:
    """Write it as safetensors, in half precision."""
    from safetensors.numpy import save_file

    names = ("first", "lift", "second", "shift")
    tensors = {name: np.ascontiguousarray(getattr(projection, name), np.float16) for name in names}
    save_file(tensors, str(path), metadata={"text": projection.text})


@cache
def _projection(path: Path) -> Projection:
    try:
        with safe_open(str(path), framework="numpy") as file:
            arrays = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
            return Projection((file.metadata() or {})["text"], **arrays)
    except (SafetensorError, KeyError, TypeError, OSError) as error:
        raise ModelError(f"{path} holds no projection of words that can be read: {error}") from error
