"""Key points and what they tell: on graphs whose right answer is known, and BlazePose where it is installed."""

from __future__ import annotations

import json
import math
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec as installed
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from lookalike.errors import MissingExtra, ModelError
from lookalike.media.decoding import decode
from lookalike.media.framing import turned_square
from lookalike.models import find_spec, open_pose_estimator
from lookalike.models.blazepose import POINTS, _anchors, _Body, _on_picture
from lookalike.models.litert import LiteSession
from lookalike.models.pose import COCO_POINTS, Poses, facing, is_full_length
from lookalike.testing import sample_shop
from lookalike.types import Box, KeyPoint, Pixels, Pose

SIDE = 64
BLANK: Pixels = np.full((SIDE, SIDE // 2, 3), 255, np.uint8)  # on a square canvas it lies from 16 to 48
STANDING = {
    "nose": (0.5, 0.1),
    "left shoulder": (0.65, 0.25),
    "right shoulder": (0.35, 0.25),
    "left hip": (0.6, 0.5),
    "right hip": (0.4, 0.5),
    "left ankle": (0.6, 0.95),
    "right ankle": (0.4, 0.95),
}


def pose(points: dict[str, tuple[float, float]] = STANDING, *, aspect: float = 1.0, sure: float = 0.9) -> Pose:
    return Pose({name: KeyPoint(x, y, sure) for name, (x, y) in points.items()}, aspect)


def mirrored(points: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    return {name: (1 - x, y) for name, (x, y) in points.items()}


def narrowed(points: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    return {name: (0.5 + 0.1 * (x - 0.5), y) for name, (x, y) in points.items()}


def test_who_is_seen_from_the_front_has_the_left_shoulder_on_the_right() -> None:
    assert facing(pose()) == "front"
    assert facing(pose(mirrored(STANDING))) == "back"
    assert facing(pose(narrowed(STANDING))) == "side"


def test_a_shoulders_breadth_is_in_pixels_not_in_shares_of_a_wide_picture() -> None:
    assert facing(pose(aspect=0.25)) == ""
    assert facing(pose(narrowed(STANDING), aspect=10)) == "front"


@pytest.mark.parametrize("missing", ["left shoulder", "right hip"])
def test_which_way_is_not_told_without_shoulders_and_hips(missing: str) -> None:
    assert facing(pose({name: at for name, at in STANDING.items() if name != missing})) == ""
    assert facing(pose(sure=0.4)) == ""
    assert facing(Pose({})) == ""


def test_full_length_is_a_head_and_feet_inside_the_picture() -> None:
    assert is_full_length(pose())
    assert not is_full_length(pose({name: at for name, at in STANDING.items() if name != "nose"}))
    assert not is_full_length(
        pose({name: (x, y + 0.1) if "ankle" in name else (x, y) for name, (x, y) in STANDING.items()})
    )
    assert not is_full_length(pose(sure=0.3))
    assert not is_full_length(Pose({}))


# -- ONNX ------------------------------------------------------------------------------------------------


def saved(folder: Path, answer: np.ndarray, *, colours_last: bool = False, kind: int = TensorProto.FLOAT) -> str:
    """A graph that answers the same to every picture; the path of its spec."""
    shape = [1, SIDE, SIDE, 3] if colours_last else [1, 3, SIDE, SIDE]
    graph = helper.make_graph(
        [helper.make_node("Constant", [], ["found"], value=numpy_helper.from_array(answer, "found"))],
        "constant",
        [helper.make_tensor_value_info("pixels", kind, shape)],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, answer.shape)],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "m.onnx"
    )
    (folder / "m.toml").write_text(
        'name = "m"\nrole = "pose"\nkind = "onnx-pose"\nsummary = "s"\nlicence = "MIT"\nweights = "file:m.onnx"\n'
    )
    return str(folder / "m.toml")


def person(left: float, *, score: float = 0.9) -> list[float]:
    """A box of 20 x 40 pixels, and 17 points down its middle."""
    points = [value for n in range(17) for value in (left + 10, 10 + 2 * n, 0.8)]
    return [left + 10, 30, 20, 40, score, *points]


def test_yolo_finds_everybody_once(tmp_path: Path) -> None:
    rows = [person(20), person(20.5, score=0.8), person(40, score=0.95), person(5, score=0.1)]
    answer = np.asarray(rows, np.float32).T[None]
    (found,) = open_pose_estimator(saved(tmp_path, np.ascontiguousarray(answer))).estimate([BLANK])
    assert [round(one.points["nose"].x * 32 + 16, 3) for one in found] == [50, 30], "the surest first"
    assert found[0].points.keys() == set(COCO_POINTS)
    ankle = found[1].points["right ankle"]
    assert (ankle.x, ankle.y, ankle.confidence) == pytest.approx(((30 - 16) / 32, 42 / 64, 0.8))
    assert found[0].aspect == 0.5


def test_yolo_without_suppression_gives_the_same(tmp_path: Path) -> None:
    rows = [
        [20, 10, 40, 50, row[4], 0, *row[5:]] for row in (person(20), person(30, score=0.95), person(9, score=0))
    ]
    (found,) = open_pose_estimator(saved(tmp_path, np.asarray([rows], np.float32))).estimate([BLANK])
    assert [round(one.points["nose"].x * 32 + 16, 3) for one in found] == [40, 30]


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.INT32, TensorProto.UINT8])
def test_movenet_gives_one_person_y_first(kind: int, tmp_path: Path) -> None:
    answer = np.full((1, 1, 17, 3), (0.25, 0.75, 0.6), np.float32)
    path = saved(tmp_path, answer, colours_last=True, kind=kind)
    (found,) = open_pose_estimator(path).estimate([BLANK])
    assert [(point.x, point.y) for point in found[0].points.values()] == [(1.0, 0.25)] * 17
    answer[..., 2] = 0.1
    assert open_pose_estimator(saved(tmp_path, answer, colours_last=True)).estimate([BLANK]) == [[]]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (np.zeros((1, 57, 9), np.float32), r"^m gave numbers of shape \(1, 57, 9\)"),
        (np.zeros((17, 3), np.float32), r"^m gave numbers of shape \(17, 3\)"),
        (np.full((1, 56, 4), np.nan, np.float32), r"^m gave points that are no numbers"),
    ],
)
def test_an_answer_of_another_form_is_one_clear_error(answer: np.ndarray, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=said):
        open_pose_estimator(saved(tmp_path, answer)).estimate([BLANK])


