"""What the shop's words call a garment."""

from __future__ import annotations

import csv
import json

import pytest

from lookalike.catalogue.garments import KINDS, garment_named, garment_of
from lookalike.testing import sample_shop
from lookalike.types import GARMENTS, Product


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("T-Shirts", "topwear"),
        ("Hoodies & Sweatshirts", "topwear"),
        ("Dress Shirts", "topwear"),
        ("Shirt Dresses", "one-piece"),
        ("Shoe Laces", "other"),
        ("Men's Tee with Chest Pocket", "topwear"),
        ("Silicon Strap with Stones Watch", "accessory"),
        ("Robe de chambre", "one-piece"),
        ("Herren-Winterjacke mit Kapuze", "outerwear"),
        ("Umhängetasche", "bag"),
        ("Spódnica", "bottomwear"),
        ("Zapatillas de correr", "footwear"),
        ("Scarves", "accessory"),
        ("New in", ""),
        ("", ""),
    ],
)
def test_words_name_a_garment_by_what_it_is_and_not_by_what_it_has(words: str, label: str) -> None:
    assert garment_named(words) == label


def test_the_category_is_asked_from_its_leaf_then_the_type_then_the_title() -> None:
    assert garment_of(Product("1", "Shirt", category="Men/Tops/Belts")) == "accessory"
    assert garment_of(Product("1", "Shirt", attributes={"Article Type": "Jeans"})) == "bottomwear"
    assert garment_of(Product("1", "The weekender shirt", category="Men/Sale")) == "topwear"
    assert garment_of(Product("1", "Lambswool crew", category="Men/Sweaters/Winter")) == "topwear"
    assert garment_of(Product("1", "Lambswool crew")) == ""


def test_the_drawn_shop_is_named_right() -> None:
    truth = json.loads((sample_shop() / "truth.json").read_text("utf-8"))["products"]
    labels = {fact["id"]: fact["label"] for fact in truth.values()}
    with (sample_shop() / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["id"]: garment_of(Product(row["id"], category=row["category"])) for row in rows} == labels


def test_each_kind_has_words_and_they_are_its_own() -> None:
    assert {garment_named(word) for word in ("shirt", "coat", "jeans", "gown", "boot", "tote", "cap", "belt")} == {
        *GARMENTS
    }
    assert garment_named("nail polish") in KINDS
