"""What goes over the wire: the shapes of questions and answers, and how the library's facts become them.

What a product does not say is null. Addresses of thumbnails are paths on this server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from lookalike import types
from lookalike.media.fetching import is_url

MOST = 200  # matches in one answer
_PAGES = ("url", "link", "product_url", "product_link", "page")  # attributes that may hold a product's own page

Count = Annotated[int, Field(ge=1, le=MOST, description="How many matches.")]
Fraction = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[float, Field(ge=0, le=1, description="A fraction of the picture's width or height.")]
Weight = Annotated[float, Field(ge=0, le=1000)]
Text = Annotated[str, Field(max_length=2000)]
Id = Annotated[str, Field(max_length=1000)]
FILTERS = (  # how they are written in a query
    "FIELD=VALUE, FIELD=A,B, price<50, in_stock, !in_stock; or JSON, which can say every value: "
    '`{"brand": "Day, Birger"}`. May be given again.'
)
Where = Annotated[
    list[str | dict[str, Any]] | dict[str, Any],
    Field(
        description="A filter: `['gender=Women', 'price<50']` or `{'gender': 'Women', 'price': {'lt': 50}}`.",
        examples=[["gender=Women", "price<50"], {"colour": ["Red", "Navy"], "in_stock": True}],
    ),
]


class _Strict(BaseModel):
    """A question: a field that nobody knows, or text for a number, is an error: a slip of the pen is seen."""

    model_config = ConfigDict(extra="forbid", strict=True)


# -- questions ---------------------------------------------------------------------------------------------------


class SimilarQuery(BaseModel):
    """What may be said of the products that are to be like one of the shop's own: the parameters of a path."""

    model_config = ConfigDict(frozen=True)

    k: Count = 7
    text: Text = Field("", description="Words that change it: 'but in red'.")
    where: tuple[str, ...] = Field((), description=FILTERS)
    weights: str = Field("", description="How much each part counts.", examples=["image:1,colour:0.3"])
    same: tuple[str, ...] = Field((), description="Columns in which a match has the product's value.")
    by_group: bool = Field(False, description="Of each style only the best product.")
    variety: Fraction = Field(0.0, description="Trade likeness for difference.")
    rules: bool = Field(True, description="Whether the shop's rules apply.")
    explain: bool = Field(False, description="Say of each match why it is one.")


class Search(_Strict):
    """What is looked for: words, a picture, products that are liked, or several of these."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "red summer dress", "k": 3},
                {"like": ["drs-501-red"], "weights": {"colour": 0.2}, "where": ["price<50"], "explain": True},
            ]
        },
    )

    text: Text | None = Field(None, description="Words; beside a picture they change it: 'but in red'.")
    image_url: Annotated[str, Field(max_length=4000)] | None = Field(
        None, description="A picture by its http or https address."
    )
    like: Annotated[list[Id], Field(max_length=50)] = Field([], description="Ids of products to come near to.")
    dislike: Annotated[list[Id], Field(max_length=50)] = Field(
        [], description="Ids of products to keep away from."
    )
    weights: dict[str, Weight] | None = Field(
        None, description="How much picture, words and colour count.", examples=[{"image": 1, "colour": 0.3}]
    )
    box: Annotated[list[Side], Field(min_length=4, max_length=4)] | None = Field(
        None, description="Look only at this part of the picture: left, top, right, bottom as fractions."
    )
    where: Where = []
    rules: bool = Field(True, description="Whether the shop's rules apply.")
    k: Count = 7
    by_group: bool = Field(False, description="Of each style only the best product.")
    variety: Fraction = Field(0.0, description="Trade likeness for difference among the matches.")
    at_least: Fraction | None = Field(
        None, description="The lowest score that is an answer; 0 answers whatever comes nearest."
    )
    explain: bool = Field(False, description="Say of each match why it is one.")


class LookQuery(_Strict):
    """What to find on a photograph."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"image_url": "https://shop.example/street.jpg", "k": 3}]},
    )

    image_url: Annotated[str, Field(max_length=4000)] | None = Field(
        None, description="A photograph by its http or https address."
    )
    k: Count = 7
    where: Where = []
    weights: dict[str, Weight] | None = Field(None, description="How much picture, words and colour count.")
    labels: Annotated[list[str], Field(max_length=20)] = Field(
        [], description=f"Only these kinds of garments: {', '.join(types.GARMENTS)}."
    )
    audience: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="The department to search in; guessed, and only told, when not given."
    )
    rules: bool = Field(True, description="Whether the shop's rules apply.")
    explain: bool = Field(False, description="Say of each match why it is one.")