def test_a_model_for_something_else_is_refused() -> None:
    with pytest.raises(ModelError, match="gradients is a model for image, not for poses"):
        open_pose_estimator("gradients")


class Spot:
    """Finds the brightest pixel, and calls it a nose."""

    def poses(self, pixels: Pixels) -> list[Pose]:
        if not pixels.any():
            return []
        y, x = np.unravel_index(int(pixels.sum(axis=2).argmax()), pixels.shape[:2])
        height, width = pixels.shape[:2]
        return [Pose({"nose": KeyPoint((x + 0.5) / width, (y + 0.5) / height, 1.0)}, width / height)]


@given(st.integers(0, 79), st.integers(0, 59), st.integers(0, 50), st.integers(0, 40))
def test_a_point_in_a_box_lies_where_it_lies_on_the_picture(x: int, y: int, left: int, top: int) -> None:
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[y, x] = 255
    box = Box(left / 80, top / 60, (left + 20) / 80, (top + 15) / 60)
    ((found,),) = Poses(Spot()).estimate([pixels], [[box]])
    if found.points:
        nose = found.points["nose"]
        assert (nose.x * 80, nose.y * 60) == pytest.approx((x + 0.5, y + 0.5))
    elif left <= x < left + 20 and top <= y < top + 15:
        raise AssertionError("it is in the box")


def test_each_box_has_its_pose_in_order_also_where_nobody_is() -> None:
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[30, 70] = 255
    found = Poses(Spot()).estimate([pixels, pixels], [[Box(0, 0, 0.4, 1), Box(0.5, 0, 1, 1)], []])
    assert [[bool(one.points) for one in some] for some in found] == [[False, True], []]


# -- BlazePose -------------------------------------------------------------------------------------------


def test_places_that_blazepose_starts_from_are_as_many_as_its_rows() -> None:
    assert _anchors().shape == (2254, 2)
    np.testing.assert_allclose(_anchors()[0], 4 / 224)
    np.testing.assert_allclose(_anchors()[-1], 1 - 16 / 224)
    assert len(POINTS) == 33


@settings(deadline=None)
@given(st.floats(-math.pi, math.pi), st.floats(20, 150), st.integers(20, 80), st.integers(20, 80))
def test_a_point_of_a_turned_square_is_led_back_to_the_picture(angle: float, side: float, x: int, y: int) -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[y - 2 : y + 3, x - 2 : x + 3] = 255
    body = _Body((50.0, 50.0), side, angle)
    square = turned_square(pixels, body.middle, body.side, body.angle, size=256).sum(axis=2).astype(float)
    if square.max() < 700 or max(square[0].max(), square[-1].max(), square[:, 0].max(), square[:, -1].max()) > 0:
        return  # it lies outside, or is cut
    places = (np.arange(256) + 0.5) / square.sum()
    middle = square.sum(axis=0) @ places, square.sum(axis=1) @ places
    found = _on_picture(np.asarray([middle]), body)[0]
    np.testing.assert_allclose(found, (x + 0.5, y + 0.5), atol=0.5)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    if installed("ai_edge_litert"):
        with pytest.raises(ModelError, match="is no TFLite file that can be run"):
            (tmp_path / "m.tflite").write_bytes(b"no model")
            LiteSession(tmp_path / "m.tflite")
    else:
        with pytest.raises(MissingExtra, match=r"pip install 'lookalike\[pose\]'"):
            LiteSession(tmp_path / "m.tflite")


def has_blazepose() -> bool:
    try:
        distribution("mediapipe")
    except PackageNotFoundError:
        return False
    return installed("ai_edge_litert") is not None


@pytest.mark.skipif(
    not has_blazepose(), reason="needs lookalike[pose], and pip install --no-deps mediapipe==0.10.21"
)
def test_blazepose_finds_drawn_people_from_head_to_feet() -> None:
    estimator = open_pose_estimator(find_spec("blazepose").name)
    truth = json.loads((sample_shop() / "truth.json").read_text("utf-8"))["figures"]
    right = 0
    for name, facts in list(truth.items())[:8]:
        (found,) = estimator.estimate([decode((sample_shop() / name).read_bytes())])
        assert len(found) == 1
        assert facing(found[0]) == "front"
        assert found[0].points["nose"].y < found[0].points["left hip"].y < found[0].points["left ankle"].y
        right += is_full_length(found[0]) == facts["full_length"]
    assert right >= 7
