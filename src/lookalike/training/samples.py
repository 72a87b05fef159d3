"""Pictures to train on: decoded once, kept small in memory, drawn in views.

A `Source` is what one catalogue or data set gives. Which picture is on which side of a split is decided by the
hash of what belongs together (`evaluate.splits.held_out`), never by file, so it is the same in training, in
validation and in the benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lookalike.media.augmenting import Augmentation, view
from lookalike.models.specs import Input
from lookalike.types import Mask, Pixels

CENTRED = Input(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))  # -1..1, as EfficientNet-lite takes pictures
PLAIN = Input(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))  # 0..1

Labels = npt.NDArray[np.int64]  # (n,), the number of a class; -1 where it is not known


@dataclass(slots=True, eq=False)
class Source:
    """Pictures of one kind. All sequences have the same length n."""

    name: str
    pixels: Sequence[Pixels]
    things: Labels  # pictures with equal numbers show the same thing
    masks: Sequence[Mask | None]
    labels: Mapping[str, Labels]  # head -> classes
    families: Labels = field(
        default_factory=lambda: np.zeros(0, np.int64)
    )  # what is hard to tell apart: type, style
    how: Augmentation = field(default_factory=Augmentation)
    titles: Sequence[str] = ()  # what words are learned from
    _of_thing: list[Labels] = field(init=False, default_factory=list)
    _of_family: list[Labels] = field(init=False, default_factory=list)
    _weights: npt.NDArray[np.float64] = field(init=False, default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self._of_thing = _grouped(self.things) if len(self.things) else []
        if not self._of_thing:
            return
        first = np.asarray([places[0] for places in self._of_thing])
        families = self.families[first] if len(self.families) else np.zeros(len(first), np.int64)
        self._of_family = _grouped(families)
        self._weights = np.asarray([len(members) for members in self._of_family]) / len(first)

    def __len__(self) -> int:
        return len(self._of_thing)

    def draw(self, count: int, rng: np.random.Generator, *, hard: float = 0.5) -> list[tuple[int, int]]:
        """Pairs of places, each of one thing: two of its pictures, or its only one twice.

        hard: this share of the things comes from one family, whose members are hard to tell apart. Large families
        are drawn more often: a thing of any family is seen about as often as another.
        """
        family = self._of_family[int(rng.choice(len(self._of_family), p=self._weights))]
        near = rng.choice(family, min(len(family), round(count * hard)), replace=False)
        others = rng.choice(len(self._of_thing), min(count, len(self._of_thing)), replace=False)
        things = list(dict.fromkeys([*near.tolist(), *others.tolist()]))[:count]
        pairs = []
        for thing in things:
            places = self._of_thing[thing]
            pair = rng.choice(places, 2, replace=len(places) < 2)
            pairs.append((int(pair[0]), int(pair[1])))
        return pairs


def views_of(
    source: Source,
    places: Sequence[int],
    side: int,
    rng: np.random.Generator,
    grounds: Sequence[Pixels],
    how: Augmentation | None = None,
) -> list[Pixels]:
    """A random view of each picture; now and then before a part of one of the `grounds`.

    how: how far the views may differ from the picture; as the source says, if none.
    """
    return [
        view(
            source.pixels[at],
            side,
            rng,
            source.how if how is None else how,
            mask=source.masks[at],
            ground=grounds[int(rng.integers(len(grounds)))] if len(grounds) else None,
        )
        for at in places
    ]


def fed(views: Sequence[Pixels], input: Input = CENTRED) -> npt.NDArray[np.float32]:
    """Squares as a network takes them, and as the graph made of it will.  # (n, 3, side, side)"""
    mean, std = (np.asarray(row, np.float32) for row in (input.mean, input.std))
    scaled = (np.stack(views).astype(np.float32) / 255 - mean) / std
    tensor: npt.NDArray[np.float32] = np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
    return tensor


def numbered(names: Sequence[str]) -> Labels:
    """Equal names, equal numbers, in order of appearance."""
    numbers: dict[str, int] = {}
    return np.asarray([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def _grouped(numbers: Labels) -> list[Labels]:
    """The places of each number."""
    order = np.argsort(numbers, kind="stable")
    cuts = np.flatnonzero(np.diff(numbers[order])) + 1
    return [places.astype(np.int64) for places in np.split(order, cuts)]
