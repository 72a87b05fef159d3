"""Cells into clean facts: text, identifiers, stock, categories. Pure functions; prices are in `prices.py`.

A value that cannot be understood raises ValueError with a reason that names it: the row becomes a Reject.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import unescape

from lookalike.catalogue.tables import as_text
from lookalike.types import Value

LONGEST_ID = 512  # characters
MOST_LEVELS = 20  # of a category; what is below them is not kept

CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff]")  # but those that are white space
ENTITY = re.compile(r"&(?:#\d|#x[0-9a-f]|[a-z])\w*;", re.IGNORECASE)
MARKUP = re.compile(rf"</?[a-z!][^<>]*>|{ENTITY.pattern}", re.IGNORECASE)
TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^<>]*>", re.IGNORECASE)
QUOTED_TAG = re.compile(r"""<(/?)([a-z][a-z0-9]*)(?:[^<>"']|"[^"]*"|'[^']*')*+>""", re.IGNORECASE)
QUOTES_SEEN = 1_000  # characters of a tag in which quotes may hold a ">"
BLOCKS = "address article blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section table tr ul"
BREAKS = dict.fromkeys(BLOCKS.split(), "\n") | {"td": " ", "th": " "}  # what an element's tags leave
SILENT = frozenset({"script", "style", "head", "template", "noscript"})  # elements whose text nobody reads


def words(value: Value) -> str:
    """One line of clean text: composed (NFC), no control characters, single spaces; several texts are joined.

    >>> words("  Chaz\\tHoodie\\x00 "), words(("Red", "Blue"))
    ('Chaz Hoodie', 'Red, Blue')
    """
    if not isinstance(value, str):
        value = ", ".join(value) if isinstance(value, tuple) else as_text(value)
    if value.isascii() and value.isprintable() and "  " not in value:  # as most cells are
        return value.strip()
    if not value.isprintable():
        value = CONTROL.sub("", value)
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    return " ".join(value.split())


def label(value: Value) -> str:
    """Clean text on one line, with HTML entities as the characters they stand for.

    >>> label("Men&#39;s &amp; Boys")
    "Men's & Boys"
    """
    text = words(value)
    return words(ENTITY.sub(lambda found: unescape(found[0]), text)) if "&" in text else text


def identifier(value: Value) -> str:
    """An id exactly as the shop writes it, leading zeros and all, without white space around it.

    >>> identifier(" 00117 "), identifier(1164)
    ('00117', '1164')
    """
    if isinstance(value, tuple):
        raise ValueError(f"the id is a list, {', '.join(value)[:60]!r}")
    text = value.strip() if isinstance(value, str) else as_text(value)
    if not text:
        raise ValueError("the id is empty")
    if len(text) > LONGEST_ID:
        raise ValueError(f"the id is longer than {LONGEST_ID} characters: {text[:20]!r}...")
    if not text.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        raise ValueError(f"the id {text[:60]!a} has control characters")
    return text


def plain_text(value: Value) -> str:
    """A description as lines of clean text; HTML loses its tags, scripts and styles.

    >>> plain_text("<p>Warm &amp; light.</p><ul><li>Hood<li>Zip</ul>")
    'Warm & light.\\nHood\\nZip'
    """
    text = value if isinstance(value, str) else words(value)
    if "<" in text or "&" in text:
        text = _without_markup(text) if MARKUP.search(text) else text
    if text.isprintable():
        return words(text)
    lines = (words(line) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _without_markup(text: str) -> str:
    """The text that a browser would show, in time that grows with its length: html.parser's is quadratic."""
    shown: list[str] = []
    silent = ""  # the element that is being passed over
    at = here = 0  # where the text that is not yet taken begins; where the next tag is looked for
    while (start := text.find("<", here)) >= 0:
        tag = QUOTED_TAG.match(text, start, start + QUOTES_SEEN) or TAG.match(text, start)
        end = tag.end() if tag else _end_of_declaration(text, start)
        here = end or start + 1  # a "<" that begins nothing is text
        if not end:
            continue
        closing, name = (tag[1], tag[2].lower()) if tag else ("", "")
        if not silent:
            shown += [_spaced(text[at:start]), BREAKS.get(name, "")]
            silent = name if name in SILENT and not closing else ""
        elif closing and name == silent:
            silent = ""
        at = end
    return "".join([*shown, "" if silent else _spaced(text[at:])])


def _end_of_declaration(text: str, start: int) -> int:
    """Where a comment, <!...> or <?...> ends, 0 for what is none; one that is not closed goes on to the end."""
    if text[start + 1 : start + 2] not in ("!", "?"):
        return 0
    closing = "-->" if text.startswith("<!--", start) else ">"
    found = text.find(closing, start + 2)
    return found + len(closing) if found >= 0 else len(text)


def _spaced(text: str) -> str:
    return " ".join(re.split(r"\s+", unescape(text)))


def listed(text: str, separator: str) -> list[str]:
    """The texts of a list, in which a backslash may stand before a separator that is none.

    >>> listed("Red, Blue\\\\, dark,", ",")
    ['Red', 'Blue, dark']
    """
    escaped = f"\\{separator}"
    parts = re.split(rf"(?<!\\){re.escape(separator)}", text) if escaped in text else text.split(separator)
    return [part for part in (part.replace(escaped, separator).strip() for part in parts) if part]


YES = frozenset({"yes", "y", "true", "t", "1", "on"})
NO = frozenset({"no", "n", "false", "f", "0", "off"})
HERE = "in stock|instock|available|low stock|limited availability|in store only|online only"
GONE = "out of stock|outofstock|sold out|soldout|unavailable|not available|discontinued"
LATER = "preorder|pre-order|pre order|backorder|back order|on backorder|onbackorder"
IN_STOCK = YES | set(HERE.split("|"))
OUT_OF_STOCK = NO | set(f"{GONE}|{LATER}".split("|"))


def in_stock(value: Value) -> bool | None:
    """Whether it can be delivered now, out of a word, a schema.org URL or a quantity; None when it is neither.

    What can only be ordered ahead (preorder, backorder) is not in stock.

    >>> in_stock("Out of Stock"), in_stock("12"), in_stock("https://schema.org/InStock"), in_stock("ask us")
    (False, True, True, None)
    """
    if isinstance(value, bool | int | float):
        return value > 0
    word = words(value).casefold().rpartition("schema.org/")[2].replace("_", " ")
    if word in IN_STOCK or word in OUT_OF_STOCK:
        return word in IN_STOCK
    if re.fullmatch(r"[-+]?\d+([.,]\d+)?", word):
        return any(digit in word for digit in "123456789") and not word.startswith("-")
    return None


def truth(value: Value) -> bool | None:
    """What yes, no, true and false say; None for anything else.

    >>> truth("Yes"), truth("false"), truth("1")
    (True, False, None)
    """
    if isinstance(value, bool):
        return value
    return {"yes": True, "true": True, "no": False, "false": False}.get(words(value).casefold())


@lru_cache(maxsize=4_096)  # a shop has few categories and many products
def category_path(text: str) -> str:
    """A category written with "/" between its levels.

    >>> category_path("Women > Dresses"), category_path("/Men/ Tops /")
    ('Women/Dresses', 'Men/Tops')
    """
    levels = (label(level) for level in re.split("[>/]", text, maxsplit=MOST_LEVELS))
    return "/".join([level for level in levels if level][:MOST_LEVELS])


def without_root(path: str, roots: Sequence[str]) -> str:
    """The path below its root, where it begins with one.

    >>> without_root("Default Category/Men", ["Default Category"]), without_root("Men", ["Default Category"])
    ('Men', 'Men')
    """
    root, _, below = path.partition("/")
    return below if root in roots else path


def with_ancestors(paths: Iterable[str]) -> tuple[str, ...]:
    """Every path and the paths above it, in the order in which they first come.

    >>> with_ancestors(["Men/Tops/Tees", "Men/Sale"])
    ('Men', 'Men/Tops', 'Men/Tops/Tees', 'Men/Sale')
    """
    found: dict[str, None] = {}
    for path in paths:
        levels = path.split("/")
        for depth in range(1, len(levels) + 1):
            found["/".join(levels[:depth])] = None
    return tuple(found)


def deepest(paths: Sequence[str]) -> str:
    """The path with most levels, the first among equals; "" without paths."""
    return max(paths, key=lambda path: path.count("/"), default="")
