"""Annotations of one format in another: the target is whole, or it is not there.

A file that cannot be read is a `Fault`, and the others go on. What a format cannot hold becomes what it can, and
is counted.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from lookalike.errors import LookalikeError, PictureError
from lookalike.media.decoding import size_of
from lookalike.training.annotations import coco, labelme, masks, via, voc, yolo
from lookalike.training.annotations.labels import GROUND, LabelMap, open_label_map
from lookalike.training.annotations.reading import Pictures
from lookalike.training.annotations.shapes import (
    Annotated,
    Annotations,
    Fault,
    Notes,
    Numbers,
    Shape,
    Target,
    Writer,
)
from lookalike.types import Progress

_READERS: Mapping[str, Callable[[Path, Pictures, Notes], Annotations]] = {
    "labelme": labelme.read,
    "via": via.read,
    "coco": coco.read,
    "voc": voc.read,
    "yolo": yolo.read,
    "masks": masks.read,
}
_WRITERS: Mapping[str, type[Writer]] = {
    "labelme": labelme.Writer,
    "via": via.Writer,
    "coco": coco.Writer,
    "coco-rle": coco.RunLengthWriter,
    "voc": voc.Writer,
    "yolo": yolo.Writer,
    "yolo-polygons": yolo.PolygonWriter,
    "masks": masks.Writer,
}
FORMATS = tuple(_WRITERS)
_ONE_FILE = {"coco": coco.FILE, "coco-rle": coco.FILE, "via": via.FILE}  # all pictures in it
_BY_CONTENT = {
    "via": via.recognises,
    "coco": coco.recognises,
    "labelme": labelme.recognises,
    "voc": voc.recognises,
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a data set."""

    read_as: str
    pictures: int
    shapes: int
    labels: tuple[str, ...]
    faults: tuple[Fault, ...]  # what could not be read, or not be written
    notes: Mapping[str, int]  # what the target cannot hold, and what became of it -> how many


def open_annotations(
    source: Path,
    *,
    read_as: str = "",
    pictures: Path | None = None,
    labels: str | Path | None = None,
    drop_unmapped: bool = False,
    notes: Notes | None = None,
) -> Annotations:
    """The annotated pictures of a file or folder, one after the other.

    read_as: one of `FORMATS`; recognised when not given. pictures: the folder where they lie, if not beside the
    annotations. labels: a label map by name or file; a label that it lacks is an error, unless `drop_unmapped`.
    notes: counts what was left out. Raises `LookalikeError`.
    """
    kind, path = _recognised(source, read_as)
    beside = source if source.is_dir() else source.parent
    roots = [pictures] if pictures else [beside, beside.parent]
    notes = Counter() if notes is None else notes
    try:
        found = _READERS[kind](path, Pictures(*roots), notes)
    except (OSError, ValueError) as error:
        raise LookalikeError(f"cannot read {path} as {kind}: {error}") from error
    found.read_as = kind
    if labels is not None:
        opened = open_label_map(labels)
        found.each, found.labels = _renamed(found.each, opened, drop_unmapped, notes), opened.labels
    return found


def recognise(source: Path) -> str:
    """The format of a file or folder. Raises `LookalikeError` where it is none that is known."""
    return _recognised(source, "")[0]


def _recognised(source: Path, read_as: str) -> tuple[str, Path]:
    """The format, and what its reader wants: a folder, or the one file that holds everything."""
    if not source.exists():
        raise LookalikeError(f"there is no {source}")
    kind = read_as.partition("-")[0]
    if kind and kind not in _READERS:
        raise LookalikeError(f"no format {read_as!r}: give one of {', '.join(FORMATS)}")
    kind = kind or ("masks" if masks.recognises(source) else "yolo" if yolo.recognises(source) else "")
    if kind and (source.is_file() or kind not in _ONE_FILE):
        return kind, source
    found = [(known, path) for known, path in _by_content(source) if kind in ("", known)]
    if not found:
        known = ", ".join(FORMATS)
        raise LookalikeError(f"{source} is in no format that is recognised: give one with --from ({known})")
    (first, path), *others = found
    if first not in _ONE_FILE:
        return first, source
    if others:
        raise LookalikeError(
            f"{source} has several files of {first}, {path.name} and {others[0][1].name}: give one"
        )
    return first, path


def _by_content(source: Path) -> Iterator[tuple[str, Path]]:
    """Files that hold annotations, with their formats; of formats of many files the first."""
    for path in [source] if source.is_file() else _candidates(source):
        content = path.read_bytes()
        kind = next((kind for kind, is_such in _BY_CONTENT.items() if is_such(content)), "")
        if kind:
            yield kind, path
            if kind not in _ONE_FILE:
                return


