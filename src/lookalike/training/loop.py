"""The one training loop: take a batch, lower its losses, and now and then look how good the network has become.

What is trained is a `Task`; how long and how fast is a `Schedule`. A run writes into its folder

    last.safetensors   weights, their running average, and the optimiser's state, every few minutes
    best.safetensors   the averaged weights that validated best: what the run is for
    curves.json        every loss and every figure by step

and goes on from there when it is started again: batches are drawn by the seed and the number of the step, so a run
that was killed ends where one that was not would have.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.extras import require

Batch = dict[str, Any]  # name -> array of numpy; the loop makes tensors of them
Say = Callable[[str], None]
_AHEAD = 3  # batches that are made while the network is busy


class Task(Protocol):
    """What is learned: a network, where its batches come from, what is minimised, and how good it is."""

    network: Any  # a torch.nn.Module

    def batch(self, rng: np.random.Generator, share: float) -> Batch:
        """The arrays of one step. share: how much of the run is over, 0..1."""
        ...

    def losses(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Named scalars; their sum is minimised."""
        ...

    def validate(self, network: Any) -> dict[str, float]:
        """Named figures on data that no batch comes from; the first decides which weights are the best."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long, how fast, how often.

    The rate rises over `warmup` steps, stays, and falls to nothing over the last `cooldown` share of the steps,
    where most of the gain of a falling rate lies (Hägele et al., Scaling Laws and Compute-Optimal Training Beyond
    Fixed Training Durations, 2024).
    """

    steps: int = 1000
    rate: float = 5e-4
    head_rate: float = 2e-3  # for parameters that start at random: names beginning with one of `heads`
    heads: tuple[str, ...] = ("neck", "heads")
    decay: float = 0.02
    warmup: int = 100
    cooldown: float = 0.3
    average: float = 0.998  # share that the running average of the weights keeps of itself each step
    validate_every: int = 250
    save_every: int = 100
    patience: int = 0  # validations without a better figure before the run stops; 0 never stops
    seed: int = 0

    def factor(self, step: int) -> float:
        """What the rate is multiplied by at a step."""
        falling = self.steps * self.cooldown
        return min(1.0, (step + 1) / max(1, self.warmup), (self.steps - step) / max(1.0, falling))


@dataclass(slots=True)
class Curves:
    """What happened, by step: the picture of a training."""

    losses: list[dict[str, float]] = field(default_factory=list)
    figures: list[dict[str, float]] = field(default_factory=list)

    @property
    def best(self) -> dict[str, float]:
        """The figures of the best validation; empty before the first."""
        return max(self.figures, key=_leading, default={})

    @property
    def since_best(self) -> int:
        """Validations after the best one."""
        return len(self.figures) - 1 - self.figures.index(self.best) if self.figures else 0


def train(
    task: Task, schedule: Schedule, folder: Path, *, say: Say = lambda words: None, compiled: bool = False
) -> Curves:
    """Train until the schedule ends or nothing gets better, and leave the best weights in the task's network.

    compiled: let PyTorch compile the network first; half a minute that a long run gains back many times.
    """
    torch = require("torch", extra="train", to="train a model")
    torch.set_flush_denormal(True)
    torch.manual_seed(schedule.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder.mkdir(parents=True, exist_ok=True)
    network = task.network.to(device)
    optimiser = torch.optim.AdamW(_groups(network, schedule), lr=schedule.rate)
    average = {name: value.detach().clone().float() for name, value in network.state_dict().items()}
    curves, begin = _resume(folder, schedule, network, optimiser, average, say)
    forward = network.forward
    if compiled:
        network.forward = torch.compile(forward)
    recent: dict[str, list[float]] = {}
    started, first = time.monotonic(), begin
    network.train()
    with _ahead(task, schedule, begin) as batches:
        for step, arrays in zip(range(begin, schedule.steps), batches, strict=False):
            for group in optimiser.param_groups:
                group["lr"] = group["rate"] * schedule.factor(step)
            batch = {name: _tensor(torch, array, device) for name, array in arrays.items()}
            losses = task.losses(batch)
            optimiser.zero_grad(set_to_none=True)
            sum(losses.values()).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            _follow(average, network, min(schedule.average, (step + 1) / (step + 10)))
            for name, loss in losses.items():
                recent.setdefault(name, []).append(float(loss.detach()))
            done = step + 1
            if done % schedule.save_every == 0 or done == schedule.steps:
                means = {name: float(np.mean(values)) for name, values in recent.items()}
                if not all(math.isfinite(mean) for mean in means.values()):
                    raise LookalikeError(f"the losses are {means} at step {done}: lower the rate {schedule.rate}")
                recent.clear()
                curves.losses.append({"step": done, **means})
                pace = (time.monotonic() - started) / (done - first)
                left = pace * (schedule.steps - done) / 60
                shown = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
                say(f"step {done:,} of {schedule.steps:,}, {left:.0f} min left: {shown}")
                _save(folder, network, optimiser, average, curves, done, schedule)
            if done % schedule.validate_every == 0 or done == schedule.steps:
                network.forward = forward
                _validate(task, network, average, curves, done, folder, say)
                if compiled:
                    network.forward = torch.compile(forward)
                network.train()
                _save(folder, network, optimiser, average, curves, done, schedule)
                if schedule.patience and curves.since_best >= schedule.patience:
                    say(f"stopped at step {done:,}: no better for {curves.since_best} validations")
                    break
    network.forward = forward
    load_weights(network, folder / "best.safetensors")
    network.eval()
    return curves


def load_weights(network: Any, path: Path) -> None:
    """Put weights from a safetensors file into a network of the same shape."""
    safetensors = require("safetensors.torch", extra="train", to="read weights")
    network.load_state_dict(safetensors.load_file(str(path)))


def save_weights(state: Mapping[str, Any], path: Path) -> None:
    """Write named tensors in one step: a reader sees the old file or the new one."""
    safetensors = require("safetensors.torch", extra="train", to="save weights")
    part = path.with_suffix(".part")
    safetensors.save_file({name: value.detach().cpu().contiguous() for name, value in state.items()}, str(part))
    part.replace(path)


# -- inside ------------------------------------------------------------------------------------------


def _groups(network: Any, schedule: Schedule) -> list[dict[str, Any]]:
    """Parameters by rate; biases and norms do not decay."""
    groups: dict[tuple[bool, bool], list[Any]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith(schedule.heads), parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "rate": schedule.head_rate if is_head else schedule.rate,
            "weight_decay": schedule.decay if decays else 0.0,
        }
        for (is_head, decays), parameters in groups.items()
    ]


