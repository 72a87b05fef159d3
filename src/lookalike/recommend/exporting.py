"""The matches of many products as a table, a row each: Parquet, JSON lines or CSV, written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from lookalike.errors import LookalikeError
from lookalike.files import whole
from lookalike.recommend.scoring import Scored
from lookalike.types import PARTS

Row: TypeAlias = Mapping[str, Any]
Write: TypeAlias = Callable[[Sequence[Row]], None]

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("rank", pa.int32()),  # from 1
        ("match", pa.string()),
        ("score", pa.float32()),  # 0..1
        ("cosine", pa.float32()),
        *((part, pa.float32()) for part in PARTS),  # what it gave to the cosine; null where it was not looked at
        ("rules", pa.list_(pa.string())),
        ("duplicates", pa.list_(pa.string())),
    ]
)
_LISTS = ("rules", "duplicates")
_DIGITS = 6  # of numbers in text
_GROUP = 100_000  # rows of a Parquet file that are compressed together


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    path: Path
    products: int  # that were asked about
    rows: int
    unanswered: int  # products without a row: nothing to compare them by, or no other passes


def rows_of(product_id: str, shown: Sequence[Scored]) -> list[Row]:
    """The rows of one product."""
    return [
        {
            "id": product_id,
            "rank": rank,
            "match": s.id,
            "score": round(s.score, _DIGITS),
            "cosine": round(s.cosine, _DIGITS),
            **{part: round(s.parts[part], _DIGITS) if part in s.parts else None for part in PARTS},
            "rules": list(s.rules),
            "duplicates": list(s.duplicates),
        }
        for rank, s in enumerate(shown, 1)
    ]


@contextmanager
def table_at(path: Path) -> Iterator[Write]:
    """What writes rows to a `.parquet`, `.jsonl` or `.csv` file, which is there once the block ends well.

    Raises `LookalikeError` for another kind of file, or one that cannot be written.
    """
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise LookalikeError(f"an export is a {', '.join(_KINDS)} file, not {path.name!r}")
    with whole(path, "export") as file, kind(file) as write:
        yield write


@contextmanager
def _parquet(file: BinaryIO) -> Iterator[Write]:
    waiting: list[Row] = []

    def write(rows: Sequence[Row]) -> None:
        waiting.extend(rows)
        if len(waiting) >= _GROUP:
            flush()

    def flush() -> None:
        table.write_table(pa.Table.from_pylist(waiting, schema=SCHEMA))
        waiting.clear()

    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as table:
        yield write
        flush()


@contextmanager
def _json_lines(file: BinaryIO) -> Iterator[Write]:
    def write(rows: Sequence[Row]) -> None:
        file.writelines(_json(row).encode() + b"\n" for row in rows)

    yield write


@contextmanager
def _csv(file: BinaryIO) -> Iterator[Write]:
    def write(rows: Sequence[Row], *, heads: bool = False) -> None:
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, SCHEMA.names)
        if heads:
            table.writeheader()
        table.writerows(
            {**row, **{name: _json(row[name]) if row[name] else "" for name in _LISTS}} for row in rows
        )
        file.write(text.getvalue().encode())

    write([], heads=True)
    yield write


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_KINDS: dict[str, Callable[[BinaryIO], Any]] = {".parquet": _parquet, ".jsonl": _json_lines, ".csv": _csv}
