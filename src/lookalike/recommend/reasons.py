"""Why a match is one, in words that a shop would use."""

from __future__ import annotations

from lookalike.types import PARTS, Match, Product

_NAMES = {"image": "shape", "text": "words", "colour": "colour"}
_SHARED = ("category", "audience", "brand", "colour")


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
    alike = [f for f in _SHARED if getattr(query, f) and getattr(query, f) == getattr(match.product, f)]
    return [f"same {getattr(query, f).rpartition('/')[2]}" for f in alike]
