"""Classifiers beside an embedding: read off stored vectors, honest about their confidence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from lookalike.errors import ModelError
from lookalike.models import attributes
from lookalike.models.alignment import open_words
from lookalike.models.attributes import (
    AttributeReader,
    ClassShares,
    Head,
    fit_sharpness,
    open_attributes,
    open_shares,
    save_heads,
)
from lookalike.models.embedders import open_image_embedder
from lookalike.models.reduction import Reduction, ReductionFitter, unit
from lookalike.models.specs import find_spec, read_spec
from lookalike.models.weights import find_weights, weights_digest
from lookalike.recipe import Recipe
from lookalike.training.garments import FIELDS, UNTOLD


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


def test_a_file_without_a_classifier_that_it_names_is_said(tmp_path: Path) -> None:
    path = tmp_path / "heads.safetensors"
    facts = {"colour": {"labels": ["a"], "sharpness": 1.0}}
    save_file({"type": np.ones((1, 4), np.float16)}, str(path), metadata={"heads": json.dumps(facts)})
    with pytest.raises(ModelError, match="holds no classifiers"):
        attributes._heads(path)


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


# -- beside the embedding ----------------------------------------------------------------------------


def shares_of(dim: int, *weights: float) -> ClassShares:
    return ClassShares(
        [(Head(("a", "b", "c"), unit(embeddings(3, dim, n)), 9.0), w) for n, w in enumerate(weights)]
    )


@given(n=st.integers(1, 20), dim=st.integers(2, 16), weights=st.lists(st.floats(0.05, 3), min_size=1, max_size=3))
def test_likeness_is_the_mean_of_the_embeddings_and_of_the_overlaps_of_classes(
    n: int, dim: int, weights: list[float]
) -> None:
    rows, shares = embeddings(n, dim, 1), shares_of(dim, *weights)
    made = shares.beside(3 * rows)
    assert made.shape == (n, dim + shares.dim) and shares.dim == 3 * len(weights)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    overlaps = [np.sqrt(head.shares(rows)) @ np.sqrt(head.shares(rows)).T for head, _ in shares.heads]
    wanted = rows @ rows.T + sum(w * overlap for w, overlap in zip(weights, overlaps, strict=True))
    np.testing.assert_allclose(made @ made.T, wanted / (1 + sum(weights)), atol=1e-4)
    np.testing.assert_allclose(shares.without(made), rows, atol=1e-5)


def test_a_class_counts_as_far_as_the_catalogue_differs_in_it() -> None:
    rows, one = embeddings(200, 12), embeddings(1, 12, 5)
    alike = Head(("a", "b"), unit(np.vstack([rows.mean(axis=0), -rows.mean(axis=0)])), 40.0)
    apart = Head(("a", "b"), unit(np.vstack([one, -one])), 40.0)
    shares = ClassShares([(alike, 0.7), (apart, 0.3)], spreads=[0.4, 0.4])
    made = shares.beside(rows)
    fitter = ReductionFitter(64, counts=shares.counts)
    fitter.add(made)
    counts = shares.counts(made.mean(axis=0))
    assert (counts[:12] == 1).all() and counts[12] == counts[13] and counts[14] == counts[15]
    for head, count in ((alike, counts[12]), (apart, counts[14])):
        roots = np.sqrt(head.shares(rows))
        spread = (1 - roots @ roots.T).mean()  # of Hellinger's distances, squared, between any two
        assert count == pytest.approx(min(1, spread / 0.4), abs=1e-4)
    assert counts[12] < 0.1 < counts[14]
    reduced = fitter.fit().apply(made)
    kept = unit((made - made.mean(axis=0)) * counts)
    np.testing.assert_allclose(reduced @ reduced.T, kept @ kept.T, atol=1e-4)
    fewer = ReductionFitter(14, whiten=0.0, counts=shares.counts)
    fewer.add(made)
    np.testing.assert_allclose(fewer.fit().apply(made) @ fewer.fit().apply(made).T, kept @ kept.T, atol=0.01)
    assert (ClassShares(shares.heads).counts(made.mean(axis=0)) == 1).all(), "no spreads, no change"


def test_attributes_are_read_from_vectors_whose_classes_count_less() -> None:
    rows = embeddings(100, 16)
    heads = [(Head(("a", "b", "c"), unit(embeddings(3, 16, n)), 9.0), 0.7) for n in range(2)]
    shares = ClassShares(heads, spreads=[1.0, 0.9])
    made = shares.beside(rows)
    assert shares.counts(made.mean(axis=0)).min() < 0.9
    for dim in (18, 64):
        fitter = ReductionFitter(dim, whiten=0.0, counts=shares.counts)
        fitter.add(made)
        reduction = fitter.fit()
        fresh = AttributeReader({"type": heads[0][0]}).read(rows)
        stored = AttributeReader({"type": heads[0][0]}, reduction, shares).read(reduction.apply(made))
        same = np.mean([a["type"].value == b["type"].value for a, b in zip(fresh, stored, strict=True)])
        assert same > (0.9 if dim == 18 else 0.99)


def test_no_picture_has_no_classes() -> None:
    made = shares_of(8, 0.5).beside(np.zeros((2, 8), np.float32))
    assert not made.any()


def test_attributes_are_read_from_stored_vectors_with_classes_in_them() -> None:
    rows, shares = embeddings(100, 16), shares_of(16, 0.7, 0.3)
    heads = {"type": shares.heads[0][0]}
    made = shares.beside(rows)
    fitter = ReductionFitter(18)
    fitter.add(made)
    stored = AttributeReader(heads, fitter.fit(), shares).read(fitter.fit().apply(made))
    fresh = AttributeReader(heads).read(rows)
    assert np.mean([a["type"].value == b["type"].value for a, b in zip(fresh, stored, strict=True)]) > 0.95


def test_the_default_model_puts_its_classes_beside_what_it_sees() -> None:
    name = Recipe().image
    spec, reader = find_spec(name), open_attributes(name)
    shares, words, embedder = open_shares(spec), open_words(name), open_image_embedder(name)
    assert shares is not None and reader is not None and words is not None
    assert set(spec.shares) == {"type", "colour", "audience", "snapshot"}
    assert set(reader.heads) == {"type", "colour", "audience", "usage"}, "what helps neighbours alone is not told"
    pictures = [np.full((144, 144, 3), grey, np.uint8) for grey in (30, 200)]
    seen, said = embedder.embed(pictures), words.embed(["red shirt", "blue jeans"])
    assert seen.shape == said.shape == (2, spec.dim) == (2, embedder.dim)
    np.testing.assert_allclose(shares.beside(shares.without(seen)), seen, atol=1e-4)
    np.testing.assert_allclose(shares.beside(shares.without(said), trust=0.5), said, atol=1e-4)


def test_the_shares_of_the_default_model_are_written_by_every_training_of_it() -> None:
    assert set(find_spec("garments").shares) <= {*FIELDS.values(), UNTOLD}


def test_a_spec_may_only_name_classifiers_that_its_model_has(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    shipped = Path(find_spec("garments").path).read_text("utf-8")
    path.write_text(shipped.replace("snapshot = 0.5\n", "colours = 0.5\n").partition("[spreads]")[0], "utf-8")
    with pytest.raises(
        ModelError, match=r"mine\.toml.*\[shares\] names 'colours'; the model's heads are .*colour"
    ):
        open_shares(read_spec(path))
    for wrong, said in (
        (("snapshot = 0.5\n", "snapshot = 0\n"), r"snapshot in \[shares\] is 0; it takes a number above 0"),
        (
            ("snapshot = 0.51", "snapshot = 1.5"),
            r"snapshot in \[spreads\] is 1.5; it takes a number above 0, up to 1",
        ),
        (("snapshot = 0.51", ""), r"\[spreads\] names type, colour, audience; it takes what \[shares\] names"),
    ):
        path.write_text(shipped.replace(*wrong), "utf-8")
        with pytest.raises(ModelError, match=said):
            read_spec(path)


def test_other_shares_are_another_model_to_a_store(tmp_path: Path) -> None:
    shipped = find_spec("garments")
    other = tmp_path / "other.toml"
    other.write_text(Path(shipped.path).read_text("utf-8").replace("type = 0.7", "type = 0.6"), "utf-8")
    without = tmp_path / "without.toml"
    without.write_text(Path(shipped.path).read_text("utf-8").partition("[shares]")[0], "utf-8")
    digests = {weights_digest(name) for name in ("garments", str(other), str(without))}
    assert len(digests) == 3
    everywhere = tmp_path / "everywhere.toml"
    everywhere.write_text(Path(shipped.path).read_text("utf-8").partition("[spreads]")[0], "utf-8")
    assert weights_digest(str(everywhere)) in digests, "what a fit makes of the classes lies in the store"
    assert find_weights(shipped).is_file() and find_spec(str(without)).sha256 in digests
