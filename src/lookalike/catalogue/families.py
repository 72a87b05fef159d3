"""Rows that belong together: those of one product and its variants, or a variant and its parent.

Each variant comes out as a whole row: what it leaves empty and shares is its family's, and its pictures are its
own and those that no other variant has for its own. One pass before counts the rows of each family, so a family
comes out when its last row has been read, wherever that is; only families that are not complete are in memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lookalike.catalogue.layouts import Layout, pattern
from lookalike.catalogue.pictures import references
from lookalike.catalogue.tables import MOST_ROWS, Cells, Row, Table, as_text, text_of
from lookalike.types import Value

MOST_OPTIONS = 9  # Shopify's products have up to three


@dataclass(frozen=True, slots=True)
class Families:
    """Which rows are of one family, and how many it has. Keys are hashes: a million families in some 100 MB."""

    layout: Layout
    sizes: Mapping[int, int]  # by the family's key
    keys: Mapping[int, int]  # of parents: any name -> the family's key
    column: str  # of the family's name; "" where variants name their parent

    def key(self, row: Row) -> int | None:
        """The key of the row's family; None where it names none."""
        if name := text_of(row.cells, self.column or self.layout.map.parent):
            return self.keys.get(hash(name), hash(name))
        names = () if self.column else parent_names(self.layout, row.cells)
        return next((self.keys[hash(name)] for name in names if hash(name) in self.keys), None)

    def whole(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows of products, each whole."""
        waiting: dict[int, list[Row]] = {}
        parent = self.layout.map.parent
        for row in (row._replace(cells=_without_zero(row.cells, parent)) for row in rows):
            key = self.key(row)
            size = self.sizes.get(key, 0) if key is not None else 0
            if row.problem or key is None or size == 0:
                yield row
            elif size > MOST_ROWS:
                yield row._replace(
                    problem=f"one of {size:,} rows of one product; more than {MOST_ROWS:,} are not read"
                )
            else:
                family = waiting.setdefault(key, [])
                family.append(row)
                if len(family) >= size:
                    yield from self._assembled(waiting.pop(key))
        for family in waiting.values():  # the file has become shorter since it was counted
            yield from self._assembled(family)

    def _assembled(self, family: list[Row]) -> Iterator[Row]:
        return _variants(self.layout, self.column, family) if self.column else _children(self.layout, family)


def read_families(layout: Layout, table: Table) -> Families | None:
    """Counts the families of a table; None for a format in which each row is a product by itself."""
    column = layout.column(layout.map.family)
    by_parent = layout.map.parent in table.columns
    if not column and not by_parent:
        return None
    counted: Counter[int] = Counter()
    keys: dict[int, int] = {}
    for row in table.read(layout.map.shape):
        name = text_of(_without_zero(row.cells, layout.map.parent), column or layout.map.parent)
        if row.problem:
            continue
        if name:
            counted[hash(name)] += 1
        elif not column and (names := parent_names(layout, row.cells)):
            counted[hash(names[0])] += 1
            keys |= dict.fromkeys(map(hash, names), hash(names[0]))
    sizes: Counter[int] = Counter()
    for name_key, rows in counted.items():
        sizes[keys.get(name_key, name_key)] += rows
    return Families(layout, sizes, keys, column)


def _without_zero(cells: Cells, parent: str) -> Cells:
    """The cells without a parent that is 0, which is how WordPress writes none."""
    return _without(cells, (parent,)) if cells.get(parent) in (0, "0") else cells


def _without(cells: Cells, columns: Sequence[str]) -> Cells:
    return {column: cell for column, cell in cells.items() if column not in columns}


def parent_names(layout: Layout, cells: Cells) -> list[str]:
    """What a variant may call the product of this row."""
    names = []
    for template in layout.map.parent_names:
        columns = re.findall(r"{([^{}]+)}", template)
        if all(text_of(cells, column) for column in columns):
            names.append(re.sub(r"{([^{}]+)}", lambda found: text_of(cells, found[1]), template))
    return names


def _variants(layout: Layout, column: str, family: list[Row]) -> Iterator[Row]:
    """The variants among the rows of one product."""
    title = layout.fields.get("title", ())
    head = next((row for row in family if any(name in row.cells for name in title)), family[0])
    shared = _shared(layout, head.cells)
    marks = {found for mark in layout.map.marks if (found := layout.column([mark]))}
    variants = [row for row in family if not marks.isdisjoint(row.cells)] or [head]
    own, gallery = layout.column(layout.map.own_picture), layout.column(layout.map.gallery)
    pictures = _gallery(family, gallery, layout.column(layout.map.position))
    of_one = {text_of(row.cells, own) for row in variants} - {""}
    ids = Counter(_id_of(layout, row.cells) for row in variants)
    for row in variants:
        cells = shared | row.cells
        if gallery:
            others = of_one if text_of(cells, own) else ()
            cells[gallery] = tuple(picture for picture in pictures if picture not in others)
        if not (identity := _id_of(layout, cells)) or ids[identity] > 1:
            cells[layout.fields["id"][0]] = _name_of_variant(layout, column, cells)
        yield Row(row.line, {name: cell for name, cell in cells.items() if cell != ()})


def _id_of(layout: Layout, cells: Cells) -> str:
    return text_of(cells, layout.first(cells, "id")[0])


def _shared(layout: Layout, cells: Cells) -> Cells:
    is_shared = pattern(layout.map.shared).match if layout.map.shared else lambda _: None
    return {column: cell for column, cell in cells.items() if is_shared(column)}


def _gallery(family: Sequence[Row], column: str, position: str) -> list[str]:
    """The pictures of all rows, each once, in the order of their positions."""
    if not column:
        return []
    found: dict[str, None] = {}
    for row in sorted(family, key=lambda row: _number(row.cells.get(position, ""))):
        cell = row.cells.get(column, ())
        found |= dict.fromkeys(cell if isinstance(cell, tuple) else [as_text(cell).strip()])
    return [picture for picture in found if picture]


def _number(cell: Value) -> float:
    text = as_text(cell) if not isinstance(cell, tuple) else ""
    return int(text) if re.fullmatch(r"\d{1,9}", text) else float("inf")


def _name_of_variant(layout: Layout, column: str, cells: Cells) -> str:
    """An id for a variant that has none, or shares it: the product's name and its options, "tee/M/Red"."""
    levels = [text_of(cells, column)]
    for n in range(1, max(layout.naming.most, MOST_OPTIONS) + 1):
        texts = (text_of(cells, value.replace("{n}", str(n))) for value in layout.map.values)
        levels += [option for option in texts if option and option not in layout.map.empty][:1]
    return "/".join(levels)


def _children(layout: Layout, family: list[Row]) -> Iterator[Row]:
    """A parent and its variants; as they are where the parent is not in the table, or has none."""
    parent = layout.map.parent
    children = [row for row in family if text_of(row.cells, parent)]
    heads = [row for row in family if not text_of(row.cells, parent)]
    if not children or not heads:
        yield from family
        return
    head = heads[0].cells
    shared = layout.naming.read(head) | _shared(layout, head)
    off_sale = {column: head[column] for column, _ in layout.hidden if column in head}
    group: Cells = {parent: _id_of(layout, head)}
    for row in heads:
        yield Row(row.line, _illustrated(layout, row.cells, children) | group)
    pictures = layout.fields.get("images", ())
    for row in children:
        inherited = _without(shared, pictures) if references(layout, row.cells) else shared
        cells = inherited | layout.naming.read(row.cells) | row.cells
        yield Row(row.line, cells | (off_sale if layout.hidden_by(head) else {}) | group)


def _illustrated(layout: Layout, cells: Cells, children: Iterable[Row]) -> Cells:
    """The parent's cells, with the pictures of its first variant that has some where it has none."""
    if references(layout, cells):
        return cells
    borrowed = next((found for row in children if (found := references(layout, row.cells))), ())
    return cells | {column: borrowed for column in layout.fields.get("images", ())[:1] if borrowed}
