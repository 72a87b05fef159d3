"""YOLO: `labels/NAME.txt` beside `images/NAME.jpg`, a line a shape, in fractions of the picture; and `data.yaml`.

A line of a number and four fractions is a box (centre, width, height), a longer one a polygon. A polygon is one
ring: holes and further parts are joined to it by bridges of no width. A picture without shapes has an empty file:
it shows what is none of the labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lookalike.extras import require
from lookalike.training.annotations import reading
from lookalike.training.annotations.contours import bitmap_of, box_of, mask_of, single_ring
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

FILE = "data.yaml"
SPLITS = ("train", "val", "valid", "test")
_LISTS = ("classes.txt", "obj.names")  # labels, one a line, as labelling tools and Darknet write them
_NO_LABELS = (*_LISTS, "train.txt", "val.txt", "test.txt", "README.txt")
_BEYOND = 0.01  # how far a fraction may lie outside 0..1, since tools round


def recognises(source: Path) -> bool:
    return source.suffix in (".yaml", ".yml") or _yaml_in(source) is not None or any(_lists(source))


def _yaml_in(source: Path) -> Path | None:
    return next((path for end in ("yaml", "yml") for path in sorted(source.glob(f"*.{end}"))), None)


def _lists(source: Path) -> Iterator[Path]:
    return (path for folder in (source, source / "labels") for name in _LISTS if (path := folder / name).is_file())


def read(source: Path, pictures: reading.Pictures, notes: Notes) -> Annotations:
    """The label files of a data set, and its pictures without one. Raises ValueError where no labels are told."""
    root = source if source.is_dir() else source.parent
    yaml = _yaml_in(source) if source.is_dir() else source
    names = _names(yaml) if yaml else next((reading.label_list(path) for path in _lists(root)), ())
    if not names:
        raise ValueError(f"{root} does not tell its labels: it needs `names` in {FILE}, or a {_LISTS[0]}")
    found = sorted(set(_files(root)))
    each = (_read(below, path, names, pictures) for below, path in found)
    return Annotations(each, len(found), tuple(names))


def _names(path: Path) -> Sequence[str]:
    yaml = require("yaml", extra="train", to=f"read {path.name}")
    try:
        document = reading.table(yaml.safe_load(path.read_bytes()), path.name)
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    names = document.get("names")
    if isinstance(names, dict):
        numbered = {reading.whole_number(number, "the number of a name"): name for number, name in names.items()}
        if sorted(numbered) != list(range(len(numbered))):
            raise ValueError(f"names in {path} must be numbered from 0 without a gap")
        names = [numbered[number] for number in range(len(numbered))]
    named = [reading.text(str(name), "a name") for name in reading.rows(names, f"names in {path}")]
    if len(set(named)) != len(named):
        raise ValueError(f"names in {path} has a label twice")
    return named


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    """Pictures by their names without a suffix, and the label file of each, whether or not it is there.

    Label files lie in `labels/` as their pictures in `images/`, for the whole or for each split; or beside them.
    """
    pairs = [(split / "labels", split / "images", f"{split.name}/") for split in map(root.joinpath, SPLITS)]
    pairs.append((root / "labels", root / "images", ""))
    pairs = [pair for pair in pairs if pair[0].is_dir()] or [(root, root, "")]
    for labels, images, prefix in pairs:
        for path in labels.rglob("*.txt"):
            if path.name not in _NO_LABELS:
                yield prefix + path.relative_to(labels).with_suffix("").as_posix(), path
        for path in images.rglob("*") if images.is_dir() else ():
            if path.suffix.lower() in reading.SUFFIXES:
                below = path.relative_to(images).with_suffix("")
                yield prefix + below.as_posix(), labels / f"{below}.txt"


def _read(below: str, path: Path, names: Sequence[str], pictures: reading.Pictures) -> Annotated | Fault:
    try:
        found = pictures.find(below) or pictures.find(_in_images(below))
        width, height = reading.size_in(found, below)
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        shapes = [
            _shape(line, f"line {number}", names, width, height)
            for number, line in enumerate(lines, 1)
            if line.strip()
        ]
        return Annotated(below + (found.suffix if found else ""), width, height, tuple(shapes), found)
    except (OSError, ValueError) as error:
        return reading.fault(path, error)


def _in_images(below: str) -> str:
    """`train/images/NAME` for `train/NAME`."""
    split, _, rest = below.partition("/")
    return f"{split}/images/{rest}"


def _shape(line: str, what: str, names: Sequence[str], width: int, height: int) -> Shape:
    try:
        number, *fractions = map(float, line.split())
    except ValueError:
        raise ValueError(f"{what} must be numbers: {line.strip()[:60]!r}") from None
    if number != int(number) or not 0 <= number < len(names):
        raise ValueError(f"{what} is of class {number:g}, and there are {len(names)} names, from 0")
    label = names[int(number)]
    if outside := [value for value in fractions if not -_BEYOND <= value <= 1 + _BEYOND]:
        raise ValueError(f"{what}: {outside[0]:g} is no fraction of the picture, 0..1")
    if len(fractions) in (4, 5):  # the fifth is how sure a model was
        x, y, across, down = (value * side for value, side in zip(fractions, (width, height) * 2, strict=False))
        return Shape(label, reading.box(x - across / 2, y - down / 2, x + across / 2, y + down / 2, what))
    if len(fractions) < 6 or len(fractions) % 2:
        raise ValueError(f"{what} has {len(fractions)} fractions: 4 are a box, an even number from 6 on a polygon")
    points = zip((x * width for x in fractions[0::2]), (y * height for y in fractions[1::2]), strict=True)
    return Shape(label, reading.plain_polygon(points, what))


class Writer:
    """Boxes: detectors learn from them."""

    pictures = "images"

    def __init__(self, target: Target) -> None:
        self._target = target
        self._splits: set[str] = set()

    def add(self, annotated: Annotated) -> None:
        split = annotated.picture.partition("/")[0]
        self._splits.add(split if split in SPLITS else "")
        path = (self._target.folder / "labels" / annotated.picture).with_suffix(".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [self._line(shape, annotated) for shape in annotated.shapes]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _line(self, shape: Shape, on: Annotated) -> str:
        self._target.notes["crowds: now a single thing"] += shape.crowd
        numbers = self._fractions(shape.geometry, on)
        return " ".join([str(self._target.numbers.of(shape.label)), *(f"{number:.8g}" for number in numbers)])

    def _fractions(self, geometry: Geometry, on: Annotated) -> Sequence[float]:
        self._target.notes["outlines and masks: only the box around each is left"] += not isinstance(
            geometry, Rectangle
        )
        box = _within(box_of(geometry), on)
        centre = (box.left + box.right) / 2 / on.width, (box.top + box.bottom) / 2 / on.height
        return *centre, (box.right - box.left) / on.width, (box.bottom - box.top) / on.height

    def finish(self) -> None:
        names = "".join(f"  {at}: {json.dumps(label)}\n" for at, label in enumerate(self._target.numbers.labels))
        ways = _ways(self._splits)
        (self._target.folder / "labels").mkdir(exist_ok=True)
        words = "".join(f"{split}: {way}\n" for split, way in ways.items())
        (self._target.folder / FILE).write_text(f"{words}names:\n{names}", encoding="utf-8")


def _ways(splits: set[str]) -> Mapping[str, str]:
    """Which pictures are trained on and validated on; all of them where the data set is not split."""
    if "" in splits or not splits:
        return {"train": "images", "val": "images"}
    validation = next((split for split in ("val", "valid") if split in splits), None)
    train = "train" if "train" in splits else min(splits)
    ways = {"train": f"images/{train}", "val": f"images/{validation or train}"}
    return ways | ({"test": "images/test"} if "test" in splits else {})


def _within(box: Rectangle, on: Annotated) -> Rectangle:
    """The box without what lies outside the picture."""
    sides = max(0.0, box.left), max(0.0, box.top), min(on.width, box.right), min(on.height, box.bottom)
    return reading.box(*sides, "a box on the picture")


class PolygonWriter(Writer):
    """Outlines: segmenters learn from them."""

    def _fractions(self, geometry: Geometry, on: Annotated) -> Sequence[float]:
        notes = self._target.notes
        notes["boxes: now polygons of four corners"] += isinstance(geometry, Rectangle)
        ring = single_ring(geometry, on.width, on.height, notes)
        if (ring < 0).any() or (ring > (on.width, on.height)).any():
            notes["outlines that leave the picture: cut, to the whole pixel"] += 1
            inside = bitmap_of(mask_of(geometry, on.width, on.height))
            if inside is None:
                raise ValueError("a shape lies outside the picture, or covers no pixel's centre")
            ring = single_ring(inside, on.width, on.height, notes)
        fractions: list[float] = (ring / (on.width, on.height)).ravel().tolist()
        return fractions
