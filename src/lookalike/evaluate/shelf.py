"""What a store holds, view by view, with the facts that answers are judged by. No vectors: those stay there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lookalike.errors import LookalikeError
from lookalike.store.interface import Store
from lookalike.store.rows import STANDARD, Header
from lookalike.types import Product, Value, View

_TOGETHER = 2_000  # products
_SAID = {
    "type": "category",
    "department": "audience",
}  # words for columns, where a catalogue has none of that name


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """Every view of a store, products in the order of their ids, views in theirs. All sequences of one length."""

    name: str
    views: Sequence[View]
    styles: Sequence[str]
    facts: Mapping[str, Sequence[str]]  # column, as it was asked for -> what is said of each view; "" for nothing

    @classmethod
    def read(cls, store: Store, columns: Sequence[str], *, name: str = "the store") -> Shelf:
        """Every view, with what its product says, else what another product of the style says of the same picture.

        columns: names as in filters, the shop's own or ours. Raises `LookalikeError` for one that is not there.
        """
        fields = {column: _field(column, store.header, name) for column in columns}
        views: list[View] = []
        styles: list[str] = []
        facts: dict[str, list[str]] = {column: [] for column in columns}
        every = store.ids(limit=0)
        for at in range(0, len(every), _TOGETHER):
            ids = every[at : at + _TOGETHER]
            products, stored = store.products(ids), store.views(ids)
            for product_id in ids:
                product = products[product_id]
                views += [one.view for one in stored[product_id]]
                styles += [product.style] * len(stored[product_id])
                for column, field in fields.items():
                    facts[column] += [_fact(product, field)] * len(stored[product_id])
        return cls(name, views, styles, {c: _filled(said, styles, views) for c, said in facts.items()})


def has_column(column: str, header: Header) -> bool:
    """Whether products can be asked for this column."""
    return bool(_resolved(column, header))


def _field(column: str, header: Header, name: str) -> str:
    if field := _resolved(column, header):
        return field
    known = [*STANDARD, *header.aliases, *header.columns]
    raise LookalikeError(f"{name} has no column {column!r}: it has {', '.join(sorted(set(known)))}")


def _resolved(column: str, header: Header) -> str:
    for wanted in (column, _SAID.get(column, column)):
        field = header.aliases.get(wanted, wanted)
        if field in STANDARD or field in header.columns:
            return field
    return ""


def _filled(said: Sequence[str], styles: Sequence[str], views: Sequence[View]) -> list[str]:
    """A style's own row often says no colour; the variant that shows its picture does."""
    known: dict[tuple[str, str], str] = {}
    for fact, style, view in zip(said, styles, views, strict=True):
        if fact and view.key:
            known.setdefault((style, view.key), fact)
    return [
        fact or known.get((style, view.key), "") for fact, style, view in zip(said, styles, views, strict=True)
    ]


def _fact(product: Product, field: str) -> str:
    value: Value | None = getattr(product, field) if field in STANDARD else product.attributes.get(field)
    return "|".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
