"""Files are written whole or not at all: under another name first, then renamed into place."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from lookalike.errors import LookalikeError

_MODE = 0o644  # a temporary file is for its owner alone; what it becomes is for all to read


@contextmanager
def whole(path: Path, what: str) -> Iterator[BinaryIO]:
    """A file to write to. It stands at `path` once the block ends well; else what was there before stays.

    what: the noun for an error, "map" or "export". Raises `LookalikeError` where it cannot be written.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as part:
            try:
                yield cast(BinaryIO, part)
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).chmod(_MODE)
                Path(part.name).replace(path)
            finally:
                Path(part.name).unlink(missing_ok=True)
    except OSError as error:
        raise LookalikeError(f"cannot write the {what} {path}: {_reason(error)}") from error


def write_text(path: Path, text: str, what: str) -> None:
    """Write a text as `whole` writes a file."""
    with whole(path, what) as file:
        file.write(text.encode("utf-8"))


def mark(path: Path) -> tuple[int, int] | None:
    """Another one once a file was written again; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return "the disk is full; free some space and run the same command again"
    return (error.strerror or str(error)).partition("\n")[0]
