"""What a shop's own catalogue teaches: which pictures show the same thing, and what the shop says of it.

Pictures lie on three sides, drawn by style, so that no style is on two of them:

    train     what batches are made of
    choose    which weights are the best is decided on these
    held out  what the evaluation asks for at the end; where nothing is, `choose` is drawn as it would be

A picture is known by its bytes: it is learned from once, under however many products it stands, and not at all
where a held-out style shows it too.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lookalike.catalogue import open_catalogue
from lookalike.errors import LookalikeError
from lookalike.evaluate.splits import held_out
from lookalike.indexing.fitting import Progress
from lookalike.media.augmenting import Augmentation
from lookalike.media.fetching import Fetcher
from lookalike.training.pictures import Pictures, read_pictures
from lookalike.training.samples import Labels, Source, numbered
from lookalike.types import Product

ATTRIBUTES = ("category", "colour", "audience")
CHOOSE = 0.15  # share of the styles that are not held out
_SALT = "choose"
_FEWEST = 2  # things to tell apart, pictures of a class, classes of an attribute


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Pictures to choose by, and what is true of them. All of the same length."""

    pixels: Pictures
    things: Labels  # equal numbers show the same thing
    styles: Labels
    labels: Mapping[str, Labels]  # attribute -> classes; -1 where it is not known


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """A catalogue, ready to be learned from."""

    train: Source
    choose: Shown
    classes: Mapping[str, list[str]]  # attribute -> its classes, by number
    held_out: int  # pictures kept for the evaluation
    skipped: Mapping[str, int]  # why pictures were left out -> how many

    @property
    def has_views(self) -> bool:
        """Whether things are shown from several sides, so that not all pairs are made."""
        return len(self.train) < len(self.train.things)


def read_lessons(
    source: str | os.PathLike[str],
    *,
    columns: str | None = None,
    images: str | os.PathLike[str] | None = None,
    attributes: Sequence[str] | None = None,
    hold_out: float,
    choose: float = CHOOSE,
    longest: int,
    how: Augmentation | None = None,
    fetcher: Fetcher | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Lessons:
    """The pictures of a catalogue with what it says of them.

    attributes: the columns to teach, ours or the shop's own, with every class; None takes those of `ATTRIBUTES`
    that tell products apart, with the classes that several pictures have. hold_out: share of the styles that is
    kept for the evaluation. choose: share of the others.
    longest: pixels that the longer side is kept at.
    Raises `LookalikeError` where a column says nothing, or too little is left to learn from.
    """
    _check(hold_out=hold_out, choose=choose)
    catalogue = open_catalogue(Path(source), columns=columns, images=Path(images) if images else None)
    products = [item for item in catalogue if isinstance(item, Product)]
    pictures, owners, skipped = _read(products, longest, fetcher or Fetcher(), progress)
    out = [any(held_out(products[n].style.lower(), hold_out) for n in owned) for owned in owners]
    salt = _SALT if hold_out else ""
    chosen = [held_out(products[owned[0]].style.lower(), choose, salt=salt) for owned in owners]
    train = [at for at in range(len(owners)) if not out[at] and not chosen[at]]
    by = [at for at in range(len(owners)) if not out[at] and chosen[at]]
    shown = [products[owned[0]] for owned in owners]
    things = numbered([f"{p.style}\x1f{p.colour}" for p in shown])
    if len(set(things[train].tolist())) < _FEWEST or len(by) < _FEWEST:
        raise LookalikeError(
            f"{source} leaves {len(train)} pictures to train on and {len(by)} to choose by, of "
            f"{len(owners)}: too few to learn from"
        )
    classes: dict[str, list[str]] = {}
    labels: dict[str, Labels] = {}
    for name in ATTRIBUTES if attributes is None else attributes:
        said = [_said(p, name, catalogue.aliases) for p in shown]
        taught = sorted(set(said) - {""}) if attributes is not None else _taught([said[at] for at in train])
        if attributes is not None and len(taught) < _FEWEST:
            raise LookalikeError(
                f"column {name!r} of {source} says {taught or 'nothing'} of its pictures: "
                "name one that tells products apart"
            )
        if len(taught) >= _FEWEST:
            number = {value: n for n, value in enumerate(taught)}
            classes[name] = taught
            labels[name] = np.asarray([number.get(value, -1) for value in said], np.int64)
    families = next(iter(labels.values()), np.zeros(len(shown), np.int64))
    styles = numbered([p.style for p in shown])
    return Lessons(
        Source(
            "catalogue",
            pictures.chosen(train),
            things[train],
            [None] * len(train),
            {name: numbers[train] for name, numbers in labels.items()},
            families=families[train],
            how=how or Augmentation(close_up=0.3, crop=0.35),
        ),
        Shown(pictures.chosen(by), things[by], styles[by], {name: row[by] for name, row in labels.items()}),
        classes,
        sum(out),
        skipped,
    )


# -- inside ------------------------------------------------------------------------------------------


def _read(
    products: Sequence[Product], longest: int, fetcher: Fetcher, progress: Progress
) -> tuple[Pictures, list[list[int]], Counter[str]]:
    """Each picture once; the products that show it, those that say a colour first; why others were skipped."""
    by_name: dict[str, list[int]] = defaultdict(list)
    for number in sorted(range(len(products)), key=lambda n: not products[n].colour):
        for picture in products[number].images:
            by_name[picture].append(number)
    pictures, by_key = Pictures(), dict[str, list[int]]()
    skipped: Counter[str] = Counter()
    for read in read_pictures(list(by_name), longest=longest, fetcher=fetcher, progress=progress):
        if read.pixels is None:
            skipped[read.fault.replace(read.name, "").strip(" :()")] += 1
        elif read.key in by_key:
            by_key[read.key] += by_name[read.name]
        else:
            by_key[read.key] = list(by_name[read.name])
            pictures.add(read.pixels)
    return pictures, list(by_key.values()), skipped


def _said(product: Product, column: str, aliases: Mapping[str, str]) -> str:
    """What a product says in a column, by our name for it or the shop's; empty for nothing."""
    if column in product.attributes:
        value = product.attributes[column]
    else:
        value = getattr(product, aliases.get(column, column), "")
    return "|".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _taught(said: Sequence[str]) -> list[str]:
    """The classes that enough pictures have; none where nearly every picture has its own."""
    counts = Counter(value for value in said if value)
    taught = sorted(value for value, count in counts.items() if count >= _FEWEST)
    return taught if len(taught) <= len(said) / _FEWEST else []


def _check(*, hold_out: float, choose: float) -> None:
    if not 0 <= hold_out < 1:
        raise LookalikeError(f"{hold_out} of the styles cannot be held out: use a share from 0, below 1")
    if not 0 < choose < 1:
        raise LookalikeError(f"{choose} of the styles cannot be chosen by: use a share above 0 and below 1")
