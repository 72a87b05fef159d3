"""What colours a garment has, and how much of each: a vector without a network or weights.

The law: the ground does not count. A white margin, or more of it, or a plain grey wall behind the garment,
leaves the vector nearly as it was; and a white shirt on white does not vanish.

- Colours are counted (Swain & Ballard, "Color Indexing", 1991), in bins of hue, saturation and value, and in
  bins of grey for what has no hue to speak of, at two resolutions: fine bins with hard edges tell this blue from
  that one, and coarse bins that share a colour between neighbours keep crimson near to red.
- Counts enter as square roots, so that a dot product is the Bhattacharyya coefficient and a large plain area
  does not drown a small bright one (Arandjelovic & Zisserman, "Three things everyone should know to improve
  object retrieval", 2012).
- What is ground is judged in Oklab (Bjorn Ottosson, 2020), where a distance is what the eye calls one.

Not kept, for they did not pay on two catalogues: spatial bands, correlograms (Huang et al., 1997), histograms of
edges, paler counting of skin, and soft bins in Oklab.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from lookalike.types import Mask, Pixels, Vectors

    Doubles: TypeAlias = npt.NDArray[np.float64]
    Floats: TypeAlias = npt.NDArray[np.float32]
    Codes: TypeAlias = npt.NDArray[np.int64]

FINE = (12, 4, 4, 8)  # bins of hue, saturation, value; and of grey
COARSE = (8, 2, 3, 8)
COARSE_WEIGHT = 0.75  # length of the coarse half, where the fine half has 1
COLOUR_DIM = 12 * 4 * 4 + 8 + 8 * 2 * 3 + 8  # 256

SIDE = 75  # pictures are looked at in about this many pixels on the longer side
LEVELS = 32  # of each of red, green and blue
GREY_FINE, GREY_COARSE = 0.08, 0.1  # chroma (max - min of red, green, blue) from which a colour has a hue
RECTANGLE = 0.97  # of its bounding box filled: a photograph with margins, whose own ground is to be found
SAME_GROUND = 0.03  # |L| + 1.5 (|a| + |b|) of Oklab up to which a pixel looks like the ground
GROUND_SHARE = 0.5  # of the border that must look alike for it to be a ground at all
GARMENT_SHARE = (0.03, 0.97)  # of the picture; a smaller or larger garment means that the ground was misjudged
CENTRE = 0.25  # standard deviation of the centre prior, in widths and heights


def colour_vectors(pictures: Sequence[Pixels]) -> Vectors:
    """The colours of what each picture shows, rows of unit length.  # (n, 256)

    Pictures may be of any size, with white margins or without.
    """
    vectors = np.zeros((len(pictures), COLOUR_DIM), dtype=np.float32)
    for row, picture in zip(vectors, pictures, strict=True):
        row[:] = _describe(picture)
    return vectors


def garment_weights(pixels: Pixels) -> Floats:
    """How much each pixel counts: 0 on the ground, 1 on the garment; by nearness to the centre if unsure.

    The ground is what looks like the border and is reached from it in a straight line, so that white buttons
    on a red shirt before white stay part of the shirt.  # (height, width)
    """
    oklab = _tables().oklab[_codes(pixels)]
    found: Mask = ~_ground(oklab)
    rows, columns = np.nonzero(found)
    box = _span(rows), _span(columns)
    if found[box].mean() > RECTANGLE:
        found[box] = ~_ground(oklab[box])
    if GARMENT_SHARE[0] <= found.mean() <= GARMENT_SHARE[1]:
        return found.astype(np.float32)
    weights = np.zeros(found.shape, dtype=np.float32)
    weights[box] = _centre(*weights[box].shape)
    return weights


class _Tables(NamedTuple):
    """What is known of each of the 32 x 32 x 32 colours."""

    oklab: Floats  # (32768, 3)
    fine: Codes  # (32768,): its bin
    coarse: Floats  # (32768, 56): its share in each bin


def _describe(picture: Pixels) -> Floats:
    step = max(1, round(max(picture.shape[:2]) / SIDE))
    top, left = (min(step // 2, n - 1) for n in picture.shape[:2])
    pixels = picture[top::step, left::step]
    tables = _tables()
    weights = garment_weights(pixels)
    counts = np.bincount(_codes(pixels).ravel(), weights=weights.ravel(), minlength=LEVELS**3)
    seen = np.flatnonzero(counts)
    counts = counts[seen]
    fine = np.bincount(tables.fine[seen], weights=counts, minlength=_bins(FINE))
    coarse = counts.astype(np.float32) @ tables.coarse[seen]
    total = counts.sum() * (1 + COARSE_WEIGHT**2)
    vector = np.concatenate([np.sqrt(fine / total), COARSE_WEIGHT * np.sqrt(coarse / total)])  # (256,)
    return vector.astype(np.float32)


def _ground(oklab: Floats) -> Mask:
    """True where a pixel looks like the border and so does all between it and the border.  # (height, width)"""
    border = np.concatenate([oklab[0], oklab[-1], oklab[:, 0], oklab[:, -1]])
    colour = np.median(border, axis=0)
    scale = np.array([1, 1.5, 1.5], dtype=np.float32)
    if (np.abs(border - colour) @ scale < SAME_GROUND).mean() < GROUND_SHARE:
        return np.zeros(oklab.shape[:2], dtype=np.bool_)
    alike = np.abs(oklab - colour) @ scale < SAME_GROUND
    runs = np.logical_and.accumulate
    down, up = runs(alike, axis=0), runs(alike[::-1], axis=0)[::-1]
    right, left = runs(alike, axis=1), runs(alike[:, ::-1], axis=1)[:, ::-1]
    ground: Mask = down | up | right | left
    return ground


