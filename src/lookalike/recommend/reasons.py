"""Why a match is one, in words that a shop would use."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from lookalike.media.colour_words import colours_named
from lookalike.recommend.calibration import rarity
from lookalike.store.interface import Store
from lookalike.types import PARTS, Match, Product

_NAMES = {"image": "shape", "text": "words", "colour": "colour"}
_SHARED = {"category": "category", "audience": "department", "brand": "brand"}
_DEGREES = (
    (0.9, "nearly the same"),
    (0.7, "very alike"),
    (0.5, "alike"),
    (0.3, "somewhat alike"),
    (0.15, "a little alike"),
    (0.0, "unlike"),
)
_THE_SAME = 0.995  # score from which two things are called the very same
_MOST_WORDS = 4
_TITLES = 2_000  # of the store, in which words are counted
_COMMON = 0.05  # of the titles
_WORD = re.compile(r"[^\W\d_][\w'’-]+")


def reasons(match: Match, *, query: Product | None = None) -> list[str]:
    """How like the query each part is, 0..1 on the scale of scores, and what both products say alike.

    >>> from lookalike.types import View
    >>> reasons(Match(Product("a"), 0.8, {}, View("a", 0, ""), likeness={"image": 0.7, "colour": 0.9}))
    ['shape 0.70', 'colour 0.90']
    """
    found = [f"{_NAMES[part]} {match.likeness[part]:.2f}" for part in PARTS if part in match.likeness]
    return found + shared_facts(match, query) if query is not None else found


def shared_facts(match: Match, query: Product) -> list[str]:
    """What both products say alike.

    >>> from lookalike.types import View
    >>> shared_facts(Match(Product("b", colour="red"), 0.9, {}, View("b", 0, "")), Product("a", colour="red"))
    ['same red']
    """
    return [f"same {_leaf(query, f)}" for f in (*_SHARED, "colour") if _says_the_same(match.product, query, f)]


def sentences(
    match: Match, *, query: Product | None = None, text: str = "", common: Collection[str] = ()
) -> list[str]:
    """Why a product is shown, for someone who knows shops but not this code.

    query: the product that it is like, where there is one. text: what was asked for in words.
    common: words that many titles have, in small letters; that they are shared says little.

    >>> from lookalike.types import View
    >>> tee = Product("a", "Navy hooded fleece", category="Men/Tops", colour="navy")
    >>> found = Product("b", "Blue hooded fleece jacket", category="Men/Tops", colour="blue")
    >>> looks = {"image": 0.75, "text": 0.55, "colour": 0.92}
    >>> for sentence in sentences(Match(found, 0.7, {}, View("b", 0, ""), likeness=looks), query=tee):
    ...     print(sentence)
    As alike as 1 in 3,000 pairs of products in this shop.
    Same category: Tops.
    Shape very alike.
    Colour nearly the same (navy and blue).
    Its words share 'hooded', 'fleece'.
    """
    found = [_how_rare(match.score)]
    if query is not None:
        found += [
            f"Same {name}: {_leaf(query, f)}."
            for f, name in _SHARED.items()
            if _says_the_same(match.product, query, f)
        ]
    for part in ("image", "colour"):
        if part in match.likeness:
            seen = _both_colours(query, match.product) if part == "colour" and query is not None else ""
            found.append(f"{_NAMES[part].capitalize()} {_degree(match.likeness[part])}{seen}.")
    telling = [word for word in title_words(query.title if query is not None else "") if word not in common]
    found += _words(match, [*title_words(text), *telling])
    if match.duplicates:
        found.append(f"It stands for others with the same picture, or nearly: {', '.join(match.duplicates)}.")
    if match.rules:
        found.append(f"Moved by the shop's rules: {', '.join(match.rules)}.")
    return found


def title_words(title: str) -> list[str]:
    """The words of a title in small letters, each once; no numbers.

    >>> title_words("Puma Men's V-neck Tee 100% Tee")
    ['puma', "men's", 'v-neck', 'tee']
    """
    return list(dict.fromkeys(word.lower() for word in _WORD.findall(title)))


class CommonWords:
    """Words that more than one title in twenty has, by a sample of them; of a store as it was when first asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._words: frozenset[str] | None = None

    def words(self) -> frozenset[str]:
        with self._guard:
            if self._words is None:
                self._words = self._counted()
            return self._words

    def _counted(self) -> frozenset[str]:
        ids = self._store.ids(limit=0)
        drawn = np.random.default_rng(0).permutation(len(ids))[:_TITLES]
        titles = self._store.facts([ids[at] for at in drawn], {"title"}).column("title").to_pylist()
        counts = Counter(word for title in titles for word in title_words(title or ""))
        return frozenset(word for word, count in counts.items() if count > max(_COMMON * len(titles), 1))


def _words(match: Match, asked: Sequence[str]) -> list[str]:
    """What is said of the words: those of the title that were asked for, else how alike they are as a whole."""
    if "text" not in match.likeness:
        return []
    there = set(title_words(match.product.title))
    shared = [f"'{word}'" for word in dict.fromkeys(asked) if word in there]
    if shared:
        return [f"Its words share {', '.join(shared[:_MOST_WORDS])}."]
    return [f"Words {_degree(match.likeness['text'])}."]


def _how_rare(score: float) -> str:
    if score >= _THE_SAME:
        return "The very same, as far as can be seen."
    pairs = float(f"{rarity(score):.1g}")
    if pairs < 3:
        return "No more alike than any two products of this shop."
    return f"As alike as 1 in {pairs:,.0f} pairs of products in this shop."


def _degree(likeness: float) -> str:
    return next(words for least, words in _DEGREES if likeness >= least)


def _both_colours(query: Product, found: Product) -> str:
    """What the shop calls the two colours, in brackets; nothing where it does not say."""
    ours, theirs = _colour(query), _colour(found)
    if not ours or not theirs:
        return ""
    return f" (both {ours})" if ours == theirs else f" ({ours} and {theirs})"


def _colour(product: Product) -> str:
    named = colours_named(product.title)
    return (product.colour or (named[0].said if named else "")).lower()


def _says_the_same(one: Product, other: Product, field: str) -> bool:
    return bool(getattr(one, field)) and getattr(one, field) == getattr(other, field)


def _leaf(product: Product, field: str) -> str:
    value: str = getattr(product, field)
    return value.rpartition("/")[2]
