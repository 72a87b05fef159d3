"""What a catalogue teaches: sides that share no style, things that are known by their pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import LookalikeError
from lookalike.evaluate.splits import held_out
from lookalike.training.lessons import Lessons, read_lessons
from lookalike.training.pictures import Pictures, shrunk


def lessons(catalogue: Path, **how: object) -> Lessons:
    return read_lessons(catalogue, **{"hold_out": 0.3, "longest": 40, **how})  # type: ignore[arg-type]


def test_no_style_is_on_two_sides_and_none_is_lost(cloths: Path) -> None:
    found = lessons(cloths)
    out = sum(held_out(f"s{number}", 0.3) for number in range(60))
    assert found.held_out == 2 * out
    assert len(found.train.things) + len(found.choose.things) + found.held_out == 120
    assert not set(found.train.things.tolist()) & set(found.choose.things.tolist())
    assert found.has_views
    assert len(found.train) == len(found.train.things) / 2


def test_what_nobody_holds_out_is_chosen_by_the_project_s_split(cloths: Path) -> None:
    found = lessons(cloths, hold_out=0.0, choose=0.25)
    assert found.held_out == 0
    assert len(found.choose.things) == 2 * sum(held_out(f"s{number}", 0.25) for number in range(60))


def test_attributes_are_taught_where_they_tell_products_apart(cloths: Path) -> None:
    found = lessons(cloths)
    assert found.classes == {"category": ["flag", "scarf", "towel"], "audience": ["Men", "Women"]}
    assert lessons(cloths, attributes=["gender"]).classes == {"gender": ["Men", "Women"]}  # the shop's own word
    for numbers in found.train.labels.values():
        assert numbers.min() >= 0
    with pytest.raises(LookalikeError, match=r"column 'brand' of .* says nothing of its pictures"):
        lessons(cloths, attributes=["brand"])


def test_a_twin_of_a_held_out_picture_is_not_learned_from(cloths: Path, tmp_path: Path) -> None:
    shutil.copytree(cloths.parent, tmp_path, dirs_exist_ok=True)
    away = next(number for number in range(60) if held_out(f"s{number}", 0.3))
    stays = next(number for number in range(60) if not held_out(f"s{number}", 0.3))
    shutil.copyfile(tmp_path / f"{away}-1.png", tmp_path / f"{stays}-1.png")
    before, after = lessons(cloths), lessons(tmp_path / "cloths.csv")
    here = len(before.train.things) + len(before.choose.things)
    assert len(after.train.things) + len(after.choose.things) == here - 1


def test_pictures_that_cannot_be_read_are_counted_with_the_reason(cloths: Path, tmp_path: Path) -> None:
    shutil.copytree(cloths.parent, tmp_path, dirs_exist_ok=True)
    (tmp_path / "7-1.png").write_bytes(b"no picture at all")
    (reason,) = (skipped := lessons(tmp_path / "cloths.csv").skipped)
    assert skipped[reason] == 1
    assert "not a picture" in reason


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_that_leaves_nothing_is_refused(cloths: Path, share: float) -> None:
    with pytest.raises(LookalikeError, match="of the styles cannot be held out"):
        lessons(cloths, hold_out=share)


def test_too_small_a_catalogue_says_so(cloths: Path, tmp_path: Path) -> None:
    shutil.copyfile(cloths.parent / "0-0.png", tmp_path / "0-0.png")
    (tmp_path / "one.csv").write_text("id,title,image\nA,a cloth,0-0.png\n", encoding="utf-8")
    with pytest.raises(LookalikeError, match="too few to learn from"):
        lessons(tmp_path / "one.csv")


def test_pictures_come_back_as_they_were_put_in() -> None:
    pictures, rng = Pictures(), np.random.default_rng(0)
    given = [rng.integers(0, 256, (height, 9, 3), dtype=np.uint8) for height in (3, 1, 7, 5)]
    for pixels in given[:3]:
        pictures.add(pixels)
    assert np.array_equal(pictures[1], given[1])
    pictures.add(given[3])
    some = pictures.chosen([3, 0])
    assert len(pictures) == 4
    assert [pixels.shape[0] for pixels in some[:2]] == [5, 3]
    for pixels, wanted in zip(pictures, given, strict=True):
        assert np.array_equal(pixels, wanted)


def test_only_large_pictures_are_shrunk_and_their_aspect_is_kept() -> None:
    assert shrunk(np.zeros((300, 150, 3), np.uint8), 100).shape == (100, 50, 3)
    assert shrunk(np.zeros((30, 15, 3), np.uint8), 100).shape == (30, 15, 3)