# -- answers -----------------------------------------------------------------------------------------------------


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:lookalike:product-not-found",
                    "title": "Product not found",
                    "status": 404,
                    "detail": "no product 'B012' in shop (48,210 products); nearest ids: B0121, B0122",
                }
            ]
        }
    )

    type: str = Field(description="`urn:lookalike:` and the kind of error, or about:blank.")
    title: str
    status: int
    detail: str = Field(description="What happened, the value, what to do: one line.")


class Predicted(BaseModel):
    """What a model takes something for."""

    label: str
    confidence: float = Field(description="0..1, calibrated.")


class Product(BaseModel):
    """A product as the shop describes it."""

    id: str
    title: str | None
    group: str = Field(description="The style that its variants share.")
    description: str | None
    brand: str | None
    category: str | None
    audience: str | None
    colour: str | None
    price: float | None
    currency: str | None
    in_stock: bool | None
    url: str | None = Field(description="Its own page in the shop.")
    images: list[str] = Field(description="Addresses of its pictures, the main view first.")
    thumbnail: str | None = Field(description="Its main picture, small, on this server.")
    attributes: dict[str, Any] = Field(description="Every further column, by the shop's name for it.")
    predicted: dict[str, Predicted] = Field(description="What its main picture shows, where the shop is silent.")


class Match(BaseModel):
    """One answer: a product, how like the query it is, and why."""

    id: str
    score: float = Field(description="0..1: how rarely two products of this catalogue are so alike.")
    title: str | None
    group: str
    image: str | None = Field(description="The picture that was most like the query.")
    parts: dict[str, float] = Field(description="What picture, words and colour gave; together the cosine.")
    thumbnail: str | None
    view: int = Field(description="Which of the product's pictures it is, from 0.")
    cosine: float
    likeness: dict[str, float] = Field(description="0..1, each part by itself.")
    price: float | None
    currency: str | None
    in_stock: bool | None
    brand: str | None
    category: str | None
    audience: str | None
    colour: str | None
    url: str | None
    attributes: dict[str, Any]
    duplicates: list[str] = Field(description="Products with nearly the same picture, which it stands for.")
    rules: list[str] = Field(description="The shop's rules that moved it, by name.")
    reasons: list[str] | None = Field(None, description="Why it is a match, in sentences, where asked for.")


class Matches(BaseModel):
    """The answer to a question."""

    query: dict[str, Any] = Field(description="The question as it was understood.")
    matches: list[Match]
    nothing_like_it: bool = Field(description="The question is as foreign to this shop as a picture of nothing.")


class Products(BaseModel):
    """Products of the shop."""

    products: list[Product]


class Person(BaseModel):
    """Somebody on a photograph."""

    box: list[float]
    full_length: bool
    facing: str | None


class Garment(BaseModel):
    """A garment on a photograph, and the products like it."""

    box: list[float] = Field(description="Left, top, right, bottom as fractions.")
    label: str
    score: float
    person: int = Field(description="The place in `people` of who wears it; -1: nobody.")
    matches: list[Match]


class Look(BaseModel):
    """A photograph taken apart."""

    full_length: bool = Field(description="Whether the first person is shown from head to feet.")
    audience: Predicted | None = Field(description="A guess at the department that the look is from.")
    people: list[Person]
    garments: list[Garment]


class FacetValue(BaseModel):
    """One value of a field, and how many products have it."""

    value: str
    count: int


class Facets(BaseModel):
    """What there is to filter by."""

    total: int = Field(description="How many products pass the filter.")
    facets: dict[str, list[FacetValue]] = Field(description="For each field its commonest values.")
    ranges: dict[str, list[float]] = Field(description="For each field of numbers the least and the greatest.")


