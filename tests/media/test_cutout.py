"""A garment out of its photograph: its own pixels untouched, and no mask believed that finds nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lookalike.errors import LookalikeError
from lookalike.media.cutout import cleaned, cut_from, cut_out, labels_of, mask_of
from lookalike.media.decoding import decode
from lookalike.media.framing import letterbox
from lookalike.media.masks import decode_mask
from lookalike.testing import sample_shop
from lookalike.types import GARMENTS, Mask, Pixels, Regions

PARSED = ("background", "person", *GARMENTS)
SIZES = st.tuples(st.integers(1, 24), st.integers(1, 24))
some = settings(deadline=None, max_examples=50)  # scipy may only be loading
MASKS = SIZES.flatmap(lambda size: arrays(np.bool_, size))


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8)


def sure(masks: dict[str, Mask], labels: tuple[str, ...] = PARSED) -> Regions:
    """Regions that have no doubt: each label where its mask is, the first label elsewhere."""
    height, width = next(iter(masks.values())).shape
    shares = np.zeros((len(labels), height, width), np.float32)
    shares[0] = 1
    for label, mask in masks.items():
        shares[:, mask] = 0
        shares[labels.index(label), mask] = 1
    return Regions(labels, shares, width, height)


def shirt(height: int = 120, width: int = 80) -> Mask:
    mask = np.zeros((height, width), np.bool_)
    mask[height // 6 : height // 2, width // 4 : -width // 4] = True
    return mask


@some
@given(MASKS, st.booleans())
def test_a_pixel_that_is_kept_is_the_same_to_the_last_bit_and_all_others_are_white(
    mask: Mask, enlarge: bool
) -> None:
    pixels = noise(*mask.shape)
    found = cut_out(pixels, mask, enlarge=enlarge)
    expected = np.where(mask[..., None], pixels, 255)
    if enlarge and mask.any():
        rows, columns = np.nonzero(mask)
        expected = expected[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    np.testing.assert_array_equal(found, expected)


def test_what_is_enlarged_fills_the_canvas_and_keeps_its_aspect() -> None:
    pixels, mask = noise(200, 300), np.zeros((200, 300), np.bool_)
    mask[50:90, 100:120] = True
    found = cut_out(pixels, mask)
    assert found.shape == (40, 20, 3)
    square = letterbox(found, 224)
    assert (square[:, 60:164] != 255).any(axis=(1, 2)).all(), "from the upper edge to the lower"
    assert (square[:, :56] == 255).all()


@pytest.mark.parametrize("kernel", [2, 3, 4, 7])
@some
@given(mask=MASKS)
def test_cleaning_twice_is_cleaning_once(kernel: int, mask: Mask) -> None:
    once = cleaned(mask, kernel)
    assert once.shape == mask.shape
    np.testing.assert_array_equal(cleaned(once, kernel), once)


@some
@given(MASKS, st.sampled_from([0, 1]))
def test_a_kernel_of_a_pixel_changes_nothing(mask: Mask, kernel: int) -> None:
    np.testing.assert_array_equal(cleaned(mask, kernel), mask)


def test_cleaning_takes_specks_and_pinholes_and_leaves_what_touches_the_border() -> None:
    mask = np.zeros((40, 40), np.bool_)
    mask[:20, :20] = True
    garment = mask.copy()
    mask[10, 10] = False
    mask[30, 30] = True
    np.testing.assert_array_equal(cleaned(mask, 3), garment)


@some
@given(SIZES, SIZES, st.floats(0.01, 0.99))
def test_a_mask_has_the_size_of_its_picture_whatever_the_network_saw(
    picture: tuple[int, int], network: tuple[int, int], threshold: float
) -> None:
    shares = np.random.default_rng(2).dirichlet(np.ones(3), network).astype(np.float32).transpose(2, 0, 1)
    regions = Regions(("background", "topwear", "bag"), shares, picture[1], picture[0])
    for limit in ("argmax", threshold):
        mask = mask_of(regions, ["topwear", "bag"], limit)
        assert mask.shape == picture
        assert mask.dtype == np.bool_


@some
@given(SIZES)
def test_at_the_size_of_the_network_argmax_is_argmax_and_a_threshold_a_sum(size: tuple[int, int]) -> None:
    shares = np.random.default_rng(3).dirichlet(np.ones(4), size).astype(np.float32).transpose(2, 0, 1)
    regions = Regions(("background", "topwear", "bag", "headwear"), shares, size[1], size[0])
    np.testing.assert_array_equal(mask_of(regions, ["topwear", "headwear"]), np.isin(shares.argmax(0), [1, 3]))
    np.testing.assert_array_equal(mask_of(regions, ["topwear", "bag"], 0.6), shares[1] + shares[2] >= 0.6)


def test_an_outline_between_the_network_s_pixels_is_straight() -> None:
    """Bilinear, not in steps of the network's pixels; the halves of a tall picture fit together."""
    slope = np.clip((np.arange(64)[:, None] - np.arange(64) + 0.5) / 8 + 0.5, 0, 1).astype(np.float32)
    regions = Regions(("background", "topwear"), np.stack([1 - slope, slope]), 1_500, 1_500)
    outline = mask_of(regions, ["topwear"])[100:-100].argmin(axis=1)
    assert np.abs(np.diff(outline) - 1).max() <= 1
    assert np.abs(outline - np.arange(100, 1_400)).max() < 30


