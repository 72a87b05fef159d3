"""One row into one product, by the column map. A row that will not do raises ValueError: it becomes a Reject."""

from __future__ import annotations

import math

from lookalike.catalogue import cleaning
from lookalike.catalogue.layouts import Layout
from lookalike.catalogue.pictures import Gallery, has_pictures, nothing_named, references
from lookalike.catalogue.prices import currency, price
from lookalike.catalogue.tables import Cells, as_text
from lookalike.catalogue.variants import Styles, unpacked
from lookalike.types import Product, Value

REGULAR_PRICE = "regular_price"  # the attribute that keeps the price which a sale price takes the place of


def read_product(layout: Layout, cells: Cells, gallery: Gallery, styles: Styles) -> tuple[Product, list[str]]:
    """The product of a row, and why some of its pictures are left out."""
    identity = cleaning.identifier(_first(layout, cells, "id"))
    cells = _meaningful(layout, cells)
    images, problems = _pictures(layout, cells, gallery, styles.pictures_for(identity))
    attributes = _attributes(layout, cells)
    paths = _category_paths(layout, cells)
    amount, code = _price(layout, cells, attributes)
    product = Product(
        id=identity,
        title=cleaning.label(_first(layout, cells, "title")),
        description=cleaning.plain_text(_first(layout, cells, "description")),
        group=cleaning.words(_first(layout, cells, "group")) or styles.groups.get(identity, ""),
        images=images,
        price=amount,
        currency=currency(as_text_of(_first(layout, cells, "currency"))) or code,
        in_stock=_in_stock(layout, cells, attributes),
        category=cleaning.deepest(paths),
        categories=cleaning.with_ancestors(paths),
        audience=cleaning.label(_first(layout, cells, "audience")) or _audience(layout, paths),
        brand=cleaning.label(_first(layout, cells, "brand")),
        colour=cleaning.label(_first(layout, cells, "colour")),
        attributes=attributes,
    )
    return product, problems


def as_text_of(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else as_text(value)


def _meaningful(layout: Layout, cells: Cells) -> Cells:
    """The cells that say something, those in the cell that holds many among them."""
    if packed := cells.get(layout.map.unpack):
        cells = unpacked(as_text_of(packed)) | cells
    if layout.map.empty:
        cells = {column: cell for column, cell in cells.items() if cell not in layout.map.empty}
    return layout.naming.read(cells) | cells if layout.map.names else cells


def _first(layout: Layout, cells: Cells, field: str) -> Value:
    """The first cell of a field that has something in it, "" when none has."""
    return layout.first(cells, field)[1]


def _pictures(
    layout: Layout, cells: Cells, gallery: Gallery, inherited: tuple[str, ...]
) -> tuple[tuple[str, ...], list[str]]:
    """The pictures that are there, and why others are left out; ValueError where none is left."""
    if not has_pictures(layout):
        return (), []
    named = references(layout, cells) or inherited
    if not named:
        raise ValueError(nothing_named(layout))
    images, problems = gallery.find_all(named)
    if not images:
        raise ValueError(f"no picture: {problems[0]}")
    return images, problems


def _attributes(layout: Layout, cells: Cells) -> dict[str, Value]:
    attributes: dict[str, Value] = {}
    for column, cell in cells.items():
        name = layout.attribute(column)
        if name and (value := _clean(cell)) not in ("", ()):
            attributes[name] = value
    return attributes


def _clean(cell: Value) -> Value:
    if isinstance(cell, str):
        return cleaning.label(cell)
    if isinstance(cell, tuple):
        return tuple(text for text in map(cleaning.label, cell) if text)
    return cell


def _price(layout: Layout, cells: Cells, attributes: dict[str, Value]) -> tuple[float | None, str]:
    """What it costs now; the regular price, where that is higher, is kept as an attribute.

    A sale price of 0 is how some exports write none; one above the price, or in another currency, is a mistake.
    """
    now, regular = _amount(layout, cells, "price"), _amount(layout, cells, "regular_price")
    sale = _amount(layout, cells, "sale_price")
    if sale[0] and (now[0] is None or (sale[0] <= now[0] and sale[1] in ("", now[1] or sale[1]))):
        regular = now if regular[0] is None else regular
        now = sale[0], sale[1] or now[1]
    if regular[0] and now[0] and regular[0] > now[0] and not math.isclose(regular[0], now[0]):
        attributes.setdefault(REGULAR_PRICE, regular[0])
    return now


def _amount(layout: Layout, cells: Cells, field: str) -> tuple[float | None, str]:
    cell = _first(layout, cells, field)
    return (None, "") if cell == "" else price(cell)


def _in_stock(layout: Layout, cells: Cells, attributes: dict[str, Value]) -> bool | None:
    """Whether it is in stock; words that do not tell are kept as an attribute."""
    if layout.tracker and not cells.get(layout.tracker):
        return True  # nobody counts: it is always sold
    column, cell = layout.first(cells, "in_stock")
    stock = cleaning.in_stock(cell) if cell != "" else None
    if stock is None and cell != "":
        attributes.setdefault(column, _clean(cell))
    return stock


def _category_paths(layout: Layout, cells: Cells) -> list[str]:
    paths = (cleaning.category_path(path) for path in _written_paths(layout, cells))
    below = (cleaning.without_root(path, layout.map.category_roots) for path in paths)
    return list(dict.fromkeys(path for path in below if path))


def _written_paths(layout: Layout, cells: Cells) -> list[str]:
    if layout.map.category_levels:
        levels = (cells.get(column, "") for column in layout.fields.get("category", ()))
        return ["/".join(as_text_of(level).replace("/", " ") for level in levels)]
    cell = _first(layout, cells, "category")
    if isinstance(cell, tuple):
        return list(cell)
    separator = layout.map.category_separator
    return cleaning.listed(as_text(cell), separator) if separator else [as_text(cell)]


def _audience(layout: Layout, paths: list[str]) -> str:
    """The department that a level of the category names, in the shop's own word."""
    departments = {audience.casefold() for audience in layout.map.audiences}
    levels = (level for path in paths for level in path.split("/"))
    return next((level for level in levels if level.casefold() in departments), "")
