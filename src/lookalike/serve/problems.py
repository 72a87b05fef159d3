"""Errors as problem documents (RFC 9457), in the words of the library; the one table of status codes.

`type` is `urn:lookalike:` and the error's name, so that a client can raise the same error again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from lookalike.errors import (
    Busy,
    CatalogueError,
    FetchError,
    FilterError,
    LookalikeError,
    MissingExtra,
    ModelError,
    NotAllowed,
    PictureError,
    ProductNotFound,
    RecipeError,
    RuleError,
    StoreError,
    TookTooLong,
    TooLarge,
    name_of,
)
from lookalike.serve.wire import Problem

MEDIA_TYPE = "application/problem+json"
STATUS: dict[type[LookalikeError], int] = {  # the first that an error is one of
    ProductNotFound: 404,
    FetchError: 422,
    PictureError: 422,
    FilterError: 422,
    RuleError: 422,
    RecipeError: 422,
    CatalogueError: 422,
    NotAllowed: 401,  # 403 for a key that is known
    TooLarge: 413,
    Busy: 503,  # 429 where it is this caller who asks too much
    TookTooLong: 504,
    MissingExtra: 501,
    ModelError: 503,
    StoreError: 503,
    LookalikeError: 422,
}
EVERYWHERE = (400, 401, 403, 413, 422, 429, 500, 503, 504)  # what any request may come to
_LONGEST = 1000  # characters of a detail, which may repeat what it was sent
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_log = logging.getLogger("lookalike.serve")


class InvalidRequest(Exception):  # noqa: N818 - reads as the fact it is
    """A request that is not written as the API wants it. status: of the answer."""

    def __init__(self, detail: str, *, status: int = 422) -> None:
        super().__init__(detail)
        self.status = status

    @classmethod
    def of(cls, errors: Sequence[Any]) -> InvalidRequest:
        """What pydantic found."""
        return cls(_in_words(errors))


def problem(
    status: int, detail: str, *, type_: str = "about:blank", title: str = "", retry_after_s: int | None = None
) -> Response:
    """A problem document as a response."""
    document = Problem(type=type_, title=title or HTTPStatus(status).phrase, status=status, detail=detail)
    headers = {"Cache-Control": "no-store"}
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    return Response(document.model_dump_json(), status, headers, media_type=MEDIA_TYPE)


def problem_of(error: LookalikeError, *, store: str = "") -> Response:
    """The problem that an error of the library is. store: where it lies on this machine, which is not told."""
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    if isinstance(error, NotAllowed) and error.known:
        status = 403
    if isinstance(error, Busy) and error.too_many:
        status = 429
    name = name_of(type(error))
    words = _without(store, " ".join(str(error).split()))
    return problem(
        status,
        words if len(words) <= _LONGEST else f"{words[:_LONGEST]}...",
        type_=f"urn:lookalike:{name}",
        title=name.replace("-", " ").capitalize(),
        retry_after_s=getattr(error, "retry_after_s", None),
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: these statuses with a problem document."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: schema}} for status in statuses
    }


def add_problems(app: FastAPI) -> None:
    """Answer every error that is foreseen with a problem document."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, LookalikeError)
        return problem_of(error, store=request.app.state.service.shop.name)

    async def invalid(_: Request, error: Exception) -> Response:
        wrong = InvalidRequest.of(error.errors()) if isinstance(error, RequestValidationError) else error
        status = getattr(wrong, "status", 422)
        return problem(status, str(wrong), type_="urn:lookalike:invalid-request", title="Invalid request")

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        found = problem(error.status_code, str(error.detail))
        found.headers.update(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            found.headers["Allow"] = ", ".join(_methods_at(request))
        return found

    app.add_exception_handler(LookalikeError, ours)
    app.add_exception_handler(InvalidRequest, invalid)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def unforeseen(method: str, path: str, error: Exception) -> Response:
    """The problem that an error is which nobody foresaw: logged, and told to nobody."""
    _log.error("%s %s failed", method, path, exc_info=error)
    return problem(500, "the server failed to answer; its log says why")


def _methods_at(request: Request) -> list[str]:
    """What may be done at a path, whichever routes it is spread over."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]  # a folder of files

    def may(method: str) -> bool:
        asked = {**request.scope, "method": method}
        return any(route.matches(asked)[0] is Match.FULL for route in routes)

    return [method for method in _METHODS if may(method)] or ["GET"]


def _in_words(errors: Sequence[Any]) -> str:
    """What pydantic found, in one line: `k: Input should be less than or equal to 200`."""
    said = []
    for error in errors[:5]:
        place = ".".join(str(one) for one in error["loc"] if one not in ("query", "body", "path", "header"))
        said.append(f"{place}: {error['msg']}" if place else error["msg"])
    return "; ".join(dict.fromkeys(said)) or "the request is not understood"


def _without(store: str, words: str) -> str:
    """
    >>> _without("/srv/shop", "no product 'B1' in /srv/shop (3 products)")
    "no product 'B1' in the store (3 products)"
    """
    return words.replace(store, "the store") if "/" in store else words
