"""`lookalike cutout` from outside: what it writes, what it says, and that it takes nobody's place."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_graphs import NAMES, colour_graph, spec

from lookalike.cli import main

Run = Callable[..., tuple[int, str, str]]
GARMENT = (slice(20, 80), slice(30, 50))  # rows and columns


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`lookalike cutout` on white ground unless told otherwise: exit code, standard output, standard error."""

    def command(*args: object) -> tuple[int, str, str]:
        given = [str(arg) for arg in args]
        model = [] if "--model" in given else ["--model", "white-ground"]
        monkeypatch.setattr(sys, "argv", ["lookalike", "cutout", "--out", str(tmp_path / "out"), *model, *given])
        try:
            main()
            code = 0
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
        return (code, *capsys.readouterr())

    return command


def garment() -> Image.Image:
    """All colours, on white."""
    pixels = np.full((100, 80, 3), 255, np.uint8)
    pixels[GARMENT] = np.random.default_rng(4).integers(0, 200, (60, 20, 3))
    return Image.fromarray(pixels)


def photo(path: Path, image: Image.Image | None = None, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or garment()).save(path, **options)
    return path


def read(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.asarray(Image.open(path))


def test_a_garment_is_written_with_its_own_pixels_and_its_mask_as_large_as_the_photograph(
    run: Run, tmp_path: Path
) -> None:
    source = photo(tmp_path / "a shirt.png")
    code, out, _ = run(source, "--mask", "--kernel", 0)
    assert (code, out) == (0, "")
    np.testing.assert_array_equal(read(tmp_path / "out" / "a shirt.png"), read(source)[GARMENT])
    with Image.open(tmp_path / "out" / "a shirt.mask.png") as image:
        assert (image.mode, image.size) == ("L", (80, 100))
    mask = read(tmp_path / "out" / "a shirt.mask.png")
    assert (mask[GARMENT] == 255).all()
    assert mask.sum() == 255 * 60 * 20
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a shirt.mask.png", "a shirt.png"]


def test_the_colours_of_a_jpeg_are_those_that_every_program_sees(run: Run, tmp_path: Path) -> None:
    source = photo(tmp_path / "shirt.jpg", quality=70)
    assert run(source, "--no-enlarge", "--mask")[0] == 0
    cut, mask = read(tmp_path / "out" / "shirt.png"), read(tmp_path / "out" / "shirt.mask.png") == 255
    assert cut.shape == (100, 80, 3)
    np.testing.assert_array_equal(cut[mask], read(source)[mask])
    assert (cut[~mask] == 255).all()
    assert mask[GARMENT].all()


def test_a_photograph_on_its_side_comes_out_upright(run: Run, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    source = photo(tmp_path / "turned.jpg", garment().transpose(Image.Transpose.ROTATE_90), exif=exif, quality=95)
    assert run(source, "--mask", "--no-enlarge")[0] == 0
    assert read(tmp_path / "out" / "turned.png").shape == (100, 80, 3)
    assert (read(tmp_path / "out" / "turned.mask.png")[GARMENT] == 255).all()


def test_a_picture_for_print_is_read_too(run: Run, tmp_path: Path) -> None:
    source = photo(tmp_path / "print.jpg", garment().convert("CMYK"), quality=95)
    assert run(source)[0] == 0
    height, width = read(tmp_path / "out" / "print.png").shape[:2]
    assert 60 <= height < 80
    assert 20 <= width < 40


def test_files_of_one_name_do_not_take_each_other_s_place(run: Run, tmp_path: Path) -> None:
    for folder in ("a", "b", "c"):
        photo(tmp_path / folder / "shirt.png")
    photo(tmp_path / "c" / "SHIRT-2.png")
    photo(tmp_path / "c" / "shirt.mask.png")
    sources = sorted(tmp_path.glob("?/*.png"))
    code, out, _ = run(*sources, "--mask", "--json")
    cutouts = json.loads(out)["cutouts"]
    names = [Path(row[kind]).name for row in cutouts for kind in ("cutout", "mask")]
    assert code == 0
    assert [row["file"] for row in cutouts] == [str(source) for source in sources]
    assert len({name.casefold() for name in names}) == 2 * len(sources)
    assert {"shirt.png", "shirt-3.png", "SHIRT-2.png"} <= set(names)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(names)


def test_a_photograph_is_never_written_over(run: Run, tmp_path: Path) -> None:
    source = photo(tmp_path / "out" / "shirt.png")
    before = source.read_bytes()
    other = photo(tmp_path / "shirt.png")
    assert run(other, source)[0] == 0
    assert source.read_bytes() == before
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"shirt.png", "shirt-2.png", "shirt-3.png"}


def test_a_file_that_is_none_costs_one_line_and_the_others_are_done(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo(tmp_path / "whole.jpg").read_bytes()[:400])
    good = photo(tmp_path / "good.png")
    code, out, err = run(broken, tmp_path / "nowhere.png", tmp_path, good, "--json")
    said = json.loads(out)
    assert code == 1
    assert [row["file"] for row in said["failed"]] == [str(broken), str(tmp_path / "nowhere.png"), str(tmp_path)]
    assert [row["file"] for row in said["cutouts"]] == [str(good)]
    assert (tmp_path / "out" / "good.png").is_file()
    lines = err.strip().splitlines()
    assert len(lines) == 5
    assert all(
        str(name) in line for name, line in zip((broken, "nowhere.png", tmp_path, good), lines, strict=False)
    )
    assert lines[-1] == "error: 3 of 4 pictures could not be cut out; see above"


def test_a_picture_in_which_nothing_is_found_is_left_as_it_is_and_that_is_said(run: Run, tmp_path: Path) -> None:
    blank = photo(tmp_path / "blank.png", Image.new("RGB", (60, 40), (250, 251, 252)))
    street = photo(tmp_path / "street.png", Image.new("RGB", (60, 40), (90, 120, 60)))
    code, out, err = run(blank, street, "--mask", "--json")
    assert code == 0
    assert [(row["left"], row["share"]) for row in json.loads(out)["cutouts"]] == [
        ("no object was found", 0.0),
        ("all of it is taken for object", 1.0),
    ]
    assert "left as it is: no object was found" in err
    for source in (blank, street):
        np.testing.assert_array_equal(read(tmp_path / "out" / source.name), read(source))
    assert not read(tmp_path / "out" / "blank.mask.png").any()


def test_a_part_a_threshold_and_a_model_of_one_s_own(run: Run, tmp_path: Path) -> None:
    colour_graph(tmp_path / "mine.onnx", softmax=True)
    pixels = np.zeros((96, 64, 3), np.uint8)
    pixels[..., 0] = 255
    pixels[16:48, 16:48] = (0, 255, 0)
    pixels[48:80, 16:48] = (0, 0, 255)
    source = photo(tmp_path / "outfit.png", Image.fromarray(pixels))
    for part, height in (("upper", 32), ("lower", 32), ("garments", 64), ("topwear", 32)):
        for threshold in ("argmax", "0.5"):
            options = ("--model", spec(tmp_path, "onnx-regions", NAMES), "--part", part, "--threshold", threshold)
            assert run(source, *options)[0] == 0
            found = read(tmp_path / "out" / "outfit.png").shape[:2]
            assert abs(found[0] - height) <= 2
            assert abs(found[1] - 32) <= 2


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--threshold", "2"], 2, "neither argmax nor a number"),
        (["--threshold", "nan"], 2, "neither argmax nor a number"),
        (["--kernel", "-1"], 2, "equal to 0"),
        (["--part", "upper"], 1, "no 'upper' among the labels of this segmenter: it knows background, object"),
        (["--model", "wordllama"], 1, "wordllama is a model for text, not for regions"),
        (["--model", "u2netp"], 1, "lookalike models pull u2netp"),
    ],
)
def test_what_is_asked_wrongly_is_said_before_anything_is_done(
    run: Run, tmp_path: Path, options: list[str], code: int, words: str
) -> None:
    done = run(photo(tmp_path / "shirt.png"), *options)
    assert done[0] == code
    assert words in " ".join(done[2].split())
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_to_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    code, _, err = run(photo(tmp_path / "shirt.png"))
    assert code == 1
    assert "cannot write the cut-out" in err
