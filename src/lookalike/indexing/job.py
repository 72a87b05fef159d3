"""A catalogue into a store, in one command that can be stopped and run again.

    survey   one pass: how many products, which columns, a sample to fit on
    fit      the sample is embedded, a PCA fitted for each part, the store made
    encode   shard by shard: what is new or changed is embedded, and committed before the next shard
    tidy     small files are merged; what scores are read off is drawn, if the catalogue has another size

A shard is plain values in and plain values out (`encode`), so any engine shaped like `map` can run it; the
driver alone writes. A run that was stopped leaves whole shards; the next one finds their products unchanged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lookalike.catalogue import Catalogue, Survey, open_catalogue, survey, typed
from lookalike.catalogue.reading import NOT_ON_SALE
from lookalike.errors import CatalogueError
from lookalike.indexing.arrivals import in_shards
from lookalike.indexing.calibrating import calibrate
from lookalike.indexing.fitting import FIT_PICTURES, Progress, open_or_make
from lookalike.indexing.rejects import RejectFile
from lookalike.indexing.shards import SHARD_PRODUCTS, Encoded, Indexer, Line, Shard
from lookalike.media.caching import PictureCache
from lookalike.media.fetching import Fetcher
from lookalike.recipe import Recipe
from lookalike.store.lance import LanceStore
from lookalike.store.rows import Header
from lookalike.types import Product, Reject


class Engine(Protocol):
    """Anything shaped like `map`."""

    def __call__(self, function: Callable[[Shard], Encoded], shards: Iterable[Shard], /) -> Iterable[Encoded]: ...


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
    hosts: dict[str, dict[str, int]] = field(default_factory=dict)  # host -> why -> pictures that it did not give
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
    exists it must agree. prune: delete products that the catalogue does not have. fetcher: for pictures at URLs;
    the default one keeps them in the cache folder, so that the next run asks only what has changed.
    Raises `CatalogueError` for a catalogue that cannot be read, `RecipeError` for a recipe that differs.
    """
    started, path = time.monotonic(), os.fspath(store)
    catalogue = open_catalogue(Path(source), columns=columns, images=Path(images) if images else None)
    found = survey(_watched(catalogue, progress), sample=FIT_PICTURES)
    if not found.products:
        raise CatalogueError(_nothing_usable(catalogue, found))
    fetcher = fetcher or Fetcher(cache=PictureCache())
    target, encoder, memory = open_or_make(path, found, catalogue, recipe, fetcher, workers, progress)
    indexer = Indexer(target, encoder, fetcher, memory=memory, workers=workers)
    report = Report(path, format=catalogue.format, products=found.products, embedded=len(memory))
    with RejectFile(path, catalogue) as rejects:
        seen: set[int] = set()
        lines = _lines(catalogue, target.header, rejects, seen)
        shards = in_shards(lines, indexer.begin, size=SHARD_PRODUCTS)
        for encoded in engine(indexer.encode, shards):
            _commit(target, encoded, report, rejects)
            progress("indexing", report.added + report.changed + report.unchanged, found.products)
        report.rejected, report.skipped_pictures = rejects.rows, rejects.skipped
        stored = target.ids(limit=0)
        strangers = [i for i in stored if hash(i) not in seen]
        report.strangers = len(strangers)
        if prune:
            for at in range(0, len(strangers), SHARD_PRODUCTS):
                report.deleted += target.delete(strangers[at : at + SHARD_PRODUCTS])
        report.reasons, report.report = rejects.reasons(), rejects.path
    indexer.close()
    if report.added or report.changed or report.deleted:
        progress("tidying", 0, 0)
        target.optimise()
    calibrate(target, products=len(stored) - report.deleted)
    report.seconds = time.monotonic() - started
    return report


def _watched(catalogue: Catalogue, progress: Progress) -> Iterator[Product | Reject]:
    for at, item in enumerate(catalogue):
        if at % 1000 == 0:
            progress("reading", at, 0)
        yield item


def _lines(catalogue: Catalogue, header: Header, rejects: RejectFile, seen: set[int]) -> Iterator[Line]:
    """Products with their lines; rejects go to their file as they come."""
    for number, item in catalogue.with_lines():
        if isinstance(item, Reject):
            rejects.add(item)
            if not item.reason.startswith(NOT_ON_SALE):
                seen.add(hash(item.id))  # the catalogue has it: what is stored stays until its row is mended
            continue
        seen.add(hash(item.id))
        try:
            product = typed(item, header.columns)
        except ValueError as error:
            rejects.add(Reject(number, item.id, str(error)))
            continue
        yield Line(number, product)


def _commit(store: LanceStore, encoded: Encoded, report: Report, rejects: RejectFile) -> None:
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
    for (host, reason), count in encoded.failures.items():
        of_host = report.hosts.setdefault(host, {})
        of_host[reason] = of_host.get(reason, 0) + count


def _nothing_usable(catalogue: Catalogue, found: Survey) -> str:
    if found.rejects:
        first = found.rejects[0]
        return (
            f"{catalogue.source} has no usable row: {found.reject_count:,} rejected, "
            f"the first on line {first.line}: {first.reason}"
        )
    return f"{catalogue.source} has no products"
