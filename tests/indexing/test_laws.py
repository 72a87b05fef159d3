"""Laws of the index job: twice is once, and the order of a catalogue's rows does not matter."""

from __future__ import annotations

import csv
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.indexing.job import index
from lookalike.recipe import Recipe
from lookalike.store.lance import LanceStore

WORDS = Recipe(image="none", text="hashed-words", colour="none")
CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text("ABCab01-_'\"é日", min_size=1, max_size=6),
            "title": CELLS,
            "price": st.integers(1, 999).map(str),
            "size": CELLS | st.integers(0, 60).map(str),
        }
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row["id"],
)


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def everything(path: Path) -> tuple[Any, Any]:
    """Products and their words' vectors."""
    store = LanceStore.open(str(path))
    ids = store.ids(limit=0)
    return store.products(ids), np.array([store.views(ids)[i][0].parts["text"] for i in ids])


@settings(max_examples=6, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter_and_indexing_twice_is_indexing_once(
    rows: list[dict[str, str]], seed: int
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        first = index(write(folder / "one.csv", rows), folder / "one", recipe=WORDS)
        shuffled = [rows[at] for at in np.random.default_rng(seed).permutation(len(rows))]
        index(write(folder / "other.csv", shuffled), folder / "other", recipe=WORDS)
        products, vectors = everything(folder / "one")
        again, same = everything(folder / "other")
        assert products == again
        np.testing.assert_allclose(vectors, same, atol=1e-6)
        version = LanceStore.open(str(folder / "one")).version
        for catalogue in ("one.csv", "other.csv"):
            second = index(folder / catalogue, folder / "one", recipe=WORDS)
            assert (second.added, second.changed, second.unchanged) == (0, 0, first.added)
        assert LanceStore.open(str(folder / "one")).version == version
    finally:
        shutil.rmtree(folder)
