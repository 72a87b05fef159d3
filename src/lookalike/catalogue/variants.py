"""Which variants make one style, where the style's row lists them: `sku=MH01-XS-Black,size=XS|sku=...`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lookalike.catalogue.layouts import Layout
from lookalike.catalogue.pictures import references
from lookalike.catalogue.tables import Cells, Table, text_of


@dataclass(frozen=True, slots=True)
class Styles:
    """What has to be known of other rows before a row can be read. Empty for formats that list no variants."""

    groups: Mapping[str, str] = field(default_factory=dict)  # id of a variant or of a style -> id of the style
    pictures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of a style, by its id
    borrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # for a style that has none of its own

    def pictures_for(self, identity: str) -> tuple[str, ...]:
        """Pictures for a row that names none: a variant has its style's, a style its first variant's."""
        group = self.groups.get(identity, identity)
        return self.borrowed.get(identity, ()) if group == identity else self.pictures.get(group, ())


def read_styles(layout: Layout, table: Table) -> Styles:
    """Reads the table for its styles; once more for the pictures of styles that have none."""
    if layout.map.variants not in table.columns:
        return Styles()
    groups: dict[str, str] = {}
    pictures: dict[str, tuple[str, ...]] = {}
    bare: dict[str, str] = {}  # variant -> its style that has no pictures
    for identity, cells in _identified(layout, table):
        variants = variant_ids(text_of(cells, layout.map.variants), layout.map.variant_id)
        if not variants:
            continue
        groups[identity] = identity
        for variant in variants:
            groups.setdefault(variant, identity)
        if named := references(layout, cells):
            pictures[identity] = named
        else:
            bare |= dict.fromkeys(variants, identity)
    return Styles(groups, pictures, _borrowed(layout, table, bare) if bare else {})


def _borrowed(layout: Layout, table: Table, bare: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    borrowed: dict[str, tuple[str, ...]] = {}
    for identity, cells in _identified(layout, table):
        style = bare.get(identity)
        if style and style not in borrowed and (named := references(layout, cells)):
            borrowed[style] = named
    return borrowed


def _identified(layout: Layout, table: Table) -> Iterable[tuple[str, Cells]]:
    column = layout.fields["id"][0]
    for row in table.read(layout.map.shape):
        if column in row.cells:
            yield text_of(row.cells, column), row.cells


def variant_ids(listed: str, key: str) -> list[str]:
    """The ids in a list of variants.

    >>> variant_ids("sku=MH01-XS-Black,size=XS|sku=MH01-S-Black,size=S", "sku")
    ['MH01-XS-Black', 'MH01-S-Black']
    """
    found = re.findall(rf"(?:^|[|,])\s*{re.escape(key)}=([^,|]*)", listed)
    return [identity.strip() for identity in found if identity.strip()]


def unpacked(listed: str) -> Cells:
    """The attributes that one cell holds; a "|" in a value separates several. ValueError where it is no list.

    >>> unpacked("size=XS,material=Wool, soft,climate=Cool|Indoor")
    {'size': 'XS', 'material': 'Wool, soft', 'climate': ('Cool', 'Indoor')}
    """
    cells: Cells = {}
    for part in re.split(r",(?=\s*[A-Za-z_][A-Za-z0-9_]*=)", listed):
        name, equals, value = part.strip().partition("=")
        if not equals and part.strip():
            raise ValueError(f"{part[:60]!r} is not an attribute: write name=value")
        values = [one.strip() for one in value.split("|") if one.strip()]
        if values:
            cells[name] = tuple(values) if len(values) > 1 else values[0]
    return cells
