"""What a store keeps: one row for each view of a product, with the product's columns beside it.

    row number picture key | id title ... colour | a_<attribute> ... | facts words | <part>_vector ...

`row` is unique (id and number of the view). `key` is the hash of the picture's bytes: equal keys are the same
picture, wherever it appears. `facts` and `words` are hashes of what the product's columns and its wording were
when the row was written: they tell what has changed without reading it back.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lookalike.recipe import Recipe
from lookalike.types import PARTS, Guess, Product, Value, Vectors, View

STORE_VERSION = 1

ColumnType: TypeAlias = Literal["text", "number", "integer", "boolean", "texts"]
ViewOfGroup: TypeAlias = tuple[View, str]  # a view, and the style that its product is of

_ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "texts": pa.list_(pa.string()),
}
STANDARD: dict[str, ColumnType] = {
    "id": "text",
    "title": "text",
    "description": "text",
    "group": "text",
    "images": "texts",
    "price": "number",
    "currency": "text",
    "in_stock": "boolean",
    "category": "text",
    "categories": "texts",
    "audience": "text",
    "brand": "text",
    "colour": "text",
}
_REPEATED = ("currency", "category", "categories", "audience", "brand", "colour")  # what many products share
_SHARED = 100  # characters of a text that others may have as well, at most
FILLED: dict[str, str] = {"type": "category", "colour": "colour", "audience": "audience"}  # guess -> our field
GARMENT = "garment"  # among what is read off a product: one of `types.GARMENTS`, or "other" for what is not worn
FILL_FROM = 0.6  # confidence at which a guess stands in a column where the shop says nothing
HIT_COLUMNS = ["id", "group", "number", "picture", "key"]  # what an answer needs of a row
_VIEW = [("row", pa.string()), ("number", pa.int32()), ("picture", pa.string()), ("key", pa.string())]
_HASHES = [("facts", pa.string()), ("words", pa.string())]


@dataclass(frozen=True, slots=True)
class Header:
    """What a store is, beside its rows."""

    recipe: Recipe
    dims: Mapping[str, int]  # part -> dimensions
    columns: Mapping[str, ColumnType] = field(default_factory=dict)  # attributes, by the shop's names
    aliases: Mapping[str, str] = field(
        default_factory=dict
    )  # the shop's name -> our field, "gender" -> "audience"
    models: Mapping[str, str] = field(default_factory=dict)  # part -> SHA-256 of the weights that made it
    predicted: tuple[str, ...] = ()  # what is read off its products: "garment"; by their pictures "type", ...
    moved: Mapping[str, str] = field(default_factory=dict)  # attribute -> its column, where its type was widened
    version: int = STORE_VERSION

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(p for p in PARTS if p in self.dims)

    def column_of(self, attribute: str) -> str:
        """The stored column of an attribute."""
        return self.moved.get(attribute) or attribute_column(attribute)

    def to_metadata(self) -> dict[str, str]:
        return {
            "lookalike.version": str(self.version),
            "lookalike.recipe": self.recipe.to_json(),
            "lookalike.dims": json.dumps(dict(self.dims)),
            "lookalike.columns": json.dumps(dict(self.columns)),
            "lookalike.aliases": json.dumps(dict(self.aliases)),
            "lookalike.models": json.dumps(dict(self.models)),
            "lookalike.predicted": json.dumps(list(self.predicted)),
            "lookalike.moved": json.dumps(dict(self.moved)),
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Header:
        """Raises KeyError or ValueError where the metadata are not a store's."""
        return cls(
            recipe=Recipe.from_json(metadata["lookalike.recipe"]),
            dims=json.loads(metadata["lookalike.dims"]),
            columns=json.loads(metadata["lookalike.columns"]),
            aliases=json.loads(metadata["lookalike.aliases"]),
            models=json.loads(metadata.get("lookalike.models", "{}")),
            predicted=tuple(json.loads(metadata.get("lookalike.predicted", "[]"))),
            moved=json.loads(metadata.get("lookalike.moved", "{}")),
            version=int(metadata["lookalike.version"]),
        )


def vector_column(part: str) -> str:
    return f"{part}_vector"


@lru_cache(maxsize=4096)
def attribute_column(name: str) -> str:
    """The stored name of an attribute: plain letters, and a hash where letters alone would not be unique."""
    slug = re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_")
    if slug == name:
        return f"a_{slug}"
    return f"a_{slug}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def moved_column(attribute: str, kind: ColumnType) -> str:
    """Where an attribute goes when its column is given a wider type: no other column begins with a type."""
    return f"{kind}_{attribute_column(attribute)}"


def predicted_columns(header: Header) -> dict[str, tuple[str, ColumnType]]:
    """Guesses by the name that filters know: `predicted.type`, `predicted.type.confidence`; column and type."""
    found: dict[str, tuple[str, ColumnType]] = {}
    for name in header.predicted:
        found[f"predicted.{name}"] = (f"predicted_{name}", "text")
        found[f"predicted.{name}.confidence"] = (f"predicted_{name}_confidence", "number")
    return found


def schema(header: Header, *, vectors: bool = True) -> pa.Schema:
    """The columns of the table, in order."""
    fields = [pa.field(name, kind) for name, kind in _VIEW]
    fields += [pa.field(name, _ARROW[kind]) for name, kind in STANDARD.items()]
    fields += [pa.field(header.column_of(name), _ARROW[kind]) for name, kind in header.columns.items()]
    fields += [pa.field(name, _ARROW[kind]) for name, kind in predicted_columns(header).values()]
    fields += [pa.field("filled", _ARROW["texts"])] if header.predicted else []
    fields += [pa.field(name, kind) for name, kind in _HASHES]
    if vectors:
        fields += [
            pa.field(vector_column(p), pa.list_(pa.field("item", pa.float32()), header.dims[p]))
            for p in header.parts
        ]
    return pa.schema(fields)


