"""Label maps: what one data set calls another's labels. TOML files in `training/labels/`, or one's own."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lookalike.errors import LookalikeError

GROUND = "background"  # what is mapped to it is no shape
_SHIPPED = files("lookalike.training").joinpath("labels")


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Labels of a data set, and what they become."""

    name: str
    becomes: dict[str, str]  # theirs -> ours; several of theirs may be one of ours
    labels: tuple[str, ...]  # ours, in the order of their numbers, without the background


def label_map(source: str | Path) -> dict[str, str]:
    """What each label becomes, of the map of that name or in a .toml or .json file.

    >>> label_map("street-59")["blazer"]
    'outerwear'
    """
    return dict(open_label_map(source).becomes)


def shipped_label_maps() -> tuple[str, ...]:
    """The names of the maps that come with lookalike."""
    return tuple(sorted(Path(entry.name).stem for entry in _SHIPPED.iterdir() if entry.name.endswith(".toml")))


def open_label_map(source: str | Path) -> LabelMap:
    """The map of that name, or the one in a .toml or .json file. Raises `LookalikeError`."""
    path = Path(source)
    if path.suffix.lower() in (".toml", ".json"):
        try:
            return _parse(path.stem, path.read_text(encoding="utf-8"), path.suffix.lower())
        except (OSError, ValueError) as error:
            raise LookalikeError(f"cannot use the label map {path}: {error}") from error
    if str(source) not in shipped_label_maps():
        known = ", ".join(shipped_label_maps())
        raise LookalikeError(
            f"no label map {str(source)!r}: give one of {known}, or a path to a .toml or .json file"
        )
    return _read_shipped(str(source))


@cache
def _read_shipped(name: str) -> LabelMap:
    return _parse(name, _SHIPPED.joinpath(f"{name}.toml").read_text(encoding="utf-8"), ".toml")


def _parse(name: str, text: str, suffix: str) -> LabelMap:
    """Raises ValueError that says what is not right."""
    document: Any = json.loads(text) if suffix == ".json" else tomllib.loads(text)
    if suffix == ".json" and isinstance(document, dict) and "from" not in document:
        document = {"from": document}  # the short form
    if not isinstance(document, dict) or not isinstance(becomes := document.get("from"), dict):
        raise ValueError('give a table [from] of labels, such as blazer = "outerwear"')
    if unknown := sorted(document.keys() - {"from", "labels"}):
        raise ValueError(f"there is no setting {unknown[0]!r}: there are from, labels")
    if wrong := [key for key, value in becomes.items() if not isinstance(value, str) or not value]:
        raise ValueError(f"{wrong[0]} must become a label, not {becomes[wrong[0]]!r}")
    order = document.get("labels", list(dict.fromkeys(becomes.values())))
    if not isinstance(order, list) or not all(isinstance(label, str) for label in order):
        raise ValueError("labels must be a list of labels, in the order of their numbers")
    if missing := [label for label in becomes.values() if label not in order and label != GROUND]:
        raise ValueError(f"labels must name {missing[0]!r} too, which another label becomes")
    return LabelMap(name, dict(becomes), tuple(label for label in dict.fromkeys(order) if label != GROUND))
