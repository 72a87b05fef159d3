"""The store that lasts: one Lance table, on disk or object storage. The only door to LanceDB's engine.

    <store>/views.lance      the rows of `rows.py`; recipe, columns and version in the table's metadata
    <store>/fitted.lance     what was fitted on the catalogue (a PCA for each part), beside it: some MB that
                             must not be copied into the manifest of every version

A commit of `views.lance` is the only way that anything becomes visible, so a reader sees a consistent state
and a writer that dies leaves the last one. Writers on one machine take turns by a lock file.

While the table holds at most `mirror_limit` views it is mirrored in memory and answers are exact: a scan is as
fast as an index at that size and loses nothing. Beyond, each part has a vector index of its own; candidates
come from the indexes of the active parts and are scored exactly, with all parts and the query's weights.
"""

from __future__ import annotations

import datetime
import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lookalike.errors import ProductNotFound, RecipeError, StoreError
from lookalike.store.filtering import any_of, resolve, sql
from lookalike.store.interface import NO_FILTER, Counts, Hits, KnownView, StoredView, scores
from lookalike.store.memory import MemoryStore, hits, top
from lookalike.store.rows import (
    HIT_COLUMNS,
    STORE_VERSION,
    ColumnType,
    Header,
    attribute_column,
    matrix,
    product_of,
    schema,
    vector_column,
    view_of,
)
from lookalike.types import Filter, Product, Query, Vector

os.environ.setdefault("LANCE_LOG", "error")  # its warnings are for its own developers
import lance

MIRROR_LIMIT = 100_000  # views; measured in benchmarks/search.py
_EXACT_ROWS = 20_000  # a filter that leaves fewer is scanned whole
_CANDIDATES = 400  # from each active part's index
_PROBES, _PROBES_ALONE = 40, 80  # partitions looked into; more when a single part must find everything
_REFINE = 5
_COMMITS_BETWEEN_UPKEEP = 64
_KEEP_OLD_VERSIONS = datetime.timedelta(minutes=5)  # readers in the middle of a scan may still need them
_LOCK_TIMEOUT_S = 120.0
_BATCH_ROWS = 16_384


