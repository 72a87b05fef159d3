"""Pascal VOC: `Annotations/NAME.xml`, boxes alone. Its pixels are counted from 1, and the last one is inside.

The parser resolves nothing: a document that declares entities, or anything else of a DTD of its own, is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from lookalike.training.annotations import reading
from lookalike.training.annotations.contours import box_of
from lookalike.training.annotations.shapes import Annotated, Annotations, Fault, Notes, Rectangle, Shape, Target

FOLDER, LABELS = "Annotations", "labels.txt"
_LARGEST = 20_000_000  # bytes of a file
_DEEPEST = 20  # elements within one another


def read(source: Path, pictures: reading.Pictures, notes: Notes) -> Annotations:
    folder = source / FOLDER if (source / FOLDER).is_dir() else source
    found = sorted(folder.rglob("*.xml")) if folder.is_dir() else [folder]
    root = folder if folder.is_dir() else folder.parent
    labels = reading.label_list((source if source.is_dir() else root) / LABELS)
    return Annotations((_read(path, root, pictures) for path in found), len(found), labels)


def _read(path: Path, root: Path, pictures: reading.Pictures) -> Annotated | Fault:
    try:
        document = _parse(path)
        name = PurePosixPath(reading.named_below(document.text("filename"))).name
        picture, found = pictures.named(path.relative_to(root).with_name(name).as_posix())
        size = document.first("size")
        if size is None:
            width, height = reading.size_in(found, picture)
        else:
            width, height = (reading.whole_number(_number(size.text(side)), side) for side in ("width", "height"))
        objects = [child for child in document.children if child.name == "object"]
        boxes = [_box(entry) for entry in objects]
        counts_from = 0 if any(side == 0 for box in boxes for side in box[:2]) else 1  # some tools begin at 0
        shapes = [
            Shape(
                entry.text("name"),
                reading.box(
                    box[0] - counts_from, box[1] - counts_from, *box[2:], f"the box of a {entry.text('name')}"
                ),
            )
            for entry, box in zip(objects, boxes, strict=True)
        ]
        return Annotated(picture, width, height, tuple(shapes), found)
    except (OSError, ValueError) as error:
        return reading.fault(path, error)


def _box(entry: _Element) -> tuple[float, float, float, float]:
    box = entry.first("bndbox")
    if box is None:
        raise ValueError(f"a {entry.text('name')} has no <bndbox>")
    left, top, right, bottom = (_number(box.text(side)) for side in ("xmin", "ymin", "xmax", "ymax"))
    return left, top, right, bottom


def _number(words: str) -> float:
    try:
        return reading.number(float(words), "a side")
    except ValueError:
        raise ValueError(f"{words!r} is no number of pixels") from None


@dataclass(slots=True)
class _Element:
    name: str
    children: list[_Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    def first(self, name: str) -> _Element | None:
        return next((child for child in self.children if child.name == name), None)

    def text(self, name: str) -> str:
        child = self.first(name)
        return reading.text("".join(child.pieces) if child else None, f"<{name}> of <{self.name}>")


def _parse(path: Path) -> _Element:
    """The document's outermost element. Raises ValueError for what is no annotation."""
    content = path.read_bytes()
    if len(content) > _LARGEST:
        raise ValueError(f"it has {len(content):,} bytes: no annotation of one picture is that long")
    outer = _Element("")
    opened = [outer]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, _attributes: dict[str, str]) -> None:
        if len(opened) > _DEEPEST:
            raise ValueError(f"it has more than {_DEEPEST} elements within one another")
        opened[-1].children.append(_Element(name))
        opened.append(opened[-1].children[-1])

    def write(words: str) -> None:
        opened[-1].pieces.append(words)

    def refuse(*_declared: object) -> None:
        raise ValueError("it has a <!DOCTYPE>, which is refused: save it without")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: opened.pop()
    parser.CharacterDataHandler = write
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(f"it is no XML: line {error.lineno}: {expat.ErrorString(error.code)}") from error
    if (document := outer.first("annotation")) is None:
        raise ValueError("it has no <annotation>")
    return document


def recognises(document: bytes) -> bool:
    return b"<annotation" in document


class Writer:
    """One file a picture; a list of labels beside the folder, since VOC's own is fixed."""

    pictures = "JPEGImages"

    def __init__(self, target: Target) -> None:
        self._target = target

    def add(self, annotated: Annotated) -> None:
        notes = self._target.notes
        for shape in annotated.shapes:
            self._target.numbers.of(shape.label)
            notes["outlines and masks: only the box around each is left"] += not isinstance(
                shape.geometry, Rectangle
            )
            notes["crowds: now a single thing"] += shape.crowd
        path = (self._target.folder / FOLDER / annotated.picture).with_suffix(".xml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(_lines(annotated)) + "\n", encoding="utf-8")

    def finish(self) -> None:
        (self._target.folder / FOLDER).mkdir(exist_ok=True)
        labels = "".join(f"{label}\n" for label in self._target.numbers.labels)
        (self._target.folder / LABELS).write_text(labels, encoding="utf-8")


def _lines(annotated: Annotated) -> Sequence[str]:
    name = PurePosixPath(annotated.picture)
    lines = [
        "<annotation>",
        f"  <folder>{_said(name.parent.name)}</folder>",
        f"  <filename>{_said(name.name)}</filename>",
        f"  <size><width>{annotated.width}</width><height>{annotated.height}</height><depth>3</depth></size>",
        "  <segmented>0</segmented>",
    ]
    for shape in annotated.shapes:
        box = box_of(shape.geometry)
        sides = {"xmin": box.left + 1, "ymin": box.top + 1, "xmax": box.right, "ymax": box.bottom}
        corners = "".join(f"<{side}>{reading.tidy(value)}</{side}>" for side, value in sides.items())
        lines += [
            "  <object>",
            f"    <name>{_said(shape.label)}</name>",
            "    <pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>",
            f"    <bndbox>{corners}</bndbox>",
            "  </object>",
        ]
    return [*lines, "</annotation>"]


def _said(words: str) -> str:
    """Words as XML can hold them."""
    return escape("".join(character if character.isprintable() else " " for character in words), quote=False)
