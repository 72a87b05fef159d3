"""The U-Net that takes a picture apart: what each pixel shows.

Ronneberger et al., U-Net, MICCAI 2015: an encoder that sees ever more with ever fewer pixels, a bottleneck, a
decoder that brings the resolution back, and skip connections that hand it the edges. The encoder here is a compact
network that has seen pictures before.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from lookalike.extras import require

DECODER = (256, 128, 64, 32)  # channels at a sixteenth, an eighth, a quarter and a half of the picture's sides


def unet(trunk: Any, classes: int, *, widths: Sequence[int] = DECODER) -> Any:
    """A U-Net over an EfficientNet-lite: (n, 3, h, w) to logits (n, classes, h, w). h and w: multiples of 32.

    trunk: as `networks.lite0_trunk` gives it. The logits are made at half resolution and enlarged.
    """
    return _unet()(trunk, classes, widths)


@cache
def _unet() -> Any:
    torch = require("torch", extra="train", to="train a model")
    nn, functional = torch.nn, torch.nn.functional
    Module: Any = nn.Module  # noqa: N806 - a class

    def twice(given: int, made: int) -> Any:
        layers: list[Any] = []
        for channels in (given, made):
            layers += [nn.Conv2d(channels, made, 3, padding=1, bias=False), nn.BatchNorm2d(made), nn.ReLU(True)]
        return nn.Sequential(*layers)

    class UNet(Module):  # type: ignore[misc]  # Any, as torch may not be installed
        def __init__(self, trunk: Any, classes: int, widths: Sequence[int]) -> None:
            super().__init__()
            self.trunk = trunk
            blocks = list(trunk._blocks)
            strides = [_stride(block) for block in blocks]
            self._skips = [n - 1 for n, stride in enumerate(strides) if stride == 2]  # the last block of each size
            channels = [blocks[n]._project_conv.out_channels for n in [*self._skips, len(blocks) - 1]]
            self.decoder = nn.ModuleList()
            given = channels[-1]
            for skip, made in zip(reversed(channels[:-1]), widths, strict=True):
                self.decoder.append(twice(given + skip, made))
                given = made
            self.classes = nn.Conv2d(given, classes, 1)

        def forward(self, pixels: Any) -> Any:
            trunk, skips = self.trunk, []
            features = trunk._swish(trunk._bn0(trunk._conv_stem(pixels)))
            for number, block in enumerate(trunk._blocks):
                features = block(features)
                if number in self._skips:
                    skips.append(features)
            for layers, skip in zip(self.decoder, reversed(skips), strict=True):
                larger = functional.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
                features = layers(torch.cat((larger, skip), dim=1))
            logits = self.classes(features)
            return functional.interpolate(logits, scale_factor=2.0, mode="bilinear", align_corners=False)

    return UNet


def _stride(block: Any) -> int:
    stride = block._depthwise_conv.stride
    return int(stride[0] if isinstance(stride, Sequence) else stride)
