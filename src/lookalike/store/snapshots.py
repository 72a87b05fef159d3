"""Named snapshots of a store: a version that upkeep leaves alone, until its name is deleted.

They are Lance's tags: making one copies nothing, and what it costs is the room of rows that have changed since.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lookalike.errors import StoreError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of the store that can be gone back to."""

    name: str
    version: int  # of the table
    made: datetime  # when it was named
    views: int


def listed(dataset: Any) -> list[Snapshot]:
    """All of them, the oldest first."""
    found = [
        Snapshot(name, tag["version"], tag["created_at"], dataset.checkout_version(name).count_rows())
        for name, tag in dataset.tags.list().items()
    ]
    return sorted(found, key=lambda one: (one.made, one.version))


def create(dataset: Any, name: str) -> Snapshot:
    """Name the version that the dataset shows. Raises `StoreError` for a name that is taken or is none."""
    if not _NAME.fullmatch(name) or name.endswith((".lock", ".")) or ".." in name:
        raise StoreError(f"{name!r} is no name for a snapshot: use letters, digits, '-', '_' and single dots")
    if name in dataset.tags.list():
        raise StoreError(f"there is a snapshot {name!r} already: delete it, or take another name")
    dataset.tags.create(name, dataset.version)
    return next(one for one in listed(dataset) if one.name == name)


def restore(dataset: Any, name: str) -> Snapshot:
    """Make the state of a snapshot the newest version. The state before is a snapshot too: the one returned."""
    _check(dataset, name)
    before = create(dataset, f"before-{dataset.version + 1}")
    dataset.checkout_version(name).restore()
    return before


def delete(dataset: Any, name: str) -> None:
    _check(dataset, name)
    dataset.tags.delete(name)


def _check(dataset: Any, name: str) -> None:
    known = dataset.tags.list()
    if name not in known:
        hint = f"there are {', '.join(sorted(known))}" if known else "there is none yet"
        raise StoreError(f"no snapshot {name!r}: {hint}")
