"""From a photograph to a list for every garment on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import dressed
import numpy as np
import pytest

from lookalike.errors import FilterError, LookalikeError
from lookalike.indexing.job import index
from lookalike.models.attributes import AttributeReader, Head
from lookalike.models.audience import audience_of
from lookalike.recipe import Recipe
from lookalike.recommend import looks
from lookalike.recommend.recommender import Recommender
from lookalike.recommend.rules import Rules
from lookalike.testing import builders
from lookalike.types import GARMENTS, Box, Detection, Filter, KeyPoint, Look, Pixels, Pose, Regions


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A segmenter that knows the small shop's garments by their colours."""
    return dressed.segmenter(tmp_path_factory.mktemp("colours"))


def ids(look: Look, label: str) -> list[list[str]]:
    return [[m.product.id for m in g.matches] for g in look.garments if g.detection.label == label]


def test_each_garment_finds_its_own_product_and_no_other_kind(shop: Recommender, colours: str) -> None:
    look = shop.look(dressed.figure(), k=8, segmenter=colours)
    for label, own, kind in (
        ("topwear", "shirt-a-red", "shirt"),
        ("bottomwear", "trousers-a-blue", "trousers"),
        ("bag", "bag-a-green", "bag"),
    ):
        [found] = ids(look, label)
        assert own in found[:2]  # the other style's own is as red, as blue, as green
        assert {i.partition("-")[0] for i in found} == {kind}
    assert ids(look, "footwear") == [[]]  # the shop has none


def test_what_is_on_a_photograph_is_told(shop: Recommender, colours: str) -> None:
    look = shop.look(dressed.figure(), segmenter=colours)
    assert look.full_length
    assert [g.detection.label for g in look.garments] == ["topwear", "bottomwear", "bag", "footwear"]
    assert len(look.people) == 1
    assert {g.person for g in look.garments} == {0}
    assert look.audience is None  # the small shop's image model reads no department
    cut = shop.look(dressed.figure()[:150], segmenter=colours)
    assert not cut.full_length
    assert cut.garments[0].detection.label == "topwear"


def test_people_beside_each_other_have_their_own_garments(shop: Recommender, colours: str) -> None:
    photo = dressed.beside(dressed.figure(), dressed.figure(bag=False))
    look = shop.look(photo, k=1, segmenter=colours)
    assert len(look.people) == 2
    worn = [(g.person, g.detection.label) for g in look.garments]
    both = [(n, label) for n in (0, 1) for label in ("topwear", "bottomwear", "footwear")]
    assert sorted(worn) == sorted([*both, (0, "bag")])
    assert [p for p, _ in worn] == sorted(p for p, _ in worn)


def test_a_thing_alone_is_one_garment_and_nothing_is_no_garment(shop: Recommender, colours: str) -> None:
    thing = np.full((120, 100, 3), dressed.GROUND, np.uint8)
    thing[20:100, 20:80] = dressed.COLOURS["green"]
    look = shop.look(thing, segmenter=colours)
    assert [(g.detection.label, g.person) for g in look.garments] == [("bag", looks.NOBODY)]
    assert "bag-a-green" in ids(look, "bag")[0][:2]
    assert (look.people, look.full_length) == ((), False)
    empty = shop.look(np.full((120, 100, 3), dressed.GROUND, np.uint8), segmenter=colours)
    assert (empty.garments, empty.people, empty.audience) == ((), (), None)


def test_filters_rules_and_kinds_narrow_every_list(shop: Recommender, shared_store: Path, colours: str) -> None:
    look = shop.look(dressed.figure(), where="price<25", labels=("topwear", "bag"), segmenter=colours)
    assert [g.detection.label for g in look.garments] == ["topwear", "bag"]
    assert all(m.product.price < 25 for g in look.garments for m in g.matches if m.product.price)
    rules = Rules.of([{"name": "no red", "hide": True, "on": "look", "where": {"colour": "red"}}])
    ruled = Recommender.open(shared_store, rules=rules.to_mapping())
    assert "shirt-a-red" not in ids(ruled.look(dressed.figure(), segmenter=colours), "topwear")[0]
    assert ruled.similar("shirt-a-blue", k=20)[0].product.id  # rules on a look leave the others alone
    assert any(m.product.colour == "red" for m in ruled.similar("shirt-b-blue", k=20, variants=True))
    with pytest.raises(LookalikeError, match="no garment is called 'trousers': use topwear, "):
        shop.look(dressed.figure(), labels=("trousers",), segmenter=colours)
    with pytest.raises(FilterError):
        shop.look(dressed.figure(), where="prize<25", segmenter=colours)


