"""One version of a table on disk, read as it is asked: what a store too large for memory answers from.

Every answer is of that one version, whatever is written meanwhile. A planner chooses how the nearest are found,
by how many rows a filter leaves: few are scanned whole and exactly; of many, candidates come from the vector
index of each active part, are fetched once, and are scored exactly, with all parts and the query's weights.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lookalike.errors import ProductNotFound
from lookalike.store.filtering import any_of, resolve, sql
from lookalike.store.interface import NO_FILTER, Counts, Hits, KnownView, StoredView, scores
from lookalike.store.memory import hits, top
from lookalike.store.rows import HIT_COLUMNS, Header, matrix, product_of, schema, vector_column, view_of, views_at
from lookalike.types import Filter, Product, Query, Vector

_EXACT_ROWS = 4_000  # a filter that leaves fewer is scanned whole; measured in benchmarks/filters.py
_CANDIDATES = 400  # from each active part's index, by its own estimate; the exact score is taken of all of them
_PROBES, _PROBES_ALONE = 40, 80  # partitions looked into, at the least; more when one part must find everything
_MOST_PROBES = 400  # of a filter that leaves little: its nearest lie further off
BATCH_ROWS = 16_384


class Table:
    """Reads one version. Lance's errors pass through: `LanceStore` knows what they mean."""

    def __init__(self, dataset: Any, header: Header, *, name: str) -> None:
        self.dataset = dataset
        self.header = header
        self._name = name

    def counts(self) -> Counts:
        table = self.dataset.to_table(columns=["id", "group"])
        ids = table.column("id").to_numpy()
        groups = table.column("group").to_numpy()
        return Counts(len(np.unique(ids)), len(ids), len(np.unique(np.where(groups == "", ids, groups))))

    def product(self, product_id: str) -> Product:
        found = self.products([product_id])
        if product_id not in found:
            raise self._not_found(product_id)
        return found[product_id]

    def products(self, ids: Sequence[str]) -> dict[str, Product]:
        rows = self._rows(ids, schema(self.header, vectors=False).names)
        return {row["id"]: product_of(row, self.header) for row in reversed(rows)}

    def facts(self, ids: Sequence[str], columns: Collection[str]) -> pa.Table:
        names = ["id", *sorted(set(columns) - {"id"})]
        table = self.dataset.to_table(columns=list({*names, "number"}), filter=any_of("id", ids))
        table = table.sort_by("number")
        rows: dict[str, int] = {}
        for at, product_id in enumerate(table.column("id").to_pylist()):
            rows.setdefault(product_id, at)
        there = [rows[i] for i in dict.fromkeys(ids) if i in rows]
        return table.select(names).take(pa.array(there, pa.int64()))

    def views(self, ids: Sequence[str]) -> dict[str, list[StoredView]]:
        found: dict[str, list[StoredView]] = {}
        for row in self._rows(ids, [*HIT_COLUMNS, *map(vector_column, self.header.parts)]):
            parts = {p: np.asarray(row[vector_column(p)], np.float32) for p in self.header.parts}
            found.setdefault(row["id"], []).append(StoredView(view_of(row), parts))
        return found

    def ids(self, *, prefix: str = "", limit: int = 20, where: Filter = NO_FILTER) -> list[str]:
        starts = prefix.replace("'", "''")
        condition = " AND ".join(
            filter(None, (f"starts_with(id, '{starts}')", "number = 0", sql(resolve(where, self.header))))
        )
        table = self.dataset.to_table(columns=["id"], filter=condition)
        return sorted(table.column("id").to_pylist())[: limit or None]

    def known(self, ids: Sequence[str]) -> dict[str, list[KnownView]]:
        found: dict[str, list[KnownView]] = {}
        for row in self._rows(ids, ["id", "number", "picture", "key", "facts", "words"]):
            found.setdefault(row["id"], []).append(KnownView(view_of(row), row["facts"], row["words"]))
        return found

    def vectors_of_pictures(self, keys: Sequence[str]) -> dict[str, dict[str, Vector]]:
        parts = [p for p in self.header.parts if p != "text"]
        table = self.dataset.to_table(
            columns=["key", *map(vector_column, parts)], filter=any_of("key", [k for k in keys if k])
        )
        blocks = {p: matrix(table.column(vector_column(p)), self.header.dims[p]) for p in parts}
        return {key: {p: blocks[p][at] for p in parts} for at, key in enumerate(table.column("key").to_pylist())}

    def nearest(self, query: Query, *, k: int, where: Filter) -> Hits:
        condition = sql(resolve(where, self.header)) or None
        left = self.dataset.count_rows(filter=condition)
        columns = [*HIT_COLUMNS, *map(vector_column, query.active)]
        if left > max(_EXACT_ROWS, 2 * k):
            share = left / self.dataset.count_rows()
            rows = self._candidates(query, max(_CANDIDATES, 4 * k), condition, share=share)
            if len(rows) >= k:
                listed = f"_rowid IN ({', '.join(map(str, rows))})"
                return self._scored(query, self.dataset.to_table(columns=columns, filter=listed), k, left)
        table = self.dataset.to_table(columns=columns, filter=condition, batch_size=BATCH_ROWS)
        return self._scored(query, table, k, left)

    def kth_score(self, query: Query, *, k: int, where: Filter) -> float:
        condition = sql(resolve(where, self.header)) or None
        best = np.empty(0, np.float32)
        columns = list(map(vector_column, query.active))
        for batch in self.dataset.to_batches(columns=columns, filter=condition, batch_size=BATCH_ROWS):
            table = pa.Table.from_batches([batch])
            blocks = {p: matrix(table.column(vector_column(p)), self.header.dims[p]) for p in query.active}
            best = np.concatenate([best, scores(query, blocks)])
            best = best[top(best, k)]
        return float(best[-1]) if len(best) else -1.0

    def nearest_many(self, queries: Sequence[Query], *, k: int, where: Sequence[Filter]) -> list[Hits]:
        return [self.nearest(query, k=k, where=one) for query, one in zip(queries, where, strict=True)]

    # -- inside ----------------------------------------------------------------------------------

    def _candidates(
        self, query: Query, count: int, condition: str | None, *, share: float
    ) -> npt.NDArray[np.uint64]:
        """Rows, by their ids, that the index of any active part counts among its nearest.

        share: of all rows, how many pass.
        """
        usual = _PROBES_ALONE if len(query.active) == 1 else _PROBES
        probes = min(_MOST_PROBES, int(usual / share))
        pieces = self._unseen(query)
        late = sum(piece.count_rows() for piece in pieces) > _EXACT_ROWS  # then Lance scans them, part by part
        found = [
            self._row_ids(
                condition,
                nearest={
                    "column": vector_column(part),
                    "q": query.parts[part],
                    "k": count,
                    "minimum_nprobes": probes,
                },
                prefilter=condition is not None,
                fast_search=not late,
            )
            for part in query.active
        ]
        if pieces and not late:
            found.append(self._row_ids(condition, fragments=pieces))
        return np.unique(np.concatenate(found))

    def _unseen(self, query: Query) -> list[Any]:
        """Pieces of the table that the index of some active part has not taken in."""
        seen = {
            one.field_names[0]: {piece for segment in one.segments for piece in segment.fragment_ids}
            for one in self.dataset.describe_indices()
        }
        by_all = set.intersection(*(seen.get(vector_column(part), set()) for part in query.active))
        return [piece for piece in self.dataset.get_fragments() if piece.fragment_id not in by_all]

    def _row_ids(self, condition: str | None, **scan: Any) -> npt.NDArray[np.uint64]:
        table = self.dataset.scanner(
            columns=[], filter=condition, with_row_id=True, disable_scoring_autoprojection=True, **scan
        ).to_table()
        ids: npt.NDArray[np.uint64] = table.column("_rowid").to_numpy()
        return ids

    def _scored(self, query: Query, table: pa.Table, k: int, left: int) -> Hits:
        blocks = {p: matrix(table.column(vector_column(p)), self.header.dims[p]) for p in query.active}
        best = top(scores(query, blocks), k)
        views = views_at(best, table)
        return hits(query, views, {p: block[best] for p, block in blocks.items()}, exhausted=left <= k)

    def _rows(self, ids: Sequence[str], columns: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.dataset.to_table(columns=columns, filter=any_of("id", ids)).to_pylist()
        return sorted(rows, key=lambda row: row["number"])

    def _not_found(self, product_id: str) -> ProductNotFound:
        near = next(
            (", ".join(found) for n in (3, 2, 1) if (found := self.ids(prefix=product_id[:n], limit=3))), ""
        )
        return ProductNotFound(
            f"no product {product_id!r} in {self._name}; {f'nearest ids: {near}' if near else 'is it indexed?'}"
        )
