"""`lookalike train segmenter` on the drawn people: from masks in a folder to a model that `cutout` can name."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs lookalike[train]")

from lookalike.errors import LookalikeError  # noqa: E402
from lookalike.models import open_segmenter  # noqa: E402
from lookalike.training.annotations.converting import open_annotations  # noqa: E402
from lookalike.training.commands import Plan  # noqa: E402
from lookalike.training.segmenter import IMAGENET, train_segmenter  # noqa: E402


def marked(folder: Path, count: int = 40) -> Path:
    """Photographs with one blue box each, marked as topwear."""
    rng = np.random.default_rng(0)
    for name in ("photos", "masks"):
        (folder / name).mkdir(parents=True)
    (folder / "labels.json").write_text(json.dumps(["background", "topwear"]))
    for number in range(count):
        pixels, classes = np.full((80, 64, 3), 200, np.uint8), np.zeros((80, 64), np.uint8)
        top, left = rng.integers(0, 30, 2)
        pixels[top : top + 40, left : left + 30] = (20, 40, 200)
        classes[top : top + 40, left : left + 30] = 1
        Image.fromarray(pixels).save(folder / "photos" / f"{number}.jpg")
        Image.fromarray(classes).save(folder / "masks" / f"{number}.png")
    return folder


def test_from_masks_to_a_model_that_can_be_named(tmp_path: Path) -> None:
    source, said = marked(tmp_path / "own"), []
    plan = Plan(steps=24, side=64, size=4, rate=1e-3)
    done = train_segmenter(
        open_annotations(source), tmp_path / "blue", start=IMAGENET, hold_out=0.2, plan=plan, say=said.append
    )
    assert done.figures["topwear"] > 0.6, done.figures
    assert sum(done.counts) == 40
    assert min(done.counts) >= 4
    segmenter = open_segmenter(str(done.spec))
    assert segmenter.labels == ("background", "topwear")
    shares = segmenter.segment([np.asarray(Image.open(source / "photos" / "0.jpg"))])[0].shares
    assert shares.shape[0] == 2
    assert (tmp_path / "blue" / "blue.md").read_text().startswith("# blue")
    assert "marked pictures to learn from" in said[0]


def test_too_little_to_learn_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match="a segmenter takes 4 of each at least"):
        train_segmenter(open_annotations(marked(tmp_path / "own", 5)), tmp_path / "out", start=IMAGENET)


def test_boxes_are_no_outlines(tmp_path: Path) -> None:
    source = tmp_path / "voc"
    source.mkdir()
    Image.new("RGB", (40, 40)).save(source / "a.jpg")
    (source / "a.xml").write_text(
        "<annotation><filename>a.jpg</filename><size><width>40</width><height>40</height><depth>3</depth></size>"
        "<object><name>bag</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>20</xmax><ymax>20</ymax></bndbox>"
        "</object></annotation>"
    )
    with pytest.raises(LookalikeError, match=r"a\.jpg has a box around 'bag', no outline"):
        train_segmenter(open_annotations(source), tmp_path / "out", start=IMAGENET)
