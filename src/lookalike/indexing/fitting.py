"""The store that an index job writes to: opened, or made with what is fitted on a sample of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from lookalike.catalogue import Catalogue, Survey
from lookalike.errors import RecipeError
from lookalike.indexing.garments import name_garments
from lookalike.indexing.pictures import Fault, Loaded, Memory, PictureReader, split_rows
from lookalike.indexing.shards import SHARD_PRODUCTS
from lookalike.media.fetching import Fetcher
from lookalike.models import unrelated
from lookalike.models.attributes import open_attributes, open_shares
from lookalike.models.brands import BRANDS, Brands, learn_brands
from lookalike.models.encoder import Encoder, wording
from lookalike.models.reduction import Reduction, ReductionFitter
from lookalike.models.session import default_threads
from lookalike.models.specs import find_spec
from lookalike.models.weights import weights_digest
from lookalike.recipe import Recipe, difference
from lookalike.store.lance import LanceStore, exists
from lookalike.store.rows import GARMENT, Header
from lookalike.types import PARTS, Product, Vector

FIT_PICTURES = 8192  # embedded to fit the reductions on; they are not embedded again


class Progress(Protocol):
    """Told what is happening: a stage, how much of it is done, and of how much (0 when not known)."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def open_or_make(
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
        knew_garments = GARMENT in store.header.predicted
        store.widen(found.columns, catalogue.aliases, read_off=(GARMENT,))
        if not knew_garments:
            name_garments(store)
        fitted = {part: Reduction.from_bytes(content) for part, content in store.fitted().items() if part in PARTS}
        brands = Brands.from_bytes(store.fitted().get(BRANDS))
        return store, Encoder(stored, fitted, brands=brands), Memory()
    chosen = recipe or _recipe_for(found)
    encoder, memory = _fit(chosen, found.sample, fetcher, workers, progress)
    header = Header(
        recipe=chosen,
        dims={p: _dim(encoder, p) for p in encoder.parts},
        columns=found.columns,
        aliases=catalogue.aliases,
        models={p: weights_digest(getattr(chosen, p)) for p in encoder.models},
        predicted=_predicted(chosen),
    )
    fitted_bytes = {part: reduction.to_bytes() for part, reduction in encoder.reductions.items()}
    fitted_bytes[BRANDS] = encoder.brands.to_bytes()
    fitted_bytes[unrelated.UNRELATED] = unrelated.to_bytes(unrelated.unrelated_vectors(encoder))
    return LanceStore.create(path, header, fitted_bytes, mirror_limit=0), encoder, memory


def _recipe_for(found: Survey) -> Recipe:
    """The default; a catalogue without any picture has only words to go by."""
    return Recipe() if found.images else Recipe(image="none", colour="none")


def _fit(
    recipe: Recipe, sample: Sequence[Product], fetcher: Fetcher, workers: int | None, progress: Progress
) -> tuple[Encoder, Memory]:
    """The encoder with a reduction for each part, fitted on a sample, and the sample's vectors."""
    encoder = Encoder(recipe, brands=learn_brands(sample))
    kept: list[tuple[Loaded, dict[str, Vector]]] = []
    fitters = {part: _fitter(recipe, part) for part in encoder.parts}
    pictures = [p for product in sample for p in product.images] if encoder.sees else []
    pictures = list(dict.fromkeys(pictures))[:FIT_PICTURES]
    reader = PictureReader(encoder, fetcher, workers=workers or 2 * default_threads())
    faults: dict[str, Fault] = {}
    for loaded in reader.load(pictures, leave_late=True):
        faults |= {p.picture: p.fault for p in loaded if p.fault}
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
    return encoder, Memory(_reduced(encoder, kept), faults)


def _fitter(recipe: Recipe, part: str) -> ReductionFitter:
    shares = open_shares(find_spec(recipe.image)) if part == "image" else None
    counts = None if shares is None else shares.counts
    return ReductionFitter(recipe.reduce_to[part], whiten=recipe.whiten[part], counts=counts)


def _reduced(
    encoder: Encoder, kept: Sequence[tuple[Loaded, dict[str, Vector]]]
) -> Iterator[tuple[str, str, dict[str, Vector]]]:
    """What was embedded for the fit, as the store will hold it: picture, key, vectors."""
    for at in range(0, len(kept), SHARD_PRODUCTS):
        some = kept[at : at + SHARD_PRODUCTS]
        blocks = {p: encoder.reduce(p, np.stack([row[p] for _, row in some])) for p in some[0][1]}
        for (loaded, _), vectors in zip(some, split_rows(blocks), strict=True):
            yield loaded.picture, loaded.key, vectors


def _predicted(recipe: Recipe) -> tuple[str, ...]:
    """What is read off a product: what the recipe's image model sees on its picture, and its kind of garment."""
    attributes = open_attributes(recipe.image)
    return (*(attributes.heads if attributes is not None else ()), GARMENT)


def _dim(encoder: Encoder, part: str) -> int:
    reduction = encoder.reductions.get(part)
    if reduction is not None:
        return reduction.dim_out
    return find_spec(getattr(encoder.recipe, part)).dim
