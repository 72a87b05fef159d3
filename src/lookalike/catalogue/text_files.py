"""A file's text, line by line: opened, unpacked and decoded, with every failure told in one line."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO, cast

from lookalike.catalogue.tables import SURROGATE, shown
from lookalike.errors import CatalogueError

LONGEST = 10_000_000  # characters of a line, a cell or a record; a longer one is no product
SAMPLE = 1_000_000  # bytes that the encoding is told from
MOSTLY = 0.7  # of every second byte is zero where European text is UTF-16

UNDECODABLE = "bytes that are not text in the file's encoding: save the file as UTF-8"


class LineTooLong(ValueError):  # noqa: N818 - reads as the fact it is
    """A line is longer than any product."""


class Lines:
    """The lines of a text, counted; a line past `LONGEST` is skipped and raises LineTooLong."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.number = 0  # of the line last given
        self.undecodable = False  # whether a line had undecodable bytes, since this was last set to False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LONGEST and line[-1] not in "\r\n":
            self._skip_the_rest()
            raise LineTooLong(f"a line longer than {LONGEST:,} characters")
        if not line.isascii() and SURROGATE.search(line):
            self.undecodable = True
        return line

    def _skip_the_rest(self) -> None:
        while (more := self._text.readline(LONGEST)) and more[-1] not in "\r\n":
            pass


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what the system says of a file that cannot be read into a CatalogueError."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split())  # Arrow's have several lines
        raise CatalogueError(f"cannot read {path}: {shown(why)}") from error


@contextmanager
def open_text(path: Path, *, encoding: Callable[[bytes], str] | None = None) -> Iterator[TextIO]:
    """The text of a file, plain or gzipped, in the encoding that it appears to be in.

    encoding: tells it from the first megabyte; None for `encoding_of`.
    A byte that does not decode becomes a surrogate: see `Lines`.
    """
    with reading(path), _open_bytes(path) as file:
        name = (encoding or encoding_of)(file.read(SAMPLE))
        file.seek(0)
        errors = "replace" if name.startswith("utf-16") else "surrogateescape"
        with io.TextIOWrapper(file, encoding=name, errors=errors, newline="") as text:
            yield text


def first_bytes(path: Path, size: int) -> bytes:
    """The beginning of a file, unpacked."""
    with reading(path), _open_bytes(path) as file:
        return file.read(size)


def _open_bytes(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def encoding_of(sample: bytes) -> str:
    """The encoding that the first bytes of a file are in.

    UTF-8 and UTF-16 with a byte order mark are known by it, UTF-16 without one by its zeros. Any other file is
    UTF-8, or Windows' cp1252 where it cannot be UTF-8.

    >>> encoding_of("Größe".encode()), encoding_of("Größe".encode("cp1252")), encoding_of(b"size")
    ('utf-8', 'cp1252', 'utf-8')
    """
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = len(sample) // 2
    for zeros, name in ((sample[1::2], "utf-16-le"), (sample[::2], "utf-16-be")):
        if half > 8 and zeros.count(0) > MOSTLY * half:
            return name
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(sample)
    if text.isascii():
        return "utf-8"
    undecodable = len(SURROGATE.findall(text))
    decoded = sum(character > "\x7f" for character in text) - undecodable
    return "utf-8" if decoded >= undecodable else "cp1252"  # by chance, cp1252 is hardly ever valid UTF-8
