"""The one training loop: take a batch, lower its losses, and now and then look how good the network has become.

What is trained is a `Task`; how long and how fast is a `Schedule`. A run writes into its folder

    last.safetensors   weights, their running average, the optimiser's state and the curves, every few minutes
    best.safetensors   the averaged weights that validated best: what the run is for
    curves.json, .png  every loss and every figure by step, for programs and for people

and goes on from `last.safetensors` when it is started again. Batches, and whatever a network draws by chance, hang
on the seed and the number of the step alone, so on one machine a run that was killed ends, bit for bit, where one
that was not would have.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.extras import require
from lookalike.media.charts import Panel, write_chart

Batch = dict[str, Any]  # name -> array of numpy; the loop makes tensors of them
Say = Callable[[str], None]
_AHEAD = 3  # batches that are made while the network is busy
_MAKERS = max(1, (os.cpu_count() or 1) // 2)  # threads that make them
_PACED = 6  # steps that the pace is measured on, the first of them not counted
_LOSS = "loss"  # figures whose name has this word are drawn among the losses


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
    clip: float = 5.0  # the longest gradient that is followed as it is; 0 follows any
    warmup: int = 100
    cooldown: float = 0.3
    average: float = 0.998  # share that the running average of the weights keeps of itself each step
    validate_every: int = 250
    save_every: int = 100
    patience: int = 0  # validations without a better figure before the run stops; 0 never stops
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "validate_every", "save_every"):
            if getattr(self, name) < 1:
                raise LookalikeError(f"{name} is {getattr(self, name)}: a training takes at least 1")

    def factor(self, step: int) -> float:
        """What the rate is multiplied by at a step.

        >>> [Schedule(steps=100, warmup=10, cooldown=0.5).factor(step) for step in (0, 9, 50, 75)]
        [0.1, 1.0, 1.0, 0.5]
        """
        falling = self.steps * self.cooldown
        return min(1.0, (step + 1) / max(1, self.warmup), (self.steps - step) / max(1.0, falling))


@dataclass(slots=True)
class Curves:
    """What happened, by step: the picture of a training."""

    losses: list[dict[str, float]] = field(default_factory=list)
    figures: list[dict[str, float]] = field(default_factory=list)

    @property
    def best(self) -> dict[str, float]:
        """The figures of the best validation, the first of equals; empty before the first."""
        return max(self.figures, key=_leading, default={})

    @property
    def since_best(self) -> int:
        """Validations after the best one."""
        return len(self.figures) - 1 - self.figures.index(self.best) if self.figures else 0


def train(task: Task, schedule: Schedule, folder: Path, *, say: Say = lambda words: None) -> Curves:
    """Train until the schedule ends or nothing gets better, and leave the best weights in the task's network.

    Raises `LookalikeError` where losses are no numbers any more, or the folder holds another run.
    """
    run = _Run(task, schedule, folder, say)
    run.resume()
    with _batches(task, schedule, run.done) as batches:
        while run.done < schedule.steps and not run.is_stuck:
            run.step(next(batches))
            is_last = run.done == schedule.steps
            is_looked_at = is_last or run.done % schedule.validate_every == 0
            if is_looked_at or run.done % schedule.save_every == 0:
                run.sum_up()
                if is_looked_at:
                    run.validate()
                run.save()
    if run.is_stuck:
        say(f"stopped at step {run.done:,}: no better for {run.curves.since_best} validations")
    load_weights(run.network, folder / "best.safetensors")
    run.network.eval()
    return run.curves


def lasting(schedule: Schedule, minutes: float, task: Task, folder: Path, *, say: Say) -> Schedule:
    """The schedule with as many steps as fit into the minutes, by the pace of a few that are then taken back.

    A folder that holds a run keeps to the schedule that the run began with.
    """
    kept = kept_schedule(folder)
    if kept is not None:
        return kept
    few = replace(schedule, steps=_PACED)
    task.network.to(_device(require("torch", extra="train", to="train a model")))
    ended: list[float] = []
    with _passing(task.network) as network, _batches(task, few, 0) as batches:
        optimiser = _optimiser(network, few)
        for step, batch in enumerate(batches):
            _descend(task, network, optimiser, batch, few, step)
            ended.append(time.monotonic())
    pace = (ended[-1] - ended[0]) / (len(ended) - 1)
    steps = max(1, int(minutes * 60 / pace))
    say(f"{steps:,} steps fit into {minutes:g} minutes, at {pace:.2f} s each")
    fewer = min(1.0, steps / schedule.steps)
    return replace(
        schedule,
        steps=steps,
        warmup=round(schedule.warmup * fewer),
        validate_every=max(1, round(schedule.validate_every * fewer)),
        save_every=max(1, round(schedule.save_every * fewer)),
    )


def kept_schedule(folder: Path) -> Schedule | None:
    """The schedule of the run that a folder holds; None where it holds none."""
    path = folder / "last.safetensors"
    if not path.exists():
        return None
    return _schedule(_read(path)[1])


def load_weights(network: Any, path: Path) -> None:
    """Put weights from a safetensors file into a network of the same shape."""
    tensors, _ = _read(path)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise LookalikeError(f"{path} has the weights of another network") from error


def read_weights(path: Path) -> dict[str, Any]:
    """The named tensors of a safetensors file."""
    return _read(path)[0]


def save_weights(state: Mapping[str, Any], path: Path, *, words: Mapping[str, str] | None = None) -> None:
    """Write named tensors in one step: a reader sees the old file or the new one. words: kept beside them."""
    safetensors = require("safetensors.torch", extra="train", to="save weights")
    part = path.with_suffix(".part")
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    safetensors.save_file(tensors, str(part), metadata=dict(words or {}))
    part.replace(path)


# -- inside ------------------------------------------------------------------------------------------


class _Run:
    """A training on its way: what has to be kept so that it can go on."""

    def __init__(self, task: Task, schedule: Schedule, folder: Path, say: Say) -> None:
        torch = require("torch", extra="train", to="train a model")
        torch.set_flush_denormal(True)
        folder.mkdir(parents=True, exist_ok=True)
        self._torch, self._task, self._schedule, self._folder, self._say = torch, task, schedule, folder, say
        _keep_freed_memory()
        self.network = task.network.to(_device(torch), memory_format=torch.channels_last)
        self._optimiser = _optimiser(self.network, schedule)
        self._average = {name: value.detach().clone().float() for name, value in self.network.state_dict().items()}
        self._recent: dict[str, list[Any]] = {}
        self._began = (time.monotonic(), 0)
        self.curves, self.done = Curves(), 0

    @property
    def is_stuck(self) -> bool:
        """Whether patience is over."""
        return 0 < self._schedule.patience <= self.curves.since_best

    def step(self, batch: Batch) -> None:
        losses = _descend(self._task, self.network, self._optimiser, batch, self._schedule, self.done)
        keep = min(self._schedule.average, (self.done + 1) / (self.done + 10))
        for name, value in self.network.state_dict().items():
            self._average[name].lerp_(value.detach().float(), 1 - keep)
        for name, loss in losses.items():
            self._recent.setdefault(name, []).append(loss.detach())
        self.done += 1

    def sum_up(self) -> None:
        """The mean losses since the last time, into the curves. Raises `LookalikeError` for what is no number."""
        means = {name: float(self._torch.stack(losses).mean()) for name, losses in self._recent.items()}
        if not all(math.isfinite(mean) for mean in means.values()):
            raise LookalikeError(
                f"the losses are {means} at step {self.done}: lower the rate {self._schedule.rate}"
            )
        self._recent.clear()
        self.curves.losses.append({"step": self.done, **means})
        pace = (time.monotonic() - self._began[0]) / (self.done - self._began[1])
        left = pace * (self._schedule.steps - self.done) / 60
        self._say(f"step {self.done:,} of {self._schedule.steps:,}, {left:.0f} min left: {_spelled(means)}")

    def validate(self) -> None:
        """Look at the averaged weights; keep them if none were better."""
        with _passing(self.network) as network:
            state = network.state_dict()
            network.load_state_dict({name: self._average[name].to(value.dtype) for name, value in state.items()})
            network.eval()
            with self._torch.inference_mode():
                figures = {"step": float(self.done), **self._task.validate(network)}
            self.curves.figures.append(figures)
            self._say("validation: " + _spelled({n: v for n, v in figures.items() if n != "step"}))
            if self.curves.best is figures:
                save_weights(network.state_dict(), self._folder / "best.safetensors")
        write_chart(self._folder / "curves.png", _panels(self.curves))

    def save(self) -> None:
        """All that a later run needs, in one file, and the curves beside it for whoever looks on."""
        state = {f"network/{name}": value for name, value in self.network.state_dict().items()}
        state |= {f"average/{name}": value for name, value in self._average.items()}
        for number, kept in self._optimiser.state_dict()["state"].items():
            state |= {f"optimiser/{number}/{name}": value for name, value in kept.items()}
        story = {"done": self.done, "schedule": asdict(self._schedule), **asdict(self.curves)}
        save_weights(state, self._folder / "last.safetensors", words={"story": json.dumps(story)})
        part = self._folder / "curves.part"
        part.write_text(json.dumps(story), encoding="utf-8")
        part.replace(self._folder / "curves.json")

    def resume(self) -> None:
        """Go on from the folder's last checkpoint, if it has one."""
        path = self._folder / "last.safetensors"
        if not path.exists():
            return
        state, words = _read(path)
        self._check_schedule(_schedule(words))
        try:
            _check_names(state, self.network.state_dict())
            self.network.load_state_dict({n: state[f"network/{n}"] for n in self.network.state_dict()})
        except (KeyError, RuntimeError) as error:
            raise LookalikeError(f"{path} is of another network: give a new folder, or delete it") from error
        for name, value in self._average.items():
            value.copy_(state[f"average/{name}"])
        kept: dict[int, dict[str, Any]] = {}
        for name, value in state.items():
            if name.startswith("optimiser/"):
                _, number, field_name = name.split("/", 2)
                kept.setdefault(int(number), {})[field_name] = value
        self._optimiser.load_state_dict({**self._optimiser.state_dict(), "state": kept})
        story = json.loads(words["story"])
        self.curves, self.done = Curves(story["losses"], story["figures"]), story["done"]
        self._began = (time.monotonic(), self.done)
        self._say(f"going on from step {self.done:,} of {self._schedule.steps:,}")

    def _check_schedule(self, kept: Schedule) -> None:
        """Raises `LookalikeError` that names the first field in which the folder's run has another schedule."""
        now, then = asdict(self._schedule), asdict(kept)
        for name, value in now.items():
            if value != then[name]:
                raise LookalikeError(
                    f"{self._folder} holds a run with {name} = {then[name]}, not {value}: "
                    "give a new folder, or the same settings to go on"
                )


