"""The drawn sample shop: what is shipped agrees with itself, and what is drawn is drawn the same twice."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lookalike
from lookalike.testing.drawing import ARTICLES, LABELS, STYLES, draw_product, write_shop
from lookalike.testing.drawing.palette import PALETTE

SAMPLE = Path(lookalike.__file__).parent / "sample"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (SAMPLE / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))


def bounds(mask: np.ndarray) -> list[float]:
    ys, xs = np.nonzero(mask)
    height, width = mask.shape
    return [xs.min() / width, ys.min() / height, (xs.max() + 1) / width, (ys.max() + 1) / height]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_every_picture_of_the_catalogue_is_there_and_opens(
    rows: list[dict[str, str]], truth: dict[str, Any]
) -> None:
    pictures = [picture for row in rows for picture in row["image"].split("|")]
    assert len(set(pictures)) == len(pictures)
    assert set(pictures) == set(truth["products"])
    assert set(pictures) == {f"images/{path.name}" for path in (SAMPLE / "images").iterdir()}
    for picture in pictures:
        with Image.open(SAMPLE / picture) as image:
            assert image.format == "JPEG"
            assert min(image.size) > 150


def test_the_shop_is_as_varied_as_it_says(rows: list[dict[str, str]]) -> None:
    def different(column: str) -> set[str]:
        return {row[column] for row in rows}

    assert 280 <= len(rows) == len(different("id"))
    assert 60 <= len(different("group")) <= 110
    assert len(different("article_type")) >= 18
    assert len(different("colour")) >= 14
    assert len(different("pattern")) >= 8
    assert different("audience") == {"Women", "Men", "Girls", "Boys", "Unisex"}
    assert different("in_stock") == {"true", "false"}
    assert all(2 <= len(row["image"].split("|")) <= 3 for row in rows)
    assert all(row["image"].startswith(f"images/{row['id']}-main.jpg") for row in rows)
    assert all(5 < float(row["price"]) < 300 for row in rows)


def test_words_differ_from_style_to_style(rows: list[dict[str, str]]) -> None:
    assert len({row["title"] for row in rows}) == len(rows)
    assert len({row["description"] for row in rows}) > 0.9 * len(rows)
    assert not any("<" in row["description"] for row in rows)


def test_the_box_of_a_product_is_the_bounds_of_its_mask(rows: list[dict[str, str]], truth: dict[str, Any]) -> None:
    for row in rows:
        told = truth["products"][f"images/{row['id']}-main.jpg"]
        assert told["id"] == row["id"]
        assert told["label"] == ARTICLES[row["article_type"]].label
        assert told["box"] == pytest.approx(bounds(pixels(SAMPLE / "masks" / f"{row['id']}.png")), abs=1e-5)


def test_labels_are_from_the_list_and_boxes_lie_in_the_picture(truth: dict[str, Any]) -> None:
    garments = [garment for figure in truth["figures"].values() for garment in figure["garments"]]
    for told in (*truth["products"].values(), *garments):
        left, top, right, bottom = told["box"]
        assert told["label"] in LABELS
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


def test_figures_wear_products_of_the_shop(rows: list[dict[str, str]], truth: dict[str, Any]) -> None:
    known = {row["id"]: ARTICLES[row["article_type"]].label for row in rows}
    assert len(truth["figures"]) >= 24
    assert set(truth["figures"]) == {f"figures/{path.name}" for path in (SAMPLE / "figures").iterdir()}
    for picture, figure in truth["figures"].items():
        numbers = pixels(SAMPLE / figure["mask"])
        assert numbers.shape == pixels(SAMPLE / picture).shape[:2]
        assert figure["full_length"] is True
        assert [garment["index"] for garment in figure["garments"]] == list(range(1, numbers.max() + 1))
        assert len(figure["garments"]) >= 2
        for garment in figure["garments"]:
            assert known[garment["id"]] == garment["label"]
            assert garment["box"] == pytest.approx(bounds(numbers == garment["index"]), abs=1e-5)


def test_the_sample_stays_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 6_000_000
    assert not list(SAMPLE.rglob("*.py"))


def test_the_same_product_is_drawn_the_same_twice() -> None:
    for pattern in ("plain", "floral"):
        one, two = (draw_product("dress", "teal", pattern, seed=3) for _ in range(2))
        assert np.array_equal(one[0], two[0])
        assert np.array_equal(one[1], two[1])


def test_a_seed_changes_the_cut() -> None:
    assert not np.array_equal(draw_product("t-shirt", "red", seed=1)[1], draw_product("t-shirt", "red", seed=2)[1])


@pytest.mark.parametrize("colour", ["red", "navy", "mustard", "green", "pink", "grey"])
def test_a_plain_garment_has_the_colour_of_its_name(colour: str) -> None:
    picture, mask = draw_product("sweater", colour)
    mean = picture[mask].mean(axis=0) / 255
    assert np.abs(mean - PALETTE[colour]).max() < 0.09
    others = {name: np.abs(mean - shade).sum() for name, shade in PALETTE.items()}
    assert sorted(others, key=others.__getitem__).index(colour) < 2


@pytest.mark.parametrize(
    "article", ["tank top", "parka", "jeans", "dress", "boot", "backpack", "cap", "watch", "tie"]
)
def test_every_article_stands_on_white(article: str) -> None:
    picture, mask = draw_product(article, "teal")
    assert picture.shape == (480, 360, 3)
    assert 0.01 < mask.mean() < 0.8
    for corner in (picture[:8, :8], picture[:8, -8:], picture[-8:, :8], picture[-8:, -8:]):
        assert corner.min() >= 254
    assert np.median(picture[~mask]) == 255


def test_a_small_shop_can_be_written_anywhere(tmp_path: Path) -> None:
    chosen = [style for style in STYLES if style.code in ("jean-402", "heel-621")]
    write_shop(tmp_path, seed=1, styles=chosen)
    written = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert {told["label"] for told in written["products"].values()} == {"bottomwear", "footwear"}
    assert len(written["figures"]) == 1
    assert all((tmp_path / picture).exists() for part in written.values() for picture in part)
