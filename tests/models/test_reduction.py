"""The law: fitted once, applied alike; and principal components are those of numpy's SVD."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from lookalike.errors import ModelError
from lookalike.models.reduction import RIDGE, Reduction, ReductionFitter, unit

if TYPE_CHECKING:
    from lookalike.types import Vectors


def samples(count: int, dim: int = 12, seed: int = 0) -> Vectors:
    """Vectors with a large mean and a spread that falls off, as networks give."""
    rng = np.random.default_rng(seed)
    spread = 0.7 ** np.arange(dim)
    mixed = rng.standard_normal((count, dim)) * spread @ np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    return (mixed + 1.0).astype(np.float32)


def fitted(rows: Vectors, dim_out: int = 4, *, whiten: float = 0.5, batch: int = 1000) -> Reduction:
    fitter = ReductionFitter(dim_out, whiten=whiten)
    for start in range(0, len(rows), batch):
        fitter.add(rows[start : start + batch])
    return fitter.fit()


def lengths(rows: Vectors) -> Vectors:
    return np.linalg.norm(rows, axis=1).astype(np.float32)


@pytest.mark.parametrize("whiten", [0.0, 0.5, 1.0])
def test_components_are_those_of_the_svd(whiten: float) -> None:
    rows = samples(300)
    around = unit(rows).astype(np.float64) - unit(rows).astype(np.float64).mean(0)
    _, singular, right = np.linalg.svd(around, full_matrices=False)
    right *= np.sign(right[np.arange(len(right)), np.abs(right).argmax(1)])[:, None]  # the largest entry positive
    spread = singular**2 / len(rows)
    scale = (spread[:4] + RIDGE * spread.mean()) ** (whiten / 2)
    wanted = unit((around @ (right[:4].T / scale)).astype(np.float32))
    assert np.abs(fitted(rows, whiten=whiten).apply(rows) - wanted).max() < 1e-4


@pytest.mark.parametrize("batch", [1, 7, 299])
def test_batches_teach_the_same_as_all_at_once(batch: int) -> None:
    rows = samples(300)
    apart = fitted(rows, batch=batch).apply(rows) - fitted(rows).apply(rows)
    assert np.abs(apart).max() < 1e-5


@given(st.permutations(range(6)))
def test_rows_keep_their_order_and_do_not_touch_each_other(order: list[int]) -> None:
    reduction, rows = fitted(samples(200)), samples(6, seed=1)
    reduced = reduction.apply(rows)
    assert np.allclose(reduction.apply(rows[order]), reduced[order], atol=1e-6)
    assert np.allclose(reduction.apply(rows[2:3])[0], reduced[2], atol=1e-6)


@pytest.mark.parametrize(("count", "dim_out"), [(10, 4), (60, 64), (200, 12), (200, 4)])
def test_rows_are_of_unit_length_and_missing_ones_stay_missing(count: int, dim_out: int) -> None:
    rows = samples(count)
    rows[3] = 0
    reduced = fitted(rows, dim_out).apply(rows)
    assert reduced.dtype == np.float32
    assert not reduced[3].any()
    assert np.allclose(np.delete(lengths(reduced), 3), 1, atol=1e-5)
    assert fitted(rows, dim_out).apply(rows[:0]).shape == (0, fitted(rows, dim_out).dim_out)


def test_missing_rows_teach_nothing() -> None:
    rows = samples(200)
    with_gaps = np.concatenate([rows, np.zeros((50, 12), dtype=np.float32)])
    assert np.allclose(fitted(with_gaps).mean, fitted(rows).mean)


def test_how_long_a_vector_is_makes_no_difference() -> None:
    rows = samples(200)
    longer = rows * np.linspace(0.5, 9, 200, dtype=np.float32)[:, None]
    assert np.allclose(fitted(longer).apply(longer), fitted(rows).apply(rows), atol=1e-4)


def test_fewer_than_fifty_vectors_teach_nothing() -> None:
    rows = samples(49)
    assert np.allclose(fitted(rows).apply(rows), unit(rows), atol=1e-6)


def test_what_is_small_already_is_centred_and_not_turned() -> None:
    rows = samples(200)
    reduction = fitted(rows, 12)
    assert reduction.dim_out == 12
    assert np.allclose(reduction.apply(rows), unit(unit(rows) - unit(rows).mean(0)), atol=1e-5)


def test_few_vectors_leave_room_for_what_comes_later() -> None:
    """60 vectors span 59 directions; a product that differs in another one must still be told apart."""
    rng = np.random.default_rng(0)
    seen = np.zeros((60, 200), dtype=np.float32)
    seen[:, :70] = rng.standard_normal((60, 70))
    later = np.zeros((2, 200), dtype=np.float32)
    later[0, 150], later[1, 180] = 1, 1
    reduction = fitted(seen, 120)
    one, other = reduction.apply(later)
    assert reduction.dim_out == 120
    assert one @ other < 0.8
    assert np.array_equal(fitted(seen, 120).apply(later), reduction.apply(later))  # the same every time


def test_centring_tells_apart_what_a_common_mean_hides() -> None:
    rows = samples(400)
    raw, reduced = unit(rows), fitted(rows, 8).apply(rows)
    assert np.mean(raw @ raw.T) > 0.8
    assert abs(np.mean(reduced @ reduced.T)) < 0.05


def test_bytes_bring_back_the_same_reduction() -> None:
    rows = samples(200)
    for dim_out in (4, 12):
        reduction = fitted(rows, dim_out)
        again = Reduction.from_bytes(reduction.to_bytes())
        assert again.dim_in == 12
        assert again.dim_out == dim_out
        assert np.array_equal(again.apply(rows), reduction.apply(rows))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no safetensors at all",
        save({"basis": np.zeros((3, 2), dtype=np.float32)}),
        save({"mean": np.zeros(4, dtype=np.float32), "basis": np.zeros((3, 2), dtype=np.float32)}),
    ],
)
def test_damaged_bytes_are_an_error_in_one_line(content: bytes) -> None:
    with pytest.raises(ModelError, match="index the catalogue again"):
        Reduction.from_bytes(content)


def test_vectors_of_another_model_are_refused() -> None:
    with pytest.raises(ModelError, match="12 dimensions"):
        fitted(samples(200)).apply(samples(3, dim=5))


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(ModelError, match="none were added"):
        ReductionFitter(4).fit()