def _descend(
    task: Task, network: Any, optimiser: Any, batch: Batch, schedule: Schedule, step: int
) -> dict[str, Any]:
    """One step down the losses; what they were."""
    torch = require("torch", extra="train", to="train a model")
    torch.manual_seed((schedule.seed << 32) + step)  # dropout and the like, drawn alike in a run that was resumed
    network.train()
    for group in optimiser.param_groups:
        group["lr"] = group["rate"] * schedule.factor(step)
    device = _device(torch)
    losses = task.losses({name: _tensor(torch, array, device) for name, array in batch.items()})
    optimiser.zero_grad(set_to_none=True)
    sum(losses.values()).backward()
    if schedule.clip:
        torch.nn.utils.clip_grad_norm_(network.parameters(), schedule.clip)
    optimiser.step()
    return losses


def _optimiser(network: Any, schedule: Schedule) -> Any:
    """AdamW, with parameters by rate; biases and norms do not decay."""
    torch = require("torch", extra="train", to="train a model")
    groups: dict[tuple[bool, bool], list[Any]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith(schedule.heads), parameter.ndim > 1), []).append(parameter)
    by_rate = [
        {
            "params": parameters,
            "rate": schedule.head_rate if is_head else schedule.rate,
            "weight_decay": schedule.decay if decays else 0.0,
        }
        for (is_head, decays), parameters in groups.items()
    ]
    return torch.optim.AdamW(by_rate, lr=schedule.rate)


