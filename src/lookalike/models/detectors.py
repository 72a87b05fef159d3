"""Pictures in, boxes with labels out: one detector for each kind that a spec can name.

The law: a box is where the thing is on the picture, however the network was shown it, and never reaches beyond.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.errors import ModelError
from lookalike.media.framing import Placed, placed, resize
from lookalike.models.boxes import Candidates, decode_detr, decode_end, decode_yolo, suppressed
from lookalike.models.interfaces import Detector
from lookalike.models.regions_boxes import RegionsDetector
from lookalike.models.segmenters import open_segmenter
from lookalike.models.session import Session, default_threads
from lookalike.models.specs import ModelSpec, find_spec
from lookalike.models.weights import find_weights
from lookalike.types import Box, Detection, Pixels

DEFAULT = "garment-boxes"
AT_LEAST = 0.25  # the score from which on a network's box is one, as YOLO's own tools have it

_OVERLAP = 0.7  # of two boxes of one label: more, and they are of one thing; YOLO's own tools have it so
_MOST = 300  # boxes a picture
_GREY = 114  # what YOLO is shown around a picture
_NOTED = "names"  # where ultralytics writes its labels into a graph
_NETWORKS = ("onnx-yolo", "onnx-yolo-end", "onnx-detr")


def open_detector(name: str = "default", *, threads: int | None = None) -> Detector:
    """The detector with this name. Raises `ModelError` where it is unknown or not here."""
    spec = find_spec(DEFAULT if name == "default" else name)
    if spec.kind == "regions-boxes":
        return RegionsDetector(open_segmenter(spec.segmenter or "default", threads=threads))
    if spec.kind in _NETWORKS:
        return OnnxDetector(spec, threads=threads)
    raise ModelError(f"{spec.name} is a model for {spec.role}, not for boxes")


class OnnxDetector:
    """A detector as an ONNX graph: NCHW float32 in, boxes in one of the formats of `models.boxes` out.

    A YOLO sees the picture in its own aspect on grey, a DETR sees it squeezed into the canvas, as in training.
    Labels become garments as the spec says; a label that the spec maps to none is left out.
    """

    def __init__(self, spec: ModelSpec, *, threads: int | None = None, at_least: float = AT_LEAST) -> None:
        self._spec, self._at_least = spec, at_least
        self._session = Session(find_weights(spec), output=spec.output, threads=threads or default_threads())
        own = spec.labels or _noted(self._session.notes, spec)
        wanted = spec.garments or {label: label for label in own}
        self._count = len(own)
        self.labels = tuple(dict.fromkeys(wanted[label] for label in own if label in wanted))
        if not self.labels:
            raise ModelError(
                f"{spec.path or spec.name}: none of the labels {', '.join(own[:5])} ... stands in [garments]"
            )
        numbers = [self.labels.index(wanted[label]) if label in wanted else -1 for label in own]
        self._becomes = np.asarray(numbers, np.intp)  # (own labels,); -1 for what is left out
        mean, std = (np.asarray(row, np.float32) for row in (spec.input.mean, spec.input.std))
        self._scale, self._shift = (1 / (255 * std)).reshape(3, 1, 1), (mean / std).reshape(3, 1, 1)

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
        """The detections of each picture, the surest first."""
        return [self._detect(pixels) for pixels in pictures]

    def _detect(self, pixels: Pixels) -> list[Detection]:
        width, height = self._canvas()
        if self._spec.kind == "onnx-detr":
            seen = Placed(resize(pixels, width, height), 0, 0, width, height)
        else:
            seen = placed(pixels, width, height, ground=_GREY)
        tensor = (seen.pixels.transpose(2, 0, 1) * self._scale - self._shift)[None].astype(np.float32)
        try:
            found = self._decoded(tensor, width, height)
        except ModelError as error:
            raise ModelError(f"{self._spec.name} {error}") from error
        classes = self._becomes[found.classes]
        wanted = (classes >= 0) & (found.scores >= self._at_least)
        kept = suppressed(replace(found, classes=classes).at(wanted), overlap=_OVERLAP)
        return on_picture(kept, seen, self.labels)

    def _decoded(self, tensor: npt.NDArray[np.float32], width: int, height: int) -> Candidates:
        size = np.asarray([[width, height]], np.int64)  # so that ready boxes are in pixels of the canvas
        arrays: dict[str, npt.NDArray[Any]] = {"orig_target_sizes": size, self._picture: tensor}
        if self._spec.kind == "onnx-yolo":
            return decode_yolo(self._session.run(arrays), self._count)
        if self._spec.kind == "onnx-yolo-end":
            return decode_end(self._session.run(arrays), self._count)
        return decode_detr(self._session.run_all(arrays), self._count, width=width, height=height)

    @property
    def _picture(self) -> str:
        """The input that takes the picture."""
        return next(name for name in self._session.inputs if name != "orig_target_sizes")

    def _canvas(self) -> tuple[int, int]:
        """Width and height of what the graph sees: its own where they are fixed."""
        *_, height, width = self._session.shapes[self._picture]
        if isinstance(width, int) and isinstance(height, int):
            return width, height
        return self._spec.input.side, self._spec.input.side


def on_picture(found: Candidates, seen: Placed, labels: Sequence[str]) -> list[Detection]:
    """Boxes on a picture from boxes on the canvas that it was placed on, at most 300; none of them empty."""
    origin, size = np.asarray([seen.left, seen.top] * 2), np.asarray([seen.width, seen.height] * 2)
    corners = np.clip((found.corners.astype(np.float64) - origin) / size, 0, 1)
    rows = zip(corners.tolist(), found.scores.tolist(), found.classes.tolist(), strict=True)
    return [
        Detection(Box(left, top, right, bottom), labels[number], min(1.0, score))
        for (left, top, right, bottom), score, number in rows
        if left < right and top < bottom
    ][:_MOST]


def _noted(notes: dict[str, str], spec: ModelSpec) -> tuple[str, ...]:
    """The labels that the graph itself names: `{0: 'person', 1: 'bicycle'}`, as ultralytics writes them."""
    written = notes.get(_NOTED, "")
    try:
        read = ast.literal_eval(written) if written else {}
        rows = dict(enumerate(read)) if isinstance(read, list) else dict(read)
        labels = tuple(str(rows[number]) for number in range(len(rows)))
    except (KeyError, ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ModelError(
            f"the graph of {spec.name} names its classes {written!r:.80}: name them in labels"
        ) from error
    if not labels:
        raise ModelError(f"{spec.path or spec.name}: name the classes in labels; the graph does not")
    return labels
