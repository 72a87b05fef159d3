"""Wardrobe: every article type the shop sells, how it is drawn and what the truth calls it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from lookalike.testing.drawing import (
    accessories,
    bottomwear,
    carried,
    coats,
    footwear,
    headwear,
    heels,
    onepiece,
    outerwear,
    skirts,
    topwear,
)
from lookalike.testing.drawing.bodies import Body
from lookalike.testing.drawing.pieces import Cut, Fabric, Piece

LABELS = ("topwear", "outerwear", "bottomwear", "one-piece", "footwear", "bag", "headwear", "accessory")

Drawn: TypeAlias = Callable[[Body, Cut, Fabric, bool], list[Piece]]  # body, cut, cloth, seen from behind


@dataclass(frozen=True, slots=True)
class Article:
    """One article type: its label in the truth, its usual material and cut, and how to draw it."""

    label: str
    draw: Drawn
    weave: str
    cut: Cut
    close: tuple[float, float] = (0.56, 0.30)  # what a detail picture shows, as a share of width and height


def _stiff(draw: Callable[[Cut, Fabric, bool], list[Piece]]) -> Drawn:
    """A thing with a shape of its own, for any body."""
    return lambda _, cut, cloth, back: draw(cut, cloth, back)


def extras(*names: str) -> frozenset[str]:
    """The details of a cut."""
    return frozenset(names)


ARTICLES: dict[str, Article] = {
    "t-shirt": Article("topwear", topwear.tee, "jersey", Cut()),
    "tank top": Article("topwear", topwear.tee, "jersey", Cut(neckline="scoop", sleeve=0)),
    "shirt": Article("topwear", topwear.shirt, "poplin", Cut(sleeve=1.0, ease=2)),
    "blouse": Article("topwear", topwear.shirt, "chiffon", Cut(sleeve=0.95, ease=2.6)),
    "polo": Article("topwear", topwear.polo, "jersey", Cut(ease=1.8)),
    "sweater": Article("topwear", topwear.sweater, "knit", Cut(sleeve=1.0, ease=2.6)),
    "cardigan": Article("topwear", topwear.cardigan, "knit", Cut(sleeve=1.0, ease=2.6)),
    "hoodie": Article("topwear", topwear.hoodie, "fleece", Cut(sleeve=1.0, ease=3.4)),
    "denim jacket": Article("outerwear", outerwear.denim_jacket, "denim", Cut(sleeve=1.0, ease=2.2)),
    "bomber jacket": Article("outerwear", outerwear.bomber, "nylon", Cut(sleeve=1.0, ease=3.2)),
    "puffer jacket": Article("outerwear", outerwear.puffer, "nylon", Cut(sleeve=1.0, ease=2)),
    "leather jacket": Article("outerwear", outerwear.biker, "leather", Cut(sleeve=1.0, ease=1.6)),
    "gilet": Article("outerwear", outerwear.gilet, "nylon", Cut(sleeve=0, ease=1.2)),
    "blazer": Article("outerwear", coats.blazer, "wool", Cut(sleeve=1.0, ease=1.6)),
    "coat": Article("outerwear", coats.coat, "wool", Cut(sleeve=1.0, ease=1.8, flare=3), (0.56, 0.22)),
    "parka": Article("outerwear", coats.parka, "canvas", Cut(sleeve=1.0, ease=2.8)),
    "jeans": Article("bottomwear", bottomwear.jeans, "denim", Cut(detail="straight"), (0.40, 0.14)),
    "trousers": Article("bottomwear", bottomwear.trousers, "canvas", Cut(detail="slim"), (0.46, 0.14)),
    "shorts": Article("bottomwear", bottomwear.shorts, "canvas", Cut(detail="straight"), (0.42, 0.22)),
    "leggings": Article("bottomwear", bottomwear.leggings, "stretch", Cut(), (0.60, 0.20)),
    "skirt": Article("bottomwear", skirts.skirt, "poplin", Cut(flare=8, length=6), (0.5, 0.25)),
    "dress": Article(
        "one-piece", onepiece.dress, "poplin", Cut(sleeve=0.3, flare=10, length=6, ease=0.9), (0.54, 0.3)
    ),
    "jumpsuit": Article("one-piece", onepiece.jumpsuit, "linen", Cut(neckline="v", detail="wide"), (0.52, 0.28)),
    "dungarees": Article("one-piece", onepiece.dungarees, "denim", Cut(detail="straight"), (0.5, 0.2)),
    "sneaker": Article("footwear", _stiff(footwear.sneaker), "leather", Cut(), (0.48, 0.62)),
    "boot": Article("footwear", _stiff(footwear.boot), "leather", Cut(extras=extras("chelsea")), (0.4, 0.6)),
    "heel": Article("footwear", _stiff(heels.heel), "suede", Cut(), (0.55, 0.62)),
    "sandal": Article("footwear", _stiff(heels.sandal), "leather", Cut(), (0.5, 0.6)),
    "loafer": Article("footwear", _stiff(footwear.loafer), "leather", Cut(), (0.6, 0.62)),
    "handbag": Article("bag", _stiff(carried.handbag), "leather", Cut(), (0.5, 0.64)),
    "tote bag": Article("bag", _stiff(carried.tote), "canvas", Cut(), (0.6, 0.5)),
    "backpack": Article("bag", _stiff(carried.backpack), "canvas", Cut(), (0.6, 0.5)),
    "cap": Article("headwear", _stiff(headwear.cap), "canvas", Cut(), (0.5, 0.5)),
    "beanie": Article("headwear", _stiff(headwear.beanie), "knit", Cut(), (0.6, 0.6)),
    "hat": Article("headwear", _stiff(headwear.hat), "straw", Cut(), (0.6, 0.6)),
    "bucket hat": Article("headwear", _stiff(headwear.bucket), "canvas", Cut(), (0.5, 0.55)),
    "scarf": Article("accessory", accessories.scarf, "wool", Cut(), (0.5, 0.3)),
    "belt": Article("accessory", _stiff(accessories.belt), "leather", Cut(), (0.5, 0.7)),
    "watch": Article("accessory", _stiff(accessories.watch), "leather", Cut(), (0.5, 0.5)),
    "sunglasses": Article("accessory", _stiff(accessories.sunglasses), "plastic", Cut(), (0.3, 0.5)),
    "tie": Article("accessory", _stiff(accessories.tie), "satin", Cut(), (0.5, 0.12)),
}
