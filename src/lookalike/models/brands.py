"""Which words of a title are its brand: the shop's own word for it, or what its titles begin with.

A brand says little of what a thing looks like, and yet two titles that share it read alike. So it is a voice of
its own (`encoder.Wording`). Where the shop has no column for brands they are learned from its titles, since many
shops write "Puma Men Black Shoes": a word that stands at the front whenever it stands anywhere, and that is no
colour, no garment, no department and no category, is taken for a name, and so is one that follows such names.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from lookalike.catalogue.garments import garment_named
from lookalike.errors import ModelError
from lookalike.media.colour_words import colours_named
from lookalike.types import Product

BRANDS = "brands"  # what they are called among what a store keeps as fitted
_IN_FRONT = 0.7  # of the titles with a word, from which it is taken for a name
_FEWEST = 3  # styles that show that a word is one
_BELIEVED = 0.5  # of the titles, that must begin with a name: else this shop writes something else in front
_LONGEST = 3  # words in a name that is learned
_DEPARTMENTS = (
    "men",
    "women",
    "unisex",
    "kid",
    "boy",
    "girl",
    "baby",
    "lady",
    "ladies",
    "gent",
    "adult",
    "junior",
)
_EDGES = re.compile(r"^\W+|(?:['’]s)?\W*$")


@dataclass(frozen=True, slots=True)
class Brands:
    """The names that a shop sells under."""

    names: frozenset[str] = frozenset()  # as `plain` writes them

    def split(self, text: str, *, anywhere: bool = False) -> tuple[str, str]:
        """A text without the first name in it, and that name; a name is looked for in front, or anywhere.

        >>> Brands(frozenset({"lee", "lee cooper"})).split("Lee Cooper Men Black Shoes")
        ('Men Black Shoes', 'Lee Cooper')
        >>> Brands(frozenset({"puma"})).split("black puma shoes", anywhere=True)
        ('black shoes', 'puma')
        """
        words = text.split()
        said = [_plain(word) for word in words]
        longest = max((name.count(" ") + 1 for name in self.names), default=0)
        for start in range(len(words) if anywhere else min(1, len(words))):
            for stop in range(min(start + longest, len(words)), start, -1):
                if " ".join(said[start:stop]) in self.names:
                    return " ".join(words[:start] + words[stop:]), " ".join(words[start:stop])
        return text, ""

    def to_bytes(self) -> bytes:
        """As JSON."""
        return json.dumps(sorted(self.names), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes | None) -> Brands:
        """What `to_bytes` wrote; none where a store keeps none. Raises `ModelError` for anything else."""
        try:
            names = json.loads(content) if content is not None else []
        except ValueError as error:
            raise ModelError(f"the brands cannot be read ({error}): index the catalogue again") from error
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ModelError("the brands are no list of names: index the catalogue again")
        return cls(frozenset(names))


def brands_named(names: Iterable[str]) -> Brands:
    """These names, but for those that are words for what a thing is: a label called Red is not looked for."""
    return Brands(frozenset(name for one in names if (name := plain(one)) and not _says_what_it_is(name)))


def learn_brands(products: Sequence[Product]) -> Brands:
    """The brands of a catalogue, from a sample of it.

    Those that its products name; learned from the titles too where fewer than half of them name one.
    """
    styles = list({product.style: product for product in products}.values())
    given = [product.brand for product in styles if product.brand]
    learned = _in_front(styles) if 2 * len(given) < len(styles) else []
    return brands_named([*given, *learned])


def plain(name: str) -> str:
    """A name in small letters, without what stands around its words.

    >>> plain("U.S. Polo Assn."), plain("Levi's")
    ('u.s polo assn', 'levi')
    """
    return " ".join(filter(None, map(_plain, name.split())))


def _plain(word: str) -> str:
    return _EDGES.sub("", word.lower())


def _in_front(styles: Sequence[Product]) -> list[str]:
    """What enough titles begin with, and are not made of."""
    titles = [[_plain(word) for word in product.title.split()] for product in styles]
    common = _facts(styles)
    everywhere = Counter(word for title in titles for word in set(title))
    lengths = [0] * len(titles)  # words in front of each title that are names
    for length in range(_LONGEST):
        at = [n for n, title in enumerate(titles) if lengths[n] == length and len(title) > length + 1]
        found = Counter(titles[n][length] for n in at)
        names = {
            word
            for word, count in found.items()
            if count >= max(_FEWEST, _IN_FRONT * everywhere[word])
            and _stem(word) not in common
            and not _says_what_it_is(word)
            and (length or re.search(r"[^\W\d]", word))
        }
        for n in at:
            lengths[n] += titles[n][length] in names
    fronts = Counter(" ".join(title[:length]) for title, length in zip(titles, lengths, strict=True) if length)
    learned = {name: count for name, count in fronts.items() if count >= _FEWEST}
    return list(learned) if sum(learned.values()) >= _BELIEVED * len(titles) else []


def _facts(styles: Sequence[Product]) -> Collection[str]:
    """Words, without plurals, for what the shop's products are and whom they are for."""
    known = {fact for p in styles for fact in (*p.categories, p.category, p.audience, p.colour)}
    words = {_stem(_plain(word)) for fact in known for word in re.split(r"[\s/&,-]+", fact)}
    return words | set(map(_stem, _DEPARTMENTS))


def _stem(word: str) -> str:
    """Enough of a word to know "shoe" and "shoes" for one."""
    return word.removesuffix("s").removesuffix("e")


def _says_what_it_is(name: str) -> bool:
    """Whether a name is nothing but a word for a colour or a garment."""
    return " " not in name and bool(colours_named(name) or garment_named(name))
