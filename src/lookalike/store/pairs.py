"""How alike a store's products are among each other: a bounded sample of pairs, with the cosine of each part.

What a cosine means hangs on the models, the reduction and the catalogue. This sample says it for any weights:
the cosines of the parts are kept, and a weighted mean of them is taken when a query comes with its weights.

Pairs that are alike are rare, and they matter most. So the sample has two layers: of each product drawn, its
nearest by every mixture of parts, all of them, and of the others a few by chance, each of which stands for many
(stratified sampling). The share of all pairs that are at least so alike can be read off down to one in 100,000.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from lookalike.errors import StoreError
from lookalike.store.interface import Store
from lookalike.types import PARTS, Vectors

PAIRS = "pairs"  # what the sample is called among what a store keeps as fitted
_DRAWN = 4096  # products, each by its main view
_ASKING = 512  # of them are compared with all the others
_NEAREST = 8  # of each of those, by each mixture of parts, are all kept
_OTHERS = 64  # further ones of each, by chance
_BLOCK = 64  # products compared at a time

Numbers = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of products of different styles that show different pictures."""

    parts: tuple[str, ...]
    cosines: Numbers  # (n, parts); NaN where the first of the two has no such part
    counts: Numbers  # (n,), how many pairs each stands for
    products: int  # in the store when the sample was drawn

    def __len__(self) -> int:
        return len(self.counts)

    def to_bytes(self) -> bytes:
        """As safetensors."""
        content: bytes = save(
            {
                **{part: np.ascontiguousarray(self.cosines[:, at]) for at, part in enumerate(self.parts)},
                "counts": self.counts,
                "products": np.array([self.products], np.int64),
            }
        )
        return content

    @classmethod
    def from_bytes(cls, content: bytes) -> Pairs:
        """What `to_bytes` wrote. Raises `StoreError` for anything else."""
        try:
            arrays = load(content)
            parts = tuple(p for p in PARTS if p in arrays)
            counts, products = arrays["counts"], int(arrays["products"][0])
            cosines = np.stack([arrays[p] for p in parts], axis=1)
            if cosines.shape != (len(counts), len(parts)):
                raise ValueError(f"{cosines.shape} cosines of {len(counts)} pairs")
        except (SafetensorError, KeyError, IndexError, ValueError) as error:
            raise StoreError(f"a sample of pairs cannot be read ({error}): index the catalogue again") from error
        return cls(parts, cosines, counts, products)


def draw_pairs(store: Store, *, seed: int = 0) -> Pairs:
    """The sample for what a store holds now; the same for the same rows. Some 60,000 pairs at the most."""
    random = np.random.default_rng(seed)
    ids = store.ids(limit=0)
    drawn = [ids[at] for at in np.sort(random.permutation(len(ids))[:_DRAWN])]
    styles, blocks = _main_views(store, drawn)
    mixtures = _mixtures(store.header.recipe.weights, store.header.parts)
    asking = random.permutation(len(styles))[:_ASKING]
    found = [
        _pairs_of(asking[at : at + _BLOCK], styles, blocks, mixtures, random)
        for at in range(0, len(asking), _BLOCK)
    ]
    parts = store.header.parts
    cosines = np.concatenate([c for c, _ in found]) if found else np.empty((0, len(parts)), np.float32)
    counts = np.concatenate([n for _, n in found]) if found else np.empty(0, np.float32)
    return Pairs(parts, cosines, counts, len(ids))


def _main_views(store: Store, ids: list[str]) -> tuple[npt.NDArray[np.int64], dict[str, Vectors]]:
    """A number for each style, and the vectors; of the variants of a style that show one picture only one."""
    products, views = store.products(ids), store.views(ids)
    styles: list[str] = []
    kept: dict[tuple[str, str], Mapping[str, npt.NDArray[np.float32]]] = {}
    for product_id, found in views.items():
        main, style = found[0], products[product_id].style
        name = (style, main.view.key or product_id)
        if name not in kept:
            kept[name] = main.parts
            styles.append(style)
    blocks = {
        part: np.stack([parts[part] for parts in kept.values()])
        if kept
        else np.empty((0, store.header.dims[part]), np.float32)
        for part in store.header.parts
    }
    return np.unique(np.array(styles), return_inverse=True)[1], blocks


def _mixtures(weights: Mapping[str, float], parts: tuple[str, ...]) -> list[Numbers]:
    """Every choice of parts, by the recipe's weights.  # each (parts,)"""
    usual = np.array([weights.get(p, 0.0) or 1.0 for p in parts], np.float32)
    chosen = (some for size in range(1, len(parts) + 1) for some in combinations(range(len(parts)), size))
    return [np.where(np.isin(np.arange(len(parts)), some), usual, 0).astype(np.float32) for some in chosen]


def _pairs_of(
    asking: npt.NDArray[np.int64],
    styles: npt.NDArray[np.int64],
    blocks: Mapping[str, Vectors],
    mixtures: list[Numbers],
    random: np.random.Generator,
) -> tuple[Numbers, Numbers]:
    """Cosines and counts of the pairs kept of some products with all the others."""
    cosines = np.stack([rows[asking] @ rows.T for rows in blocks.values()])  # (parts, asking, drawn)
    allowed = styles[asking][:, None] != styles[None, :]
    near = np.zeros_like(allowed)
    for weights in mixtures:
        near |= _best(np.where(allowed, np.tensordot(weights, cosines, 1), -np.inf), _NEAREST)
    near &= allowed
    rest = allowed & ~near
    chance = rest & _best(np.where(rest, random.random(rest.shape), -np.inf), _OTHERS)
    stands_for = rest.sum(axis=1) / np.maximum(1, chance.sum(axis=1))
    counts = near + chance * stands_for[:, None]
    there = np.stack([rows[asking].any(axis=1) for rows in blocks.values()])
    cosines = np.where(there[:, :, None], cosines, np.nan)
    kept = near | chance
    return cosines[:, kept].T.astype(np.float32), counts[kept].astype(np.float32)


def _best(values: npt.NDArray[np.floating], count: int) -> Flags:
    """Where each row has its highest values."""
    best = np.zeros(values.shape, np.bool_)
    count = min(count, values.shape[1])
    np.put_along_axis(best, np.argpartition(-values, count - 1, axis=1)[:, :count], True, axis=1)
    return best
