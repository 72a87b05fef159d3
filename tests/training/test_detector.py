"""Detectors of a user's own labels, on drawn things that the network learns in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs the [train] extra: pip install 'lookalike[train]'")
pytest.importorskip("onnx", reason="needs the [train] extra: pip install 'lookalike[train]'")
pytest.importorskip("pycocotools", reason="needs the [train] extra: pip install 'lookalike[train]'")

from lookalike.errors import LookalikeError, ModelError  # noqa: E402 - after the skip
from lookalike.models import open_detector  # noqa: E402
from lookalike.models.boxes import decode_end, overlaps  # noqa: E402
from lookalike.models.specs import read_spec  # noqa: E402
from lookalike.training.annotations.converting import open_annotations  # noqa: E402
from lookalike.training.annotations.shapes import (  # noqa: E402
    Annotated,
    Annotations,
    Bitmap,
    Fault,
    Part,
    Polygon,
    Rectangle,
    Shape,
)
from lookalike.training.boxed import random_view, read_boxed, whole_view  # noqa: E402
from lookalike.training.centre_net import STRIDE, centre_net, edge_loss, heat_loss, targets  # noqa: E402
from lookalike.training.commands import Plan  # noqa: E402
from lookalike.training.detector import train_detector  # noqa: E402
from lookalike.training.networks import lite0_trunk  # noqa: E402
from lookalike.training.samples import fed  # noqa: E402

pytestmark = pytest.mark.train
torch.set_num_threads(1)
LABELS = ("topwear", "bag")
INKS = {"topwear": (200, 30, 40), "bag": (30, 60, 200)}


def marked(pictures: Sequence[Annotated | Fault], labels: tuple[str, ...] = LABELS) -> Annotations:
    return Annotations(iter(pictures), len(pictures), labels)


def drawn(folder: Path, count: int) -> list[Annotated | Fault]:
    """Pictures of 96 x 80 with a red and a blue box each."""
    rng = np.random.default_rng(3)
    pictures: list[Annotated | Fault] = []
    for number in range(count):
        pixels = rng.integers(150, 230, (80, 96, 3), np.uint8)
        shapes = []
        for at, label in enumerate(LABELS):
            wide, tall = (int(n) for n in rng.integers(24, 40, 2))
            left, top = 48 * at + int(rng.integers(0, 48 - wide)), int(rng.integers(0, 80 - tall))
            pixels[top : top + tall, left : left + wide] = INKS[label]
            shapes.append(Shape(label, Rectangle(left, top, left + wide, top + tall)))
        name = f"{'val' if number % 4 == 0 else 'train'}/{number}.png"
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
        pictures.append(Annotated(name, 96, 80, tuple(shapes), folder / name))
    return pictures


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Annotated | Fault]:
    return drawn(tmp_path_factory.mktemp("drawn"), 24)


def test_it_learns_to_box_what_was_marked_and_its_spec_opens_as_a_detector(
    pictures: list[Annotated | Fault], tmp_path: Path
) -> None:
    said: list[str] = []
    plan = Plan(steps=60, side=64, size=4, rate=2e-3, seed=1)
    done = train_detector(marked(pictures), tmp_path / "mine", plan=plan, say=said.append)
    assert done.counts == (18, 6)
    assert said[0] == "18 pictures to learn from, 6 held out; labels: topwear, bag"
    assert done.figures["mAP50"] > 0.8, done.figures
    assert f"| mAP50 | {done.figures['mAP50']:.3f} |" in done.spec.with_suffix(".md").read_text("utf-8")
    held = read_boxed(marked(pictures), hold_out=0).held
    found = open_detector(str(done.spec)).detect([one.pixels(96) for one in held])
    assert {detection.label for some in found for detection in some} == set(LABELS)

    again = train_detector(
        marked(pictures, ("bag",)),
        tmp_path / "less",
        start=str(done.spec),
        plan=Plan(steps=2, side=64, size=2),
        say=said.append,
    )
    assert "beginning with the weights of mine" in said
    assert read_spec(again.spec).labels == ("bag",)


def test_boxes_are_read_off_whatever_was_drawn(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((50, 100, 3), np.uint8)).save(tmp_path / "p.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    ring = np.asarray([[10.0, 5.0], [60.0, 10.0], [30.0, 45.0]])
    shapes = (
        Shape("topwear", Rectangle(-5, 0, 50, 25)),
        Shape("bag", Polygon((Part(ring),))),
        Shape("bag", Bitmap(20, 10, np.ones((5, 10), np.bool_))),
        Shape("bag", Rectangle(1, 1, 2, 2), crowd=True),
        Shape("tree", Rectangle(1, 1, 20, 20)),
        Shape("bag", Rectangle(120, 1, 130, 20)),
    )
    whole = [Annotated(f"{n}.png", 100, 50, shapes, tmp_path / "p.png") for n in range(40)]
    found = read_boxed(
        marked(
            [
                *whole,
                Fault("x.txt", "line 3 is no box"),
                Annotated("gone.png", 9, 9, ()),
                Annotated("bad.png", 9, 9, (), tmp_path / "bad.png"),
            ]
        ),
        hold_out=0.3,
    )
    assert len(found.train) + len(found.held) == 40
    one = found.train[0]
    np.testing.assert_allclose(
        one.corners, [[0, 0, 0.5, 0.5], [0.1, 0.1, 0.6, 0.9], [0.2, 0.2, 0.3, 0.3]], atol=1e-6
    )
    assert one.numbers.tolist() == [0, 1, 1]
    assert [detection.label for detection in one.truth(LABELS)] == ["topwear", "bag", "bag"]
    assert found.skipped["line 3 is no box"] == found.skipped["the picture is not there"] == 1
    assert sum(found.skipped.values()) == 3


def test_a_yolo_set_is_read_with_its_own_split(pictures: list[Annotated | Fault], tmp_path: Path) -> None:
    for one in pictures:
        assert isinstance(one, Annotated)
        assert one.file is not None
        split, name = one.picture.split("/")
        for kind in ("images", "labels"):
            (tmp_path / kind / split).mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / split / name).write_bytes(one.file.read_bytes())
        lines = []
        for shape in one.shapes:
            box = shape.geometry
            assert isinstance(box, Rectangle)
            middle = (box.left + box.right) / 2 / one.width, (box.top + box.bottom) / 2 / one.height
            sides = (box.right - box.left) / one.width, (box.bottom - box.top) / one.height
            lines.append(" ".join(map(str, (LABELS.index(shape.label), *middle, *sides))))
        (tmp_path / "labels" / split / name).with_suffix(".txt").write_text("\n".join(lines))
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [topwear, bag]\n")
    found = read_boxed(open_annotations(tmp_path / "data.yaml"), hold_out=0.5)
    assert found.labels == LABELS
    assert (len(found.train), len(found.held)) == (18, 6)
    again = read_boxed(marked(pictures), hold_out=0.5)
    for one, other in zip(
        sorted(found.held, key=lambda b: b.file.name), sorted(again.held, key=lambda b: b.file.name), strict=True
    ):
        np.testing.assert_allclose(one.corners, other.corners, atol=1e-5)


def test_folders_say_what_is_held_out_and_what_is_not_looked_at(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "p.png")
    names = [f"{folder}/images/{n}.png" for folder in ("train", "valid", "test") for n in range(5)]
    found = read_boxed(marked([Annotated(n, 9, 9, (), tmp_path / "p.png") for n in names]), hold_out=0.5)
    assert (len(found.train), len(found.held)) == (5, 5)


def test_too_little_to_learn_from_is_one_clear_error(pictures: list[Annotated | Fault], tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match=r"^1 marked pictures to learn from and 1 to hold out: .*1 x broken$"):
        train_detector(marked([*pictures[:2], Fault("x", "broken")]), tmp_path)
    with pytest.raises(LookalikeError, match="a side of 100 pixels: a detector takes a multiple of 32"):
        train_detector(marked(pictures), tmp_path, plan=Plan(side=100))
    with pytest.raises(ModelError, match="resnet18 has no weights to train on: begin with default"):
        train_detector(marked(pictures), tmp_path, start="resnet18")


def test_a_random_view_shows_each_thing_in_its_box(pictures: list[Annotated | Fault]) -> None:
    """What is red is inside the red box, however the picture was moved and turned over."""
    boxed = read_boxed(marked(pictures), hold_out=0.2)
    rng = np.random.default_rng(0)
    looked = 0
    for one in boxed.train * 3:
        pixels, corners, numbers = random_view(one.pixels(96), one.corners, one.numbers, 96, rng)
        assert pixels.shape == (96, 96, 3)
        red = pixels.astype(int)
        red = (red[:, :, 0] > red[:, :, 1] + 60) & (red[:, :, 0] > red[:, :, 2] + 60)
        for left, top, right, bottom in corners[numbers == 0].round().astype(int).tolist():
            inside = red[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1].sum()
            assert inside >= 0.97 * red.sum()
            assert inside >= 0.75 * (right - left) * (bottom - top)
            looked += 1
    assert looked > 40


def test_the_targets_of_a_box_decode_to_that_box() -> None:
    """A network that answers what it is taught finds what there is."""
    boxes = np.asarray([[10, 20, 50, 60], [70, 8, 120, 30]], np.float32)
    wanted = targets([(boxes, np.asarray([1, 0]))], 2, 128)
    heat, corners = torch.from_numpy(wanted["heat"]), torch.from_numpy(wanted["corners"])
    middle = (torch.arange(128 // STRIDE) + 0.5) * STRIDE
    left, top, right, bottom = corners[0]
    distances = torch.stack(
        [middle[None] - left, middle[:, None] - top, right - middle[None], bottom - middle[:, None]]
    )[None]
    network = centre_net(lite0_trunk(), 2, width=8)
    logits = torch.where(heat > 0, torch.logit(heat.clamp(1e-4, 1 - 1e-4)), -12.0)
    network.forward = lambda pixels: (logits, distances)
    found = decode_end(network.rows(None).numpy(), 2)
    best = [found.at(np.flatnonzero(found.classes == number)[:1]) for number in (1, 0)]
    for box, one in zip(boxes, best, strict=True):
        assert overlaps(box, one.corners)[0] > 0.99
    assert float(heat_loss(logits, heat)) < 0.01 * float(heat_loss(torch.zeros_like(logits), heat))
    weight = torch.from_numpy(wanted["weight"])
    assert float(edge_loss(distances, corners, weight)) == pytest.approx(0, abs=1e-3)
    assert float(edge_loss(2 * distances, corners, weight)) > 1


def test_the_graph_of_a_fresh_network_gives_rows(tmp_path: Path) -> None:
    from lookalike.models.session import Session
    from lookalike.training.export import export_detector

    network = centre_net(lite0_trunk(), 3, width=8).eval()
    seen = fed([whole_view(np.full((40, 60, 3), 200, np.uint8), 64).pixels])
    rows = Session(export_detector(network, tmp_path / "m.onnx", pixels={"pixels": seen})).run({"pixels": seen})
    assert rows.shape == (1, 100, 6)
    decode_end(rows, 3)
