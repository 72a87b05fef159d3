"""An open shop: a store, the encoder that obeys its recipe, and the three steps from a query to matches."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lookalike.errors import LookalikeError, PictureError, ProductNotFound, RecipeError
from lookalike.filters import Where, read
from lookalike.media.decoding import decode
from lookalike.media.fetching import Fetcher, read_bytes
from lookalike.media.framing import crop
from lookalike.models.encoder import Encoder
from lookalike.models.reduction import Reduction
from lookalike.models.weights import weights_digest
from lookalike.recipe import Recipe, check_weights, difference
from lookalike.recommend.answering import LeftOut, Request, answer
from lookalike.recommend.calibration import Calibration, Calibrator
from lookalike.recommend.planning import plan
from lookalike.recommend.rules import Asking
from lookalike.recommend.scoring import Scored, cosines_of_parts
from lookalike.store.interface import Store, StoredView
from lookalike.store.lance import MIRROR_LIMIT, LanceStore
from lookalike.types import PARTS, Box, Match, Pixels, Product, Query, Vector

Picture: TypeAlias = str | os.PathLike[str] | bytes | npt.NDArray[np.uint8]
_DETAIL = 4  # a box is cut out of a picture decoded this many times larger than the canvas


class Recommender:
    """Answers from one store. Safe to share between threads; sees every committed change at its next call."""

    def __init__(
        self,
        store: Store,
        *,
        encoder: Encoder,
        name: str = "",
        fetcher: Fetcher | None = None,
    ) -> None:
        self.store = store
        self.name = name
        self._encoder = encoder
        self._calibrator = Calibrator(store)
        self.fetcher = fetcher or Fetcher()
        self._guard = threading.Lock()

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        recipe: Recipe | None = None,
        fetcher: Fetcher | None = None,
        mirror_limit: int = MIRROR_LIMIT,
    ) -> Recommender:
        """The store at a folder or URL, ready to answer.

        recipe: what the caller believes the store was made with; an error names the field that differs.
        Raises `StoreError` where there is no store, `RecipeError` where recipes or models differ.
        """
        store = LanceStore.open(os.fspath(path), mirror_limit=mirror_limit)
        header = store.header
        if recipe is not None and (differs := difference(header.recipe, recipe)):
            raise RecipeError(f"{path} was made with another recipe: {differs}")
        check_models(header.recipe, header.models, os.fspath(path))
        fitted = {part: Reduction.from_bytes(content) for part, content in store.fitted().items() if part in PARTS}
        return cls(store, encoder=Encoder(header.recipe, fitted), name=os.fspath(path), fetcher=fetcher)

    @property
    def recipe(self) -> Recipe:
        return self.store.header.recipe

    def product(self, product_id: str) -> Product:
        """Raises `ProductNotFound` that names ids like it."""
        return self.store.product(product_id)

    def similar(
        self,
        product_id: str,
        k: int = 7,
        *,
        where: Where = None,
        weights: Mapping[str, float] | None = None,
        variants: bool = False,
        by_group: bool = False,
        variety: float = 0.0,
    ) -> list[Match]:
        """Products that look and read like one of the catalogue's own, the most like first.

        where: a filter, `{"gender": "Women", "price": {"lt": 50}}` or `"price<50"` or several of these.
        weights: for this query, over the recipe's own: `{"colour": 2}`.
        variants: also list the product's own variants, and products that show its very picture.
        by_group: of each style only the best product.
        variety: 0..1, trade likeness for difference among the matches.
        Raises `ProductNotFound`, `FilterError`, `RecipeError`.
        """
        stored = self._views(product_id)
        product = self.store.product(product_id)
        left_out = (
            LeftOut({product_id}) if variants else LeftOut({product_id}, {product.style}, {stored[0].view.key})
        )
        return self._matches(
            self._query(stored[0].parts, weights),
            asking="similar",
            asked=[product],
            k=k,
            where=where,
            left_out=left_out,
            by_group=by_group,
            variety=variety,
        )

    def search(
        self,
        *,
        image: Picture | None = None,
        text: str | None = None,
        k: int = 7,
        where: Where = None,
        weights: Mapping[str, float] | None = None,
        box: Box | Sequence[float] | None = None,
        by_group: bool = False,
        variety: float = 0.0,
    ) -> list[Match]:
        """Products like a picture, a text, or both.

        image: a path, a URL, the bytes of a file, or pixels (height, width, 3).
        box: look only at this part of the picture, (left, top, right, bottom) as fractions.
        The rest is as in `similar`. Raises `PictureError` for a picture that cannot be used.
        """
        if image is None and not (text and text.strip()):
            raise LookalikeError("a search needs an image, a text, or both")
        parts: dict[str, Vector] = {}
        if image is not None:
            canvas = self._encoder.canvas(self._pixels(image, _as_box(box)))
            parts |= {p: rows[0] for p, rows in self._encoder.encode_pictures([canvas]).items()}
        if text and text.strip() and "text" in self._encoder.parts:
            parts["text"] = self._encoder.encode_text(text)[0]
        return self._matches(
            self._query(parts, weights),
            asking="search",
            k=k,
            where=where,
            left_out=LeftOut(),
            by_group=by_group,
            variety=variety,
        )

    def weights(self, wanted: Mapping[str, float] | None = None) -> dict[str, float]:
        """The recipe's weights with those of one query laid over them."""
        weights = {**self.recipe.weights, **(wanted or {})}
        check_weights(weights)
        return weights

    # -- inside ----------------------------------------------------------------------------------

    def _views(self, product_id: str) -> list[StoredView]:
        found = self.store.views([product_id]).get(product_id)
        if not found:
            self.store.product(product_id)  # raises, and names ids like it
            raise ProductNotFound(f"no product {product_id!r} in {self.name}")
        return found

    def _query(self, parts: Mapping[str, Vector], weights: Mapping[str, float] | None) -> Query:
        there = {p: vector for p, vector in parts.items() if vector.any()}
        query = Query(there, self.weights(weights))
        if not query.active:
            raise LookalikeError(
                f"nothing to compare: the query has {', '.join(there) or 'no part'}, "
                f"the weights are {query.weights}, the store has {', '.join(self._encoder.parts)}"
            )
        return query

    def _pixels(self, image: Picture, box: Box | None) -> Pixels:
        at_least = self._encoder.recipe.canvas * (_DETAIL if box else 1)
        if isinstance(image, np.ndarray):
            pixels = _as_pixels(image)
        elif isinstance(image, bytes):
            pixels = decode(image, at_least=at_least)
        else:
            try:
                pixels = decode(read_bytes(os.fspath(image), fetcher=self.fetcher), at_least=at_least)
            except PictureError as error:
                raise _naming(error, os.fspath(image)) from error
        return crop(pixels, box) if box else pixels

    def _matches(
        self,
        query: Query,
        *,
        asking: Asking,
        asked: Sequence[Product] = (),
        k: int,
        where: Where,
        left_out: LeftOut,
        by_group: bool,
        variety: float,
    ) -> list[Match]:
        rules = plan((), asking, asked, read(where), self.store.header)
        request = Request(query, rules, k=k, left_out=left_out, by_group=by_group, variety=variety)
        calibration = self._calibrator.calibration()
        scale = calibration.scale({p: query.weights[p] for p in query.active})
        return self._with_products(answer(self.store, request, scale), query, calibration)

    def _with_products(self, shown: Sequence[Scored], query: Query, calibration: Calibration) -> list[Match]:
        products = self.store.products([s.id for s in shown])
        return [
            Match(
                products[s.id],
                s.score,
                s.parts,
                s.view,
                cosine=s.cosine,
                likeness=calibration.likeness(cosines_of_parts(s.parts, query.weights)),
                duplicates=s.duplicates,
                rules=s.rules,
            )
            for s in shown
            if s.id in products
        ]


