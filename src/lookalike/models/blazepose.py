"""BlazePose (Bazarevsky et al., 2020) as MediaPipe runs it: one network finds people, another their 33 key points.

The first sees the whole picture, and for each person tells the middle of the hips and a point on the circle around
the body; the second sees the square around that circle, turned upright. Numbers are those of MediaPipe's graphs
(google-ai-edge/mediapipe, Apache-2.0). Left out: the refinement by heat maps, and following people through films.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from lookalike.media.framing import placed, turned_square
from lookalike.models.boxes import Candidates, unsuppressed
from lookalike.models.litert import LiteSession
from lookalike.models.specs import ModelSpec
from lookalike.models.weights import find_companion, find_weights
from lookalike.types import KeyPoint, Pixels, Pose

Floats = npt.NDArray[np.float64]

POINTS = (
    *("nose", "left inner eye", "left eye", "left outer eye", "right inner eye", "right eye", "right outer eye"),
    *("left ear", "right ear", "left mouth", "right mouth", "left shoulder", "right shoulder", "left elbow"),
    *("right elbow", "left wrist", "right wrist", "left pinky", "right pinky", "left index", "right index"),
    *(
        "left thumb",
        "right thumb",
        "left hip",
        "right hip",
        "left knee",
        "right knee",
        "left ankle",
        "right ankle",
    ),
    *("left heel", "right heel", "left toe", "right toe"),
)

_SIDE, _BODY = 224, 256  # pixels of what the two networks see
_ANCHORS = ((8, 2), (16, 2), (32, 6))  # pixels between the places of a grid, and how often each is taken
_FOUND = 0.5  # how sure the first network must be of a person, and the second of a body
_OVERLAP = 0.3
_AROUND = 1.25  # of the circle around a body: the square's side


@dataclass(frozen=True, slots=True)
class _Body:
    """Where somebody is: a square in pixels of the picture."""

    middle: tuple[float, float]
    side: float
    angle: float  # clockwise, radians


class BlazePose:
    """Both networks, from TFLite files."""

    def __init__(self, spec: ModelSpec, *, threads: int = 1) -> None:
        self._finder = LiteSession(find_companion(spec, spec.finder), threads=threads)
        self._marker = LiteSession(find_weights(spec), threads=threads)

    def poses(self, pixels: Pixels) -> list[Pose]:
        """Everybody on a picture, the surest first."""
        found = [self._pose(pixels, body) for body in self._bodies(pixels)]
        return [pose for pose in found if pose is not None]

    def _bodies(self, pixels: Pixels) -> list[_Body]:
        seen = placed(pixels, _SIDE, _SIDE, ground=0)
        boxes, logits = self._finder.run(seen.pixels[None].astype(np.float32) / np.float32(127.5) - 1)
        scores = 1 / (1 + np.exp(-logits[0, :, 0].astype(np.float64).clip(-100, 100)))
        sure = scores >= _FOUND
        places = boxes[0][sure].astype(np.float64).reshape(-1, 6, 2)  # centre, size, and four points
        places[:, [0, 2, 3, 4, 5]] += _anchors()[sure][:, None] * _SIDE
        corners = np.concatenate([places[:, 0] - places[:, 1] / 2, places[:, 0] + places[:, 1] / 2], axis=1)
        found = Candidates(
            corners.astype(np.float32), scores[sure].astype(np.float32), np.zeros(len(places), np.intp)
        )
        origin, scale = np.asarray([seen.left, seen.top]), pixels.shape[1] / seen.width
        bodies = []
        for at in unsuppressed(found, overlap=_OVERLAP):
            hips, rim = ((places[at, number] - origin) * scale for number in (2, 3))
            across, down = rim - hips
            angle = float(np.pi / 2 + np.arctan2(down, across))
            bodies.append(
                _Body((float(hips[0]), float(hips[1])), 2 * _AROUND * float(np.hypot(across, down)), angle)
            )
        return bodies

    def _pose(self, pixels: Pixels, body: _Body) -> Pose | None:
        if body.side < 2:
            return None
        square = turned_square(pixels, body.middle, body.side, body.angle, size=_BODY)
        marks, flag, *_ = self._marker.run(square[None].astype(np.float32) / np.float32(255))
        if float(flag.reshape(-1)[0]) < _FOUND:
            return None
        height, width = pixels.shape[:2]
        rows = marks.reshape(-1, 5)[: len(POINTS)].astype(np.float64)  # x, y, depth, visible, there
        spots = _on_picture(rows[:, :2], body)
        shares = 1 / (1 + np.exp(-rows[:, 3:].clip(-100, 100)))
        return Pose(
            {
                name: KeyPoint(x / width, y / height, float(share))
                for name, (x, y), share in zip(POINTS, spots.tolist(), shares.min(axis=1), strict=True)
            },
            width / height,
        )


def _on_picture(points: Floats, body: _Body) -> Floats:
    """Points of the square, in pixels of it, on the picture."""
    away = (points / _BODY - 0.5) * body.side
    cosine, sine = np.cos(body.angle), np.sin(body.angle)
    turned: Floats = away @ np.asarray([[cosine, sine], [-sine, cosine]]) + np.asarray(body.middle)
    return turned


@cache
def _anchors() -> Floats:
    """The places that the first network's rows start from, as fractions.  # (2254, 2)"""
    rows = []
    for stride, often in _ANCHORS:
        cells = (np.arange(_SIDE // stride) + 0.5) * stride / _SIDE
        grid = np.stack(np.meshgrid(cells, cells), axis=-1).reshape(-1, 2)
        rows.append(np.repeat(grid, often, axis=0))
    anchors: Floats = np.concatenate(rows)
    return anchors
