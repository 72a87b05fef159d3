"""The roles that a model can play. Batch in, batch out: the same length, the same order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lookalike.types import Pixels, Vectors


class ImageEmbedder(Protocol):
    """Pictures to vectors, not yet reduced or normalised."""

    @property
    def dim(self) -> int: ...

    def embed(self, pictures: Sequence[Pixels]) -> Vectors:
        """One row for each picture.  # (n, dim)"""
        ...


class TextEmbedder(Protocol):
    """Sentences to vectors, not yet reduced or normalised. A text without a known word gives zeros."""

    @property
    def dim(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row for each text.  # (n, dim)"""
        ...
