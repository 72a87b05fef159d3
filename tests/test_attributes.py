"""Classifiers beside an embedding: read off stored vectors, honest about their confidence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import ModelError
from lookalike.models import attributes
from lookalike.models.attributes import AttributeReader, Head, fit_sharpness, save_heads
from lookalike.models.reduction import Reduction, ReductionFitter, unit


def embeddings(n: int, dim: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return unit((rng.standard_normal((n, dim)) + 2 * rng.standard_normal(dim)).astype(np.float32))


@given(
    n=st.integers(60, 120),
    dim=st.integers(4, 24),
    kept=st.integers(2, 40),
    whiten=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_what_was_reduced_is_restored(n: int, dim: int, kept: int, whiten: float) -> None:
    rows = embeddings(n, dim)
    fitter = ReductionFitter(kept, whiten=whiten)
    fitter.add(rows)
    reduction = fitter.fit()
    restored = reduction.restore(reduction.apply(rows))
    likeness = (restored * rows).sum(axis=1)
    if kept >= dim:
        assert likeness.min() > 0.9999
    else:
        assert likeness.mean() > (unit(np.tile(rows.mean(axis=0), (n, 1))) * rows).sum(axis=1).mean() - 0.05


def test_a_missing_picture_stays_missing_and_is_guessed_nothing() -> None:
    rows = embeddings(80, 8)
    fitter = ReductionFitter(8)
    fitter.add(rows)
    reduction = fitter.fit()
    stored = reduction.apply(np.vstack([rows[:1], np.zeros((1, 8), np.float32)]))
    reader = AttributeReader({"type": Head(("shirt", "shoe"), unit(embeddings(2, 8, 3)), 16.0)}, reduction)
    known, missing = reader.read(stored)
    assert set(known) == {"type"} and missing == {}


def test_stored_vectors_are_read_as_fresh_ones(tmp_path: Path) -> None:
    rows = embeddings(100, 16)
    fitter = ReductionFitter(16)
    fitter.add(rows)
    heads = {"type": Head(("a", "b", "c"), unit(rows[:3]), 20.0)}
    save_heads(heads, tmp_path / "heads.safetensors")
    loaded = attributes._heads(tmp_path / "heads.safetensors")
    reduction: Reduction = fitter.fit()
    fresh = AttributeReader(loaded).read(rows)
    stored = AttributeReader(loaded, reduction).read(reduction.apply(rows))
    assert [g["type"].value for g in fresh[:3]] == ["a", "b", "c"]
    assert [g["type"].value for g in fresh] == [g["type"].value for g in stored]
    assert np.allclose([g["type"].confidence for g in fresh], [g["type"].confidence for g in stored], atol=1e-3)


def test_sharpness_makes_confidence_honest() -> None:
    rng = np.random.default_rng(0)
    cosines = rng.uniform(-0.5, 0.5, (4000, 5))
    true_sharpness = 9.0
    shares = np.exp(true_sharpness * cosines)
    shares /= shares.sum(axis=1, keepdims=True)
    truth = [int(rng.choice(5, p=p)) for p in shares]
    assert fit_sharpness(cosines, truth, start=16.0) == pytest.approx(true_sharpness, rel=0.1)


def test_a_file_that_holds_no_classifiers_is_said(tmp_path: Path) -> None:
    path = tmp_path / "heads.safetensors"
    path.write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="holds no classifiers"):
        attributes._heads(path)
