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
    )  # what its main picture shows: "type", "colour", "audience", "usage"; never over the shop's own word

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
