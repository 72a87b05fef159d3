"""Annotations in one format are the same in another, and what cannot be is said."""

from __future__ import annotations

import json
import re
import string
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from lookalike.cli import main
from lookalike.errors import LookalikeError
from lookalike.media.masks import decode_mask, encode_mask
from lookalike.training.annotations import rle
from lookalike.training.annotations.contours import mask_of
from lookalike.training.annotations.converting import FORMATS, Conversion, convert, open_annotations, recognise
from lookalike.training.annotations.shapes import Annotated, Fault, Rectangle

OUTLINED = ("labelme", "via", "coco", "coco-rle", "yolo-polygons", "masks")  # what keeps every pixel
BOXED = ("labelme", "via", "coco", "coco-rle", "voc", "yolo")  # what keeps a box a box
LABELS = ["background", "shirt", "trousers & belt", "Schuhe <größe>"]
SCRATCH = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CLASSES = arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 3))


def masks_at(folder: Path, *classes: np.ndarray, labels: list[str] = LABELS) -> Path:
    """A data set of indexed masks with their pictures."""
    for name in ("masks", "photos"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    for number, one in enumerate(classes):
        (folder / "masks" / f"{number:04}.png").write_bytes(encode_mask(one))
        Image.new("RGB", one.shape[::-1]).save(folder / "photos" / f"{number:04}.jpg")
    return folder


def annotated(source: Path, **how: object) -> list[Annotated]:
    found = list(open_annotations(source, **how).each)  # type: ignore[arg-type]
    assert all(isinstance(one, Annotated) for one in found), found
    return found  # type: ignore[return-value]


def boxes_at(path: Path, boxes: list[tuple[str, float, float, float, float]], width: int, height: int) -> Path:
    """A COCO file of one picture with boxes: left, top, right, bottom."""
    names = sorted({box[0] for box in boxes})
    document = {
        "images": [{"id": 7, "file_name": "a.png", "width": width, "height": height}],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, 1)],
        "annotations": [
            {"id": n, "image_id": 7, "category_id": names.index(label) + 1, "bbox": [x, y, r - x, b - y]}
            for n, (label, x, y, r, b) in enumerate(boxes)
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    Image.new("RGB", (width, height)).save(path.parent / "a.png")
    return path


def drawn(folder: Path, name: str, document: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return folder


def labelme(*shapes: dict[str, object], width: int = 8, height: int = 6, **more: object) -> dict[str, object]:
    return {"imagePath": "a.jpg", "imageWidth": width, "imageHeight": height, "shapes": list(shapes), **more}


SQUARE = {"label": "shirt", "shape_type": "polygon", "points": [[1, 1], [4, 1], [4, 4], [1, 4]]}


@SCRATCH
@given(first=CLASSES, second=CLASSES)
@pytest.mark.parametrize("through", OUTLINED)
def test_masks_come_back_to_the_pixel(
    through: str, first: np.ndarray, second: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("masks")
    source = masks_at(folder / "source", first, second)
    convert(source, folder / "between", to=through)
    assert recognise(folder / "between") == through.partition("-")[0]
    done = convert(folder / "between", folder / "back", to="masks", pictures=source)
    assert not done.faults
    assert json.loads((folder / "back" / "labels.json").read_text("utf-8")) == LABELS
    for number, one in enumerate((first, second)):
        assert np.array_equal(decode_mask((folder / "back" / "masks" / f"{number:04}.png").read_bytes()), one)


@st.composite
def some_boxes(draw: st.DrawFn) -> tuple[list[tuple[str, float, float, float, float]], int, int]:
    width, height = draw(st.integers(1, 500)), draw(st.integers(1, 500))
    quarter = st.integers(0, 4 * width), st.integers(0, 4 * height)
    boxes = []
    for _ in range(draw(st.integers(1, 4))):
        left, right = sorted(draw(st.lists(quarter[0], min_size=2, max_size=2, unique=True)))
        top, bottom = sorted(draw(st.lists(quarter[1], min_size=2, max_size=2, unique=True)))
        boxes.append((draw(st.sampled_from(LABELS[1:])), left / 4, top / 4, right / 4, bottom / 4))
    return boxes, width, height


@SCRATCH
@given(some=some_boxes())
@pytest.mark.parametrize("through", BOXED)
def test_boxes_come_back(
    through: str,
    some: tuple[list[tuple[str, float, float, float, float]], int, int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("boxes")
    boxes, width, height = some
    source = boxes_at(folder / "source" / "coco.json", boxes, width, height)
    done = convert(source, folder / "between", to=through)
    assert not done.notes
    (one,) = annotated(folder / "between", pictures=source.parent)
    assert (one.picture, one.width, one.height) == ("a.png", width, height)
    for shape, (label, *sides) in zip(one.shapes, boxes, strict=True):
        assert shape.label == label
        assert isinstance(box := shape.geometry, Rectangle)
        assert (box.left, box.top, box.right, box.bottom) == pytest.approx(tuple(sides), abs=1e-4)


@SCRATCH
@given(
    corners=st.lists(st.tuples(st.integers(0, 640), st.integers(0, 480)), min_size=3, max_size=9, unique=True),
    label=st.text(string.printable, min_size=1).filter(lambda text: text.strip() and text.isprintable()),
)
@pytest.mark.parametrize("through", ["labelme", "via", "coco", "yolo-polygons"])
def test_a_polygon_keeps_its_corners_and_its_label(
    through: str, corners: list[tuple[int, int]], label: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("polygons")
    points = [[x / 8, y / 8] for x, y in corners]
    shape = {"label": label, "shape_type": "polygon", "points": points}
    source = drawn(folder / "source", "a.json", labelme(shape, width=80, height=60))
    Image.new("RGB", (80, 60)).save(folder / "source" / "a.jpg")
    convert(source, folder / "between", to=through)
    (one,) = annotated(folder / "between", pictures=source)
    assert [shape.label for shape in one.shapes] == [label.strip()]
    (part,) = one.shapes[0].geometry.parts  # type: ignore[union-attr]
    assert part.outline == pytest.approx(np.array(points), abs=1e-4)


@settings(deadline=None)
@given(arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_run_lengths_are_those_of_pycocotools(mask: np.ndarray) -> None:
    theirs = pytest.importorskip("pycocotools.mask")
    counts = rle.counts_of(mask)
    text = theirs.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode("ascii")
    assert rle.packed(counts) == text
    assert np.array_equal(rle.mask_from(rle.unpacked(text), mask.shape[1], mask.shape[0]), mask)


@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=12))
def test_other_run_lengths_are_a_mask_or_a_reason(text: str) -> None:
    try:
        assert rle.mask_from(rle.unpacked(text), 5, 4).shape == (4, 5)
    except ValueError as error:
        assert "\n" not in str(error)


def test_long_runs_keep_their_length() -> None:
    mask = np.zeros((3000, 4000), np.bool_)
    mask[-1, -1] = mask[5:20, 7:3000] = True
    counts = rle.counts_of(mask)
    assert np.array_equal(rle.unpacked(rle.packed(counts)), counts)


def ring_of_pixels() -> np.ndarray:
    """A shirt with a hole, and an island of the same label: one shape of two parts."""
    classes = np.zeros((9, 12), np.uint8)
    classes[1:6, 1:6] = 1
    classes[2:5, 2:5] = 0
    classes[7:9, 8:11] = 1
    return classes


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("labelme", {}),
        ("coco-rle", {}),
        ("coco", {"shapes with holes: joined to their outline by bridges of no width": 1}),
        ("via", {"shapes with holes or several parts: joined by bridges of no width": 1}),
        ("yolo-polygons", {"shapes with holes or several parts: joined by bridges of no width": 1}),
        ("voc", {"outlines and masks: only the box around each is left": 1}),
        ("yolo", {"outlines and masks: only the box around each is left": 1}),
    ],
)
def test_what_a_format_cannot_hold_is_said(to: str, words: dict[str, int], tmp_path: Path) -> None:
    done = convert(masks_at(tmp_path / "source", ring_of_pixels()), tmp_path / "out", to=to)
    assert dict(done.notes) == words
    assert (done.pictures, done.shapes, done.labels) == (1, 1, tuple(LABELS[1:]))


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # pycocotools does not know NumPy 2.0's `copy`
def test_pycocotools_reads_what_we_write(tmp_path: Path) -> None:
    theirs = pytest.importorskip("pycocotools.coco")
    for to in ("coco", "coco-rle"):
        convert(masks_at(tmp_path / "source", ring_of_pixels()), tmp_path / f"{to}.json", to=to)
        opened = theirs.COCO(str(tmp_path / f"{to}.json"))
        (drawn_shape,) = opened.loadAnns(opened.getAnnIds())
        assert drawn_shape["area"] == 22
        assert drawn_shape["bbox"] == [1, 1, 10, 8]
        if to == "coco-rle":  # its polygons are drawn by another rule than ours
            assert np.array_equal(opened.annToMask(drawn_shape), ring_of_pixels())


def test_a_crowd_stays_one_in_coco_and_is_said_elsewhere(tmp_path: Path) -> None:
    path = boxes_at(tmp_path / "source" / "coco.json", [("people", 0, 0, 4, 2)], 6, 4)
    document = json.loads(path.read_text("utf-8"))
    document["annotations"][0] |= {"iscrowd": 1, "segmentation": {"size": [4, 6], "counts": [1, 2, 3, 2, 16]}}
    path.write_text(json.dumps(document), encoding="utf-8")
    for to in ("coco", "coco-rle"):
        convert(path, tmp_path / to, to=to)
        (one,) = annotated(tmp_path / to)
        assert one.shapes[0].crowd
        assert mask_of(one.shapes[0].geometry, 6, 4).sum() == 4
    assert convert(path, tmp_path / "labelme", to="labelme").notes["crowds: now a single thing"] == 1


def test_parts_of_one_group_are_one_shape_in_labelme(tmp_path: Path) -> None:
    left, right = ({**SQUARE, "group_id": 3}, {**SQUARE, "points": [[5, 1], [7, 1], [7, 4]], "group_id": 3})
    source = drawn(tmp_path / "source", "a.json", labelme(left, right, SQUARE))
    convert(source, tmp_path / "coco", to="coco")
    pair, single = annotated(tmp_path / "coco")[0].shapes
    assert [len(shape.geometry.parts) for shape in (pair, single)] == [2, 1]  # type: ignore[union-attr]
    convert(tmp_path / "coco", tmp_path / "labelme", to="labelme")
    shapes = json.loads((tmp_path / "labelme" / "a.json").read_text("utf-8"))["shapes"]
    assert [shape["group_id"] for shape in shapes] == [0, 0, None]


def test_circles_ellipses_and_boxes_of_via_cover_what_they_went_around(tmp_path: Path) -> None:
    shapes = [
        {"name": "circle", "cx": 30, "cy": 30, "r": 20},
        {"name": "ellipse", "cx": 30, "cy": 30, "rx": 20, "ry": 10},
        {"name": "rect", "x": 10, "y": 12, "width": 5, "height": 6},
        {"name": "polyline", "all_points_x": [1, 2], "all_points_y": [1, 2]},
    ]
    regions = [{"shape_attributes": shape, "region_attributes": {"type": {"hat": True}}} for shape in shapes]
    entry = {"filename": "a.png", "size": -1, "regions": dict(enumerate(regions))}  # as version 1 lists them
    source = drawn(tmp_path / "source", "via.json", {"a.png-1": entry})
    Image.new("RGB", (60, 60)).save(source / "a.png")
    done = convert(source, tmp_path / "out", to="coco-rle")
    assert done.notes["points and lines, which cover nothing: left out"] == 1
    (one,) = annotated(tmp_path / "out")
    areas = [int(mask_of(shape.geometry, 60, 60).sum()) for shape in one.shapes]
    assert areas == [pytest.approx(np.pi * 400, rel=0.01), pytest.approx(np.pi * 200, rel=0.01), 30]
    assert {shape.label for shape in one.shapes} == {"hat"}


def test_pixels_of_voc_are_counted_from_one_unless_a_box_begins_at_nought(tmp_path: Path) -> None:
    line = "<name>hat</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>8</xmax><ymax>6</ymax></bndbox>"
    head = "<filename>a.jpg</filename><size><width>8</width><height>6</height></size>"
    for name, corner in (("one", (1, 1)), ("nought", (0, 0))):
        folder = drawn(
            tmp_path / name, "a.xml", f"<annotation>{head}<object>{line.format(*corner)}</object></annotation>"
        )
        assert annotated(folder)[0].shapes[0].geometry == Rectangle(0, 0, 8, 6)


def test_a_document_that_declares_entities_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "haha">]><annotation><filename>&x;</filename></annotation>'
    source = drawn(tmp_path / "source", "a.xml", bomb)
    with pytest.raises(LookalikeError, match="DOCTYPE"):
        convert(source, tmp_path / "out", to="coco")


def test_a_yolo_data_set_as_others_write_it(tmp_path: Path) -> None:
    """Splits outside, names in a flow list, a picture without labels, boxes and polygons side by side."""
    drawn(tmp_path, "data.yaml", "train: ../train/images\nnc: 2\nnames: ['hat', \"it's\"]  # two\n")
    for name in ("a", "b"):
        (tmp_path / "train" / "images").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (100, 50)).save(tmp_path / "train" / "images" / f"{name}.jpg")
    drawn(tmp_path / "train" / "labels", "a.txt", "0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.3 0.1 0.3 0.5\n")
    first, second = annotated(tmp_path)
    assert (first.picture, second.picture) == ("train/a.jpg", "train/b.jpg")
    assert [shape.label for shape in first.shapes] == ["hat", "it's"]
    assert first.shapes[0].geometry == Rectangle(40, 15, 60, 35)
    assert second.shapes == ()
    convert(tmp_path, tmp_path / "again", to="yolo", copy_pictures=True)
    assert "train: images/train" in (tmp_path / "again" / "data.yaml").read_text("utf-8")
    assert (tmp_path / "again" / "images" / "train" / "b.jpg").is_file()
    assert (tmp_path / "again" / "labels" / "train" / "b.txt").read_text("utf-8") == ""


def test_an_outline_that_leaves_the_picture_is_cut_in_yolo(tmp_path: Path) -> None:
    source = drawn(
        tmp_path / "source", "a.json", labelme({**SQUARE, "points": [[-4, 2], [4, -2], [12, 2], [4, 9]]})
    )
    before = mask_of(annotated(source)[0].shapes[0].geometry, 8, 6)
    done = convert(source, tmp_path / "out", to="yolo-polygons")
    assert "outlines that leave the picture: cut, to the whole pixel" in done.notes
    Image.new("RGB", (8, 6)).save(tmp_path / "source" / "a.jpg")
    after = annotated(tmp_path / "out", pictures=source)[0].shapes[0].geometry
    assert np.array_equal(mask_of(after, 8, 6), before)


BAD = [
    ("a.json", "{", "no JSON"),
    ("a.json", "[" * 100_000, "nested too deeply|no JSON"),
    ("a.json", labelme({**SQUARE, "points": [[1, 1], [2, 2]]}), "has 2 points"),
    ("a.json", labelme({**SQUARE, "points": [[1, 1], [2, "x"], [3, 3]]}), "must be a number"),
    ("a.json", labelme({**SQUARE, "points": [[1, 1], [2, 1e300], [3, 3]]}), "no picture is that large"),
    ("a.json", labelme({**SQUARE, "shape_type": "blob"}), "'blob' is not known"),
    ("a.json", labelme({**SQUARE, "label": ""}), "a label must be a text"),
    ("a.json", labelme(SQUARE, width=100_000), "no picture has 100000 x 6 pixels"),
    ("a.json", labelme({**SQUARE, "shape_type": "mask", "points": [[0, 0], [1, 1]], "mask": "%"}), "base64"),
    ("a.json", {"imagePath": "a.jpg", "shapes": [SQUARE]}, "its size is needed"),
    ("a.json", {"imagePath": "../..", "imageWidth": 1, "imageHeight": 1, "shapes": []}, "names no picture"),
]


@pytest.mark.parametrize(("name", "document", "words"), BAD)
def test_a_bad_file_is_one_clear_line_and_the_others_go_on(
    name: str, document: object, words: str, tmp_path: Path
) -> None:
    source = drawn(tmp_path / "source", "good.json", labelme(SQUARE, imagePath="good.jpg"))
    drawn(source, name, document)
    done = convert(source, tmp_path / "out", to="coco", read_as="labelme")
    assert done.pictures == 1
    (fault,) = done.faults
    assert fault.place.endswith("a.json")
    assert "\n" not in fault.reason
    assert re.search(words, fault.reason)


@SCRATCH
@given(
    damage=st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=0, max_size=3)), min_size=1, max_size=3)
)
@pytest.mark.parametrize("through", FORMATS)
def test_damaged_files_are_faults_or_errors_of_ours(
    through: str, damage: list[tuple[int, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    source = masks_at(folder / "source", ring_of_pixels())
    convert(source, folder / "between", to=through, copy_pictures=True)
    paths = [path for path in sorted((folder / "between").rglob("*")) if path.is_file() and path.suffix != ".jpg"]
    for at, piece in damage:
        path = paths[at % len(paths)]
        content = path.read_bytes()
        path.write_bytes(
            content[: at % (len(content) + 1)] + piece + content[at % (len(content) + 1) + len(piece) :]
        )
    try:
        done = convert(folder / "between", folder / "back", to="masks", read_as=through)
        assert all("\n" not in fault.reason for fault in done.faults)
    except LookalikeError as error:
        assert "\n" not in str(error)
        assert not (folder / "back").exists()
    assert not list(folder.glob("*.part"))


def test_labels_are_renamed_by_a_map_in_its_order(tmp_path: Path) -> None:
    source = masks_at(
        tmp_path / "source", np.array([[1, 2, 3, 0]], np.uint8), labels=["null", "shoes", "skin", "coat"]
    )
    done = convert(source, tmp_path / "out", to="masks", labels="street-59")
    classes = decode_mask((tmp_path / "out" / "masks" / "0000.png").read_bytes())
    names = json.loads((tmp_path / "out" / "labels.json").read_text("utf-8"))
    assert [names[number] for number in classes[0]] == ["footwear", "person", "outerwear", "background"]
    assert names[:3] == ["background", "person", "topwear"]
    assert done.shapes == 3


def test_a_label_that_the_map_lacks_stops_it_unless_told(tmp_path: Path) -> None:
    source = masks_at(tmp_path / "source", np.array([[1, 2]], np.uint8), labels=["null", "shoes", "shield"])
    with pytest.raises(
        LookalikeError, match=r"0000\.jpg has the label 'shield', which is not in the map street-59"
    ):
        convert(source, tmp_path / "out", to="coco", labels="street-59")
    assert list(tmp_path.iterdir()) == [source]
    done = convert(source, tmp_path / "out", to="coco", labels="street-59", drop_unmapped=True)
    assert done.shapes == 1
    assert done.notes == {"shapes whose label is not in the map street-59: dropped": 1}


def test_overlapping_shapes_are_drawn_in_their_order(tmp_path: Path) -> None:
    over = {**SQUARE, "label": "belt", "points": [[3, 1], [6, 1], [6, 4], [3, 4]]}
    source = drawn(tmp_path / "source", "a.json", labelme(SQUARE, over))
    done = convert(source, tmp_path / "out", to="masks")
    classes = decode_mask((tmp_path / "out" / "masks" / "a.png").read_bytes())
    assert classes[2].tolist() == [0, 1, 1, 2, 2, 2, 0, 0]
    assert done.notes == {"shapes that lie over others: what is under them is lost": 1}


def test_pixels_that_nobody_judged_are_no_shape(tmp_path: Path) -> None:
    source = masks_at(tmp_path / "source", np.array([[1, 255, 0]], np.uint8))
    done = convert(source, tmp_path / "out", to="coco-rle")
    assert done.shapes == 1
    assert done.notes == {"pictures with pixels that nobody judged (255): left out of all shapes": 1}


def test_a_number_without_a_label_is_a_fault(tmp_path: Path) -> None:
    source = masks_at(tmp_path / "source", np.array([[1, 9]], np.uint8), np.array([[1, 1]], np.uint8))
    (fault,) = convert(source, tmp_path / "out", to="coco").faults
    assert fault.reason == "it has pixels of number 9, and labels.json ends at 3"


def test_two_pictures_of_one_name_are_not_written_over_one_another(tmp_path: Path) -> None:
    source = boxes_at(tmp_path / "source" / "coco.json", [("hat", 0, 0, 2, 2)], 4, 4)
    document = json.loads(source.read_text("utf-8"))
    document["images"].append(document["images"][0] | {"id": 8, "file_name": "a.jpg"})
    source.write_text(json.dumps(document), encoding="utf-8")
    done = convert(source, tmp_path / "out", to="labelme")
    assert done.pictures == 1
    assert "a.png has the same name" in done.faults[0].reason


def test_no_path_leads_out_of_the_target(tmp_path: Path) -> None:
    source = boxes_at(tmp_path / "source" / "coco.json", [("hat", 0, 0, 2, 2)], 4, 4)
    document = json.loads(source.read_text("utf-8"))
    for number, name in enumerate(("/etc/passwd.jpg", "../../up.jpg", "C:\\temp\\b.jpg")):
        document["images"].append(document["images"][0] | {"id": 20 + number, "file_name": name})
    source.write_text(json.dumps(document), encoding="utf-8")
    convert(source, tmp_path / "out", to="voc")
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.xml"))
    assert written == [f"Annotations/{name}.xml" for name in ("a", "etc/passwd", "temp/b", "up")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_a_target_that_is_there_is_left_alone(tmp_path: Path) -> None:
    source = masks_at(tmp_path / "source", ring_of_pixels())
    drawn(tmp_path / "out", "mine.txt", "mine")
    with pytest.raises(LookalikeError, match="is there already"):
        convert(source, tmp_path / "out", to="coco")
    with pytest.raises(LookalikeError, match="is there already"):
        convert(source, tmp_path / "out" / "mine.txt", to="coco")
    assert (tmp_path / "out" / "mine.txt").read_text("utf-8") == "mine"


def test_an_unknown_source_or_format_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match="there is no"):
        convert(tmp_path / "nothing", tmp_path / "out", to="coco")
    with pytest.raises(LookalikeError, match="in no format that is recognised"):
        convert(drawn(tmp_path / "source", "a.txt", "hello"), tmp_path / "out", to="coco")
    with pytest.raises(LookalikeError, match="no format 'cocoa'"):
        convert(tmp_path / "source", tmp_path / "out", to="cocoa")


def test_pictures_are_copied_to_where_the_format_has_them(tmp_path: Path) -> None:
    source = masks_at(tmp_path / "source", ring_of_pixels())
    for to, place in (("labelme", "0000.jpg"), ("voc", "JPEGImages/0000.jpg"), ("yolo", "images/0000.jpg")):
        convert(source, tmp_path / to, to=to, copy_pictures=True)
        assert (tmp_path / to / place).read_bytes() == (source / "photos" / "0000.jpg").read_bytes()
        assert annotated(tmp_path / to)[0].file == tmp_path / to / place
    assert json.loads((tmp_path / "labelme" / "0000.json").read_text("utf-8"))["imagePath"] == "0000.jpg"
    convert(source, tmp_path / "apart", to="labelme")
    found = json.loads((tmp_path / "apart" / "0000.json").read_text("utf-8"))["imagePath"]
    assert (tmp_path / "apart" / found).resolve() == (source / "photos" / "0000.jpg").resolve()


def test_the_command_says_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = masks_at(tmp_path / "source", ring_of_pixels(), ring_of_pixels())
    (source / "masks" / "0001.png").write_bytes(b"no mask")
    words = ["annotations", "convert", str(source), str(tmp_path / "out"), "--to", "yolo"]
    monkeypatch.setattr(sys, "argv", ["lookalike", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    out, said = capsys.readouterr()
    assert (ended.value.code, out) == (0, "")
    assert f"skipped {source / 'masks' / '0001.png'}: this is no mask that can be read" in said
    assert "1 outlines and masks: only the box around each is left" in said
    assert f"masks -> yolo: 1 pictures, 1 shapes, 3 labels, 1 skipped in {tmp_path / 'out'}" in said


@pytest.mark.data
@pytest.mark.parametrize("through", OUTLINED)
def test_street_masks_come_back_to_the_pixel(through: str, real: Callable[[str], Path], tmp_path: Path) -> None:
    street = real("street.tar")
    some = tmp_path / "some"
    (some / "masks").mkdir(parents=True)
    (some / "labels.json").write_bytes((street / "labels.json").read_bytes())
    for path in sorted((street / "masks").glob("*.png"))[::100]:
        (some / "masks" / path.name).write_bytes(path.read_bytes())
    convert(some, tmp_path / "between", to=through, pictures=street)
    done: Conversion = convert(tmp_path / "between", tmp_path / "back", to="masks", pictures=street)
    assert (done.pictures, done.faults) == (8, ())
    for path in sorted((some / "masks").glob("*.png")):
        back = decode_mask((tmp_path / "back" / "masks" / path.name).read_bytes())
        assert np.array_equal(back, decode_mask(path.read_bytes()))


def test_a_fault_is_no_picture(tmp_path: Path) -> None:
    source = drawn(tmp_path / "source", "a.json", "{}")
    assert [type(one) for one in open_annotations(source, read_as="labelme").each] == [Fault]
