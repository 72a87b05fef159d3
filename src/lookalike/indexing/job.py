"""A catalogue into a store, in one command that can be stopped and run again.

    survey   one pass: how many products, which columns, a sample to fit on
    fit      the sample is embedded, a PCA fitted for each part, the store made
    encode   shard by shard: what is new or changed is embedded, and committed before the next shard

A shard is plain values in and plain values out (`encode`), so any engine shaped like `map` can run it; the
driver alone writes. A run that was stopped leaves whole shards; the next one finds their products unchanged.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from lookalike.catalogue import Catalogue, Survey, open_catalogue, survey, typed
from lookalike.errors import CatalogueError, RecipeError, StoreError
from lookalike.indexing.pictures import Loaded, Memory, PictureReader, split_rows
from lookalike.media.fetching import Fetcher, is_url
from lookalike.models.encoder import Encoder, Wording, wording
from lookalike.models.reduction import Reduction, ReductionFitter
from lookalike.models.session import default_threads
from lookalike.models.specs import find_spec
from lookalike.models.weights import weights_digest
from lookalike.recipe import Recipe, difference
from lookalike.store.interface import KnownView, Store
from lookalike.store.lance import LanceStore, exists
from lookalike.store.rows import Header, facts_of, facts_table, rows_table, words_of
from lookalike.types import Product, Reject, Vector, Vectors, View

SHARD_PRODUCTS = 1024
FIT_PICTURES = 8192  # embedded to fit the reductions on; they are not embedded again
_REPORT = "rejects.csv"


class Progress(Protocol):
    """Told what is happening: a stage, how much of it is done, and of how much (0 when not known)."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


