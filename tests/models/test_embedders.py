"""Pictures and words in, numbers out: the same numbers today as when they were written down here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from lookalike.errors import ModelError
from lookalike.media.decoding import decode
from lookalike.models import ModelSpec, open_image_embedder, open_text_embedder
from lookalike.models.embedders import OnnxTextEmbedder
from lookalike.models.reduction import unit
from lookalike.models.specs import read_spec
from lookalike.recipe import Recipe
from lookalike.testing import sample_shop
from lookalike.types import Pixels

TEXTS = ["Red cotton shirt", "a long linen dress with a belt, for the summer", "", "%%%", "RED COTTON SHIRT"]
IMAGE_MODELS, TEXT_MODELS = (
    ["garments-int8", "garments", "efficientnet-lite0-int8", "efficientnet-lite0", "gradients"],
    ["wordllama", "hashed-words"],
)


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_a_batch_of_pictures_is_its_pictures_one_by_one(name: str, pictures: list[Pixels]) -> None:
    embedder = open_image_embedder(name)
    many = pictures * 4  # more than one batch
    together = embedder.embed(many)
    assert together.shape == (len(many), embedder.dim)
    assert together.dtype == np.float32
    alone = np.vstack([embedder.embed([p]) for p in pictures])
    np.testing.assert_allclose(together, np.tile(alone, (4, 1)), atol=1e-3)


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_a_batch_of_texts_is_its_texts_one_by_one(name: str) -> None:
    embedder = open_text_embedder(name)
    together = embedder.embed(TEXTS)
    assert together.shape == (len(TEXTS), embedder.dim)
    np.testing.assert_allclose(together, np.vstack([embedder.embed([t]) for t in TEXTS]), atol=1e-5)
    np.testing.assert_array_equal(together[0], together[4])


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_a_text_without_a_word_is_zeros(name: str) -> None:
    assert not open_text_embedder(name).embed([""]).any()


def looked_up(folder: Path) -> ModelSpec:
    """A text graph that looks each token up: zeros for padding, ones for a sentence's end, twos for "red"."""
    table = numpy_helper.from_array(np.array([[0, 0], [1, 1], [2, 2]], np.float32), "table")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["states"])],
        "lookup",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "t"])],
        [helper.make_tensor_value_info("states", TensorProto.FLOAT, None)],
        [table],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "m.onnx"
    )
    tokenizer = Tokenizer(WordLevel({"[PAD]": 0, "[SEP]": 1, "red": 2}, unk_token="[SEP]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="$0 [SEP]", special_tokens=[("[SEP]", 1)])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "m.toml").write_text(
        'name = "m"\nrole = "text"\nkind = "onnx-text"\nsummary = "s"\nlicence = "MIT"\ndim = 2\nbatch = 2\n'
        'weights = "file:m.onnx"\ntokenizer = "file:tokenizer.json"\n'
    )
    return read_spec(folder / "m.toml")


def test_a_graph_says_nothing_of_no_words_though_it_marks_where_they_end(tmp_path: Path) -> None:
    found = OnnxTextEmbedder(looked_up(tmp_path)).embed(["", "red", "red red red", " "])
    np.testing.assert_allclose(found, [[0, 0], [1.5, 1.5], [1.75, 1.75], [0, 0]])


@pytest.mark.parametrize("name", [*IMAGE_MODELS, *TEXT_MODELS])
def test_nothing_in_is_nothing_out(name: str) -> None:
    embedder = open_image_embedder(name) if name in IMAGE_MODELS else open_text_embedder(name)
    found = embedder.embed([])
    assert found.shape == (0, embedder.dim)
    assert found.dtype == np.float32


PINNED = {  # where four numbers that tell something begin, and those numbers
    "efficientnet-lite0": (0, [0.0, 0.0, 0.7676, 1.5168]),
    "gradients": (72, [0.9065, 0.0901, 0.1231, 0.0826]),
    "wordllama": (0, [-0.1866, -0.0226, 0.3497, -0.2178]),
    "hashed-words": (11, [0.0, -1.0, 0.0, 1.0]),
}


@pytest.mark.parametrize("name", ["efficientnet-lite0", "gradients"])
def test_the_numbers_of_a_picture_are_pinned(name: str, pictures: list[Pixels]) -> None:
    at, numbers = PINNED[name]
    np.testing.assert_allclose(open_image_embedder(name).embed(pictures[:1])[0, at : at + 4], numbers, atol=1e-3)


def test_the_default_model_finds_alike_what_its_original_finds_alike() -> None:
    """Its last bits hang on the processor's own int8 kernels, so it is held to the exact one."""
    files = sorted((sample_shop() / "images").glob("*-main.jpg"))[::12]
    pictures = [decode(file.read_bytes()) for file in files]
    pairs = np.triu_indices(len(pictures), k=1)
    exact, default = (unit(open_image_embedder(n).embed(pictures)) for n in ("garments", Recipe().image))
    assert (exact * default).sum(axis=1).min() > 0.85
    assert np.corrcoef((exact @ exact.T)[pairs], (default @ default.T)[pairs])[0, 1] > 0.95


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_the_numbers_of_a_sentence_are_pinned(name: str) -> None:
    at, numbers = PINNED[name]
    np.testing.assert_allclose(open_text_embedder(name).embed(TEXTS[1:2])[0, at : at + 4], numbers, atol=1e-3)


def test_a_model_for_the_other_sense_is_refused() -> None:
    with pytest.raises(ModelError, match="wordllama is a model for text, not for pictures"):
        open_image_embedder("wordllama")
    with pytest.raises(ModelError, match="gradients is a model for image, not for text"):
        open_text_embedder("gradients")


def test_a_shirt_is_more_like_a_shirt_than_like_stripes(pictures: list[Pixels]) -> None:
    for name in IMAGE_MODELS:
        rows = open_image_embedder(name).embed(pictures)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.05
