"""Key points of people, and what they tell: whether somebody is shown from head to feet, and which way they face.

A model of poses is optional: without one, full length is read off the regions (`models.full_length`), and which
way somebody faces is not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lookalike.errors import ModelError
from lookalike.media.framing import Placed, crop, placed
from lookalike.models.blazepose import BlazePose
from lookalike.models.boxes import Candidates, unsuppressed
from lookalike.models.interfaces import PoseEstimator
from lookalike.models.session import Session, default_threads
from lookalike.models.specs import ModelSpec, find_spec
from lookalike.models.weights import find_weights
from lookalike.types import Box, KeyPoint, Pixels, Pose

DEFAULT = "blazepose"
COCO_POINTS = (  # in the order of all networks that learned from COCO
    *("nose", "left eye", "right eye", "left ear", "right ear", "left shoulder", "right shoulder", "left elbow"),
    *("right elbow", "left wrist", "right wrist", "left hip", "right hip", "left knee", "right knee"),
    *("left ankle", "right ankle"),
)
HEAD = ("nose", "left eye", "right eye", "left ear", "right ear")
FACE = ("nose", "left eye", "right eye")
FEET = ("left ankle", "right ankle")

_SEEN = 0.5  # the confidence from which on a point is there
_FOUND = 0.25  # how sure a network must be of a person
_OVERLAP = 0.7
_MARGIN = 0.1  # of a box, on each side: heads and feet stick out of boxes of garments
_GREY = 114
_BROAD = 0.35  # of the trunk's length: shoulders at least so broad are seen from the front or from behind
_NARROW = 0.2  # shoulders at most so broad are seen from the side


class _Finder(Protocol):
    def poses(self, pixels: Pixels) -> list[Pose]: ...


def open_pose_estimator(name: str = "default", *, threads: int | None = None) -> PoseEstimator:
    """The model of poses with this name. Raises `ModelError` where it is unknown or not here."""
    spec = find_spec(DEFAULT if name == "default" else name)
    threads = threads or default_threads()
    if spec.kind == "litert-pose":
        return Poses(BlazePose(spec, threads=threads))
    if spec.kind == "onnx-pose":
        return Poses(OnnxPose(spec, threads=threads))
    raise ModelError(f"{spec.name} is a model for {spec.role}, not for poses")


def is_full_length(pose: Pose) -> bool:
    """Whether a head and feet are seen, inside the picture."""
    return any(_seen(pose, name) for name in HEAD) and any(_seen(pose, name) for name in FEET)


def facing(pose: Pose) -> str:
    """ "front", "side" or "back"; empty where it cannot be told.

    Seen from the front, one's left shoulder is on the right of the picture.
    """
    wanted = ("left shoulder", "right shoulder", "left hip", "right hip")
    if not all(_seen(pose, name) for name in wanted):
        return ""
    places = {name: np.asarray([pose.points[name].x * pose.aspect, pose.points[name].y]) for name in wanted}
    shoulders = (places["left shoulder"] + places["right shoulder"]) / 2
    trunk = float(np.hypot(*(shoulders - (places["left hip"] + places["right hip"]) / 2)))
    if trunk == 0:
        return ""
    breadth = float(places["left shoulder"][0] - places["right shoulder"][0]) / trunk
    if abs(breadth) <= _NARROW:
        return "side"
    if breadth >= _BROAD:
        return "front"
    return "back" if breadth <= -_BROAD else ""


class Poses:
    """Poses on whole pictures or in boxes, whatever finds them."""

    def __init__(self, finder: _Finder) -> None:
        self._finder = finder

    def estimate(
        self, pictures: Sequence[Pixels], boxes: Sequence[Sequence[Box]] | None = None
    ) -> list[list[Pose]]:
        """The poses on each picture, the surest first; or one for each of its boxes, in their order."""
        if boxes is None:
            return [self._finder.poses(pixels) for pixels in pictures]
        return [[self._inside(pixels, box) for box in some] for pixels, some in zip(pictures, boxes, strict=True)]

    def _inside(self, pixels: Pixels, box: Box) -> Pose:
        """The surest pose in a box, or one without points."""
        around = _widened(box)
        part = crop(pixels, around)
        height, width = pixels.shape[:2]
        left, top = int(around.left * width) / width, int(around.top * height) / height
        wide, tall = part.shape[1] / width, part.shape[0] / height
        found = self._finder.poses(part)
        points: Mapping[str, KeyPoint] = found[0].points if found else {}
        moved = {
            name: KeyPoint(left + point.x * wide, top + point.y * tall, point.confidence)
            for name, point in points.items()
        }
        return Pose(moved, width / height)


class OnnxPose:
    """A network with the 17 key points of COCO as an ONNX graph; which one is told by what it gives.

    (1, 56, n)      YOLO v8 and 11: columns of centre, size, score, and x, y, confidence of each point, in pixels
    (1, n, 57)      YOLO 26, overlaps suppressed: corners, score, class, and the points
    (1, 1, 17, 3)   MoveNet: y, x, confidence of each point, as fractions; it sees one person, on black
    """

    def __init__(self, spec: ModelSpec, *, threads: int = 1) -> None:
        self._spec = spec
        self._session = Session(find_weights(spec), output=spec.output, threads=threads)
        self._input = self._session.inputs[0]
        self._is_last = self._session.shapes[self._input][-1] == 3  # whether colours come last, as in TensorFlow

    def poses(self, pixels: Pixels) -> list[Pose]:
        """Everybody on a picture, the surest first."""
        width, height = self._canvas()
        seen = placed(pixels, width, height, ground=0 if self._is_last else _GREY)
        found = self._session.run({self._input: self._tensor(seen.pixels)})
        if not np.isfinite(found).all():
            raise ModelError(f"{self._spec.name} gave points that are no numbers (NaN or infinite)")
        people = self._people(found, seen)
        height, width = pixels.shape[:2]
        return [
            Pose(
                {
                    name: KeyPoint(x, y, sure)
                    for name, (x, y, sure) in zip(COCO_POINTS, rows.tolist(), strict=True)
                },
                width / height,
            )
            for rows in people
        ]

    def _people(self, found: npt.NDArray[np.float32], seen: Placed) -> list[npt.NDArray[np.float64]]:
        """The points of each person as fractions of the picture.  # (17, 3): x, y, confidence"""
        canvas = np.asarray([seen.pixels.shape[1], seen.pixels.shape[0], 1.0])
        if found.shape == (1, 1, 17, 3):
            marks = found[0].astype(np.float64)[:, :, [1, 0, 2]] * canvas
            marks = marks[marks[:, :, 2].max(axis=1) >= _FOUND]
        elif found.ndim == 3 and found.shape[0] == 1 and found.shape[1] == 56:
            marks = _unsuppressed(found[0].T)
        elif found.ndim == 3 and found.shape[0] == 1 and found.shape[2] == 57:
            rows = found[0][found[0, :, 4] >= _FOUND].astype(np.float64)
            marks = rows[np.argsort(-rows[:, 4], kind="stable"), 6:].reshape(-1, 17, 3)
        else:
            raise ModelError(
                f"{self._spec.name} gave numbers of shape {found.shape}; "
                "a model of poses gives (1, 56, n), (1, n, 57) or (1, 1, 17, 3)"
            )
        origin, size = np.asarray([seen.left, seen.top, 0]), np.asarray([seen.width, seen.height, 1])
        return [(rows - origin) / size for rows in marks]

    def _tensor(self, pixels: Pixels) -> npt.NDArray[np.float32] | npt.NDArray[np.int32] | Pixels:
        if self._is_last:
            kind = self._session.types[self._input]
            number = {"tensor(int32)": np.int32, "tensor(uint8)": np.uint8}.get(kind, np.float32)
            return pixels[None].astype(number)
        rows = (np.asarray(row, np.float32) for row in (self._spec.input.mean, self._spec.input.std))
        mean, std = (row.reshape(3, 1, 1) for row in rows)
        scaled = (pixels.transpose(2, 0, 1).astype(np.float32) / np.float32(255) - mean) / std
        return scaled[None]

    def _canvas(self) -> tuple[int, int]:
        """Width and height of what the graph sees: its own where they are fixed."""
        shape = self._session.shapes[self._input]
        height, width = shape[1:3] if self._is_last else shape[2:4]
        if isinstance(width, int) and isinstance(height, int):
            return width, height
        return self._spec.input.side, self._spec.input.side


def _unsuppressed(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The points of the people that YOLO is sure of, one for each.  # (n, 17, 3)"""
    rows = rows[rows[:, 4] >= _FOUND]
    middle, half = rows[:, :2], rows[:, 2:4] / 2
    corners = np.concatenate([middle - half, middle + half], axis=1)
    found = Candidates(corners, rows[:, 4], np.zeros(len(rows), np.intp))
    kept = unsuppressed(found, overlap=_OVERLAP)
    return rows[kept, 5:].reshape(-1, 17, 3).astype(np.float64)


def _widened(box: Box) -> Box:
    across, down = _MARGIN * (box.right - box.left), _MARGIN * (box.bottom - box.top)
    return Box(
        max(0.0, box.left - across),
        max(0.0, box.top - down),
        min(1.0, box.right + across),
        min(1.0, box.bottom + down),
    )


def _seen(pose: Pose, name: str) -> bool:
    """Whether a point is there, and inside the picture."""
    point = pose.points.get(name)
    return point is not None and point.confidence >= _SEEN and 0 <= point.x <= 1 and 0 <= point.y <= 1
