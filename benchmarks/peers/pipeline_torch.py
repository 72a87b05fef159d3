"""The documents' pipeline as it is commonly written, to measure against.

    a picture -> whole decode with Pillow -> fitted into 224 x 224 on white -> ResNet in PyTorch, one at a time
    all vectors -> scikit-learn NearestNeighbors(metric="cosine", algorithm="brute")

Prints one JSON document. The time is from the first picture to the fitted neighbours, after a warm-up of three
pictures; imports and the making of the network are left out. Cutting out the background (rembg, a UNet) is left
out on both sides.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from networks import resnet
from PIL import Image, ImageOps
from sklearn.neighbors import NearestNeighbors

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def letterboxed(path: Path, side: int = 224) -> Image.Image:
    whole = Image.open(path).convert("RGB")
    return ImageOps.pad(whole, (side, side), method=Image.Resampling.BILINEAR, color="white")


def tensor_of(image: Image.Image) -> torch.Tensor:
    pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)
    return ((pixels.float() / 255 - MEAN) / STD).unsqueeze(0)  # (1, 3, 224, 224)


@torch.inference_mode()
def vectors_of(paths: list[Path], network: torch.nn.Module) -> np.ndarray:
    return np.stack([network(tensor_of(letterboxed(path)))[0].numpy() for path in paths])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="folder of JPEGs")
    parser.add_argument("--network", choices=["resnet18", "resnet50"], default="resnet18")
    options = parser.parse_args()
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    network, paths = resnet(options.network), sorted(options.images.glob("*.jpg"))
    vectors_of(paths[:3], network)
    started = time.perf_counter()
    vectors = vectors_of(paths, network)
    NearestNeighbors(n_neighbors=7, metric="cosine", algorithm="brute").fit(vectors)
    seconds = time.perf_counter() - started
    print(
        json.dumps(
            {
                "network": options.network,
                "pictures": len(paths),
                "dim": vectors.shape[1],
                "seconds": seconds,
                "torch": torch.__version__,
                "threads": torch.get_num_threads(),
            }
        )
    )


if __name__ == "__main__":
    main()
