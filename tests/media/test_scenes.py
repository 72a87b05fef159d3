"""Views of marked pictures: pixels and classes stay together whatever is done to them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.media.masks import UNKNOWN
from lookalike.media.scenes import Manner, Scene, before, only, paler, part_of, pasted, plain_ground, seen, wearing

RED, BLUE = np.array([220, 20, 20], np.uint8), np.array([20, 20, 220], np.uint8)
GREY = np.full((8, 8, 3), 128, np.uint8)
UNLIT = Manner(light=0.0, coarse=0.0)


def scene(height: int = 90, width: int = 60) -> Scene:
    """Blue ground, a red thing of class 3 in the middle."""
    pixels, classes = np.tile(BLUE, (height, width, 1)), np.zeros((height, width), np.uint8)
    box = np.s_[height // 4 : height // 2, width // 4 : width * 3 // 4]
    pixels[box], classes[box] = RED, 3
    return Scene(pixels, classes)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), width=st.sampled_from([32, 64, 96]), height=st.sampled_from([32, 64, 128]))
def test_classes_move_with_their_pixels(seed: int, width: int, height: int) -> None:
    how = Manner(light=0.0, coarse=0.0, lie=0.5, turn=0.5)
    view = seen(scene(), width, height, np.random.default_rng(seed), how, GREY)
    assert view.pixels.shape == (height, width, 3)
    assert view.classes.shape == (height, width)
    is_red = view.pixels[:, :, 0].astype(int) - view.pixels[:, :, 2] > 120  # edges are mixed when resampled
    is_blue = view.pixels[:, :, 2].astype(int) - view.pixels[:, :, 0] > 120
    assert (view.classes[is_red] == 3).mean() > 0.9 if is_red.sum() > 50 else True
    assert (view.classes[is_blue] == 0).mean() > 0.9 if is_blue.sum() > 50 else True


def test_the_same_seed_gives_the_same_view() -> None:
    one, other = (seen(scene(), 64, 64, np.random.default_rng(5), Manner(), GREY) for _ in range(2))
    assert (one.pixels == other.pixels).all()
    assert (one.classes == other.classes).all()


def test_what_nobody_outlined_stays_unknown() -> None:
    hinted = Scene(scene().pixels, np.full((90, 60), UNKNOWN, np.uint8), allowed=4)
    view = seen(hinted, 64, 64, np.random.default_rng(0), UNLIT, GREY)
    assert (view.classes == UNKNOWN).all()
    assert view.allowed == 4


def test_another_ground_leaves_the_thing_as_it_was() -> None:
    put = before(scene(), GREY, np.random.default_rng(1))
    on = put.classes == 3
    assert (put.pixels[on] == RED).all()
    assert not (put.pixels[~on] == BLUE).all(axis=-1).any()


def test_one_thing_laid_over_a_scene_is_the_only_change() -> None:
    thing = Scene(np.full((40, 40, 3), 7, np.uint8), np.full((40, 40), 5, np.uint8))
    laid = pasted(scene(), thing, np.random.default_rng(2))
    changed = laid.classes == 5
    assert changed.any()
    assert (laid.pixels[changed] == 7).all()
    assert (laid.classes[~changed] == scene().classes[~changed]).all()


def person(height: int, left: int, hat: bool) -> Scene:
    """Somebody of class 1 on a blue ground, 16 pixels wide, from `left` on; a red hat of class 8 on top."""
    pixels, classes = np.tile(BLUE, (200, 100, 1)), np.zeros((200, 100), np.uint8)
    body = np.s_[190 - height : 190, left : left + 16]
    pixels[body], classes[body] = 90, 1
    if hat:
        crown = np.s_[190 - height : 190 - height * 9 // 10, left + 2 : left + 14]
        pixels[crown], classes[crown] = RED, 8
    return Scene(pixels, classes)


@pytest.mark.parametrize("seed", range(4))
def test_what_another_wears_comes_to_the_same_place_of_the_body(seed: int) -> None:
    bare, other = person(100, 10, hat=False), person(160, 60, hat=True)
    worn = wearing(bare, other, 8, np.random.default_rng(seed))
    hat = worn.classes == 8
    rows, columns = np.flatnonzero(hat.any(1)), np.flatnonzero(hat.any(0))
    assert (worn.pixels[hat] == RED).all() and (worn.pixels[~hat] == bare.pixels[~hat]).all()
    assert (worn.classes[~hat] == bare.classes[~hat]).all()
    assert rows[0] == pytest.approx(90, abs=2) and rows[-1] == pytest.approx(99, abs=2), "on a head of its size"
    assert columns.mean() == pytest.approx(17.5, abs=1), "in the middle of the body"
    assert not (bare.classes == 8).any(), "the scene itself is as it was"


def test_nobody_and_nothing_to_borrow_leave_a_scene_as_it_is() -> None:
    rng, bare = np.random.default_rng(0), person(100, 10, hat=False)
    empty = Scene(bare.pixels, np.zeros_like(bare.classes))
    assert wearing(bare, bare, 8, rng) is bare
    assert wearing(empty, person(160, 60, hat=True), 8, rng) is empty
    assert wearing(bare, Scene(bare.pixels, np.full_like(bare.classes, UNKNOWN)), 8, rng) is bare
    far = person(160, 60, hat=False)
    far.classes[100:120, 2:8] = 8  # held far to the left, where the other photograph ends
    at_the_edge = person(160, 0, hat=False)
    assert wearing(at_the_edge, far, 8, rng) is at_the_edge


def test_one_class_alone_is_cut_along_its_box() -> None:
    alone = only(scene(), 3)
    assert alone is not None
    assert set(np.unique(alone.classes)) == {0, 3}
    assert alone.classes.size < scene().classes.size
    assert only(scene(), 6) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_paler_thing_is_nearly_white_and_keeps_its_shade(seed: int) -> None:
    dark, light = scene(), scene()
    shaded_pixels = light.pixels.copy()
    shaded_pixels[30:40, 20:40] //= 2  # a fold
    for made in (
        paler(dark, np.random.default_rng(seed)),
        paler(Scene(shaded_pixels, light.classes), np.random.default_rng(seed)),
    ):
        assert made.pixels[made.classes > 0].min() > 180
        assert np.ptp(made.pixels[made.classes > 0].mean(0)) < 10  # hardly a tint
    folded = paler(Scene(shaded_pixels, light.classes), np.random.default_rng(seed)).pixels.astype(int)
    assert folded[35, 30].sum() < folded[25, 30].sum()


@pytest.mark.parametrize("seed", range(3))
def test_grounds_are_pictures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for ground in (plain_ground(rng), part_of(scene().pixels, rng)):
        assert ground.dtype == np.uint8
        assert ground.ndim == 3
        assert ground.size
