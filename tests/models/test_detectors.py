"""Networks' answers to boxes: on graphs whose right answer is known, each format of each project."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from lookalike.errors import ModelError, ModelNotFound
from lookalike.media.caching import CACHE
from lookalike.media.framing import placed
from lookalike.models import all_specs, open_detector
from lookalike.models.boxes import Candidates, overlaps, suppressed
from lookalike.models.detectors import OnnxDetector
from lookalike.models.specs import ModelSpec, read_spec
from lookalike.types import GARMENTS, Detection, Pixels

SIDE = 64
LABELS = ("person", "Shirt", "Boot", "High heels")
GARMENTS_OF = {"Shirt": "topwear", "Boot": "footwear", "High heels": "footwear"}
BLANK: Pixels = np.full((SIDE, SIDE, 3), 255, np.uint8)  # fills the canvas, so that pixels are its own

Rows = list[tuple[float, float, float, float, float, int]]  # left, top, right, bottom, score, class
THREE: Rows = [(8, 8, 40, 56, 0.9, 1), (10, 40, 30, 60, 0.6, 2), (0, 0, 64, 64, 0.8, 0)]


def saved(
    folder: Path, outputs: Mapping[str, np.ndarray], *, notes: Mapping[str, str] = {}, sizes: bool = False
) -> None:
    """A graph that answers the same to every picture, whose sides are free."""
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "h", "w"])]
    if sizes:
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, [1, 2]))
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array, name))
            for name, array in outputs.items()
        ],
        "constant",
        inputs,
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in outputs.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, dict(notes))
    onnx.save(model, folder / "m.onnx")


def described(folder: Path, kind: str, *, labels: tuple[str, ...] = LABELS, garments: str = "") -> ModelSpec:
    named = f"labels = {list(labels)}\n" if labels else ""
    (folder / "m.toml").write_text(
        f'name = "m"\nrole = "detector"\nkind = "{kind}"\nsummary = "s"\nlicence = "MIT"\n'
        'weights = "file:m.onnx"\n'
        f"{named}\n[input]\nside = {SIDE}\nmean = [0.0, 0.0, 0.0]\nstd = [1.0, 1.0, 1.0]\n{garments}"
    )
    return read_spec(folder / "m.toml")


def mapped(garments: Mapping[str, str] = GARMENTS_OF) -> str:
    return "[garments]\n" + "".join(f'"{one}" = "{ours}"\n' for one, ours in garments.items())


# -- what each project's graphs give for the same boxes ------------------------------------------------


def centred(rows: Rows) -> np.ndarray:
    corners = np.asarray([row[:4] for row in rows], np.float32).reshape(-1, 4)
    return np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1)


def shares(rows: Rows) -> np.ndarray:
    found = np.zeros((len(rows), len(LABELS)), np.float32)
    for row, (*_, score, number) in zip(found, rows, strict=True):
        row[number] = score
    return found


def v5(rows: Rows) -> dict[str, np.ndarray]:
    objectness = np.full((len(rows), 1), 0.95, np.float32)
    return {"output0": np.concatenate([centred(rows), objectness, shares(rows) / 0.95], axis=1)[None]}


def v8(rows: Rows) -> dict[str, np.ndarray]:
    return {"output0": np.ascontiguousarray(np.concatenate([centred(rows), shares(rows)], axis=1).T[None])}


def v8_turned(rows: Rows) -> dict[str, np.ndarray]:
    return {"output0": np.concatenate([centred(rows), shares(rows)], axis=1)[None]}


def end(rows: Rows) -> dict[str, np.ndarray]:
    padding = [(0.0, 0.0, 0.0, 0.0, 0.0, 77)] * 3  # what is left of 300 rows may be anything of score 0
    return {"output0": np.asarray([*rows, *padding], np.float32)[None]}


def transformers(rows: Rows) -> dict[str, np.ndarray]:
    certain = shares(rows).clip(1e-6, 1 - 1e-6)
    return {"logits": np.log(certain / (1 - certain))[None], "pred_boxes": (centred(rows) / SIDE)[None]}


def rf_detr(rows: Rows) -> dict[str, np.ndarray]:
    found = transformers(rows)
    return {"dets": found["pred_boxes"], "labels": found["logits"]}


def ready(rows: Rows) -> dict[str, np.ndarray]:
    table = np.asarray(rows, np.float32).reshape(-1, 6)
    return {
        "labels": table[:, 5].astype(np.int64)[None],
        "boxes": table[:, :4][None],
        "scores": table[:, 4][None],
    }


def ultralytics_detr(rows: Rows) -> dict[str, np.ndarray]:
    return {"output0": np.concatenate([centred(rows) / SIDE, shares(rows)], axis=1)[None]}


@dataclass(frozen=True)
class Format:
    kind: str
    written: Any
    sizes: bool = False


FORMATS = {
    "v5": Format("onnx-yolo", v5),
    "v8": Format("onnx-yolo", v8),
    "v8 turned": Format("onnx-yolo", v8_turned),
    "v10": Format("onnx-yolo-end", end),
    "transformers": Format("onnx-detr", transformers),
    "rf-detr": Format("onnx-detr", rf_detr),
    "ready": Format("onnx-detr", ready, sizes=True),
    "ultralytics detr": Format("onnx-detr", ultralytics_detr),
}
EVERY = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)


def opened(folder: Path, form: Format, rows: Rows, **facts: Any) -> OnnxDetector:
    saved(folder, form.written(rows), sizes=form.sizes)
    return OnnxDetector(described(folder, form.kind, **facts))


def plain(found: list[Detection]) -> list[tuple[str, float, list[float]]]:
    """Label, score and corners in pixels of the canvas."""
    return [
        (
            one.label,
            round(one.score, 3),
            [round(SIDE * edge, 2) for edge in (one.box.left, one.box.top, one.box.right, one.box.bottom)],
        )
        for one in found
    ]


@EVERY
def test_each_format_gives_the_same_boxes_the_surest_first(form: Format, tmp_path: Path) -> None:
    (found,) = opened(tmp_path, form, THREE).detect([BLANK])
    assert plain(found) == [
        ("Shirt", 0.9, [8, 8, 40, 56]),
        ("person", 0.8, [0, 0, 64, 64]),
        ("Boot", 0.6, [10, 40, 30, 60]),
    ]


@EVERY
def test_labels_become_garments_and_others_go(form: Format, tmp_path: Path) -> None:
    detector = opened(tmp_path, form, THREE, garments=mapped())
    assert detector.labels == ("topwear", "footwear")
    assert [one.label for one in detector.detect([BLANK])[0]] == ["topwear", "footwear"]


@EVERY
def test_one_thing_under_two_labels_of_one_garment_is_one(form: Format, tmp_path: Path) -> None:
    shoe: Rows = [(10, 10, 30, 30, 0.7, 2), (10, 10, 31, 30, 0.8, 3)]
    (found,) = opened(tmp_path, form, shoe, garments=mapped()).detect([BLANK])
    assert plain(found) == [("footwear", 0.8, [10, 10, 31, 30])]


@EVERY
@pytest.mark.parametrize("rows", [[], [(1, 1, 9, 9, 0.1, 1)]], ids=["none", "faint"])
def test_where_nothing_is_found_nothing_is_said(form: Format, rows: Rows, tmp_path: Path) -> None:
    if not rows and form.written is not end:
        rows = [(0, 0, 0, 0, 0.0, 0)]  # such graphs always have rows
    assert opened(tmp_path, form, rows).detect([BLANK, BLANK]) == [[], []]


@EVERY
def test_no_box_reaches_beyond_the_picture(form: Format, tmp_path: Path) -> None:
    rows: Rows = [(-20, 50, 20, 90, 0.9, 1), (70, 70, 90, 90, 0.8, 1), (-9, -9, 99, 99, 0.7, 2)]
    (found,) = opened(tmp_path, form, rows).detect([BLANK])
    assert plain(found) == [("Shirt", 0.9, [0, 50, 20, 64]), ("Boot", 0.7, [0, 0, 64, 64])]


@EVERY
@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
def test_what_is_no_number_is_one_clear_error(form: Format, spoilt: float, tmp_path: Path) -> None:
    rows: Rows = [(8, 8, spoilt, 56, 0.9, 1)]
    with np.errstate(invalid="ignore"), pytest.raises(ModelError, match=r"^m gave boxes that are no numbers"):
        opened(tmp_path, form, rows).detect([BLANK])


@EVERY
def test_another_number_of_labels_is_one_clear_error(form: Format, tmp_path: Path) -> None:
    saved(tmp_path, form.written([(8, 8, 40, 56, 0.9, 3)]), sizes=form.sizes)
    detector = OnnxDetector(described(tmp_path, form.kind, labels=LABELS[:2]))
    with pytest.raises(ModelError, match=r"^m gave .*labels") as caught:
        detector.detect([BLANK])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["onnx-yolo", "onnx-yolo-end", "onnx-detr"])
@pytest.mark.parametrize("shape", [(1, 3), (2, 7, 7), (1, 6, 7, 8), (1, 7, 11), ()])
def test_numbers_of_another_shape_are_one_clear_error(kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    saved(tmp_path, {"output0": np.zeros(shape, np.float32)})
    with pytest.raises(ModelError, match=r"^m gave "):
        OnnxDetector(described(tmp_path, kind)).detect([BLANK])


def test_overlapping_candidates_of_a_class_are_one_and_of_two_classes_two(tmp_path: Path) -> None:
    rows: Rows = [(8, 8, 40, 56, 0.7, 1), (9, 8, 40, 56, 0.9, 1), (8, 8, 40, 55, 0.8, 2), (42, 8, 60, 56, 0.5, 1)]
    (found,) = opened(tmp_path, FORMATS["v8"], rows).detect([BLANK])
    assert [(label, score) for label, score, _ in plain(found)] == [("Shirt", 0.9), ("Boot", 0.8), ("Shirt", 0.5)]


def test_a_graph_may_name_its_labels_itself(tmp_path: Path) -> None:
    for written in (str(dict(enumerate(LABELS))), str(list(LABELS))):
        saved(tmp_path, v8(THREE), notes={"names": written})
        detector = OnnxDetector(described(tmp_path, "onnx-yolo", labels=()))
        assert detector.labels == LABELS


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ({}, "name the classes in labels; the graph does not"),
        ({"names": "{}"}, "name the classes in labels"),
        ({"names": "__import__('os')"}, "name them in labels"),
        ({"names": "{1: 'person'}"}, "name them in labels"),
        ({"names": "{0: 'per"}, "name them in labels"),
        ({"names": "3"}, "name them in labels"),
    ],
)
def test_labels_that_cannot_be_read_are_one_clear_error(notes: dict[str, str], said: str, tmp_path: Path) -> None:
    saved(tmp_path, v8(THREE), notes=notes)
    with pytest.raises(ModelError, match=said):
        OnnxDetector(described(tmp_path, "onnx-yolo", labels=()))


def test_garments_that_no_label_becomes_are_one_clear_error(tmp_path: Path) -> None:
    saved(tmp_path, v8(THREE))
    with pytest.raises(ModelError, match=r"none of the labels person, Shirt.* stands in \[garments\]"):
        OnnxDetector(described(tmp_path, "onnx-yolo", garments=mapped({"shirt": "topwear"})))


@pytest.fixture(scope="module")
def anywhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("anywhere")


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    edges=st.tuples(*[st.floats(0, 1)] * 4),
    form=st.sampled_from(["v10", "ready"]),
)
def test_a_box_lies_where_it_lies_on_the_picture(
    width: int, height: int, edges: tuple[float, float, float, float], form: str, anywhere: Path
) -> None:
    """Wherever the network saw it: exact to a hundredth of a pixel."""
    left, right = sorted(edges[:2])
    top, bottom = sorted(edges[2:])
    if (right - left) < 0.01 or (bottom - top) < 0.01:
        return
    pixels = np.zeros((height, width, 3), np.uint8)
    if form == "v10":
        seen = placed(pixels, SIDE, SIDE)
        x, y, wide, tall = seen.left, seen.top, seen.width, seen.height
    else:
        x, y, wide, tall = 0, 0, SIDE, SIDE
    rows: Rows = [(x + left * wide, y + top * tall, x + right * wide, y + bottom * tall, 0.9, 1)]
    (found,) = opened(anywhere, FORMATS[form], rows).detect([pixels])
    box = found[0].box
    np.testing.assert_allclose(
        [box.left * width, box.top * height, box.right * width, box.bottom * height],
        [left * width, top * height, right * width, bottom * height],
        atol=0.01,
    )


def brightness(folder: Path, kind: str) -> None:
    """A graph that finds one box, and is as sure of it as the canvas is red."""
    first = numpy_helper.from_array(np.asarray([1, 1, 1], np.int64), "shape")
    box = numpy_helper.from_array(np.asarray([[[0, 0, SIDE, SIDE]]], np.float32), "box")
    zero = numpy_helper.from_array(np.asarray([[[0]]], np.float32), "zero")
    nodes = [
        helper.make_node("Split", ["images"], ["red", "green", "blue"], axis=1, num_outputs=3),
        helper.make_node("GlobalAveragePool", ["red"], ["mean"]),
        helper.make_node("Reshape", ["mean", "shape"], ["score"]),
        helper.make_node("Concat", ["box", "score", "zero"], ["rows"], axis=2),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [1, 1, 6])],
        [first, box, zero],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), folder / "m.onnx"
    )


def test_a_yolo_is_shown_red_first_from_0_to_1_and_grey_around_the_picture(tmp_path: Path) -> None:
    brightness(tmp_path, "onnx-yolo-end")
    detector = OnnxDetector(described(tmp_path, "onnx-yolo-end"))
    red = np.zeros((40, 80, 3), np.uint8)
    red[:, :, 0] = 255
    assert [round(found[0].score, 4) for found in detector.detect([red, red[:, :40]])] == [
        round((1 + 114 / 255) / 2, 4),
        1.0,
    ]


def test_what_binds_a_user_is_said_before_use(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    saved(tmp_path, v8(THREE))
    path = Path(described(tmp_path, "onnx-yolo").path)
    path.write_text('needs_consent = "publish your source"\n' + path.read_text())
    with caplog.at_level(logging.WARNING):
        open_detector(str(path))
    assert caplog.messages == ["m is under MIT: publish your source"]


def test_a_detector_is_found_by_the_path_of_its_spec(tmp_path: Path) -> None:
    saved(tmp_path, v8(THREE))
    path = described(tmp_path, "onnx-yolo").path
    assert len(open_detector(path).detect([BLANK])[0]) == 3
    with pytest.raises(ModelError, match="gradients is a model for image, not for boxes"):
        open_detector("gradients")


def test_the_shipped_specs_of_detectors_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path))
    detectors = [spec for spec in all_specs().values() if spec.role == "detector"]
    assert {"garment-boxes", "yolov8n-oiv7", "yolo11n", "yolov10n", "rtdetr-r18", "dfine-n"} <= {
        spec.name for spec in detectors
    }
    for spec in detectors:
        assert set(spec.garments.values()) <= set(GARMENTS)
        assert set(spec.garments) <= set(spec.labels or spec.garments)
        assert bool(spec.needs_consent) == (spec.licence != "Apache-2.0")
        if spec.kind != "regions-boxes":
            with pytest.raises(ModelNotFound, match="put the file there"):
                open_detector(spec.name)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30),
            st.integers(0, 30),
            st.integers(1, 30),
            st.integers(1, 30),
            st.floats(0, 1),
            st.integers(0, 2),
        ),
        max_size=30,
    ),
    st.floats(0.05, 0.95),
)
def test_what_is_suppressed_was_overlapped_by_something_surer_of_its_class(
    rows: list[tuple[int, int, int, int, float, int]], overlap: float
) -> None:
    table = np.asarray(rows, np.float32).reshape(-1, 6)
    corners = np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], axis=1)
    found = Candidates(corners, table[:, 4], table[:, 5].astype(np.intp))
    kept = suppressed(found, overlap=overlap)
    assert (np.diff(kept.scores) <= 0).all()
    for place in range(len(kept)):
        same = np.flatnonzero(kept.classes == kept.classes[place])
        others = same[same != place]
        assert (overlaps(kept.corners[place], kept.corners[others]) <= overlap).all()
    for place in range(len(found)):
        surer = kept.at((kept.classes == found.classes[place]) & (kept.scores >= found.scores[place]))
        is_kept = (surer.corners == found.corners[place]).all(axis=1).any()
        assert is_kept or (overlaps(found.corners[place], surer.corners) > overlap).any()
