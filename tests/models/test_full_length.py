"""From head to feet or not, by regions whose truth is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from lookalike.models.full_length import is_full_length
from lookalike.models.regions_boxes import figures_of
from lookalike.types import Regions

LABELS = ("background", "person", "topwear", "bottomwear", "footwear", "headwear")
Classes = npt.NDArray[np.uint8]


def somebody(*, shoes: bool = True, hat: bool = False) -> Classes:
    """A person of 200 x 60 pixels in the middle of a picture."""
    classes = np.zeros((240, 120), np.uint8)
    classes[20:50, 50:70] = 1
    classes[50:120, 30:90] = 2
    classes[120:205, 38:82] = 3
    classes[205:220, 34:86] = 4 if shoes else 1
    if hat:
        classes[20:45, 45:75] = 5
    return classes


def judged(classes: Classes) -> bool:
    shares = (np.arange(len(LABELS))[:, None, None] == classes).astype(np.float32)
    regions = Regions(LABELS, shares, classes.shape[1], classes.shape[0])
    return is_full_length(regions, figures_of(regions)[0])


@pytest.mark.parametrize(
    "classes", [somebody(), somebody(shoes=False), somebody(hat=True)], ids=["shod", "bare", "hat"]
)
def test_from_head_to_feet_is_full_length(classes: Classes) -> None:
    assert judged(classes) is True


@pytest.mark.parametrize("height", [60, 90, 120, 160, 190, 204])
def test_cut_off_above_the_feet_it_is_not(height: int) -> None:
    assert judged(somebody()[:height]) is False


def test_cut_off_at_the_head_it_is_not() -> None:
    assert judged(somebody()[40:]) is False
    assert judged(somebody()[60:]) is False


def test_shoes_that_stand_on_the_border_are_whole_and_ankles_are_not() -> None:
    assert judged(somebody()[:220]) is True
    assert judged(somebody(shoes=False)[:212]) is False


def test_half_a_person_above_a_wall_is_not() -> None:
    classes = somebody()
    classes[110:] = 0
    assert judged(classes) is False


def test_what_looks_like_a_shoe_below_a_chest_makes_nobody_whole() -> None:
    classes = somebody()
    classes[95:110, 50:90] = 4  # a bag that was taken for one
    classes[110:] = 0
    assert judged(classes) is False
