"""What an open shop answers, and what it never does."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lookalike
from lookalike.errors import (
    FilterError,
    LookalikeError,
    ModelError,
    PictureError,
    ProductNotFound,
    RecipeError,
    StoreError,
)
from lookalike.models.encoder import Encoder
from lookalike.recipe import Recipe
from lookalike.recommend.recommender import Recommender
from lookalike.store.lance import LanceStore
from lookalike.store.memory import MemoryStore
from lookalike.store.rows import facts_table
from lookalike.testing.builders import header, product, rows
from lookalike.types import Box, Match, Product


def ids(matches: list[Match]) -> list[str]:
    return [m.product.id for m in matches]


def small(*products: Product) -> Recommender:
    """A shop of made-up vectors: the same picture is the same vector."""
    store = MemoryStore(header())
    store.put(rows(store.header, products))
    return Recommender(store, encoder=Encoder(store.header.recipe), name="small")


def picture(catalogue: Path, name: str) -> Path:
    return catalogue.parent / f"{name}.png"


# -- similar ----------------------------------------------------------------------------------------


def test_most_like_a_product_is_one_of_its_kind_and_colour(shop: Recommender) -> None:
    for kind in ("shirt", "trousers", "bag"):
        for colour in ("red", "blue", "green", "black"):
            assert ids(shop.similar(f"{kind}-a-{colour}"))[0] == f"{kind}-b-{colour}"


def test_a_product_is_not_like_itself_nor_its_variants(shop: Recommender) -> None:
    found = ids(shop.similar("shirt-a-red", k=100))
    assert len(found) == 20
    assert not any(i.startswith("shirt-a") for i in found)


def test_variants_come_when_they_are_asked_for(shop: Recommender) -> None:
    found = ids(shop.similar("shirt-a-red", k=100, variants=True))
    assert len(found) == 23
    assert "shirt-a-red" not in found
    assert sum(i.startswith("shirt-a") for i in found) == 3


def test_the_same_picture_under_another_id_is_left_out_unless_variants_are_asked_for() -> None:
    shop = small(product("A"), product("TWIN", images=("A.jpg",)), product("B"))
    assert ids(shop.similar("A")) == ["B"]
    assert ids(shop.similar("A", variants=True)) == ["TWIN", "B"]


def test_a_picture_is_shown_once_and_by_the_leader_of_its_style() -> None:
    sizes = [product(f"S-{n}", group="S", title="t", images=("same.jpg",)) for n in range(3)]
    leader = product("S", group="S", title="t", images=("same.jpg",))
    shop = small(product("Q"), *sizes, leader, product("O"))
    assert set(ids(shop.similar("Q"))) == {"S", "O"}


def test_the_leader_of_more_twins_than_are_looked_at_first_is_shown() -> None:
    sizes = [product(f"S-{n}", group="S", title="t", images=("same.jpg",)) for n in range(90)]
    leader = product("S", group="S", title="t", images=("same.jpg",))
    far = [product(f"O{n}") for n in range(90)]
    shop = small(product("Q", title="t"), *sizes, leader, *far)
    assert ids(shop.similar("Q", k=1)) == ["S"]
    assert len(shop.similar("Q", k=1)[0].duplicates) == 90


def test_a_shop_has_another_version_after_every_change_also_where_it_outgrows_memory(tmp_path: Path) -> None:
    store = LanceStore.create(str(tmp_path / "store"), header(), {}, mirror_limit=12)
    shop = Recommender(store, encoder=Encoder(store.header.recipe), name="growing")
    versions = {shop.now().version}
    for n in range(25):
        store.put(rows(store.header, [product(f"P{n}")]))
        assert shop.now().version == shop.now().version
        versions.add(shop.now().version)
    store.keep_fitted("else", b"something")
    versions.add(shop.now().version)
    assert len(versions) == 27


def test_products_without_pictures_are_not_taken_for_one_another() -> None:
    bare = [product(f"T{n}", title=f"title {n}", images=()) for n in range(4)]
    shop = small(*bare)
    assert set(ids(shop.similar("T0"))) == {"T1", "T2", "T3"}


def test_by_group_shows_the_best_of_each_style(shop: Recommender) -> None:
    found = shop.similar("shirt-a-red", k=100, by_group=True)
    assert len(found) == 5
    assert ids(found)[0] == "shirt-b-red"
    assert len({m.product.group for m in found}) == 5


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ({"gender": "Women"}, lambda p: p.audience == "Women"),
        ({"price": {"lt": 25}}, lambda p: p.price < 25),
        (["colour=red,blue", "in_stock"], lambda p: p.colour == "blue"),
        ("category=Men/bag", lambda p: p.category == "Men/bag"),
        ({"colour": {"ne": "red"}}, lambda p: p.colour != "red"),
    ],
    ids=str,
)
def test_a_filter_holds_for_every_match_and_loses_none(shop: Recommender, where: Any, holds: Any) -> None:
    everything = shop.similar("shirt-a-red", k=100)
    found = shop.similar("shirt-a-red", k=100, where=where)
    assert ids(found) == [m.product.id for m in everything if holds(m.product)]


def test_a_filter_that_nothing_passes_gives_no_match(shop: Recommender) -> None:
    assert shop.similar("shirt-a-red", where="price>1000") == []
    assert shop.similar("shirt-a-red", where="price>1000", variety=0.5) == []


def test_weights_turn_the_answer(shop: Recommender) -> None:
    by_colour = shop.similar("shirt-a-red", k=3, weights={"image": 0, "text": 0, "colour": 1})
    assert {m.product.colour for m in by_colour} == {"red"}
    assert all(set(m.parts) == {"colour"} for m in by_colour)
    by_shape = shop.similar("shirt-a-red", k=4, weights={"image": 1, "text": 0, "colour": 0})
    assert {m.product.group for m in by_shape} == {"shirt-b"}


def test_a_weight_of_nothing_leaves_that_part_out_and_the_others_as_they_were(shop: Recommender) -> None:
    assert shop.weights({"text": 0}) == {**shop.recipe.weights, "text": 0}
    assert set(shop.similar("shirt-a-red", k=1, weights={"text": 0})[0].parts) == {"image", "colour"}


def test_scores_fall_lie_between_nothing_and_one_and_their_cosines_are_the_sum_of_their_parts(
    shop: Recommender,
) -> None:
    found = shop.similar("shirt-a-red", k=100)
    scores = [m.score for m in found]
    assert scores == sorted(scores, reverse=True)
    for m in found:
        assert 0 <= m.score <= 1
        assert sum(m.parts.values()) == pytest.approx(m.cosine, abs=1e-5)
        assert set(m.parts) == set(m.likeness) == {"image", "text", "colour"}
        assert all(0 <= x <= 1 for x in m.likeness.values())


@pytest.mark.parametrize("k", [1, 5, 20, 21, 10_000])
def test_k_matches_come_or_all_there_are(shop: Recommender, k: int) -> None:
    found = ids(shop.similar("shirt-a-red", k=k))
    assert len(found) == min(k, 20)
    assert found == ids(shop.similar("shirt-a-red", k=100))[:k]


def test_a_product_of_many_views_does_not_crowd_out_the_others() -> None:
    crowd = product("CROWD", images=tuple(f"c{n}.jpg" for n in range(200)))
    shop = small(product("Q"), crowd, *(product(f"P{n}") for n in range(5)))
    assert len(shop.similar("Q", k=6)) == 6


def test_variety_brings_other_things_and_keeps_the_best_first(shop: Recommender) -> None:
    alike = shop.similar("shirt-a-red", k=6)
    varied = shop.similar("shirt-a-red", k=6, variety=0.7)
    assert ids(varied)[0] == ids(alike)[0]
    assert len(set(ids(varied))) == 6
    assert len({m.product.group for m in varied}) > len({m.product.group for m in alike})


# -- search -----------------------------------------------------------------------------------------


def test_a_photograph_of_a_product_finds_it(shop: Recommender, catalogue: Path) -> None:
    path = picture(catalogue, "bag-b-green")
    pixels = np.asarray(Image.open(path).convert("RGB"))
    for image in (str(path), path, path.read_bytes(), pixels):
        best = shop.search(image=image, k=1)[0]
        assert best.product.id == "bag-b-green"
        assert set(best.parts) == {"image", "colour"}
        assert best.score > 0.99


def test_words_find_what_says_them(shop: Recommender) -> None:
    found = shop.search(text="green trousers", k=2)
    assert {m.product.colour for m in found} == {"green"}
    assert all("trousers" in m.product.title for m in found)
    assert all(set(m.parts) == {"text"} for m in found)


def test_a_picture_and_words_together_say_like_this_but_blue(shop: Recommender, catalogue: Path) -> None:
    found = shop.search(
        image=picture(catalogue, "shirt-a-red"), text="blue", k=1, weights={"image": 1, "text": 2, "colour": 0}
    )
    assert ids(found)[0].startswith("shirt")
    assert found[0].product.colour == "blue"


def test_a_box_is_all_that_is_looked_at(shop: Recommender, catalogue: Path) -> None:
    bag, shirt = (Image.open(picture(catalogue, n)).convert("RGB") for n in ("bag-a-green", "shirt-a-red"))
    both = Image.new("RGB", (bag.width * 2, bag.height), "white")
    both.paste(shirt, (0, 0))
    both.paste(bag, (bag.width, 0))
    for box, wanted in (((0, 0, 0.5, 1), "shirt-a-red"), (Box(0.5, 0, 1, 1), "bag-a-green")):
        assert ids(shop.search(image=np.asarray(both), box=box, k=1)) == [wanted]


def test_a_small_box_is_seen_as_sharply_as_the_picture_was_taken(shop: Recommender, catalogue: Path) -> None:
    bag = Image.open(picture(catalogue, "bag-b-blue")).convert("RGB")
    wall = Image.new("RGB", (5_000, 4_000), "grey")
    wall.paste(bag, (4_400, 3_600))
    file = io.BytesIO()
    wall.save(file, "JPEG", quality=95)
    box = (4_400 / 5_000, 3_600 / 4_000, (4_400 + bag.width) / 5_000, (3_600 + bag.height) / 4_000)
    assert ids(shop.search(image=file.getvalue(), box=box, k=1)) == ["bag-b-blue"]
    speck = (0.9999, 0.9999, 1.0, 1.0)  # whatever is marked is looked for, a single pixel too
    assert len(shop.search(image=file.getvalue(), box=speck, k=2, at_least=0)) == 2


def test_a_search_obeys_filters_groups_and_weights_too(shop: Recommender) -> None:
    found = shop.search(text="red shirt", k=100, where={"gender": "Men"}, by_group=True)
    assert {m.product.audience for m in found} == {"Men"}
    assert len(found) == 3


# -- what changes -----------------------------------------------------------------------------------


@pytest.fixture
def changing(shared_store: Path, tmp_path: Path) -> tuple[Recommender, LanceStore]:
    """A shop of one's own, and another handle to its store."""
    shutil.copytree(shared_store, tmp_path / "store")
    shop = Recommender.open(tmp_path / "store")
    shop.similar("shirt-a-red")
    return shop, LanceStore.open(str(tmp_path / "store"))


