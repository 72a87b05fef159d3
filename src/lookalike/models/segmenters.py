"""Pictures in, regions out: one class for each kind of segmenter that a spec can name.

The law: whatever a network takes, its answer is about the whole picture, and the shares of each pixel add up to 1.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lookalike.errors import ModelError
from lookalike.media.edges import along_edges
from lookalike.media.framing import near_area, resize
from lookalike.models.interfaces import Segmenter
from lookalike.models.session import Session, default_threads
from lookalike.models.specs import Input, ModelSpec, find_spec
from lookalike.models.weights import find_weights
from lookalike.types import Mask, Pixels, Regions

Shares = npt.NDArray[np.float32]  # (labels, h, w), 0..1

DEFAULT = "garment-parser"
SALIENT = ("background", "object")  # labels of a segmenter that knows no kinds
_LONGEST = 4  # times the side of the network's input: a picture of another aspect than 1:16 is squeezed
_FAINT = 0.1  # between the highest and the lowest of a plane: less, and it shows no object


def open_segmenter(name: str = "default", *, threads: int | None = None) -> Segmenter:
    """The segmenter with this name. Raises `ModelError` where it is unknown or not here."""
    spec = find_spec(DEFAULT if name == "default" else name)
    if spec.kind == "onnx-regions":
        return OnnxRegions(spec, threads=threads)
    if spec.kind == "onnx-saliency":
        return OnnxSaliency(spec, threads=threads)
    if spec.kind == "white-ground":
        return WhiteGround()
    raise ModelError(f"{spec.name} is a model for {spec.role}, not for regions")


class OnnxRegions:
    """A network as an ONNX graph: NCHW float32 in, a plane of shares for each label out.

    A graph of any size sees the picture in its own aspect, at about as many pixels as the spec's side squared; a
    graph of a fixed size sees it squeezed into that.
    """

    def __init__(self, spec: ModelSpec, *, threads: int | None = None) -> None:
        if len(spec.labels) < 2:
            raise ModelError(f"{spec.path or spec.name}: name the planes of the graph's output in labels")
        self.labels = tuple(spec.garments.get(label, label) for label in spec.labels)
        self._spec = spec
        self._session = Session(find_weights(spec), output=spec.output, threads=threads or default_threads())

    def segment(self, pictures: Sequence[Pixels]) -> list[Regions]:
        """One for each picture, at the resolution of the network."""
        return [self._segment(pixels) for pixels in pictures]

    def _segment(self, pixels: Pixels) -> Regions:
        height, width = pixels.shape[:2]
        seen = resize(pixels, *self._size(width, height))
        found = self._session.run({self._session.inputs[0]: _tensor(seen, self._spec.input, white=255)})
        if found.ndim != 4 or found.shape[:2] != (1, len(self.labels)):
            raise ModelError(
                f"{self._spec.name} gave numbers of shape {found.shape}; its spec has {len(self.labels)} labels"
            )
        shares = self._shares(found[0])
        return Regions(self.labels, along_edges(shares, seen) if self._spec.edges else shares, width, height)

    def _size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of what the graph sees."""
        *_, tall, wide = self._session.shapes[self._session.inputs[0]]
        if isinstance(tall, int) and isinstance(wide, int):
            return wide, tall
        side = self._spec.input.side
        fitted = near_area(width, height, side)
        return min(fitted[0], _LONGEST * side), min(fitted[1], _LONGEST * side)

    def _shares(self, planes: Shares) -> Shares:
        if self._spec.activation == "softmax":
            planes = np.exp(planes - planes.max(axis=0))
            planes /= planes.sum(axis=0)
        if not np.abs(planes.sum(axis=0) - 1).max() < 0.01:
            raise ModelError(
                f"the shares that {self._spec.name} gave do not add up to 1: "
                'where its graph ends in logits, its spec says activation = "softmax"'
            )
        return planes.astype(np.float32, copy=False)


