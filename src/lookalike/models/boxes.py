"""What detectors give as numbers, and boxes made of it: pure arithmetic, no network.

Each `decode_` function reads one format and gives `Candidates` in pixels of what the network saw. The formats are
those of the projects that the networks come from; docs/detecting.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.errors import ModelError

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

_MOST = 3_000  # candidates that suppression looks at, the surest; it compares each with each
_IOU_GROUND = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Boxes that may be something, in any order."""

    corners: Floats  # (n, 4): left, top, right, bottom
    scores: Floats  # (n,), 0..1
    classes: Places  # (n,)

    def __len__(self) -> int:
        return len(self.scores)

    def at(self, places: Places | npt.NDArray[np.bool_]) -> Candidates:
        """Some of them, in the order of the places."""
        return Candidates(self.corners[places], self.scores[places], self.classes[places])


def decode_yolo(plane: Floats, classes: int) -> Candidates:
    """YOLO with overlaps still to be suppressed; which one is told by the shape.

    v5 and v7: (1, n, 5 + classes), rows of centre, size, objectness, share of each class.
    v8, v9, 11, 12: (1, 4 + classes, n), columns of centre, size, score of each class; or the same turned.
    """
    if plane.ndim == 3 and len(plane) == 1:
        if plane.shape[1] == 4 + classes:
            rows = plane[0].T
            return _best(_corners(rows[:, :4]), rows[:, 4:])
        if plane.shape[2] == 5 + classes:
            rows = plane[0]
            return _best(_corners(rows[:, :4]), rows[:, 4:5] * rows[:, 5:])
        if plane.shape[2] == 4 + classes:
            rows = plane[0]
            return _best(_corners(rows[:, :4]), rows[:, 4:])
    raise ModelError(
        f"gave numbers of shape {plane.shape}; with {classes} labels YOLO v5 gives (1, n, {5 + classes}), "
        f"v8 and 11 (1, {4 + classes}, n): correct the labels, or take another kind"
    )


def decode_end(plane: Floats, classes: int) -> Candidates:
    """YOLO v10 and 26, overlaps suppressed by the graph: (1, n, 6), rows of corners, score, class."""
    if plane.ndim != 3 or len(plane) != 1 or plane.shape[2] != 6:
        raise ModelError(f"gave numbers of shape {plane.shape}; YOLO v10 and 26 give (1, n, 6)")
    rows = plane[0]
    return _checked(rows[:, :4], rows[:, 4], rows[:, 5], classes)


def decode_detr(outputs: Mapping[str, npt.NDArray[Any]], classes: int, *, width: int, height: int) -> Candidates:
    """RT-DETR, D-FINE and their kin; which export it is told by the outputs.

    labels, boxes, scores: ready, corners in pixels of the size that was asked for (lyuwenyu/RT-DETR, D-FINE).
    two outputs, (1, n, 4) and (1, n, classes): centre and size as fractions, and logits (transformers, RF-DETR).
    one output, (1, n, 4 + classes): centre and size as fractions, and scores (ultralytics).
    """
    if {"labels", "boxes", "scores"} <= set(outputs):
        boxes, scores, labels = (outputs[name] for name in ("boxes", "scores", "labels"))
        if boxes.ndim == 3 and boxes.shape[::2] == (1, 4) and scores.shape == labels.shape == boxes.shape[:2]:
            return _checked(boxes[0], scores[0], labels[0], classes)
    elif len(outputs) == 1:
        (rows,) = outputs.values()
        if rows.ndim == 3 and rows.shape[::2] == (1, 4 + classes):
            return _best(_corners(rows[0, :, :4]) * _sides(width, height), rows[0, :, 4:])
    else:
        boxes, logits = _told_apart(outputs)
        if boxes.ndim == 3 and boxes.shape[::2] == (1, 4) and logits.shape == (*boxes.shape[:2], classes):
            with np.errstate(over="ignore"):
                shares = 1 / (1 + np.exp(-logits[0].astype(np.float32)))
            return _best(_corners(boxes[0]) * _sides(width, height), shares)
    shapes = ", ".join(f"{name} {array.shape}" for name, array in outputs.items())
    raise ModelError(
        f"gave {shapes}; with {classes} labels a DETR gives labels, boxes and scores, or (1, n, 4) and "
        f"(1, n, {classes}), or (1, n, {4 + classes}): correct the labels, or take another kind"
    )


