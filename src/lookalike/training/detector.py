"""`lookalike train detector`: from pictures with boxes to a detector that `look` can name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.errors import LookalikeError, ModelError
from lookalike.evaluate.detections import average_precision
from lookalike.extras import require
from lookalike.files import write_text
from lookalike.models.boxes import decode_end
from lookalike.models.detectors import OnnxDetector, on_picture
from lookalike.models.interfaces import Detector
from lookalike.models.specs import find_spec, read_spec
from lookalike.models.weights import find_companion, sha256
from lookalike.training.annotations.shapes import Annotations
from lookalike.training.beginning import DEFAULT
from lookalike.training.boxed import Boxed, BoxedSet, random_view, read_boxed, whole_view
from lookalike.training.centre_net import centre_net, edge_loss, heat_loss, targets
from lookalike.training.commands import Plan, planned_training
from lookalike.training.export import export_detector
from lookalike.training.loop import Batch, Curves, Say, Schedule, load_weights, read_weights, save_weights
from lookalike.training.networks import lite0_trunk
from lookalike.training.samples import CENTRED, fed
from lookalike.types import GARMENTS, Detection, Pixels

USUAL = Plan()
_STEPS, _SIDE, _BATCH, _RATE = 1500, 320, 8, 5e-4
_SMALLEST = 64  # pixels: a smaller square has fewer places than boxes are asked for
_LOOKED_AT = 200  # pictures that a validation looks at; the last one looks at all
_FAINTEST = 0.02  # scores that average precision is told of
_NAMING = "heat.1."  # the layer that names; begun anew where other labels are learned


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training of a detector left behind."""

    spec: Path
    figures: Mapping[str, float]  # of the graph, on what no batch came from: mAP50, mAP50-95, AP50 of each label
    counts: tuple[int, int]  # pictures trained on, held out


def train_detector(
    marked: Annotations,
    out: Path,
    *,
    start: str = DEFAULT,
    hold_out: float = 0.15,
    plan: Plan = USUAL,
    say: Say = lambda words: None,
) -> Trained:
    """Learn to box a user's own labels, and say how well the graph that is made of it does on pictures held out.

    marked: as `annotations.converting.open_annotations` gives it; labels of `types.GARMENTS` come out as garments.
    start: `default` begins with EfficientNet-lite0's weights of ImageNet, the path of the spec of a detector made
    here with that one's. hold_out: the share of pictures that figures come from, where no folder says which
    (`boxed.read_boxed`). Raises `LookalikeError` where there is too little to learn from.
    """
    torch = require("torch", extra="train", to="train a detector")
    require("pycocotools.coco", extra="train", to="score detections by COCO's rules")
    side = plan.side or _SIDE
    if side % 32 or side < _SMALLEST:
        raise LookalikeError(f"a side of {side} pixels: a detector takes a multiple of 32, {_SMALLEST} at least")
    found = read_boxed(marked, hold_out=hold_out)
    counts = len(found.train), len(found.held)
    say(f"{counts[0]:,} pictures to learn from, {counts[1]:,} held out; labels: {', '.join(found.labels)}")
    for reason, count in found.skipped.most_common():
        say(f"{count:,} skipped: {reason}")
    torch.manual_seed(plan.seed)
    network = _begun(start, found.labels, say=say)
    task = DetectingTask(network, found, side=side, batch=plan.size or _BATCH)
    rate = plan.rate or _RATE
    usual = Schedule(
        steps=_STEPS,
        rate=rate,
        head_rate=4 * rate,
        heads=("across", "smooth", "heat", "edges"),
        cooldown=0.5,
        average=0.99,
        validate_every=300,
    )
    curves = planned_training(task, usual, plan, out, say)
    spec = _write(network, found, out, side=side)
    figures = _precision(OnnxDetector(read_spec(spec), at_least=_FAINTEST), found.held, found.labels)
    _write_card(spec, found, figures, curves, start=start)
    return Trained(spec, figures, counts)


