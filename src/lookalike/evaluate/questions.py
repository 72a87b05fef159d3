"""What is asked of a catalogue, and what a right answer is.

    identity    a further view of a product is shown: which main view is of the same product and colour?
    attributes  a product is shown: do its neighbours share its type, its colour, its department, all of these?

The law: nothing answers itself. Byte-identical pictures never stand in each other's lists, and neighbours that
share a fact are looked for among other styles, since variants of one style share it of course.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lookalike.evaluate.intervals import numbered
from lookalike.evaluate.shelf import Shelf
from lookalike.types import View

Codes = npt.NDArray[np.int64]  # equal numbers are equal labels; -1 is a label that is not known
Rows = Sequence[int]  # places on a shelf


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Queries, a gallery, and which answers are right."""

    name: str
    kind: Literal["identity", "attribute"]
    queries: Sequence[View]
    gallery: Sequence[View]
    asked: Codes  # (queries,): the label that is looked for
    shown: Codes  # (gallery,): the label of each; those without one are passed over
    apart: tuple[tuple[Codes, Codes], ...]  # of queries and gallery: pairs with equal codes never meet
    clusters: Codes  # (queries,): queries that say much the same, as views of one style do

    @property
    def words(self) -> bool:
        """Whether words may count: views of one product carry the same, which would give the answer away."""
        return self.kind == "attribute"


def identity(shelf: Shelf, *, colour: str = "colour", queries: Rows | None = None) -> Question:
    """Further views against main views; right is the main view of the same product, in the same colour.

    Variants that show the same picture are one. queries: places on the shelf, if not every further view. There
    are none where no product has a further view.
    """
    who = list(zip(shelf.styles, shelf.facts.get(colour) or [""] * len(shelf.styles), strict=True))
    mains = _each_once((who[at], shelf.views[at].key, at) for at in range(len(who)) if not shelf.views[at].number)
    there = {who[at] for at in mains}
    keys = {shelf.views[at].key for at in mains}
    further = _each_once(
        (who[at], view.key, at)
        for at in (range(len(who)) if queries is None else queries)
        if (view := shelf.views[at]).number and who[at] in there and view.key not in keys
    )
    names = [f"{style}\x1f{hue}" for style, hue in who]
    return _question("identity", "identity", shelf, further, mains, names)


def attributes(
    shelf: Shelf,
    columns: Sequence[str],
    *,
    queries: Rows,
    gallery: Rows | None = None,
    apart: str = "",
) -> list[Question]:
    """One question for each column, and one for all of them together.

    queries, gallery: places on the shelf, such as `main_views` gives. apart: a further column; products that
    say the same there are never neighbours, as pictures by one sender are not, and intervals are over those.
    """
    shown = main_views(shelf) if gallery is None else gallery
    labels = {column: shelf.facts[column] for column in columns}
    if len(columns) > 1:
        labels[" + ".join(columns)] = [
            "\x1f".join(said) if all(said) else "" for said in zip(*labels.values(), strict=True)
        ]
    more = [shelf.styles] + ([shelf.facts[apart]] if apart else [])
    return [
        _question("attribute", name, shelf, [at for at in queries if said[at]], shown, said, more)
        for name, said in labels.items()
    ]


def main_views(shelf: Shelf) -> list[int]:
    """Places of the main view of each product; of variants with the same picture, the first."""
    return _each_once(
        (shelf.styles[at], v.key or v.product_id, at) for at, v in enumerate(shelf.views) if not v.number
    )


def drawn(rows: Rows, count: int, *, seed: int) -> list[int]:
    """So many of the rows, at random, in the order drawn; a larger count begins with the same ones."""
    return [rows[at] for at in np.random.default_rng(seed).permutation(len(rows))[:count]]


def _question(
    kind: Literal["identity", "attribute"],
    name: str,
    shelf: Shelf,
    queries: Rows,
    gallery: Rows,
    labels: Sequence[str],
    apart: Sequence[Sequence[str]] = (),
) -> Question:
    keys = [view.key for view in shelf.views]
    alike = apart[-1] if apart else shelf.styles
    return Question(
        name,
        kind,
        [shelf.views[at] for at in queries],
        [shelf.views[at] for at in gallery],
        *_codes(labels, queries, gallery),
        tuple(_codes(column, queries, gallery) for column in (keys, *apart)),
        numbered([alike[at] or shelf.styles[at] for at in queries]),
    )


def _codes(labels: Sequence[str], queries: Rows, gallery: Rows) -> tuple[Codes, Codes]:
    numbers: dict[str, int] = {"": -1}

    def coded(rows: Rows) -> Codes:
        return np.array([numbers.setdefault(labels[at], len(numbers)) for at in rows], np.int64)

    return coded(queries), coded(gallery)


def _each_once(named: Iterable[tuple[object, str, int]]) -> list[int]:
    """Places, of those with the same name and picture the first."""
    first: dict[tuple[object, str], int] = {}
    for name, key, at in named:
        first.setdefault((name, key), at)
    return list(first.values())
