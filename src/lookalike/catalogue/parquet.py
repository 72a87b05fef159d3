"""Tables as Parquet, read a batch at a time, with the types that the file has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.catalogue.tables import Row, Shape, Table, checked_columns, rows_of, shown
from lookalike.catalogue.text_files import reading
from lookalike.errors import CatalogueError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 1_024  # rows


def open_parquet(path: Path) -> Table:
    """A table whose rows are numbered from 1, and whose columns of raw bytes are left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with reading(path):
        try:
            schema = pq.read_schema(path)
            wanted = [field.name for field in schema if not _is_bytes(field.type)]
            names = list(_leaf_names(schema, ""))
        except (pa.ArrowException, ValueError) as error:  # ValueError for a name that is not UTF-8
            raise CatalogueError(f"{path} is not a Parquet file: {_first_line(error)}") from error
    checked_columns(path, wanted)
    columns = checked_columns(path, names)
    return Table(path, columns, lambda shape: _rows(path, wanted, shape))


def _rows(path: Path, columns: list[str], shape: Shape) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    with reading(path):
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH, columns=columns, use_threads=False):
                    for record in _records(batch):
                        number += 1
                        yield from rows_of(number, record, shape)
        except (pa.ArrowException, ValueError, OverflowError) as error:
            raise CatalogueError(f"{path} breaks off after row {number}: {_first_line(error)}") from error


def _records(batch: Any) -> list[dict[str, object]]:
    """The batch as Python's own values; dates as text, since Arrow has moments that Python lacks."""
    import pyarrow as pa

    for position, field in enumerate(batch.schema):
        if pa.types.is_temporal(field.type):
            batch = batch.set_column(position, field.name, batch.column(position).cast(pa.string()))
    records: list[dict[str, object]] = batch.to_pylist()
    return records


def _leaf_names(fields: Iterable[pa.Field[Any]], prefix: str) -> Iterator[str]:
    """The names that `flatten` will give."""
    import pyarrow as pa

    for field in fields:
        inner = field.type
        while pa.types.is_list(inner) or pa.types.is_large_list(inner):
            inner = inner.value_type
        if pa.types.is_struct(inner):
            yield from _leaf_names([inner.field(i) for i in range(inner.num_fields)], f"{prefix}{field.name}.")
        elif not _is_bytes(inner):
            yield prefix + field.name


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _first_line(error: Exception) -> str:
    return shown((str(error).splitlines() or [type(error).__name__])[0])