def _span(places: Codes) -> slice:
    """From the first place to the last; everything if there is none."""
    return slice(int(places.min()), int(places.max()) + 1) if len(places) else slice(None)


def _centre(height: int, width: int) -> Floats:
    """A bell over the middle."""
    y, x = ((np.arange(n, dtype=np.float32) + 0.5) / n - 0.5 for n in (height, width))
    bell: Floats = np.exp(-(y[:, None] ** 2 + x**2) / (2 * CENTRE**2))
    return bell


def _codes(pixels: Pixels) -> Codes:
    """The number of each pixel's colour, 0..32767."""
    level = _levels()[pixels]
    return (level[..., 0] * LEVELS + level[..., 1]) * LEVELS + level[..., 2]


@cache
def _levels() -> Codes:
    """The nearest of 32 levels for each of 0..255."""
    return np.round(np.arange(256) * (LEVELS - 1) / 255).astype(np.int64)


@cache
def _tables() -> _Tables:
    level = np.linspace(0, 1, LEVELS)
    rgb = np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1).reshape(-1, 3)
    fine = _shares(rgb, FINE, grey=GREY_FINE, soft=False).argmax(axis=1)
    return _Tables(_oklab(rgb), fine, _shares(rgb, COARSE, grey=GREY_COARSE, soft=True))


def _shares(rgb: Doubles, bins: tuple[int, int, int, int], *, grey: float, soft: bool) -> Floats:
    """How much of each colour belongs in each bin: rows that add up to 1.  # (colours, bins)

    A colour counts as grey the more, the less chroma it has.
    """
    hues, saturations, values, greys = bins
    highest, chroma = rgb.max(axis=1), np.ptp(rgb, axis=1)
    greyness = np.clip(1 - chroma / grey, 0, 1)
    saturation = chroma / np.maximum(highest, 1e-9)
    rows, shares = np.arange(len(rgb)), np.zeros((len(rgb), _bins(bins)), dtype=np.float32)
    for (h, of_hue), (s, of_saturation), (v, of_value) in product(
        _neighbours(_hue(rgb), hues, soft=soft, round=True),
        _neighbours(saturation, saturations, soft=soft),
        _neighbours(highest, values, soft=soft),
    ):
        shares[rows, (h * saturations + s) * values + v] += of_hue * of_saturation * of_value * (1 - greyness)
    for v, of_value in _neighbours(highest, greys, soft=soft):
        shares[rows, hues * saturations * values + v] += of_value * greyness
    return shares


def _neighbours(x: Doubles, bins: int, *, soft: bool, round: bool = False) -> list[tuple[Codes, Doubles]]:
    """The two bins whose middles are nearest to each `x` in 0..1 with the share of each, or the nearest alone.

    A `round` scale has neither end: its last bin is beside its first.
    """
    place = x * bins - 0.5
    low = np.floor(place).astype(np.int64)
    rest = place - low
    found = [(low, 1 - rest), (low + 1, rest)] if soft else [(low + (rest >= 0.5), np.ones_like(rest))]
    return [(b % bins if round else np.clip(b, 0, bins - 1), share) for b, share in found]


def _hue(rgb: Doubles) -> Doubles:
    """0 red, 1/3 green, 2/3 blue; 0 for greys."""
    red, green, blue = rgb.T
    highest, chroma = rgb.max(axis=1), np.ptp(rgb, axis=1)
    divisor = np.where(chroma > 0, chroma, 1)
    sixths = np.where(
        highest == red,
        (green - blue) / divisor % 6,
        np.where(highest == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    hue: Doubles = sixths / 6
    return hue


def _oklab(rgb: Doubles) -> Floats:
    """https://bottosson.github.io/posts/oklab/, from sRGB in 0..1."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    lab: Floats = (np.cbrt(linear @ np.transpose(to_cones)) @ np.transpose(to_lab)).astype(np.float32)
    return lab


def _bins(bins: tuple[int, int, int, int]) -> int:
    return bins[0] * bins[1] * bins[2] + bins[3]
