"""Catalogue pictures, small: made once, kept in memory up to a limit, with what browsers need to keep them too."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from lookalike.errors import PictureError
from lookalike.media.decoding import decode
from lookalike.media.fetching import is_url, read_bytes
from lookalike.media.thumbnails import as_jpeg
from lookalike.recommend.recommender import Recommender
from lookalike.serve.ids import ID
from lookalike.serve.problems import documented, problem
from lookalike.serve.service import Rendered, Serving, not_modified, respond
from lookalike.types import Pixels, View

_KEPT_BYTES = 48_000_000
_FOR_A_DAY = "public, max-age=86400, stale-while-revalidate=604800"
_JPEG = "image/jpeg"

router = APIRouter()


class Thumbnails:
    """JPEGs by picture and size, the least recently used forgotten first. Safe to share between threads."""

    def __init__(self, most_bytes: int = _KEPT_BYTES) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def of(self, view: View, side: int, make: Callable[[], Pixels]) -> bytes:
        """make: the picture, decoded. Raises `PictureError` where the picture cannot be had any more."""
        name = (view.key or view.picture, side)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        made = as_jpeg(make(), side)
        with self._lock:
            self._bytes += len(made) - len(self._kept.pop(name, b""))
            self._kept[name] = made
            while self._bytes > self._most and self._kept:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return made


@router.get(
    f"/products/{ID}/thumbnail",
    response_class=Response,
    responses={
        200: {
            "description": "The picture",
            "content": {_JPEG: {"schema": {"type": "string", "format": "binary"}}},
        },
        304: {"description": "The copy that the client has still holds"},
        **documented(404),
    },
)
async def thumbnail(
    request: Request,
    product_id: str,
    service: Serving,
    size: Annotated[Literal["128", "256", "512"], Query(description="Pixels of the longer side.")] = "256",
    view: Annotated[int, Query(ge=0, le=1000, description="Which of its pictures.")] = 0,
) -> Response:
    """A product's picture, small."""
    thumbnails: Thumbnails = request.app.state.thumbnails

    found = await service.shrinking.run(lambda: _view(service.shop, product_id, view), kind="view")
    if found is None:
        return problem(404, f"product {product_id!r} has no picture {view}")
    mark = hashlib.blake2b(f"{found.key or found.picture} {size}".encode(), digest_size=12).hexdigest()
    if known := not_modified(request, f'"{mark}"', cache_control=_FOR_A_DAY):
        return known
    remote, side = is_url(found.picture), int(size)

    def pixels() -> Pixels:
        content = read_bytes(found.picture, fetcher=service.shop.fetcher)
        return service.strangers.decode(content, at_least=side) if remote else decode(content, at_least=side)

    try:
        made = await (service.fetching if remote else service.shrinking).run(
            lambda: thumbnails.of(found, side, pixels), kind="thumbnail"
        )
    except PictureError as error:
        return problem(404, f"the picture of {product_id!r} cannot be shown: {_without_places(error)}")
    return respond(request, Rendered(made, f'"{mark}"'), media_type=_JPEG, cache_control=_FOR_A_DAY)


def _view(shop: Recommender, product_id: str, number: int) -> View | None:
    """One picture of a product; None where it has none such. Raises `ProductNotFound`."""
    views = shop.store.views([product_id]).get(product_id, [])
    if not views:
        shop.product(product_id)  # raises, and names ids like it
    return next((one.view for one in views if one.view.number == number and one.view.picture), None)


def _without_places(error: PictureError) -> str:
    """What is wrong, without where on this machine the file lies."""
    return str(error).rpartition(": ")[2]
