"""Masks are numbers of classes in a PNG, and what is no such thing is an error of one line."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from lookalike.errors import PictureError
from lookalike.media.masks import bounds, box_around, decode_mask, encode_mask

CLASSES = arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=20))


@given(CLASSES)
def test_what_is_encoded_is_decoded(classes: np.ndarray) -> None:
    assert np.array_equal(decode_mask(encode_mask(classes)), classes)


def test_neighbouring_classes_have_colours_that_are_told_apart() -> None:
    colours = np.array(Image.open(io.BytesIO(encode_mask(np.arange(256, dtype=np.uint8)[None]))).convert("RGB"))
    assert tuple(colours[0, 0]) == (0, 0, 0)
    assert len(np.unique(colours[0], axis=0)) == 256
    assert np.abs(np.diff(colours[0].astype(int), axis=0)).max(1).min() >= 64


def test_colours_that_were_flattened_name_no_class() -> None:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(out, "PNG")
    with pytest.raises(PictureError, match="mode RGB has colours, not classes"):
        decode_mask(out.getvalue())


@given(st.data())
def test_damaged_bytes_are_a_mask_or_a_picture_error(data: st.DataObject) -> None:
    whole = bytearray(encode_mask(np.arange(64, dtype=np.uint8).reshape(8, 8)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert decode_mask(bytes(whole)).dtype == np.uint8
    except PictureError as error:
        assert "\n" not in str(error)


@given(arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)).filter(np.any))
def test_the_bounds_of_a_mask_are_the_smallest_that_hold_it(mask: np.ndarray) -> None:
    left, top, right, bottom = bounds(mask)
    inside = mask[top:bottom, left:right]
    assert inside.sum() == mask.sum()
    assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()
    box = box_around(mask)
    height, width = mask.shape
    assert (box.left * width, box.bottom * height) == pytest.approx((left, bottom))
