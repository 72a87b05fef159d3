"""The gate: a model takes the place of another only where it is surely better, and worse in nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.evaluate.intervals import Difference, Figure
from lookalike.evaluate.report import Answers, Report, Result
from lookalike.recipe import Recipe
from lookalike.training.promotion import judge, verdict

OUTLINES = Recipe(image="gradients", colour="none")


def test_the_same_model_again_is_refused(cloths: Path) -> None:
    found = judge(cloths, OUTLINES, OUTLINES, hold_out=0.5)
    assert not found.adopted
    assert found.words.startswith("identity R@1 ")
    assert "(+0.000" in found.words
    assert found.words.endswith("it must be better with p below 0.05")


def test_a_clearly_better_one_is_adopted_and_a_clearly_worse_one_is_not(cloths: Path, tmp_path: Path) -> None:
    coloured = Recipe(image="gradients", colour="garment-colours", weights={"image": 0.1, "colour": 1.0})
    better = judge(cloths, OUTLINES, coloured, hold_out=0.5, keep=tmp_path)
    assert better.adopted, better.words
    assert "identity R@1 1.000 against 0." in better.words
    assert len(list(tmp_path.iterdir())) == 2  # the stores, which the next comparison finds
    worse = judge(cloths, coloured, OUTLINES, hold_out=0.5, keep=tmp_path)
    assert not worse.adopted
    assert "identity R@1 0." in worse.words
    assert "(-" in worse.words


def report(**better: tuple[float, float]) -> Report:
    """Questions with how much better the candidate is, and the chance that it is luck."""
    results = []
    for name, (value, p) in better.items():
        kind = "identity" if name == "identity" else "attribute"
        metric = "R@1" if name == "identity" else "P@1"
        first = Answers("current", {metric: Figure(0.5, 0.4, 0.6)}, {})
        second = Answers(
            "candidate",
            {metric: Figure(0.5 + value, 0.4, 0.6)},
            {metric: Difference(value, value - 0.02, value + 0.02, p)},
        )
        results.append(Result(name, kind, 100, 200, (first, second)))
    return Report("shop.csv", 0, tuple(results))


@pytest.mark.parametrize(
    ("better", "adopted"),
    [
        ({"identity": (0.1, 0.001), "colour": (0.0, 1.0)}, True),
        ({"identity": (0.1, 0.20)}, False),  # perhaps luck
        ({"identity": (0.1, 0.001), "colour": (-0.1, 0.01)}, False),  # bought with something else
        ({"identity": (0.1, 0.001), "colour": (-0.1, 0.40)}, True),
        ({"category": (-0.01, 0.6), "category + colour": (0.1, 0.01)}, True),  # the last one has all together
        ({"category": (0.1, 0.001), "category + colour": (0.0, 1.0)}, False),
    ],
)
def test_what_decides(better: dict[str, tuple[float, float]], adopted: bool) -> None:
    assert verdict(report(**better)).adopted is adopted


def test_a_verdict_says_by_how_much_and_how_sure_it_is() -> None:
    assert verdict(report(identity=(0.1, 0.001))).words == (
        "identity R@1 0.600 against 0.500 (+0.100, 95 % from +0.080 to +0.120, p 0.001)"
    )
    lost = verdict(report(identity=(0.1, 0.001), colour=(-0.1, 0.01))).words
    assert "but colour P@1 0.400 against 0.500 (-0.100" in lost