def row_id(product_id: str, number: int) -> str:
    return f"{product_id}\x1f{number}"


def facts_of(product: Product) -> str:
    """A hash of all that a product says of itself."""
    cells = [getattr(product, name) for name in STANDARD]
    return _hash([*cells, sorted((k, v) for k, v in product.attributes.items())])


def words_of(texts: Iterable[str]) -> str:
    """A hash of the words that are embedded."""
    return _hash(list(texts))


def _hash(value: Any) -> str:
    return hashlib.blake2b(
        json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), digest_size=12
    ).hexdigest()


def facts_table(header: Header, products: Sequence[Product]) -> pa.Table:
    """The columns that a product's facts fill, one row a product; no view, no vector."""
    return pa.table({**_facts(header, products), "facts": [facts_of(p) for p in products]})


def rows_table(
    header: Header,
    views: Sequence[tuple[Product, View]],
    words: Sequence[str],
    vectors: Mapping[str, Vectors],
) -> pa.Table:
    """Whole rows. `words` holds a hash for each row, `vectors` a matrix for each part, rows in the same order."""
    products = [product for product, _ in views]
    cells: dict[str, Any] = {
        "row": [row_id(v.product_id, v.number) for _, v in views],
        "number": pa.array([v.number for _, v in views], pa.int32()),
        "picture": [v.picture for _, v in views],
        "key": [v.key for _, v in views],
        **_facts(header, products),
        "facts": [facts_of(p) for p in products],
        "words": list(words),
    }
    for part in header.parts:
        flat = np.ascontiguousarray(vectors[part], dtype=np.float32)
        cells[vector_column(part)] = pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), header.dims[part])
    whole = schema(header)
    return pa.table({name: cells[name] for name in whole.names}, schema=whole)


def _facts(header: Header, products: Sequence[Product]) -> dict[str, pa.Array]:
    fillings = [_filling(p, header) for p in products]
    cells = {
        name: pa.array(
            [_cell(f.get(name, getattr(p, name))) for p, f in zip(products, fillings, strict=True)], _ARROW[kind]
        )
        for name, kind in STANDARD.items()
    }
    for name, kind in header.columns.items():
        cells[header.column_of(name)] = pa.array([_cell(p.attributes.get(name)) for p in products], _ARROW[kind])
    for name in header.predicted:
        guesses = [p.predicted.get(name) for p in products]
        cells[f"predicted_{name}"] = pa.array([g and g.value for g in guesses], pa.string())
        cells[f"predicted_{name}_confidence"] = pa.array([g and g.confidence for g in guesses], pa.float64())
    if header.predicted:
        cells["filled"] = pa.array([sorted(f) for f in fillings], _ARROW["texts"])
    return cells


def _filling(product: Product, header: Header) -> dict[str, Value]:
    """What filters shall find where the shop says nothing: confident guesses, by our field."""
    found: dict[str, Value] = {}
    for name in header.predicted:
        guess, ours = product.predicted.get(name), FILLED.get(name)
        if guess and ours and guess.confidence >= FILL_FROM and not getattr(product, ours):
            found[ours] = guess.value
            if ours == "category":
                found["categories"] = (guess.value,)
    return found


def _cell(value: Value | None) -> Any:
    return list(value) if isinstance(value, tuple) else value


def product_of(row: Mapping[str, Any], header: Header) -> Product:
    """The product in a row, as `Table.to_pylist` gives it. Words that many products have are held once."""
    attributes = {}
    for name in header.columns:
        value = row.get(header.column_of(name))
        if value is not None:
            attributes[name] = _held_once(tuple(value) if isinstance(value, list) else value)
    facts: dict[str, Any] = {
        name: tuple(row[name] or ()) if kind == "texts" else row[name] for name, kind in STANDARD.items()
    }
    facts |= {name: _held_once(facts[name]) for name in _REPEATED}
    filled = row.get("filled") or ()
    facts = {
        name: _nothing(name) if name in filled or (value is None and STANDARD[name] == "text") else value
        for name, value in facts.items()
    }
    predicted = {
        name: Guess(_held_once(row[f"predicted_{name}"]), row[f"predicted_{name}_confidence"])
        for name in header.predicted
        if row.get(f"predicted_{name}") is not None
    }
    return Product(**facts, attributes=attributes, predicted=predicted)


def _held_once(value: Any) -> Any:
    """The same value; of a short text, or of several, the one copy that whoever has it shares."""
    if isinstance(value, tuple):
        return tuple(map(_held_once, value))
    return _copy_of(value) if isinstance(value, str) and len(value) <= _SHARED else value


@lru_cache(maxsize=32_768)
def _copy_of(text: str) -> str:
    return text


def _nothing(column: str) -> Value:
    """How a product says nothing in a column."""
    return () if STANDARD[column] == "texts" else ""


def view_of(row: Mapping[str, Any]) -> View:
    return View(row["id"], row["number"], row["picture"], row["key"])


def views_at(places: npt.NDArray[np.int64], table: pa.Table) -> list[ViewOfGroup]:
    """The views in these rows of a table, in order."""
    rows = table.select(HIT_COLUMNS).take(places).to_pylist()
    return [(view_of(row), row["group"] or row["id"]) for row in rows]


def matrix(column: pa.ChunkedArray, dim: int) -> Vectors:
    """A vector column as numbers.  # (n, dim)"""
    if len(column) == 0:
        return np.empty((0, dim), np.float32)
    chunks = [np.asarray(chunk.flatten()).reshape(-1, dim) for chunk in column.chunks]
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
