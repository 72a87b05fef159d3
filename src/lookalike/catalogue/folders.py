"""A folder of pictures as a table: each picture is a product, and its folder the category."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from lookalike.catalogue.tables import SURROGATE, Cells, Row, Table
from lookalike.errors import CatalogueError

EXTENSIONS = "avif bmp gif jfif jpe jpeg jpg png tif tiff webp"
PICTURES = frozenset(EXTENSIONS.split())
COLUMNS = ("id", "title", "image", "category")


def open_folder(path: Path) -> Table:
    """A table of all pictures in the folder and below, sorted; hidden files and folders are passed over."""
    if next(_rows(path), None) is None:
        raise CatalogueError(f"no pictures in {path}: give a folder with .jpg, .png or .webp files in it")
    return Table(path, COLUMNS, lambda _: _rows(path))


def _rows(root: Path) -> Iterator[Row]:
    for folder, inner, files in os.walk(root.absolute()):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        place = PurePath(folder).relative_to(root.absolute()).as_posix()
        stems: set[str] = set()
        for name in sorted(files):
            if _is_picture(name):
                yield _row(folder, "" if place == "." else place, name, stems)


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and name.rpartition(".")[2].lower() in PICTURES


def _row(folder: str, place: str, name: str, stems: set[str]) -> Row:
    """The id is the path without the extension; a second picture of that name keeps its extension."""
    stem = name.rpartition(".")[0]
    title = " ".join(re.split(r"[\W_]+", stem)).strip()
    identity = name if stem in stems else stem
    stems.add(stem)
    identity = f"{place}/{identity}" if place else identity
    if SURROGATE.search(identity):
        return Row(0, {}, f"the file name {identity!a} is not valid Unicode: rename it")
    picture = os.path.join(folder, name)  # noqa: PTH118 - a catalogue has many pictures, and Path is slow
    cells: Cells = {"id": identity, "title": title, "image": (picture,), "category": place}
    return Row(0, cells)