class Engine(Protocol):
    """Anything shaped like `map`."""

    def __call__(self, function: Callable[[Shard], Encoded], shards: Iterable[Shard], /) -> Iterable[Encoded]: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A product and the line of the catalogue that it comes from."""

    number: int
    product: Product


Shard = Sequence[Line]


@dataclass(slots=True)
class Encoded:
    """What became of a shard."""

    rows: pa.Table | None = None  # whole products, new or changed
    facts: pa.Table | None = None  # products of which only facts have changed
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    embedded: int = 0  # pictures
    rejects: list[Reject] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """What an index run did."""

    store: str
    format: str = ""
    products: int = 0  # read from the catalogue
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    strangers: int = 0  # products in the store that this catalogue does not have
    embedded: int = 0  # pictures that went through the models
    rejected: int = 0  # rows
    skipped_pictures: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # the commonest reasons, without their values
    report: str = ""  # the file with every reject; empty when there is none
    seconds: float = 0.0


def index(
    source: str | os.PathLike[str],
    store: str | os.PathLike[str],
    *,
    columns: str | None = None,
    images: str | os.PathLike[str] | None = None,
    recipe: Recipe | None = None,
    prune: bool = False,
    engine: Engine = map,
    fetcher: Fetcher | None = None,
    workers: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Report:
    """Bring the store up to date with a catalogue, and say what was done.

    source: a catalogue file or a folder of pictures. columns: a column map by name or path, instead of
    recognising one. images: the folder that picture paths start from. recipe: for a new store; for one that
    exists it must agree. prune: delete products that the catalogue does not have.
    Raises `CatalogueError` for a catalogue that cannot be read, `RecipeError` for a recipe that differs.
    """
    started, path = time.monotonic(), os.fspath(store)
    catalogue = open_catalogue(Path(source), columns=columns, images=Path(images) if images else None)
    found = survey(_watched(catalogue, progress), sample=FIT_PICTURES)
    if not found.products:
        raise CatalogueError(_nothing_usable(catalogue, found))
    fetcher = fetcher or Fetcher()
    target, encoder, memory = _open_or_make(path, found, catalogue, recipe, fetcher, workers, progress)
    indexer = Indexer(target, encoder, fetcher, memory=memory, workers=workers)
    report = Report(path, format=catalogue.format, products=found.products, embedded=len(memory))
    with _RejectFile(path, catalogue) as rejects:
        seen: set[int] = set()
        shards = _shards(catalogue, target.header, rejects, seen, report)
        for encoded in engine(indexer.encode, shards):
            _commit(target, encoded, report, rejects)
            progress("indexing", report.added + report.changed + report.unchanged, found.products)
        report.rejected, report.skipped_pictures = rejects.rows, rejects.skipped
        strangers = [i for i in target.ids(limit=0) if hash(i) not in seen]
        report.strangers = len(strangers)
        if prune:
            for at in range(0, len(strangers), SHARD_PRODUCTS):
                report.deleted += target.delete(strangers[at : at + SHARD_PRODUCTS])
        report.reasons, report.report = rejects.reasons(), rejects.path
    indexer.close()
    if report.added or report.changed or report.deleted:
        progress("tidying", 0, 0)
        target.optimise()
    report.seconds = time.monotonic() - started
    return report


class Indexer:
    """Encodes shards against one store: what is unchanged is recognised, what was seen is not embedded again."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        fetcher: Fetcher,
        *,
        memory: Memory | None = None,
        workers: int | None = None,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._memory = memory or Memory()
        self._reader = PictureReader(encoder, fetcher, workers=workers or 2 * default_threads())
        self._sees = any(part != "text" for part in store.header.parts)

    def close(self) -> None:
        self._reader.close()

    def encode(self, shard: Shard) -> Encoded:
        """What is to be written for these products. Writes nothing itself."""
        result = Encoded()
        known = self._store.known([line.product.id for line in shard])
        keys = self._current_keys(shard, known)
        rebuilt: list[Line] = []
        patched: list[Product] = []
        for line in shard:
            product, views = line.product, known.get(line.product.id)
            if views is None or self._has_new_content(product, views, keys):
                rebuilt.append(line)
                result.added += views is None
                result.changed += views is not None
            elif views[0].facts != facts_of(product):
                patched.append(product)
            else:
                result.unchanged += 1
        result.changed += len(patched)
        if patched:
            result.facts = facts_table(self._store.header, patched)
        self._rebuild(rebuilt, known, result)
        return result

    def _current_keys(self, shard: Shard, known: Mapping[str, list[KnownView]]) -> dict[str, str]:
        """Keys of the local pictures of products that are stored with the same pictures."""
        pictures = [p for line in shard if _same_pictures(line.product, known) for p in line.product.images]
        return self._reader.keys([p for p in dict.fromkeys(pictures) if not is_url(p)]) if self._sees else {}

    def _has_new_content(self, product: Product, views: list[KnownView], keys: Mapping[str, str]) -> bool:
        if words_of(_words(product)) != views[0].words:
            return True
        if not self._sees:
            return False
        if [v.view.picture for v in views if v.view.picture] != list(product.images):
            return True
        return any(keys.get(v.view.picture, v.view.key) != v.view.key for v in views)

    def _rebuild(self, lines: Shard, known: Mapping[str, list[KnownView]], result: Encoded) -> None:
        if not lines:
            return
        found, faults = self._picture_vectors(lines, result)
        views: list[tuple[Product, View]] = []
        for line in lines:
            fresh = self._views_of(line, found, faults, known, result)
            if _are_stored(fresh, known.get(line.product.id, [])):
                result.changed -= 1
                result.unchanged += 1
            else:
                views += fresh
        if not views:
            return
        products = {product.id: product for product, _ in views}
        vectors, words = self._word_vectors(list(products.values()))
        header = self._store.header
        blocks: dict[str, Vectors] = {}
        for part in header.parts:
            if part == "text":
                blocks[part] = np.stack([vectors[product.id] for product, _ in views])
            else:
                nothing = np.zeros(header.dims[part], np.float32)
                blocks[part] = np.stack([found.get(v.picture, ("", {}))[1].get(part, nothing) for _, v in views])
        result.rows = rows_table(header, views, [words[product.id] for product, _ in views], blocks)

    def _views_of(
        self,
        line: Line,
        found: Mapping[str, tuple[str, dict[str, Vector]]],
        faults: Mapping[str, str],
        known: Mapping[str, list[KnownView]],
        result: Encoded,
    ) -> list[tuple[Product, View]]:
        """The views that a product will have; none, with a reject, when it has pictures and none can be used."""
        product = line.product
        usable = [p for p in product.images if p in found] if self._sees else []
        for picture in product.images if self._sees else ():
            if picture in faults:
                words = "picture skipped: " if usable else ""
                result.rejects.append(Reject(line.number, product.id, words + faults[picture]))
        if self._sees and product.images and not usable:
            kept = product.id in known
            result.added -= not kept
            result.changed -= kept
            return []
        pictures = usable or [product.images[0] if product.images else ""]
        return [(product, View(product.id, n, p, found.get(p, ("", {}))[0])) for n, p in enumerate(pictures)]

    def _picture_vectors(
        self, lines: Shard, result: Encoded
    ) -> tuple[dict[str, tuple[str, dict[str, Vector]]], dict[str, str]]:
        """Key and vectors of every usable picture by its name, and what is wrong with the others."""
        found: dict[str, tuple[str, dict[str, Vector]]] = {}
        faults: dict[str, str] = {}
        unread = []
        for picture in dict.fromkeys(p for line in lines for p in line.product.images) if self._sees else ():
            key = self._memory.key(picture)
            if key and (vectors := self._memory.vectors(key)) is not None:
                found[picture] = (key, vectors)
            else:
                unread.append(picture)
        for loaded in self._reader.load(unread):
            faults |= {p.picture: p.fault for p in loaded if p.fault}
            good = [p for p in loaded if not p.fault]
            vectors_of = self._known_vectors(good)
            fresh = list({p.key: p for p in good if p.key not in vectors_of}.values())
            result.embedded += len(fresh)
            if fresh:
                rows = split_rows(self._encoder.encode_pictures([p.canvas for p in fresh if p.canvas is not None]))
                vectors_of |= {p.key: row for p, row in zip(fresh, rows, strict=True)}
            for p in good:
                found[p.picture] = (p.key, vectors_of[p.key])
                self._memory.keep(p.picture, p.key, vectors_of[p.key])
        return found, faults

    def _known_vectors(self, loaded: Sequence[Loaded]) -> dict[str, dict[str, Vector]]:
        """Vectors of pictures that this run or the store has seen under any name."""
        keys = {p.key for p in loaded}
        known = {key: vectors for key in keys if (vectors := self._memory.vectors(key)) is not None}
        return known | self._store.vectors_of_pictures([key for key in keys if key not in known])

    def _word_vectors(self, products: Sequence[Product]) -> tuple[dict[str, Vector], dict[str, str]]:
        words = {p.id: words_of(_words(p)) for p in products}
        if "text" not in self._store.header.parts:
            return {}, words
        rows = self._encoder.encode_wordings([wording(p) for p in products])
        return {p.id: row for p, row in zip(products, rows, strict=True)}, words


