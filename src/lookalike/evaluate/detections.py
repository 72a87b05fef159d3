"""How well boxes are found, by the rules of COCO."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence

import numpy as np

from lookalike.extras import require
from lookalike.types import Detection


def average_precision(
    truth: Sequence[Sequence[Detection]],
    found: Sequence[Sequence[Detection]],
    sizes: Sequence[tuple[int, int]],
    *,
    labels: Sequence[str],
) -> Mapping[str, float]:
    """`mAP50`, `mAP50-95`, and the AP50 of each label, on the same pictures.

    truth, found: for each picture; the masks are not looked at. sizes: width and height of each picture, pixels.
    labels: those that count; one that no picture has is left out of the means. At most 100 boxes a picture.
    Average precision over 10 overlaps from 0.5 to 0.95 (Lin et al., Microsoft COCO, ECCV 2014), by their own code,
    pycocotools. Raises `MissingExtra` without it.
    """
    coco = require("pycocotools.coco", extra="train", to="score detections by COCO's rules")
    scoring = require("pycocotools.cocoeval", extra="train", to="score detections by COCO's rules")
    numbers = {label: number for number, label in enumerate(labels, start=1)}
    with contextlib.redirect_stdout(io.StringIO()):  # it prints
        true = coco.COCO()
        true.dataset = {
            "info": {},
            "images": [{"id": at, "width": w, "height": h} for at, (w, h) in enumerate(sizes)],
            "categories": [{"id": number, "name": label} for label, number in numbers.items()],
            "annotations": _rows(truth, sizes, numbers, scored=False),
        }
        true.createIndex()
        answers = _rows(found, sizes, numbers, scored=True)
        if not answers:
            return {"mAP50": 0.0, "mAP50-95": 0.0}
        judge = scoring.COCOeval(true, true.loadRes(answers), "bbox")
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][:, :, :, 0, 2]  # (overlaps, recalls, labels), all sizes, 100 boxes
    there = precision[0, 0] > -1
    by_label = precision.mean(axis=1)  # (overlaps, labels)
    figures = {"mAP50": float(by_label[0, there].mean()), "mAP50-95": float(by_label[:, there].mean())}
    return figures | {label: float(by_label[0, at]) for at, label in enumerate(labels) if there[at]}


def _rows(
    pictures: Sequence[Sequence[Detection]],
    sizes: Sequence[tuple[int, int]],
    numbers: Mapping[str, int],
    *,
    scored: bool,
) -> list[dict[str, object]]:
    """Boxes as COCO writes them: left, top, width, height in pixels."""
    rows: list[dict[str, object]] = []
    for at, (detections, (width, height)) in enumerate(zip(pictures, sizes, strict=True)):
        for detection in detections:
            if detection.label not in numbers:
                continue
            box = detection.box
            edges = np.array([box.left, box.top, box.right - box.left, box.bottom - box.top])
            inside = (edges * (width, height, width, height)).tolist()
            row = {"image_id": at, "category_id": numbers[detection.label], "bbox": inside}
            if scored:
                rows.append({**row, "score": detection.score})
            else:
                rows.append({**row, "id": len(rows) + 1, "area": inside[2] * inside[3], "iscrowd": 0})
    return rows
