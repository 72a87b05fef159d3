"""A model is data: one TOML file says where its weights are, what goes in and what comes out.

The specs that ship with lookalike lie in `specs/`. Further ones are found in the folders of
`$LOOKALIKE_MODELS`, and a path to a TOML file may stand wherever a model's name may.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args

from lookalike.errors import ModelError

Role = Literal["image", "text", "colour", "segmenter", "detector", "pose"]
Kind = Literal[
    "onnx-image",
    "onnx-text",
    "static-text",
    "hashed-text",
    "gradients",
    "garment-colours",
    "onnx-regions",  # shares of several labels for each pixel
    "onnx-saliency",  # one plane: how likely a pixel is on the object
    "white-ground",  # weightless: all that is not white
    "regions-boxes",  # a detector that boxes the regions of a segmenter
    "onnx-yolo",  # one plane of candidates, overlaps still to be suppressed: v5, v8, 11
    "onnx-yolo-end",  # overlaps suppressed by the graph: v10, 26
    "onnx-detr",  # logits and boxes of queries: RT-DETR, D-FINE
    "onnx-pose",
    "litert-pose",
]
SPEC_FOLDERS = "LOOKALIKE_MODELS"
_TYPES: dict[str, type] = {  # all else is text
    "edges": bool,
    "dim": int,
    "batch": int,
    "max_tokens": int,
    "input": dict,
    "labels": list,
    "garments": dict,
    "shares": dict,
    "spreads": dict,
}
_WORDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    dict: "a table",
    str: "text",
    list: "a list",
}
_WITH_DIM = ("image", "text", "colour")  # roles whose models give vectors


@dataclass(frozen=True, slots=True)
class Input:
    """What an image graph takes: RGB, NCHW, float32, `(pixels / 255 - mean) / std`."""

    side: int = 224
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A frozen description of one model."""

    name: str
    role: Role
    kind: Kind
    summary: str
    licence: str
    dim: int = 0  # of the vectors that come out, where vectors do
    source: str = ""  # where the weights come from, for people
    weights: str = ""  # "bundled:FILE", "package:DISTRIBUTION/PATH", "cache:FILE"; empty for a weightless one
    tokenizer: str = ""  # likewise
    url: str = ""  # where `models pull` gets the weights; empty when only `models export` makes them
    tokenizer_url: str = ""
    hub: str = ""  # the PyTorch model that `models export` starts from
    sha256: str = ""  # of the weights; empty where they are made on the user's machine
    quantised_from: str = ""  # the float32 model that `models export` makes this int8 one from
    heads: str = ""  # classifiers on its embedding, in safetensors: "bundled:FILE" and the like
    shares: Mapping[str, float] = field(
        default_factory=dict
    )  # head -> what its answer counts beside the embedding, which counts 1; `dim` counts their labels too
    spreads: Mapping[str, float] = field(
        default_factory=dict
    )  # of each of the shares, how much products differed in it where they were chosen, 0..1; empty for everywhere
    words: str = ""  # a projection of text into its embedding, in safetensors
    trainable: str = ""  # the same weights as safetensors, for `lookalike train` to begin with; like `weights`
    output: str = ""  # the graph's output; empty takes its first one, "pooled" taps what feeds the classifier
    input: Input = field(default_factory=Input)
    edges: bool = False  # whether a segmenter's shares are made to follow the edges of the picture
    activation: str = ""  # what the graph leaves to be done to its output: "sigmoid", "softmax"; empty for nothing
    labels: tuple[str, ...] = ()  # of a segmenter's or detector's classes, in the order of the graph's output
    garments: Mapping[str, str] = field(
        default_factory=dict
    )  # its own label -> one of `types.GARMENTS`; others go
    finder: str = ""  # of a model of poses: the file of the network that finds people for it; like `weights`
    segmenter: str = ""  # the model whose regions a detector boxes
    batch: int = 4
    max_tokens: int = 256
    needs_consent: str = ""  # a licence that binds the user, shown before first use
    path: str = ""  # the TOML file


def find_spec(name: str) -> ModelSpec:
    """The spec of a model by its name, or in a TOML file by its path."""
    if name.endswith(".toml"):
        return read_spec(Path(name))
    specs = all_specs()
    if name not in specs:
        raise ModelError(f"no model {name!r}: there are {', '.join(sorted(specs))}; or give a path to a spec.toml")
    return specs[name]


def all_specs() -> dict[str, ModelSpec]:
    """Every spec that can be named, the user's own before the shipped ones."""
    own = (Path(p) for p in os.environ.get(SPEC_FOLDERS, "").split(os.pathsep) if p)
    found = dict(_shipped())
    for folder in own:
        found |= {spec.name: spec for spec in map(read_spec, sorted(folder.glob("*.toml")))}
    return found


@cache
def _shipped() -> dict[str, ModelSpec]:
    folder = Path(str(files("lookalike.models").joinpath("specs")))
    return {spec.name: spec for spec in map(read_spec, sorted(folder.glob("*.toml")))}


def read_spec(path: Path) -> ModelSpec:
    """The spec in a TOML file. Raises `ModelError` that names the file and the field."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ModelError(f"cannot read the model spec {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"the model spec {path} is not TOML: {error}") from error
    return _spec(table, path)


def _spec(table: dict[str, Any], path: Path) -> ModelSpec:
    known = {f.name for f in fields(ModelSpec)} - {"path"}
    if strange := sorted(set(table) - known):
        raise ModelError(f"{path}: a model spec has no field {strange[0]!r}; it has {', '.join(sorted(known))}")
    wanted = ["name", "role", "kind", "summary", "licence"]
    for name in [*wanted, "dim"] if table.get("role") in _WITH_DIM else wanted:
        if name not in table:
            raise ModelError(f"{path}: the model spec lacks {name!r}")
    for name, value in table.items():
        expected = _TYPES.get(name, str)
        if not isinstance(value, expected) or isinstance(value, bool) != (expected is bool):
            raise ModelError(f"{path}: {name} is {value!r}; it takes {_WORDS[expected]}")
    for name, most, takes in (("shares", inf, "above 0"), ("spreads", 1, "above 0, up to 1")):
        for head, number in table.get(name, {}).items():
            if not isinstance(number, int | float) or isinstance(number, bool) or not 0 < number <= most:
                raise ModelError(f"{path}: {head} in [{name}] is {number!r}; it takes a number {takes}")
    if (spreads := table.get("spreads", {})) and set(spreads) != set(table.get("shares", {})):
        raise ModelError(f"{path}: [spreads] names {', '.join(spreads)}; it takes what [shares] names")
    for name, choices in (("role", get_args(Role)), ("kind", get_args(Kind))):
        if table[name] not in choices:
            raise ModelError(f"{path}: {name} is {table[name]!r}; use one of {', '.join(choices)}")
    read: dict[str, Any] = {
        **table,
        "input": _input(table.get("input", {}), path),
        "labels": tuple(table.get("labels", ())),
        "path": str(path),
    }
    return ModelSpec(**read)


def _input(table: dict[str, Any], path: Path) -> Input:
    try:
        wish: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
        read = Input(**wish)
    except TypeError as error:
        raise ModelError(f"{path}: [input] takes side, mean and std ({error})") from error
    if len(read.mean) != 3 or len(read.std) != 3 or not all(read.std):
        raise ModelError(f"{path}: mean and std in [input] take three numbers each, std without 0")
    return read
