"""Column maps: what a feed format calls things. They are data: TOML files in `columns/`, or a shop's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lookalike.catalogue.tables import Shape, Table
from lookalike.errors import CatalogueError

PLAIN = "plain"
SAID = "id title description group images price sale_price regular_price currency in_stock category audience brand"
FIELDS = frozenset([*SAID.split(), "colour"])


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which of a shop's columns hold what, and how they are written. The TOML files have the same names."""

    name: str
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # ours -> the shop's, best first
    recognised_by: tuple[str, ...] = ()  # a table with all of these columns is of this format; "A|B" is either
    hidden: tuple[str, ...] = ()  # "Status=draft": a row that says so is not on sale
    synonyms: bool = (
        False  # only the first column found is the field; else the next ones stand in where it is empty
    )
    empty: frozenset[str] = frozenset()  # cells that say nothing
    spill: str = ""  # the text column whose commas nobody quoted

    picture_separator: str = "|"
    picture_template: str = ""  # "{id}.jpg", out of other columns
    picture_folders: tuple[str, ...] = ()  # where pictures may lie, beside the file or in the given folder
    pictures_rooted: bool = False  # whether a leading "/" means the folder of pictures
    own_picture: tuple[str, ...] = ()  # the column of a variant's own picture
    gallery: tuple[str, ...] = ()  # the column of the pictures that variants share, over all their rows
    position: tuple[str, ...] = ()  # the column that numbers these

    category_separator: str = ""  # between the categories of one cell
    category_levels: bool = False  # whether each category column is one level of a single path
    category_roots: tuple[str, ...] = ()  # first levels that say nothing
    audiences: tuple[str, ...] = ()  # category levels that are departments

    variants: str = ""  # the column that lists a style's variants
    variant_id: str = "sku"  # what the variant's id is called in there
    family: tuple[str, ...] = ()  # rows with the same cell in this column are one product and its variants
    marks: tuple[str, ...] = ()  # a row of a family with none of these columns is no variant: it adds a picture
    parent: str = ""  # the column in which a variant names its parent
    parent_names: tuple[str, ...] = ()  # how it may: "{SKU}", "id:{ID}"
    shared: tuple[str, ...] = ()  # patterns of columns that a variant has from its family where its own are empty
    unfold: str = ""  # the list of variants in a record

    tracker: tuple[str, ...] = ()  # the column that says who counts the stock; where it is empty, nobody does

    keep: frozenset[str] = frozenset()  # columns that are attributes too, though a field is made of them
    drop: tuple[str, ...] = ()  # patterns of columns that are no attributes: "meta_*"
    unpack: str = ""  # the column that holds many attributes: "size=XS,color=Black"
    names: tuple[str, ...] = ()  # columns that name an attribute: "Option{n} Name", n from 1
    values: tuple[str, ...] = ()  # columns that hold its value
    value_separator: str = ""  # between several values in there

    @property
    def shape(self) -> Shape:
        """What the reader of the table has to know."""
        lists = (re.fullmatch(r"([^{}]+)\.{n}\..+", name) for name in (*self.names, *self.values))
        return Shape(self.spill, self.unfold, frozenset(found[1] for found in lists if found))


NOTHING = ColumnMap(name="")

# Where each setting stands in the TOML file. What is not here, or of another type than the field, is an error.
SETTINGS = {
    "recognised_by": "recognised_by",
    "synonyms": "synonyms",
    "hidden": "hidden",
    "empty": "empty",
    "spill": "spill",
    "pictures.separator": "picture_separator",
    "pictures.template": "picture_template",
    "pictures.folders": "picture_folders",
    "pictures.rooted": "pictures_rooted",
    "pictures.own": "own_picture",
    "pictures.gallery": "gallery",
    "pictures.position": "position",
    "categories.separator": "category_separator",
    "categories.levels": "category_levels",
    "categories.roots": "category_roots",
    "categories.audiences": "audiences",
    "variants.column": "variants",
    "variants.id": "variant_id",
    "variants.family": "family",
    "variants.marks": "marks",
    "variants.parent": "parent",
    "variants.parent_names": "parent_names",
    "variants.shared": "shared",
    "variants.unfold": "unfold",
    "stock.tracker": "tracker",
    "attributes.keep": "keep",
    "attributes.drop": "drop",
    "attributes.unpack": "unpack",
    "attributes.names": "names",
    "attributes.values": "values",
    "attributes.value_separator": "value_separator",
}


