"""Tables as XML: RSS 2.0, Atom and their kin, such as Google Merchant feeds; one item at a time is in memory.

The parser resolves nothing: a document that declares entities, or anything else of a DTD of its own, is refused,
and no address in it is opened. Of `<title>` and `<g:title>`, the one in Google's namespace counts, whatever its
prefix; an undeclared prefix is no error.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.entities import html5
from pathlib import Path
from typing import TypeAlias, cast
from xml.parsers import expat

from lookalike.catalogue.records import header_of
from lookalike.catalogue.tables import SURROGATE, Row, Shape, Table, rows_of
from lookalike.catalogue.text_files import LONGEST, UNDECODABLE, encoding_of, open_text
from lookalike.errors import CatalogueError

ROWS = frozenset({"item", "entry", "product", "offer"})  # elements that are rows, by their local names
GOOGLE = re.compile(r"https?://base\.google\.com/c?ns/", re.IGNORECASE)
ADDRESSES = ("href", "url", "src")  # attributes that are what an element without text says
DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
CHUNK = 65_536  # characters
LONGEST_TAG = 500_000  # bytes of a tag or a comment, which the parser has to see whole
DEEPEST = 100  # elements within one another
OVERHEAD = 64  # characters that an element counts for beside its own
LEGACY = ("iso8859", "cp", "koi8", "mac", "gb", "big5", "euc", "shift_jis")  # names of codecs begin so

Element: TypeAlias = "dict[str, str | Element | list[str | Element]]"


def open_xml(path: Path) -> Table:
    """A table whose rows are the items of a feed, and whose columns are the elements in them."""
    columns = header_of(path, lambda shape: _rows(path, shape))
    if not columns:
        known = ", ".join(f"<{name}>" for name in sorted(ROWS))
        raise CatalogueError(f"{path} has no products: none of the elements {known} is in it")
    return Table(path, columns, lambda shape: _rows(path, shape), open_ended=True)


def _rows(path: Path, shape: Shape) -> Iterator[Row]:
    feed = _Feed()
    with open_text(path, encoding=_encoding) as text:
        try:
            while chunk := text.read(CHUNK):
                yield from _given(feed, chunk, shape)
            yield from _given(feed, "", shape, last=True)
        except (expat.ExpatError, ValueError) as error:
            raise CatalogueError(f"{path} cannot be read as XML: {_reason(error)}") from error


def _given(feed: _Feed, chunk: str, shape: Shape, *, last: bool = False) -> Iterator[Row]:
    for line, element, problem in feed.items(chunk, last=last):
        if problem:
            yield Row(line, {}, problem)
        else:
            yield from rows_of(line, element, shape)


def _encoding(sample: bytes) -> str:
    """The encoding that the bytes are surely in; else the one that the document declares, if it can be that."""
    guessed = encoding_of(sample)
    found = DECLARED.match(sample)
    if found is None or not (guessed == "cp1252" or sample.isascii()):
        return guessed
    try:
        declared = codecs.lookup(found[1].decode("ascii")).name
    except LookupError:
        return guessed
    return declared if declared.startswith(LEGACY) else guessed


def _reason(error: expat.ExpatError | ValueError) -> str:
    if isinstance(error, expat.ExpatError):
        return f"line {error.lineno}: {expat.ErrorString(error.code)}"
    return str(error)


@dataclass(slots=True)
class _Open:
    """An element whose end has not come yet."""

    name: str
    children: Element = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)  # its text, and that of its children
    is_text: bool = False  # whether it has text of its own


class _Feed:
    """Takes a document in pieces and gives the items that they complete. Raises ExpatError or ValueError."""

    def __init__(self) -> None:
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.UseForeignDTD(True)  # an unknown entity, such as &nbsp;, is then skipped and no error
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.SkippedEntityHandler = self._entity
        self._google = {"g"}  # prefixes of Google's namespace
        self._depth = 0
        self._fed = 0  # bytes
        self._damaged = False  # whether bytes have come that did not decode
        self._done: list[tuple[int, Element, str]] = []
        self._open: list[_Open] = []  # the item, and the elements open in it
        self._of_google: Element = {}  # what the item has in Google's namespace
        self._line, self._size, self._problem = 0, 0, ""  # of the item

    def items(self, chunk: str, *, last: bool = False) -> list[tuple[int, Element, str]]:
        """The items that end in this piece: line, element, and what is wrong with it."""
        if not chunk.isascii() and SURROGATE.search(chunk):
            chunk, self._damaged = SURROGATE.sub("\ufffd", chunk), True
        content = chunk.encode()
        self._fed += len(content)
        self._parser.Parse(content, last)
        if self._fed - self._parser.CurrentByteIndex > LONGEST_TAG:
            line = self._parser.CurrentLineNumber
            raise ValueError(f"line {line}: a tag or comment is longer than {LONGEST_TAG:,} bytes")
        done, self._done = self._done, []
        return done

    def _doctype(self, _name: str, _system: str | None, _public: str | None, has_declarations: int) -> None:
        if has_declarations:
            raise ValueError(
                "it declares entities or a DTD of its own, which is refused: save it without <!DOCTYPE>"
            )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        line = self._parser.CurrentLineNumber
        if self._depth > DEEPEST:
            raise ValueError(f"line {line}: more than {DEEPEST} elements within one another")
        for name, value in attributes.items():
            if name.startswith("xmlns:") and GOOGLE.match(value):
                self._google.add(name[6:])
        if self._open:
            self._grow(OVERHEAD + len(tag) + sum(map(len, attributes.values())))
            address = next((attributes[name] for name in ADDRESSES if name in attributes), "")
            self._open.append(_Open(tag, pieces=[address] if address else []))
        elif tag.rpartition(":")[2].lower() in ROWS:
            self._line, self._size, self._problem, self._of_google = line, 0, "", {}
            cells = {name: value for name, value in attributes.items() if not name.startswith("xml")}
            self._open.append(_Open(tag, cast("Element", cells)))

    def _text(self, text: str) -> None:
        if not self._open:
            return
        self._grow(len(text))
        if self._damaged and "\ufffd" in text:
            self._problem = UNDECODABLE
        if not self._problem:
            element = self._open[-1]
            if not element.is_text and not text.isspace():
                element.is_text = True
                element.pieces.clear()  # an address in an attribute, or white space
            element.pieces.append(text)

    def _entity(self, name: str, is_parameter: int) -> None:
        if not is_parameter:
            self._text(html5.get(f"{name};", ""))

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > LONGEST:
            self._problem = f"longer than {LONGEST:,} characters"

    def _end(self, _tag: str) -> None:
        self._depth -= 1
        if not self._open:
            return
        element = self._open.pop()
        if not self._open:
            self._done.append((self._line, element.children | self._of_google, self._problem))
        elif not self._problem:
            self._close(element, self._open[-1])

    def _close(self, element: _Open, parent: _Open) -> None:
        text = "".join(element.pieces).strip()
        parent.pieces.append(f" {text} ")
        prefix, _, name = element.name.rpartition(":")
        is_google = prefix in self._google
        siblings = self._of_google if is_google and len(self._open) == 1 else parent.children
        name = name if is_google or not prefix else element.name
        value = text if element.is_text or not element.children else element.children
        if name not in siblings:
            siblings[name] = value
        elif isinstance(known := siblings[name], list):
            known.append(value)
        else:
            siblings[name] = [known, value]
