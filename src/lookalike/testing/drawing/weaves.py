"""Weaves: the surface of each material, as a tone around 1 for every pixel, and how it takes the light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Field: TypeAlias = npt.NDArray[np.floating[Any]]  # (height, width), mostly float32

_LATTICE = 64  # noise repeats after this many cells, far beyond one garment


def noise(u: Field, v: Field, seed: int) -> Field:
    """Smooth value noise, -1..1, one lattice cell per unit of u and v."""
    lattice = np.random.default_rng(seed).uniform(-1, 1, (_LATTICE, _LATTICE)).astype(np.float32)
    left, top = np.floor(u), np.floor(v)
    x, y = u - left, v - top
    x, y = x * x * (3 - 2 * x), y * y * (3 - 2 * y)
    i, j = left.astype(np.int32) % _LATTICE, top.astype(np.int32) % _LATTICE
    k, m = (i + 1) % _LATTICE, (j + 1) % _LATTICE
    upper = lattice[j, i] * (1 - x) + lattice[j, k] * x
    lower = lattice[m, i] * (1 - x) + lattice[m, k] * x
    mixed: Field = upper * (1 - y) + lower * y
    return mixed


def _wave(along: Field, period: float) -> Field:
    wave: Field = np.cos(along * np.float32(2 * np.pi / period))
    return wave


def _grain(u: Field, v: Field, size: float, seed: int) -> Field:
    return noise(u / np.float32(size), v / np.float32(size), seed)


Surface: TypeAlias = Callable[[Field, Field, float, int], Field]  # u, v, pixels per cm, seed


def _jersey(u: Field, v: Field, zoom: float, seed: int) -> Field:
    fine = max(0.12, 3 / zoom)
    return 0.012 * _grain(u, v, fine, seed) + 0.012 * _grain(u, v * 0.5, 1.1, seed + 1)


def _knit(u: Field, v: Field, zoom: float, seed: int) -> Field:
    width = max(0.95, 7 / zoom)
    column = np.abs(u / np.float32(width) % 1 - 0.5) * 2  # 0 in the middle of a stitch column, 1 between two
    loops = _wave(v + column * np.float32(width * 0.55), width * 0.85)
    tone: Field = 0.075 * loops - 0.13 * column**5 + 0.02 + 0.02 * _grain(u, v, 1.4, seed)
    return tone


def _cable(u: Field, v: Field, zoom: float, seed: int) -> Field:
    place = (u + 30) / np.float32(6.5) % 1
    inside = np.clip(1.4 - np.abs(place - 0.5) * 5.2, 0, 1)  # one cable every 6.5 cm
    swing = np.sin(v * np.float32(2 * np.pi / 7.0)) * np.float32(0.11)
    strands = np.minimum(np.abs(place - 0.5 - swing), np.abs(place - 0.5 + swing))
    rope: Field = 0.16 * np.cos(np.clip(strands * 22, 0, np.pi)) - 0.05
    tone: Field = inside * rope + (1 - inside) * _knit(u, v, zoom, seed) * 0.8
    groove: Field = np.exp(-(((np.abs(place - 0.5) - 0.27) / 0.025) ** 2))
    return tone - 0.16 * groove


def _rib(u: Field, v: Field, zoom: float, seed: int) -> Field:
    return 0.11 * _wave(u, max(0.85, 6 / zoom)) + 0.015 * _grain(u, v, 0.8, seed)


def _denim(u: Field, v: Field, zoom: float, seed: int) -> Field:
    twill = _wave(u * 0.8 + v, max(0.2, 4.5 / zoom))
    slub = noise(u / np.float32(max(0.16, 2.5 / zoom)), v / np.float32(2.4), seed)
    tone: Field = 0.045 * twill + 0.075 * slub + 0.05 * _grain(u, v, 3.5, seed + 1)
    return tone


def _wool(u: Field, v: Field, zoom: float, seed: int) -> Field:
    fuzz = _grain(u, v, max(0.18, 3 / zoom), seed)
    return 0.03 * fuzz + 0.018 * _grain(u, v, 0.9, seed + 1)


def _tweed(u: Field, v: Field, zoom: float, seed: int) -> Field:
    period = max(0.6, 6 / zoom)
    zigzag = np.abs(u / np.float32(period * 2) % 1 - 0.5) * np.float32(period * 2)
    return 0.07 * _wave(v + zigzag, period) + _wool(u, v, zoom, seed)


def _canvas(u: Field, v: Field, zoom: float, seed: int) -> Field:
    period = max(0.24, 4 / zoom)
    return 0.03 * _wave(u, period) * _wave(v, period) + 0.025 * noise(u * 3, v * np.float32(0.7), seed)


def _linen(u: Field, v: Field, zoom: float, seed: int) -> Field:
    fine = np.float32(max(0.15, 2.5 / zoom))
    return 0.035 * noise(u / fine, v / 3, seed) + 0.035 * noise(u / 3, v / fine, seed + 1)


def _corduroy(u: Field, v: Field, zoom: float, seed: int) -> Field:
    return 0.13 * _wave(u, max(0.75, 6 / zoom)) + 0.02 * _grain(u, v, 1.5, seed)


def _leather(u: Field, v: Field, zoom: float, seed: int) -> Field:
    size = max(0.3, 4 / zoom)
    creases: Field = np.abs(_grain(u, v, size, seed)) * np.abs(_grain(u, v, size * 1.7, seed + 1))
    return 0.06 * np.sqrt(creases) - 0.02 + 0.03 * _grain(u, v, 2.2, seed + 2)


def _suede(u: Field, v: Field, zoom: float, seed: int) -> Field:
    return 0.035 * _grain(u, v, max(0.15, 3 / zoom), seed) + 0.06 * _grain(u, v, 2.8, seed + 1)


def _straw(u: Field, v: Field, zoom: float, seed: int) -> Field:
    period = max(0.55, 5 / zoom)
    over: Field = _wave(u, period) * np.sign(_wave(v, period * 2)) + _wave(v, period)
    return 0.07 * over + 0.04 * _grain(u, v, 0.6, seed)


def _strands(u: Field, v: Field, zoom: float, seed: int) -> Field:
    width = np.float32(max(0.22, 3 / zoom))
    return 0.13 * noise(u / width, v / 9, seed) + 0.08 * noise(u / (width * 3), v / 14, seed + 1)


def _curls(u: Field, v: Field, zoom: float, seed: int) -> Field:
    return 0.28 * np.abs(_grain(u, v, 0.9, seed)) - 0.07 + 0.1 * _grain(u, v, 0.4, seed + 1)


def _mesh(u: Field, v: Field, zoom: float, seed: int) -> Field:
    period = max(0.35, 4.5 / zoom)
    return 0.06 * _wave(u + v, period) * _wave(u - v, period)


def _smooth(u: Field, v: Field, zoom: float, seed: int) -> Field:
    return 0.008 * _grain(u, v, 1.5, seed)


@dataclass(frozen=True, slots=True)
class Weave:
    """How a material looks close by (`surface`) and how it shines and hangs."""

    surface: Surface
    gloss: float = 0.0  # strength of the highlight
    focus: float = 12.0  # how narrow it is
    hang: float = 1.0  # how unevenly it falls: stiff below 1, flowing above


WEAVES: dict[str, Weave] = {
    "jersey": Weave(_jersey, hang=1.0),
    "poplin": Weave(_linen, hang=1.2),
    "linen": Weave(_linen, hang=1.5),
    "knit": Weave(_knit, hang=0.8),
    "cable": Weave(_cable, hang=0.6),
    "rib": Weave(_rib, hang=0.6),
    "fleece": Weave(_wool, hang=0.9),
    "denim": Weave(_denim, hang=0.9),
    "wool": Weave(_wool, hang=0.6),
    "tweed": Weave(_tweed, hang=0.5),
    "canvas": Weave(_canvas, hang=0.8),
    "corduroy": Weave(_corduroy, hang=0.7),
    "leather": Weave(_leather, gloss=0.34, focus=14, hang=0.8),
    "patent": Weave(_smooth, gloss=0.6, focus=26, hang=0.3),
    "suede": Weave(_suede, hang=0.5),
    "satin": Weave(_smooth, gloss=0.32, focus=9, hang=1.7),
    "chiffon": Weave(_linen, gloss=0.06, hang=1.6),
    "nylon": Weave(_jersey, gloss=0.22, focus=12, hang=1.2),
    "stretch": Weave(_jersey, gloss=0.12, focus=10, hang=0.35),
    "straw": Weave(_straw, hang=0.2),
    "mesh": Weave(_mesh, hang=0.4),
    "rubber": Weave(_smooth, gloss=0.08, focus=10, hang=0.1),
    "plastic": Weave(_smooth, gloss=0.5, focus=22, hang=0.0),
    "metal": Weave(_smooth, gloss=0.8, focus=7, hang=0.0),
    "skin": Weave(_smooth, gloss=0.05, focus=6, hang=0.0),
    "hair": Weave(_strands, gloss=0.2, focus=6, hang=0.3),
    "curls": Weave(_curls, gloss=0.1, focus=6, hang=0.5),
    "ink": Weave(_smooth, hang=0.0),
}