# -- the store, and what is fitted for it ---------------------------------------------------------


def _open_or_make(
    path: str,
    found: Survey,
    catalogue: Catalogue,
    recipe: Recipe | None,
    fetcher: Fetcher,
    workers: int | None,
    progress: Progress,
) -> tuple[LanceStore, Encoder, Memory]:
    if exists(path):
        store = LanceStore.open(path, mirror_limit=0)  # a writer needs no copy in memory
        stored = store.header.recipe
        if recipe is not None and (differs := difference(stored, recipe)):
            raise RecipeError(f"{path} was made with another recipe: {differs}; index into a new folder")
        store.widen(found.columns, catalogue.aliases)
        fitted = {part: Reduction.from_bytes(content) for part, content in store.fitted().items()}
        return store, Encoder(stored, fitted), Memory()
    chosen = recipe or _recipe_for(found)
    encoder, memory = _fit(chosen, found.sample, fetcher, workers, progress)
    header = Header(
        recipe=chosen,
        dims={p: _dim(encoder, p) for p in encoder.parts},
        columns=found.columns,
        aliases=catalogue.aliases,
        models={p: weights_digest(getattr(chosen, p)) for p in encoder.parts},
    )
    fitted_bytes = {part: reduction.to_bytes() for part, reduction in encoder.reductions.items()}
    return LanceStore.create(path, header, fitted_bytes, mirror_limit=0), encoder, memory


def _recipe_for(found: Survey) -> Recipe:
    """The default; a catalogue without any picture has only words to go by."""
    return Recipe() if found.images else Recipe(image="none", colour="none")


def _fit(
    recipe: Recipe, sample: Sequence[Product], fetcher: Fetcher, workers: int | None, progress: Progress
) -> tuple[Encoder, Memory]:
    """The encoder with a reduction for each part, fitted on a sample, and the sample's vectors."""
    encoder = Encoder(recipe)
    kept: list[tuple[Loaded, dict[str, Vector]]] = []
    fitters = {part: ReductionFitter(recipe.reduce_to[part], whiten=recipe.whiten[part]) for part in encoder.parts}
    pictures = [p for product in sample for p in product.images] if encoder.sees else []
    pictures = list(dict.fromkeys(pictures))[:FIT_PICTURES]
    reader = PictureReader(encoder, fetcher, workers=workers or 2 * default_threads())
    for loaded in reader.load(pictures):
        good = list({p.key: p for p in loaded if not p.fault}.values())
        if good:
            blocks = encoder.describe_pictures([p.canvas for p in good if p.canvas is not None])
            for part, rows in blocks.items():
                fitters[part].add(rows)
            kept += zip((replace(p, canvas=None) for p in good), split_rows(blocks), strict=True)
        progress("fitting", len(kept), len(pictures))
    reader.close()
    if "text" in encoder.parts:
        fitters["text"].add(encoder.describe_wordings([wording(p) for p in sample]))
    encoder.reductions = {part: fitter.fit() for part, fitter in fitters.items() if fitter.count}
    return encoder, Memory(_reduced(encoder, kept))


