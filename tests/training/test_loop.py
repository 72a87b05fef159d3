"""The loop's law: a training hangs on its seed alone, however often it was stopped on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs the [train] extra: pip install 'lookalike[train]'")

from lookalike.errors import LookalikeError  # noqa: E402 - after the skip
from lookalike.training.loop import Schedule, kept_schedule, lasting, load_weights, read_weights, train  # noqa: E402

pytestmark = pytest.mark.train
torch.set_num_threads(1)  # networks this small gain nothing from a second
SHORT = Schedule(
    steps=24,
    rate=0.02,
    head_rate=0.05,
    heads=("2",),
    warmup=2,
    validate_every=7,
    save_every=4,
    average=0.8,
    seed=5,
)


class Line:
    """Learns a line through points, by a network with dropout and batch norm: both must survive a stop."""

    def __init__(self, width: int = 6, *, worse: bool = False, broken_at: float = 2.0) -> None:
        torch.manual_seed(1)
        nn = torch.nn
        self.network = nn.Sequential(
            nn.Linear(3, width), nn.BatchNorm1d(width), nn.Linear(width, 1), nn.Dropout(0.3)
        )
        self._worse, self._broken_at, self.validated = worse, broken_at, 0

    def batch(self, rng: np.random.Generator, share: float) -> dict[str, Any]:
        points = rng.standard_normal((16, 3)).astype(np.float32)
        wanted = points.sum(1, keepdims=True)
        return {"points": points * np.float32(np.nan if share >= self._broken_at else 1), "wanted": wanted}

    def losses(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        apart = self.network(batch["points"]) - batch["wanted"]
        return {"squares": apart.pow(2).mean(), "size": 0.01 * apart.abs().mean()}

    def validate(self, network: Any) -> dict[str, float]:
        self.validated += 1
        points = torch.linspace(-1, 1, 30).reshape(10, 3)
        apart = float((network(points) - points.sum(1, keepdim=True)).abs().mean())
        return {"nearness": -float(self.validated) if self._worse else -apart, "held-out loss": apart}


def equal(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class Killed(Exception):  # noqa: N818 - reads as the fact it is
    """As a machine is switched off."""


def killed_at(task: Line, folder: Path, step: int) -> None:
    """Train until a batch of this step is asked for, and stop there without a word."""
    whole = task.losses
    count = json.loads((folder / "curves.json").read_text())["done"] if (folder / "curves.json").exists() else 0

    def losses(batch: Mapping[str, Any]) -> dict[str, Any]:
        nonlocal count
        if count == step:
            raise Killed
        count += 1
        return whole(batch)

    task.losses = losses  # type: ignore[method-assign]
    with pytest.raises(Killed):
        train(task, SHORT, folder)


def test_a_run_that_was_killed_twice_ends_bit_for_bit_where_one_that_was_not_does(tmp_path: Path) -> None:
    undisturbed = Line()
    curves = train(undisturbed, SHORT, tmp_path / "whole")
    killed_at(Line(), tmp_path / "parts", 6)  # between two checkpoints: what came after the first is done again
    killed_at(Line(), tmp_path / "parts", 15)
    resumed = Line()
    said: list[str] = []
    again = train(resumed, SHORT, tmp_path / "parts", say=said.append)

    assert said[0] == "going on from step 14 of 24"
    assert again == curves
    assert equal(resumed.network.state_dict(), undisturbed.network.state_dict())
    for file in ("last.safetensors", "best.safetensors"):
        assert equal(read_weights(tmp_path / "whole" / file), read_weights(tmp_path / "parts" / file))


def test_the_seed_decides_and_nothing_else(tmp_path: Path) -> None:
    ends = []
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        task = Line()
        train(task, replace(SHORT, seed=seed), tmp_path / name)
        ends.append(task.network.state_dict())
    assert equal(ends[0], ends[1])
    assert not equal(ends[0], ends[2])


def test_losses_fall_and_the_best_weights_are_kept(tmp_path: Path) -> None:
    task = Line()
    curves = train(task, replace(SHORT, steps=200, validate_every=20), tmp_path)
    assert curves.losses[-1]["squares"] < 0.7 * curves.losses[0]["squares"]
    with torch.inference_mode():
        assert task.validate(task.network)["nearness"] == pytest.approx(curves.best["nearness"], abs=1e-6)
    assert curves.best["nearness"] == max(row["nearness"] for row in curves.figures)


def test_a_run_that_gets_no_better_stops_early_and_stays_stopped(tmp_path: Path) -> None:
    schedule = replace(SHORT, steps=500, validate_every=3, patience=2)
    said: list[str] = []
    curves = train(Line(worse=True), schedule, tmp_path, say=said.append)
    assert [row["step"] for row in curves.figures] == [3, 6, 9]
    assert said[-1] == "stopped at step 9: no better for 2 validations"
    again = Line(worse=True)
    assert train(again, schedule, tmp_path) == curves
    assert again.validated == 0


def test_losses_that_are_no_numbers_stop_the_run_before_they_are_kept(tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match=r"the losses are .*nan.* at step 14: lower the rate 0\.02"):
        train(Line(broken_at=0.5), SHORT, tmp_path)
    assert all(torch.isfinite(tensor).all() for tensor in read_weights(tmp_path / "last.safetensors").values())


def test_another_network_in_the_folder_is_an_error_that_says_so(tmp_path: Path) -> None:
    train(Line(), SHORT, tmp_path)
    with pytest.raises(LookalikeError, match="is of another network: give a new folder"):
        train(Line(width=7), SHORT, tmp_path)
    deeper = Line()
    deeper.network.append(torch.nn.Linear(1, 1))
    with pytest.raises(LookalikeError, match="is of another network"):
        train(deeper, SHORT, tmp_path)
    with pytest.raises(LookalikeError, match="weights of another network"):
        load_weights(Line(width=7).network, tmp_path / "best.safetensors")


def test_another_schedule_in_the_folder_is_an_error_that_names_the_field(tmp_path: Path) -> None:
    train(Line(), SHORT, tmp_path)
    with pytest.raises(LookalikeError, match=r"holds a run with rate = 0\.02, not 0\.3: give a new folder"):
        train(Line(), replace(SHORT, rate=0.3), tmp_path)


def test_a_damaged_checkpoint_is_an_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "last.safetensors").write_bytes(b"\0" * 40)
    with pytest.raises(LookalikeError, match=r"last\.safetensors is damaged .*: delete it") as caught:
        train(Line(), SHORT, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_schedule_of_nothing_is_refused() -> None:
    with pytest.raises(LookalikeError, match="steps is 0: a training takes at least 1"):
        Schedule(steps=0)


def test_minutes_become_steps_once_and_the_network_is_as_before(tmp_path: Path) -> None:
    task = Line()
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    said: list[str] = []
    chosen = lasting(SHORT, 0.02, task, tmp_path, say=said.append)
    assert chosen.steps > 1
    assert f"{chosen.steps:,} steps fit into 0.02 minutes" in said[0]
    assert equal(task.network.state_dict(), before)
    shorter = replace(chosen, steps=9, validate_every=3, save_every=3)
    train(task, shorter, tmp_path)
    assert kept_schedule(tmp_path) == shorter
    assert lasting(SHORT, 5.0, Line(), tmp_path, say=said.append) == shorter


def test_the_curves_are_a_picture_with_ink_in_both_panels(tmp_path: Path) -> None:
    train(Line(), SHORT, tmp_path)
    story = json.loads((tmp_path / "curves.json").read_text())
    assert [row["step"] for row in story["losses"]] == [4, 7, 8, 12, 14, 16, 20, 21, 24]
    assert story["schedule"]["seed"] == 5
    with Image.open(tmp_path / "curves.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    coloured = np.ptp(pixels, axis=2) > 60
    half = pixels.shape[1] // 2
    assert coloured[:, :half].sum() > 200
    assert coloured[:, half:].sum() > 200


def test_nothing_is_left_lying_about(tmp_path: Path) -> None:
    train(Line(), SHORT, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("last.safetensors", "best.safetensors", "curves.json", "curves.png"),
    }