def _candidates(folder: Path) -> list[Path]:
    """Files that may hold annotations: those of the folder itself, else those further down."""
    for pattern in ("*.json", "*.xml"):
        if found := sorted(folder.glob(pattern)) or sorted(folder.rglob(pattern)):
            return found
    return []


def _renamed(
    each: Iterator[Annotated | Fault], labels: LabelMap, drop_unmapped: bool, notes: Notes
) -> Iterator[Annotated | Fault]:
    for one in each:
        if isinstance(one, Fault):
            yield one
            continue
        shapes = []
        for shape in one.shapes:
            ours = labels.becomes.get(shape.label)
            if ours is None and not drop_unmapped:
                raise LookalikeError(
                    f"{one.picture} has the label {shape.label!r}, which is not in the map {labels.name}: "
                    "add it there, or give --drop-unmapped"
                )
            notes[f"shapes whose label is not in the map {labels.name}: dropped"] += ours is None
            notes[f"shapes that are background in the map {labels.name}: left out"] += ours == GROUND
            if ours is not None and ours != GROUND:
                shapes.append(Shape(ours, shape.geometry, shape.crowd))
        yield replace(one, shapes=tuple(shapes))


def convert(
    source: Path,
    target: Path,
    *,
    to: str,
    read_as: str = "",
    pictures: Path | None = None,
    copy_pictures: bool = False,
    labels: str | Path | None = None,
    drop_unmapped: bool = False,
    progress: Progress | None = None,
) -> Conversion:
    """Write the annotations of `source` to `target` in another format.

    target: a folder that is not there yet or is empty; for COCO and VIA it may be a .json file. copy_pictures: lay
    the pictures beside the annotations, as the format has them. Other arguments as for `open_annotations`.
    Raises `LookalikeError`, and leaves no target then.
    """
    if to not in _WRITERS:
        raise LookalikeError(f"no format {to!r}: give one of {', '.join(FORMATS)}")
    alone = to in _ONE_FILE and target.suffix.lower() == ".json"
    if alone and copy_pictures:
        raise LookalikeError(f"pictures are copied into a folder, and {target} is a file: give a folder")
    if target.exists() and (not target.is_dir() or alone or any(target.iterdir())):
        raise LookalikeError(f"{target} is there already: give a new place, or delete it first")
    notes: Notes = Counter()
    found = open_annotations(
        source, read_as=read_as, pictures=pictures, labels=labels, drop_unmapped=drop_unmapped, notes=notes
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part"))
    except OSError as error:
        raise LookalikeError(f"cannot write to {target.parent}: {error.strerror}") from error
    try:
        work.chmod(0o755)  # a temporary folder is for its owner alone; what it becomes is for all to read
        into = Target(work, target, Numbers([label for label in found.labels if label != GROUND]), notes)
        done = _written(found, _WRITERS[to](into), into, copy_pictures, progress)
        if not done.pictures:
            first = f"; {done.faults[0].place}: {done.faults[0].reason}" if done.faults else ""
            raise LookalikeError(f"no picture of {source} could be converted ({len(done.faults)} faults){first}")
        if target.is_dir():
            target.rmdir()
        (work / _ONE_FILE[to] if alone else work).replace(target)
    except OSError as error:
        raise LookalikeError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return done


def _written(
    found: Annotations, writer: Writer, into: Target, copy_pictures: bool, progress: Progress | None
) -> Conversion:
    faults: list[Fault] = []
    taken: dict[str, str] = {}
    pictures = shapes = 0
    for number, one in enumerate(found.each, 1):
        if progress:
            progress("converting", number, max(found.total, number))
        if isinstance(one, Fault):
            faults.append(one)
            continue
        try:
            _take(one, taken)
            if copy_pictures:
                _copy(one, into.folder / writer.pictures / one.picture, into.notes)
            writer.add(one)
            pictures, shapes = pictures + 1, shapes + len(one.shapes)
        except (ValueError, PictureError) as error:
            faults.append(Fault(one.picture, " ".join(str(error).split())))
    writer.finish()
    labels = tuple(into.numbers.labels)
    return Conversion(found.read_as, pictures, shapes, labels, tuple(faults), +into.notes)


def _take(one: Annotated, taken: dict[str, str]) -> None:
    """Raises ValueError where another picture has the same name but for its suffix."""
    name = PurePosixPath(one.picture).with_suffix("").as_posix()
    if name in taken:
        raise ValueError(f"{taken[name]} has the same name, and files of annotations are named by it: rename one")
    taken[name] = one.picture


def _copy(one: Annotated, place: Path, notes: Notes) -> None:
    if one.file is None:
        notes["pictures that are not there: not copied"] += 1
        return
    content = one.file.read_bytes()
    size_of(content)  # only what is a picture goes into the target
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