@contextmanager
def _batches(task: Task, schedule: Schedule, begin: int) -> Iterator[Iterator[Batch]]:
    """Batches in order, made by threads while the network works."""

    def make(step: int) -> Batch:
        return task.batch(np.random.default_rng((schedule.seed, step)), step / schedule.steps)

    pool = ThreadPoolExecutor(_MAKERS, thread_name_prefix="batches")

    def in_order() -> Iterator[Batch]:
        ahead = _AHEAD + _MAKERS
        waiting = [pool.submit(make, step) for step in range(begin, min(begin + ahead, schedule.steps))]
        for step in range(begin, schedule.steps):
            if step + ahead < schedule.steps:
                waiting.append(pool.submit(make, step + ahead))
            yield waiting.pop(0).result()

    try:
        yield in_order()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _passing(network: Any) -> Iterator[Any]:
    """The network, whose weights are afterwards what they were before."""
    live = {name: value.detach().clone() for name, value in network.state_dict().items()}
    try:
        yield network
    finally:
        network.load_state_dict(live)


def _keep_freed_memory() -> None:
    """Let glibc keep what a step frees for the next one, instead of giving it back to the kernel page by page.

    EfficientNet-lite0, 128 pictures of 112 x 112, two cores: 53 pictures a second without, 110 with (compiling the
    network gained nothing more). One arena, so that the threads that make batches keep theirs as well: a step of
    the parser's U-Net, 8 views of 336 x 336, 3.8 s instead of 4.2.
    """
    keep = {-4: 0, -1: 2**31 - 1, -2: 2**28, -8: 1}  # M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD, M_ARENA_MAX
    with suppress(OSError, AttributeError):  # another system, another libc
        libc = ctypes.CDLL("libc.so.6")
        for option, value in keep.items():
            libc.mallopt(option, value)


