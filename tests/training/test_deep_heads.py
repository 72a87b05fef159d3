"""Hidden units beside plain classifiers: they learn what no row of cosines can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from lookalike.models.attributes import Head
from lookalike.models.reduction import unit
from lookalike.models.specs import find_spec
from lookalike.training import deep_heads
from lookalike.training.deep_heads import MODELS, DeepHeads
from lookalike.training.garments import FIELDS, PLAIN, UNTOLD
from lookalike.training.loop import Schedule, train


def _corners(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points around four corners of a plane, named by whether both signs agree: no line parts them."""
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], size=(n, 2))
    rows = np.hstack([signs + rng.normal(0, 0.2, (n, 2)), rng.normal(0, 0.2, (n, 4))])
    return unit(rows.astype(np.float32)), (signs[:, 0] == signs[:, 1]).astype(np.int64)


def test_what_lines_cannot_part_is_learned_and_the_plain_classifier_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deep_heads, "UNITS", 32)
    rows, truth = _corners(3000, 0)
    held_rows, held_truth = _corners(500, 1)
    plain = {
        "type": Head(("apart", "alike"), unit(np.eye(2, 6, dtype=np.float32)), 8.0),
        "colour": Head(("red", "blue", "green"), unit(np.eye(3, 6, dtype=np.float32)), 8.0),
    }
    unknown = np.full(len(rows), -1)
    task = DeepHeads(
        plain,
        rows,
        {"type": truth, "colour": np.where(truth, 2, unknown)},
        (held_rows, {"type": held_truth, "colour": held_truth + 1}),
    )
    before = task.validate(task.network)["type"]
    train(
        task,
        Schedule(
            steps=150, rate=1e-2, head_rate=1e-2, heads=("into", "out"), warmup=5, average=0.9, validate_every=150
        ),
        tmp_path,
    )
    assert before < 0.7
    learned = task.learned()
    right = learned["type"].shares(held_rows).argmax(axis=1) == held_truth
    assert right.mean() > 0.95
    assert right.mean() == pytest.approx(task.validate(task.network)["type"], abs=0.01)
    assert np.array_equal(learned["type"].rows, plain["type"].rows)
    assert learned["type"].hidden is not None and learned["colour"].hidden is not None
    assert learned["type"].hidden.into is learned["colour"].hidden.into, "so that they are written once"


@pytest.mark.parametrize("model", MODELS)
def test_what_stands_beside_the_embedding_is_written_anew_by_both_trainings(model: str) -> None:
    written = {*FIELDS.values(), UNTOLD, *(f"plain_{field}" for field in PLAIN)}
    assert set(find_spec(model).shares) <= written