def _reduced(
    encoder: Encoder, kept: Sequence[tuple[Loaded, dict[str, Vector]]]
) -> Iterator[tuple[str, str, dict[str, Vector]]]:
    """What was embedded for the fit, as the store will hold it: picture, key, vectors."""
    for at in range(0, len(kept), SHARD_PRODUCTS):
        some = kept[at : at + SHARD_PRODUCTS]
        blocks = {p: encoder.reduce(p, np.stack([row[p] for _, row in some])) for p in some[0][1]}
        for (loaded, _), vectors in zip(some, split_rows(blocks), strict=True):
            yield loaded.picture, loaded.key, vectors


def _dim(encoder: Encoder, part: str) -> int:
    reduction = encoder.reductions.get(part)
    if reduction is not None:
        return reduction.dim_out
    return find_spec(getattr(encoder.recipe, part)).dim


# -- reading and writing --------------------------------------------------------------------------


def _watched(catalogue: Catalogue, progress: Progress) -> Iterator[Product | Reject]:
    for at, item in enumerate(catalogue):
        if at % 1000 == 0:
            progress("reading", at, 0)
        yield item


def _shards(
    catalogue: Catalogue, header: Header, rejects: _RejectFile, seen: set[int], report: Report
) -> Iterator[Shard]:
    """Products in shards; rejects go to their file as they come."""
    lines = _lines(catalogue, header, rejects, seen)
    while shard := list(islice(lines, SHARD_PRODUCTS)):
        yield shard


def _lines(catalogue: Catalogue, header: Header, rejects: _RejectFile, seen: set[int]) -> Iterator[Line]:
    for number, item in catalogue.with_lines():
        if isinstance(item, Reject):
            rejects.add(item)
            seen.add(hash(item.id))  # the catalogue has it: what is stored of it stays until its row is mended
            continue
        seen.add(hash(item.id))
        try:
            product = typed(item, header.columns)
        except ValueError as error:
            rejects.add(Reject(number, item.id, str(error)))
            continue
        yield Line(number, product)


def _commit(store: LanceStore, encoded: Encoded, report: Report, rejects: _RejectFile) -> None:
    if encoded.rows is not None:
        store.put(encoded.rows)
    if encoded.facts is not None:
        store.patch(encoded.facts)
    for reject in encoded.rejects:
        rejects.add(reject)
    report.added += encoded.added
    report.changed += encoded.changed
    report.unchanged += encoded.unchanged
    report.embedded += encoded.embedded


class _RejectFile:
    """The report of what was left out: a CSV in the store's folder, there only when there is something to say."""

    def __init__(self, store: str, catalogue: Catalogue) -> None:
        folder = Path(store) if "://" not in store else Path.cwd()
        self._final, self._part = folder / _REPORT, folder / f".{_REPORT}.part"
        self._source = str(catalogue.source)
        self._reasons: dict[str, int] = {}
        self.rows = self.skipped = 0
        self.path = ""

    def __enter__(self) -> _RejectFile:
        try:
            self._file = self._part.open("w", newline="", encoding="utf-8")
        except OSError as error:
            raise StoreError(f"cannot write the report {self._final}: {error.strerror}") from error
        self._csv = csv.writer(self._file)
        self._csv.writerow(["source", "line", "id", "reason"])
        return self

    def add(self, reject: Reject) -> None:
        self._csv.writerow([reject.source or self._source, reject.line, reject.id, reject.reason])
        skipped = reject.reason.startswith("picture skipped")
        self.rows += not skipped
        self.skipped += skipped
        self.path = str(self._final)
        kind = reject.reason.partition(":")[0][:60]
        if kind in self._reasons or len(self._reasons) < 100:
            self._reasons[kind] = self._reasons.get(kind, 0) + 1

    def reasons(self) -> dict[str, int]:
        return dict(sorted(self._reasons.items(), key=lambda item: -item[1])[:5])

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        if self.path:
            self._part.replace(self._final)
        else:
            self._part.unlink()
            self._final.unlink(missing_ok=True)


def _same_pictures(product: Product, known: Mapping[str, list[KnownView]]) -> bool:
    views = known.get(product.id)
    return views is not None and [v.view.picture for v in views if v.view.picture] == list(product.images)


def _are_stored(views: Sequence[tuple[Product, View]], known: Sequence[KnownView]) -> bool:
    """Whether these very views are in the store: so it is when a picture that was faulty still is."""
    return bool(views) and [(v, facts_of(p), words_of(_words(p))) for p, v in views] == [
        (k.view, k.facts, k.words) for k in known
    ]


def _words(product: Product) -> tuple[str, str]:
    words: Wording = wording(product)
    return words.title, words.description


def _nothing_usable(catalogue: Catalogue, found: Survey) -> str:
    if found.rejects:
        first = found.rejects[0]
        return (
            f"{catalogue.source} has no usable row: {found.reject_count:,} rejected, "
            f"the first on line {first.line}: {first.reason}"
        )
    return f"{catalogue.source} has no products"
