"""COCO's run lengths: how many pixels are outside, inside, outside..., down each column from the left.

The compressed form is LEB128 with five bits a character, each count as what it differs from the one before last
(`maskApi.c` of cocoapi). Read here and not by pycocotools, whose C code trusts what it is given.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lookalike.types import Mask

_LONGEST = 7  # characters that a count may take: 35 bits

_Counts = npt.NDArray[np.int64]


def counts_of(mask: Mask) -> _Counts:
    """The lengths of a mask's runs; the first is of pixels outside, and may be 0."""
    pixels = mask.ravel(order="F")
    edges = np.concatenate([[0], np.flatnonzero(pixels[1:] != pixels[:-1]) + 1, [pixels.size]])
    runs = np.diff(edges)
    return np.concatenate([[0], runs]) if pixels[0] else runs


def mask_from(counts: npt.ArrayLike, width: int, height: int) -> Mask:
    """The mask, (height, width). Raises ValueError where the runs are not those of such a picture."""
    runs = np.asarray(counts)
    if runs.ndim != 1 or not np.issubdtype(runs.dtype, np.integer) or (runs < 0).any():
        raise ValueError("run lengths must be whole numbers, 0 or more")
    if (total := sum(runs.tolist())) != width * height:
        raise ValueError(f"run lengths of {total:,} pixels for a picture of {width} x {height}")
    inside = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.ascontiguousarray(inside.reshape(width, height).T)


def packed(counts: _Counts) -> str:
    """Run lengths in the compressed form."""
    rest = counts.copy()
    rest[3:] -= counts[1:-2]
    characters = np.zeros((len(rest), _LONGEST), np.uint8)
    more = np.ones(len(rest), np.bool_)
    for place in range(_LONGEST):
        bits = rest & 31
        rest >>= 5
        goes_on = np.where(bits & 16, rest != -1, rest != 0)
        characters[more, place] = (bits + 32 * goes_on + 48)[more]
        more &= goes_on
    return characters[characters > 0].tobytes().decode("ascii")


def unpacked(text: str) -> _Counts:
    """Run lengths out of the compressed form. Raises ValueError for what is not one."""
    if not text or not all("0" <= character <= "o" for character in (min(text), max(text))):
        raise ValueError("these are no compressed run lengths")
    groups = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    ends = np.flatnonzero(groups < 32)
    if not len(ends) or ends[-1] != len(groups) - 1:
        raise ValueError("the compressed run lengths break off")
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > _LONGEST:
        raise ValueError("a compressed run length is too long")
    place = np.arange(len(groups)) - np.repeat(starts, lengths)
    values = np.add.reduceat((groups & 31) << 5 * place, starts)
    values -= np.where(groups[ends] & 16, 1 << 5 * lengths, 0)
    for first in (1, 2):  # what a count differs by, summed up
        values[first::2] = np.cumsum(values[first::2])
    return values
