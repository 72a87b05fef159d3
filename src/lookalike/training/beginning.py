"""Where a training begins: with the weights of a model that recipes can name, or with those of ImageNet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookalike.errors import ModelError
from lookalike.models.specs import ModelSpec, find_spec
from lookalike.models.weights import find_companion
from lookalike.recipe import Recipe
from lookalike.training.loop import Say, read_weights
from lookalike.training.networks import garment_encoder, resnet, siamese

DEFAULT = "default"
FRESH = ("neck", "heads")  # of an encoder: what starts at random where only the trunk has learned


def encoder_from(name: str, heads: Mapping[str, int], *, say: Say) -> tuple[Any, tuple[str, ...]]:
    """An encoder with new heads, and the names of its parts that start at random.

    name: of a model, or the path of its spec; `default` is the default image model. Where that one has no weights
    to train on, EfficientNet-lite0's of ImageNet stand in, and `say` is told. Raises `ModelError` for another
    model without such weights, or whose weights are of another network.
    """
    spec = find_spec(Recipe().image if name == DEFAULT else name)
    path = _trainable(spec)
    if path is None:
        if name != DEFAULT:
            raise ModelError(f"{spec.name} has no weights to train on: begin with {DEFAULT}, or a model made here")
        say(f"{spec.name} has no weights to train on: beginning with EfficientNet-lite0's of ImageNet")
        return garment_encoder(heads), FRESH
    kept = {part: value for part, value in read_weights(path).items() if not part.startswith("heads.")}
    if "neck.0.weight" not in kept:
        raise ModelError(f"{path} holds another network than the encoder that is trained on")
    network = garment_encoder(heads, dim=int(kept["neck.0.weight"].shape[0]))
    _put(network, kept, path, besides="heads.")
    say(f"beginning with the weights of {spec.name}")
    return network, FRESH[1:]


def siamese_from(weights: Path | None, *, dim: int, say: Say) -> tuple[Any, tuple[str, ...]]:
    """A siamese network on ResNet-50, and the names of its parts that start at random.

    weights: a safetensors file of a ResNet-50 as torchvision and timm name its parts; None starts at random.
    """
    backbone = resnet()
    if weights is None:
        say("no --weights: the backbone starts at random")
        return siamese(backbone, width=2048, dim=dim), ("backbone", "neck")
    _put(backbone, {n: v for n, v in read_weights(weights).items() if not n.startswith("fc.")}, weights)
    say(f"beginning with the weights in {weights}")
    return siamese(backbone, width=2048, dim=dim), ("neck",)


def _trainable(spec: ModelSpec) -> Path | None:
    """The safetensors of a model, or of the float32 model that an int8 one was made of."""
    if spec.trainable:
        return find_companion(spec, spec.trainable)
    return _trainable(find_spec(spec.quantised_from)) if spec.quantised_from else None


def _put(network: Any, weights: Mapping[str, Any], path: Path, *, besides: str = "\0") -> None:
    """Raises `ModelError` unless the weights are all that the network has, besides some."""
    try:
        found = network.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise ModelError(f"{path} holds another network: {str(error).splitlines()[-1].strip()}") from error
    counters = "num_batches_tracked"  # left out of files that were made to be used, not trained on
    missing = [n for n in found.missing_keys if not n.startswith(besides) and not n.endswith(counters)]
    if strange := [*missing, *found.unexpected_keys]:
        raise ModelError(f"{path} holds another network: {strange[0]} does not fit")
