"""VGG Image Annotator 2: one JSON file, a project or an export of annotations. It says no picture's size.

A polygon of VIA is one ring: holes and further parts are joined to it by bridges of no width, so that the same
pixels stay inside.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lookalike.training.annotations import reading
from lookalike.training.annotations.contours import ellipse, single_ring
from lookalike.training.annotations.shapes import (
    Annotated,
    Annotations,
    Fault,
    Geometry,
    Notes,
    Rectangle,
    Shape,
    Target,
)

FILE = "annotations.json"
LABEL = "label"  # the attribute that we write, and prefer to read
_THIN = ("point", "polyline")
_METADATA, _ATTRIBUTES = "_via_img_metadata", "_via_attributes"


def recognises(document: bytes) -> bool:
    return b'"_via_' in document or (b'"regions"' in document and b'"shape_attributes"' in document)


def read(source: Path, pictures: reading.Pictures, notes: Notes) -> Annotations:
    """The pictures of a project. Raises ValueError where the file is none."""
    document = reading.table(reading.read_json(source), "the file")
    attributes = document.get(_ATTRIBUTES)
    entries = list(reading.table(document.get(_METADATA, document), _METADATA).values())
    labels = _labels(attributes) if isinstance(attributes, dict) else ()
    return Annotations(_read(source, entries, pictures, notes), len(entries), labels)


def _labels(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    region = attributes.get("region")
    label = region.get(LABEL) if isinstance(region, dict) else None
    options = label.get("options") if isinstance(label, dict) else None
    return tuple(options) if isinstance(options, dict) else ()


def _read(
    source: Path, entries: Iterable[Any], pictures: reading.Pictures, notes: Notes
) -> Iterator[Annotated | Fault]:
    for entry in entries:
        place = source
        try:
            picture = reading.text(reading.table(entry, "a picture").get("filename"), "filename")
            place = Path(f"{source}: {picture}")
            name, found = pictures.named(picture)
            width, height = reading.size_in(found, name)
            regions = entry.get("regions") or []
            regions = list(regions.values()) if isinstance(regions, dict) else reading.rows(regions, "regions")
            shapes = (_shape(reading.table(region, "a region"), notes) for region in regions)
            yield Annotated(name, width, height, tuple(shape for shape in shapes if shape is not None), found)
        except ValueError as error:
            yield reading.fault(place, error)


def _shape(region: Mapping[str, Any], notes: Notes) -> Shape | None:
    drawn = reading.table(region.get("shape_attributes"), "shape_attributes")
    label = _label(reading.table(region.get("region_attributes"), "region_attributes"))
    if drawn.get("name") in _THIN:
        notes["points and lines, which cover nothing: left out"] += 1
        return None
    return Shape(label, _geometry(drawn, label))


def _label(attributes: Mapping[str, Any]) -> str:
    """The attribute "label", else the first that says something; of boxes to tick the one that is ticked."""
    for name in sorted(attributes, key=lambda name: name != LABEL):
        value = attributes[name]
        if isinstance(value, dict):
            value = next((option for option, ticked in value.items() if ticked), None)
        if isinstance(value, str) and value.strip():
            return value.strip()
    raise ValueError("a region has no label among its region_attributes")


def _geometry(drawn: Mapping[str, Any], label: str) -> Geometry:
    kind = drawn.get("name")
    what = f"the {kind} of a {label}"
    if kind == "polygon":
        across, down = (reading.rows(drawn.get(f"all_points_{axis}"), what) for axis in "xy")
        if len(across) != len(down):
            raise ValueError(f"{what} has {len(across)} x and {len(down)} y")
        return reading.plain_polygon(zip(across, down, strict=True), what)
    if kind == "rect":
        left, top, width, height = (reading.number(drawn.get(key), what) for key in ("x", "y", "width", "height"))
        return reading.box(left, top, left + width, top + height, what)
    if kind in ("circle", "ellipse"):
        x, y = reading.number(drawn.get("cx"), what), reading.number(drawn.get("cy"), what)
        radii = [
            reading.length(drawn.get(key), what) for key in (("r", "r") if kind == "circle" else ("rx", "ry"))
        ]
        return ellipse(x, y, *radii, turned=reading.number(drawn.get("theta", 0), what))
    raise ValueError(f"a shape {kind!r} is not known")


class Writer:
    """A project that VIA opens, with the labels to choose from."""

    pictures = "images"

    def __init__(self, target: Target) -> None:
        self._target = target
        self._entries: dict[str, dict[str, Any]] = {}

    def add(self, annotated: Annotated) -> None:
        size = annotated.file.stat().st_size if annotated.file else -1
        regions = [self._region(shape, annotated) for shape in annotated.shapes]
        entry = {"filename": annotated.picture, "size": size, "regions": regions, "file_attributes": {}}
        self._entries[f"{annotated.picture}{size}"] = entry

    def _region(self, shape: Shape, annotated: Annotated) -> dict[str, Any]:
        self._target.numbers.of(shape.label)
        self._target.notes["crowds: now a single thing"] += shape.crowd
        return {
            "shape_attributes": self._drawn(shape.geometry, annotated),
            "region_attributes": {LABEL: shape.label},
        }

    def _drawn(self, geometry: Geometry, annotated: Annotated) -> dict[str, Any]:
        if isinstance(geometry, Rectangle):
            left, top = geometry.left, geometry.top
            sides = {"x": left, "y": top, "width": geometry.right - left, "height": geometry.bottom - top}
            return {"name": "rect"} | {name: reading.tidy(side) for name, side in sides.items()}
        ring = single_ring(geometry, annotated.width, annotated.height, self._target.notes)
        across, down = ([reading.tidy(value) for value in values] for values in ring.T.tolist())
        return {"name": "polygon", "all_points_x": across, "all_points_y": down}

    def finish(self) -> None:
        options = dict.fromkeys(self._target.numbers.labels, "")
        chosen = {"type": "dropdown", "description": "", "options": options, "default_options": {}}
        document = {
            "_via_settings": {
                "ui": {},
                "core": {
                    "buffer_size": 18,
                    "filepath": {},
                    "default_filepath": f"{self.pictures}/" if self._has_pictures() else "",
                },
                "project": {"name": self._target.final.stem},
            },
            _METADATA: self._entries,
            _ATTRIBUTES: {"region": {LABEL: chosen}, "file": {}},
            "_via_data_format_version": "2.0.10",
            "_via_image_id_list": list(self._entries),
        }
        (self._target.folder / FILE).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    def _has_pictures(self) -> bool:
        return (self._target.folder / self.pictures).is_dir()
