"""The roles that a model can play. Batch in, batch out: the same length, the same order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lookalike.types import Box, Detection, Pixels, Pose, Regions, Vectors


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


class Segmenter(Protocol):
    """Pictures to regions: what each pixel shows."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    def segment(self, pictures: Sequence[Pixels]) -> list[Regions]:
        """One for each picture, of any size."""
        ...


class Detector(Protocol):
    """Pictures to boxes with labels."""

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
        """The detections of each picture, the surest first."""
        ...


class PoseEstimator(Protocol):
    """Pictures to key points of people."""

    def estimate(
        self, pictures: Sequence[Pixels], boxes: Sequence[Sequence[Box]] | None = None
    ) -> list[list[Pose]]:
        """The poses on each picture, the surest first; or one for each of its boxes, in their order."""
        ...
