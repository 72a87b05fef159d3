"""A trained network as a model that recipes can name: weights, graph, spec and card, in one folder.

NAME.safetensors   the weights, to train on from
NAME.onnx          the same as a graph; put there only when it gives the numbers that PyTorch gives
NAME.toml          the spec; its path may stand wherever a model's name may
NAME.md            the card: what it was trained on, how, and how good it is
NAME.LABEL.onnx    from the features to the classes of a column, and NAME.LABEL.json with their names
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lookalike.files import write_text
from lookalike.models.attributes import Head, save_heads
from lookalike.models.specs import Input
from lookalike.models.weights import sha256
from lookalike.recipe import Recipe
from lookalike.training.export import export_head, export_network
from lookalike.training.loop import load_weights, save_weights


@dataclass(frozen=True, slots=True)
class Description:
    """What is to be said of a model."""

    name: str
    summary: str
    dim: int  # of its features
    input: Input
    licence: str = "yours, as far as the weights it began with and your pictures allow"
    facts: Mapping[str, str] = field(default_factory=dict)  # for the card: what -> how
    figures: Mapping[str, float] = field(default_factory=dict)
    heads: Mapping[str, Head] = field(
        default_factory=dict
    )  # classifiers by cosine, as `models.attributes` reads them
    shares: Mapping[str, float] = field(default_factory=dict)  # of these heads, as `models.specs.ModelSpec` has it


def write_model(network: Any, about: Description, folder: Path) -> Path:
    """Write a network's weights, graph, spec and card, and return the path of the spec."""
    folder.mkdir(parents=True, exist_ok=True)
    network.to("cpu").eval()
    weights = folder / f"{about.name}.safetensors"
    save_weights(network.state_dict(), weights)
    load_weights(network, weights)  # so that the graph is made of what the file holds
    graph = export_network(network, folder / f"{about.name}.onnx", side=about.input.side)
    if about.heads:
        save_heads(about.heads, folder / f"{about.name}.heads.safetensors")
    spec = folder / f"{about.name}.toml"
    write_text(spec, _spec(about, digest=sha256(graph)), "spec")
    write_text(folder / f"{about.name}.md", _card(about, graph), "card")
    return spec


def write_head(
    network: Any, about: Description, head: str, column: str, classes: Sequence[str], folder: Path
) -> Path:
    """Write what names the classes of a column by the model's features, and return the path of its graph."""
    stem = about.name + "." + re.sub(r"[^\w-]+", "-", column)
    graph = export_head(network, head, folder / f"{stem}.onnx", dim=about.dim)
    named = {"column": column, "classes": list(classes), "sha256": sha256(graph)}
    write_text(folder / f"{stem}.json", json.dumps(named, ensure_ascii=False, indent=1) + "\n", "names")
    return graph


def write_recipe(path: Path, recipe: Recipe) -> Path:
    """Write a recipe as TOML, so that `lookalike index --recipe` takes it."""
    plain = asdict(recipe)
    lines = [f"{name} = {_toml(value)}" for name, value in plain.items() if not isinstance(value, Mapping)]
    for name, table in plain.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{name}]", *(f"{part} = {_toml(value)}" for part, value in table.items())]
    write_text(path, "\n".join(lines) + "\n", "recipe")
    return path


# -- inside ------------------------------------------------------------------------------------------


def _spec(about: Description, *, digest: str) -> str:
    table: dict[str, object] = {
        "name": about.name,
        "role": "image",
        "kind": "onnx-image",
        "summary": about.summary,
        "dim": about.dim + sum(len(about.heads[name].labels) for name in about.shares),
        "licence": about.licence,
        "source": "made by lookalike train",
        "weights": f"file:{about.name}.onnx",
        "trainable": f"file:{about.name}.safetensors",
        "sha256": digest,
        "output": "features",
    }
    if about.heads:
        table["heads"] = f"file:{about.name}.heads.safetensors"
    lines = [f"{name} = {_toml(value)}" for name, value in table.items()]
    lines += ["", "[input]", *(f"{name} = {_toml(value)}" for name, value in asdict(about.input).items())]
    if about.shares:
        lines += ["", "[shares]", *(f"{_toml(name)} = {_toml(weight)}" for name, weight in about.shares.items())]
    return "\n".join(lines) + "\n"


def _card(about: Description, graph: Path) -> str:
    facts = {**about.facts, "features": f"{about.dim:,} numbers a picture", "licence": about.licence}
    facts["input"] = f"{about.input.side} x {about.input.side} pixels, RGB, fitted into a white square"
    facts["file"] = f"{graph.name}, {graph.stat().st_size / 1e6:.1f} MB"
    lines = [f"# {about.name}", "", about.summary, ""]
    lines += ["| what | how |", "|---|---|", *(f"| {what} | {how} |" for what, how in facts.items())]
    if about.figures:
        lines += ["", "| on pictures that it was not trained on | |", "|---|---|"]
        lines += [f"| {name} | {value:.3f} |" for name, value in about.figures.items() if name != "step"]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """A value as TOML spells it; JSON spells text, numbers and lists of them likewise."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
