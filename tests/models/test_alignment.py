"""Words as pictures: a projection reads as it was written, and what says nothing gives zeros."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import ModelError, ModelNotFound
from lookalike.models.alignment import Projection, open_words, save_projection
from lookalike.models.encoder import Encoder
from lookalike.models.reduction import Reduction
from lookalike.recipe import Recipe

DIM, HIDDEN = 512, 24  # of gradients and of hashed words


def projection() -> Projection:
    random = np.random.default_rng(0)
    shapes = (DIM, HIDDEN), (HIDDEN,), (HIDDEN, DIM), (DIM,)
    first, lift, second, shift = (random.normal(0, 0.2, shape).astype(np.float32) for shape in shapes)
    return Projection("hashed-words", first, lift, second, shift)


@pytest.fixture
def speaking(tmp_path: Path) -> str:
    """A weightless image model that knows words: the path of its spec."""
    save_projection(projection(), tmp_path / "words.safetensors")
    spec = tmp_path / "speaking.toml"
    spec.write_text(
        'name = "speaking"\nrole = "image"\nkind = "gradients"\ndim = 512\n'
        'summary = "gradients that know words"\nlicence = "Apache-2.0"\nwords = "file:words.safetensors"\n'
    )
    return str(spec)


def test_a_projection_is_read_as_it_was_written(speaking: str) -> None:
    words = open_words(speaking)
    assert words is not None
    seen = words.embed(["red shirt", "", "blue jeans"])
    np.testing.assert_allclose(np.linalg.norm(seen, axis=1), [1, 0, 1], atol=1e-5)
    text = Encoder(Recipe(image="none", text="hashed-words", colour="none"))
    said = np.concatenate([text.encode_text(t) for t in ("red shirt", "", "blue jeans")])
    np.testing.assert_allclose(seen, projection().apply(said), atol=5e-3)  # written in half precision


def test_a_model_without_words_has_none() -> None:
    assert open_words("gradients") is None
    assert open_words("none") is None
    assert Encoder(Recipe(image="gradients", text="hashed-words")).encode_text_as_picture("red shirt") is None
    assert Encoder(Recipe(image="none", text="hashed-words")).encode_text_as_picture("red shirt") is None


def test_words_go_through_the_reduction_of_pictures(speaking: str) -> None:
    encoder = Encoder(Recipe(image=speaking, text="hashed-words"))
    plain = encoder.encode_text_as_picture("red shirt")
    encoder.reductions["image"] = Reduction(np.full(DIM, 0.03, np.float32), np.eye(DIM, 8, dtype=np.float32))
    reduced = encoder.encode_text_as_picture("red shirt")
    assert plain is not None and plain.shape == (1, DIM)
    assert reduced is not None and reduced.shape == (1, 8)
    wanted = (plain - 0.03)[:, :8]
    np.testing.assert_allclose(reduced, wanted / np.linalg.norm(wanted), atol=1e-5)


def test_a_file_that_is_none_is_said(speaking: str, tmp_path: Path) -> None:
    (tmp_path / "words.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="holds no projection of words"):
        open_words(speaking)
    (tmp_path / "words.safetensors").unlink()
    with pytest.raises(ModelNotFound, match=r"words\.safetensors"):
        open_words(speaking)
