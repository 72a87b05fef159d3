"""The last stages of the encoder: what goes in is what the first ones gave, and only they learn."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite_pytorch")

from lookalike.training import last_stages as module  # noqa: E402
from lookalike.training.garments import HEADS  # noqa: E402
from lookalike.training.last_stages import LastStages, embedded, keep_maps  # noqa: E402
from lookalike.training.loop import Schedule, train  # noqa: E402
from lookalike.training.networks import garment_encoder, last_stages, widened  # noqa: E402
from lookalike.training.samples import Source, fed  # noqa: E402

SIDE, PART = 64, 0.25


@pytest.fixture(scope="module")
def encoder() -> Any:
    torch.manual_seed(0)
    return garment_encoder(dict.fromkeys(HEADS, 3)).eval()


def _pictures(count: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.full((80, 60, 3), rng.integers(0, 256, 3), np.uint8) for _ in range(count)]


def _squares(count: int) -> Any:
    rng = np.random.default_rng(count)
    return torch.from_numpy(fed(list(rng.integers(0, 256, (count, SIDE, SIDE, 3), np.uint8))))


def test_first_and_last_stages_together_are_the_encoder(encoder: Any) -> None:
    stages, pixels = last_stages(encoder, 9).eval(), _squares(2)
    with torch.inference_mode():
        np.testing.assert_allclose(stages(stages.first(pixels)), encoder(pixels), atol=1e-5)


def test_a_wider_embedding_has_the_old_one_in_it(encoder: Any) -> None:
    wide = widened(encoder, 512 + 32, part=PART)
    pixels = _squares(16)
    with torch.inference_mode():
        before = encoder(pixels)
        known = wide.eval()(pixels)[:, :512]
        np.testing.assert_allclose(torch.nn.functional.normalize(known, dim=1), before, atol=1e-5)
        wide.train()
        part = wide(pixels)[:, 512:].square().sum(1)
    assert float(part.mean()) == pytest.approx(PART, abs=0.1)


def test_names_are_learned_while_the_rest_stays_where_it_was(
    encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SIDE", SIDE)
    monkeypatch.setattr(module, "VIEWS", {"fashion": 2, "shop": 2})
    monkeypatch.setattr(module, "SHARES", {"fashion": 12, "shop": 6})
    sources = {}
    for seed, name in enumerate(module.VIEWS):
        pictures = _pictures(9, seed)
        brightest = np.asarray([picture[0, 0].argmax() for picture in pictures])
        labels = dict.fromkeys(HEADS, brightest) if name == "fashion" else {}
        sources[name] = Source(name, pictures, np.arange(9), [None] * 9, labels)
    garments: Any = SimpleNamespace(sources=sources, grounds=[], validate=lambda network: {"type accuracy": 0.0})
    maps = keep_maps(last_stages(encoder, module.FIRST), garments, tmp_path / "views", say=lambda words: None)
    held = {"shop": embedded(last_stages(encoder, module.FIRST), maps["shop"])}
    assert maps["shop"].shape == (18, 4, 4, 112)
    again = keep_maps(None, garments, tmp_path / "views", say=lambda words: None)  # looks at nothing twice
    np.testing.assert_array_equal(again["shop"], maps["shop"])

    wide = widened(encoder, 512 + 32, part=PART)
    stem = {name: value.clone() for name, value in wide.trunk._blocks[8].state_dict().items()}
    task = LastStages(garments, wide, maps, held)
    curves = train(
        task, Schedule(steps=48, warmup=2, rate=1e-3, validate_every=24, save_every=6), tmp_path / "run"
    )

    assert curves.losses[-1]["articleType"] < 0.8 * curves.losses[0]["articleType"]
    assert curves.losses[-1]["held"] < 0.8 * curves.losses[0]["held"]
    for name, value in wide.trunk._blocks[8].state_dict().items():
        assert torch.equal(value, stem[name]), name
