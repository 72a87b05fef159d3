"""From what each pixel shows to garments: what belongs together is one, what does not is apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.models.regions_boxes import BACKGROUND, PERSON, RegionsDetector, figures_of, garments_of
from lookalike.testing.drawing.figures import Worn, drawn
from lookalike.testing.drawing.outfits import planned
from lookalike.testing.drawing.styles import STYLES
from lookalike.types import GARMENTS, Box, Detection, Pixels, Regions

LABELS = (BACKGROUND, PERSON, *GARMENTS)
Classes = npt.NDArray[np.uint8]
Edges = tuple[int, int, int, int]  # left, top, right, bottom in pixels


def canvas(width: int = 128, height: int = 192) -> Classes:
    return np.zeros((height, width), np.uint8)


def put(classes: Classes, label: str, *boxes: Edges) -> None:
    for left, top, right, bottom in boxes:
        classes[top:bottom, left:right] = LABELS.index(label)


def regions(classes: Classes, sure: float = 1.0) -> Regions:
    """What a segmenter says that takes each pixel for what it is, and is so sure of it."""
    rest = (1 - sure) / (len(LABELS) - 1)
    shares = np.full((len(LABELS), *classes.shape), rest, np.float32)
    np.put_along_axis(shares, classes[None].astype(np.intp), sure, axis=0)
    return Regions(LABELS, shares, 2 * classes.shape[1], 2 * classes.shape[0])


def dressed(classes: Classes, left: int = 40) -> None:
    """A person from head to feet, 40 wide, in a jacket that is open over a shirt."""
    put(classes, PERSON, (left + 15, 10, left + 25, 30), (left + 12, 150, left + 28, 165))
    put(classes, "topwear", (left + 10, 30, left + 30, 80))
    put(classes, "outerwear", (left, 30, left + 14, 90), (left + 26, 30, left + 40, 90))
    put(classes, "bottomwear", (left + 5, 80, left + 35, 150))
    put(classes, "footwear", (left + 2, 162, left + 16, 172), (left + 24, 162, left + 38, 172))


def pixels_of(box: Box, classes: Classes) -> Edges:
    height, width = classes.shape
    return (
        round(box.left * width),
        round(box.top * height),
        round(box.right * width),
        round(box.bottom * height),
    )


def by_label(found: list[Detection]) -> Counter[str]:
    return Counter(one.label for one in found)


def test_an_open_jacket_is_one_and_so_is_a_pair_of_shoes() -> None:
    classes = canvas()
    dressed(classes)
    found = {one.label: pixels_of(one.box, classes) for one in garments_of(regions(classes))}
    assert found == {
        "topwear": (54, 30, 66, 80),
        "outerwear": (40, 30, 80, 90),
        "bottomwear": (45, 80, 75, 150),
        "footwear": (42, 162, 78, 172),
    }


def test_a_garment_has_the_mask_of_its_own_pixels() -> None:
    classes = canvas()
    dressed(classes)
    for one in garments_of(regions(classes)):
        assert one.mask is not None
        np.testing.assert_array_equal(one.mask, classes == LABELS.index(one.label))


def test_two_people_have_each_their_own() -> None:
    classes = canvas(200)
    dressed(classes, 20)
    dressed(classes, 120)
    figures = figures_of(regions(classes))
    assert [figure.is_person for figure in figures] == [True, True]
    for figure in figures:
        assert by_label(list(figure.garments)) == dict.fromkeys(
            ("topwear", "outerwear", "bottomwear", "footwear"), 1
        )
    assert by_label(garments_of(regions(classes)))["footwear"] == 2


def test_bags_on_either_side_are_two_and_one_crossed_by_an_arm_is_one() -> None:
    classes = canvas(200)
    dressed(classes, 80)
    put(classes, "bag", (60, 90, 78, 115), (122, 90, 140, 115))
    put(classes, PERSON, (76, 80, 82, 95), (118, 80, 124, 95))
    assert by_label(garments_of(regions(classes)))["bag"] == 2
    classes = canvas(200)
    dressed(classes, 80)
    put(classes, "bag", (60, 90, 80, 115))
    put(classes, PERSON, (68, 85, 71, 118))
    assert by_label(garments_of(regions(classes)))["bag"] == 1


def test_shoes_that_came_apart_from_their_person_are_still_theirs() -> None:
    classes = canvas()
    dressed(classes)
    classes[158:162] = 0
    figures = figures_of(regions(classes))
    assert len(figures) == 1
    assert "footwear" in by_label(list(figures[0].garments))


def test_a_pair_of_shoes_that_nobody_wears_is_one_footwear_and_two_pairs_are_two() -> None:
    classes = canvas(300, 150)
    put(classes, "footwear", (20, 60, 70, 85), (25, 95, 75, 120))
    alone = garments_of(regions(classes))
    assert [pixels_of(one.box, classes) for one in alone] == [(20, 60, 75, 120)]
    put(classes, "footwear", (200, 60, 250, 85), (205, 95, 255, 120))
    assert by_label(garments_of(regions(classes))) == {"footwear": 2}


def test_shirts_side_by_side_are_as_many() -> None:
    classes = canvas(300, 150)
    put(classes, "topwear", *((left, 30, left + 60, 110) for left in (20, 110, 200)))
    figures = figures_of(regions(classes))
    assert [figure.is_person for figure in figures] == [False] * 3
    assert by_label(garments_of(regions(classes))) == {"topwear": 3}


def test_a_patch_that_looks_otherwise_does_not_make_a_thing_two() -> None:
    classes = canvas(200, 200)
    put(classes, "topwear", (50, 40, 150, 160))
    put(classes, "outerwear", (60, 50, 80, 80))
    (one,) = garments_of(regions(classes, sure=0.8))
    assert (one.label, pixels_of(one.box, classes)) == ("topwear", (50, 40, 150, 160))
    assert one.mask is not None
    assert one.mask.sum() == 100 * 120, "the patch is part of it"
    assert one.score < 0.8, "and it makes one less sure"


def test_specks_neither_are_garments_nor_widen_one() -> None:
    classes = canvas()
    dressed(classes)
    before = {one.label: one.box for one in garments_of(regions(classes))}
    put(classes, "topwear", (60, 100, 62, 102))
    put(classes, "headwear", (62, 12, 64, 14))
    put(classes, "bag", (5, 5, 7, 7))
    assert {one.label: one.box for one in garments_of(regions(classes))} == before


def test_what_a_jacket_hides_is_less_sure_than_the_jacket() -> None:
    classes = canvas()
    dressed(classes)
    score = {one.label: one.score for one in garments_of(regions(classes, sure=0.9))}
    assert score["topwear"] < 0.6 < score["outerwear"] == pytest.approx(0.9)


@pytest.mark.parametrize("label", [BACKGROUND, PERSON])
def test_no_garment_is_made_of_what_is_none(label: str) -> None:
    classes = np.full((96, 64), LABELS.index(label), np.uint8)
    assert garments_of(regions(classes)) == []


def test_regions_of_a_segmenter_that_knows_no_kinds_give_its_object() -> None:
    plane = np.zeros((60, 60), np.float32)
    plane[10:50, 20:40] = 0.9
    (one,) = garments_of(Regions((BACKGROUND, "object"), np.stack([1 - plane, plane]), 60, 60))
    assert (one.label, one.box) == ("object", Box(20 / 60, 10 / 60, 40 / 60, 50 / 60))


def test_a_detector_of_regions_answers_for_each_picture_in_order() -> None:
    class Drawn:
        labels = LABELS

        def segment(self, pictures: list[Pixels]) -> list[Regions]:
            return [regions(p[:, :, 0]) for p in pictures]

    person, empty = canvas(), canvas()
    dressed(person)
    found = RegionsDetector(Drawn()).detect([np.repeat(c[:, :, None], 3, axis=2) for c in (empty, person, empty)])  # type: ignore[arg-type]
    assert [len(one) for one in found] == [0, 4, 0]
    assert found[1] == sorted(found[1], key=lambda one: -one.score)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(LABELS), st.integers(0, 40), st.integers(0, 40), st.integers(1, 30), st.integers(1, 30)
        ),
        max_size=12,
    )
)
def test_each_box_is_that_of_its_mask_and_no_pixel_is_of_two_garments(
    patches: list[tuple[str, int, int, int, int]],
) -> None:
    classes = canvas(48, 48)
    for label, left, top, width, height in patches:
        put(classes, label, (left, top, left + width, top + height))
    found = garments_of(regions(classes, sure=0.7))
    seen = np.zeros(classes.shape, int)
    for one in found:
        assert one.mask is not None
        rows, columns = np.nonzero(one.mask)
        assert pixels_of(one.box, classes) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert one.label in GARMENTS
        assert 0 < one.score <= 1
        seen += one.mask
    assert seen.max(initial=0) <= 1
    assert not seen[classes == 0].any(), "what is background is of none"


def test_drawn_people_wear_what_they_were_drawn_with() -> None:
    """Each label that is worn once is one box, of all its pixels."""
    for plan in planned(STYLES, seed=5, count=3):
        worn = {slot: Worn(slot, style, colour) for slot, (style, colour) in plan.outfit.items()}
        figure = drawn(worn, kind=plan.kind, seed=plan.seed, place=plan.place)
        classes = figure.body.astype(np.uint8)
        for owner, garment in enumerate(figure.garments, start=1):
            classes[figure.owners == owner] = LABELS.index(garment.style.label)
        classes = classes[::2, ::2]
        found = garments_of(regions(classes))
        for label in ("topwear", "outerwear", "bottomwear", "one-piece", "footwear"):
            truth = classes == LABELS.index(label)
            if truth.mean() > 0.002:
                rows, columns = np.nonzero(truth)
                (one,) = (one for one in found if one.label == label)
                left, top, right, bottom = pixels_of(one.box, classes)
                whole = np.ptp(columns) + 1, np.ptp(rows) + 1
                assert (right - left) * (bottom - top) >= 0.85 * whole[0] * whole[1]


def test_an_accessory_that_is_hardly_seen_is_none_on_a_person_and_one_by_itself() -> None:
    classes = canvas()
    dressed(classes)
    put(classes, "accessory", (55, 34, 65, 44))
    assert by_label(garments_of(regions(classes, sure=0.6)))["accessory"] == 1
    doubted = garments_of(regions(classes, sure=0.5))
    assert by_label(doubted)["accessory"] == 0
    assert by_label(doubted)["footwear"] == 1
    thing = canvas()
    put(thing, "accessory", (30, 60, 90, 120))
    assert by_label(garments_of(regions(thing, sure=0.5))) == {"accessory": 1}
