"""Questions: products, what is like them, what is like a picture or words, looks, facets, the map."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams, UploadFile

from lookalike.errors import FilterError, LookalikeError, PictureError
from lookalike.filters import read, written
from lookalike.media.fetching import is_url
from lookalike.recommend.facets import facets as facets_of
from lookalike.recommend.finding import Titles
from lookalike.recommend.mapping import Map
from lookalike.recommend.recommender import Recommender
from lookalike.serve import wire
from lookalike.serve.document import body_with_picture, parameters_of
from lookalike.serve.ids import ID, WHOLE_ID
from lookalike.serve.maps import Maps
from lookalike.serve.problems import InvalidRequest, documented
from lookalike.serve.service import Service, Serving, root_of
from lookalike.types import Filter, Match, Pixels

router = APIRouter()
_MAP_WAIT_S = 2.0  # that whoever asks first waits, in case the shop is small or its store has kept the map
_MAP_LOOK_S, _MAP_RETRY_S = 0.05, 5
_Asked = TypeVar("_Asked", bound=BaseModel)
_KEPT: dict[int | str, dict[str, Any]] = {304: {"description": "The copy that the client has still holds"}}

Where = Annotated[list[str], Query(description=wire.FILTERS)]
_SEVERAL = ("where", "same")  # of the parameters of `similar`, those that may be given again
_SHORT, _KNOWN = 200, 1024  # bytes of a question that is kept as it was read, and how many are


@router.get("/products", response_model=wire.Products, responses={**_KEPT})
async def products(
    request: Request,
    service: Serving,
    prefix: Annotated[str, Query(max_length=200, description="Begins an id, or a word of a title.")] = "",
    k: Annotated[int, Query(ge=1, le=wire.MOST)] = 20,
) -> Response:
    """Products that somebody who types may have in mind; for no prefix some of all over."""
    titles: Titles = request.app.state.titles
    root = root_of(request)

    def make(shop: Recommender) -> wire.Products:
        ids = titles.find(prefix, limit=k, version=shop.version)
        found = shop.store.products(ids)
        return wire.Products(products=[wire.product(found[i], root=root) for i in ids if i in found])

    return await service.answer(request, (prefix, k, root), make, kind="products", pool=service.glancing)


@dataclass(frozen=True, slots=True)
class _Likeness:
    """What `similar` is asked, read."""

    asked: wire.SimilarQuery
    within: Filter
    weights: Mapping[str, float]


async def _likeness(request: Request) -> _Likeness:  # a plain function would be sent to a thread
    """What is asked, read here: FastAPI takes a tenth of the whole answer's time to read as many parameters."""
    written_as: bytes = request.scope["query_string"]
    return _known(written_as) if len(written_as) <= _SHORT else _likeness_of(written_as)


def _likeness_of(query_string: bytes) -> _Likeness:
    """Raises `InvalidRequest`, which names the parameter, and `FilterError`."""
    given = QueryParams(query_string)
    values: dict[str, Any] = {
        name: given.getlist(name) if name in _SEVERAL else given[name]
        for name in wire.SimilarQuery.model_fields
        if name in given
    }
    asked = _validated(lambda: wire.SimilarQuery.model_validate(values))
    return _Likeness(asked, _filter(asked.where), _weights(asked.weights))


_known = lru_cache(maxsize=_KNOWN)(_likeness_of)


@router.get(
    f"/products/{ID}/similar",
    response_model=wire.Matches,
    responses={**_KEPT, **documented(404)},
    openapi_extra=parameters_of(wire.SimilarQuery),
)
async def similar(
    request: Request, product_id: str, service: Serving, like: Annotated[_Likeness, Depends(_likeness)]
) -> Response:
    """Products that look and read like one of the shop's own, the most like first."""
    asked, root = like.asked, root_of(request)
    text = asked.text or None

    def make(shop: Recommender) -> wire.Matches:
        shop = shop if asked.rules else shop.without_rules()
        found = shop.similar(
            product_id,
            asked.k,
            text=text,
            where=like.within,
            weights=like.weights,
            same=asked.same,
            by_group=asked.by_group,
            variety=asked.variety,
        )
        said = {"id": product_id, **({"text": text} if text else {}), "k": asked.k, "where": written(like.within)}
        return wire.Matches(
            query={**said, "weights": like.weights, "rules": list(shop.rules_for("similar", [product_id]))},
            matches=_matches(shop, found, root=root, explain=asked.explain, like=product_id, text=text),
            nothing_like_it=False,
        )

    return await service.answer(request, (product_id, asked, root), make, kind="similar")


@router.get(
    f"/products/{WHOLE_ID}",
    response_model=wire.Product,
    responses={**_KEPT, **documented(404)},
)
async def product(request: Request, product_id: str, service: Serving) -> Response:
    """A product of the shop."""
    root = root_of(request)

    def make(shop: Recommender) -> wire.Product:
        return wire.product(shop.product(product_id), root=root)

    return await service.answer(request, (product_id, root), make, kind="product", pool=service.glancing)


