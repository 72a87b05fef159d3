"""Likes and dislikes, words that change a query, and keeping to the same values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import LookalikeError, ProductNotFound
from lookalike.media.colour_words import colours_named, phrases, recoloured, swatch
from lookalike.models.encoder import Encoder
from lookalike.recommend.examples import combined
from lookalike.recommend.recolouring import colours_wanted, with_colours
from lookalike.recommend.recommender import Recommender
from lookalike.store.memory import MemoryStore
from lookalike.testing.builders import header, product, rows, unit_vectors
from lookalike.types import Guess, Match, Product


def ids(matches: list[Match]) -> list[str]:
    return [m.product.id for m in matches]


def small(*products: Product, **columns: Any) -> Recommender:
    store = MemoryStore(header(**columns))
    store.put(rows(store.header, products))
    return Recommender(store, encoder=Encoder(store.header.recipe), name="small")


# -- likes and dislikes -----------------------------------------------------------------------------


def test_what_is_liked_leads_and_examples_are_no_answer(shop: Recommender) -> None:
    found = shop.search(liked=["shirt-a-red", "shirt-b-blue"], k=30)
    assert all(m.product.group not in ("shirt-a", "shirt-b") for m in found)
    both = shop.search(liked=["bag-a-red", "shirt-a-red"], k=5)
    assert both[0].product.colour == "red"


def test_one_like_is_a_product_asked_about(shop: Recommender) -> None:
    assert ids(shop.search(liked=["bag-a-green"], k=9)) == ids(shop.similar("bag-a-green", k=9))


def test_a_dislike_pushes_its_kind_back(shop: Recommender) -> None:
    pushed = ids(shop.search(liked=["shirt-a-red"], disliked=["bag-b-red"], k=20))
    assert not any(i.startswith("bag-b") for i in pushed)
    scores = [
        {m.product.id: m.cosine for m in shop.search(liked=["shirt-a-red"], disliked=d, k=30)}
        for d in ((), ["bag-a-red"])
    ]
    assert scores[1]["bag-b-red"] < scores[0]["bag-b-red"]
    before, after = (s["bag-b-red"] - s["trousers-a-red"] for s in scores)
    assert after < before  # it falls behind what nobody disliked


def test_likes_count_beside_a_picture_and_a_text(shop: Recommender, catalogue: Path) -> None:
    picture = catalogue.parent / "bag-a-black.png"
    assert shop.search(image=picture, liked=["bag-b-blue"], k=1)[0].product.title.split()[1] == "bag"
    assert (
        "trousers" in shop.search(text="trousers", liked=["bag-b-blue"], k=1, weights={"text": 9})[0].product.title
    )


def test_weights_and_a_box_serve_likes_and_words_too(shop: Recommender, catalogue: Path) -> None:
    only_colour = {"image": 0, "text": 0, "colour": 1}
    found = shop.search(liked=["shirt-a-red", "bag-a-red"], weights=only_colour, k=2)
    assert [set(m.parts) for m in found] == [{"colour"}] * 2
    assert {m.product.colour for m in found} == {"red"}
    picture = catalogue.parent / "shirt-a-red.png"
    boxed = shop.search(image=picture, box=(0, 0, 1, 1), text="but green", weights=only_colour, k=3)
    assert {m.product.colour for m in boxed} == {"green"}


def test_what_is_wrong_with_examples_is_said(shop: Recommender) -> None:
    with pytest.raises(ProductNotFound, match="nobody"):
        shop.search(liked=["nobody"])
    with pytest.raises(ProductNotFound, match="nobody"):
        shop.search(text="red", disliked=["nobody"])
    with pytest.raises(LookalikeError, match="products that are liked"):
        shop.search(disliked=["shirt-a-red"])


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(0, 4))
def test_a_combined_query_has_unit_length_and_hangs_on_no_order(likes: int, dislikes: int) -> None:
    vectors = unit_vectors(likes + dislikes, 6, seed=likes * 7 + dislikes)
    liked, disliked = ([{"image": v} for v in some] for some in (vectors[:likes], vectors[likes:]))
    found = combined(liked, disliked)["image"]
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(combined(liked[::-1], disliked[::-1])["image"], found, atol=1e-5)
    assert combined([{"image": np.zeros(3, np.float32)}], disliked) == {}


# -- words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("like this, but red", ["red"]),
        ("aber in Rot bitte", ["red"]),
        ("mais en rouge", ["red"]),
        ("pero en azul marino", ["navy"]),
        ("ma in nero", ["black"]),
        ("navy blue, not blue", ["navy", "blue"]),
        ("red and white stripes", ["red", "white"]),
        ("LIGHT BLUE", ["light blue"]),
        ("dunkelgrüne Hose", ["dark green"]),
        ("tired of greenery, bordering on redness", []),
        ("", []),
    ],
)
def test_colours_are_named_in_some_languages(text: str, meant: list[str]) -> None:
    assert [name.words[0] for name in colours_named(text)] == meant


def test_a_word_is_changed_where_it_stands_alone() -> None:
    assert recoloured("Redtape red shoe, RED laces", "blue") == "Redtape blue shoe, blue laces"
    assert recoloured("Grey Melange tee", "red", ["Grey Melange"]) == "red tee"
    assert phrases("a b c d")[:3] == ["a b c", "a b", "a"]


def test_a_swatch_has_its_colour_before_white() -> None:
    pixels = swatch((200, 30, 40), 100)
    assert pixels.shape == (100, 100, 3)
    assert (pixels[:20] == 255).all()
    assert pixels[50, 50, 0] > 4 * pixels[50, 50, 1]


@pytest.mark.parametrize("colour", ["blue", "green", "black", "red"])
def test_a_picture_with_a_colour_in_words_finds_its_kind_in_that_colour(
    shop: Recommender, catalogue: Path, colour: str
) -> None:
    for kind in ("shirt", "bag"):
        asked = f"{kind}-a-{'blue' if colour == 'red' else 'red'}"
        found = shop.search(image=catalogue.parent / f"{asked}.png", text=f"but in {colour}", k=2)
        assert {m.product.colour for m in found} == {colour}
        assert {m.product.title.split()[1] for m in found} == {kind}
        assert ids(shop.similar(asked, text=f"but {colour}", k=1)) == [f"{kind}-a-{colour}"]


def test_other_words_change_the_text_alone(shop: Recommender) -> None:
    plain, changed = (
        shop.similar("shirt-a-red", 3, variants=True),
        shop.similar("shirt-a-red", 3, text="but cheap"),
    )
    looks = [{m.product.id: (m.parts["image"], m.parts["colour"]) for m in found} for found in (plain, changed)]
    shared = set(looks[0]) & set(looks[1])
    assert shared
    assert all(looks[0][i] == looks[1][i] for i in shared)
    assert shop.similar("shirt-a-red", text="  ") == shop.similar("shirt-a-red")


def test_the_shop_s_own_products_tell_what_a_colour_looks_like() -> None:
    known = [product(f"R{n}", colour="Red") for n in range(20)]
    shop = small(product("Q", colour="Blue"), *known, product("M", colour="Midnight Blush"))
    parts = shop.store.views(["Q"])["Q"][0].parts
    vectors = {i: v[0].parts["colour"] for i, v in shop.store.views([p.id for p in known] + ["M"]).items()}
    names = colours_wanted("but red", parts, shop.store)
    found = with_colours(parts, names, shop.store, shop._encoder)
    near = sorted(known, key=lambda p: -shop.store.views([p.id])[p.id][0].parts["image"] @ parts["image"])[:16]
    mean = np.sum([vectors[p.id] for p in near], axis=0)
    np.testing.assert_allclose(found["colour"], mean / np.linalg.norm(mean), atol=1e-5)
    assert 0.5 < found["image"] @ parts["image"] < 0.99
    (own,) = colours_wanted("but in midnight blush", parts, shop.store)
    assert own.rgb is None
    np.testing.assert_allclose(
        with_colours(parts, [own], shop.store, shop._encoder)["colour"], vectors["M"], atol=1e-5
    )
    assert with_colours(parts, [], shop.store, shop._encoder) == parts


# -- the same values --------------------------------------------------------------------------------


def test_the_same_values_are_kept_to(shop: Recommender) -> None:
    same = shop.similar("shirt-a-red", same="category", variants=True, k=30)
    assert {m.product.category for m in same} == {"Women/shirt"}
    both = shop.similar("shirt-a-red", same=["gender", "colour"], k=30)
    assert {(m.product.audience, m.product.colour) for m in both} == {("Women", "red")}
    liked = shop.search(liked=["shirt-a-red", "bag-a-blue"], same="category", k=30)
    assert {m.product.category for m in liked} <= {"Women/shirt", "Women/bag"}


def test_what_cannot_be_the_same_is_said(shop: Recommender, catalogue: Path) -> None:
    with pytest.raises(LookalikeError, match="'shirt-a-red' has no brand"):
        shop.similar("shirt-a-red", same="brand")
    with pytest.raises(LookalikeError, match="a query without a product has no category"):
        shop.search(image=catalogue.parent / "shirt-a-red.png", same="category")
    with pytest.raises(LookalikeError, match="no column 'shape'"):
        shop.similar("shirt-a-red", same="shape")


def test_what_a_model_takes_a_product_for_stands_in_for_its_category() -> None:
    seen = [
        product(i, predicted={"type": Guess(kind, 0.4)})
        for i, kind in zip("ABC", ("shirt", "shirt", "bag"), strict=True)
    ]
    store = MemoryStore(replace(header(), predicted=("type",)))
    store.put(rows(store.header, [*seen, product("D", category="Men", categories=("Men",))]))
    shop = Recommender(store, encoder=Encoder(store.header.recipe))
    assert ids(shop.similar("A", same="category")) == ["B"]
    assert ids(shop.similar("D", same="category")) == []