@contextmanager
def _ahead(task: Task, schedule: Schedule, begin: int) -> Iterator[Iterator[Batch]]:
    """Batches in order, made by a thread while the network works."""

    def make(step: int) -> Batch:
        return task.batch(np.random.default_rng((schedule.seed, step)), step / schedule.steps)

    pool = ThreadPoolExecutor(1, thread_name_prefix="batches")

    def in_order() -> Iterator[Batch]:
        waiting = [pool.submit(make, step) for step in range(begin, min(begin + _AHEAD, schedule.steps))]
        for step in range(begin, schedule.steps):
            if step + _AHEAD < schedule.steps:
                waiting.append(pool.submit(make, step + _AHEAD))
            yield waiting.pop(0).result()

    try:
        yield in_order()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _tensor(torch: Any, array: Any, device: Any) -> Any:
    tensor = torch.from_numpy(array).to(device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _follow(average: dict[str, Any], network: Any, keep: float) -> None:
    for name, value in network.state_dict().items():
        average[name].lerp_(value.detach().float(), 1 - keep)


def _averaged(network: Any, average: Mapping[str, Any]) -> dict[str, Any]:
    return {name: average[name].to(value.dtype) for name, value in network.state_dict().items()}


def _validate(
    task: Task, network: Any, average: Mapping[str, Any], curves: Curves, done: int, folder: Path, say: Say
) -> None:
    """Look at the averaged weights; keep them if none were better."""
    torch = require("torch", extra="train", to="train a model")
    live = {name: value.detach().clone() for name, value in network.state_dict().items()}
    network.load_state_dict(_averaged(network, average))
    network.eval()
    with torch.inference_mode():
        figures = {"step": float(done), **task.validate(network)}
    curves.figures.append(figures)
    say("validation: " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items() if name != "step"))
    if curves.best is figures:
        save_weights(network.state_dict(), folder / "best.safetensors")
    network.load_state_dict(live)


def _leading(figures: Mapping[str, float]) -> float:
    return next(value for name, value in figures.items() if name != "step")


def _save(
    folder: Path,
    network: Any,
    optimiser: Any,
    average: Mapping[str, Any],
    curves: Curves,
    done: int,
    schedule: Schedule,
) -> None:
    torch = require("torch", extra="train", to="train a model")
    state = {f"network/{name}": value for name, value in network.state_dict().items()}
    state |= {f"average/{name}": value for name, value in average.items()}
    for number, kept in optimiser.state_dict()["state"].items():
        state |= {f"optimiser/{number}/{name}": value for name, value in kept.items()}
    save_weights({**state, "done": torch.tensor(done)}, folder / "last.safetensors")
    part = folder / "curves.part"
    part.write_text(json.dumps({"schedule": asdict(schedule), "losses": curves.losses, "figures": curves.figures}))
    part.replace(folder / "curves.json")


def _resume(
    folder: Path, schedule: Schedule, network: Any, optimiser: Any, average: dict[str, Any], say: Say
) -> tuple[Curves, int]:
    """Go on from the folder's last checkpoint, if it has one: curves and the step to begin with."""
    path = folder / "last.safetensors"
    if not path.exists():
        return Curves(), 0
    safetensors = require("safetensors.torch", extra="train", to="go on with a training")
    state = safetensors.load_file(str(path))
    try:
        network.load_state_dict({name: state[f"network/{name}"] for name in network.state_dict()})
        for name, value in average.items():
            value.copy_(state[f"average/{name}"])
    except (KeyError, RuntimeError) as error:
        raise LookalikeError(f"{path} is of another network: give a new folder, or delete it") from error
    kept: dict[int, dict[str, Any]] = {}
    for name, value in state.items():
        if name.startswith("optimiser/"):
            _, number, field_name = name.split("/", 2)
            kept.setdefault(int(number), {})[field_name] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": kept})
    story = json.loads((folder / "curves.json").read_text())
    done = int(state["done"])
    curves = Curves(
        [row for row in story["losses"] if row["step"] <= done],
        [row for row in story["figures"] if row["step"] <= done],
    )
    say(f"going on from step {done:,} of {schedule.steps:,}")
    return curves, done
