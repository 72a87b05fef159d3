"""A catalogue: every row of a shop's file as a product, or as a Reject with the reason and the line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lookalike.catalogue.cleaning import LONGEST_ID
from lookalike.catalogue.families import Families, read_families
from lookalike.catalogue.layouts import Layout, lay
from lookalike.catalogue.mapping import read_product
from lookalike.catalogue.maps import load_map, recognise
from lookalike.catalogue.pictures import Gallery, gallery
from lookalike.catalogue.readers import open_table
from lookalike.catalogue.tables import Row, Table, text_of
from lookalike.catalogue.variants import Styles, read_styles
from lookalike.types import Product, Reject

SKIPPED = "picture skipped: "  # begins the reason where a product stays and only a picture of it does not
NOT_ON_SALE = "not on sale: "  # begins the reason where the shop itself keeps a product back


def open_catalogue(
    source: str | Path, *, columns: str | Path | None = None, images: str | Path | None = None
) -> Catalogue:
    """Opens a shop's file, or a folder of pictures, to read products from it.

    columns: the name of a column map, or a path to one as TOML; None recognises it from the header.
    images: the folder that the pictures' paths start from, if not beside the file.
    """
    table = open_table(source)
    column_map = load_map(columns) if columns is not None else recognise(table)
    layout = lay(column_map, table)
    return Catalogue(table, layout, gallery(layout, table.path, images))


@dataclass(slots=True, eq=False)
class Catalogue:
    """A shop's products, read from its file anew each time that they are asked for, one at a time."""

    table: Table
    layout: Layout
    gallery: Gallery
    _styles: Styles | None = field(default=None, repr=False)
    _families: Families | None = field(default=None, repr=False)

    @property
    def source(self) -> Path:
        """The file, or the folder of pictures."""
        return self.table.path

    @property
    def format(self) -> str:
        """The name of the column map."""
        return self.layout.map.name

    @property
    def aliases(self) -> dict[str, str]:
        """The shop's column -> the Product field that it became, where the two are not named alike."""
        return self.layout.aliases

    def __iter__(self) -> Iterator[Product | Reject]:
        return (item for _, item in self.with_lines())

    def with_lines(self) -> Iterator[tuple[int, Product | Reject]]:
        """Each product or Reject, with the line that its row begins on; pictures left out follow their product."""
        seen: set[int] = set()  # hashes of 64 bits: a million ids in some 70 MB
        for row in self._rows():
            try:
                product, problems = self._read(row, seen)
            except ValueError as error:
                yield row.line, self._reject(row, str(error))
                continue
            yield row.line, product
            for problem in problems:
                yield row.line, self._reject(row, SKIPPED + problem)

    def _rows(self) -> Iterator[Row]:
        """The rows of the table, each with what it has from others."""
        if self._families is None:
            self._families = read_families(self.layout, self.table)
        rows = self.table.read(self.layout.map.shape)
        return self._families.whole(rows) if self._families else rows

    def _read(self, row: Row, seen: set[int]) -> tuple[Product, list[str]]:
        if row.problem:
            raise ValueError(row.problem)
        if rule := self.layout.hidden_by(row.cells):
            raise ValueError(NOT_ON_SALE + rule)
        product, problems = read_product(self.layout, row.cells, self.gallery, self._known_styles())
        if (mark := hash(product.id)) in seen:
            raise ValueError(f"duplicate id {product.id!r}: a row above has it already")
        seen.add(mark)
        return product, problems

    def _known_styles(self) -> Styles:
        if self._styles is None:
            self._styles = read_styles(self.layout, self.table)
        return self._styles

    def _reject(self, row: Row, reason: str) -> Reject:
        identity = text_of(row.cells, self.layout.first(row.cells, "id")[0])
        return Reject(row.line, identity[:LONGEST_ID], reason, str(self.table.path))
