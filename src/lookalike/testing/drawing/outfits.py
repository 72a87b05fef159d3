"""Outfits: who wears what, and where. Chosen by dice, but as people dress: one loud thing at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lookalike.testing.drawing.styles import Style

_AUDIENCES = {"woman": ("Women", "Unisex"), "man": ("Men", "Unisex"), "child": ("Girls", "Boys")}
_PLACES = ("studio", "street", "park", "room")
_QUIET = frozenset(
    {
        "white",
        "black",
        "navy",
        "grey",
        "beige",
        "cream",
        "denim",
        "charcoal",
        "brown",
        "camel",
        "light blue",
        "olive",
    }
)
_COLD, _WARM = frozenset({"Winter", "Autumn"}), frozenset({"Summer", "Spring"})
_WARM_ONLY = frozenset({"sandal", "shorts"})


@dataclass(frozen=True, slots=True)
class Plan:
    """One figure to draw."""

    kind: str
    place: str
    seed: int
    outfit: Mapping[str, tuple[Style, str]]  # slot to style and colour


def planned(styles: Sequence[Style], *, seed: int, count: int) -> list[Plan]:
    """That many figures, as far as the styles can dress them."""
    plans = []
    for number in range(count):
        kind = ("woman", "man", "woman", "man", "woman", "child", "man", "woman")[number % 8]
        random = np.random.default_rng([seed, number])
        outfit = _outfit(styles, kind, random, cold=number % 3 == 1)
        if outfit:
            plans.append(Plan(kind, _PLACES[(number + number // 4) % 4], seed * 100 + number, outfit))
    return plans


def _outfit(
    styles: Sequence[Style], kind: str, random: np.random.Generator, *, cold: bool
) -> dict[str, tuple[Style, str]]:
    """Slot by slot; an empty outfit when the styles have nothing to stand in."""
    audience: tuple[str, ...] = _AUDIENCES[kind]
    if kind == "child":
        audience = (audience[int(random.integers(0, 2))],)
    outfit: dict[str, tuple[Style, str]] = {}

    def add(
        slot: str, label: str, articles: str = "", *, chance: float = 1.0, skip: str = "", shared: bool = False
    ) -> None:
        if random.uniform() > chance:
            return
        wanted = [name for name in articles.split("|") if name]
        for_whom = ("Unisex",) if shared else audience
        found = [
            style
            for style in styles
            if style.label == label and style.audience in for_whom and (not wanted or style.article in wanted)
            and style.article not in skip.split("|") and style.season not in (_WARM if cold else _COLD)
            and not (cold and style.article in _WARM_ONLY)
        ]  # fmt: skip
        if found:
            style = found[int(random.integers(0, len(found)))]
            outfit[slot] = (style, _colour(style, outfit, random))

    if kind != "man" and random.uniform() < (0.45 if kind == "woman" else 0.5):
        add("one-piece", "one-piece")
    if "one-piece" not in outfit:
        add("topwear", "topwear")
    elif outfit["one-piece"][0].article == "dungarees":
        add("topwear", "topwear", "t-shirt")
    if "one-piece" not in outfit:
        add("bottomwear", "bottomwear")
    if cold or random.uniform() < 0.25:
        add("outerwear", "outerwear", skip="gilet")
    child = kind == "child"
    add("footwear", "footwear", "sneaker|boot" if child or (cold and kind == "man") else "", shared=child)
    add("bag", "bag", chance=0.55 if kind == "woman" else 0.3, skip="backpack" if not child else "", shared=child)
    add("headwear", "headwear", chance=0.34, shared=child)
    if not child:
        add("scarf", "accessory", "scarf", chance=0.6 if cold else 0.0)
        add("glasses", "accessory", "sunglasses", chance=0.0 if cold else 0.4)
        add("watch", "accessory", "watch", chance=0.3)
        add("belt", "accessory", "belt", chance=0.45 if "outerwear" not in outfit and _is_shirt(outfit) else 0.0)
    return outfit if "footwear" in outfit and ("one-piece" in outfit or "bottomwear" in outfit) else {}


def _is_shirt(outfit: Mapping[str, tuple[Style, str]]) -> bool:
    return "topwear" in outfit and outfit["topwear"][0].article in ("shirt", "polo")


def _colour(style: Style, outfit: Mapping[str, tuple[Style, str]], random: np.random.Generator) -> str:
    """A colour of the style: a quiet one where something loud is worn already."""
    loud = any(worn.pattern != "plain" or colour.split(":")[0] not in _QUIET for worn, colour in outfit.values())
    quiet = [colour for colour in style.colours if colour.split(":")[0] in _QUIET]
    options = quiet if loud and quiet else list(style.colours)
    return options[int(random.integers(0, len(options)))]
