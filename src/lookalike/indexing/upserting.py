"""Single products into a store that is being asked: rows as a catalogue has them, in batches, as they come.

Each step is that of an index run: the catalogue's readers clean a row, the shard's encoder makes what is stored.
What a call returns is committed; a product is stored whole or not at all.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal

from lookalike.catalogue import open_catalogue, survey, typed
from lookalike.errors import CatalogueError
from lookalike.indexing.calibrating import calibrate
from lookalike.indexing.shards import Indexer, Line
from lookalike.media.decoding import Decode, decode
from lookalike.media.fetching import Fetcher, is_url
from lookalike.models.encoder import Encoder, wording
from lookalike.store.lance import LanceStore
from lookalike.types import Product, Reject, Upserted, Value

_GROWN = 0.1  # by so much of its products a store changes before its scores are looked at again
_NOT_GIVEN = Product("")
_CHANGEABLE = tuple(f.name for f in fields(Product) if f.name not in ("id", "attributes", "predicted"))


class Upserter:
    """Puts rows into an open store, one batch at a time. Safe to share between threads."""

    def __init__(self, store: LanceStore, encoder: Encoder, fetcher: Fetcher, *, decode: Decode = decode) -> None:
        self._store = store
        self._encoder, self._fetcher, self._decode = encoder, fetcher, decode
        self._turn = threading.Lock()
        self._calibrated_for = store.counts().products

    def put(self, rows: Sequence[Mapping[str, Any]]) -> list[Upserted]:
        """Insert or replace a product for each row; columns are named as in a catalogue. In order of the rows.

        All that is stored is one commit: whoever looks sees the batch whole, or not yet.
        A picture is a URL, or one that the product has already: no other file of this machine is read.
        Raises `StoreError` where nothing could be stored.
        """
        with self._turn:
            products, found = self._read(rows)
            known = self._store.known([line.product.id for line in products])
            lines = []
            for line in products:
                its_own = {view.view.picture for view in known.get(line.product.id, ())}
                strange = [p for p in line.product.images if not is_url(p) and p not in its_own]
                if strange:
                    words = f"picture {strange[0]!r} is no http or https address: put it where it has one"
                    found[line.number] = Upserted(line.product.id, "rejected", words)
                else:
                    lines.append(line)
            found |= self._stored(lines)
            self._look_at_scores()
        missing = Upserted("", "rejected", "the row is empty")
        return [found.get(n) or replace(missing, id=str(row.get("id", ""))) for n, row in enumerate(rows, start=1)]

    def change(self, product_id: str, changes: Mapping[str, Any]) -> Product:
        """The product as it is after these columns were changed, the others left as they are. None empties one.

        Raises `ProductNotFound`, and `CatalogueError` for a value that will not do.
        """
        with self._turn:
            before = self._store.product(product_id)
            emptied = {name: getattr(_NOT_GIVEN, name) for name in _CHANGEABLE if changes.get(name, "") is None}
            given = {name: value for name, value in changes.items() if value is not None}
            lines, rejected = self._read([{**given, "id": product_id}])
            if not lines:
                raise CatalogueError(f"product {product_id!r} stays as it is: {rejected[1].reason}")
            said = lines[0].product
            told = {n: v for n in _CHANGEABLE if (v := getattr(said, n)) != getattr(_NOT_GIVEN, n)}
            dropped = {name for name, value in changes.items() if value is None}
            attributes: dict[str, Value] = {n: v for n, v in before.attributes.items() if n not in dropped} | dict(
                said.attributes
            )
            after = replace(before, **(emptied | told), attributes=attributes)
            if after.images != before.images and not all(map(is_url, set(after.images) - set(before.images))):
                raise CatalogueError(f"product {product_id!r} stays as it is: a picture needs an http address")
            if after.images == before.images and wording(after) == wording(before):
                with closing(self._indexer()) as indexer:
                    self._store.patch(indexer.facts([after]))
            elif (result := self._stored([Line(1, after)])[1]).status == "rejected":
                raise CatalogueError(f"product {product_id!r} stays as it is: {result.reason}")
            return self._store.product(product_id)

    def delete(self, product_id: str) -> None:
        """Raises `ProductNotFound`."""
        with self._turn:
            if not self._store.delete([product_id]):
                self._store.product(product_id)

    def _indexer(self) -> Indexer:
        return Indexer(self._store, self._encoder, self._fetcher, decode=self._decode)

    def _read(self, rows: Sequence[Mapping[str, Any]]) -> tuple[list[Line], dict[int, Upserted]]:
        """The products of the rows with their numbers, from 1, and what is wrong with the others."""
        if not any(value is not None for row in rows for value in row.values()):
            return [], {}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "rows.jsonl")
            file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
            try:
                catalogue = open_catalogue(file)
                catalogue.gallery = replace(catalogue.gallery, as_named=True)
                items = list(catalogue.with_lines())
            except CatalogueError as error:
                words = str(error).replace(str(file), "the batch").partition("; give --columns")[0]
                raise CatalogueError(words) from error
        seen = survey((item for _, item in items), sample=0)
        header = self._store.header
        if any(header.columns.get(name) != kind for name, kind in seen.columns.items()):
            self._store.widen(seen.columns, catalogue.aliases)
            header = self._store.header
        lines: list[Line] = []
        found: dict[int, Upserted] = {}
        for number, item in items:
            if isinstance(item, Reject):
                found.setdefault(number, Upserted(item.id, "rejected", item.reason))
                continue
            try:
                lines.append(Line(number, typed(item, header.columns)))
            except ValueError as error:
                found[number] = Upserted(item.id, "rejected", str(error))
        return lines, {n: one for n, one in found.items() if n not in {line.number for line in lines}}

    def _stored(self, lines: Sequence[Line]) -> dict[int, Upserted]:
        """What became of these products, by their numbers; committed."""
        if not lines:
            return {}
        with closing(self._indexer()) as indexer:
            for line in lines:
                indexer.begin(line)
            encoded = indexer.encode(lines)
        written: set[str] = set()
        if encoded.rows is not None:
            self._store.put(encoded.rows, encoded.facts)
        elif encoded.facts is not None:
            self._store.patch(encoded.facts)
        for table in (encoded.rows, encoded.facts):
            written |= set() if table is None else set(table.column("id").to_pylist())
        reasons = {reject.id: reject.reason for reject in encoded.rejects}
        found = {}
        for line in lines:
            i = line.product.id
            reason = reasons.get(i, "")
            lost = reason and not reason.startswith("picture skipped")
            status: Literal["stored", "unchanged", "rejected"] = (
                "stored" if i in written else "rejected" if lost else "unchanged"
            )
            found[line.number] = Upserted(i, status, reason)
        return found

    def _look_at_scores(self) -> None:
        """Draw anew what scores are read off, where the catalogue has grown a lot."""
        count = self._store.counts().products
        if abs(count - self._calibrated_for) > _GROWN * self._calibrated_for:
            calibrate(self._store, products=count)
            self._calibrated_for = count
