"""What the store in memory keeps of what it has read: the same as reading it anew, and not without end."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lookalike.store.memory import _ReadOnce


@pytest.fixture
def table() -> pa.Table:
    return pa.table({"word": [f"w{at}" for at in range(5_000)]})


def words_read(most: int) -> tuple[_ReadOnce[str], list[list[int]]]:
    read: list[list[int]] = []

    def words(places: np.ndarray, table: pa.Table) -> list[str]:
        read.append(places.tolist())
        return list(table.column("word").take(places).to_pylist())

    return _ReadOnce(words, most=most), read


def test_a_row_is_read_once(table: pa.Table) -> None:
    rows, read = words_read(most=10)
    assert rows.at([3, 1, 3], table) == ["w3", "w1", "w3"]
    assert rows.at([1, 2], table) == ["w1", "w2"]
    assert rows.at([], table) == []
    assert read == [[3, 1], [2]]


def test_what_was_read_first_goes_first(table: pa.Table) -> None:
    rows, read = words_read(most=3)
    for at in range(6):
        assert rows.at([at], table) == [f"w{at}"]
    assert rows.at([5, 4, 3], table) == ["w5", "w4", "w3"]
    assert len(read) == 6
    assert rows.at([0, 5], table) == ["w0", "w5"]
    assert read[-1] == [0]


def test_more_than_are_kept_can_be_read_at_once(table: pa.Table) -> None:
    rows, _ = words_read(most=3)
    assert rows.at(range(20), table) == [f"w{at}" for at in range(20)]
    assert rows.at(range(5_000), table)[-1] == "w4999"
    assert len(rows._kept) == 3