class OnnxSaliency:
    """A network that finds the object of a picture, whatever it is, as an ONNX graph with one plane out.

    Fed and read as rembg does it (danielgatis/rembg, MIT): squeezed into a square, divided by its brightest value;
    the plane stretched from 0 to 1, unless it is so even that there is nothing on the picture. Such networks take
    gigabytes, so pictures take turns.
    """

    labels = SALIENT

    def __init__(self, spec: ModelSpec, *, threads: int | None = None) -> None:
        self._spec = spec
        self._session = Session(find_weights(spec), output=spec.output, threads=threads or default_threads())
        self._turn = threading.Lock()

    def segment(self, pictures: Sequence[Pixels]) -> list[Regions]:
        """One for each picture, at the resolution of the network."""
        return [self._segment(pixels) for pixels in pictures]

    def _segment(self, pixels: Pixels) -> Regions:
        side = self._spec.input.side
        seen = resize(pixels, side, side)
        tensor = _tensor(seen, self._spec.input, white=max(1, int(seen.max())))
        with self._turn:
            found = self._session.run({self._session.inputs[0]: tensor})
        if found.size != found.shape[-1] * found.shape[-2]:
            raise ModelError(f"{self._spec.name} gave numbers of shape {found.shape}, not one plane")
        plane = found.reshape(found.shape[-2:])
        if self._spec.activation == "sigmoid":
            plane = 1 / (1 + np.exp(-plane.clip(-80, 80)))
        lowest, highest = float(plane.min()), float(plane.max())
        if highest - lowest > _FAINT:
            plane = (plane - lowest) / (highest - lowest)
        return _salient(plane, pixels)


class WhiteGround:
    """The weightless one: whatever is not white, and all that it encloses.

    The ground is what is white and reached from the border without squeezing through a gap, so that white buttons
    on a red shirt stay, and so does a white shirt whose outline has gaps. A picture whose border is not white is
    all object. Where only specks and lines are left, they cannot be told from the ground: nothing is found.
    """

    labels = SALIENT

    _WHITE = 245  # of red, green and blue, from which a pixel is ground
    _SIDE = 512  # pixels of the longer side that are looked at
    _GAP = 0.02  # of the longer side, each way: the ground does not flow through what is narrower
    _BORDER = 0.5  # of the border that must be white
    _FILLED = 0.25  # of its box that an object fills at least

    def segment(self, pictures: Sequence[Pixels]) -> list[Regions]:
        """One for each picture, shares 0 or 1, at its own resolution up to 512 pixels."""
        return [_salient(self._object(pixels), pixels) for pixels in pictures]

    def _object(self, pixels: Pixels) -> Mask:
        from scipy import ndimage

        height, width = pixels.shape[:2]
        scale = min(1.0, self._SIDE / max(height, width))
        seen = resize(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
        white: Mask = seen.min(axis=2) >= self._WHITE
        if np.concatenate([white[0], white[-1], white[:, 0], white[:, -1]]).mean() < self._BORDER:
            return np.ones(white.shape, np.bool_)
        gap = max(1, round(self._GAP * max(white.shape)))
        wider = np.pad(white, 2 * gap, constant_values=True)
        room = ndimage.minimum_filter(wider, 2 * gap + 1, mode="nearest")
        places, _ = ndimage.label(room)
        reached: Mask = places == places[0, 0]
        ground = ndimage.maximum_filter(reached, 2 * gap + 1) & wider
        found: Mask = ~ground[2 * gap : -2 * gap, 2 * gap : -2 * gap]
        box = ndimage.find_objects(found.astype(np.uint8))
        return found if box and found[box[0]].mean() >= self._FILLED else np.zeros_like(found)


def _tensor(pixels: Pixels, scale: Input, *, white: int) -> Shares:
    """What a network takes.  # (1, 3, h, w)"""
    mean, std = (np.asarray(row, np.float32) for row in (scale.mean, scale.std))
    scaled = (pixels.astype(np.float32) / white - mean) / std
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])


def _salient(plane: npt.NDArray[np.floating] | Mask, pixels: Pixels) -> Regions:
    found = plane.astype(np.float32)
    return Regions(SALIENT, np.stack([1 - found, found]), pixels.shape[1], pixels.shape[0])
