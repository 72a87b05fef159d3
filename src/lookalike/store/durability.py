"""Acknowledged means on the disk.

Lance's writer for local folders (Rust's object_store) writes, renames and returns: it asks the system for no
flush at all, so after a power cut a version might name files that are empty. Here each commit is wrapped: what
a version will name is flushed before its manifest is written, and the manifest before the call returns. A store
on object storage needs none of this: there a file that was put is kept.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAMED = ("data", "_deletions", "_indices")  # folders of a table that a manifest names files in
_NAMING = ("_versions", "_refs")
_SETTLED_S = 600.0  # the system itself writes a file out within a minute
_HINT = "latest_version_hint.json"  # overwritten by each commit, and only a hint


class Flushing:
    """Wraps the commits of one table: the shape of a lock that Lance takes around each."""

    def __init__(self, table: Path) -> None:
        self._table = table
        self._flushed: dict[str, set[Path]] = {}  # folder of the table -> what was in it when it was last flushed
        self._opened = time.time()

    @contextmanager
    def __call__(self, version: int) -> Iterator[None]:
        self.flush(_NAMED)
        yield
        self.flush(_NAMING)

    def flush(self, folders: tuple[str, ...] = (*_NAMED, *_NAMING)) -> None:
        """Write what is new in these folders of the table to the disk, then the folders. Raises OSError."""
        for folder in folders:
            listed = set(_listed(self._table / folder))
            new = {path for path in listed - self._flushed.get(folder, set()) if self._is_recent(path)}
            for path in new:
                _flush(path)
            for parent in {path.parent for path in new} - new:
                _flush(parent)
            self._flushed[folder] = listed

    def _is_recent(self, path: Path) -> bool:
        try:
            return path.stat().st_mtime > self._opened - _SETTLED_S
        except FileNotFoundError:  # tidied away since it was listed
            return False


def _listed(folder: Path) -> Iterator[Path]:
    """A folder, what is in it, and what is in that; files that are still being written left out."""
    for place, _, names in os.walk(folder):
        yield Path(place)
        yield from (Path(place, name) for name in names if name != _HINT and not is_leftover(Path(name)))


def sweep(table: Path) -> None:
    """Delete what writers that died left half written. Only for whoever holds the writers' lock."""
    for place, _, names in os.walk(table):
        for file in (Path(place, name) for name in names):
            if is_leftover(file):
                file.unlink(missing_ok=True)


def is_leftover(file: Path) -> bool:
    """Whether a file has the name of one that is still being written."""
    return file.name.startswith(".tmp") or "#" in file.name


def _flush(path: Path) -> None:
    try:
        opened = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    except PermissionError:
        if path.is_dir():  # Windows opens no folders, and keeps their entries itself
            return
        raise
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