@router.get("/facets", response_model=wire.Facets, responses={**_KEPT})
async def facets(
    request: Request,
    service: Serving,
    field: Annotated[list[str], Query(description="A column; those worth showing when none is named.")] = [],  # noqa: B006
    where: Where = [],  # noqa: B006
    most: Annotated[int, Query(ge=1, le=1000, description="Values of each column.")] = 50,
) -> Response:
    """What there is to filter by: values and how many products have each."""
    within = _filter(where)

    def make(shop: Recommender) -> wire.Facets:
        found = facets_of(shop.store, field, where=within, most=most)
        counts = {
            name: [wire.FacetValue(value=value, count=count) for value, count in values]
            for name, values in found.counts.items()
        }
        ranges = {name: list(ends) for name, ends in found.ranges.items()}
        return wire.Facets(total=found.total, facets=counts, ranges=ranges)

    return await service.answer(request, (tuple(field), within, most), make, kind="facets")


_DRAWING: dict[int | str, dict[str, Any]] = {
    202: {
        "model": wire.Drawing,
        "description": "The map is being drawn: ask again",
        "headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}},
    }
}


@router.get("/map", response_model=wire.Map, responses={**_DRAWING, **_KEPT, **documented(501)})
async def catalogue_map(
    request: Request,
    service: Serving,
    limit: Annotated[int, Query(ge=1, le=100_000, description="Points at most, evenly chosen.")] = 5000,
) -> Response:
    """The catalogue with what is alike side by side. It is drawn when first asked for: 202 until it is done."""
    maps: Maps = request.app.state.maps
    version = await service.look_up(lambda: service.shop.version, kind="version")
    until = time.monotonic() + _MAP_WAIT_S
    while (drawn := maps.drawn(version)) is None:
        if time.monotonic() > until:
            headers = {"Retry-After": str(_MAP_RETRY_S), "Cache-Control": "no-store"}
            body = wire.Drawing().model_dump_json()
            return Response(body, 202, headers, media_type="application/json")
        await asyncio.sleep(_MAP_LOOK_S)
    make = partial(_map, drawn, limit=limit, root=root_of(request))
    return await service.answer(request, (limit, id(drawn), root_of(request)), make, kind="map")


