"""ResNet-18 and ResNet-50 in plain PyTorch, layer for layer those of torchvision (He et al., CVPR 2016; the
stride of a bottleneck on its 3 x 3), cut off before the classifier. Weights are random: only speed is measured."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Basic(nn.Module):
    widening = 1

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inside, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width),
        )  # fmt: skip
        self.shortcut = _shortcut(inside, width, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.body(x) + self.shortcut(x))


class Bottleneck(nn.Module):
    widening = 4

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inside, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
            nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width),
        )  # fmt: skip
        self.shortcut = _shortcut(inside, 4 * width, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.body(x) + self.shortcut(x))


def _shortcut(inside: int, outside: int, stride: int) -> nn.Module:
    if stride == 1 and inside == outside:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))


PARAMETERS = {"resnet18": 11_176_512, "resnet50": 23_508_032}  # without the classifier


def resnet(name: str) -> nn.Module:
    """(n, 3, 224, 224) in, pooled features out: 512 numbers from ResNet-18, 2048 from ResNet-50."""
    block, depths = {"resnet18": (Basic, (2, 2, 2, 2)), "resnet50": (Bottleneck, (3, 4, 6, 3))}[name]
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
    ]  # fmt: skip
    inside = 64
    for stage, depth in enumerate(depths):
        width = 64 << stage
        for at in range(depth):
            layers.append(block(inside, width, 2 if stage and not at else 1))
            inside = width * block.widening
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS[name]
    return network.eval()


if __name__ == "__main__":
    for name in PARAMETERS:
        print(name, tuple(resnet(name)(torch.zeros(2, 3, 224, 224)).shape))
