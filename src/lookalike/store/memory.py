"""The exact store, in memory: a dot product with every view. The oracle of every approximate one.

It is also what `LanceStore` answers from while a catalogue is small enough to be read whole.
"""

from __future__ import annotations

import difflib
import threading
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lookalike.errors import ProductNotFound
from lookalike.files import whole
from lookalike.store.filtering import mask, resolve
from lookalike.store.interface import (
    NO_FILTER,
    Counts,
    Hits,
    KnownView,
    StoredView,
    all_scores,
    scaled,
    scores,
    shares,
)
from lookalike.store.neighbours import GONE, KEPT, Marks, Near, Neighbours, marks_of
from lookalike.store.rows import Header, ViewOfGroup, matrix, product_of, schema, vector_column, view_of, views_at
from lookalike.store.scanning import Rounded, extended, shortlist, shortlists
from lookalike.types import Filter, Product, Query, Vector, Vectors

_ROUNDED_FROM = 2_000  # rows left by the filter; fewer are scored exactly at once
_SCORES = 12_000_000  # in memory together while many queries are answered
_MOST_CHUNKS = 8
_SMALL_APPEND = 256
_OF_SUMS = 1e-5  # more than the order of adding up changes a float32 score
_BESIDE = 64  # ids on each side of one that is not there
_KEPT_VIEWS, _KEPT_PRODUCTS = 50_000, 30_000  # that were read for answers, in memory together
_MANY = 1_000  # rows read at once for something else than an answer: they would push the others out

_VERSIONS = count(-1, -1)  # of all stores in memory; a table on disk counts upwards, and is not mistaken for one

_P = ParamSpec("_P")
_T = TypeVar("_T")
Positions = npt.NDArray[np.int64]


def _alone(method: Callable[Concatenate[MemoryStore, _P], _T]) -> Callable[Concatenate[MemoryStore, _P], _T]:
    """One thread at a time: a reader sees the rows before or after a change, never within it."""

    @wraps(method)
    def one_at_a_time(store: MemoryStore, /, *args: _P.args, **named: _P.kwargs) -> _T:
        with store._lock:
            return method(store, *args, **named)

    return one_at_a_time


class _ReadOnce(Generic[_T]):
    """What rows read as, by position. A row never changes, so the latest that were read need not be again.

    Safe to share between threads: two that read a row at once read the same.
    """

    def __init__(self, read: Callable[[Positions, pa.Table], list[_T]], *, most: int) -> None:
        self._read, self._most = read, most
        self._kept: dict[int, _T] = {}
        self._lock = threading.Lock()

    def at(self, places: Sequence[int], table: pa.Table) -> list[_T]:
        if len(places) > _MANY:
            return self._read(_places(places), table)
        kept = self._kept
        found = [kept.get(at) for at in places]
        missing = [n for n, one in enumerate(found) if one is None]
        if missing:
            fresh = list(dict.fromkeys(places[n] for n in missing))
            read = dict(zip(fresh, self._read(_places(fresh), table), strict=True))
            for n in missing:
                found[n] = read[places[n]]
            with self._lock:
                kept.update(read)
                for at in list(islice(kept, max(0, len(kept) - self._most))):
                    del kept[at]
        return cast("list[_T]", found)