def _map(drawn: Map, shop: Recommender, *, limit: int, root: str) -> wire.Map:
    chosen = range(0, len(drawn), -(-len(drawn) // limit))
    ids = [drawn.ids[at] for at in chosen]
    facts = shop.store.facts(ids, {"title"})
    titles = dict(zip(facts.column("id").to_pylist(), facts.column("title").to_pylist(), strict=True))
    points = [
        wire.MapPoint(
            id=i,
            x=round(float(drawn.points[at][0]), 5),
            y=round(float(drawn.points[at][1]), 5),
            title=titles[i] or None,
            thumbnail=wire.thumbnail(i, root=root, size=128),
        )
        for at, i in zip(chosen, ids, strict=True)
        if i in titles
    ]
    return wire.Map(points=points, total=len(drawn))


@router.post(
    "/search",
    response_model=wire.Matches,
    responses=documented(404, 415),
    openapi_extra=body_with_picture(wire.Search),
)
async def search(request: Request, service: Serving) -> Response:
    """Products like a picture, words, products that are liked, or several of these."""
    asked, upload = await asked_of(request, wire.Search)
    content = await _picture(service, asked.image_url, upload)
    root = root_of(request)

    def make(shop: Recommender) -> wire.Matches:
        shop = shop if asked.rules else shop.without_rules()
        image = _decoded(service, content, shop.side_of_search(asked.box))
        found, strange = _search(shop, asked, image)
        liked = asked.like[0] if asked.like else None
        said = asked.model_dump(exclude_defaults=True)
        return wire.Matches(
            query={**said, "k": asked.k, "rules": list(shop.rules_for("search", asked.like))},
            matches=_matches(shop, found, root=root, explain=asked.explain, like=liked, text=asked.text),
            nothing_like_it=strange,
        )

    return await _asked(request, service, asked, content, make, kind="search")


@router.post(
    "/look", response_model=wire.Look, responses=documented(415), openapi_extra=body_with_picture(wire.LookQuery)
)
async def look(request: Request, service: Serving) -> Response:
    """A photograph taken apart: who is on it, and for each garment products of its kind like it."""
    asked, upload = await asked_of(request, wire.LookQuery)
    content = await _picture(service, asked.image_url, upload)
    if content is None:
        raise LookalikeError("a look needs a photograph: give image_url, or upload a picture")
    root = root_of(request)

    def make(shop: Recommender) -> wire.Look:
        shop = shop if asked.rules else shop.without_rules()
        image = service.strangers.decode(content, at_least=shop.side_of_look)
        found = shop.look(
            image,
            asked.k,
            where=asked.where,
            weights=asked.weights,
            labels=asked.labels,
            audience=asked.audience,
        )
        lists = [_matches(shop, worn.matches, root=root, explain=asked.explain) for worn in found.garments]
        return wire.look(found, lists)

    return await _asked(request, service, asked, content, make, kind="look")


def _matches(
    shop: Recommender,
    found: Sequence[Match],
    *,
    root: str,
    explain: bool,
    like: str | None = None,
    text: str | None = None,
) -> list[wire.Match]:
    """What was found, as it is told; with the reasons where they are asked for."""
    return [
        wire.match(one, root=root, reasons=shop.explain(one, like=like, text=text) if explain else None)
        for one in found
    ]


async def asked_of(request: Request, model: type[_Asked]) -> tuple[_Asked, bytes | None]:
    """The question in a request, as JSON or as a form with a picture beside it, and the picture's bytes.

    Raises `InvalidRequest`, which names the field.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=4, max_part_size=262_144) as form:
            picture, query = form.get("picture"), form.get("query")
            if strange := sorted(set(form) - {"picture", "query"}):
                raise InvalidRequest(f"the form has a part {strange[0]!r}: it takes picture and query")
            if isinstance(picture, str) or isinstance(query, UploadFile):
                raise InvalidRequest("the form's picture is a file, and its query is JSON in a field")
            return _read(model, query or "{}"), await picture.read() if picture is not None else None
    if kind not in ("application/json", ""):
        raise InvalidRequest(f"content type {kind!r}: send application/json or multipart/form-data", status=415)
    return _read(model, await request.body()), None


def _validated(make: Callable[[], _Asked]) -> _Asked:
    """What pydantic makes; `InvalidRequest` in the place of its own error."""
    try:
        return make()
    except ValidationError as error:
        raise InvalidRequest.of(error.errors(include_url=False, include_context=False)) from error


def _read(model: type[_Asked], text: str | bytes) -> _Asked:
    return _validated(lambda: model.model_validate_json(text or "{}"))


async def _asked(
    request: Request,
    service: Service,
    asked: BaseModel,
    picture: bytes | None,
    make: Callable[[Recommender], BaseModel],
    *,
    kind: str,
) -> Response:
    """The answer to a question with a body; kept for the same question about the same picture."""
    mark = hashlib.blake2b(picture or b"", digest_size=16).digest()
    named = (json.dumps(asked.model_dump(), sort_keys=True), mark, root_of(request))
    return await service.answer(request, named, make, kind=kind, cache_control="no-store", pool=service.seeing)


def _search(shop: Recommender, asked: wire.Search, image: Pixels | None) -> tuple[list[Match], bool]:
    """What was found, and whether nothing was because nothing in the shop is like it."""

    def ask(at_least: float | None) -> list[Match]:
        return shop.search(
            image=image,
            text=asked.text,
            liked=asked.like,
            disliked=asked.dislike,
            k=asked.k,
            where=asked.where,
            weights=asked.weights,
            box=asked.box,
            by_group=asked.by_group,
            variety=asked.variety,
            at_least=at_least,
        )

    found = ask(asked.at_least)
    return found, not found and asked.at_least is None and bool(ask(0.0))


def _decoded(service: Service, content: bytes | None, side: int) -> Pixels | None:
    return None if content is None else service.strangers.decode(content, at_least=side)


async def _picture(service: Service, url: str | None, upload: bytes | None) -> bytes | None:
    """The bytes of the picture that is asked about; never a file of this machine."""
    if url is not None and upload is not None:
        raise LookalikeError("a picture was uploaded and image_url was given: send one of them")
    if url is None:
        return upload
    if not is_url(url):
        raise PictureError(f"image_url {url[:200]!r} is no http or https address")
    return await service.fetch(url)


def _filter(where: Sequence[str]) -> Filter:
    """
    >>> _filter(["price<50", '{"brand": "Day, Birger"}']).conditions[1].value
    'Day, Birger'
    """
    try:
        return read([json.loads(term) if term.lstrip().startswith("{") else term for term in where])
    except (ValueError, RecursionError) as error:
        raise FilterError(f"a filter that begins with {{ is JSON, and this one is not: {error}") from error


def _weights(text: str) -> dict[str, float]:
    """
    >>> _weights("image:1,colour:.3")
    {'image': 1.0, 'colour': 0.3}
    """
    found = {}
    for pair in filter(None, (one.strip() for one in text.split(","))):
        part, _, number = pair.partition(":")
        try:
            found[part.strip()] = float(number)
        except ValueError as error:
            raise InvalidRequest(f"weights {pair!r}: write image:1,text:0.5,colour:0.3") from error
    return found
