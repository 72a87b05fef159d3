"""What a network says of a picture, made to follow the picture's own edges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lookalike.media.framing import resize, resize_plane
from lookalike.types import Pixels

Planes = npt.NDArray[np.float32]  # (n, h, w)

_SHRUNK = 2  # the filter is worked out on planes of half the size
_RADIUS = 3  # of its windows there
_EVEN = 3e-4  # variance of colours, 0..1, below which a window is even and what is said of it is averaged
_TAKEN = 0.6  # of what the filter makes; all of it turns labels over where two are about as likely
_SAID = 0.1  # a label that is nowhere said to be likelier stays as it is


def along_edges(shares: Planes, pixels: Pixels) -> Planes:
    """How likely each label is at each place, smooth where the picture is, with edges where the picture has them.

    The fast guided filter with a guide in colour (He and Sun, Fast Guided Filter, 2015; He, Sun and Tang, Guided
    Image Filtering, PAMI 2013): in every window a plane is fitted as a linear function of the colours.

    shares: add up to 1 over the labels, as what is returned does.  # (labels, h, w)
    pixels: the picture, at any size.
    """
    height, width = shares.shape[1:]
    said = np.flatnonzero(shares.max(axis=(1, 2)) > _SAID)
    small = max(1, width // _SHRUNK), max(1, height // _SHRUNK)
    weights, offsets = _fitted(resized(shares[said], *small), _guide(pixels, *small))
    guide = _guide(pixels, width, height)
    found = resized(offsets, width, height)
    for channel, plane in enumerate(guide):
        found += resized(weights[channel], width, height) * plane
    filtered = shares.copy()
    filtered[said] += np.float32(_TAKEN) * (np.clip(found, 0, 1) - filtered[said])
    filtered /= np.maximum(filtered.sum(axis=0), np.float32(1e-6))
    return filtered


def resized(planes: Planes, width: int, height: int) -> Planes:
    """Each plane at another size, antialiased.  # (n, height, width)"""
    found = np.empty((len(planes), height, width), np.float32)
    for at, plane in enumerate(planes):
        found[at] = resize_plane(plane, width, height)
    return found


def _guide(pixels: Pixels, width: int, height: int) -> Planes:
    """The colours of a picture, 0..1.  # (3, height, width)"""
    return resize(pixels, width, height).transpose(2, 0, 1).astype(np.float32) / np.float32(255)


def _fitted(planes: Planes, guide: Planes) -> tuple[npt.NDArray[np.float32], Planes]:
    """What each plane is as a function of the colours, the mean of all windows that a place lies in.

    Weights of red, green and blue  # (3, n, h, w)  and an offset  # (n, h, w)
    """
    red, green, blue = mean = _averaged(guide)
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    spread = _averaged(np.stack([guide[one] * guide[other] for one, other in pairs]))
    rr, rg, rb, gg, gb, bb = spread - np.stack([mean[one] * mean[other] for one, other in pairs])
    rr, gg, bb = rr + _EVEN, gg + _EVEN, bb + _EVEN
    inverse = (
        (gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg),
        (rb * gb - rg * bb, rr * bb - rb * rb, rg * rb - rr * gb),
        (rg * gb - rb * gg, rg * rb - rr * gb, rr * gg - rg * rg),
    )  # times the determinant
    whole = rr * inverse[0][0] + rg * inverse[0][1] + rb * inverse[0][2]
    said = _averaged(planes)
    together = [_averaged(planes * colour) - said * middle for colour, middle in zip(guide, mean, strict=True)]
    weights = np.stack(
        [sum((row[at] * together[at] for at in range(3)), np.float32(0)) / whole for row in inverse]
    )
    offsets = said - weights[0] * red - weights[1] * green - weights[2] * blue
    return np.stack([_averaged(one) for one in weights]), _averaged(offsets)


def _averaged(planes: Planes) -> Planes:
    """The mean of the window around each place; beyond its border a picture goes on as it ends.  # (n, h, w)"""
    from scipy import ndimage  # takes its time to be read

    side = 2 * _RADIUS + 1
    means: Planes = ndimage.uniform_filter(planes, (1, side, side), mode="nearest")
    return means
