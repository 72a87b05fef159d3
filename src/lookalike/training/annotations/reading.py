"""Values out of files that others wrote: checked here, trusted afterwards. Each function raises ValueError."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from lookalike.errors import PictureError
from lookalike.media.decoding import size_of
from lookalike.training.annotations.shapes import Fault, Part, Polygon, Rectangle, Ring

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".gif")
BESIDE = ("images", "photos", "JPEGImages", "pictures")  # folders that pictures are kept in
_FURTHEST = 1e6  # pixels: no coordinate lies beyond


class Pictures:
    """Where the pictures of a data set lie."""

    def __init__(self, *roots: Path) -> None:
        self._folders = [folder for root in roots for folder in (root, *(root / name for name in BESIDE))]

    def find(self, name: str) -> Path | None:
        """The picture of this name; without a suffix, the one whose name begins so."""
        place = PurePosixPath(name)
        names = [place] if place.suffix.lower() in SUFFIXES else [Path(f"{name}{end}") for end in _endings()]
        found = (folder / one for folder in self._folders for one in names if (folder / one).is_file())
        return next(found, None)

    def named(self, name: str) -> tuple[str, Path | None]:
        """A picture's path below its folder, as an annotation tells it, and where it lies.

        What leads out of the folder is left away: others say where a picture was on their machine.
        """
        safe = named_below(name)
        for candidate in (safe, PurePosixPath(safe).name):
            if found := self.find(candidate):
                return candidate, found
        return safe, None


def _endings() -> Iterator[str]:
    for suffix in SUFFIXES:
        yield from (suffix, suffix.upper())


def named_below(name: str) -> str:
    """A path without a root, a drive or steps upwards."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    parts = [part for part in parts if not part.endswith(":") and part.isprintable()]
    if not parts:
        raise ValueError(f"{name!r} names no picture")
    return "/".join(parts)


def size_in(found: Path | None, picture: str) -> tuple[int, int]:
    """Width and height of a picture whose annotation does not say them."""
    if found is None:
        raise ValueError(f"the picture {picture} is not there, and its size is needed: say where with --pictures")
    try:
        return size_of(found.read_bytes())
    except (OSError, PictureError) as error:
        raise ValueError(f"the picture {found} cannot be read: {error}") from error


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"it is no JSON: {error}") from error


def label_list(path: Path) -> tuple[str, ...]:
    """The labels in a text file, one a line; none where there is no such file."""
    if not path.is_file():
        return ()
    return tuple(dict.fromkeys(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()))


def table(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a table of names and values, not {_short(value)}")
    return value


def rows(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{what} must be a list, not {_short(value)}")
    return value


def text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{what} must be a text, not {_short(value)}")
    return value.strip()


def number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{what} must be a number, not {_short(value)}")
    if abs(value) > _FURTHEST:
        raise ValueError(f"{what} is {value:g}: no picture is that large")
    return float(value)


def whole_number(value: Any, what: str) -> int:
    if number(value, what) != int(value):
        raise ValueError(f"{what} must be a whole number, not {_short(value)}")
    return int(value)


def length(value: Any, what: str) -> float:
    if number(value, what) <= 0:
        raise ValueError(f"{what} has a side of {value:g}")
    return float(value)


def key(value: Any, what: str) -> str | int:
    """An id, by which others are found."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{what} must be a number, not {_short(value)}")
    return value


def ring(points: Iterable[Any], what: str) -> Ring:
    """A closed ring out of pairs of numbers; a last point that repeats the first is left away."""
    pairs = [pair(point, what) for point in points]
    if len(pairs) > 1 and pairs[0] == pairs[-1]:
        pairs.pop()
    if len(pairs) < 3:
        raise ValueError(f"{what} has {len(pairs)} points: a polygon has three or more")
    return np.array(pairs, np.float64)


def plain_polygon(points: Iterable[Any], what: str) -> Polygon:
    return Polygon((Part(ring(points, what)),))


def pair(point: Any, what: str) -> tuple[float, float]:
    if not isinstance(point, list | tuple) or len(point) != 2:
        raise ValueError(f"a point of {what} must be x and y, not {_short(point)}")
    return number(point[0], what), number(point[1], what)


def box(left: Any, top: Any, right: Any, bottom: Any, what: str) -> Rectangle:
    sides = number(left, what), number(top, what), number(right, what), number(bottom, what)
    if not (sides[0] < sides[2] and sides[1] < sides[3]):
        raise ValueError(f"{what} is empty: left, top, right, bottom are {', '.join(f'{s:g}' for s in sides)}")
    return Rectangle(*sides)


def _short(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= 60 else f"{words[:57]}..."


def fault(path: Path, error: Exception) -> Fault:
    """One clear line about a file that was skipped."""
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return Fault(str(path), " ".join(reason.split()))


def tidy(value: float) -> int | float:
    """A number as short as it can be written without loss."""
    return int(value) if value == int(value) else value
