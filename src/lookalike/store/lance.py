"""The store that lasts: one Lance table, on disk or object storage. The only door to LanceDB's engine.

    <store>/views.lance      the rows of `rows.py`; recipe, columns and version in the table's metadata
    <store>/fitted.lance     what was fitted on the catalogue (a PCA for each part), beside it: some MB that
                             must not be copied into the manifest of every version
    <store>/.writing.lock    held by the one process that is writing, and let go by the system when it dies

A commit of `views.lance` is the only way that anything becomes visible, so a reader sees a consistent state
and a writer that dies leaves the last one. What a commit names is on the disk before it is made, and it is on the
disk before the call returns (`durability.py`). Small files are merged on the way (`upkeep.py`).

While the table holds at most `mirror_limit` views it is mirrored in memory (`mirror.py`) and answers are exact: a
scan is as fast as an index at that size and loses nothing. Beyond, each question is put to the table on disk
(`table.py`).
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import filelock
import pyarrow as pa
import pyarrow.compute as pc

from lookalike.errors import RecipeError, StoreError
from lookalike.store import checking, snapshots, upkeep
from lookalike.store.durability import Flushing, sweep
from lookalike.store.filtering import any_of
from lookalike.store.interface import NO_FILTER, Counts, Hits, KnownView, Store, StoredView
from lookalike.store.memory import MemoryStore
from lookalike.store.mirror import Mirror
from lookalike.store.rows import (
    STORE_VERSION,
    ColumnType,
    Header,
    moved_column,
    schema,
)
from lookalike.store.snapshots import Snapshot
from lookalike.store.table import Table
from lookalike.types import Filter, Product, Query, Vector

os.environ.setdefault("LANCE_LOG", "error")  # its warnings are for its own developers
import lance

MIRROR_LIMIT = 100_000  # views; measured in benchmarks/search.py
_LOCK_TIMEOUT_S = 120.0
_LAST_MANIFEST = 2**64 - 1  # manifests count down from here
_TRIES = 5  # of a read whose files were tidied away under it; one more is made in the turn of a writer
_FAULTS = (OSError, RuntimeError, ValueError)  # what Lance raises, and pyarrow
_T = TypeVar("_T")
Reader: TypeAlias = MemoryStore | Table
_log = logging.getLogger("lookalike.store")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What readers are shown: one version, and the copy of it in memory where there is one."""

    dataset: Any
    header: Header
    mirror: Mirror | None
    version: int


