"""What a network says of a picture, made to follow the picture's own edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lookalike.media.framing import resize, resize_plane
from lookalike.media.masks import bounds
from lookalike.types import Mask, Pixels

Planes = npt.NDArray[np.float32]  # (n, h, w)
Plane = npt.NDArray[np.float32]  # (h, w)
Part = tuple[slice, slice]  # rows, columns

_SHRUNK = 2  # the filter is worked out on planes of half the size
_RADIUS = 4  # of its windows there
_EVEN = 1e-4  # variance of colours, 0..1, below which a window is even and what is said of it is averaged
_TAKEN = 0.8  # of what the filter makes; all of it turns labels over where two are about as likely
_SAID = 0.1  # a label that is nowhere said to be likelier stays as it is
_REACH = 2 * _RADIUS + 1  # of two windows, one after the other
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
_THERE = 0.02  # from which a label is said of a place at all; what is farther from any such place stays as it is


def along_edges(shares: Planes, pixels: Pixels) -> Planes:
    """How likely each label is at each place, smooth where the picture is, with edges where the picture has them.

    The fast guided filter with a guide in colour (He and Sun, Fast Guided Filter, 2015; He, Sun and Tang, Guided
    Image Filtering, PAMI 2013): in every window a plane is fitted as a linear function of the colours. Each plane
    is looked at where it says something, which for most labels is a small part of the picture.

    shares: add up to 1 over the labels, as what is returned does.  # (labels, h, w)
    pixels: the picture, at any size.
    """
    height, width = shares.shape[1:]
    small = max(1, width // _SHRUNK), max(1, height // _SHRUNK)
    colours, guide = _Colours.of(_guide(pixels, *small)), _guide(pixels, width, height)
    filtered = shares.copy()
    for label in np.flatnonzero(shares.max(axis=(1, 2)) > _SAID):
        plane = resize_plane(shares[label], *small)
        there = plane > _THERE
        if not there.any():
            continue
        part, place = _parts(there, (height, width))
        said = filtered[label][place]
        *weights, found = (
            resize_plane(each, *said.shape[::-1]) for each in _fitted(plane[part], colours.within(part))
        )
        for weight, channel in zip(weights, guide[:, *place], strict=True):
            found = found + weight * channel
        said += np.float32(_TAKEN) * (np.clip(found, 0, 1) - said)
    filtered /= np.maximum(filtered.sum(axis=0), np.float32(1e-6))
    return filtered


def _guide(pixels: Pixels, width: int, height: int) -> Planes:
    """The colours of a picture, 0..1.  # (3, height, width)"""
    return resize(pixels, width, height).transpose(2, 0, 1).astype(np.float32) / np.float32(255)


def _parts(there: Mask, size: tuple[int, int]) -> tuple[Part, Part]:
    """Where something is said, with what the windows reach from there; and the same at the full size.

    size: height and width that are `_SHRUNK` times the mask's; if they are not, all of it is taken.
    """
    height, width = there.shape
    if size != (height * _SHRUNK, width * _SHRUNK):
        return np.s_[:height, :width], np.s_[: size[0], : size[1]]
    left, top, right, bottom = bounds(there)
    left, top = max(0, left - _REACH), max(0, top - _REACH)
    right, bottom = min(width, right + _REACH), min(height, bottom + _REACH)
    part, place = (np.s_[top * by : bottom * by, left * by : right * by] for by in (1, _SHRUNK))
    return part, place


@dataclass(frozen=True, slots=True, eq=False)
class _Colours:
    """The colours of a picture, and how they spread in the window around each place."""

    guide: Planes  # (3, h, w)
    mean: Planes  # (3, h, w)
    inverse: Planes  # (6, h, w), of their covariances: rr rg rb gg gb bb

    @classmethod
    def of(cls, guide: Planes) -> _Colours:
        mean = _averaged(guide)
        spread = _averaged(np.stack([guide[one] * guide[other] for one, other in _PAIRS]))
        rr, rg, rb, gg, gb, bb = spread - np.stack([mean[one] * mean[other] for one, other in _PAIRS])
        rr, gg, bb = rr + _EVEN, gg + _EVEN, bb + _EVEN
        inverse = np.stack(
            [
                *(gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg),
                *(rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg),
            ]
        )  # times the determinant
        inverse /= rr * inverse[0] + rg * inverse[1] + rb * inverse[2]
        return cls(guide, mean, inverse)

    def within(self, part: Part) -> _Colours:
        return _Colours(*(planes[:, *part] for planes in (self.guide, self.mean, self.inverse)))


def _fitted(plane: Plane, colours: _Colours) -> Planes:
    """What a plane is as a function of the colours, the mean of all windows that a place lies in.

    Weights of red, green and blue, and an offset.  # (4, h, w)
    """
    said, *together = _averaged(np.concatenate([plane[None], plane * colours.guide]))
    red, green, blue = (both - said * middle for both, middle in zip(together, colours.mean, strict=True))
    rr, rg, rb, gg, gb, bb = colours.inverse
    fitted = np.empty((4, *plane.shape), np.float32)
    fitted[0] = rr * red + rg * green + rb * blue
    fitted[1] = rg * red + gg * green + gb * blue
    fitted[2] = rb * red + gb * green + bb * blue
    fitted[3] = said - (fitted[:3] * colours.mean).sum(axis=0)
    return _averaged(fitted)


def _averaged(planes: Planes) -> Planes:
    """The mean of the window around each place; beyond its border a picture goes on as it ends.  # (n, h, w)"""
    from scipy import ndimage  # takes its time to be read

    side = 2 * _RADIUS + 1
    means: Planes = ndimage.uniform_filter(planes, (1, side, side), mode="nearest")
    return means
