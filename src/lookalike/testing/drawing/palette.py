"""Palette: the shop's colour names and what they look like."""

from __future__ import annotations

from lookalike.testing.drawing.pieces import Colour

_HEX = {
    "white": "f4f3ef",
    "cream": "ece0c6",
    "beige": "d3bd9c",
    "camel": "bd8f58",
    "brown": "71492f",
    "black": "29292d",
    "charcoal": "4b4d54",
    "grey": "979ba1",
    "silver": "c3c7cc",
    "navy": "26345a",
    "blue": "2f62b8",
    "light blue": "8fb6de",
    "denim": "486d9d",
    "teal": "1d7f83",
    "green": "2f8550",
    "olive": "6f7040",
    "mint": "a6d8c0",
    "yellow": "efc540",
    "mustard": "cb962c",
    "orange": "e3752e",
    "coral": "ee7f6c",
    "red": "c52c34",
    "burgundy": "762637",
    "pink": "eba3b7",
    "magenta": "bf3a80",
    "purple": "6d4596",
    "lilac": "b9a5d8",
    "gold": "cfa951",
}


def rgb(code: str) -> Colour:
    """`"ff8000"` as fractions."""
    return int(code[:2], 16) / 255, int(code[2:4], 16) / 255, int(code[4:], 16) / 255


PALETTE: dict[str, Colour] = {name: rgb(code) for name, code in _HEX.items()}


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two; `share` of the second."""
    a, b, c = (x + (y - x) * share for x, y in zip(one, other, strict=True))
    return a, b, c


def darker(colour: Colour, share: float = 0.3) -> Colour:
    """The colour with that share of its light taken away."""
    return mixed(colour, (0.02, 0.02, 0.04), share)


def lighter(colour: Colour, share: float = 0.3) -> Colour:
    """The colour nearer to white."""
    return mixed(colour, (1.0, 1.0, 1.0), share)


def brightness(colour: Colour) -> float:
    """How light a colour looks, 0..1."""
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