class LanceStore:
    """An open store. Safe to share between threads; every call sees what was last committed."""

    def __init__(self, path: str, *, mirror_limit: int = MIRROR_LIMIT) -> None:
        self.path = path
        self._mirror_limit = mirror_limit
        self._fitted: Any = None  # the table beside, opened when its version is first asked for
        self._guard = threading.RLock()  # of what was seen
        self._turn = threading.RLock()  # of the threads that write
        local = "://" not in path
        self._flushing = Flushing(Path(path, "views.lance")) if local else None
        self._flushing_fitted = Flushing(Path(path, "fitted.lance")) if local else None
        dataset = self._newest()
        self._seen = _Seen(dataset, _read_header(path, dataset), None, version=-1)  # nothing was asked yet

    @classmethod
    def create(cls, path: str, header: Header, fitted: Mapping[str, bytes], **options: Any) -> LanceStore:
        """A new, empty store. What was fitted is written first, so that a store that opens is whole."""
        local = "://" not in path
        views, beside = (Path(path, name) for name in ("views.lance", "fitted.lance"))
        try:
            if local:
                Path(path).mkdir(parents=True, exist_ok=True)
            with _lock(path):
                if exists(path):
                    raise StoreError(f"cannot make a store at {path}: there is one already")
                lance.write_dataset(
                    _fitted_rows(fitted),
                    f"{path}/fitted.lance",
                    mode="overwrite",
                    commit_lock=Flushing(beside) if local else None,
                )
                lance.write_dataset(
                    schema(header).empty_table().replace_schema_metadata(header.to_metadata()),
                    f"{path}/views.lance",
                    mode="create",
                    enable_stable_row_ids=True,
                    commit_lock=Flushing(views) if local else None,
                )
        except _FAULTS as error:
            raise StoreError(f"cannot make a store at {path}: {_words(error)}") from error
        return cls(path, **options)

    @classmethod
    def open(cls, path: str, *, mirror_limit: int = MIRROR_LIMIT) -> LanceStore:
        """The store at a folder or URL. Raises `StoreError` where there is none, or one that is not readable."""
        if not exists(path):
            raise StoreError(f"no store at {path}: make one with `lookalike index CATALOGUE --store {path}`")
        return cls(path, mirror_limit=mirror_limit)

    def fitted(self) -> dict[str, bytes]:
        try:
            rows = self._fitted_table().to_table().to_pylist()
        except _FAULTS as error:
            raise StoreError(
                f"fitted.lance of the store at {self.path} cannot be read: {_words(error)}"
            ) from error
        return {row["name"]: row["content"] for row in rows}

    @property
    def fitted_version(self) -> int:
        with self._guard:
            try:
                if self._fitted is None:
                    self._fitted = self._fitted_table()
                return int(self._fitted.latest_version)
            except _FAULTS as error:
                raise self._unreadable(error) from error

    @property
    def neighbours_file(self) -> Path | None:
        return None if "://" in self.path else Path(self.path, "neighbours.safetensors")

    # -- reading ---------------------------------------------------------------------------------

    @property
    def header(self) -> Header:
        return self._sync().header

    @property
    def version(self) -> int:
        """Of the table: one more with each commit."""
        return self._sync().version

    def counts(self) -> Counts:
        return self._ask(lambda rows: rows.counts())

    def product(self, product_id: str) -> Product:
        return self._ask(lambda rows: rows.product(product_id))

    def products(self, ids: Sequence[str]) -> dict[str, Product]:
        return self._ask(lambda rows: rows.products(ids))

    def facts(self, ids: Sequence[str], columns: Collection[str]) -> pa.Table:
        return self._ask(lambda rows: rows.facts(ids, columns))

    def views(self, ids: Sequence[str]) -> dict[str, list[StoredView]]:
        return self._ask(lambda rows: rows.views(ids))

    def ids(self, *, prefix: str = "", limit: int = 20, where: Filter = NO_FILTER) -> list[str]:
        return self._ask(lambda rows: rows.ids(prefix=prefix, limit=limit, where=where))

    def known(self, ids: Sequence[str]) -> dict[str, list[KnownView]]:
        return self._ask(lambda rows: rows.known(ids))

    def vectors_of_pictures(self, keys: Sequence[str]) -> dict[str, dict[str, Vector]]:
        return self._ask(lambda rows: rows.vectors_of_pictures(keys))

    def nearest(self, query: Query, *, k: int, where: Filter) -> Hits:
        return self._ask(lambda rows: rows.nearest(query, k=k, where=where))

    def kth_score(self, query: Query, *, k: int, where: Filter) -> float:
        return self._ask(lambda rows: rows.kth_score(query, k=k, where=where))

    def now(self) -> Store:
        mirror = self._sync().mirror
        return mirror.rows if mirror else self

    def nearest_many(self, queries: Sequence[Query], *, k: int, where: Sequence[Filter]) -> list[Hits]:
        return self._ask(lambda rows: rows.nearest_many(queries, k=k, where=where))

    def check(self) -> list[str]:
        """What is wrong with the table, a line each; none where it is whole. Reads all of it."""
        return self._read(lambda: checking.faults(dataset := self._newest(), _read_header(self.path, dataset)))

    # -- writing ---------------------------------------------------------------------------------

    def put(self, rows: pa.Table, facts: pa.Table | None = None) -> None:
        """As every store does. facts: of further products, as `patch` takes them, in the same commit."""
        if not rows.num_rows and facts is None:
            return
        with self._writing() as dataset:
            if facts is not None:
                rows = pa.concat_tables([rows, _with_facts(dataset, facts).select(rows.column_names)])
            ids = list(dict.fromkeys(rows.column("id").to_pylist()))
            there = set(dataset.to_table(columns=["row"], filter=any_of("id", ids)).column("row").to_pylist())
            if not there and self._flushing:  # without a lock another writer may be putting the same product
                dataset.insert(rows)
                return
            merge = dataset.merge_insert("row").when_matched_update_all().when_not_matched_insert_all()
            if not there or not there.issubset(rows.column("row").to_pylist()):
                merge = merge.when_not_matched_by_source_delete(any_of("id", ids))
            merge.execute(rows)

    def patch(self, facts: pa.Table) -> int:
        with self._writing() as dataset:
            ids = facts.column("id").to_pylist()
            there = dataset.to_table(columns=["id"], filter=any_of("id", ids)).column("id").unique()
            if len(there):
                dataset.merge_insert("id").when_matched_update_all().execute(facts)
            return len(there)

    def delete(self, ids: Sequence[str]) -> int:
        with self._writing() as dataset:
            there = dataset.to_table(columns=["id"], filter=any_of("id", ids)).column("id").unique()
            if len(there):
                dataset.delete(any_of("id", ids))
            return len(there)

    def widen(
        self, columns: Mapping[str, ColumnType], aliases: Mapping[str, str], *, read_off: Sequence[str] = ()
    ) -> None:
        """Make room for further attributes, and for values that a column's type does not take.

        read_off: what is read off products from now on, `Header.predicted`.

        A column of numbers into which text comes becomes one of text: its values are copied into a new column,
        and the commit that names it is the one that makes it visible. Raises `StoreError` for what cannot be so.
        """
        with self._writing() as dataset:
            old = _read_header(self.path, dataset)
            types = {name: self._wide_enough(name, kind, old) for name, kind in columns.items()}
            wider = {n: kind for n, kind in types.items() if old.columns.get(n, kind) != kind}
            wide = replace(
                old,
                columns={**old.columns, **types},
                aliases={**aliases, **old.aliases},
                predicted=tuple(dict.fromkeys((*old.predicted, *read_off))),
                moved={**old.moved, **{name: moved_column(name, kind) for name, kind in wider.items()}},
            )
            fresh = [field for field in schema(wide, vectors=False) if field.name not in schema(old).names]
            if left := [field.name for field in fresh if field.name in dataset.schema.names]:
                dataset.drop_columns(left)  # by a run that died here; rows may have changed since
            if empty := [field for field in fresh if field.name not in wide.moved.values()]:
                dataset.add_columns(pa.schema(empty))
            for name, kind in wider.items():
                _log.warning("column %r of %s is of %s from now on", name, self.path, kind)
                dataset.add_columns({wide.moved[name]: _cast(old.column_of(name), kind)})
            if wide != old:
                dataset.update_schema_metadata(wide.to_metadata())
            if wider:
                dataset.drop_columns([old.column_of(name) for name in wider])

    def _wide_enough(self, name: str, kind: ColumnType, header: Header) -> ColumnType:
        ours = header.columns.get(name, kind)
        if kind == ours or ours == "text" or (kind, ours) in {("integer", "number"), ("text", "texts")}:
            return ours
        if "texts" in (kind, ours):
            raise StoreError(
                f"column {name!r} holds {kind} values, and the store at {self.path} keeps it as {ours}: "
                "index into a new store, or rename the column"
            )
        return "number" if (kind, ours) == ("number", "integer") else "text"

    def keep_fitted(self, name: str, content: bytes) -> None:
        with self._writing():
            written = lance.write_dataset(
                _fitted_rows({**self.fitted(), name: content}),
                f"{self.path}/fitted.lance",
                mode="overwrite",
                commit_lock=self._flushing_fitted,
            )
            written.cleanup_old_versions(retain_versions=2)

    def set_weights(self, weights: Mapping[str, float]) -> None:
        """Keep other weights as the store's default. No vector changes."""
        with self._writing() as dataset:
            old = _read_header(self.path, dataset)
            header = replace(old, recipe=old.recipe.with_weights(weights))
            dataset.update_schema_metadata(header.to_metadata())

    def optimise(self, *, index: bool | None = None) -> None:
        """Merge small files, drop old versions, and build the indexes that a table of this size needs.

        index: True builds vector indexes whatever the size, False never; None when the mirror is too small.
        """
        with self._writing() as dataset:
            if index or (index is None and dataset.count_rows() > MIRROR_LIMIT):
                upkeep.index_vectors(dataset, self._seen.header.dims, anew=False)
                upkeep.index_keys(dataset)
            self._tidy(dataset)

    @classmethod
    def repair(cls, path: str, *, drop_lost: bool = False) -> list[str]:
        """Mend what can be mended without embedding anything again, and say what was done, a line each.

        Versions whose manifest was cut short are dropped, all indexes are made anew from what is stored, and
        leftovers of writers that died are deleted. drop_lost: also let go of the products in files that are
        missing or damaged, so that the next index run embeds them again, and only them.
        Raises `StoreError` where that is not enough.
        """
        if not exists(path):
            raise StoreError(f"no store at {path} to repair")
        done = []
        with _lock(path):
            if "://" not in path:
                done += [f"version {n} was cut short: dropped" for n in _drop_torn(path)]
            store = cls(path, mirror_limit=0)
            with store._writing() as dataset:
                lost = checking.damaged(dataset)
                if lost and not drop_lost:
                    raise StoreError(
                        f"{next(iter(lost.values()))}: copy the store again from where it came from, restore a "
                        "snapshot, or drop what those files held with --drop-lost and index the catalogue again"
                    )
                if lost:
                    store._drop(dataset, list(lost))
                    done += [f"dropped: {words}" for words in lost.values()]
            with store._writing() as dataset:
                vectors = any(name.endswith("_vector") for name in upkeep.unseen(dataset))
                upkeep.drop_indexes(dataset)
                if vectors or dataset.count_rows() > MIRROR_LIMIT:
                    upkeep.index_vectors(dataset, store.header.dims, anew=True)
                store._tidy(dataset)
        return [*done, "indexes made anew from what is stored; leftovers deleted"]

    def _drop(self, dataset: Any, pieces: list[int]) -> None:
        """Let go of pieces of the table in one commit, and of products that have lost a view with them."""
        operation = lance.LanceOperation.Delete([], pieces, "lost")
        left = lance.LanceDataset.commit(
            dataset, operation, read_version=dataset.version, commit_lock=self._flushing
        )
        numbers: dict[str, list[int]] = {}
        for row in left.to_table(columns=["id", "number"]).to_pylist():
            numbers.setdefault(row["id"], []).append(row["number"])
        torn = [i for i, found in numbers.items() if sorted(found) != list(range(len(found)))]
        if torn:
            self.delete(torn)

    # -- snapshots -------------------------------------------------------------------------------

    def snapshots(self) -> list[Snapshot]:
        """The oldest first."""
        return self._read(lambda: snapshots.listed(self._newest()))

    def snapshot(self, name: str) -> Snapshot:
        """Name the state as it is now. Raises `StoreError` for a name that is taken or is none."""
        with self._writing() as dataset:
            return snapshots.create(dataset, name)

    def restore(self, name: str) -> Snapshot:
        """Go back to a snapshot, in one step. The state before is a snapshot too, the one returned."""
        with self._writing() as dataset:
            return snapshots.restore(dataset, name)

    def delete_snapshot(self, name: str) -> None:
        with self._writing() as dataset:
            snapshots.delete(dataset, name)

    # -- inside ----------------------------------------------------------------------------------

    def _newest(self) -> Any:
        try:
            return lance.dataset(f"{self.path}/views.lance", commit_lock=self._flushing)
        except _FAULTS as error:
            raise self._unreadable(error) from error

    def _fitted_table(self) -> Any:
        try:
            return lance.dataset(f"{self.path}/fitted.lance")
        except _FAULTS as error:
            raise StoreError(
                f"the store at {self.path} lacks fitted.lance: copy the whole folder again ({_words(error)})"
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """One writer at a time, at the newest version; Lance's errors in our words."""
        try:
            with self._turn, _lock(self.path):
                dataset = self._newest()
                before = dataset.version
                yield dataset
                if self._flushing:
                    self._flushing.flush()  # names of snapshots, which no commit wraps
                if upkeep.is_due(before, dataset.version):
                    self._keep_up()
        except _FAULTS as error:
            raise StoreError(f"cannot write to the store at {self.path}: {_words(error)}") from error

    def _keep_up(self) -> None:
        """Upkeep that is due. What was asked for is done, so that a fault here is no fault of it."""
        try:
            self._tidy(self._newest())
        except (*_FAULTS, StoreError) as error:
            _log.warning("small files of %s are left for later: %s", self.path, _words(error))

    def _tidy(self, dataset: Any) -> None:
        if self._flushing:
            sweep(Path(self.path, "views.lance"))
        upkeep.tidy(dataset, alone=self._flushing is not None)

    def _ask(self, question: Callable[[Reader], _T]) -> _T:
        """The answer of one version, the newest."""
        if mirror := self._sync().mirror:
            return question(mirror.rows)
        return self._read(lambda: question(self._table()))

    def _table(self) -> Table:
        seen = self._sync()
        return Table(seen.dataset, seen.header, name=self.path)

    def _sync(self) -> _Seen:
        """Bring what readers are shown up to the newest version."""
        with self._guard:
            if self._seen.version != self._latest():
                self._seen = self._read(self._look_again)
            return self._seen

    def _look_again(self) -> _Seen:
        dataset, mirror = self._newest(), self._seen.mirror
        header = _read_header(self.path, dataset)
        if dataset.count_rows() > self._mirror_limit:
            mirror = None
        elif mirror is None or header != self._seen.header or not mirror.catch_up(dataset):
            mirror = Mirror(dataset, header, name=self.path)
        return _Seen(dataset, header, mirror, int(dataset.version))

    def _read(self, read: Callable[[], _T], *, tries: int = _TRIES) -> _T:
        """What was read from disk. Again from a newer version, where upkeep took files away meanwhile."""
        before = self._latest()
        try:
            with nullcontext() if tries else _lock(self.path):
                return read()
        except _FAULTS as error:
            if not tries or self._latest() == before:
                raise self._unreadable(error) from error
        return self._read(read, tries=tries - 1)

    def _latest(self) -> int:
        try:
            return int(self._seen.dataset.latest_version)
        except _FAULTS as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> StoreError:
        return StoreError(
            f"the store at {self.path} cannot be read: {_words(error)}; "
            f"`lookalike info --check --store {self.path}` says more, `lookalike repair` may mend it"
        )


def exists(path: str) -> bool:
    """Whether there is a store at this folder or URL."""
    if "://" not in path:
        return any(Path(path, "views.lance", "_versions").glob("*.manifest"))
    try:
        lance.dataset(f"{path}/views.lance")
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def _lock(path: str) -> Iterator[None]:
    """The writers' turn, between processes of one machine; who has it may take it again.

    Object storage has none: there Lance settles who was first.
    """
    if "://" in path:
        yield
        return
    lock = filelock.FileLock(Path(path, ".writing.lock").absolute(), timeout=_LOCK_TIMEOUT_S, is_singleton=True)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise StoreError(
            f"another process has been writing to {path} for {_LOCK_TIMEOUT_S:g} s: try again when it is done"
        ) from error
    try:
        yield
    finally:
        lock.release()


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


def _drop_torn(path: str) -> list[int]:
    """Delete manifests newer than the newest that can be read, and say whose they were. None where none can."""
    table = Path(path, "views.lance")
    torn: list[tuple[int, Path]] = []
    for manifest in sorted(table.glob("_versions/*.manifest")):  # the newest has the lowest number
        version = _LAST_MANIFEST - int(manifest.stem)
        try:
            lance.dataset(str(table), version=version)
        except _FAULTS:
            torn.append((version, manifest))
            continue
        for _, file in torn:
            file.unlink()
        return [version for version, _ in torn]
    return []


def _with_facts(dataset: Any, facts: pa.Table) -> pa.Table:
    """The rows that are there of these products, whole, with these facts."""
    rows = dataset.to_table(filter=any_of("id", facts.column("id").to_pylist()))
    product = pc.index_in(rows.column("id"), facts.column("id"))
    for name in facts.column_names:
        field = rows.schema.field(name)
        rows = rows.set_column(
            rows.schema.names.index(name), field, facts.column(name).take(product).cast(field.type)
        )
    return rows


def _fitted_rows(fitted: Mapping[str, bytes]) -> pa.Table:
    return pa.table({"name": list(fitted), "content": pa.array(list(fitted.values()), pa.binary())})


def _cast(column: str, kind: ColumnType) -> str:
    return f"CAST({column} AS {'DOUBLE' if kind == 'number' else 'STRING'})"


def _words(error: Exception) -> str:
    """What a fault of Lance or of the system comes down to."""
    text = str(error).partition("\n")[0]
    if re.search(r"No space left|os error 28", text):
        return "the disk is full; what was stored before is whole, and the same command goes on when there is room"
    if re.search(r"Permission denied|Read-only file system|os error (13|30)\b", text):
        return "the folder may not be written"
    if found := re.search(r"[Nn]ot found: \S*?([^/\s]+/[^/\s]+\.(?:lance|arrow|idx|txn))", text):
        return f"its file {found[1]} is missing"
    return re.sub(r",? ?/\S+/rust/\S+:\d+:\d+$", "", text)[:300]
