"""A recipe at work: the parts it has, of unit length, the same for the catalogue and for a query."""

from __future__ import annotations

import numpy as np
import pytest

from lookalike.errors import ModelError
from lookalike.models.encoder import Encoder, Wording, wording
from lookalike.models.reduction import Reduction
from lookalike.recipe import Recipe
from lookalike.types import Pixels, Product

WEIGHTLESS = Recipe(image="gradients", text="hashed-words")


def test_the_parts_are_those_that_the_recipe_has() -> None:
    assert Encoder(WEIGHTLESS).parts == ("image", "text", "colour")
    assert Encoder(Recipe(image="none", text="hashed-words", colour="none")).parts == ("text",)
    assert not Encoder(Recipe(image="none", text="hashed-words", colour="none")).sees
    assert Encoder(Recipe(image="none", text="none")).sees


@pytest.mark.parametrize("copies", [1, 8])
def test_pictures_give_image_and_colour_of_unit_length(pictures: list[Pixels], copies: int) -> None:
    encoder = Encoder(WEIGHTLESS)
    parts = encoder.encode_pictures([encoder.canvas(p) for p in pictures] * copies)
    assert set(parts) == {"image", "colour"}
    for rows in parts.values():
        assert rows.shape[0] == 3 * copies
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_part_that_the_recipe_leaves_out_is_absent(pictures: list[Pixels]) -> None:
    encoder = Encoder(Recipe(image="none", text="hashed-words"))
    assert set(encoder.encode_pictures([encoder.canvas(p) for p in pictures])) == {"colour"}


def test_shape_and_colour_are_told_apart(pictures: list[Pixels]) -> None:
    encoder = Encoder(WEIGHTLESS)
    red, blue, striped = (encoder.encode_pictures([encoder.canvas(p)]) for p in pictures)
    assert float(red["image"][0] @ blue["image"][0]) > float(red["image"][0] @ striped["image"][0])
    assert float(red["colour"][0] @ blue["colour"][0]) < 0.5


def test_words_are_of_unit_length_and_missing_ones_are_zeros() -> None:
    rows = Encoder(WEIGHTLESS).encode_wordings(
        [Wording("red shirt", "of cotton"), Wording("", ""), Wording("", "cotton")]
    )
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 0, 1], atol=1e-5)


def test_a_missing_text_is_zeros_behind_a_reduction_too() -> None:
    encoder = Encoder(WEIGHTLESS)
    dim = encoder.encode_text("x").shape[1]
    encoder.reductions["text"] = Reduction(np.full(dim, 0.01, np.float32), None)
    rows = encoder.encode_wordings([Wording("red shirt", ""), Wording("", "")])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 0], atol=1e-5)


def test_a_title_counts_for_more_than_a_long_description() -> None:
    encoder = Encoder(WEIGHTLESS)
    product, title, other = encoder.encode_wordings(
        [
            Wording("blue jeans", "a pair of boots goes with these " * 9),
            Wording("blue jeans", ""),
            Wording("boots", ""),
        ]
    )
    assert product @ title > 2 * (product @ other)


def test_a_query_in_words_is_encoded_like_a_title() -> None:
    encoder = Encoder(WEIGHTLESS)
    np.testing.assert_array_equal(
        encoder.encode_text("red shirt"), encoder.encode_wordings([Wording("red shirt", "")])
    )


def test_wording_names_each_fact_once() -> None:
    product = Product("1", "Red shirt", category="Men/Tops/Shirt", colour="Red", audience="Men", brand="Acme")
    assert wording(product) == Wording("Red shirt Men", "", "Acme")
    assert wording(Product("1")) == Wording("", "")
    assert len(wording(Product("1", description="x" * 5_000)).description) == 400


def test_an_unknown_model_is_said_at_once() -> None:
    with pytest.raises(ModelError, match="no model 'resnet51'"):
        Encoder(Recipe(image="resnet51"))


def test_nothing_in_is_nothing_out() -> None:
    encoder = Encoder(WEIGHTLESS)
    assert {p: len(rows) for p, rows in encoder.encode_pictures([]).items()} == {"image": 0, "colour": 0}
    assert len(encoder.encode_wordings([])) == 0