def test_an_audience_that_is_said_narrows_and_one_the_shop_does_not_have_does_not(
    shop: Recommender, colours: str
) -> None:
    men = shop.look(dressed.figure(), audience="Men", k=8, segmenter=colours)
    assert {m.product.audience for g in men.garments for m in g.matches} == {"Men"}
    assert (men.audience.value, men.audience.confidence) == ("Men", 1.0) if men.audience else False
    nobody = shop.look(dressed.figure(), audience="Giants", k=8, segmenter=colours)
    assert {m.product.audience for g in nobody.garments for m in g.matches} == {"Women", "Men"}


def test_a_guess_narrows_only_from_the_confidence_that_is_asked_for(
    shared_store: Path, colours: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Recommender.open(shared_store)
    dim = shop.store.header.dims["image"]
    rows = np.zeros((2, dim), np.float32)
    rows[0, 0] = rows[1, 1] = 1
    reader = AttributeReader({"audience": Head(("Women", "Men"), rows, 0.0)})  # knows nothing: half and half
    monkeypatch.setitem(shop.__dict__, "_attributes", reader)
    for at_least, audiences in ((None, {"Women", "Men"}), (0.6, {"Women", "Men"}), (0.4, {"Women"})):
        look = shop.look(dressed.figure(), k=8, audience_at_least=at_least, segmenter=colours)
        assert look.audience is not None
        assert look.audience.value == "Women"
        assert {m.product.audience for g in look.garments for m in g.matches} == audiences
    assert shop.look(dressed.figure(), audience=False, audience_at_least=0.0, segmenter=colours).audience is None


def test_garments_that_agree_are_as_sure_as_they_are_and_those_that_differ_less() -> None:
    head = Head(("Women", "Men"), np.eye(2, dtype=np.float32), 4.0)
    reader = AttributeReader({"audience": head})
    hers, his = np.array([[0.9, 0.3]], np.float32), np.array([[0.3, 0.9]], np.float32)
    alone = audience_of(reader, hers)
    together = audience_of(reader, np.concatenate([hers, hers, hers]))
    torn = audience_of(reader, np.concatenate([hers, hers, his]))
    assert alone and together and torn
    assert alone.value == together.value == torn.value == "Women"
    assert together.confidence == pytest.approx(alone.confidence, abs=1e-4)
    assert 0.5 < torn.confidence < alone.confidence
    assert audience_of(reader, np.zeros((2, 2), np.float32)) is None
    assert audience_of(AttributeReader({}), hers) is None
    assert audience_of(None, hers) is None


class Boxes:
    """A detector without masks."""

    def __init__(self, *found: Detection) -> None:
        self._found = list(found)

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
        return [self._found for _ in pictures]


def test_what_is_not_sure_enough_is_no_garment(shop: Recommender, colours: str) -> None:
    found = [Detection(Box(0.3, 0.2, 0.7, 0.5), label, score) for label, score in (("topwear", 0.6), ("bag", 0.2))]
    for sure_from, labels in ((0.25, ["topwear"]), (0.0, ["topwear", "bag"]), (0.7, [])):
        look = shop.look(dressed.figure(), segmenter=colours, detector=Boxes(*found), sure_from=sure_from)
        assert [g.detection.label for g in look.garments] == labels


def test_a_detectors_boxes_take_the_place_of_regions(shop: Recommender, colours: str) -> None:
    shirt = Detection(Box(0.31, 0.22, 0.69, 0.48), "topwear", 0.9)
    far = Detection(Box(0.0, 0.0, 0.05, 0.05), "headwear", 0.5)
    cat = Detection(Box(0.0, 0.5, 0.2, 0.9), "cat", 0.9)
    look = shop.look(dressed.figure(), k=3, segmenter=colours, detector=Boxes(far, shirt, cat))
    assert [(g.detection.label, g.person) for g in look.garments] == [("topwear", 0), ("headwear", looks.NOBODY)]
    assert "shirt-a-red" in ids(look, "topwear")[0]


class Poses:
    """A model of poses for which everybody shows their back."""

    def estimate(
        self, pictures: Sequence[Pixels], boxes: Sequence[Sequence[Box]] | None = None
    ) -> list[list[Pose]]:
        places = {
            "left shoulder": (0.3, 0.3),
            "right shoulder": (0.7, 0.3),
            "left hip": (0.4, 0.6),
            "right hip": (0.6, 0.6),
        }
        points = {name: KeyPoint(x, y, 0.9) for name, (x, y) in places.items()}
        return [[Pose(points) for _ in of] for of in boxes or ()]


def test_which_way_people_face_is_told_by_a_pose_alone(shop: Recommender, colours: str) -> None:
    photo = dressed.beside(dressed.figure(), dressed.figure())
    assert [p.facing for p in shop.look(photo, k=1, segmenter=colours).people] == ["", ""]
    look = shop.look(photo, k=1, segmenter=colours, pose=Poses())
    assert [p.facing for p in look.people] == ["back", "back"]


class Nothing:
    """A segmenter that takes all for background."""

    labels = ("background", "topwear")

    def segment(self, pictures: Sequence[Pixels]) -> list[Regions]:
        shares = np.stack([np.ones((8, 8), np.float32), np.zeros((8, 8), np.float32)])
        return [Regions(self.labels, shares, p.shape[1], p.shape[0]) for p in pictures]


def test_a_garment_is_shown_alone_and_without_a_mask_with_its_box() -> None:
    photo = np.full((40, 20, 3), 90, np.uint8)
    photo[10:20, 5:15] = (200, 0, 0)
    mask = np.zeros((20, 10), np.bool_)
    mask[5:10, 3:7] = True
    masked = looks.alone(photo, Detection(Box(0, 0, 1, 1), "topwear", 1.0, mask))
    assert masked.shape == (10, 8, 3)
    assert (masked == (200, 0, 0)).all()
    boxed = looks.alone(photo, Detection(Box(0, 0, 1, 0.5), "topwear", 1.0))
    assert boxed.shape == (20, 20, 3)
    assert looks.take_apart(photo, segmenter=Nothing()).garments == ()


def test_only_what_is_known_to_be_of_another_kind_is_barred_and_in_an_old_store_nothing() -> None:
    knows = replace(builders.header(), predicted=("garment",))
    shirt = Detection(Box(0, 0, 1, 1), "topwear", 0.9)
    [condition] = looks.part_of_shop(shirt, knows).none_of[0].conditions
    assert set(condition.value if isinstance(condition.value, tuple) else ()) == {*GARMENTS, "other"} - {"topwear"}
    assert looks.part_of_shop(shirt, builders.header()) == Filter()
    assert looks.part_of_shop(replace(shirt, label="object"), knows) == Filter()


def test_a_product_of_which_no_kind_is_known_may_answer_for_any_garment(
    catalogue: Path, tmp_path: Path, colours: str
) -> None:
    rows = catalogue.read_text("utf-8").replace("Women/shirt", "Women/new").replace("red shirt a", "something")
    feed = catalogue.with_name("unnamed.csv")
    feed.write_text(rows, "utf-8")
    index(feed, tmp_path / "store", recipe=Recipe(image="gradients", text="hashed-words"))
    shop = Recommender.open(tmp_path / "store")
    assert "garment" not in shop.product("shirt-a-red").predicted
    look = shop.look(dressed.figure(), k=24, segmenter=colours)
    assert all("shirt-a-red" in found for label in ("topwear", "bag", "footwear") for found in ids(look, label))
