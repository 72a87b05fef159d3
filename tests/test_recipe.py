"""A recipe is written once and reads the same ever after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import RecipeError
from lookalike.recipe import Recipe, check_weights, difference

PARTS = ("image", "text", "colour")


def of_parts(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(PARTS), numbers, max_size=3)


RECIPES = st.builds(
    Recipe,
    image=st.sampled_from(["efficientnet-lite0", "gradients", "none", "my.toml"]),
    text=st.sampled_from(["wordllama", "none"]),
    canvas=st.integers(32, 1024),
    reduce_to=of_parts(st.integers(1, 8192)),
    whiten=of_parts(st.floats(0, 1) | st.integers(0, 1)),
    weights=of_parts(st.floats(0.001, 1000) | st.integers(1, 1000)),
)


@given(RECIPES)
def test_a_recipe_comes_back_from_json_as_it_was(recipe: Recipe) -> None:
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert again.fingerprint() == recipe.fingerprint()
    assert again.to_json() == recipe.to_json()
    assert difference(recipe, again) == ""


@given(RECIPES, of_parts(st.floats(0.001, 1000)))
def test_weights_are_free_to_change_and_nothing_else_is(recipe: Recipe, weights: dict[str, float]) -> None:
    other = recipe.with_weights(weights)
    assert other.fingerprint() == recipe.fingerprint()
    assert difference(recipe, other) == ""
    assert {p: other.weights[p] for p in weights} == weights


@given(RECIPES, RECIPES)
def test_fingerprints_agree_exactly_where_nothing_differs(one: Recipe, other: Recipe) -> None:
    assert (one.fingerprint() == other.fingerprint()) == (difference(one, other) == "")
    assert bool(difference(one, other)) == bool(difference(other, one))


def test_a_whole_number_counts_as_the_same_number() -> None:
    assert Recipe(whiten={"image": 1}).fingerprint() == Recipe(whiten={"image": 1.0}).fingerprint()


def test_a_difference_names_the_field_and_both_values() -> None:
    assert difference(Recipe(canvas=224), Recipe(canvas=256)) == "canvas is 224 in the store and 256 in the recipe"


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({"imag": "x"}, "no field 'imag'"),
        ({"canvas": "224"}, "canvas is '224'"),
        ({"canvas": True}, "canvas is True"),
        ({"canvas": 8}, "canvas is 8: use 32 to 1024"),
        ({"reduce_to": {"image": 0}}, "reduce_to of image is 0"),
        ({"reduce_to": {"image": 1.5}}, "reduce_to of image is 1.5"),
        ({"reduce_to": {"shape": 5}}, "reduce_to for 'shape'"),
        ({"reduce_to": 512}, "reduce_to is 512"),
        ({"whiten": {"text": 1.1}}, "whiten of text is 1.1"),
        ({"weights": {"text": -1}}, "weight of text is -1"),
        ({"weights": {"text": float("nan")}}, "weight of text is nan"),
        ({"weights": {"shape": 1}}, "weight for 'shape'"),
        ({"weights": dict.fromkeys(PARTS, 0)}, "all weights are 0"),
        ({"image": "none", "text": "none", "colour": "none"}, "encodes nothing"),
        ({"image": 5}, "image is 5"),
    ],
    ids=str,
)
def test_what_is_wrong_in_a_recipe_is_named(wish: dict[str, Any], named: str) -> None:
    with pytest.raises(RecipeError, match=named):
        Recipe.from_mapping(wish)


def test_a_recipe_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text('image = "gradients"\ncanvas = 128\n[weights]\ncolour = 2\n')
    recipe = Recipe.from_file(tmp_path / "r.toml")
    assert (recipe.image, recipe.canvas, recipe.weights["colour"]) == ("gradients", 128, 2)
    (tmp_path / "bad.toml").write_text("canvas =")
    with pytest.raises(RecipeError, match="is not TOML"):
        Recipe.from_file(tmp_path / "bad.toml")
    with pytest.raises(RecipeError, match="cannot read the recipe"):
        Recipe.from_file(tmp_path / "nothing.toml")


def test_json_that_is_no_recipe_is_an_error() -> None:
    for text in ("[]", "5", '"x"', "null"):
        with pytest.raises(RecipeError):
            Recipe.from_json(text)
    assert json.loads(Recipe(canvas=200).to_json())["canvas"] == 200


def test_weights_of_one_query_are_checked_too() -> None:
    check_weights({})
    check_weights({"image": 0, "text": 1})
    for wrong in ({"image": True}, {"image": "2"}, {"shape": 1}, {"image": 0}):
        with pytest.raises(RecipeError):
            check_weights(wrong)  # type: ignore[arg-type]