class MemoryStore:
    """Rows in order of arrival. A deleted row stays in its place, buried, until half of them are."""

    def __init__(self, header: Header, *, name: str = "memory") -> None:
        self._lock = threading.RLock()
        self._header = header
        self._name = name
        self._table = schema(header, vectors=False).empty_table()
        self._blocks: dict[str, Vectors] = {p: np.empty((0, header.dims[p]), np.float32) for p in header.parts}
        self._rounded: dict[str, Rounded] = {}  # made when a second question comes: one alone is sooner without
        self._asked = False
        self._alive = np.empty(0, np.bool_)
        self._fitted: dict[str, bytes] = {}
        self._fitted_version = 0
        self._rows_of: dict[str, list[int]] = {}  # product id -> positions, views in order
        self._version = next(_VERSIONS)
        self._near = Neighbours()
        self._views = _ReadOnce(views_at, most=_KEPT_VIEWS)
        self._products = _ReadOnce(self._read_products, most=_KEPT_PRODUCTS)

    # -- reading ---------------------------------------------------------------------------------

    @property
    def header(self) -> Header:
        return self._header

    @property
    def version(self) -> int:
        return self._version

    @property
    def neighbours_file(self) -> Path | None:
        return None

    @_alone
    def counts(self) -> Counts:
        live = self._live_table().select(["id", "group"]).to_pydict()
        groups = {group or product for product, group in zip(live["id"], live["group"], strict=True)}
        return Counts(len(self._rows_of), len(live["id"]), len(groups))

    @_alone
    def product(self, product_id: str) -> Product:
        return self._products.at(self._positions(product_id)[:1], self._table)[0]

    @_alone
    def products(self, ids: Sequence[str]) -> dict[str, Product]:
        there = [i for i in dict.fromkeys(ids) if i in self._rows_of]
        found = self._products.at([self._rows_of[i][0] for i in there], self._table)
        return dict(zip(there, found, strict=True))

    @_alone
    def facts(self, ids: Sequence[str], columns: Collection[str]) -> pa.Table:
        there = _places(self._rows_of[i][0] for i in dict.fromkeys(ids) if i in self._rows_of)
        return self._table.select(["id", *sorted(set(columns) - {"id"})]).take(there)

    @_alone
    def views(self, ids: Sequence[str]) -> dict[str, list[StoredView]]:
        positions = [at for i in dict.fromkeys(ids) for at in self._rows_of.get(i, ())]
        found: dict[str, list[StoredView]] = {}
        for at, (view, _) in zip(positions, self._views.at(positions, self._table), strict=True):
            parts = {p: block[at] for p, block in self._blocks.items()}
            found.setdefault(view.product_id, []).append(StoredView(view, parts))
        return found

    @_alone
    def ids(self, *, prefix: str = "", limit: int = 20, where: Filter = NO_FILTER) -> list[str]:
        passing = self._table.column("id").filter(pa.array(self._allowed(where))).to_pylist() if where else ()
        ordered = sorted(set(passing) if where else self._rows_of)
        start = bisect_left(ordered, prefix)
        return [i for i in ordered[start : start + limit if limit else None] if i.startswith(prefix)]

    @_alone
    def known(self, ids: Sequence[str]) -> dict[str, list[KnownView]]:
        found = {}
        for product_id in ids:
            rows = [self._row(at) for at in self._rows_of.get(product_id, ())]
            if rows:
                found[product_id] = [KnownView(view_of(row), row["facts"], row["words"]) for row in rows]
        return found

    @_alone
    def vectors_of_pictures(self, keys: Sequence[str]) -> dict[str, dict[str, Vector]]:
        wanted, found = set(keys) - {""}, {}
        for at, key in enumerate(self._table.column("key").to_pylist()):
            if key in wanted and self._alive[at]:
                found[key] = {p: self._blocks[p][at] for p in self._blocks if p != "text"}
        return found

    def nearest(self, query: Query, *, k: int, where: Filter) -> Hits:
        best, table, blocks, left = self._nearest(query, k=k, where=where)
        views = self._views.at(best.tolist(), table)
        return hits(query, views, {p: block[best] for p, block in blocks.items()}, exhausted=left <= k)

    def _nearest(
        self, query: Query, *, k: int, where: Filter
    ) -> tuple[Positions, pa.Table, dict[str, Vectors], int]:
        """Where the best rows lie, the best first; the rows as they were then, and how many pass the filter."""
        with self._lock:  # what was read stays as it was, whoever writes: rows are only added behind it
            table, alive = self._table, self._alive[: self._table.num_rows].copy()
            blocks = {p: self._blocks[p][: len(alive)] for p in query.active}
            rounded = self._rounded_rows() if len(alive) > _ROUNDED_FROM else None
            own = self._main_row(query)
            near = self._near.near(own, len(alive)) if own is not None else None
        allowed = alive & mask(resolve(where, self._header), table) if where else alive
        left = int(np.count_nonzero(allowed))
        best = _best_of_near(near, query, blocks, allowed, k=k) if near else None
        if best is None and rounded and k < left and left > _ROUNDED_FROM:
            keeps = own is not None and not where
            most = max(k, KEPT + 1) if keeps else k  # the first that is not kept tells how far the list goes
            some = shortlist(scaled(query), rounded, allowed, k=most)
            found = scores(query, {p: block[some] for p, block in blocks.items()})
            ranked = top(found, most)
            best = some[ranked[:k]]
            if keeps and own is not None:
                with self._lock:
                    self._near.keep(own, some[ranked[:KEPT]], float(found[ranked[KEPT]]), len(alive))
        elif best is None:
            some = np.flatnonzero(allowed)
            whole = len(some) == len(allowed)
            best = some[top(scores(query, blocks if whole else {p: b[some] for p, b in blocks.items()}), k)]
        return best, table, blocks, left

    def prepare(self, ids: Sequence[str]) -> None:
        """Find the neighbours of products, so that `nearest` need not when it is asked what is like them.

        For some products at a time: each row is read once for all. Those whose neighbours are known are left out.
        """
        with self._lock:
            alive = self._alive[: self._table.num_rows].copy()
            if np.count_nonzero(alive) <= _ROUNDED_FROM:
                return
            blocks = {p: block[: len(alive)] for p, block in self._blocks.items()}
            places = [self._rows_of[i][0] for i in ids if i in self._rows_of]
            places = [at for at in places if self._near.near(at, len(alive)) is None]
        usual = self._header.recipe.weights
        mains = [{p: block[at] for p, block in blocks.items() if block[at].any()} for at in places]
        asked = [(at, Query(main, usual)) for at, main in zip(places, mains, strict=True)]
        asked = [(at, query) for at, query in asked if query.active]
        totals = all_scores([query for _, query in asked], blocks)
        near = shortlists(totals, [alive] * len(asked), k=KEPT + 1)
        for (at, query), some in zip(asked, near, strict=True):
            found = scores(query, {p: blocks[p][some] for p in query.active})
            ranked = top(found, KEPT + 1)
            with self._lock:
                self._near.keep(at, some[ranked[:KEPT]], float(found[ranked[KEPT]]), len(alive))

    def save_neighbours(self, path: Path) -> bool:
        """Keep what is known of neighbours in a file; False where that is nothing, or rows changed meanwhile.

        Raises `LookalikeError` where it cannot be written.
        """
        marks, version = self._marks()
        with self._lock:
            if self._version != version or not self._near.known:
                return False
            content = self._near.to_bytes(marks, self._header.recipe.weights)
        with whole(path, "list of neighbours") as file:
            file.write(content)
        return True

    def read_neighbours(self, path: Path) -> bool:
        """Take over what a file of `save_neighbours` knows and still holds.

        False where there is no such file, it is of other weights, or rows changed meanwhile.
        """
        marks, version = self._marks()
        with self._lock:
            return self._version == version and self._near.read(path, marks, self._header.recipe.weights)

    def kth_score(self, query: Query, *, k: int, where: Filter) -> float:
        with self._lock:
            allowed, count = self._allowed(where).copy(), self._table.num_rows
            blocks = {p: self._blocks[p][:count] for p in query.active}
        found = scores(query, blocks)[allowed]
        return float(found[top(found, k)[-1]]) if len(found) else -1.0

    def now(self) -> MemoryStore:
        return self

    def nearest_many(self, queries: Sequence[Query], *, k: int, where: Sequence[Filter]) -> list[Hits]:
        with self._lock:  # what was read stays as it was, whoever writes: rows are only added behind it
            masks = {one: self._allowed(one).copy() for one in dict.fromkeys(where)}
            table, count = self._table, self._table.num_rows
            blocks = {p: block[:count] for p, block in self._blocks.items()}
        at_once = max(1, _SCORES // max(1, count))
        found: list[Hits] = []
        for start in range(0, len(queries), at_once):
            some = queries[start : start + at_once]
            allowed = [masks[one] for one in where[start : start + at_once]]
            places = [
                near[top(scores(query, {p: blocks[p][near] for p in query.active}), k)]
                for query, near in zip(some, shortlists(all_scores(some, blocks), allowed, k=k), strict=True)
            ]
            found += [
                hits(
                    query,
                    views,
                    {p: blocks[p][at] for p in query.active},
                    exhausted=bool(np.count_nonzero(mask) <= k),
                )
                for query, at, views, mask in zip(some, places, _cut(table, places), allowed, strict=True)
            ]
        return found

    def fitted(self) -> dict[str, bytes]:
        return dict(self._fitted)

    @property
    def fitted_version(self) -> int:
        return self._fitted_version

    # -- writing ---------------------------------------------------------------------------------

    @_alone
    def keep_fitted(self, name: str, content: bytes) -> None:
        self._fitted[name] = content
        self._fitted_version += 1

    @_alone
    def put(self, rows: pa.Table) -> None:
        self._bury(at for i in set(rows.column("id").to_pylist()) for at in self._rows_of.get(i, ()))
        self.append(rows)

    @_alone
    def patch(self, facts: pa.Table) -> int:
        changes = {row["id"]: row for row in facts.to_pylist() if row["id"] in self._rows_of}
        positions = [at for i in changes for at in self._rows_of[i]]
        rows = [{**self._row(at), **changes[self._row(at)["id"]]} for at in positions]
        changed = pa.Table.from_pylist(rows, schema=self._table.schema)
        for part, block in self._blocks.items():
            changed = changed.append_column(
                vector_column(part),
                pa.FixedSizeListArray.from_arrays(pa.array(block[positions].ravel()), block.shape[1]),
            )
        if positions:
            self.put(changed)
        return len(changes)

    @_alone
    def delete(self, ids: Sequence[str]) -> int:
        there = [i for i in dict.fromkeys(ids) if i in self._rows_of]
        self._bury([at for i in there for at in self._rows_of[i]])
        return len(there)

    @_alone
    def append(self, rows: pa.Table) -> Positions:
        """Add rows that are new, and say where they went."""
        start, count = self._table.num_rows, rows.num_rows
        self._table = pa.concat_tables(
            [self._table, rows.select(self._table.schema.names).cast(self._table.schema)]
        )
        if count > _SMALL_APPEND or self._table.column("id").num_chunks > _MOST_CHUNKS:
            self._table = self._table.combine_chunks()  # rows are taken from one chunk several times as fast
        for part in self._blocks:
            fresh = matrix(rows.column(vector_column(part)), self._header.dims[part])
            self._blocks[part] = extended(self._blocks[part], start, fresh)
            if part in self._rounded:
                self._rounded[part].write(start, fresh)
        self._alive = extended(self._alive, start, np.ones(count, np.bool_))
        numbers = rows.column("number").to_pylist()
        for offset, (product_id, number) in enumerate(zip(rows.column("id").to_pylist(), numbers, strict=True)):
            self._rows_of.setdefault(product_id, []).append(start + offset)
            if number and len(self._rows_of[product_id]) > 1:
                self._rows_of[product_id].sort(key=lambda at: self._number(at, start, numbers))
        self._version = next(_VERSIONS)
        return np.arange(start, start + count)

    @_alone
    def exchange(self, gone: Iterable[int], rows: pa.Table) -> Positions:
        """Take rows out by position and add others, in one step for whoever reads."""
        self._bury(gone)
        return self.append(rows)

    def _number(self, at: int, start: int, fresh: list[int]) -> int:
        number: int = fresh[at - start] if at >= start else self._table.column("number")[at].as_py()
        return number

    def _bury(self, positions: Iterable[int]) -> None:
        for at in list(positions):
            self._alive[at] = False
            product_id = self._table.column("id")[at].as_py()
            left = [other for other in self._rows_of.get(product_id, ()) if other != at]
            if left:
                self._rows_of[product_id] = left
            else:
                self._rows_of.pop(product_id, None)
        self._version = next(_VERSIONS)

    # -- inside ----------------------------------------------------------------------------------

    def _positions(self, product_id: str) -> list[int]:
        try:
            return self._rows_of[product_id]
        except KeyError:
            raise self.not_found(product_id, self._rows_of) from None

    def not_found(self, product_id: str, ids: Iterable[str]) -> ProductNotFound:
        known = list(ids)
        near = difflib.get_close_matches(product_id, _around(product_id, known), n=3, cutoff=0.6)
        hint = f"nearest ids: {', '.join(near)}" if near else "is it indexed?"
        return ProductNotFound(f"no product {product_id!r} in {self._name} ({len(known):,} products); {hint}")

    def _read_products(self, places: Positions, table: pa.Table) -> list[Product]:
        return [product_of(row, self._header) for row in table.take(places).to_pylist()]

    def _main_row(self, query: Query) -> int | None:
        """Where the main view lies that a query is, if it is one, and is weighed as the recipe says."""
        rows, usual = self._rows_of.get(query.like) if query.like else None, self._header.recipe.weights
        if not rows or any(query.weights.get(p, 0.0) != usual.get(p, 0.0) for p in self._blocks):
            return None
        main = {p: block[rows[0]] for p, block in self._blocks.items() if usual.get(p, 0.0) > 0}
        same = all(
            np.array_equal(query.parts[p], vector) if p in query.active else not vector.any()
            for p, vector in main.items()
        )
        return rows[0] if same and all(main[p].any() for p in query.active) else None

    def _marks(self) -> tuple[Marks, int]:
        """A mark of each row by which it is known in another process, and the version of the rows."""
        with self._lock:
            table, alive, version = self._table, self._alive[: self._table.num_rows].copy(), self._version
            blocks = {p: block[: len(alive)] for p, block in self._blocks.items()}
        ids, numbers = (table.column(name).to_pylist() for name in ("id", "number"))
        marks = marks_of([f"{i} {number}" for i, number in zip(ids, numbers, strict=True)], blocks)
        marks[~alive] = GONE
        return marks, version

    def _row(self, at: int) -> dict[str, Any]:
        row: dict[str, Any] = self._table.slice(at, 1).to_pylist()[0]
        return row

    def _live_table(self) -> pa.Table:
        return self._table.filter(pa.array(self._alive[: self._table.num_rows]))

    def _allowed(self, where: Filter) -> npt.NDArray[np.bool_]:
        alive = self._alive[: self._table.num_rows]
        return alive & mask(resolve(where, self._header), self._table) if where else alive

    def _rounded_rows(self) -> dict[str, Rounded] | None:
        """The rows of each part in int8; none for the first question."""
        if not self._asked:
            self._asked = True
            return None
        for part, block in self._blocks.items():
            if part not in self._rounded:
                rounded = Rounded(block.shape[1])
                rounded.write(0, block[: self._table.num_rows])
                self._rounded[part] = rounded
        return self._rounded


def _best_of_near(
    near: Near, query: Query, blocks: Mapping[str, Vectors], allowed: npt.NDArray[np.bool_], *, k: int
) -> Positions | None:
    """The best k rows, the best first, where those that are known to be near tell for sure."""
    some = near.candidates(len(allowed))
    some = some[allowed[some]]
    if len(some) < k:
        return None
    found = scores(query, {p: block[some] for p, block in blocks.items()})
    ranked = top(found, k)
    return some[ranked] if found[ranked[-1]] > near.beyond + _OF_SUMS else None


def _around(product_id: str, ids: list[str]) -> list[str]:
    """The ids that a slip may have been made in: some that begin as it does, some that end as it does.

    To compare it with each of many would take a tenth of a second, and whoever asks for nonsense may ask often.
    """
    in_order, ending = sorted(ids), product_id[len(product_id) // 2 :]
    place = bisect_left(in_order, product_id)
    beginning_alike = in_order[max(0, place - _BESIDE) : place + _BESIDE]
    ending_alike = islice((i for i in ids if i.endswith(ending)), 2 * _BESIDE)
    return list(dict.fromkeys([*beginning_alike, *ending_alike]))


def _places(positions: Iterable[int]) -> Positions:
    """Positions as numbers, also where there are none."""
    return np.fromiter(positions, np.int64)


def _cut(table: pa.Table, places: Sequence[Positions]) -> Iterator[list[ViewOfGroup]]:
    """What an answer needs of the rows at each of the places, read in one go."""
    views = views_at(np.concatenate([np.empty(0, np.int64), *places]), table)
    ends = np.cumsum([0, *map(len, places)])
    return (views[start:end] for start, end in pairwise(ends))


def hits(query: Query, views: Sequence[ViewOfGroup], blocks: Mapping[str, Vectors], *, exhausted: bool) -> Hits:
    """Rows that have been chosen and ordered, with what each part gave."""
    parts = shares(query, blocks)
    return Hits(
        ids=[view.product_id for view, _ in views],
        groups=[group for _, group in views],
        views=[view for view, _ in views],
        scores=parts.sum(axis=1),
        parts=parts,
        exhausted=exhausted,
    )


def top(scores: npt.NDArray[np.float32], k: int) -> Positions:
    """Places of the k highest scores, the highest first, equal ones in order of place."""
    if k < len(scores):
        border = np.partition(scores, len(scores) - k)[len(scores) - k]
        above = np.flatnonzero(scores > border)
        level = np.flatnonzero(scores == border)[: k - len(above)]
        places = np.sort(np.concatenate([above, level]))
    else:
        places = np.arange(len(scores))
    return places[np.argsort(-scores[places], kind="stable")]
