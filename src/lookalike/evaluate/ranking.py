"""The first k answers to each query, exactly, in blocks.

The law: memory does not grow with queries times gallery, and no more than a block of either's vectors is held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lookalike.evaluate.contenders import Contender, Likeness
from lookalike.evaluate.metrics import Counts, Hits, Places
from lookalike.evaluate.questions import Question

_QUERIES, _GALLERY = 2_048, 4_096  # in a block
_NEVER = np.float32(-np.inf)

Allowed = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """What came, what was right, and what should have come."""

    places: Places  # (queries, k), places in the gallery, the most alike first; -1 where there was no further one
    hits: Hits  # (queries, k)
    wanted: Counts  # (queries,): right answers in the gallery
    nearest_right: Counts  # (queries,): the right answer most like the query; -1 where there is none
    lead: npt.NDArray[np.float32]  # (queries,): how much more alike the first answer was than that one


def rank(question: Question, contender: Contender, *, k: int) -> Ranked | None:
    """None where the contender has nothing to go by. Equal likeness: in the order of the gallery."""
    found = []
    for at in range(0, len(question.queries), _QUERIES):
        some = _ranked(question, contender, slice(at, at + _QUERIES), k)
        if some is None:
            return None
        found.append(some)
    columns = zip(*((r.places, r.hits, r.wanted, r.nearest_right, r.lead) for r in found), strict=True)
    return Ranked(*(np.concatenate(column) for column in columns))


def _ranked(question: Question, contender: Contender, queries: slice, k: int) -> Ranked | None:
    answer = contender.asked(question.queries[queries], words=question.words)
    if answer is None:
        return None
    asked = question.asked[queries]
    wanted = np.zeros(len(asked), np.int64)
    best, right = _Best(len(asked), k), _Best(len(asked), 1)
    for start in range(0, len(question.gallery), _GALLERY):
        block = slice(start, start + _GALLERY)
        likeness = answer(question.gallery[block])
        allowed = _allowed(question, queries, block)
        correct = allowed & (asked[:, None] == question.shown[block])
        wanted += correct.sum(axis=1)
        best.take(np.where(allowed, likeness, _NEVER), start)
        right.take(np.where(correct, likeness, _NEVER), start)
    labels = np.append(question.shown, -1)[best.places]  # a place of -1 has no label
    hits = (best.places >= 0) & (labels == asked[:, None])
    lead = np.where(wanted > 0, best.likeness[:, 0] - np.where(wanted > 0, right.likeness[:, 0], 0), np.inf)
    return Ranked(best.places, hits, wanted, right.places[:, 0], lead.astype(np.float32))


def _allowed(question: Question, queries: slice, block: slice) -> Allowed:
    """Which of the gallery may answer which query.  # (queries, block)"""
    count = len(question.asked[queries])
    allowed: Allowed = np.repeat((question.shown[block] >= 0)[None, :], count, axis=0)
    for asked, shown in question.apart:
        mine, theirs = asked[queries][:, None], shown[block][None, :]
        allowed &= (mine != theirs) | (mine < 0)
    return allowed


class _Best:
    """The k most alike of all that was taken in so far; earlier places first among equals."""

    def __init__(self, queries: int, k: int) -> None:
        self.likeness: Likeness = np.full((queries, k), -np.inf, np.float32)
        self.places: Places = np.full((queries, k), -1, np.int64)

    def take(self, likeness: Likeness, start: int) -> None:
        """likeness: of a block that begins at this place; -inf for what may not answer."""
        k = self.places.shape[1]
        chosen = _foremost(likeness, k)
        held = np.hstack([self.likeness, np.take_along_axis(likeness, chosen, 1)])
        places = np.hstack([self.places, chosen + start])
        order = np.argsort(-held, axis=1, kind="stable")[:, :k]
        self.likeness = np.take_along_axis(held, order, 1)
        self.places = np.where(np.isneginf(self.likeness), -1, np.take_along_axis(places, order, 1))


def _foremost(likeness: Likeness, k: int) -> Places:
    """Columns, ascending, that hold the k highest of each row and whatever is level with the k-th."""
    if k == 1:
        best: Places = likeness.argmax(axis=1)[:, None]
        return best
    width = likeness.shape[1]
    if k < width:
        border = np.partition(likeness, width - k, axis=1)[:, width - k, None]
        level = int((likeness >= border).sum(axis=1).max())
        if level < width:
            return np.sort(np.argpartition(likeness, width - level, axis=1)[:, width - level :], axis=1)
    return np.tile(np.arange(width), (len(likeness), 1))
