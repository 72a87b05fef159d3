"""The network of `lookalike train detector`: a thing is the peak of a heat map, and how far its edges lie from it.

After Zhou et al., Objects as Points, 2019, trained as Liu et al., Training-Time-Friendly Network for Real-Time
Object Detection, AAAI 2020: heat falls off as the box does, and every place with heat learns the edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.extras import require
from lookalike.training.loop import Batch

STRIDE = 4  # pixels between two places of the heat map
ROWS = 100  # boxes that the graph gives for a picture
WIDTH = 64  # channels above the trunk

_REACH = 0.54  # of a box that is warm
_FAR = 16.0  # pixels: the distances that the network begins with
_PRIOR = 0.01  # how likely a thing is anywhere, at the beginning
_FAINT = 0.01  # rows of less are zeros
_EDGES = 5.0  # what the overlap of boxes counts beside the heat


def centre_net(trunk: Any, classes: int, *, width: int = WIDTH) -> Any:
    """A trunk, a pyramid above it, and two heads: (n, 3, side, side) to heat and edges. side: a multiple of 32.

    trunk: as `networks.lite0_trunk` gives it. The forward pass gives logits (n, classes, side / 4, side / 4) and
    the distances in pixels to left, top, right and bottom (n, 4, side / 4, side / 4). `rows` gives boxes as YOLO
    v10 does, (n, 100, 6): corners in pixels, score, class.
    """
    return _network()(trunk, classes, width)


def targets(
    boxes: Sequence[tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]], classes: int, side: int
) -> Batch:
    """What heat and edges should be. boxes: for each picture, corners in pixels of its square, and class numbers.

    heat: (n, classes, cells, cells), 1 in the cell of each box's centre. corners: (n, 4, cells, cells), of the box
    that a cell belongs to, the smaller of two. weight: (n, cells, cells), up to 1 in all for each box.
    """
    cells = side // STRIDE
    heat = np.zeros((len(boxes), classes, cells, cells), np.float32)
    corners = np.zeros((len(boxes), 4, cells, cells), np.float32)
    weight = np.zeros((len(boxes), cells, cells), np.float32)
    for at, (edges, numbers) in enumerate(boxes):
        areas = (edges[:, 2:] - edges[:, :2]).prod(axis=1)
        for place in np.argsort(-areas):
            warm = _warmth(edges[place], cells)
            np.maximum(heat[at, numbers[place]], warm, out=heat[at, numbers[place]])
            inside = warm > 0
            corners[at][:, inside] = edges[place][:, None]
            weight[at][inside] = warm[inside] / warm.sum()
    return {"heat": heat, "corners": corners, "weight": weight}


def heat_loss(logits: Any, heat: Any) -> Any:
    """Focal loss of heat maps, for each centre. (Law and Deng, CornerNet, ECCV 2018)"""
    torch = require("torch", extra="train", to="train a model")
    functional = torch.nn.functional
    share = logits.sigmoid()
    right = functional.logsigmoid(logits) * (1 - share) ** 2
    wrong = functional.logsigmoid(-logits) * share**2 * (1 - heat) ** 4
    is_centre = (heat == 1).float()
    return -(right * is_centre + wrong * (1 - is_centre)).sum() / is_centre.sum().clamp(min=1)


def edge_loss(distances: Any, corners: Any, weight: Any) -> Any:
    """One less the generalised overlap with each cell's box. (Rezatofighi et al., GIoU, CVPR 2019)"""
    torch = require("torch", extra="train", to="train a model")
    found = edges_of(distances)
    low, high = torch.maximum(found[:, :2], corners[:, :2]), torch.minimum(found[:, 2:], corners[:, 2:])
    both = (high - low).clamp(min=0).prod(1)
    either = _area(found) + _area(corners) - both
    around = torch.maximum(found[:, 2:], corners[:, 2:]) - torch.minimum(found[:, :2], corners[:, :2])
    hull = around.prod(1).clamp(min=1e-6)
    overlap = both / either.clamp(min=1e-6) - (hull - either) / hull
    return _EDGES * ((1 - overlap) * weight).sum() / weight.sum().clamp(min=1)


def edges_of(distances: Any) -> Any:
    """Corners in pixels from each cell's distances.  # (n, 4, cells, cells)"""
    torch = require("torch", extra="train", to="train a model")
    cells = distances.shape[-1]
    middle = (torch.arange(cells, device=distances.device, dtype=distances.dtype) + 0.5) * STRIDE
    across, down = middle[None, None, :], middle[None, :, None]
    left, top, right, bottom = distances.unbind(1)
    return torch.stack([across - left, down - top, across + right, down + bottom], 1)


