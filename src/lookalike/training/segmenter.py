"""`lookalike train segmenter`: from marked pictures to a segmenter that `cutout` and `look` can name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.errors import ModelError
from lookalike.evaluate.regions import Confusion
from lookalike.extras import require
from lookalike.files import write_text
from lookalike.media.masks import classes_of
from lookalike.models.interfaces import Segmenter
from lookalike.models.segmenters import DEFAULT as DEFAULT_MODEL
from lookalike.models.segmenters import open_segmenter
from lookalike.models.specs import find_spec
from lookalike.models.weights import find_companion, sha256
from lookalike.training.annotations.shapes import Annotations
from lookalike.training.beginning import DEFAULT
from lookalike.training.commands import Plan, planned_training
from lookalike.training.export import export_segmenter
from lookalike.training.loop import Say, Schedule, load_weights, read_weights, save_weights
from lookalike.training.networks import lite0_trunk
from lookalike.training.own_masks import OwnMasks, read_own_masks
from lookalike.training.segmenting import SegmentingTask
from lookalike.training.unet import unet
from lookalike.types import GARMENTS

IMAGENET = "imagenet"
_STEPS, _SIDE, _BATCH, _RATE = 600, 256, 8, 4e-4
USUAL = Plan()
_SECOND = "alone."  # the decoder for things that nobody wears: a user's pictures teach one
_CLASSES = "classes."  # the layer that names; begun anew where other labels are learned


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training of a segmenter left behind."""

    spec: Path
    figures: Mapping[str, float]  # of the kept weights, on what no batch came from
    current: Mapping[str, float]  # of the model that is used now, on the same pictures; empty with other labels
    counts: tuple[int, int]  # pictures trained on, held out


def train_segmenter(
    marked: Annotations,
    out: Path,
    *,
    start: str = DEFAULT,
    hold_out: float = 0.15,
    plan: Plan = USUAL,
    say: Say = lambda words: None,
) -> Trained:
    """Learn to tell a user's labels apart, and say how well it does beside the model that is used now.

    marked: as `annotations.converting.open_annotations` gives it; labels of `types.GARMENTS` come out as garments.
    start: the weights to begin with: `default` those of the garment parser, `imagenet` those of the encoder alone.
    hold_out: the share of pictures that figures come from. Raises `LookalikeError` where there is too little.
    """
    torch = require("torch", extra="train", to="train a segmenter")
    masks = read_own_masks(marked, hold_out=hold_out)
    classes = masks.labels
    say(
        f"{len(masks.train):,} marked pictures to learn from, {len(masks.held):,} held out; "
        f"labels: {', '.join(classes[1:])}"
    )
    for reason, count in masks.skipped.most_common():
        say(f"{count:,} skipped: {reason}")
    torch.manual_seed(plan.seed)
    network = _begun(start, classes, say=say)
    side = plan.side or _SIDE
    task = SegmentingTask(
        network,
        masks,
        masks.held,
        classes,
        sides=(round(side * 0.75), side),
        batch=plan.size or _BATCH,
        shapes=masks.shapes,
        frequencies=masks.frequencies,
    )
    rate = plan.rate or _RATE
    usual = Schedule(
        steps=_STEPS,
        rate=rate,
        head_rate=4 * rate,
        heads=("classes",),
        cooldown=0.5,
        average=0.99,
        validate_every=150,
    )
    planned_training(task, usual, plan, out, say)
    spec = _write(network, masks, out, side=side)
    found = _figures(open_segmenter(str(spec)), masks)
    write_text(spec.with_suffix(".md"), _card(spec.stem, masks, found, start=start), "card")
    return Trained(spec, found, _figures(open_segmenter(), masks), (len(masks.train), len(masks.held)))


def _begun(start: str, classes: Sequence[str], *, say: Say) -> Any:
    network = unet(lite0_trunk(), len(classes))
    if start == IMAGENET:
        return network
    spec = find_spec(DEFAULT_MODEL if start == DEFAULT else start)
    if not spec.trainable:
        raise ModelError(f"{spec.name} has no weights to train on: begin with {DEFAULT}, or {IMAGENET}")
    path = find_companion(spec, spec.trainable)
    weights = {n: value.float() for n, value in read_weights(path).items() if not n.startswith(_SECOND)}
    if tuple(spec.labels) != tuple(classes):
        weights = {name: value for name, value in weights.items() if not name.startswith(_CLASSES)}
    try:
        found = network.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise ModelError(f"{path} holds another network than the U-Net that is trained on") from error
    if found.unexpected_keys:
        raise ModelError(f"{path} holds another network: {found.unexpected_keys[0]} does not fit")
    say(f"beginning with the weights of {spec.name}")
    return network


def _figures(segmenter: Segmenter, masks: OwnMasks) -> dict[str, float]:
    """How well a segmenter does on what is held out; nothing where it does not know the labels."""
    classes = masks.labels
    if not set(classes) <= set(segmenter.labels):
        return {}
    numbers = {label: number for number, label in enumerate(classes)}
    ours = np.asarray([numbers.get(label, 0) for label in segmenter.labels], np.uint8)
    confusion = Confusion(len(classes))
    for scene in masks.held:
        confusion.add(scene.classes, ours[classes_of(segmenter.segment([scene.pixels])[0])])
    ious = {label: float(iou) for label, iou in zip(classes, confusion.ious(), strict=True)}
    return {"mean IoU": confusion.mean_iou(), **ious}


def _write(network: Any, masks: OwnMasks, out: Path, *, side: int) -> Path:
    """Weights, graph and spec; the spec's path."""
    name = out.resolve().name
    network.to("cpu").eval()
    weights = out / f"{name}.safetensors"
    save_weights(network.state_dict(), weights)
    load_weights(network, weights)  # so that the graph is made of what the file holds
    graph = export_segmenter(network, out / f"{name}.onnx")
    table = {
        "name": name,
        "role": "segmenter",
        "kind": "onnx-regions",
        "summary": f"Trained on {len(masks.train):,} marked pictures",
        "licence": "yours, as far as the weights it began with and your pictures allow",
        "source": "made by lookalike train segmenter",
        "weights": f"file:{graph.name}",
        "trainable": f"file:{weights.name}",
        "sha256": sha256(graph),
        "edges": True,
        "labels": list(masks.labels),
    }
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    lines += ["", "[input]", f"side = {side}", "mean = [0.5, 0.5, 0.5]", "std = [0.5, 0.5, 0.5]"]
    spec = out / f"{name}.toml"
    write_text(spec, "\n".join(lines) + "\n", "spec")
    return spec


def _card(name: str, masks: OwnMasks, figures: Mapping[str, float], *, start: str) -> str:
    rows = "\n".join(f"| {label} | {value:.3f} |" for label, value in figures.items())
    return (
        f"# {name}\n\nA U-Net on EfficientNet-lite0, begun with {start}, trained on {len(masks.train):,} marked "
        f"pictures, {len(masks.held):,} held out.\nLabels that are garments: "
        f"{', '.join(label for label in masks.labels if label in GARMENTS) or 'none'}.\n\n"
        f"| IoU on what was held out | |\n|---|---|\n{rows}\n"
    )
