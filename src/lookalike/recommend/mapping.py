"""A map of the catalogue: each product a point in a square, and what is alike lies side by side.

t-SNE (van der Maaten and Hinton, JMLR 2008) of the very vectors that `similar` compares, with the query's weights.
Neighbours are found exactly, in the first principal components; the map starts from the first two of these, so
that its large parts lie where they belong (Kobak and Berens, Nature Communications 2019), and is grown by openTSNE
(Linderman et al., Nature Methods 2019). The same vectors give the same map, on any number of threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from lookalike.errors import LookalikeError, StoreError
from lookalike.extras import require
from lookalike.store.interface import Store
from lookalike.types import PARTS, Filter, Progress, Vectors

Points: TypeAlias = npt.NDArray[np.float32]  # (n, 2): across and down, 0..1

MOST = 100_000  # products on a map; of more, as many evenly chosen
_NAME = "map"  # what a store keeps the map of its whole catalogue under
_SEED = 7
_COMPONENTS = 100  # that neighbours are sought in
_SAMPLE = 8_192  # vectors that the components are fitted on
_NEIGHBOURS = 15
_FEW = 16  # products; fewer lie by their first two components
_EARLY, _STEPS = 200, 300  # steps with neighbours pulled together, and steps after that
_MANY = 4_000  # products from which interpolation on a grid pays, and a second thread
_STRIDE = 25  # steps from one word of progress to the next
_AT_ONCE = 4_096  # products read from the store together
_CELLS = 16_000_000  # distances in memory together
_TILE = 16
_EDGE = 0.02  # of the square, left free at each side


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """Where each product lies."""

    ids: tuple[str, ...]
    points: Points  # (n, 2)
    without: int = 0  # products that have no vector to lie by, and those beyond `MOST`

    def __post_init__(self) -> None:
        if self.points.shape != (len(self.ids), 2):
            raise ValueError(f"{len(self.ids)} products with points of shape {self.points.shape}")

    def __len__(self) -> int:
        return len(self.ids)


def lay_out(store: Store, weights: Mapping[str, float], *, where: Filter, progress: Progress) -> Map:
    """The map of the products that pass the filter, by their main pictures and their words.

    Where it is the whole catalogue with the recipe's own weights, the store keeps it until a vector changes.
    Raises `MissingExtra` without openTSNE, `LookalikeError` where there is nothing to draw.
    """
    asked = store.ids(limit=0, where=where)
    chosen = asked[:: -(-len(asked) // MOST)] if asked else []
    active = [p for p in store.header.parts if weights.get(p, 0.0) > 0]
    ids, rows = _components(store, chosen, {p: weights[p] for p in active}, progress)
    if not ids:
        raise LookalikeError(
            f"nothing to map: of {len(asked):,} products none has {' or '.join(active) or 'a part'}"
        )
    mark = fingerprint(ids, rows)
    keeps = not where and dict(weights) == dict(store.header.recipe.weights)
    points = _kept(store, mark) if keeps else None
    if points is None:
        points = in_square(placed(rows, progress))
        if keeps:
            _keep(store, mark, points)
    return Map(tuple(ids), points, without=len(asked) - len(ids))


def fingerprint(ids: Sequence[str], rows: Vectors) -> str:
    """Another one as soon as a product or a vector is another."""
    mark = hashlib.blake2b("\x1f".join(ids).encode("utf-8", "replace"), digest_size=16)
    mark.update(np.ascontiguousarray(rows).tobytes())
    return mark.hexdigest()


# -- from vectors to points --------------------------------------------------------------------------------------


def placed(rows: Vectors, progress: Progress) -> npt.NDArray[np.float64]:
    """A point for each row; equal rows have one in common.  # (n, 2)"""
    distinct, of_each = np.unique(rows, axis=0, return_inverse=True)
    points = grown(distinct, progress) if len(distinct) >= _FEW else first_two(distinct)
    return points[of_each.reshape(-1)]