def built_in_maps() -> tuple[str, ...]:
    """The names of the maps that come with lookalike."""
    entries = (Path(entry.name) for entry in files(__package__).joinpath("columns").iterdir())
    return tuple(sorted(entry.stem for entry in entries if entry.suffix == ".toml"))


def load_map(columns: str | Path) -> ColumnMap:
    """The built-in map of that name, or the one in a TOML file."""
    if str(columns).endswith(".toml"):
        path = Path(columns)
        try:
            return parse_map(path.stem, path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CatalogueError(f"cannot use the column map {path}: {error}") from error
    if str(columns) not in built_in_maps():
        known = ", ".join(built_in_maps())
        raise CatalogueError(f"no column map {str(columns)!r}: give one of {known}, or a path to a .toml file")
    return _built_in(str(columns))


@cache
def _built_in(name: str) -> ColumnMap:
    text = files(__package__).joinpath("columns", f"{name}.toml").read_text(encoding="utf-8")
    return parse_map(name, text)


def parse_map(name: str, text: str) -> ColumnMap:
    """A column map out of TOML; raises ValueError that names the setting which is not right."""
    document = tomllib.loads(text)
    base = _extended(document.pop("extends", None))
    fields = {**base.fields, **_fields(document.pop("fields", {}))}
    settings = dict(_setting(key, value) for key, value in _dotted(document))
    return replace(base, name=name, fields=fields, **settings)


def _extended(name: Any) -> ColumnMap:
    """The built-in map that another one begins with; one that says nothing where it names none."""
    if name is None:
        return NOTHING
    if name not in built_in_maps():
        raise ValueError(f"extends must be one of {', '.join(built_in_maps())}, not {name!r}")
    return _built_in(name)


def _fields(table: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(table, dict) or not all(_is_texts(columns) for columns in table.values()):
        raise ValueError('[fields] must hold lists of column names, such as id = ["sku"]')
    if unknown := sorted(table.keys() - FIELDS):
        raise ValueError(f"[fields] has no {unknown[0]!r}: it may hold {', '.join(sorted(FIELDS))}")
    return {ours: tuple(columns) for ours, columns in table.items()}


def _dotted(document: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{inner}", setting) for inner, setting in value.items())
        else:
            yield key, value


def _setting(key: str, value: Any) -> tuple[str, Any]:
    if key not in SETTINGS:
        raise ValueError(f"there is no setting {key!r}: there are {', '.join(SETTINGS)}")
    name = SETTINGS[key]
    wanted = type(getattr(NOTHING, name))
    if wanted in (tuple, frozenset) and _is_texts(value):
        return name, wanted(value)
    if wanted in (bool, str) and type(value) is wanted:
        return name, value
    expected = {bool: "true or false", str: "a text"}.get(wanted, "a list of texts")
    raise ValueError(f"{key} must be {expected}, not {value!r}")


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def recognise(table: Table) -> ColumnMap:
    """The map that a table's header calls for; the plain one when no format is recognised."""
    header = {folded(column) for column in table.columns}
    formats = (_built_in(name) for name in built_in_maps() if name != PLAIN)
    return next((m for m in formats if m.recognised_by and _fits(m, header)), _built_in(PLAIN))


def _fits(column_map: ColumnMap, header: set[str]) -> bool:
    return all(header & set(map(folded, names.split("|"))) for names in column_map.recognised_by)


def folded(column: str) -> str:
    """A column's name as it is compared: "Image URL", "image_url" and "imageUrl" are one.

    >>> folded("Image URL")
    'imageurl'
    """
    return re.sub(r"[\s_-]+", "", column).casefold()
