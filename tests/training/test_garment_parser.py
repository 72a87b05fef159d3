"""How the garment parser is learned: its stages, the photographs it learns from, and the mean that is shipped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lookalike.media.encoding import png
from lookalike.media.masks import UNKNOWN, encode_mask
from lookalike.training.garment_parser import LABELS, SHIPPED, STAGES, labelled, mean_weights


def test_a_stage_begins_with_stages_before_it_and_what_is_shipped_is_one_of_them() -> None:
    done: set[str] = set()
    for stage in STAGES:
        assert set(stage.begin) <= done
        assert sum(stage.shares) == pytest.approx(1)
        done.add(stage.name)
    assert set(SHIPPED) <= done


def test_what_has_no_label_of_ours_is_unknown_and_a_mask_of_another_size_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "masks").mkdir()
    (tmp_path / "labels.json").write_text(json.dumps(["null", "skirt", "kite"]), "utf-8")
    classes = np.repeat(np.uint8([[0, 1, 2]]), 4, axis=0)
    for name, side in (("fits", 3), ("wider", 5)):
        photo = np.full((4, side, 3), 90, np.uint8)
        (tmp_path / "photos" / f"{name}.jpg").write_bytes(png(photo))
        (tmp_path / "masks" / f"{name}.png").write_bytes(encode_mask(classes))
    scenes = labelled(tmp_path, {"skirt": "bottomwear"})
    assert list(scenes) == ["fits"]
    assert scenes["fits"].classes[0].tolist() == [0, LABELS.index("bottomwear"), UNKNOWN]


def test_a_stage_that_is_named_twice_counts_twice(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="training needs PyTorch")
    from lookalike.training.loop import save_weights

    for name, value in (("a", 0.0), ("b", 3.0)):
        (tmp_path / name).mkdir()
        save_weights({"w": torch.full((2,), value)}, tmp_path / name / "best.safetensors")
    assert mean_weights([tmp_path / "a", tmp_path / "b", tmp_path / "b"])["w"].tolist() == [2.0, 2.0]
