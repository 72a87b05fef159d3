"""Column maps: what a feed format calls things. They are data: TOML files in `columns/`, or a shop's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import translate
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lookalike.catalogue.tables import Table
from lookalike.errors import CatalogueError

PLAIN = "plain"
FIELD_NAMES = "id title description group images price sale_price currency in_stock category audience brand colour"
FIELDS = frozenset(FIELD_NAMES.split())


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which of a shop's columns hold what, and how they are written. The TOML files have the same names."""

    name: str
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # ours -> the shop's, best first
    recognised_by: tuple[str, ...] = ()  # a table with all of these columns is of this format
    synonyms: bool = (
        False  # only the first column found is the field; else the next ones stand in where it is empty
    )
    empty: frozenset[str] = frozenset()  # cells that say nothing
    spill: str = ""  # the text column whose commas nobody quoted

    picture_separator: str = "|"
    picture_template: str = ""  # "{id}.jpg", out of other columns
    picture_folders: tuple[str, ...] = ()  # where pictures may lie, beside the file or in the given folder
    pictures_rooted: bool = False  # whether a leading "/" means the folder of pictures

    category_separator: str = ""  # between the categories of one cell
    category_levels: bool = False  # whether each category column is one level of a single path
    category_roots: tuple[str, ...] = ()  # first levels that say nothing
    audiences: tuple[str, ...] = ()  # category levels that are departments

    variants: str = ""  # the column that lists a style's variants
    variant_id: str = "sku"  # what the variant's id is called in there

    keep: frozenset[str] = frozenset()  # columns that are attributes too, though a field is made of them
    drop: tuple[str, ...] = ()  # patterns of columns that are no attributes: "meta_*"
    unpack: str = ""  # the column that holds many attributes: "size=XS,color=Black"


NOTHING = ColumnMap(name="")

# Where each setting stands in the TOML file. What is not here, or of another type than the field, is an error.
SETTINGS = {
    "recognised_by": "recognised_by",
    "synonyms": "synonyms",
    "empty": "empty",
    "spill": "spill",
    "pictures.separator": "picture_separator",
    "pictures.template": "picture_template",
    "pictures.folders": "picture_folders",
    "pictures.rooted": "pictures_rooted",
    "categories.separator": "category_separator",
    "categories.levels": "category_levels",
    "categories.roots": "category_roots",
    "categories.audiences": "audiences",
    "variants.column": "variants",
    "variants.id": "variant_id",
    "attributes.keep": "keep",
    "attributes.drop": "drop",
    "attributes.unpack": "unpack",
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
    fitting = (m for m in formats if m.recognised_by and header.issuperset(map(folded, m.recognised_by)))
    return next(fitting, _built_in(PLAIN))


def folded(column: str) -> str:
    """A column's name as it is compared: "Image URL", "image_url" and "imageUrl" are one.

    >>> folded("Image URL")
    'imageurl'
    """
    return re.sub(r"[\s_-]+", "", column).casefold()


@dataclass(frozen=True, slots=True)
class Layout:
    """A column map laid over one table: which of its columns are which."""

    map: ColumnMap
    fields: Mapping[str, tuple[str, ...]]  # ours -> the table's columns, best first
    attributes: Mapping[str, str]  # the table's column -> the attribute that it is, "" for none

    @property
    def aliases(self) -> dict[str, str]:
        """The shop's column -> the Product field that it became, where the two are not named alike."""
        ours = {"sale_price": "price"}
        pairs = ((column, ours.get(f, f)) for f, columns in self.fields.items() for column in columns)
        return {c: f for c, f in pairs if c not in PRODUCT_FIELDS and c not in self.map.keep}

    def attribute(self, column: str) -> str:
        """The name of the attribute that a column holds, "" when it holds none."""
        known = self.attributes.get(column)
        return known if known is not None else _attribute(self.map, self.fields, column)


PRODUCT_FIELDS = (FIELDS - {"sale_price"}) | {"categories", "attributes"}


def lay(column_map: ColumnMap, table: Table) -> Layout:
    """Finds the map's columns in the table; CatalogueError when there is none for the id."""
    fields: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for ours, names in sorted(column_map.fields.items(), key=lambda item: item[0] != "id"):  # the id comes first
        found = [column for column in _found(names, table.columns, column_map) if column not in taken]
        if column_map.synonyms and ours != "images":
            found = found[:1]
        fields[ours] = tuple(found)
        taken |= set(found)
    if not set(fields.get("id", ())) & set(table.columns):
        raise CatalogueError(_no_id(column_map, table))
    attributes = {column: _attribute(column_map, fields, column) for column in table.columns}
    return Layout(column_map, fields, attributes)


def _found(names: Iterable[str], columns: Iterable[str], column_map: ColumnMap) -> list[str]:
    """The table's columns of these names; and names that may come out of the column that holds many."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(folded(column), column)
    found = (by_name.get(folded(name), name if column_map.unpack else "") for name in names)
    return list(dict.fromkeys(column for column in found if column))


def _attribute(column_map: ColumnMap, fields: Mapping[str, tuple[str, ...]], column: str) -> str:
    if column not in column_map.keep:
        special = column in (column_map.variants, column_map.unpack)
        if special or any(column in columns for columns in fields.values()) or _is_dropped(column_map, column):
            return ""
    return f"{column}_" if column in PRODUCT_FIELDS else column  # a store has one column of a name


def _is_dropped(column_map: ColumnMap, column: str) -> bool:
    return bool(column_map.drop and _pattern(column_map.drop).match(column))


@cache
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


def _no_id(column_map: ColumnMap, table: Table) -> str:
    header = ", ".join(column[:40] for column in table.columns[:30])
    more = f" and {len(table.columns) - 30} more" if len(table.columns) > 30 else ""
    names = ", ".join(column_map.fields.get("id", ())) or "none"
    return (
        f"{table.path} has no column for the id (known names: {names}) among: {header}{more}; "
        f'give --columns MAP.toml with extends = "plain" and, under [fields], id = ["YOUR COLUMN"]'
    )