def check_models(recipe: Recipe, models: Mapping[str, str], path: str) -> None:
    """Raise `RecipeError` when a model here has other weights than the one that made the store."""
    for part, digest in models.items():
        name = getattr(recipe, part)
        if digest and (ours := weights_digest(name)) != digest:
            raise RecipeError(
                f"{path} was made with a {name} of SHA-256 {digest[:12]}, the one here has {ours[:12]}: "
                "its vectors cannot be compared; index the catalogue again"
            )


def _as_box(box: Box | Sequence[float] | None) -> Box | None:
    if box is None or isinstance(box, Box):
        return box
    try:
        return Box(*(float(x) for x in box))
    except (TypeError, ValueError) as error:
        raise LookalikeError(f"box {box!r} is not left, top, right, bottom in fractions 0..1") from error


def _as_pixels(array: npt.NDArray[np.uint8]) -> Pixels:
    if array.dtype == np.uint8 and array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise PictureError(
            f"an array of {array.dtype} {array.shape} is no picture: give uint8 (height, width, 3), RGB"
        )
    return np.ascontiguousarray(array)


def _naming(error: PictureError, picture: str) -> PictureError:
    text = str(error)
    return error if picture in text else type(error)(f"{picture}: {text}")


def open_shop(path: str | os.PathLike[str], *, recipe: Recipe | None = None) -> Recommender:
    """An open shop: `lookalike.open("shop")`. See `Recommender.open`."""
    return Recommender.open(path, recipe=recipe)
