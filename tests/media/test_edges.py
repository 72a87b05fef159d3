"""Shares follow the edges of the picture, and stay what they were where it has none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.media import edges
from lookalike.media.edges import along_edges


def shares_of(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    garment = np.where(mask, 0.7, 0.3).astype(np.float32)
    return np.stack([1 - garment, garment])


def scene(border: int, *, colour: tuple[int, int, int] = (200, 30, 40)) -> NDArray[np.uint8]:
    pixels = np.full((96, 96, 3), 245, np.uint8)
    pixels[:, :border] = colour
    return pixels


@pytest.mark.parametrize("said", [44, 46, 51])
def test_an_edge_that_is_a_little_off_moves_to_that_of_the_picture(said: int) -> None:
    columns = np.broadcast_to(np.arange(96) < said, (96, 96))
    before = shares_of(columns)
    after = along_edges(before, scene(48))
    truth = np.arange(96) < 48
    off = np.abs(np.arange(96) - 48) < 6
    wrong = [float(np.abs(found[1] - truth)[:, off].mean()) for found in (before, after)]
    assert wrong[1] < 0.95 * wrong[0]
    jump = after[1][:, 47] - after[1][:, 48]  # where the colour changes
    assert jump.min() > 0.05


def test_what_is_said_of_an_even_picture_is_only_smoothed() -> None:
    before = shares_of(np.broadcast_to(np.arange(96) < 48, (96, 96)))
    after = along_edges(before, np.full((50, 70, 3), 128, np.uint8))
    reach = 18  # two windows of 9 at half the size
    assert np.abs(after - before)[:, :, : 48 - reach].max() < 1e-3
    assert np.abs(after - before)[:, :, 48 + reach :].max() < 1e-3
    assert np.all(np.diff(after[1], axis=1) <= 1e-4)


def test_shares_stay_shares() -> None:
    rng = np.random.default_rng(7)
    before = rng.dirichlet(np.full(5, 0.3), (33, 47)).transpose(2, 0, 1).astype(np.float32)
    after = along_edges(before, rng.integers(0, 256, (80, 61, 3), dtype=np.uint8))
    assert after.shape == before.shape
    assert after.dtype == np.float32
    assert after.min() >= 0
    assert np.abs(after.sum(axis=0) - 1).max() < 1e-4


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3)])
def test_the_smallest_planes_will_do(size: tuple[int, int]) -> None:
    before = np.full((2, *size), 0.5, np.float32)
    assert np.allclose(along_edges(before, np.zeros((5, 5, 3), np.uint8)), 0.5, atol=1e-3)


@pytest.mark.parametrize("size", [(96, 128), (95, 97)])
@pytest.mark.parametrize("noise", [0, 60])
def test_a_small_thing_is_filtered_as_if_all_of_the_picture_were(
    size: tuple[int, int], noise: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    pixels = (128 + rng.integers(-noise, noise + 1, (*size, 3))).astype(np.uint8)
    garment = np.zeros(size, np.float32)
    garment[40:60, 50:58] = 0.9
    before = np.stack([1 - garment, garment])
    after = along_edges(before, pixels)
    monkeypatch.setattr(edges, "_THERE", -1.0)  # now each label is said of every place
    assert np.abs(after - along_edges(before, pixels)).max() < 1e-5
    assert np.abs(after - before).max() > 0.03


def test_a_label_that_is_said_of_no_place_for_sure_changes_nothing() -> None:
    faint = np.full((2, 8, 8), 0.01, np.float32)
    faint[0] = 0.99
    assert np.allclose(along_edges(faint, np.zeros((8, 8, 3), np.uint8)), faint, atol=1e-4)