def test_the_next_call_sees_a_price_a_deletion_and_a_new_product(changing: tuple[Recommender, LanceStore]) -> None:
    shop, other = changing
    dear = replace(shop.product("shirt-b-red"), price=999.0)
    other.patch(facts_table(other.header, [dear]))
    assert shop.similar("shirt-a-red", k=1)[0].product.price == 999.0
    assert "shirt-b-red" not in ids(shop.similar("shirt-a-red", k=100, where="price<100"))
    other.delete(["shirt-b-red"])
    assert "shirt-b-red" not in ids(shop.similar("shirt-a-red", k=100))
    with pytest.raises(ProductNotFound):
        shop.similar("shirt-b-red")
    stored = shop.store.views(["shirt-a-red"])["shirt-a-red"][0]
    vectors = {p: v[None, :] for p, v in stored.parts.items()}
    other.put(rows(other.header, [product("new", title="new")], vectors=vectors))
    assert ids(shop.similar("shirt-a-red", k=1, duplicates=True)) == ["new"]


def test_a_shop_held_still_answers_alike_and_looks_at_the_disk_no_more(
    changing: tuple[Recommender, LanceStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, other = changing
    still = shop.now()
    assert still.similar("shirt-a-red", k=9) == shop.similar("shirt-a-red", k=9)
    other.delete(["shirt-b-red"])
    with monkeypatch.context() as away:
        away.setattr(LanceStore, "_latest", lambda _: pytest.fail("the disk was asked"))
        assert "shirt-b-red" in ids(still.similar("shirt-a-red", k=100))
    assert "shirt-b-red" not in ids(shop.now().similar("shirt-a-red", k=100))


def test_new_default_weights_are_obeyed_at_the_next_call(changing: tuple[Recommender, LanceStore]) -> None:
    shop, other = changing
    other.set_weights({"image": 0, "text": 0, "colour": 1})
    assert set(shop.similar("shirt-a-red", k=1)[0].parts) == {"colour"}


# -- what is wrong ----------------------------------------------------------------------------------


def test_errors_of_similar_name_what_is_wrong(shop: Recommender) -> None:
    cases: list[tuple[Mapping[str, Any], type[LookalikeError], str]] = [
        (
            {"product_id": "shirt-a-rde"},
            ProductNotFound,
            r"no product 'shirt-a-rde' in .*24 products.*shirt-a-red",
        ),
        ({"where": "prize<5"}, FilterError, "prize.*did you mean price"),
        ({"where": {"price": {"lt": "cheap"}}}, FilterError, "cheap"),
        ({"weights": {"shape": 1}}, RecipeError, "shape"),
        ({"weights": {"image": -1}}, RecipeError, "-1"),
        ({"weights": {"image": 0, "text": 0, "colour": 0}}, RecipeError, "all weights are 0"),
        ({"k": 0}, LookalikeError, "k is 0"),
        ({"variety": 1.5}, LookalikeError, r"variety is 1\.5"),
    ]
    for options, kind, words in cases:
        with pytest.raises(kind, match=words) as caught:
            shop.similar(**{"product_id": "shirt-a-red", **options})
        assert "\n" not in str(caught.value)


def test_errors_of_search_name_what_is_wrong(shop: Recommender, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"%PDF")
    pixels = np.zeros((8, 8, 3), np.uint8)
    cases: list[tuple[Mapping[str, Any], type[LookalikeError], str]] = [
        ({}, LookalikeError, "needs an image, a text, or both"),
        ({"text": "  "}, LookalikeError, "needs an image, a text, or both"),
        ({"text": "%%%"}, LookalikeError, "nothing to compare"),
        ({"text": "red", "weights": {"text": 0}}, LookalikeError, "nothing to compare"),
        ({"image": str(tmp_path / "none.jpg")}, PictureError, "none.jpg"),
        ({"image": str(tmp_path / "bad.jpg")}, PictureError, "bad.jpg.*PDF"),
        ({"image": b"%PDF"}, PictureError, "PDF"),
        ({"image": pixels.astype(float)}, PictureError, r"float64 \(8, 8, 3\)"),
        ({"image": pixels[:0]}, PictureError, r"\(0, 8, 3\)"),
        ({"image": "http://127.0.0.1/a.jpg"}, PictureError, "not a public address"),
        ({"image": pixels, "box": (0, 0, 2, 1)}, LookalikeError, "fractions"),
        ({"image": pixels, "box": (0, 0, 1)}, LookalikeError, "fractions"),
        ({"image": pixels, "box": 5}, LookalikeError, "box 5"),
        ({"image": pixels, "box": "abcd"}, LookalikeError, "box"),
    ]
    for options, kind, words in cases:
        with pytest.raises(kind, match=words):
            shop.search(**options)


def test_a_grey_picture_is_a_picture(shop: Recommender) -> None:
    assert shop.search(image=np.full((40, 30), 128, np.uint8), k=1)


def test_a_shop_is_opened_by_one_call(shared_store: Path) -> None:
    assert lookalike.open(shared_store).similar("shirt-a-red", 1)[0].product.group == "shirt-b"
    recipe = Recipe(image="gradients", text="hashed-words")
    assert lookalike.open(str(shared_store), recipe=recipe).recipe == recipe


def test_what_cannot_be_opened_says_why(shared_store: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store at"):
        lookalike.open(tmp_path)
    with pytest.raises(RecipeError, match="image is 'gradients' in the store and 'resnet50'"):
        lookalike.open(shared_store, recipe=Recipe(image="resnet50", text="hashed-words"))


def test_a_store_made_by_other_weights_or_an_unknown_model_is_refused(tmp_path: Path) -> None:
    made_by_other = replace(header(), recipe=Recipe(image="gradients"), models={"text": "0" * 64})
    LanceStore.create(str(tmp_path / "other"), made_by_other, {})
    with pytest.raises(RecipeError, match="wordllama of SHA-256 000000000000, the one here has"):
        lookalike.open(tmp_path / "other")
    unknown = replace(header(), recipe=Recipe(image="of-tomorrow", text="hashed-words"))
    LanceStore.create(str(tmp_path / "unknown"), unknown, {})
    with pytest.raises(ModelError, match="no model 'of-tomorrow'"):
        lookalike.open(tmp_path / "unknown")
