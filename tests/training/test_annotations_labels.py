"""Label maps: complete, checked when read, and one name for each of our labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.errors import LookalikeError
from lookalike.training.annotations.labels import label_map, open_label_map, shipped_label_maps
from lookalike.types import GARMENTS


def test_the_street_labels_become_people_and_garments() -> None:
    opened = open_label_map("street-59")
    assert opened.labels == ("person", *GARMENTS)
    assert set(opened.becomes.values()) == {"background", *opened.labels}
    assert len(opened.becomes) == 59


@pytest.mark.data
def test_every_label_of_the_street_photographs_is_mapped(real: Callable[[str], Path]) -> None:
    assert set(json.loads((real("street.tar") / "labels.json").read_text("utf-8"))) == set(label_map("street-59"))


def test_every_shipped_map_opens() -> None:
    assert "street-59" in shipped_label_maps()
    for name in shipped_label_maps():
        assert open_label_map(name).becomes


def test_a_json_file_may_be_just_the_pairs(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"tee": "topwear", "polo": "topwear", "wall": "background"}', encoding="utf-8")
    opened = open_label_map(path)
    assert opened.labels == ("topwear",)
    assert opened.becomes["polo"] == "topwear"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('labels = ["a"]', "table \\[from\\]"),
        ("[from]\nx = 3", "x must become a label, not 3"),
        ('labels = ["a"]\n[from]\nx = "b"', "labels must name 'b' too"),
        ('lables = ["a"]\n[from]\nx = "a"', "no setting 'lables'"),
        ("[from", "cannot use the label map"),
    ],
)
def test_a_map_that_is_not_right_says_what_is_not(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LookalikeError, match=words):
        open_label_map(path)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(LookalikeError, match=r"no label map 'road-3': give one of .*street-59"):
        open_label_map("road-3")
