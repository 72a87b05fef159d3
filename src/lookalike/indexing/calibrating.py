"""The last step of an index run: what scores are read off is drawn from what the store now holds."""

from __future__ import annotations

from lookalike.store.interface import Store
from lookalike.store.pairs import PAIRS, Pairs, draw_pairs

_GROWN = 1.5  # times as many products, or as few, from which the sample no longer stands for them


def calibrate(store: Store, *, products: int) -> bool:
    """Keep a fresh sample of pairs where there is none, or one of another size of catalogue; whether it did.

    products: how many the store holds now. Scores stay what they were while the catalogue changes little.
    """
    kept = store.fitted().get(PAIRS)
    if kept is not None:
        then = Pairs.from_bytes(kept).products
        if products <= _GROWN * then and then <= _GROWN * products:
            return False
    store.keep_fitted(PAIRS, draw_pairs(store).to_bytes())
    return True
