"""Words for colours in some languages, and what they look like: facts, kept in colours.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from lookalike.types import Pixels

_LONGEST = 3  # words in the name of a colour
_SHADES = (0.6, 1.15)  # of the colour, from the bottom of a fold to its top
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


@dataclass(frozen=True, slots=True)
class ColourName:
    """A colour that a text names."""

    said: str  # as the text has it
    words: tuple[str, ...]  # all the words for the same colour, in small letters
    rgb: tuple[int, int, int] | None = None  # sRGB; None for a name of the shop's own


def colours_named(text: str, own: Collection[str] = ()) -> list[ColourName]:
    """The colours that a text names, in its order, the longest names first: navy blue is not blue.

    own: further names, such as a shop gives its colours. No negation is understood: "not red" names red.

    >>> [(c.said, c.words[0]) for c in colours_named("wie dies, aber in Rot")]
    [('Rot', 'red')]
    >>> [c.words[0] for c in colours_named("Midnight Blush or light blue", ["midnight blush"])]
    ['midnight blush', 'light blue']
    """
    return [name for _, _, name in _named(text, own)]


def phrases(text: str) -> list[str]:
    """What in a text could be the name of a colour: runs of one to three words, in small letters."""
    return list(dict.fromkeys(text[start:stop].lower() for start, stop in _phrases(text)))


def recoloured(text: str, colour: str, own: Collection[str] = ()) -> str:
    """A text with another colour's name for each that it names.

    >>> recoloured("Women Solid White Dress", "red")
    'Women Solid red Dress'
    """
    for start, stop, _ in reversed(_named(text, own)):
        text = text[:start] + colour + text[stop:]
    return text


def swatch(rgb: tuple[int, int, int], side: int) -> Pixels:
    """A thing of one colour before white, in light and shade as cloth has it.  # (side, side, 3)"""
    pixels = np.full((side, side, 3), 255, np.uint8)
    inside = slice(side // 5, side - side // 5)
    shade = np.linspace(*_SHADES, side)[inside, None, None]
    pixels[inside, inside] = np.clip(np.asarray(rgb) * shade, 0, 255).astype(np.uint8)
    return pixels


def _named(text: str, own: Collection[str]) -> list[tuple[int, int, ColourName]]:
    """Where each name of a colour begins and ends."""
    ours = {name.lower() for name in own}
    found: list[tuple[int, int, ColourName]] = []
    for start, stop in _phrases(text):
        word = text[start:stop].lower()
        if (word in ours or word in _known()) and (not found or start >= found[-1][1]):
            words, rgb = _known().get(word, ((word,), None))
            found.append((start, stop, ColourName(text[start:stop], words, rgb)))
    return found


def _phrases(text: str) -> Iterator[tuple[int, int]]:
    """Where each run of words begins and ends, by its beginning, the longest first."""
    words = [(m.start(), m.end()) for m in _WORD.finditer(text)]
    for at, (start, _) in enumerate(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            yield start, words[at + length - 1][1]


@cache
def _known() -> dict[str, tuple[tuple[str, ...], tuple[int, int, int]]]:
    """By each word, all words for the same colour, and its sRGB."""
    table = tomllib.loads(files(__package__).joinpath("colours.toml").read_text("utf-8"))
    found: dict[str, tuple[tuple[str, ...], tuple[int, int, int]]] = {}
    for colour in table.values():
        words = tuple(colour["words"])
        red, green, blue = bytes.fromhex(colour["rgb"].removeprefix("#"))
        found |= dict.fromkeys(words, (words, (red, green, blue)))
    return found