# -- inside ------------------------------------------------------------------------------------------


def _warmth(edges: npt.NDArray[np.float32], cells: int) -> npt.NDArray[np.float32]:
    """A bell over the middle of a box, 1 in the cell of its centre.  # (cells, cells)"""
    sides = (edges[2:] - edges[:2]) / STRIDE
    centre = np.minimum(((edges[:2] + edges[2:]) / 2 / STRIDE).astype(np.intp), cells - 1)
    spread = np.maximum(sides * _REACH / 6, 0.3)
    away = [(np.arange(cells) - middle) for middle in centre]
    bells = [np.exp(-(one**2) / (2 * by**2)) for one, by in zip(away, spread, strict=True)]
    reach = np.maximum(sides * _REACH / 2, 0.5)
    for bell, one, by in zip(bells, away, reach, strict=True):
        bell[np.abs(one) > by] = 0
    warm: npt.NDArray[np.float32] = np.outer(bells[1], bells[0]).astype(np.float32)
    return warm


def _area(corners: Any) -> Any:
    return (corners[:, 2:] - corners[:, :2]).clamp(min=0).prod(1)


@cache
def _network() -> Any:
    torch = require("torch", extra="train", to="train a model")
    nn, functional = torch.nn, torch.nn.functional
    Module: Any = nn.Module  # noqa: N806 - a class

    def block(given: int, made: int, size: int = 3) -> Any:
        convolution = nn.Conv2d(given, made, size, padding=size // 2, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(made), nn.ReLU(True))

    class CentreNet(Module):  # type: ignore[misc]  # Any, as torch may not be installed
        def __init__(self, trunk: Any, classes: int, width: int) -> None:
            super().__init__()
            self.trunk = trunk
            blocks = list(trunk._blocks)
            halving = [n for n, block_ in enumerate(blocks) if max(_pair(block_._depthwise_conv.stride)) == 2]
            self._taps = [*(n - 1 for n in halving[1:]), len(blocks) - 1]  # a fourth, an eighth, ... of the sides
            channels = [blocks[n]._project_conv.out_channels for n in self._taps]
            self.across = nn.ModuleList(block(given, width, 1) for given in channels)
            self.smooth = nn.ModuleList(block(width, width) for _ in channels[:-1])
            self.heat = nn.Sequential(block(width, width), nn.Conv2d(width, classes, 1))
            self.edges = nn.Sequential(block(width, width), nn.Conv2d(width, 4, 1))
            nn.init.constant_(self.heat[1].bias, float(np.log(_PRIOR / (1 - _PRIOR))))
            nn.init.normal_(self.heat[1].weight, std=0.01)

        def forward(self, pixels: Any) -> tuple[Any, Any]:
            trunk, taps = self.trunk, []
            features = trunk._swish(trunk._bn0(trunk._conv_stem(pixels)))
            for number, layers in enumerate(trunk._blocks):
                features = layers(features)
                if number in self._taps:
                    taps.append(features)
            features = self.across[-1](taps[-1])
            for across, smooth, tap in zip(
                reversed(self.across[:-1]), reversed(self.smooth), reversed(taps[:-1]), strict=True
            ):
                features = smooth(functional.interpolate(features, scale_factor=2.0, mode="nearest") + across(tap))
            return self.heat(features), functional.softplus(self.edges(features)) * _FAR

        def rows(self, pixels: Any) -> Any:
            heat, distances = self(pixels)
            share = heat.sigmoid()
            peaks = share * (functional.max_pool2d(share, 3, 1, 1) == share)
            number, _, tall, wide = peaks.shape
            scores, places = peaks.reshape(number, -1).topk(ROWS)
            cells = places % (tall * wide)
            corners = edges_of(distances).reshape(number, 4, -1)
            corners = corners.gather(2, cells[:, None].expand(-1, 4, -1)).transpose(1, 2)
            named = (places // (tall * wide)).to(corners.dtype)
            rows = torch.cat([corners, scores[..., None], named[..., None]], 2)
            return rows * (scores > _FAINT)[..., None]

    return CentreNet


def _pair(stride: Any) -> tuple[int, ...]:
    return tuple(stride) if isinstance(stride, Sequence) else (int(stride),)
