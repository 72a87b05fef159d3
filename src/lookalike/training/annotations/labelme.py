"""labelme: a JSON file beside each picture; and `labels.txt`, the list its own tools take.

labelme knows no shape of several parts and no holes. Parts become polygons that share a `group_id`, as its own
conversion to COCO reads them; a shape with holes becomes one of its masks.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from lookalike.errors import PictureError
from lookalike.media.masks import decode_mask, encode_mask
from lookalike.training.annotations import reading
from lookalike.training.annotations.contours import bitmap_of, ellipse, mask_of, placed, polygon_of
from lookalike.training.annotations.shapes import (
    Annotated,
    Annotations,
    Bitmap,
    Fault,
    Geometry,
    Notes,
    Polygon,
    Rectangle,
    Shape,
    Target,
)
from lookalike.types import Mask

VERSION = "5.5.0"  # the labelme whose files these are
LABELS = "labels.txt"
_NO_LABELS = ("__ignore__", "_background_")  # lines of labels.txt that its tools want to see
_THIN = ("line", "linestrip", "point", "points")


def recognises(document: bytes) -> bool:
    return b'"shapes"' in document and b'"imagePath"' in document


def read(source: Path, pictures: reading.Pictures, notes: Notes) -> Annotations:
    folder = source if source.is_dir() else source.parent
    found = sorted(source.rglob("*.json")) if source.is_dir() else [source]
    labels = tuple(label for label in reading.label_list(folder / LABELS) if label not in _NO_LABELS)
    return Annotations((_read(path, folder, pictures, notes) for path in found), len(found), labels)


def _read(path: Path, folder: Path, pictures: reading.Pictures, notes: Notes) -> Annotated | Fault:
    try:
        document = reading.table(reading.read_json(path), "the file")
        name = PurePosixPath(reading.named_below(reading.text(document.get("imagePath"), "imagePath"))).name
        picture = path.relative_to(folder).with_name(name).as_posix()
        beside = path.parent / str(document["imagePath"]).replace("\\", "/")
        found = beside if beside.is_file() else pictures.named(picture)[1]
        said = document.get("imageWidth"), document.get("imageHeight")
        if None in said:
            width, height = reading.size_in(found, picture)
        else:
            width, height = (reading.whole_number(side, "imageWidth or imageHeight") for side in said)
        drawn = [
            (entry.get("group_id"), shape)
            for entry in reading.rows(document.get("shapes"), "shapes")
            if (shape := _shape(reading.table(entry, "a shape"), width, height, notes)) is not None
        ]
        return Annotated(picture, width, height, _grouped(drawn, width, height), found)
    except (OSError, ValueError, PictureError) as error:
        return reading.fault(path, error)


def _shape(entry: Mapping[str, Any], width: int, height: int, notes: Notes) -> Shape | None:
    label = reading.text(entry.get("label"), "a label")
    kind = entry.get("shape_type", "polygon")
    if kind in _THIN:
        notes["points and lines, which cover nothing: left out"] += 1
        return None
    points = reading.rows(entry.get("points"), f"the points of a {label}")
    geometry = _geometry(kind, points, entry.get("mask"), label, width, height)
    return None if geometry is None else Shape(label, geometry)


def _geometry(kind: Any, points: Sequence[Any], mask: Any, label: str, width: int, height: int) -> Geometry | None:
    what = f"the {kind} of a {label}"
    if kind == "polygon":
        return reading.plain_polygon(points, what)
    pairs = [reading.pair(point, what) for point in points]
    if len(pairs) < 2:
        raise ValueError(f"{what} needs two points, and has {len(pairs)}")
    if kind == "circle":  # its centre, and a point on it
        (x, y), edge = pairs[:2]
        radius = reading.length(math.dist((x, y), edge), what)
        return ellipse(x, y, radius, radius)
    across, down = zip(*pairs, strict=True)
    if kind == "rectangle":
        return reading.box(min(across), min(down), max(across), max(down), what)
    if kind == "mask":
        left, top = (reading.whole_number(side, what) for side in (min(across), min(down)))
        return placed(_mask(reading.text(mask, "a mask")), left, top, width, height)
    raise ValueError(f"a shape_type {kind!r} is not known")


def _mask(words: str) -> Mask:
    try:
        mask: Mask = decode_mask(base64.b64decode(words, validate=True)) > 0
        return mask
    except binascii.Error as error:
        raise ValueError(f"a mask is no base64: {error}") from error


def _grouped(drawn: Sequence[tuple[Any, Shape]], width: int, height: int) -> tuple[Shape, ...]:
    """Shapes of one label and one `group_id` as the one thing they are, at the place of the first."""
    groups: dict[tuple[str, Any], list[Shape]] = {}
    for at, (group, shape) in enumerate(drawn):
        key = (shape.label, f"alone {at}" if group is None else f"group {group}")
        groups.setdefault(key, []).append(shape)
    together = [(label, _united(shapes, width, height)) for (label, _), shapes in groups.items()]
    return tuple(Shape(label, geometry) for label, geometry in together if geometry is not None)


def _united(shapes: Sequence[Shape], width: int, height: int) -> Geometry | None:
    if len(shapes) == 1:
        return shapes[0].geometry
    if not any(isinstance(shape.geometry, Bitmap) for shape in shapes):
        return Polygon(tuple(part for shape in shapes for part in polygon_of(shape.geometry).parts))
    mask = mask_of(shapes[0].geometry, width, height)
    for shape in shapes[1:]:
        mask |= mask_of(shape.geometry, width, height)
    return bitmap_of(mask)


class Writer:
    """One file a picture, of the same name."""

    pictures = ""  # beside the files

    def __init__(self, target: Target) -> None:
        self._target = target

    def add(self, annotated: Annotated) -> None:
        for shape in annotated.shapes:
            self._target.numbers.of(shape.label)
        path = (self._target.folder / annotated.picture).with_suffix(".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        entries: list[dict[str, Any]] = []
        for number, shape in enumerate(annotated.shapes):
            entries.extend(_entries(shape, number, annotated, self._target.notes))
        document: dict[str, Any] = {
            "version": VERSION,
            "flags": {},
            "shapes": entries,
            "imagePath": _way(self._target, annotated),
            "imageData": None,
            "imageHeight": annotated.height,
            "imageWidth": annotated.width,
        }
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    def finish(self) -> None:
        labels = [*_NO_LABELS, *self._target.numbers.labels]
        (self._target.folder / LABELS).write_text("\n".join(labels) + "\n", encoding="utf-8")


def _way(target: Target, annotated: Annotated) -> str:
    """From the file to the picture, which may have been copied beside it."""
    if annotated.file is None or (target.folder / annotated.picture).is_file():
        return PurePosixPath(annotated.picture).name
    start = (target.final / annotated.picture).parent
    try:
        return Path(os.path.relpath(annotated.file.resolve(), start.resolve())).as_posix()
    except ValueError:  # another drive
        return str(annotated.file.resolve())


def _entries(shape: Shape, number: int, annotated: Annotated, notes: Counter[str]) -> list[dict[str, Any]]:
    notes["crowds: now a single thing"] += shape.crowd
    if isinstance(shape.geometry, Rectangle):
        box = shape.geometry
        return [_entry(shape.label, "rectangle", [(box.left, box.top), (box.right, box.bottom)])]
    polygon = polygon_of(shape.geometry)
    if any(part.holes for part in polygon.parts):
        bitmap = bitmap_of(mask_of(shape.geometry, annotated.width, annotated.height))
        if isinstance(shape.geometry, Polygon):
            notes["polygons with holes: now masks, to the whole pixel"] += 1
        return [] if bitmap is None else [_mask_entry(shape.label, bitmap)]
    group = number if len(polygon.parts) > 1 else None
    return [_entry(shape.label, "polygon", part.outline.tolist(), group) for part in polygon.parts]


def _mask_entry(label: str, bitmap: Bitmap) -> dict[str, Any]:
    rows, columns = bitmap.mask.shape
    corners = [(bitmap.left, bitmap.top), (bitmap.left + columns - 1, bitmap.top + rows - 1)]
    mask = base64.b64encode(encode_mask(bitmap.mask.astype("uint8"))).decode("ascii")
    return _entry(label, "mask", corners) | {"mask": mask}


def _entry(label: str, kind: str, points: Sequence[Sequence[float]], group: int | None = None) -> dict[str, Any]:
    tidy = [[reading.tidy(x), reading.tidy(y)] for x, y in points]
    return {
        "label": label,
        "points": tidy,
        "group_id": group,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": None,
    }
