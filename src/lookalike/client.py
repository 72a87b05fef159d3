"""A shop that is served elsewhere: `lookalike serve` asked from Python, with the library's own words and errors.

    from lookalike.client import Client

    with Client("https://looks.example", key="lk_...") as shop:
        shop.similar("SKU-1", k=7, where={"price": {"lt": 50}})
        shop.search(image="photo.jpg", text="but in red")
        shop.put([{"id": "SKU-9", "title": "Red dress", "image": "https://shop.example/9.jpg", "price": 49}])

What `lookalike.open` answers from a store on this machine, a client answers from a server; a problem that the
server tells becomes the same error. Its law: what may have been done is not done again, unless twice is once.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote, urljoin

import httpx2

from lookalike import errors
from lookalike.errors import Busy, FilterError, LookalikeError, NotAllowed, ServiceError, TookTooLong, TooLarge
from lookalike.filters import Where, read, spelled, written
from lookalike.media.fetching import Fetcher, is_url, read_bytes
from lookalike.media.hosts import retry_after
from lookalike.types import Box, Detection, Garment, Guess, Look, Match, Person, Product, Upserted, Value, View

if TYPE_CHECKING:
    from lookalike.recommend.pictures import Picture
    from lookalike.recommend.rules import Rules

_T = TypeVar("_T")
_BATCH = 500  # products in one request, the most that a server takes
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 30.0  # between tries; who is asked to wait longer is told so instead
_BATCH_S = 150.0  # of silence while a batch is stored: a server gives it two minutes
_NOTHING_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_NOT_OURS = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.InvalidURL)  # no try will mend these


@dataclass(frozen=True, slots=True)
class Found(Match):
    """A match, with what a page shows beside it."""

    reasons: tuple[str, ...] = ()  # why it is one, in sentences, where they were asked for
    thumbnail: str = ""  # the address of a small picture
    url: str = ""  # the product's own page in the shop


class Client:
    """A served shop. Safe to share between threads; its connections are kept open until `close`."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout_s: float = 10.0,
        retries: int = 3,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """url: where the server answers, with the path that a proxy gives it: `https://shop.example/looks`.

        timeout_s: of silence; who was slow once is not asked again. retries: further tries when the server is busy
        or cannot be reached; a Retry-After is obeyed. pause: what waits between them, for so many seconds.
        """
        self.url = url.rstrip("/")
        self._timeout_s, self._retries, self._pause = timeout_s, retries, pause
        headers = {"User-Agent": f"lookalike/{version('lookalike')}", "Accept": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._http = httpx2.Client(headers=headers, timeout=timeout_s)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def close(self) -> None:
        self._http.close()

    # -- asking --------------------------------------------------------------------------------------------------

    def product(self, product_id: str) -> Product:
        """Raises `ProductNotFound` that names ids like it."""
        return self._ask("GET", f"/v1/products/{quote(product_id, safe='')}", self._product)

    def products(self, prefix: str = "", k: int = 20) -> list[Product]:
        """Products whose id, or a word of whose title, begins so; for no prefix some of all over."""
        return self._ask("GET", "/v1/products", self._products, params=[("prefix", prefix), ("k", str(k))])

    def similar(
        self,
        product_id: str,
        k: int = 7,
        *,
        text: str | None = None,
        where: Where = None,
        weights: Mapping[str, float] | None = None,
        same: str | Sequence[str] = (),
        by_group: bool = False,
        variety: float = 0.0,
        rules: bool = True,
        explain: bool = False,
    ) -> list[Found]:
        """Products that look and read like one of the shop's own, the most like first.

        rules: whether the shop's rules apply. explain: whether each match has its `reasons`.
        The rest is as in `Recommender.similar`, and so are the errors.
        """
        params = [("k", str(k)), *(("where", term) for term in _terms(where))]
        params += [("same", column) for column in ((same,) if isinstance(same, str) else same)]
        wishes = {
            "text": text,
            "weights": ",".join(f"{part}:{weight}" for part, weight in (weights or {}).items()),
            "by_group": "true" if by_group else "",
            "variety": str(variety) if variety else "",
            "rules": "" if rules else "false",
            "explain": "true" if explain else "",
        }
        params += [(name, wish) for name, wish in wishes.items() if wish]
        return self._ask("GET", f"/v1/products/{quote(product_id, safe='')}/similar", self._matches, params=params)

    def search(
        self,
        *,
        image: Picture | None = None,
        text: str | None = None,
        liked: Sequence[str] = (),
        disliked: Sequence[str] = (),
        k: int = 7,
        where: Where = None,
        weights: Mapping[str, float] | None = None,
        box: Box | Sequence[float] | None = None,
        by_group: bool = False,
        variety: float = 0.0,
        at_least: float | None = None,
        rules: bool = True,
        explain: bool = False,
    ) -> list[Found]:
        """Products like a picture, a text, products that are liked, or several of these.

        image: a path, the bytes of a file or pixels, which are sent; or a URL, which the server fetches.
        rules, explain: as in `similar`. The rest is as in `Recommender.search`, and so are the errors.
        """
        query = {
            "text": text,
            "like": list(liked),
            "dislike": list(disliked),
            "k": k,
            "where": _where(where),
            "weights": dict(weights) if weights else None,
            "box": [box.left, box.top, box.right, box.bottom] if isinstance(box, Box) else box and list(box),
            "by_group": by_group,
            "variety": variety,
            "at_least": at_least,
            "rules": rules,
            "explain": explain,
        }
        return self._ask_of_picture("/v1/search", image, query, self._matches)

    def look(
        self,
        photo: Picture,
        k: int = 7,
        *,
        where: Where = None,
        weights: Mapping[str, float] | None = None,
        labels: Sequence[str] = (),
        audience: str | None = None,
        rules: bool = True,
        explain: bool = False,
    ) -> Look:
        """A photograph taken apart: who is on it, and for each garment products of its kind like it.

        photo: as the image of `search`; the rest as in `Recommender.look`. The matches are `Found`.
        """
        query = {
            "k": k,
            "where": _where(where),
            "weights": dict(weights) if weights else None,
            "labels": list(labels),
            "audience": audience,
            "rules": rules,
            "explain": explain,
        }
        return self._ask_of_picture("/v1/look", photo, query, self._look)

    # -- changing ------------------------------------------------------------------------------------------------

    def put(self, products: Iterable[Mapping[str, Any]]) -> list[Upserted]:
        """Add products, or replace those of the same id: rows as of a catalogue, `id`, `title`, `image` and so on.

        They go in batches of 500, each of which is stored whole before the next; putting all of them again after
        an error does no harm. What becomes of each is told in order.
        """
        rows = iter(products)
        batches: Iterator[list[Mapping[str, Any]]] = iter(lambda: list(islice(rows, _BATCH)), [])
        return [one for batch in batches for one in self._put(batch)]

    def patch(self, product_id: str, changes: Mapping[str, Any]) -> Product:
        """Change some columns of a product, `{"price": 39.9, "in_stock": False}`, and see it as it is now.

        Raises `ProductNotFound`. It is not tried again when it may have been done.
        """
        return self._ask(
            "PATCH", f"/v1/products/{quote(product_id, safe='')}", self._product, body=dict(changes), once=True
        )

    def delete(self, product_id: str) -> None:
        """Raises `ProductNotFound`."""
        self._ask("DELETE", f"/v1/products/{quote(product_id, safe='')}", lambda answer: None)

    def rules(self) -> Rules:
        """The shop's rules as they are now."""
        return self._ask("GET", "/v1/rules", _rules)

    def put_rules(self, rules: Rules | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Rules:
        """Put these in the place of all the shop's rules. Raises `RuleError` that names the rule and the field."""
        from lookalike.recommend.rules import Rules

        ours = rules if isinstance(rules, Rules) else Rules.of(rules)
        return self._ask("PUT", "/v1/rules", _rules, body=ours.to_mapping())

    # -- inside --------------------------------------------------------------------------------------------------

    def _put(self, batch: Sequence[Mapping[str, Any]]) -> list[Upserted]:
        rows = [dict(row) for row in batch]
        timeout_s = max(self._timeout_s, _BATCH_S)
        return self._ask("PUT", "/v1/products", _upserted, body={"products": rows}, timeout_s=timeout_s)

    def _ask_of_picture(
        self, path: str, picture: Picture | None, query: Mapping[str, Any], reader: Callable[[Any], _T]
    ) -> _T:
        wanted = {name: wish for name, wish in query.items() if wish is not None}
        if isinstance(picture, str) and is_url(picture):
            return self._ask("POST", path, reader, body={**wanted, "image_url": picture})
        if picture is None:
            return self._ask("POST", path, reader, body=wanted)
        return self._ask("POST", path, reader, body=wanted, picture=_bytes_of(picture))

    def _ask(
        self,
        method: str,
        path: str,
        reader: Callable[[Any], _T],
        *,
        params: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        picture: bytes | None = None,
        once: bool = False,
        timeout_s: float | None = None,
    ) -> _T:
        """What `reader` makes of the answer, after as many tries as there may be.

        once: twice is not once, so it is asked again only if it was surely not done.
        """
        timeout_s = timeout_s or self._timeout_s
        sent: dict[str, Any] = {"params": list(params), "timeout": timeout_s}
        if picture is not None:
            sent |= {"files": {"picture": ("picture", picture)}, "data": {"query": json.dumps(body)}}
        elif body is not None:
            sent |= {"json": body}
        perhaps_done = False  # by an earlier try
        tried = 0
        while True:
            tried += 1
            try:
                answer = self._http.request(method, self.url + path, **sent)
                if answer.is_success:
                    return self._read(answer, reader)
                fault = _error(answer)
                again, wait_s = _is_refusal(answer, fault, once=once), _asked_to_wait(answer)
            except _NOT_OURS as error:
                raise ServiceError(f"{self.url} cannot be asked: {_words(error)}") from error
            except httpx2.RequestError as error:
                fault, wait_s = self._unreachable(error, timeout_s), None
                nothing_sent = isinstance(error, _NOTHING_SENT)
                again = nothing_sent or not (once or isinstance(error, httpx2.TimeoutException))
                perhaps_done = perhaps_done or not nothing_sent
            if method == "DELETE" and perhaps_done and isinstance(fault, errors.ProductNotFound):
                return reader(None)
            if not again or tried > self._retries or (wait_s or 0) > _LONGEST_PAUSE_S:
                raise fault
            self._pause(_backoff(tried) if wait_s is None else wait_s + random.random() / 4)  # noqa: S311

    def _read(self, answer: httpx2.Response, reader: Callable[[Any], _T]) -> _T:
        try:
            return reader(json.loads(answer.content or b"null"))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ServiceError(
                f"{answer.url} answers what this client does not understand ({_words(error)}): is it the address "
                "of `lookalike serve`, of the same version?"
            ) from error

    def _unreachable(self, error: httpx2.RequestError, timeout_s: float) -> ServiceError:
        if isinstance(error, httpx2.TimeoutException):
            return TookTooLong(f"{self.url} did not answer within {timeout_s:g} s: give more timeout_s")
        return ServiceError(f"{self.url} cannot be reached ({_words(error)}): is `lookalike serve` running there?")

    def _products(self, answer: Any) -> list[Product]:
        return [self._product(one) for one in answer["products"]]

    def _product(self, one: Mapping[str, Any]) -> Product:
        return Product(
            id=one["id"],
            title=one["title"] or "",
            description=one.get("description") or "",
            group=one["group"],
            images=tuple(self._address(picture) for picture in one.get("images", ())),
            price=one["price"],
            currency=one["currency"] or "",
            in_stock=one["in_stock"],
            category=one["category"] or "",
            audience=one["audience"] or "",
            brand=one["brand"] or "",
            colour=one["colour"] or "",
            attributes={name: _value(value) for name, value in one["attributes"].items()},
            predicted={name: _guess(guess) for name, guess in one.get("predicted", {}).items()},
        )

    def _matches(self, answer: Any) -> list[Found]:
        return [self._found(one) for one in answer["matches"]]

    def _found(self, one: Mapping[str, Any]) -> Found:
        picture = self._address(one["image"])
        return Found(
            self._product({**one, "images": [picture] if picture else []}),
            one["score"],
            one["parts"],
            View(one["id"], one["view"], picture),
            cosine=one["cosine"],
            likeness=one["likeness"],
            duplicates=tuple(one["duplicates"]),
            rules=tuple(one["rules"]),
            reasons=tuple(one["reasons"] or ()),
            thumbnail=self._address(one["thumbnail"]),
            url=one["url"] or "",
        )

    def _look(self, answer: Any) -> Look:
        return Look(
            full_length=answer["full_length"],
            audience=_guess(answer["audience"]) if answer["audience"] else None,
            garments=tuple(
                Garment(
                    Detection(Box(*one["box"]), one["label"], one["score"]),
                    tuple(self._found(match) for match in one["matches"]),
                    one["person"],
                )
                for one in answer["garments"]
            ),
            people=tuple(
                Person(Box(*one["box"]), one["full_length"], one["facing"] or "") for one in answer["people"]
            ),
        )

    def _address(self, picture: str | None) -> str:
        """A picture's address in full: paths are on the server."""
        return urljoin(f"{self.url}/", picture) if picture else ""


def _terms(where: Where) -> list[str]:
    """A filter in the address of a request: what the shell's spelling cannot say is JSON."""
    return [term if isinstance(term, str) else json.dumps(term) for term in _where(where)]


def _where(where: Where) -> Sequence[str | dict[str, Any]]:
    """A filter in the body of a request."""
    within = read(where)
    try:
        return spelled(within)
    except FilterError:
        plain = written(within)
        return plain if isinstance(plain, list) else [plain]


def _bytes_of(picture: Picture) -> bytes:
    """The bytes of a file that shows the picture. Raises `PictureError` that names it."""
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, (str, os.PathLike)):
        return read_bytes(os.fspath(picture), fetcher=Fetcher())
    from lookalike.media.encoding import png
    from lookalike.recommend.pictures import pixels_of

    return png(pixels_of(picture, None, at_least=1, fetcher=Fetcher()))


def _value(cell: Any) -> Value:
    return tuple(cell) if isinstance(cell, list) else cast(Value, cell)


def _guess(one: Mapping[str, Any]) -> Guess:
    return Guess(one["label"], one["confidence"])


def _upserted(answer: Any) -> list[Upserted]:
    return [Upserted(one["id"], one["status"], one.get("reason") or "") for one in answer["results"]]


def _rules(answer: Any) -> Rules:
    from lookalike.recommend.rules import Rules

    return Rules.of(answer)


# -- problems ----------------------------------------------------------------------------------------------------


def _error(answer: httpx2.Response) -> LookalikeError:
    """The error that an answer tells: the library's own where the server names it."""
    try:
        problem = json.loads(answer.content)
        name, words = str(problem["type"]).removeprefix("urn:lookalike:"), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        name, words = "", f"{answer.url} answers {_phrase(answer.status_code)}"
        if answer.is_redirect:
            words += f" to {answer.headers.get('location', '')[:200]!r}: give the client that address"
    kind = _KINDS.get(name) or _BY_STATUS.get(answer.status_code, ServiceError)
    if issubclass(kind, Busy):
        too_many = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
        return kind(words, retry_after_s=_asked_to_wait(answer) or 0.0, too_many=too_many)
    return kind(words)


def _kinds(of: type[LookalikeError]) -> Iterator[tuple[str, type[LookalikeError]]]:
    """Each error by its name in a problem's type: `product-not-found`."""
    yield errors.name_of(of), of
    for kind in of.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from _kinds(kind)


_KINDS = dict(_kinds(LookalikeError))
_BY_STATUS: dict[int, type[LookalikeError]] = {  # where the server names no error of the library
    401: NotAllowed,
    403: NotAllowed,
    413: TooLarge,
    422: LookalikeError,
    429: Busy,
    503: Busy,
    504: TookTooLong,
}


def _is_refusal(answer: httpx2.Response, fault: LookalikeError, *, once: bool) -> bool:
    """Whether the same request may be made again: it was turned away, or a proxy lost the server behind it.

    once: a busy server says when to come again; whoever else says 503 may have handed the request on.
    """
    if isinstance(fault, Busy):
        return not once or "retry-after" in answer.headers
    return answer.status_code == HTTPStatus.BAD_GATEWAY and not once


def _asked_to_wait(answer: httpx2.Response) -> float | None:
    asked = answer.headers.get("retry-after")
    return None if asked is None else retry_after(asked)


def _backoff(tried: int) -> float:
    """Seconds after so many tries: twice as long each time, and never the same for all who wait."""
    longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0**tried)
    return longest * (0.5 + random.random() / 2)  # noqa: S311 - no secret


def _phrase(status: int) -> str:
    known = status in HTTPStatus._value2member_map_
    return f"{status} {HTTPStatus(status).phrase}" if known else str(status)


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
