"""Brands: told from what a title says of the thing, whether the shop names them or merely writes them in front."""

from __future__ import annotations

from collections import Counter
from itertools import product as every

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import ModelError
from lookalike.models.brands import Brands, brands_named, learn_brands
from lookalike.models.encoder import Encoder, Wording, wording
from lookalike.recipe import Recipe
from lookalike.types import Product

NAMES = ("Puma", "Lee Cooper", "Jealous 21", "Fabindia")
COLOURS, THINGS = ("Black", "Red", "Blue"), ("Shoes", "T-shirt", "Jacket", "Zamp")
WORDS = Recipe(image="none", text="wordllama", colour="none")


def catalogue(form: str, *, category: str = "{thing}") -> list[Product]:
    """A product for each brand, colour and thing, with a title of this form."""
    return [
        Product(f"{brand}{colour}{thing}", form.format(brand=brand, colour=colour, thing=thing),
                category=category.format(thing=thing))
        for brand, colour, thing in every(NAMES, COLOURS, THINGS)
    ]  # fmt: skip


def test_what_titles_begin_with_is_a_brand() -> None:
    brands = learn_brands(catalogue("{brand} Men's {colour} {thing}"))
    assert brands.names == {"puma", "lee cooper", "jealous 21", "fabindia"}
    assert brands.split("Jealous 21 Men's Red Shoes") == ("Men's Red Shoes", "Jealous 21")
    assert brands.split("Red Shoes like Puma's") == ("Red Shoes like Puma's", "")
    assert brands.split("red shoes by PUMA", anywhere=True) == ("red shoes by", "PUMA")


@pytest.mark.parametrize("form", ["{thing} {colour} {brand}", "{colour} {thing} {brand}", "{colour} {thing}"])
def test_a_shop_that_writes_something_else_in_front_has_no_brands(form: str) -> None:
    assert not learn_brands(catalogue(form)).names


def test_a_word_for_a_garment_is_none_without_a_category_too() -> None:
    known = [p for p in catalogue("{thing} {colour} {brand}", category="") if "Zamp" not in p.title]
    assert not learn_brands(known).names


def test_variants_of_one_style_do_not_make_a_brand() -> None:
    assert not learn_brands([Product(f"{n}", "Montana Jacket", group="Montana") for n in range(9)]).names


def test_brands_that_the_shop_names_are_believed_and_nothing_else() -> None:
    shop = [Product(f"{n}", "Lightly worn shirt", brand=("U.S. Polo Assn.", "Red")[n % 2]) for n in range(9)]
    brands = learn_brands(shop)
    assert brands.names == {"u.s polo assn"}, "a label called Red is no reason to look past the red of a shirt"
    assert brands.split("U.S. Polo Assn. Shirt") == ("Shirt", "U.S. Polo Assn.")


@given(st.text(st.characters(codec="ascii"), max_size=40), st.lists(st.text("ab1.'", max_size=5), max_size=4))
def test_no_word_is_lost_and_only_a_name_is_taken_out(text: str, names: list[str]) -> None:
    brands = brands_named(names)
    for anywhere in (False, True):
        rest, brand = brands.split(text, anywhere=anywhere)
        assert Counter(rest.split()) + Counter(brand.split()) == Counter(text.split())
        assert not brand or brands_named([brand]).names <= brands.names
        assert brand or rest == text


def test_a_store_keeps_them() -> None:
    brands = learn_brands(catalogue("{brand} {colour} {thing}"))
    assert Brands.from_bytes(brands.to_bytes()) == brands
    assert Brands.from_bytes(None) == Brands()
    for content in (b"nothing", b'{"puma": 1}', b"\xff"):
        with pytest.raises(ModelError, match="index the catalogue again"):
            Brands.from_bytes(content)


def test_the_brand_of_a_product_is_taken_out_of_its_title() -> None:
    assert wording(Product("1", "Shirt by Acme", brand="ACME")) == Wording("Shirt by", "", "ACME")
    assert wording(Product("1", "Red Shirt", brand="Red")) == Wording("Red Shirt", "", "Red")


def test_a_brand_makes_nothing_alike_but_is_found_when_it_is_asked_for() -> None:
    titles = ["Puma Black Shoes", "Nike Black Shoes", "Puma Red Jacket", "Nike Red Jacket"]
    told = Encoder(WORDS, brands=brands_named(["Puma", "Nike"]))
    shoes, others, same_brand, _ = rows = told.encode_wordings([Wording(title, "") for title in titles])
    assert shoes @ others > 2 * (shoes @ same_brand)
    for title, row in zip(titles, rows, strict=True):
        asked = told.encode_text(title.lower())[0]
        assert max(titles, key=lambda t: float(asked @ rows[titles.index(t)])) == title
        assert row @ asked > 0.8
