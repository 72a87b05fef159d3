"""What kind of garment a product is, by the shop's own words: from "Men/Jackets & Coats/Parkas" to `outerwear`.

The words lie in `garments.toml`. It never guesses: words that it does not know give nothing, and whoever asks
treats such a product as one that could be anything.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files

from lookalike.types import GARMENTS, NOT_WORN, Product

KINDS = (*GARMENTS, NOT_WORN)
_TYPES = ("article_type", "articletype", "product_type", "producttype", "type", "garment", "subcategory")
_LONGEST = 3  # words in one name
_COMPOUND = 4  # letters from which a word counts at the end of a longer one
_WORD = re.compile(r"[^\W\d_]+")
_PARTS = re.compile(r"[/|>;:,()\[\]]|\s[-\u2013\u2014]\s|\s[-\u2013\u2014]$")


def garment_of(product: Product) -> str:
    """One of `GARMENTS`, or `NOT_WORN`, or nothing where the shop's words do not tell.

    The category says it first, from its leaf up, then columns such as "article type", then the title.

    >>> garment_of(Product("1", "Winter warmer", category="Men/Jackets & Coats/Parkas"))
    'outerwear'
    """
    leaf, *above = reversed(product.category.split("/"))
    types = [str(v) for name, v in product.attributes.items() if _plain(name).replace(" ", "_") in _TYPES]
    for words in (leaf, *types, product.title, *above):
        if found := garment_named(words):
            return found
    return ""


@lru_cache(maxsize=65_536)
def garment_named(words: str) -> str:
    """What words call a garment.

    >>> garment_named("Shirt dress with belt"), garment_named("Damen-Winterjacke"), garment_named("Sale")
    ('one-piece', 'outerwear', '')
    """
    for part in _PARTS.split(words):
        if found := _last_named(_plain(part)):
            return found
    return ""


def _last_named(words: str) -> str:
    """The label of the last name in front of a joint; of names that end together, of the longest."""
    names, endings, joints = _vocabulary()
    found = ""
    for end, word in enumerate(said := words.split(), 1):
        if word in joints and found:
            break
        runs = (" ".join(said[start:end]) for start in range(max(0, end - _LONGEST), end))
        compounds = (word[at:] for at in range(1, len(word) - _COMPOUND + 1))
        found = _first(runs, names) or _first(compounds, endings) or found
    return found


def _first(names: Iterable[str], labels: Mapping[str, str]) -> str:
    return next((labels[name] for name in names if name in labels), "")


def _plain(words: str) -> str:
    """Letters alone, lower case, without accents: "T-Shirts" is "t shirts"."""
    bare = unicodedata.normalize("NFKD", words.casefold().replace("\u0142", "l"))
    return " ".join(_WORD.findall("".join(c for c in bare if not unicodedata.combining(c))))


@cache
def _vocabulary() -> tuple[Mapping[str, str], Mapping[str, str], frozenset[str]]:
    """The label of each name, in its plurals too; the same of what may end a compound; the joints."""
    table = tomllib.loads(files("lookalike.catalogue").joinpath("garments.toml").read_text("utf-8"))
    listed = [(name, label) for label in KINDS for name in table["labels"][label]]
    names = {form: label for name, label in listed for form in _forms(name)}
    endings = {form: label for name, label in listed if len(name) >= _COMPOUND for form in _forms(name)}
    return names, endings, frozenset(table["joints"])


def _forms(name: str) -> Iterator[str]:
    """A name and what may be its plurals."""
    yield from (name, f"{name}s")
    if name.endswith("y"):
        yield f"{name[:-1]}ies"
    elif name.endswith(("s", "x", "ch", "sh")):
        yield f"{name}es"
    elif name.endswith("f"):
        yield f"{name[:-1]}ves"
    elif name.endswith("e"):
        yield f"{name}n"  # German: "Jacken"