class LanceStore:
    """An open store. Safe to share between threads; every call sees what was last committed."""

    def __init__(self, path: str, dataset: Any, *, mirror_limit: int = MIRROR_LIMIT) -> None:
        self.path = path
        self._dataset = dataset
        self._mirror_limit = mirror_limit
        self._mirror: MemoryStore | None = None
        self._fitted: Any = None  # the table beside, opened when its version is first asked for
        self._row_ids: npt.NDArray[np.int64] = np.empty(
            0, np.int64
        )  # of the mirror's rows, by position; -1 when gone
        self._seen = -1  # the version that header and mirror show
        self._header = _read_header(path, dataset)
        self._guard = threading.RLock()

    @classmethod
    def create(cls, path: str, header: Header, fitted: Mapping[str, bytes], **options: Any) -> LanceStore:
        """A new, empty store. What was fitted is written first, so that a store that opens is whole."""
        try:
            if "://" not in path:
                Path(path).mkdir(parents=True, exist_ok=True)
            lance.write_dataset(
                pa.table({"name": list(fitted), "content": pa.array(list(fitted.values()), pa.binary())}),
                f"{path}/fitted.lance",
                mode="overwrite",
            )
            empty = schema(header).empty_table().replace_schema_metadata(header.to_metadata())
            dataset = lance.write_dataset(empty, f"{path}/views.lance", mode="create", enable_stable_row_ids=True)
        except (OSError, ValueError) as error:
            raise StoreError(f"cannot make a store at {path}: {_words(error)}") from error
        return cls(path, dataset, **options)

    @classmethod
    def open(cls, path: str, *, mirror_limit: int = MIRROR_LIMIT) -> LanceStore:
        """The store at a folder or URL. Raises `StoreError` where there is none, or one that is not readable."""
        if not exists(path):
            raise StoreError(f"no store at {path}: make one with `lookalike index CATALOGUE --store {path}`")
        try:
            return cls(path, lance.dataset(f"{path}/views.lance"), mirror_limit=mirror_limit)
        except (OSError, ValueError) as error:
            raise StoreError(f"the store at {path} cannot be read: {_words(error)}") from error

    def fitted(self) -> dict[str, bytes]:
        return {row["name"]: row["content"] for row in self._fitted_table().to_table().to_pylist()}

    @property
    def fitted_version(self) -> int:
        with self._guard:
            if self._fitted is None:
                self._fitted = self._fitted_table()
            return int(self._fitted.latest_version)

    # -- reading ---------------------------------------------------------------------------------

    @property
    def header(self) -> Header:
        self._sync()
        return self._header

    @property
    def version(self) -> int:
        """Of the table: one more with each commit."""
        self._sync()
        return int(self._seen)

    def counts(self) -> Counts:
        if mirror := self._sync():
            return mirror.counts()
        table = self._dataset.to_table(columns=["id", "group"])
        ids = table.column("id").to_numpy()
        groups = table.column("group").to_numpy()
        return Counts(len(np.unique(ids)), len(ids), len(np.unique(np.where(groups == "", ids, groups))))

    def product(self, product_id: str) -> Product:
        if mirror := self._sync():
            return mirror.product(product_id)
        found = self.products([product_id])
        if product_id not in found:
            raise self._not_found(product_id)
        return found[product_id]

    def products(self, ids: Sequence[str]) -> dict[str, Product]:
        if mirror := self._sync():
            return mirror.products(ids)
        rows = self._rows(ids, schema(self._header, vectors=False).names)
        return {row["id"]: product_of(row, self._header) for row in reversed(rows)}

    def facts(self, ids: Sequence[str], columns: Collection[str]) -> pa.Table:
        if mirror := self._sync():
            return mirror.facts(ids, columns)
        names = ["id", *sorted(set(columns) - {"id"})]
        table = self._dataset.to_table(columns=list({*names, "number"}), filter=any_of("id", ids))
        table = table.sort_by("number")
        rows: dict[str, int] = {}
        for at, product_id in enumerate(table.column("id").to_pylist()):
            rows.setdefault(product_id, at)
        there = [rows[i] for i in dict.fromkeys(ids) if i in rows]
        return table.select(names).take(pa.array(there, pa.int64()))

    def views(self, ids: Sequence[str]) -> dict[str, list[StoredView]]:
        if mirror := self._sync():
            return mirror.views(ids)
        found: dict[str, list[StoredView]] = {}
        for row in self._rows(ids, [*HIT_COLUMNS, *map(vector_column, self._header.parts)]):
            parts = {p: np.asarray(row[vector_column(p)], np.float32) for p in self._header.parts}
            found.setdefault(row["id"], []).append(StoredView(view_of(row), parts))
        return found

    def ids(self, *, prefix: str = "", limit: int = 20, where: Filter = NO_FILTER) -> list[str]:
        if mirror := self._sync():
            return mirror.ids(prefix=prefix, limit=limit, where=where)
        starts = prefix.replace("'", "''")
        condition = " AND ".join(
            filter(None, (f"starts_with(id, '{starts}')", "number = 0", sql(resolve(where, self._header))))
        )
        table = self._dataset.to_table(columns=["id"], filter=condition)
        return sorted(table.column("id").to_pylist())[: limit or None]

    def known(self, ids: Sequence[str]) -> dict[str, list[KnownView]]:
        if mirror := self._sync():
            return mirror.known(ids)
        found: dict[str, list[KnownView]] = {}
        for row in self._rows(ids, ["id", "number", "picture", "key", "facts", "words"]):
            found.setdefault(row["id"], []).append(KnownView(view_of(row), row["facts"], row["words"]))
        return found

    def vectors_of_pictures(self, keys: Sequence[str]) -> dict[str, dict[str, Vector]]:
        if mirror := self._sync():
            return mirror.vectors_of_pictures(keys)
        parts = [p for p in self._header.parts if p != "text"]
        table = self._dataset.to_table(
            columns=["key", *map(vector_column, parts)], filter=any_of("key", [k for k in keys if k])
        )
        blocks = {p: matrix(table.column(vector_column(p)), self._header.dims[p]) for p in parts}
        return {key: {p: blocks[p][at] for p in parts} for at, key in enumerate(table.column("key").to_pylist())}

    def nearest(self, query: Query, *, k: int, where: Filter) -> Hits:
        if mirror := self._sync():
            return mirror.nearest(query, k=k, where=where)
        condition = sql(resolve(where, self._header)) or None
        left = self._dataset.count_rows(filter=condition)
        columns = [*HIT_COLUMNS, *map(vector_column, query.active)]
        if left <= max(_EXACT_ROWS, 2 * k):
            table = self._dataset.to_table(columns=columns, filter=condition, batch_size=_BATCH_ROWS)
        else:
            table = self._candidates(query, max(_CANDIDATES, 4 * k), columns, condition)
        return self._scored(query, table, k, left)

    def nearest_many(self, queries: Sequence[Query], *, k: int, where: Sequence[Filter]) -> list[Hits]:
        if mirror := self._sync():
            return mirror.nearest_many(queries, k=k, where=where)
        return [self.nearest(query, k=k, where=one) for query, one in zip(queries, where, strict=True)]

    # -- writing ---------------------------------------------------------------------------------

    def put(self, rows: pa.Table) -> None:
        ids = list(dict.fromkeys(rows.column("id").to_pylist()))
        if not ids:
            return
        with self._writing():
            if self._dataset.count_rows(filter=any_of("id", ids)):
                merge = self._dataset.merge_insert("row").when_matched_update_all().when_not_matched_insert_all()
                merge.when_not_matched_by_source_delete(any_of("id", ids)).execute(rows)
            else:
                self._dataset.insert(rows)

    def patch(self, facts: pa.Table) -> int:
        with self._writing():
            ids = facts.column("id").to_pylist()
            there = self._dataset.to_table(columns=["id"], filter=any_of("id", ids)).column("id").unique()
            if len(there):
                self._dataset.merge_insert("id").when_matched_update_all().execute(facts)
            return len(there)

    def delete(self, ids: Sequence[str]) -> int:
        with self._writing():
            there = self._dataset.to_table(columns=["id"], filter=any_of("id", ids)).column("id").unique()
            if len(there):
                self._dataset.delete(any_of("id", ids))
            return len(there)

    def widen(self, columns: Mapping[str, ColumnType], aliases: Mapping[str, str]) -> None:
        """Make room for further attributes. Raises `StoreError` when one is here with another type."""
        with self._writing():
            old = _read_header(self.path, self._dataset)
            for name, kind in columns.items():
                if (ours := old.columns.get(name, kind)) != kind and not _fits(kind, ours):
                    raise StoreError(
                        f"column {name!r} holds {kind} values, and the store at {self.path} keeps it as {ours}: "
                        "index into a new store, or rename the column"
                    )
            fresh = {name: kind for name, kind in columns.items() if name not in old.columns}
            wide = replace(old, columns={**old.columns, **fresh}, aliases={**aliases, **old.aliases})
            if fresh:
                fields = [schema(wide).field(attribute_column(name)) for name in fresh]
                self._dataset.add_columns(pa.schema(fields))
            if wide != old:
                self._dataset.update_schema_metadata(wide.to_metadata())

    def keep_fitted(self, name: str, content: bytes) -> None:
        with self._writing():
            kept = {**self.fitted(), name: content}
            rows = pa.table({"name": list(kept), "content": pa.array(list(kept.values()), pa.binary())})
            written = lance.write_dataset(rows, f"{self.path}/fitted.lance", mode="overwrite")
            written.cleanup_old_versions(_KEEP_OLD_VERSIONS)

    def set_weights(self, weights: Mapping[str, float]) -> None:
        """Keep other weights as the store's default. No vector changes."""
        with self._writing():
            old = _read_header(self.path, self._dataset)
            header = replace(old, recipe=old.recipe.with_weights(weights))
            self._dataset.update_schema_metadata(header.to_metadata())

    def optimise(self, *, index: bool | None = None) -> None:
        """Merge small files, drop old versions, and build the indexes that a table of this size needs.

        index: True builds vector indexes whatever the size, False never; None when the mirror is too small.
        """
        with self._writing():
            self._tidy()
            rows = self._dataset.count_rows()
            if index or (index is None and rows > MIRROR_LIMIT):
                self._build_indexes(rows)

    # -- inside ----------------------------------------------------------------------------------

    def _fitted_table(self) -> Any:
        try:
            return lance.dataset(f"{self.path}/fitted.lance")
        except (OSError, ValueError) as error:
            raise StoreError(f"the store at {self.path} lacks fitted.lance: {_words(error)}") from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time, at the newest version; Lance's errors in our words."""
        lock = (
            filelock.FileLock(_lock_path(self.path), timeout=_LOCK_TIMEOUT_S) if "://" not in self.path else None
        )
        try:
            with self._guard, lock or threading.Lock():
                self._dataset = lance.dataset(f"{self.path}/views.lance")
                yield
                if self._dataset.version % _COMMITS_BETWEEN_UPKEEP == 0:
                    self._tidy()
        except filelock.Timeout as error:
            raise StoreError(
                f"another process has been writing to {self.path} for {_LOCK_TIMEOUT_S:g} s"
            ) from error
        except (OSError, RuntimeError, ValueError) as error:
            raise StoreError(f"cannot write to the store at {self.path}: {_words(error)}") from error

    def _tidy(self) -> None:
        self._dataset.optimize.compact_files()
        if self._dataset.has_index:
            self._dataset.optimize.optimize_indices()
        self._dataset.cleanup_old_versions(_KEEP_OLD_VERSIONS)

    def _build_indexes(self, rows: int) -> None:
        partitions = max(1, min(4096, int(np.sqrt(rows))))
        for part in self._header.parts:
            if rows >= 256:
                self._dataset.create_index(
                    vector_column(part),
                    "IVF_RQ" if self._header.dims[part] % 8 == 0 else "IVF_FLAT",  # RQ packs eight to a byte
                    metric="dot",  # with L2 a row of zeros, a missing part, lies nearer than most that are there
                    num_partitions=partitions,
                    replace=True,
                )
        for column in ("id", "key", "row"):
            self._dataset.create_scalar_index(column, "BTREE", replace=True)

    def _sync(self) -> MemoryStore | None:
        """Bring header and mirror up to the newest version; the mirror, where there is one."""
        with self._guard:
            if self._dataset.latest_version == self._seen:
                return self._mirror
            try:
                dataset = lance.dataset(f"{self.path}/views.lance")
                header = _read_header(self.path, dataset)
                rows = dataset.count_rows()
                if rows > self._mirror_limit:
                    self._mirror = None
                elif self._mirror is None or header != self._header or self._buried_most(rows):
                    self._mirror, self._row_ids = _mirror(self.path, header, dataset)
                else:
                    self._catch_up(self._mirror, dataset)
            except (OSError, RuntimeError) as error:
                raise StoreError(f"the store at {self.path} cannot be read: {_words(error)}") from error
            self._dataset, self._header, self._seen = dataset, header, dataset.version
            return self._mirror

    def _buried_most(self, rows: int) -> bool:
        return len(self._row_ids) > 2 * rows + 1024

    def _catch_up(self, mirror: MemoryStore, dataset: Any) -> None:
        """Take over only what has changed since the version seen."""
        changed = dataset.scanner(
            filter=f"_row_last_updated_at_version > {self._seen}", with_row_id=True, batch_size=_BATCH_ROWS
        ).to_table()
        there = dataset.scanner(columns=[], with_row_id=True).to_table().column("_rowid").to_numpy()
        fresh = changed.column("_rowid").to_numpy().astype(np.int64)
        alive = self._row_ids >= 0
        gone = np.flatnonzero(alive & (~np.isin(self._row_ids, there) | np.isin(self._row_ids, fresh)))
        mirror.exchange(gone.tolist(), changed)
        self._row_ids[gone] = -1
        self._row_ids = np.concatenate([self._row_ids, fresh])

    def _candidates(self, query: Query, count: int, columns: list[str], condition: str | None) -> pa.Table:
        """The union of what the index of each active part finds."""
        probes = _PROBES_ALONE if len(query.active) == 1 else _PROBES
        found = [
            self._dataset.scanner(
                columns=columns,
                nearest={
                    "column": vector_column(part),
                    "q": query.parts[part],
                    "k": count,
                    "minimum_nprobes": probes,
                    "refine_factor": _REFINE,
                },
                filter=condition,
                prefilter=condition is not None,
                with_row_id=True,
                disable_scoring_autoprojection=True,
            ).to_table()
            for part in query.active
        ]
        table = pa.concat_tables(found)
        _, first = np.unique(table.column("_rowid").to_numpy(), return_index=True)
        return table.take(np.sort(first))

    def _scored(self, query: Query, table: pa.Table, k: int, left: int) -> Hits:
        blocks = {p: matrix(table.column(vector_column(p)), self._header.dims[p]) for p in query.active}
        best = top(scores(query, blocks), k)
        rows = table.select(HIT_COLUMNS).take(best).to_pylist()
        return hits(query, rows, {p: block[best] for p, block in blocks.items()}, exhausted=left <= k)

    def _rows(self, ids: Sequence[str], columns: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._dataset.to_table(columns=columns, filter=any_of("id", ids)).to_pylist()
        return sorted(rows, key=lambda row: row["number"])

    def _not_found(self, product_id: str) -> ProductNotFound:
        near = next(
            (", ".join(found) for n in (3, 2, 1) if (found := self.ids(prefix=product_id[:n], limit=3))), ""
        )
        return ProductNotFound(
            f"no product {product_id!r} in {self.path}; {f'nearest ids: {near}' if near else 'is it indexed?'}"
        )


def exists(path: str) -> bool:
    """Whether there is a store at this folder or URL."""
    if "://" not in path:
        return Path(path, "views.lance").is_dir()
    try:
        lance.dataset(f"{path}/views.lance")
    except (OSError, ValueError):
        return False
    return True


def _mirror(path: str, header: Header, dataset: Any) -> tuple[MemoryStore, npt.NDArray[np.int64]]:
    store = MemoryStore(header, name=path)
    table = dataset.scanner(with_row_id=True, batch_size=_BATCH_ROWS).to_table()
    store.append(table)
    return store, table.column("_rowid").to_numpy().astype(np.int64)


def _read_header(path: str, dataset: Any) -> Header:
    metadata = {k.decode(): v.decode() for k, v in (dataset.schema.metadata or {}).items()}
    version = metadata.get("lookalike.version", "")
    if version != str(STORE_VERSION):
        raise StoreError(
            f"the store at {path} is of version {version or 'unknown'}, "
            f"this lookalike reads version {STORE_VERSION}: index the catalogue into a new folder"
        )
    try:
        return Header.from_metadata(metadata)
    except (KeyError, ValueError, RecipeError) as error:
        raise StoreError(f"the store at {path} has damaged metadata: {error}") from error


def _lock_path(path: str) -> str:
    return str(Path(path) / ".writing.lock")


def _fits(kind: ColumnType, ours: ColumnType) -> bool:
    """Whether values of `kind` may go into a column of type `ours`."""
    return ours == "text" or (kind, ours) in {("integer", "number"), ("text", "texts")}


def _words(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    if "No space left" in text or "os error 28" in text:
        return "the disk is full; what was stored before is whole"
    if "Permission denied" in text or "os error 13" in text or "Read-only file system" in text:
        return "the folder may not be written"
    return text[:300]
