"""The canvas that models see, where the recipe cuts out: the same for the catalogue and for a query."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from small_graphs import NAMES, colour_graph, spec
from small_shop import draw

from lookalike.errors import ModelError, RecipeError
from lookalike.indexing.job import index
from lookalike.media.framing import letterbox
from lookalike.models.encoder import Encoder
from lookalike.recipe import Recipe, difference
from lookalike.recommend.recommender import Recommender
from lookalike.types import Pixels

SIDE = Recipe().canvas
CUT = Recipe(image="gradients", text="hashed-words", cutout="white-ground")


def placed(garment: Pixels, height: int, width: int, top: int, left: int) -> Pixels:
    """A garment somewhere on white."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[top : top + garment.shape[0], left : left + garment.shape[1]] = garment
    return pixels


def test_what_is_cut_out_fills_the_canvas_wherever_it_lay() -> None:
    encoder = Encoder(CUT)
    near = encoder.canvas(draw("bag", "red"))
    far = encoder.canvas(placed(draw("bag", "red"), 400, 500, 260, 40))
    np.testing.assert_array_equal(near, far)
    assert near.shape == (SIDE, SIDE, 3)
    middle = near[:, SIDE // 2 - 8 : SIDE // 2 + 8]
    assert (middle != 255).any(axis=(1, 2)).sum() > 0.58 * SIDE
    assert not np.array_equal(near, Encoder(Recipe(image="gradients")).canvas(draw("bag", "red")))


@pytest.mark.parametrize("shade", [255, 90])
def test_a_picture_in_which_nothing_can_be_cut_out_is_seen_whole(shade: int) -> None:
    pixels = np.full((80, 60, 3), shade, np.uint8)
    np.testing.assert_array_equal(Encoder(CUT).canvas(pixels), letterbox(pixels, SIDE))


def test_threads_get_the_canvases_that_one_thread_gets(tmp_path: Path) -> None:
    colour_graph(tmp_path / "mine.onnx", softmax=True)
    recipe = Recipe(image="gradients", text="none", cutout=spec(tmp_path, "onnx-regions", NAMES))
    pictures = [draw("shirt", "green", lean) for lean in np.linspace(0, 0.2, 12)]
    encoder = Encoder(recipe)
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(encoder.canvas, pictures))
    for canvas, pixels in zip(together, pictures, strict=True):
        np.testing.assert_array_equal(canvas, Encoder(recipe).canvas(pixels))


def test_a_picture_that_is_cut_is_decoded_larger() -> None:
    assert Encoder(CUT).at_least == 2 * Encoder(Recipe()).at_least == 2 * SIDE


def test_a_cut_out_by_an_unknown_model_or_another_kind_of_model_is_said_at_once() -> None:
    with pytest.raises(ModelError, match="no model 'u3net'"):
        Encoder(Recipe(cutout="u3net"))
    with pytest.raises(ModelError, match="cutout is 'wordllama', a model for text: name a segmenter"):
        Encoder(Recipe(cutout="wordllama"))


def test_vectors_with_and_without_a_cut_out_cannot_be_compared() -> None:
    plain = Recipe(image="gradients", text="hashed-words")
    assert plain.fingerprint() != CUT.fingerprint()
    assert "cutout is 'none' in the store and 'white-ground' in the recipe" in difference(plain, CUT)


def test_a_photograph_of_a_product_elsewhere_finds_it_first(catalogue: Path, tmp_path: Path) -> None:
    index(catalogue, tmp_path / "store", recipe=CUT)
    shop = Recommender.open(tmp_path / "store")
    photo = placed(draw("bag", "blue"), 500, 380, 380, 10)
    best = shop.search(image=photo, k=1, weights={"text": 0})[0]
    assert best.product.id == "bag-a-blue"
    assert best.cosine == pytest.approx(1, abs=1e-3)
    boxed = shop.search(image=photo, k=1, weights={"text": 0}, box=(0, 0.7, 0.5, 1))[0]
    assert boxed.cosine == pytest.approx(best.cosine, abs=1e-3), (
        "a part of a photograph goes through the same door"
    )


def test_a_store_that_another_network_cut_out_for_is_refused(catalogue: Path, tmp_path: Path) -> None:
    colour_graph(tmp_path / "mine.onnx", softmax=True)
    name = spec(tmp_path, "onnx-regions", NAMES)
    index(catalogue, tmp_path / "store", recipe=Recipe(image="gradients", text="none", cutout=name))
    assert Recommender.open(tmp_path / "store").store.header.models.keys() == {"image", "colour", "cutout"}
    colour_graph(tmp_path / "mine.onnx", softmax=True, size=(64, 64))
    with pytest.raises(RecipeError, match=r"was made with a .*mine\.toml of SHA-256 .*, the one here has"):
        Recommender.open(tmp_path / "store")
