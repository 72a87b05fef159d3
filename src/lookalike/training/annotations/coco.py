"""COCO: one JSON file; a shape is a list of polygons, or run lengths (`rle`), and has its box and its area.

COCO's polygons have no holes: in `coco` a hole is joined to its outline by a bridge of no width, in `coco-rle` all
shapes are run lengths to the pixel. Crowds are run lengths in both, as in COCO's own files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lookalike.training.annotations import reading, rle
from lookalike.training.annotations.contours import bitmap_of, box_of, bridged, mask_of, polygon_of, signed_area
from lookalike.training.annotations.shapes import (
    Annotated,
    Annotations,
    Fault,
    Geometry,
    Notes,
    Part,
    Polygon,
    Rectangle,
    Shape,
    Target,
)

FILE = "annotations.json"


def recognises(document: bytes) -> bool:
    return b'"annotations"' in document and b'"images"' in document


def read(source: Path, pictures: reading.Pictures, notes: Notes) -> Annotations:
    """The pictures of a file. Raises ValueError where the file is none."""
    document = reading.table(reading.read_json(source), "the file")
    categories: dict[str | int, str] = {}
    for entry in reading.rows(document.get("categories"), "categories"):
        number = reading.whole_number(reading.table(entry, "a category").get("id"), "the id of a category")
        categories[number] = reading.text(entry.get("name"), "the name of a category")
    labels = [label for _, label in sorted(categories.items())]
    if len(set(labels)) != len(labels):
        raise ValueError("two categories have the same name")
    images = reading.rows(document.get("images"), "images")
    drawn: dict[str | int, list[Any]] = {}
    for entry in reading.rows(document.get("annotations"), "annotations"):
        image = reading.key(reading.table(entry, "an annotation").get("image_id"), "the image_id of an annotation")
        drawn.setdefault(image, []).append(entry)
    each = _read(source, images, drawn, categories, pictures, notes)
    return Annotations(each, len(images), tuple(labels))


def _read(
    source: Path,
    images: Sequence[Any],
    drawn: Mapping[str | int, Sequence[Any]],
    categories: Mapping[str | int, str],
    pictures: reading.Pictures,
    notes: Notes,
) -> Iterator[Annotated | Fault]:
    for image in images:
        place = source
        try:
            name = reading.text(reading.table(image, "an image").get("file_name"), "file_name")
            place = Path(f"{source}: {name}")
            picture, found = pictures.named(name)
            width, height = (reading.whole_number(image.get(side), side) for side in ("width", "height"))
            bare = Annotated(picture, width, height, (), found)  # says whether there can be such a picture
            shapes = (
                _shape(entry, categories, bare, notes)
                for entry in drawn.get(reading.key(image.get("id"), "id"), ())
            )
            yield Annotated(picture, width, height, tuple(s for s in shapes if s is not None), found)
        except ValueError as error:
            yield reading.fault(place, error)


def _shape(
    entry: Mapping[str, Any], categories: Mapping[str | int, str], on: Annotated, notes: Notes
) -> Shape | None:
    if (number := reading.key(entry.get("category_id"), "a category_id")) not in categories:
        raise ValueError(f"annotation {entry.get('id')} is of category {number!r}, which is not listed")
    label = categories[number]
    geometry = _geometry(entry, f"annotation {entry.get('id')} ({label})", on)
    if geometry is None:
        notes["annotations that cover nothing: left out"] += 1
        return None
    return Shape(label, geometry, crowd=entry.get("iscrowd") in (1, True))


def _geometry(entry: Mapping[str, Any], what: str, on: Annotated) -> Geometry | None:
    drawn = entry.get("segmentation")
    if isinstance(drawn, dict):
        return bitmap_of(_mask(drawn, what, on))
    if drawn:
        rings = [reading.rows(ring, what) for ring in reading.rows(drawn, what)]
        if any(len(ring) % 2 for ring in rings):
            raise ValueError(f"{what} has an odd number of coordinates")
        outlines = (reading.ring(zip(ring[0::2], ring[1::2], strict=True), what) for ring in rings)
        return Polygon(tuple(map(Part, outlines)))
    box = reading.rows(entry.get("bbox"), f"the bbox of {what}")
    if len(box) != 4:
        raise ValueError(f"the bbox of {what} must be left, top, width, height")
    left, top, width, height = (reading.number(side, f"the bbox of {what}") for side in box)
    return reading.box(left, top, left + width, top + height, what)


def _mask(drawn: Mapping[str, Any], what: str, on: Annotated) -> Any:
    if drawn.get("size") != [on.height, on.width]:
        raise ValueError(f"{what} is of size {drawn.get('size')}, its picture {[on.height, on.width]}")
    counts = drawn.get("counts")
    runs: Any = rle.unpacked(counts) if isinstance(counts, str) else reading.rows(counts, f"the counts of {what}")
    return rle.mask_from(runs, on.width, on.height)


class Writer:
    """Categories are numbered from 1, pictures and annotations too."""

    pictures = "images"
    runs = False  # whether all shapes are run lengths

    def __init__(self, target: Target) -> None:
        self._target = target
        self._images: list[dict[str, Any]] = []
        self._drawn: list[str] = []  # as JSON: a tenth of the memory

    def add(self, annotated: Annotated) -> None:
        image, first = len(self._images) + 1, len(self._drawn) + 1
        drawn = [
            {
                "id": number,
                "image_id": image,
                "category_id": 1 + self._target.numbers.of(shape.label),
                "iscrowd": int(shape.crowd),
                **self._outlined(shape, annotated),
            }
            for number, shape in enumerate(annotated.shapes, first)
        ]
        size = {"width": annotated.width, "height": annotated.height}
        self._images.append({"id": image, "file_name": annotated.picture, **size})
        self._drawn += (json.dumps(entry, separators=(",", ":")) for entry in drawn)

    def _outlined(self, shape: Shape, on: Annotated) -> dict[str, Any]:
        box = box_of(shape.geometry)
        sides = box.left, box.top, box.right - box.left, box.bottom - box.top
        bbox = [reading.tidy(side) for side in sides]
        if isinstance(shape.geometry, Rectangle):  # COCO allows a shape without an outline
            return {"segmentation": [], "bbox": bbox, "area": reading.tidy(sides[2] * sides[3])}
        if self.runs or shape.crowd:
            mask = mask_of(shape.geometry, on.width, on.height)
            if isinstance(shape.geometry, Polygon):
                self._target.notes["polygons: now run lengths, to the whole pixel"] += 1
            counts = rle.counts_of(mask)
            drawn = {"size": [on.height, on.width], "counts": rle.packed(counts) if self.runs else counts.tolist()}
            return {"segmentation": drawn, "bbox": bbox, "area": int(mask.sum())}
        parts = polygon_of(shape.geometry).parts
        self._target.notes["shapes with holes: joined to their outline by bridges of no width"] += any(
            part.holes for part in parts
        )
        rings = [bridged(part.outline, part.holes) for part in parts]
        area = sum(abs(signed_area(ring)) for ring in rings)
        flat = [[reading.tidy(value) for value in ring.ravel().tolist()] for ring in rings]
        return {"segmentation": flat, "bbox": bbox, "area": reading.tidy(area)}

    def finish(self) -> None:
        names = self._target.numbers.labels
        head = {
            "info": {"description": self._target.final.stem},
            "licenses": [],
            "categories": [
                {"id": number, "name": label, "supercategory": ""} for number, label in enumerate(names, 1)
            ],
            "images": self._images,
        }
        with (self._target.folder / FILE).open("w", encoding="utf-8") as file:
            file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "annotations": [\n')
            file.write(",\n".join(self._drawn) + "\n]}\n")


class RunLengthWriter(Writer):
    """All shapes as compressed run lengths."""

    runs = True
