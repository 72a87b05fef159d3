"""The kind of garment of each product, in a column that filters know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.indexing.garments import name_garments, with_garment
from lookalike.indexing.job import index
from lookalike.recipe import Recipe
from lookalike.recommend.recommender import Recommender
from lookalike.store.lance import LanceStore
from lookalike.testing import builders
from lookalike.types import Guess, Product

WORDS = Recipe(image="none", text="hashed-words", colour="none")


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.csv"
    path.write_text("id,title,category\n1,Red shirt,Tops\n2,Blue boots,Shoes\n3,Gift card,Gifts\n4,Riddle,New\n")
    return path


def test_a_filter_asks_for_a_kind_of_garment(feed: Path, tmp_path: Path) -> None:
    index(feed, tmp_path / "store", recipe=WORDS)
    shop = Recommender.open(tmp_path / "store")
    assert [m.product.id for m in shop.search(text="red", where="garment=footwear", at_least=0)] == ["2"]
    assert shop.product("3").predicted["garment"] == Guess("other", 1.0)
    assert "garment" not in shop.product("4").predicted


def test_the_shops_own_column_of_that_name_stays_its_own(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("id,title,garment\n1,Red shirt,Oberteil\n2,Blue boots,Schuh\n")
    index(feed, tmp_path / "store", recipe=WORDS)
    shop = Recommender.open(tmp_path / "store")
    assert [m.product.id for m in shop.search(text="red", where="garment=Schuh", at_least=0)] == ["2"]
    found = shop.search(text="red", where={"predicted.garment": "topwear"}, at_least=0)
    assert [m.product.id for m in found] == ["1"]


def test_a_sure_guess_at_the_picture_stands_in_and_an_unsure_one_does_not() -> None:
    sure, unsure = (Product("1", predicted={"type": Guess("Tshirts", c)}) for c in (0.9, 0.4))
    assert with_garment(sure).predicted["garment"] == Guess("topwear", 0.9)
    assert with_garment(unsure) == unsure
    assert with_garment(replace(sure, title="Wool scarf")).predicted["garment"] == Guess("accessory", 1.0)


def test_a_store_from_before_gets_the_column_with_its_next_index_run(feed: Path, tmp_path: Path) -> None:
    store = LanceStore.create(str(tmp_path / "old"), builders.header(), {})
    store.put(builders.rows(store.header, [builders.product("1", title="Red shirt"), builders.product("2")]))
    before = store.views(["1"])["1"][0].parts
    store.widen({}, {}, read_off=("garment",))
    name_garments(store)
    assert store.product("1").predicted["garment"].value == "topwear"
    assert "garment" not in store.product("2").predicted
    assert all((store.views(["1"])["1"][0].parts[part] == row).all() for part, row in before.items())
