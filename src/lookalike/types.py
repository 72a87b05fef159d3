"""The nouns of lookalike: facts, frozen, with no behaviour that touches disk or network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]  # (height, width, 3), RGB, 0..255
Mask: TypeAlias = npt.NDArray[np.bool_]  # (height, width), True on the object
Vector: TypeAlias = npt.NDArray[np.float32]  # (dim,)
Vectors: TypeAlias = npt.NDArray[np.float32]  # (n, dim); rows of unit length, or zeros where a part is missing

PARTS = ("image", "text", "colour")  # what a vector is made of, in this order
GARMENTS = (  # what a garment on a picture may be, in this order
    "topwear",
    "outerwear",
    "bottomwear",
    "one-piece",
    "footwear",
    "bag",
    "headwear",
    "accessory",
)
NOT_WORN = "other"  # what a product is that is none of them: perfume, towels

Progress: TypeAlias = Callable[[str, int, int], None]  # stage, done, total (0 where it is not known)

Scalar: TypeAlias = str | float | int | bool
Value: TypeAlias = Scalar | tuple[str, ...]  # one cell of a catalogue; a tuple where a cell lists several


@dataclass(frozen=True, slots=True)
class Guess:
    """What a model takes something for."""

    value: str
    confidence: float  # 0..1, calibrated: of guesses at 0.8, four in five are right


@dataclass(frozen=True, slots=True)
class Product:
    """One sellable thing, as the shop describes it. Only `id` is required."""

    id: str
    title: str = ""
    description: str = ""  # plain text, never HTML
    group: str = ""  # the style that its variants share; its own id where the shop has no variants
    images: tuple[str, ...] = ()  # paths or URLs, the main view first
    price: float | None = None
    currency: str = ""  # ISO 4217 where the shop says, such as "EUR"
    in_stock: bool | None = None
    category: str = ""  # the most specific path, "Men/Tops/Tees"
    categories: tuple[str, ...] = ()  # every path and its ancestors: "Men", "Men/Tops", "Men/Tops/Tees"
    audience: str = ""  # the department it is sold in, in the shop's own word: "Women", "Boys"
    brand: str = ""
    colour: str = ""
    attributes: Mapping[str, Value] = field(
        default_factory=dict
    )  # every further column, by the shop's name for it
    predicted: Mapping[str, Guess] = field(
        default_factory=dict
    )  # what its main picture shows, never over the shop's own word: "type", "colour", "audience", "usage"; and
    # its kind of "garment", which the shop's words say first

    @property
    def style(self) -> str:
        """What variants have in common: the group, or the product's own id."""
        return self.group or self.id


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not become a product, or a picture of it that could not be used, and why."""

    line: int  # where the row begins in its file, from 1; 0 where a source has no lines
    id: str
    reason: str
    source: str = ""  # the file


@dataclass(frozen=True, slots=True)
class Upserted:
    """What became of one row."""

    id: str
    status: Literal["stored", "unchanged", "rejected"]
    reason: str = ""  # why a row was rejected, or a picture of it was left out


@dataclass(frozen=True, slots=True)
class View:
    """One picture of a product. View 0 is the main one."""

    product_id: str
    number: int
    picture: str  # path or URL
    key: str = ""  # hash of the picture's bytes; equal keys are the same picture


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle as fractions of the picture's width and height, 0..1, from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise ValueError(
                f"box {self.left, self.top, self.right, self.bottom}: give left, top, right, bottom, 0..1"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """What a segmenter takes each pixel of a picture for.

    shares: how likely each label is, 0..1, over the whole picture, at the network's own resolution; they add up
    to 1 over the labels.  # (labels, h, w), float32
    """

    labels: tuple[str, ...]
    shares: npt.NDArray[np.float32]
    width: int  # of the picture, pixels
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One garment, or another thing, on a picture."""

    box: Box
    label: str  # one of `GARMENTS`, or a detector's own label where that is none
    score: float  # 0..1
    mask: Mask | None = (
        None  # of the whole picture, at any resolution of its aspect; None from a detector of boxes
    )


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """A place on a body."""

    x: float  # fractions of the picture's width and height; below 0 or above 1 where it is guessed to lie outside
    y: float
    confidence: float  # 0..1: that it is there, and seen


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """How somebody on a photograph stands: their key points by name, such as "nose" or "left knee" (their own).

    A pose without points says that nobody was found.
    """

    points: Mapping[str, KeyPoint]
    aspect: float = 1.0  # width over height of the picture


Operator: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "exists"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one column: `price lt 50`."""

    column: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that must all hold, and filters none of which may. An empty filter lets everything pass."""

    conditions: tuple[Condition, ...] = ()
    none_of: tuple[Filter, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.conditions or self.none_of)

    def __and__(self, other: Filter) -> Filter:
        """What passes both."""
        return Filter(self.conditions + other.conditions, self.none_of + other.none_of)


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is looked for: a unit vector for each part, and how much each part counts.

    A part that is absent, or weighs nothing, is not looked at.
    """

    parts: Mapping[str, Vector]
    weights: Mapping[str, float]
    like: str = ""  # the product of which the parts are those of its main view, where they are

    @property
    def active(self) -> tuple[str, ...]:
        """The parts that count, in the order of `PARTS`."""
        return tuple(p for p in PARTS if p in self.parts and self.weights.get(p, 0.0) > 0)


@dataclass(frozen=True, slots=True)
class Match:
    """One answer: a product, how like the query it is, and why."""

    product: Product
    score: float  # 0..1, calibrated on the catalogue: how rarely two of its products are so alike
    parts: Mapping[str, float]  # how much each part gave; they add up to the cosine
    view: View  # the picture of the product that was most like the query
    cosine: float = 0.0  # -1..1, the weighted mean of the parts' cosines, before calibration
    likeness: Mapping[str, float] = field(default_factory=dict)  # 0..1, each part by itself, calibrated alike
    duplicates: tuple[str, ...] = ()  # ids of products with nearly the same picture, which this one stands for
    rules: tuple[str, ...] = ()  # the shop's rules that moved it, by name


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a photograph."""

    box: Box
    full_length: bool  # from the head to the feet
    facing: str = ""  # "front", "side" or "back"; empty where it cannot be told


@dataclass(frozen=True, slots=True)
class Garment:
    """A garment on a photograph, and the products like it."""

    detection: Detection
    matches: tuple[Match, ...]
    person: int = -1  # the place in `Look.people` of who wears it; -1: nobody


@dataclass(frozen=True, slots=True)
class Look:
    """A photograph taken apart: who is on it, and for each garment its own list. The primary one comes first."""

    full_length: bool  # whether the first person is shown from head to feet
    audience: Guess | None  # a guess at the department that the look is from; None where none was made
    garments: tuple[Garment, ...]
    people: tuple[Person, ...] = ()