def suppressed(found: Candidates, *, overlap: float) -> Candidates:
    """Those that no surer one of the same class overlaps by more than that, the surest first.

    overlap: intersection over union, 0..1. Greedy, as all of YOLO's post-processing is.
    """
    return found.at(unsuppressed(found, overlap=overlap))


def unsuppressed(found: Candidates, *, overlap: float) -> Places:
    """The places of those that `suppressed` leaves."""
    order = np.argsort(-found.scores, kind="stable")[:_MOST]
    left = found.at(order)
    kept = []
    places: Places = np.arange(len(left))
    while len(places):
        first, others = places[0], places[1:]
        kept.append(first)
        same = left.classes[others] == left.classes[first]
        close = overlaps(left.corners[first], left.corners[others]) > overlap
        places = others[~(same & close)]
    return order[np.asarray(kept, np.intp)]


def overlaps(box: Floats, others: Floats) -> Floats:
    """Intersection over union of one box, (4,), with each of others, (n, 4).  # (n,)"""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    both = np.clip(high - low, 0, None).prod(axis=1)
    either = _areas(box[None]) + _areas(others) - both
    shares: Floats = both / np.maximum(either, _IOU_GROUND)
    return shares


# -- inside ------------------------------------------------------------------------------------------


def _best(corners: Floats, scores: Floats) -> Candidates:
    """Each box as its likeliest class."""
    classes = scores.argmax(axis=1) if scores.size else np.zeros(len(scores), np.intp)
    return _checked(corners, scores[np.arange(len(scores)), classes], classes, scores.shape[1])


def _checked(
    corners: npt.NDArray[Any], scores: npt.NDArray[Any], classes: npt.NDArray[Any], count: int
) -> Candidates:
    """Raises `ModelError` where a number is none, or a class is none of the labels."""
    if not (np.isfinite(corners).all() and np.isfinite(scores).all() and np.isfinite(classes).all()):
        raise ModelError("gave boxes that are no numbers (NaN or infinite): the graph or its weights are damaged")
    numbers = classes.astype(np.intp)
    live = scores > 0  # rows that pad an answer may have any class
    if live.any() and not (numbers[live].min() >= 0 and numbers[live].max() < count):
        strange = numbers[live][(numbers[live] < 0) | (numbers[live] >= count)][0]
        raise ModelError(f"gave class {strange}; its spec names {count} labels")
    found = Candidates(corners.astype(np.float32), scores.astype(np.float32), numbers)
    return found.at(live)


def _corners(centred: npt.NDArray[Any]) -> Floats:
    """Centre and size to corners.  # (n, 4)"""
    middle, half = centred[:, :2], centred[:, 2:4] / 2
    corners: Floats = np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
    return corners


def _sides(width: int, height: int) -> Floats:
    return np.asarray([width, height, width, height], np.float32)


def _told_apart(outputs: Mapping[str, npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Boxes and logits: by their names, else boxes are four wide."""
    named = [name for name in outputs if "box" in name or "det" in name]
    wide = [name for name, array in outputs.items() if array.ndim == 3 and array.shape[2] == 4]
    boxes = next(iter(named or wide or outputs))
    return outputs[boxes], next(array for name, array in outputs.items() if name != boxes)


def _areas(corners: Floats) -> Floats:
    areas: Floats = np.clip(corners[:, 2:] - corners[:, :2], 0, None).prod(axis=1)
    return areas
