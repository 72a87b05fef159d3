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

DOUBT = 0.2  # of which of two decoders to believe: with less, one of them is not asked
DECODER = (256, 128, 64, 32)  # channels at a sixteenth, an eighth, a quarter and a half of the picture's sides


def unet(trunk: Any, classes: int, *, widths: Sequence[int] = DECODER, alone: bool = False) -> Any:
    """A U-Net over an EfficientNet-lite: (n, 3, h, w) to logits (n, classes, h, w). h and w: multiples of 32.

    trunk: as `networks.lite0_trunk` gives it. The logits are made at half resolution and enlarged.
    alone: with a second decoder, for pictures of things that nobody wears, and a layer that tells which kind of
    picture it is. The shares of both are mixed by how sure that is.
    """
    return _classes()["UNet"](trunk, classes, widths, alone)


def second_decoder(network: Any) -> Any:
    """The second decoder of a U-Net by itself, to be trained: pixels to its logits. The trunk stays as it is."""
    return _classes()["SecondDecoder"](network)


@cache
def _classes() -> dict[str, Any]:
    torch = require("torch", extra="train", to="train a model")
    nn, functional = torch.nn, torch.nn.functional
    Module: Any = nn.Module  # noqa: N806 - a class

    def twice(given: int, made: int) -> Any:
        layers: list[Any] = []
        for channels in (given, made):
            layers += [nn.Conv2d(channels, made, 3, padding=1, bias=False), nn.BatchNorm2d(made), nn.ReLU(True)]
        return nn.Sequential(*layers)

    def enlarged(features: Any) -> Any:
        return functional.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)

    class Decoder(Module):  # type: ignore[misc]  # Any, as torch may not be installed
        """The resolution back, step by step, with the edges that the encoder saw."""

        def __init__(self, channels: Sequence[int], classes: int, widths: Sequence[int]) -> None:
            super().__init__()
            self.decoder = nn.ModuleList()
            given = channels[-1]
            for skip, made in zip(reversed(channels[:-1]), widths, strict=True):
                self.decoder.append(twice(given + skip, made))
                given = made
            self.classes = nn.Conv2d(given, classes, 1)

        def decode(self, features: Any, skips: Sequence[Any]) -> Any:
            for layers, skip in zip(self.decoder, reversed(skips), strict=True):
                features = layers(torch.cat((enlarged(features), skip), dim=1))
            return enlarged(self.classes(features))

    class UNet(Decoder):
        def __init__(self, trunk: Any, classes: int, widths: Sequence[int], alone: bool) -> None:
            blocks = list(trunk._blocks)
            strides = [_stride(block) for block in blocks]
            skips = [n - 1 for n, stride in enumerate(strides) if stride == 2]  # the last block of each size
            channels = [blocks[n]._project_conv.out_channels for n in [*skips, len(blocks) - 1]]
            super().__init__(channels, classes, widths)
            self.trunk, self._skips = trunk, skips
            self.alone: Any = Decoder(channels, classes, widths) if alone else None
            if self.alone is not None:
                self.alone.worn = nn.Linear(channels[-1], 1)  # whether somebody wears what the picture shows

        def encode(self, pixels: Any) -> tuple[Any, list[Any]]:
            trunk, skips = self.trunk, []
            features = trunk._swish(trunk._bn0(trunk._conv_stem(pixels)))
            for number, block in enumerate(trunk._blocks):
                features = block(features)
                if number in self._skips:
                    skips.append(features)
            return features, skips

        def shares(self, pixels: Any) -> Any:
            """(n, classes, h, w), adding up to 1."""
            features, skips = self.encode(pixels)
            worn = self.decode(features, skips).softmax(1)
            if self.alone is None:
                return worn
            weight = self.alone.worn(features.mean((2, 3))).sigmoid()[:, :, None, None]
            weight = ((weight - DOUBT) / (1 - 2 * DOUBT)).clamp(0, 1)
            return weight * worn + (1 - weight) * self.alone.decode(features, skips).softmax(1)

        def forward(self, pixels: Any) -> Any:
            if self.alone is None:
                return self.decode(*self.encode(pixels))
            return self.shares(pixels).clamp_min(1e-8).log()  # logits, whose softmax they are

    class SecondDecoder(Module):  # type: ignore[misc]
        def __init__(self, network: Any) -> None:
            super().__init__()
            self.network = [network]  # no part of it: neither trained nor saved
            self.alone = network.alone

        def forward(self, pixels: Any) -> Any:
            network = self.network[0].eval()
            network.alone.train(self.training)
            with torch.no_grad():
                features, skips = network.encode(pixels)
            return network.alone.decode(features, skips)

    return {"UNet": UNet, "SecondDecoder": SecondDecoder}


def _stride(block: Any) -> int:
    stride = block._depthwise_conv.stride
    return int(stride[0] if isinstance(stride, Sequence) else stride)