def grown(rows: Vectors, progress: Progress) -> npt.NDArray[np.float64]:
    """Points by t-SNE.  # (n, 2)"""
    tsne = require("openTSNE", extra="map", to="draw a map")
    require("openTSNE.affinity", extra="map", to="draw a map")
    neighbours, distances = nearest(rows, k=min(_NEIGHBOURS, len(rows) // 3), progress=progress)
    known = tsne.nearest_neighbors.PrecomputedNeighbors(neighbours, distances)
    total = _EARLY + _STEPS
    many = len(rows) >= _MANY

    def steps(points: Any, before: int, count: int, **how: Any) -> Any:
        def tell(done: int, _error: float, _points: Any) -> None:
            progress("mapping", before + done, total)

        return points.optimize(
            count, momentum=0.8, learning_rate="auto", callbacks=tell, callbacks_every_iters=_STRIDE, **how
        )

    points = tsne.TSNEEmbedding(
        _start(rows),
        tsne.affinity.Uniform(knn_index=known, k_neighbors=neighbours.shape[1]),
        negative_gradient_method="fft" if many else "bh",
        n_jobs=-1 if many else 1,
        random_state=_SEED,
    )
    points = steps(steps(points, 0, _EARLY, exaggeration=12), _EARLY, _STEPS)
    return np.asarray(points, np.float64)


def first_two(rows: Vectors) -> npt.NDArray[np.float64]:
    """The first two components, for as many as there are.  # (n, 2)"""
    return np.pad(rows[:, :2].astype(np.float64), ((0, 0), (0, max(0, 2 - rows.shape[1]))))


def nearest(rows: Vectors, *, k: int, progress: Progress) -> tuple[npt.NDArray[np.int64], Vectors]:
    """The k nearest other rows of each, and how far they are, the nearest first.  # (n, k), (n, k)"""
    count = len(rows)
    lengths = np.square(rows).sum(axis=1)
    places, far = np.empty((count, k), np.int64), np.empty((count, k), np.float32)
    at_once = max(1, _CELLS // count)
    for start in range(0, count, at_once):
        block = rows[start : start + at_once]
        found = lengths[start : start + at_once, None] + lengths - 2 * block @ rows.T
        found[np.arange(len(block)), np.arange(start, start + len(block))] = np.inf
        for line, row in enumerate(found):
            places[start + line], far[start + line] = _least(row, k)
        progress("comparing", start + len(block), count)
    return places, np.sqrt(np.maximum(far, 0))


def in_square(points: npt.NDArray[np.float64]) -> Points:
    """Points moved and scaled alike in both directions, so that they fill the square but for its edge."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = float((high - low).max())
    centred = (points - (low + high) / 2) / span if span > 0 else np.zeros_like(points)
    return (0.5 + (1 - 2 * _EDGE) * centred).astype(np.float32)


def _start(rows: Vectors) -> npt.NDArray[np.float64]:
    """Where t-SNE sets out: the first two components, made tiny; no two points in quite the same place."""
    two = first_two(rows)
    spread = float(two[:, 0].std())
    jitter = np.random.default_rng(_SEED).normal(0, 1e-6, two.shape)
    return (two / spread * 1e-4 if spread > 0 else two) + jitter


def _least(row: Vectors, k: int) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Places of the k smallest values, and the values, the smallest first.

    The k-th least of the minima of tiles is no less than the k-th least of all: few values are left to sort.
    """
    tiles = len(row) // _TILE
    if tiles > 2 * k:
        border = np.partition(row[: tiles * _TILE].reshape(_TILE, tiles).min(axis=0), k - 1)[k - 1]
        few = np.flatnonzero(row <= border)
    else:
        few = np.arange(len(row))
    order = few[np.argsort(row[few], kind="stable")[:k]]
    return order, row[order]


# -- from the store to vectors -----------------------------------------------------------------------------------


def _components(
    store: Store, asked: Sequence[str], weights: Mapping[str, float], progress: Progress
) -> tuple[list[str], Vectors]:
    """Those of the products that have vectors, and these in their principal components.  # (n, components)"""
    sample = [vectors for _, vectors in _blocks(store, asked[:: -(-len(asked) // _SAMPLE) or 1], weights)]
    if not sample:
        return [], np.empty((0, 2), np.float32)
    mean, basis = _fitted(np.concatenate(sample))
    ids: list[str] = []
    rows: list[Vectors] = []
    for names, vectors in _blocks(store, asked, weights):
        ids += names
        rows.append(((vectors - mean) @ basis).astype(np.float32, copy=False))
        progress("reading", len(ids), len(asked))
    return ids, np.concatenate(rows)


def _fitted(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """Mean and first components, the widest first.  # (dim,), (dim, components)"""
    mean: Vectors = vectors.mean(axis=0, dtype=np.float32)
    _, axes = np.linalg.eigh(np.cov(vectors - mean, rowvar=False, bias=True).reshape(len(mean), len(mean)))
    axes = axes[:, ::-1][:, :_COMPONENTS]
    heaviest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[heaviest, np.arange(axes.shape[1])])  # so that no map is another's mirror image
    return mean, axes.astype(np.float32)


def _blocks(
    store: Store, asked: Sequence[str], weights: Mapping[str, float]
) -> Iterator[tuple[list[str], Vectors]]:
    """Products that have vectors, and one vector each: its parts, each by its share of the weights."""
    total = sum(weights.values())
    for at in range(0, len(asked), _AT_ONCE):
        main = {i: views[0] for i, views in store.views(asked[at : at + _AT_ONCE]).items()}
        if not main or not weights:
            continue
        parts = [
            np.stack([view.parts[p] for view in main.values()]) * np.float32(np.sqrt(weights[p] / total))
            for p in PARTS
            if p in weights
        ]
        vectors = np.concatenate(parts, axis=1)
        there: npt.NDArray[np.bool_] = np.any(vectors != 0, axis=1)
        if there.any():
            yield [i for i, present in zip(main, there, strict=True) if present], vectors[there]


# -- kept with the store -----------------------------------------------------------------------------------------


def _kept(store: Store, mark: str) -> Points | None:
    content = store.fitted().get(_NAME)
    if content is None:
        return None
    table = pq.read_table(pa.BufferReader(content))
    if (table.schema.metadata or {}).get(b"fingerprint") != mark.encode():
        return None
    return np.stack([table.column(axis).to_numpy() for axis in ("across", "down")], axis=1)


def _keep(store: Store, mark: str, points: Points) -> None:
    """Put it by for the next who asks; a store that may not be written goes without."""
    table = pa.table({"across": points[:, 0], "down": points[:, 1]}).replace_schema_metadata({"fingerprint": mark})
    content = pa.BufferOutputStream()
    pq.write_table(table, content)
    try:
        store.keep_fitted(_NAME, content.getvalue().to_pybytes())
    except StoreError:
        return