def test_the_words_for_parts_stand_for_labels() -> None:
    assert labels_of("garments", PARSED) == GARMENTS
    assert labels_of("upper", PARSED) == ("topwear", "outerwear")
    assert labels_of("lower", PARSED) == ("bottomwear",)
    assert set(labels_of("full", PARSED)) == {"one-piece", "topwear", "outerwear", "bottomwear"}
    assert labels_of("bag", PARSED) == ("bag",)
    assert labels_of("person", PARSED) == ("person",)
    assert labels_of("upper", ("background", "topwear")) == ("topwear",)
    assert labels_of("garments", ("background", "object")) == ("object",)


def test_a_part_that_a_segmenter_does_not_know_is_an_error() -> None:
    with pytest.raises(LookalikeError, match=r"no 'upper' .*: it knows background, object"):
        labels_of("upper", ("background", "object"))
    with pytest.raises(LookalikeError, match="no 'hat'"):
        cut_from(noise(120, 80), sure({"topwear": shirt()}), part="hat")


def test_a_part_is_cut_out_alone() -> None:
    pixels, upper = noise(120, 80), shirt()
    lower = np.zeros_like(upper)
    lower[60:110, 30:50] = True
    regions = sure({"topwear": upper, "bottomwear": lower})
    for part, mask in (("upper", upper), ("lower", lower), ("garments", upper | lower), ("full", upper | lower)):
        found = cut_from(pixels, regions, part=part)
        np.testing.assert_array_equal(found.mask, mask)
        np.testing.assert_array_equal(found.pixels, cut_out(pixels, mask))
        assert not found.left
        assert found.share == pytest.approx(mask.mean())


@pytest.mark.parametrize(
    ("covered", "words"), [(0, "no topwear was found"), (1, "all of it is taken for topwear")]
)
def test_a_mask_of_nothing_or_everything_leaves_the_picture_and_says_so(covered: int, words: str) -> None:
    pixels = noise(60, 60)
    regions = sure({"topwear": np.full((60, 60), bool(covered))})
    found = cut_from(pixels, regions, part="topwear")
    assert found.pixels is pixels
    assert found.left == words
    assert found.share == covered


def test_a_threshold_takes_a_garment_whose_kind_is_in_doubt() -> None:
    shares = np.zeros((len(PARSED), 30, 30), np.float32)
    shares[0] = 1
    shares[:, 5:25, 5:25] = 0
    for label, share in (("background", 0.4), ("topwear", 0.3), ("outerwear", 0.3)):
        shares[PARSED.index(label), 5:25, 5:25] = share
    regions = Regions(PARSED, shares, 30, 30)
    assert cut_from(noise(30, 30), regions).left
    assert not cut_from(noise(30, 30), regions, threshold=0.5).left


WHITE = sorted(p.stem for p in (sample_shop() / "masks").glob("*-white.png"))


def drawn(product: str) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    shop = sample_shop()
    pixels = decode((shop / "images" / f"{product}-main.jpg").read_bytes())
    return pixels, decode_mask((shop / "masks" / f"{product}.png").read_bytes()) > 0


@pytest.mark.parametrize("product", WHITE)
def test_a_white_shirt_on_white_is_kept(product: str) -> None:
    """By a segmenter that knows where it is: nothing of it is lost for being as white as the ground."""
    pixels, truth = drawn(product)
    pixels = np.where(truth[..., None], pixels, np.uint8(255))
    found = cut_from(pixels, sure({"topwear": truth}), enlarge=False)
    assert not found.left
    assert (found.mask & truth).sum() > 0.99 * truth.sum()
    np.testing.assert_array_equal(found.pixels[found.mask], pixels[found.mask])