def _device(torch: Any) -> Any:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _tensor(torch: Any, array: Any, device: Any) -> Any:
    tensor = torch.from_numpy(array).to(device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _read(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The tensors of a safetensors file, and the words beside them."""
    safetensors = require("safetensors", extra="train", to="read weights")
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except FileNotFoundError as error:
        raise LookalikeError(f"no weights at {path}") from error
    except safetensors.SafetensorError as error:
        raise LookalikeError(f"{path} is damaged ({error}): delete it") from error


def _schedule(words: Mapping[str, str]) -> Schedule:
    kept = json.loads(words["story"])["schedule"]
    return Schedule(**{**kept, "heads": tuple(kept["heads"])})


def _check_names(state: Mapping[str, Any], network: Mapping[str, Any]) -> None:
    """Raises KeyError where the checkpoint has more or fewer weights than the network."""
    kept = {name.removeprefix("network/") for name in state if name.startswith("network/")}
    if strange := kept ^ set(network):
        raise KeyError(min(strange))


def _leading(figures: Mapping[str, float]) -> float:
    """The figure that decides; one that is no number loses against any."""
    lead = next(value for name, value in figures.items() if name != "step")
    return lead if math.isfinite(lead) else -math.inf


def _spelled(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in numbers.items())


def _panels(curves: Curves) -> list[Panel]:
    """What is minimised, and how good it is, side by side."""
    lines: tuple[dict[str, list[tuple[float, float]]], ...] = ({}, {})
    for rows, of_validation in ((curves.losses, False), (curves.figures, True)):
        for row in rows:
            for name, value in row.items():
                if name != "step" and math.isfinite(value):
                    at = int(of_validation and _LOSS not in name)
                    lines[at].setdefault(name, []).append((row["step"], value))
    return [Panel("Losses", "step", lines[0]), Panel("Figures", "step", lines[1])]
