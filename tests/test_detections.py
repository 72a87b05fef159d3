"""Average precision, where the right figure is known."""

import pytest

pytest.importorskip("pycocotools", reason="needs lookalike[train]")

from lookalike.evaluate.detections import average_precision
from lookalike.types import Box, Detection

SIZES = [(400, 600), (300, 300)]
LABELS = ("topwear", "footwear", "bag")


def at(left: float, top: float, label: str = "topwear", score: float = 1.0, side: float = 0.3) -> Detection:
    return Detection(Box(left, top, left + side, top + side), label, score)


TRUTH = [[at(0.1, 0.1), at(0.5, 0.6, "footwear")], [at(0.2, 0.2)]]


def test_what_is_all_right_scores_one() -> None:
    assert average_precision(TRUTH, TRUTH, SIZES, labels=LABELS) == {
        "mAP50": pytest.approx(1),
        "mAP50-95": pytest.approx(1),
        "topwear": pytest.approx(1),
        "footwear": pytest.approx(1),
    }


def test_a_label_that_is_never_found_scores_nothing() -> None:
    found = [[d for d in picture if d.label == "topwear"] for picture in TRUTH]
    assert average_precision(TRUTH, found, SIZES, labels=LABELS)["mAP50"] == pytest.approx(0.5)


def test_a_shifted_box_counts_at_loose_overlaps_only() -> None:
    found = [[at(0.13, 0.13), at(0.53, 0.63, "footwear")], [at(0.23, 0.23)]]  # overlap .68
    figures = average_precision(TRUTH, found, SIZES, labels=LABELS)
    assert figures["mAP50"] == pytest.approx(1)
    assert figures["mAP50-95"] == pytest.approx(0.4)  # of .5 .55 .6 .65 ... .95


def test_a_surer_mistake_costs_more() -> None:
    wrong = at(0.6, 0.1)
    sure, unsure = (
        average_precision(
            TRUTH, [[*TRUTH[0], Detection(wrong.box, "topwear", score)], TRUTH[1]], SIZES, labels=LABELS
        )
        for score in (1.5, 0.1)
    )
    assert sure["topwear"] < unsure["topwear"] == pytest.approx(1)


def test_nothing_found_is_nothing() -> None:
    assert average_precision(TRUTH, [[], []], SIZES, labels=LABELS)["mAP50"] == 0