class MapPoint(BaseModel):
    """Where a product lies on the map: across and down, 0..1."""

    id: str
    x: float
    y: float
    title: str | None
    thumbnail: str


class Map(BaseModel):
    """The catalogue with what is alike side by side."""

    points: list[MapPoint]
    total: int = Field(description="How many products lie on the whole map.")


class Drawing(BaseModel):
    """What there is in the place of a map that is not done yet."""

    status: Literal["drawing"] = "drawing"


class Health(BaseModel):
    """Whether the server does its work."""

    status: str
    products: int | None = None


# -- from the library to the wire --------------------------------------------------------------------------------


def product(of: types.Product, *, root: str = "") -> Product:
    """root: what the paths of this server begin with, behind a proxy."""
    return Product(
        **_facts(of),
        description=of.description or None,
        images=[picture(of.id, at, one, root=root) for at, one in enumerate(of.images)],
        thumbnail=thumbnail(of.id, root=root) if of.images else None,
        predicted={name: predicted(guess) for name, guess in of.predicted.items()},
    )


def _facts(of: types.Product) -> dict[str, Any]:
    """What the shop says of a product, in an answer as by itself."""
    return {
        "id": of.id,
        "title": of.title or None,
        "group": of.style,
        "brand": of.brand or None,
        "category": of.category or None,
        "audience": of.audience or None,
        "colour": of.colour or None,
        "price": of.price,
        "currency": of.currency or None,
        "in_stock": of.in_stock,
        "url": page_of(of.attributes),
        "attributes": attributes(of.attributes),
    }


def match(of: types.Match, *, root: str = "", reasons: Sequence[str] | None = None) -> Match:
    item, view = of.product, of.view
    return Match(
        **_facts(item),
        score=round(of.score, 6),
        image=picture(item.id, view.number, view.picture, root=root) if view.picture else None,
        parts={part: round(share, 6) for part, share in of.parts.items()},
        thumbnail=thumbnail(item.id, view=view.number, root=root) if view.picture else None,
        view=view.number,
        cosine=round(of.cosine, 6),
        likeness={part: round(share, 6) for part, share in of.likeness.items()},
        duplicates=list(of.duplicates),
        rules=list(of.rules),
        reasons=list(reasons) if reasons is not None else None,
    )


def look(of: types.Look, matches: Sequence[Sequence[Match]]) -> Look:
    """matches: for each garment, in order."""
    return Look(
        full_length=of.full_length,
        audience=predicted(of.audience) if of.audience else None,
        people=[
            Person(box=box(one.box), full_length=one.full_length, facing=one.facing or None) for one in of.people
        ],
        garments=[
            Garment(
                box=box(one.detection.box),
                label=one.detection.label,
                score=round(one.detection.score, 6),
                person=one.person,
                matches=list(found),
            )
            for one, found in zip(of.garments, matches, strict=True)
        ],
    )


def box(of: types.Box) -> list[float]:
    return [round(side, 6) for side in (of.left, of.top, of.right, of.bottom)]


def predicted(guess: types.Guess) -> Predicted:
    return Predicted(label=guess.value, confidence=round(guess.confidence, 6))


def picture(product_id: str, view: int, address: str, *, root: str = "") -> str:
    """Where a picture can be had: its own URL, or from this server, which alone knows its files."""
    return address if is_url(address) else thumbnail(product_id, view=view, size=512, root=root)


def thumbnail(product_id: str, *, view: int = 0, size: int = 256, root: str = "") -> str:
    """
    >>> thumbnail("A 1/b", view=2)
    '/v1/products/A%201%2Fb/thumbnail?size=256&view=2'
    """
    which = f"&view={view}" if view else ""
    return f"{root}/v1/products/{quote(product_id, safe='')}/thumbnail?size={size}{which}"


def page_of(of: Mapping[str, types.Value]) -> str | None:
    """The product's own page, where one of its attributes is the address of one; nothing that runs as a script."""
    for name, value in of.items():
        if name.lower() in _PAGES and isinstance(value, str) and is_url(value):
            return value
    return None


def attributes(of: Mapping[str, types.Value]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in of.items()}
