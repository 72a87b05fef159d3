"""A shard of a catalogue into rows: what is unchanged is recognised, what was seen is not embedded again.

Plain values in, plain values out, nothing written: so any engine shaped like `map` can run it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from lookalike.indexing.garments import with_garment
from lookalike.indexing.pictures import Fault, Loaded, Memory, PictureReader, split_rows
from lookalike.media.decoding import Decode, decode
from lookalike.media.fetching import Fetcher
from lookalike.models.attributes import open_attributes
from lookalike.models.encoder import Encoder, Wording, wording
from lookalike.models.session import default_threads
from lookalike.store.interface import KnownView, Store
from lookalike.store.rows import facts_of, facts_table, rows_table, words_of
from lookalike.types import Guess, Product, Reject, Vector, Vectors, View

SHARD_PRODUCTS = 1024


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
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)  # pictures from URLs by host and reason


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
        decode: Decode = decode,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._memory = memory or Memory()
        self._reader = PictureReader(encoder, fetcher, workers=workers or 2 * default_threads(), decode=decode)
        self._attributes = open_attributes(encoder.recipe.image, encoder.reductions.get("image"))
        self._sees = any(part != "text" for part in store.header.parts)

    def close(self) -> None:
        self._reader.close()

    def begin(self, line: Line) -> Sequence[Future[Any]]:
        """Start to fetch the pictures that `encode` will need for this line, and return what to wait for."""
        pictures = line.product.images if self._sees else ()
        return self._reader.begin(p for p in pictures if not self._memory.key(p) and p not in self._memory.faults)

    def encode(self, shard: Shard) -> Encoded:
        """What is to be written for these products. Writes nothing itself."""
        result = Encoded()
        known = self._store.known([line.product.id for line in shard])
        keys = self._current_keys(shard, known, result)
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
            result.facts = self.facts(patched)
        self._rebuild(rebuilt, known, keys, result)
        self._reader.release(p for line in shard for p in line.product.images)
        return result

    def facts(self, products: Sequence[Product]) -> pa.Table:
        """What is to be patched for products whose pictures and words stay as they are stored."""
        mains = self._store.views([p.id for p in products])
        images = {i: views[0].parts.get("image") for i, views in mains.items()}
        return facts_table(self._store.header, self._with_guesses(products, images))

    def _current_keys(self, shard: Shard, known: Mapping[str, list[KnownView]], result: Encoded) -> dict[str, str]:
        """Keys of the pictures of products that are stored with the same pictures.

        A picture whose host cannot be asked now keeps the key that it has in the store, and is reported.
        """
        same = [line for line in shard if self._sees and _same_pictures(line.product, known)]
        keys, unknown = self._reader.keys(list(dict.fromkeys(p for line in same for p in line.product.images)))
        for line in same:
            for view in known[line.product.id]:
                if (fault := unknown.get(view.view.picture)) is not None:
                    keys[view.view.picture] = view.view.key
                    words = f"picture skipped, it stays as it is stored: {fault.words}"
                    result.rejects.append(Reject(line.number, line.product.id, words))
        result.failures.update((fault.host, fault.reason) for fault in unknown.values())
        return keys

    def _has_new_content(self, product: Product, views: list[KnownView], keys: Mapping[str, str]) -> bool:
        if words_of(_words(product)) != views[0].words:
            return True
        if not self._sees:
            return False
        if [v.view.picture for v in views if v.view.picture] != list(product.images):
            return True
        return any(keys.get(v.view.picture, v.view.key) != v.view.key for v in views)

    def _rebuild(
        self, lines: Shard, known: Mapping[str, list[KnownView]], keys: Mapping[str, str], result: Encoded
    ) -> None:
        if not lines:
            return
        found, faults = self._picture_vectors(lines, keys, result)
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
        images = {
            product.id: blocks["image"][at]
            for at, (product, view) in enumerate(views)
            if "image" in blocks and view.number == 0
        }
        shown = {p.id: p for p in self._with_guesses(list(products.values()), images)}
        views = [(shown[product.id], view) for product, view in views]
        result.rows = rows_table(header, views, [words[product.id] for product, _ in views], blocks)

    def _with_guesses(self, products: Sequence[Product], images: Mapping[str, Vector | None]) -> list[Product]:
        """The products with what they are taken for. images: the stored image part of the main pictures by id."""
        predicted: dict[str, dict[str, Guess]] = {}
        seen = {i: vector for i, vector in images.items() if vector is not None}
        if self._attributes is not None and seen:
            predicted = dict(zip(seen, self._attributes.read(np.stack(list(seen.values()))), strict=True))
        return [with_garment(replace(p, predicted=predicted.get(p.id, {}))) for p in products]

    def _views_of(
        self,
        line: Line,
        found: Mapping[str, tuple[str, dict[str, Vector]]],
        faults: Mapping[str, Fault],
        known: Mapping[str, list[KnownView]],
        result: Encoded,
    ) -> list[tuple[Product, View]]:
        """The views that a product will have; none, with a reject, when it has pictures and none can be used."""
        product = line.product
        usable = [p for p in product.images if p in found] if self._sees else []
        for picture in product.images if self._sees else ():
            if picture in faults:
                words = "picture skipped: " if usable else ""
                result.rejects.append(Reject(line.number, product.id, words + faults[picture].words))
        if self._sees and product.images and not usable:
            kept = product.id in known
            result.added -= not kept
            result.changed -= kept
            return []
        pictures = usable or [product.images[0] if product.images else ""]
        return [(product, View(product.id, n, p, found.get(p, ("", {}))[0])) for n, p in enumerate(pictures)]

    def _picture_vectors(
        self, lines: Shard, keys: Mapping[str, str], result: Encoded
    ) -> tuple[dict[str, tuple[str, dict[str, Vector]]], dict[str, Fault]]:
        """Key and vectors of every usable picture by its name, and what is wrong with the others.

        keys: those that are known already; such a picture is not read when the store has its vectors.
        """
        found: dict[str, tuple[str, dict[str, Vector]]] = {}
        faults: dict[str, Fault] = {}
        unread = []
        pictures = list(dict.fromkeys(p for line in lines for p in line.product.images)) if self._sees else []
        keys = {**self._reader.keys_of_fetched(pictures), **keys}
        stored = self._store.vectors_of_pictures([key for p in pictures if (key := keys.get(p))])
        for picture in pictures:
            key = self._memory.key(picture) or keys.get(picture, "")
            if (vectors := self._memory.vectors(key) or stored.get(key)) is not None:
                found[picture] = (key, vectors)
            elif picture in self._memory.faults:
                faults[picture] = self._memory.faults[picture]
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
        result.failures.update((fault.host, fault.reason) for fault in faults.values() if fault.host)
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


def _same_pictures(product: Product, known: Mapping[str, list[KnownView]]) -> bool:
    views = known.get(product.id)
    return views is not None and [v.view.picture for v in views if v.view.picture] == list(product.images)


def _are_stored(views: Sequence[tuple[Product, View]], known: Sequence[KnownView]) -> bool:
    """Whether these very views are in the store: so it is when a picture that was faulty still is."""
    return bool(views) and [(v, facts_of(p), words_of(_words(p))) for p, v in views] == [
        (k.view, k.facts, k.words) for k in known
    ]


def _words(product: Product) -> tuple[str, ...]:
    words: Wording = wording(product)
    return words.title, words.description, words.brand
