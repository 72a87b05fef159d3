"""The door to every source of rows: a file or a folder in, a table out."""

from __future__ import annotations

import os.path
from collections.abc import Callable
from pathlib import Path

from lookalike.catalogue.delimited import open_delimited
from lookalike.catalogue.disguises import disguise
from lookalike.catalogue.feeds import open_xml
from lookalike.catalogue.folders import open_folder
from lookalike.catalogue.parquet import open_parquet
from lookalike.catalogue.records import open_json, open_json_lines
from lookalike.catalogue.tables import Table, shown
from lookalike.catalogue.text_files import first_bytes
from lookalike.errors import CatalogueError

READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": open_delimited,
    ".tsv": open_delimited,
    ".txt": open_delimited,
    ".jsonl": open_json_lines,
    ".ndjson": open_json_lines,
    ".json": open_json,
    ".xml": open_xml,
    ".rss": open_xml,
    ".atom": open_xml,
    ".parquet": open_parquet,
}
GZIPPED = frozenset(READERS) - {".parquet"}  # Parquet compresses itself
BEGINNING = 512  # bytes that tell what a file is


def open_table(source: str | Path) -> Table:
    """The table in a file, read as its extension says, or of the pictures in a folder."""
    path = Path(source)
    if os.path.isdir(path):  # noqa: PTH112 - False, where Path raises, for a name that no file can have
        return open_folder(path)
    if not os.path.isfile(path):  # noqa: PTH113
        raise CatalogueError(f"no catalogue at {shown(str(path))}: give a file, or a folder of pictures")
    reader = READERS.get(_kind(path))
    if reader is None:
        known = " ".join(READERS)
        raise CatalogueError(f"{path} is of no known kind: give one of {known} (or with .gz), or a folder")
    if not path.stat().st_size:
        raise CatalogueError(f"{path} is empty: give a table whose first line names the columns")
    if found := disguise(first_bytes(path, BEGINNING), _kind(path)):
        raise CatalogueError(f"{path} is not what its name says but {found}")
    return reader(path)


def _kind(path: Path) -> str:
    """The extension, without the one of gzip."""
    suffix = path.suffix.lower()
    if suffix != ".gz":
        return suffix
    inner = Path(path.stem).suffix.lower()
    return inner if inner in GZIPPED else suffix
