"""A model is data: what a spec may say, and what it is told when it says something else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import lookalike
from lookalike.errors import ModelError
from lookalike.models import all_specs, find_spec
from lookalike.models.specs import SPEC_FOLDERS, ModelSpec, read_spec

SPEC = """
name = "mine"
role = "image"
kind = "onnx-image"
summary = "A model of my own"
dim = 8
licence = "MIT"
"""
WEIGHTLESS = ("gradients", "hashed-text", "garment-colours", "white-ground", "regions-boxes")


def written(path: Path, text: str = SPEC) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_every_shipped_spec_is_read_and_says_what_matters() -> None:
    folder = Path(lookalike.__file__).parent / "models" / "specs"
    specs = [read_spec(path) for path in sorted(folder.glob("*.toml"))]
    assert len(specs) >= 9
    assert {spec.name for spec in specs} == set(all_specs())
    for spec in specs:
        assert spec.name == Path(spec.path).stem
        assert spec.summary
        assert spec.licence
        assert spec.dim > 0 or spec.role in ("segmenter", "detector", "pose")
        assert spec.weights or spec.kind in WEIGHTLESS


def test_a_path_to_a_toml_file_stands_for_a_model(tmp_path: Path) -> None:
    spec = find_spec(str(written(tmp_path / "any name.toml")))
    assert (spec.name, spec.dim, spec.input.side) == ("mine", 8, 224)


def test_specs_of_ones_own_are_found_in_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "mine.toml")
    written(tmp_path / "own.toml", SPEC.replace('"mine"', '"resnet50"'))
    monkeypatch.setenv(SPEC_FOLDERS, os.pathsep.join(["", str(tmp_path / "nowhere"), str(tmp_path)]))
    assert find_spec("mine").summary == "A model of my own"
    assert find_spec("resnet50").dim == 8, "one's own comes first"
    assert find_spec("resnet18").dim == 512


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"no model 'resnet51': there are .*resnet50"):
        find_spec("resnet51")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("licence =", "license ="), "no field 'license'"),
        (('summary = "A model of my own"', ""), "lacks 'summary'"),
        (('"image"', '"images"'), r"role is 'images'; use one of image, text, colour"),
        (('"onnx-image"', '"pickle"'), "kind is 'pickle'"),
        (("dim = 8", 'dim = "8"'), "dim is '8'; it takes a whole number"),
        (("dim = 8", "dim = true"), "dim is True"),
        (('"MIT"', "1"), "licence is 1; it takes text"),
        (("dim = 8", "dim = 8\ninput = 5"), "input is 5; it takes a table"),
        (('"MIT"\n', '"MIT"\n[input]\nwidth = 5\n'), r"\[input\] takes side, mean and std"),
        (('"MIT"\n', '"MIT"\n[input]\nmean = [1.0]\n'), "three numbers"),
        (('"MIT"\n', '"MIT"\n[input]\nstd = [1.0, 0.0, 1.0]\n'), "std without 0"),
        (("dim = 8", "dim ="), "is not TOML"),
    ],
    ids=str,
)
def test_a_spec_that_is_wrong_names_the_file_and_the_field(
    tmp_path: Path, change: tuple[str, str], named: str
) -> None:
    text = SPEC.replace(*change)
    with pytest.raises(ModelError, match=named) as caught:
        read_spec(written(tmp_path / "wrong.toml", text))
    assert "wrong.toml" in str(caught.value)


def test_a_spec_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read the model spec"):
        find_spec(str(tmp_path / "nothing.toml"))


def test_a_spec_is_a_fact_that_does_not_change() -> None:
    spec = find_spec("resnet50")
    with pytest.raises(AttributeError):
        spec.dim = 3  # type: ignore[misc]
    assert isinstance(spec, ModelSpec)
