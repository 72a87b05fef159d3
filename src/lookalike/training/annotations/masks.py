"""Indexed masks: `masks/NAME.png`, whose pixels are places in the list of `labels.json`, the background first.

All that one mask shows of a label is one shape. 255 beyond the end of the list is what nobody judged, as in Pascal
VOC's outlines.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np

from lookalike.errors import PictureError
from lookalike.media.masks import UNKNOWN, decode_mask, encode_mask
from lookalike.training.annotations import reading
from lookalike.training.annotations.contours import bitmap_of, mask_of
from lookalike.training.annotations.labels import GROUND
from lookalike.training.annotations.shapes import Annotated, Annotations, Fault, Notes, Rectangle, Shape, Target

LABELS = "labels.json"
FOLDERS = ("masks", "SegmentationClass")


def recognises(source: Path) -> bool:
    return (source / LABELS).is_file()


def read(source: Path, pictures: reading.Pictures, notes: Notes) -> Annotations:
    """The masks of a folder. Raises ValueError where their labels are not told."""
    folder = next((source / name for name in FOLDERS if (source / name).is_dir()), source)
    names = _labels(source / LABELS)
    found = sorted(folder.rglob("*.png"))
    each = (_read(path, path.relative_to(folder), names, pictures, notes) for path in found)
    return Annotations(each, len(found), tuple(name for number, name in enumerate(names) if number))


def _labels(path: Path) -> list[str]:
    if not path.is_file():
        raise ValueError(f"{path} is missing: it must list the labels, the background first")
    document = reading.read_json(path)
    if isinstance(document, dict):  # {"1": "shirt"}
        numbered = {int(number): name for number, name in document.items()}
        if not all(0 <= number < 256 for number in numbered):
            raise ValueError(f"{path} must number its labels from 0 to 255")
        document = [numbered.get(number, f"label {number}") for number in range(max(numbered, default=0) + 1)]
    names = [reading.text(name, f"a label of {path.name}") for name in reading.rows(document, path.name)]
    if len(set(names)) != len(names) or not 0 < len(names) <= 256:
        raise ValueError(f"{path} must list 1 to 256 labels, each of them once")
    return names


def _read(
    path: Path, below: Path, names: list[str], pictures: reading.Pictures, notes: Notes
) -> Annotated | Fault:
    try:
        classes = decode_mask(path.read_bytes())
        present = [int(number) for number in np.unique(classes) if number]
        if present and present[-1] >= len(names) and present[-1] == UNKNOWN:
            present.pop()
            notes["pictures with pixels that nobody judged (255): left out of all shapes"] += 1
        if present and present[-1] >= len(names):
            raise ValueError(f"it has pixels of number {present[-1]}, and labels.json ends at {len(names) - 1}")
        shapes = [
            Shape(names[number], bitmap)
            for number in present
            if (bitmap := bitmap_of(classes == number)) is not None
        ]
        stem = below.with_suffix("").as_posix()
        found = pictures.find(stem)
        found = None if found == path else found
        picture = stem + (found.suffix if found else path.suffix)
        return Annotated(picture, classes.shape[1], classes.shape[0], tuple(shapes), found)
    except (OSError, ValueError, PictureError) as error:
        return reading.fault(path, error)


class Writer:
    """Where shapes overlap the one that is listed later lies on top."""

    pictures = "images"

    def __init__(self, target: Target) -> None:
        self._target = target

    def add(self, annotated: Annotated) -> None:
        classes = np.zeros((annotated.height, annotated.width), np.uint8)
        said: Counter[str] = Counter()
        for shape in annotated.shapes:
            number = 0 if shape.label == GROUND else 1 + self._target.numbers.of(shape.label)
            if number > 255:
                raise ValueError(f"label {shape.label!r} is number {number}: a mask holds 255")
            mask = mask_of(shape.geometry, annotated.width, annotated.height)
            said["boxes: filled, since there is no outline"] += isinstance(shape.geometry, Rectangle)
            said["shapes that cover no pixel's centre: lost"] += not mask.any()
            said["shapes that lie over others: what is under them is lost"] += bool(classes[mask].any())
            classes[mask] = number
        self._target.notes.update(+said)
        path = (self._target.folder / "masks" / annotated.picture).with_suffix(".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_mask(classes))

    def finish(self) -> None:
        (self._target.folder / "masks").mkdir(exist_ok=True)
        labels = [GROUND, *self._target.numbers.labels]
        (self._target.folder / LABELS).write_text(json.dumps(labels, indent=0) + "\n", encoding="utf-8")
