"""An open shop: a store, the encoder that obeys its recipe, and the three steps from a query to matches."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property, partial
from math import ceil
from pathlib import Path
from typing import Literal

from lookalike.errors import LookalikeError, ProductNotFound, RecipeError
from lookalike.filters import Where, read
from lookalike.media.fetching import Fetcher
from lookalike.models.attributes import AttributeReader, open_attributes
from lookalike.models.audience import audience_of
from lookalike.models.brands import BRANDS, Brands
from lookalike.models.detectors import AT_LEAST
from lookalike.models.encoder import Encoder
from lookalike.models.interfaces import Detector, PoseEstimator, Segmenter
from lookalike.models.reduction import Reduction
from lookalike.models.weights import weights_digest
from lookalike.recipe import Recipe, check_weights, difference
from lookalike.recommend import looks
from lookalike.recommend.answering import LeftOut, Request, answer
from lookalike.recommend.calibration import Calibration, Calibrator
from lookalike.recommend.duplicates import Folding
from lookalike.recommend.exporting import Exported, rows_of, table_at
from lookalike.recommend.familiarity import Familiarity
from lookalike.recommend.mapping import Map, lay_out
from lookalike.recommend.pictures import Picture, as_box, pixels_of
from lookalike.recommend.planning import plan
from lookalike.recommend.queries import changed, lacks, said, told_weights, wanted, with_same
from lookalike.recommend.reasons import CommonWords, sentences
from lookalike.recommend.rules import Asking, Rules
from lookalike.recommend.rules_file import RulesFile, RulesSource, rules_from
from lookalike.recommend.scoring import Scored, cosines_of_parts
from lookalike.recommend.whole import BLOCK, Rounds, answers
from lookalike.store.interface import Store, StoredView
from lookalike.store.lance import MIRROR_LIMIT, LanceStore
from lookalike.store.rows import Header
from lookalike.types import (
    PARTS,
    Box,
    Filter,
    Garment,
    Guess,
    Look,
    Match,
    Product,
    Progress,
    Query,
    Vector,
    View,
)

SURELY_KNOWN = 0.5  # score of a match that shows that the catalogue knows what is asked for
_DETAIL = 2  # a picture is decoded so large that a box cut out of it has this many canvases
_OF_A_LOOK = 8  # a photograph is decoded so many canvases large: a shoe is a tenth of it


class Recommender:
    """Answers from one store. Safe to share between threads; sees every committed change at its next call."""

    def __init__(
        self,
        store: Store,
        *,
        encoder: Encoder,
        name: str = "",
        fetcher: Fetcher | None = None,
        rules: Rules | RulesFile | None = None,
    ) -> None:
        self.store = store
        self.name = name
        self._rules = rules or Rules()
        self._encoder = encoder
        self._calibrator = Calibrator(store)
        self._familiarity = Familiarity(store, encoder)
        self.fetcher = fetcher or Fetcher()
        self.told: Callable[[Query, Filter], None] = lambda query, where: None  # of each question, as it is put
        self._fitted: int | None = None  # of a shop at one moment, the version of what was fitted
        self._common = CommonWords(store)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        recipe: Recipe | None = None,
        fetcher: Fetcher | None = None,
        mirror_limit: int = MIRROR_LIMIT,
        rules: RulesSource = None,
    ) -> Recommender:
        """The store at a folder or URL, ready to answer.

        recipe: what the caller believes the store was made with; an error names the field that differs.
        rules: a file, or rules as plain values; False for none. When not given, `rules.toml` in the store's folder
        where there is one. A file is read again when it changes.
        Raises `StoreError` where there is no store, `RecipeError` where recipes or models differ, `RuleError`.
        """
        store = LanceStore.open(os.fspath(path), mirror_limit=mirror_limit)
        header = store.header
        if recipe is not None and (differs := difference(header.recipe, recipe)):
            raise RecipeError(f"{path} was made with another recipe: {differs}")
        check_models(header.recipe, header.models, os.fspath(path))
        fitted = store.fitted()
        reductions = {part: Reduction.from_bytes(content) for part, content in fitted.items() if part in PARTS}
        return cls(
            store,
            encoder=Encoder(header.recipe, reductions, brands=Brands.from_bytes(fitted.get(BRANDS))),
            name=os.fspath(path),
            fetcher=fetcher,
            rules=rules_from(rules, os.fspath(path), header),
        )

    @property
    def recipe(self) -> Recipe:
        return self.store.header.recipe

    @property
    def encoder(self) -> Encoder:
        """What makes vectors as those of the store were made."""
        return self._encoder

    @property
    def rules(self) -> Rules:
        """The shop's rules as they are now."""
        return self._rules_of(self.store.header)

    def without_rules(self) -> Recommender:
        """The same shop, answering as if it had no rules."""
        plain = copy(self)
        plain._rules = Rules()
        return plain

    def now(self) -> Recommender:
        """The same shop as it is at this moment, which asks the disk no more whether it is; for one answer."""
        still = copy(self)
        still.store, still._fitted = self.store.now(), self._calibrator.version
        still._rules = self._rules_of(still.store.header)
        return still

    @property
    def version(self) -> Hashable:
        """Another one after every change of products, rules, or the scale of scores.

        Asks the disk, but of a shop as it is at one moment: not for an event loop.
        """
        return self.store.version, self.rules, self._calibrator.version if self._fitted is None else self._fitted

    def rules_for(self, asking: Asking, product_ids: Sequence[str] = ()) -> tuple[str, ...]:
        """The names of the rules that apply when these products are asked about, whatever they move."""
        asked = [self.product(product_id) for product_id in product_ids]
        return plan(self.rules, asking, asked, Filter(), self.store.header).names

    def product(self, product_id: str) -> Product:
        """Raises `ProductNotFound` that names ids like it."""
        return self.store.product(product_id)

    def similar(
        self,
        product_id: str,
        k: int = 7,
        *,
        text: str | None = None,
        where: Where = None,
        weights: Mapping[str, float] | None = None,
        same: str | Sequence[str] = (),
        variants: bool = False,
        duplicates: bool = False,
        by_group: bool = False,
        variety: float = 0.0,
        at_least: float = 0.0,
    ) -> list[Match]:
        """Products that look and read like one of the catalogue's own, the most like first.

        text: words that change what is looked for, "but red". The product's own variants may then answer too.
        where: a filter, `{"gender": "Women", "price": {"lt": 50}}` or `"price<50"` or several of these.
        weights: for this query, over the recipe's own: `{"colour": 2}`.
        same: columns in which a match must have the product's value: `"category"`, `["brand", "gender"]`.
        variants: also list the product's own variants, and products that show its very picture.
        by_group: of each style only the best product.
        variety: 0..1, trade likeness for difference among the matches.
        duplicates: also list products that show the same picture as another match, or nearly the same.
        at_least: the lowest score that is an answer, 0..1.
        Raises `ProductNotFound`, `FilterError`, `RecipeError`; `LookalikeError` where `same` has nothing to go by.
        """
        main, product = self._views(product_id)[0], self.product(product_id)
        parts = (
            main.parts if not said(text) else changed(product, main.parts, said(text), self.store, self._encoder)
        )
        request = self._like(
            product,
            main.view,
            self._query(parts, weights, like="" if said(text) else product_id),
            k=k,
            where=read(where),
            same=same,
            variants=variants or bool(said(text)),
            folding=self._folding(duplicates),
            by_group=by_group,
            variety=variety,
            at_least=at_least,
            header=self.store.header,
        )
        return self._answered(request)

    def export(
        self,
        path: str | os.PathLike[str],
        k: int = 10,
        *,
        of: Where = None,
        where: Where = None,
        weights: Mapping[str, float] | None = None,
        same: str | Sequence[str] = (),
        variants: bool = False,
        duplicates: bool = False,
        by_group: bool = False,
        variety: float = 0.0,
        at_least: float = 0.0,
        progress: Progress = lambda *_: None,
    ) -> Exported:
        """What `similar` gives for every product, in a .parquet, .jsonl or .csv file: a row for each match.

        of: a filter on the products that are asked about; all when not given. The rest is as in `similar`.
        Raises `LookalikeError` where the file cannot be written, `FilterError`, `RecipeError`.
        """
        like = partial(
            self._like,
            k=k,
            where=read(where),
            same=same,
            variants=variants,
            folding=self._folding(duplicates),
            by_group=by_group,
            variety=variety,
            at_least=at_least,
        )
        calibration = self._calibration()
        asked = self.store.ids(limit=0, where=read(of))
        requests = self._like_each(asked, self.weights(weights), like, same, progress)
        rows = answered = 0
        with table_at(Path(path)) as write:
            for product_id, shown in answers(self.store, requests, partial(_shown, calibration)):
                write(rows_of(product_id, shown))
                rows += len(shown)
                answered += bool(shown)
        return Exported(Path(path), len(asked), rows, unanswered=len(asked) - answered)

    def map(
        self,
        *,
        where: Where = None,
        weights: Mapping[str, float] | None = None,
        progress: Progress = lambda *_: None,
    ) -> Map:
        """A point in a square for each product; what is alike lies side by side. See `mapping`.

        where: a filter on what is on the map. weights: as in `similar`.
        Raises `MissingExtra` without lookalike[map], `LookalikeError` where no product can be placed.
        """
        return lay_out(self.store, self.weights(weights), where=read(where), progress=progress)

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
        same: str | Sequence[str] = (),
        box: Box | Sequence[float] | None = None,
        duplicates: bool = False,
        by_group: bool = False,
        variety: float = 0.0,
        at_least: float | None = None,
    ) -> list[Match]:
        """Products like a picture, a text, products that are liked, or several of these.

        image: a path, a URL, the bytes of a file, or pixels (height, width, 3).
        text: beside a picture or what is liked, a colour that it names is looked for instead of theirs: "but red".
        liked, disliked: ids of products to come near to, and to keep away from; they are no answers themselves.
        same: as in `similar`, the values of what is liked.
        box: look only at this part of the picture, (left, top, right, bottom) as fractions.
        at_least: the lowest score that is an answer. When not given, there is none if the picture and the words
        are as foreign to the catalogue as pictures of nothing are; 0 answers whatever comes nearest.
        The rest is as in `similar`. Raises `PictureError` for a picture that cannot be used.
        """
        if image is None and not said(text) and not liked:
            raise LookalikeError("a search needs an image, a text, or both, or products that are liked")
        examples = {i: self._views(i)[0] for i in (*liked, *disliked)}
        asked = [self.product(i) for i in liked]
        parts = wanted(
            self._looks(image, as_box(box)) if image is not None else {},
            said(text),
            [examples[i].parts for i in liked],
            [examples[i].parts for i in disliked],
            self.store,
            self._encoder,
        )
        styles = {self.product(i).style for i in examples}
        told = image is None and not liked
        query = self._query(parts, told_weights(self.recipe.weights, weights) if told else weights)
        found = self._answered(
            Request(
                query,
                plan(
                    self.rules,
                    "search",
                    asked,
                    with_same(read(where), same, asked, self.store.header),
                    self.store.header,
                ),
                k=k,
                left_out=LeftOut(set(examples), styles, {main.view.key for main in examples.values()}),
                by_group=by_group,
                variety=variety,
                at_least=at_least or 0.0,
                folding=self._folding(duplicates),
            )
        )
        if at_least is None and not liked and not any(match.score >= SURELY_KNOWN for match in found):
            asked_for = {part: parts[part] for part in query.active}
            return [] if self._familiarity.is_strange(asked_for, told=told) else found
        return found

    def look(
        self,
        photo: Picture,
        k: int = 7,
        *,
        where: Where = None,
        weights: Mapping[str, float] | None = None,
        labels: Sequence[str] = (),
        sure_from: float = AT_LEAST,
        audience: str | Literal[False] | None = None,
        audience_at_least: float | None = None,
        duplicates: bool = False,
        by_group: bool = False,
        variety: float = 0.0,
        at_least: float = 0.0,
        segmenter: str | Segmenter = "default",
        detector: str | Detector | None = None,
        pose: str | PoseEstimator | None = None,
    ) -> Look:
        """A photograph taken apart: who is on it, and for each garment products of its kind like it.

        labels: only these kinds of garments, of `types.GARMENTS`. sure_from: the detection score, 0..1, from which
        on a garment is one.
        audience: the department to search in, which is guessed when not given; False makes no guess.
        audience_at_least: the confidence, 0..1, from which on a guess narrows the search; when not given, it is
        only told. Products for everybody, or of which the shop does not say, are never left out.
        segmenter, detector, pose: by name, or open ones; see `looks.take_apart`.
        The rest is as in `search`; a list may be empty. Raises `PictureError`, `ModelError`, `FilterError`.
        """
        pixels = pixels_of(photo, None, at_least=self.side_of_look, fetcher=self.fetcher)
        scene = looks.take_apart(
            pixels, segmenter=segmenter, detector=detector, pose=pose, labels=labels, sure_from=sure_from
        )
        cut = [self._encoder.canvas(looks.alone(pixels, worn.detection)) for worn in scene.garments]
        blocks = self._encoder.encode_pictures(cut) if cut else {}
        header, within = self.store.header, read(where)
        guess = Guess(audience, 1.0) if audience else None
        if audience is None:
            guess = audience_of(self._attributes, looks.of_the_first(scene, blocks.get("image")))
        if guess and (audience or (audience_at_least is not None and guess.confidence >= audience_at_least)):
            within &= looks.department(guess.value, self.store)
        lists = [
            self._answered(
                Request(
                    self._query({part: rows[at] for part, rows in blocks.items()}, weights),
                    plan(self.rules, "look", [], within & looks.part_of_shop(worn.detection, header), header),
                    k=k,
                    by_group=by_group,
                    variety=variety,
                    at_least=at_least,
                    folding=self._folding(duplicates),
                )
            )
            for at, worn in enumerate(scene.garments)
        ]
        return Look(
            full_length=bool(scene.people) and scene.people[0].full_length,
            audience=guess,
            garments=tuple(
                Garment(worn.detection, tuple(found), worn.person)
                for worn, found in zip(scene.garments, lists, strict=True)
            ),
            people=scene.people,
        )

    def explain(self, found: Match | str, *, like: str | None = None, text: str | None = None) -> list[str]:
        """Why a product is a match, in sentences: what is the same, how alike shape, colour and words are.

        found: a match, or the id of any product, which is then compared with `like`.
        like: the id of the product that was asked about. text: the words that were asked for.
        Raises `ProductNotFound`, and `LookalikeError` for an id with nothing to compare it with.
        """
        query = self.product(like) if like is not None else None
        if isinstance(found, str):
            if like is None:
                raise LookalikeError(f"nothing to compare {found!r} with: give like=, the id of another product")
            found = self._compared(found, like)
        return sentences(found, query=query, text=said(text), common=self._common.words())

    def side_of_search(self, box: Box | Sequence[float] | None = None) -> int:
        """The longer side, in pixels, from which on a larger picture tells `search` no more."""
        part = as_box(box)
        enlarged = _DETAIL / max(part.right - part.left, part.bottom - part.top) if part else 1
        return ceil(self._encoder.at_least * enlarged)

    @property
    def side_of_look(self) -> int:
        """The longer side, in pixels, from which on a larger photograph tells `look` no more."""
        return self._encoder.recipe.canvas * _OF_A_LOOK

    def weights(self, wanted: Mapping[str, float] | None = None) -> dict[str, float]:
        """The recipe's weights with those of one query laid over them."""
        weights = {**self.recipe.weights, **(wanted or {})}
        check_weights(weights)
        return weights

    # -- inside ----------------------------------------------------------------------------------

    def _calibration(self) -> Calibration:
        return self._calibrator.calibration(self._fitted)

    @cached_property
    def _attributes(self) -> AttributeReader | None:
        return open_attributes(self.recipe.image, self._encoder.reductions.get("image"))

    def _compared(self, product_id: str, other_id: str) -> Match:
        """How like one product is another, by their main views."""
        one, other = self._views(product_id)[0], self._views(other_id)[0]
        cosines = {
            part: float(one.parts[part] @ other.parts[part])
            for part, weight in self.weights().items()
            if weight > 0 and part in one.parts and one.parts[part].any() and other.parts[part].any()
        }
        weights = {part: self.weights()[part] for part in cosines}
        total = sum(weights.values())
        parts = {part: cosine * weights[part] / total for part, cosine in cosines.items()}
        calibration, cosine = self._calibration(), sum(parts.values())
        score = calibration.scale(weights).score(cosine) if weights else 0.0
        return Match(
            self.product(product_id), score, parts, one.view, cosine=cosine, likeness=calibration.likeness(cosines)
        )

    def _views(self, product_id: str) -> list[StoredView]:
        found = self.store.views([product_id]).get(product_id)
        if not found:
            self.store.product(product_id)  # raises, and names ids like it
            raise ProductNotFound(f"no product {product_id!r} in {self.name}")
        return found

    def _query(self, parts: Mapping[str, Vector], weights: Mapping[str, float] | None, *, like: str = "") -> Query:
        there = {p: vector for p, vector in parts.items() if vector.any()}
        query = Query(there, self.weights(weights), like)
        if not query.active:
            raise LookalikeError(
                f"nothing to compare: the query has {', '.join(there) or 'no part'}, "
                f"the weights are {query.weights}, the store has {', '.join(self._encoder.parts)}"
            )
        return query

    def _looks(self, image: Picture, box: Box | None) -> dict[str, Vector]:
        """The parts that a picture gives."""
        pixels = pixels_of(image, box, at_least=self.side_of_search(box), fetcher=self.fetcher)
        canvas = self._encoder.canvas(pixels)
        return {part: rows[0] for part, rows in self._encoder.encode_pictures([canvas]).items()}

    def _like(
        self,
        product: Product,
        main: View,
        query: Query,
        *,
        k: int,
        where: Filter,
        same: str | Sequence[str],
        variants: bool,
        folding: Folding | None,
        by_group: bool,
        variety: float,
        at_least: float,
        header: Header,
    ) -> Request:
        """What is asked when a product of the store is."""
        its_own = LeftOut({product.id}, {product.style}, {main.key}, query.parts if folding else None)
        within = with_same(where, same, [product], header)
        return Request(
            query,
            plan(self._rules_of(header), "similar", [product], within, header),
            k=k,
            left_out=LeftOut({product.id}) if variants else its_own,
            by_group=by_group,
            variety=variety,
            at_least=at_least,
            folding=folding,
        )

    def _rules_of(self, header: Header) -> Rules:
        return self._rules.rules(header) if isinstance(self._rules, RulesFile) else self._rules

    def _folding(self, duplicates: bool) -> Folding | None:
        return None if duplicates else Folding.of(self._calibration(), self._encoder.parts)

    def _like_each(
        self,
        ids: Sequence[str],
        weights: Mapping[str, float],
        like: Callable[..., Request],
        same: str | Sequence[str],
        progress: Progress,
    ) -> Iterator[tuple[str, Request]]:
        """What is asked of each product that has something to be compared by, read block by block."""
        for start in range(0, len(ids), BLOCK):
            block, store = ids[start : start + BLOCK], self.store.now()
            products, views, header = store.products(block), store.views(block), store.header
            for i in block:
                if i in products and i in views:
                    main = views[i][0]
                    query = Query({p: vector for p, vector in main.parts.items() if vector.any()}, weights)
                    if query.active and not lacks(same, products[i], header):
                        yield i, like(products[i], main.view, query, header=header)
            progress("exporting", start + len(block), len(ids))

    def _answered(self, request: Request) -> list[Match]:
        self.told(request.query, request.plan.where)
        calibration = self._calibration()
        return self._with_products(_shown(calibration, self.store, request), request.query, calibration)

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


def _shown(calibration: Calibration, store: Store, request: Request, rounds: Rounds | None = None) -> list[Scored]:
    scale = calibration.scale({p: request.query.weights[p] for p in request.query.active})
    return answer(store, request, scale, rounds=rounds)


def check_models(recipe: Recipe, models: Mapping[str, str], path: str) -> None:
    """Raise `RecipeError` when a model here has other weights than the one that made the store."""
    for part, digest in models.items():
        name = getattr(recipe, part)
        if digest and (ours := weights_digest(name)) != digest:
            raise RecipeError(
                f"{path} was made with a {name} of SHA-256 {digest[:12]}, the one here has {ours[:12]}: "
                "its vectors cannot be compared; index the catalogue again"
            )


def open_shop(
    path: str | os.PathLike[str], *, recipe: Recipe | None = None, rules: RulesSource = None
) -> Recommender:
    """An open shop: `lookalike.open("shop")`. See `Recommender.open`."""
    return Recommender.open(path, recipe=recipe, rules=rules)