class DetectingTask:
    """Boxes with labels. See `lookalike.training.loop.Task`. network: as `centre_net` makes it."""

    def __init__(self, network: Any, boxed: BoxedSet, *, side: int, batch: int) -> None:
        self.network, self._boxed, self._side, self._batch = network, boxed, side, batch

    def batch(self, rng: np.random.Generator, share: float) -> Batch:
        squares, boxes = [], []
        for at in rng.integers(len(self._boxed.train), size=self._batch).tolist():
            one = self._boxed.train[at]
            pixels, corners, numbers = random_view(
                one.pixels(self._side), one.corners, one.numbers, self._side, rng
            )
            squares.append(pixels)
            boxes.append((corners, numbers))
        return {"pixels": fed(squares), **targets(boxes, len(self._boxed.labels), self._side)}

    def losses(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        heat, distances = self.network(batch["pixels"])
        return {
            "heat loss": heat_loss(heat, batch["heat"]),
            "edge loss": edge_loss(distances, batch["corners"], batch["weight"]),
        }

    def validate(self, network: Any) -> dict[str, float]:
        held = self._boxed.held[:_LOOKED_AT]
        figures = _precision(_Learner(network, self._boxed.labels, self._side), held, self._boxed.labels)
        return {name: figures[name] for name in ("mAP50-95", "mAP50")}


class _Learner:
    """A network that is being trained, as a detector of squares."""

    def __init__(self, network: Any, labels: Sequence[str], side: int) -> None:
        self._network, self._labels, self._side = network, labels, side

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
        torch = require("torch", extra="train", to="train a detector")
        device = next(self._network.parameters()).device
        found = []
        with torch.inference_mode():
            for pixels in pictures:
                seen = whole_view(pixels, self._side)
                rows = self._network.rows(torch.from_numpy(fed([seen.pixels])).to(device))
                candidates = decode_end(rows.float().cpu().numpy(), len(self._labels))
                found.append(on_picture(candidates, seen, self._labels))
        return found


def _precision(detector: Detector, held: Sequence[Boxed], labels: Sequence[str]) -> Mapping[str, float]:
    """Average precision; one picture at a time, as they may be many."""
    found = [detector.detect([one.pixels(2 * _SIDE)])[0] for one in held]
    sizes = [(one.width, one.height) for one in held]
    return average_precision([one.truth(labels) for one in held], found, sizes, labels=labels)


def _begun(start: str, labels: Sequence[str], *, say: Say) -> Any:
    network = centre_net(lite0_trunk(), len(labels))
    if start == DEFAULT:
        return network
    spec = find_spec(start)
    if not spec.trainable:
        raise ModelError(f"{spec.name} has no weights to train on: begin with {DEFAULT}, or a detector made here")
    path = find_companion(spec, spec.trainable)
    weights = read_weights(path)
    if tuple(spec.labels) != tuple(labels):
        weights = {name: value for name, value in weights.items() if not name.startswith(_NAMING)}
    try:
        found = network.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise ModelError(f"{path} holds another network than a detector made here") from error
    if found.unexpected_keys:
        raise ModelError(f"{path} holds another network: {found.unexpected_keys[0]} does not fit")
    say(f"beginning with the weights of {spec.name}")
    return network


def _write(network: Any, found: BoxedSet, out: Path, *, side: int) -> Path:
    """Weights, graph and spec; the spec's path."""
    name = out.resolve().name
    network.to("cpu").eval()
    weights = out / f"{name}.safetensors"
    save_weights(network.state_dict(), weights)
    load_weights(network, weights)  # so that the graph is made of what the file holds
    seen = fed([whole_view(found.held[0].pixels(side), side).pixels])
    graph = export_detector(network, out / f"{name}.onnx", pixels={"pixels": seen})
    table = {
        "name": name,
        "role": "detector",
        "kind": "onnx-yolo-end",
        "summary": f"Boxes {', '.join(found.labels[:4])}{' ...' if len(found.labels) > 4 else ''}",
        "licence": "yours, as far as the weights it began with and your pictures allow",
        "source": "made by lookalike train detector",
        "weights": f"file:{graph.name}",
        "trainable": f"file:{weights.name}",
        "sha256": sha256(graph),
        "labels": list(found.labels),
    }
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    lines += ["", "[input]", f"side = {side}", f"mean = {list(CENTRED.mean)}", f"std = {list(CENTRED.std)}"]
    spec = out / f"{name}.toml"
    write_text(spec, "\n".join(lines) + "\n", "spec")
    return spec


def _write_card(spec: Path, found: BoxedSet, figures: Mapping[str, float], curves: Curves, *, start: str) -> None:
    ours = (
        ", ".join(label for label in found.labels if label in GARMENTS)
        or "none: map them in [garments] of the spec"
    )
    rows = "\n".join(f"| {name} | {value:.3f} |" for name, value in figures.items())
    write_text(
        spec.with_suffix(".md"),
        f"# {spec.stem}\n\nCentres on a heat map and the distances to their edges, on EfficientNet-lite0; begun "
        f"with {start}, {int(curves.figures[-1]['step']):,} steps, best at {int(curves.best['step']):,}.\n"
        f"Trained on {len(found.train):,} pictures, {len(found.held):,} held out. "
        f"Labels that are garments: {ours}.\n\n"
        f"| the graph, by COCO's rules, on what was held out | |\n|---|---|\n{rows}\n",
        "card",
    )
