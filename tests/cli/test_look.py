"""`lookalike look` from outside."""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import dressed
import numpy as np
import pytest
from PIL import Image

from lookalike.cli import main
from lookalike.cli.showing import garment_in_words, look_in_words
from lookalike.types import Box, Detection, Garment, Guess, Look, Person


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Two figures, with names and numbers in the way of a page."""
    path = tmp_path / "<b>two.png"
    Image.fromarray(dressed.beside(dressed.figure(), dressed.figure(bag=False))).save(path)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *args: object) -> int:
    monkeypatch.setattr(sys, "argv", ["lookalike", *map(str, args)])
    try:
        main()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 1
    return 0


def test_json_is_one_document_with_a_list_for_every_garment(
    shared_store: Path,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec = dressed.segmenter(tmp_path)
    wish = ("look", photo, "--store", shared_store, "-k", 2, "--where", "price<35", "--segmenter", spec, "--json")
    assert run(monkeypatch, *wish) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert {"full_length", "audience", "garments", "people", "query"} == set(found)
    assert found["full_length"] is True
    assert found["audience"] is None
    assert [p["full_length"] for p in found["people"]] == [True, True]
    assert len(found["garments"]) == 7
    for garment in found["garments"]:
        left, top, right, bottom = garment["box"]
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert 0 <= garment["score"] <= 1
        for match in garment["matches"]:
            assert {"id", "score", "title", "group", "image", "parts"} <= set(match)
        assert len(garment["matches"]) == (0 if garment["label"] == "footwear" else 2)


@pytest.mark.parametrize("name", ["look.png", "look.html"])
def test_a_sheet_shows_the_photograph_and_every_list(
    name: str, shared_store: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = tmp_path / name
    wish = ("look", photo, "--store", shared_store, "-k", 3, "--segmenter", dressed.segmenter(tmp_path))
    assert run(monkeypatch, *wish, "--sheet", sheet) == 0
    if name.endswith("png"):
        with Image.open(sheet) as drawn:
            assert drawn.height >= 7 * 240
    else:
        text = sheet.read_text("utf-8")
        assert text.count("<h2>") == 7
        assert text.count("<i style=") == 7
        assert "<b>two" not in text  # a file's name is no markup
        assert "nothing like it in this shop" in text
        HTMLParser().feed(text)


def test_what_was_seen_is_said_when_there_is_nothing_to_list(
    shared_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "wall.png"
    Image.fromarray(np.full((80, 80, 3), dressed.GROUND, np.uint8)).save(empty)
    assert (
        run(monkeypatch, "look", empty, "--store", shared_store, "--segmenter", dressed.segmenter(tmp_path)) == 0
    )
    said = capsys.readouterr()
    assert "nobody is on it; no garment was found" in said.err
    assert not said.out


def test_a_wrong_kind_and_a_missing_photo_are_one_line(
    shared_store: Path,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec = dressed.segmenter(tmp_path)
    assert run(monkeypatch, "look", photo, "--store", shared_store, "--only", "hats", "--segmenter", spec) == 1
    assert capsys.readouterr().err.startswith("error: no garment is called 'hats': use topwear, ")
    assert run(monkeypatch, "look", tmp_path / "no.jpg", "--store", shared_store, "--segmenter", spec) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_look_in_words() -> None:
    people = (Person(Box(0, 0, 1, 1), True, "front"), Person(Box(0, 0, 1, 1), False))
    second = Garment(Detection(Box(0, 0, 1, 1), "bag", 0.5), (), 1)
    assert look_in_words(Look(True, Guess("Women", 0.83), (second,), people)) == [
        "a person from head to feet, from the front, and 1 more",
        "department Women (83% sure)",
    ]
    assert garment_in_words(second) == "bag of person 2, 0.50 sure"
