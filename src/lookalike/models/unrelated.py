"""What no shop sells, as a model sees it: pictures of nothing and words from elsewhere.

A photograph of a dog is unlike everything in a clothes shop, and yet something is nearest to it. To tell such a
query from one that the shop can answer, it is compared with things that surely have nothing to do with a
catalogue: hills under a sky and heaps of shards, drawn by arithmetic, and names of things that are not worn.
Seen through the recipe's own models, they say how a query that means nothing to this catalogue looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from lookalike.errors import ModelError
from lookalike.models.encoder import Encoder
from lookalike.types import PARTS, Pixels, Vectors

UNRELATED = "unrelated"  # what they are called among what a store keeps as fitted
_DRAWN = 8  # pictures of each kind
_WORDS = (
    "garden hose",
    "espresso machine",
    "frozen pizza",
    "lawn mower",
    "car tyre",
    "electric drill",
    "dishwasher tablets",
    "printer ink",
    "mortgage calculator",
    "concert tickets",
    "bicycle pump",
    "dog food",
    "gas boiler",
    "office chair",
    "bathroom tiles",
    "hard disk",
    "piano lessons",
    "bread flour",
    "smoke detector",
    "aquarium filter",
    "spark plug",
    "copper pipe",
    "tax return",
    "satellite dish",
)

Doubles = npt.NDArray[np.float64]


def unrelated_vectors(encoder: Encoder) -> dict[str, Vectors]:
    """The parts of things that no shop sells; the same for the same recipe and reductions."""
    found: dict[str, Vectors] = {}
    if encoder.sees:
        random = np.random.default_rng(0)
        draw = (partial(_hills, random), partial(_shards, random))
        pictures = [encoder.canvas(one(encoder.recipe.canvas)) for one in draw for _ in range(_DRAWN)]
        found |= encoder.encode_pictures(pictures)
    if "text" in encoder.parts:
        found["text"] = np.concatenate([encoder.encode_text(words) for words in _WORDS])
    return found


def unrelated_words_as_pictures(encoder: Encoder) -> Vectors | None:
    """What the words would look like to the image model; None where it knows no words.  # (n, dim)"""
    seen = [encoder.encode_text_as_picture(words) for words in _WORDS]
    return np.concatenate([rows for rows in seen if rows is not None]) if seen[0] is not None else None


def to_bytes(vectors: Mapping[str, Vectors]) -> bytes:
    """As safetensors."""
    content: bytes = save({part: np.ascontiguousarray(rows) for part, rows in vectors.items()})
    return content


def from_bytes(content: bytes) -> dict[str, Vectors]:
    """What `to_bytes` wrote. Raises `ModelError` for anything else."""
    try:
        arrays = load(content)
        return {part: arrays[part] for part in PARTS if part in arrays}
    except SafetensorError as error:
        raise ModelError(
            f"vectors of unrelated things cannot be read ({error}): index the catalogue again"
        ) from error


def _hills(random: np.random.Generator, side: int) -> Pixels:
    """Some hills before one another, below a sky."""
    height = np.arange(side)[:, None]
    picture = random.uniform(120, 255, 3) + 20 * _clouds(random, side, 1.8)
    for _ in range(random.integers(2, 6)):
        ridge = side * random.uniform(0.2, 0.9) + np.cumsum(np.cumsum(random.standard_normal(side)) * 0.03)
        hill = random.uniform(20, 180, 3) + random.uniform(5, 40) * _clouds(random, side, random.uniform(0.8, 2))
        picture = np.where((height > ridge)[..., None], hill, picture)
    return _pixels(picture)


def _shards(random: np.random.Generator, side: int) -> Pixels:
    """Polygons of all colours over one another."""
    y, x = np.mgrid[0:side, 0:side] / side
    picture = np.zeros((side, side, 3)) + random.uniform(0, 255, 3)
    for _ in range(random.integers(8, 40)):
        (left, top), size = random.uniform(0, 1, 2), random.uniform(0.03, 0.3)
        shard = np.ones((side, side), np.bool_)
        for turn in random.uniform(0, 2 * np.pi, random.integers(3, 6)):
            edge = (x - left) * np.cos(turn) + (y - top) * np.sin(turn)
            shard &= edge < size * random.uniform(0.4, 1)
        picture[shard] = random.uniform(0, 255, 3)
    return _pixels(picture + 10 * _clouds(random, side, 1.8))


def _clouds(random: np.random.Generator, side: int, slope: float) -> Doubles:
    """Noise whose spectrum falls as in photographs, mostly alike in red, green and blue.  # (side, side, 3)"""
    rate = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    rate[0, 0] = 1
    waves = random.standard_normal((4, side, side)) + 1j * random.standard_normal((4, side, side))
    grain = np.real(np.fft.ifft2(waves / rate**slope))
    grain = (grain - grain.mean(axis=(1, 2), keepdims=True)) / grain.std(axis=(1, 2), keepdims=True)
    mixed: Doubles = np.moveaxis(0.7 * grain[0] + 0.3 * grain[1:], 0, -1)
    return mixed


def _pixels(picture: Doubles) -> Pixels:
    return np.clip(picture, 0, 255).astype(np.uint8)
