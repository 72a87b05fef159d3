"""Why a match is one, in words that a shop would use."""

from __future__ import annotations

from collections.abc import Mapping

from lookalike.types import PARTS, Match, Product

_NAMES = {"image": "shape", "text": "words", "colour": "colour"}
_SHARED = ("category", "audience", "brand", "colour")


def reasons(match: Match, weights: Mapping[str, float], *, query: Product | None = None) -> list[str]:
    """How like the query each part is, 0..1, and what both products say alike.

    >>> from lookalike.types import View
    >>> match = Match(Product("a"), 0.9, {"image": 0.6, "colour": 0.3}, View("a", 0, ""))
    >>> reasons(match, {"image": 2, "colour": 1})
    ['shape 0.90', 'colour 0.90']
    """
    found = [f"{_NAMES[p]} {max(0.0, likeness):.2f}" for p, likeness in likeness_of_parts(match, weights).items()]
    return found + shared_facts(match, query) if query is not None else found


def shared_facts(match: Match, query: Product) -> list[str]:
    """What both products say alike.

    >>> from lookalike.types import View
    >>> shared_facts(Match(Product("b", colour="red"), 0.9, {}, View("b", 0, "")), Product("a", colour="red"))
    ['same red']
    """
    alike = [f for f in _SHARED if getattr(query, f) and getattr(query, f) == getattr(match.product, f)]
    return [f"same {getattr(query, f).rpartition('/')[2]}" for f in alike]


def likeness_of_parts(match: Match, weights: Mapping[str, float]) -> dict[str, float]:
    """The cosine of each part, taken back out of what it gave to the score."""
    active = [p for p in PARTS if p in match.parts]
    total = sum(weights[p] for p in active)
    return {p: match.parts[p] * total / weights[p] for p in active}
