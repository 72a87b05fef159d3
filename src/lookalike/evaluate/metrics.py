"""From ranked answers to scores: pure functions, one score for each query.

    hits    (queries, depth): True where the answer at that rank is right; ranks past the last answer are False
    wanted  (queries,): how many right answers there were to find

A query that nothing could answer (wanted 0) scores 0 throughout: a shop that asked would have got nothing right.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Hits = npt.NDArray[np.bool_]  # (queries, depth)
Counts = npt.NDArray[np.int64]  # (queries,)
Scores = npt.NDArray[np.float64]  # (queries,), each 0..1
Places = npt.NDArray[np.int64]  # (queries, depth), places in the gallery; -1 where there was no further answer


def found_at(hits: Hits, k: int) -> Scores:
    """1 where a right answer is among the first k: R@k as metric learning has it."""
    found: Scores = np.any(hits[:, :k], axis=1).astype(np.float64)
    return found


def precision_at(hits: Hits, k: int) -> Scores:
    """The share of the first k that is right; answers that are missing count as wrong."""
    precision: Scores = np.asarray(hits[:, :k].sum(axis=1) / k)
    return precision


def recall_at(hits: Hits, wanted: Counts, k: int) -> Scores:
    """The share of all right answers that is among the first k."""
    recall: Scores = hits[:, :k].sum(axis=1) / np.maximum(wanted, 1)
    return recall


def average_precision_at(hits: Hits, wanted: Counts, k: int) -> Scores:
    """The mean, over right answers among the first k, of the precision at their ranks; its mean is mAP@k.

    Divided by how many could be there, min(wanted, k): the best list has 1 whatever k is.
    """
    top = hits[:, :k]
    precisions = top.cumsum(axis=1) / np.arange(1, top.shape[1] + 1)
    average: Scores = (precisions * top).sum(axis=1) / np.clip(wanted, 1, k)
    return average


def ndcg_at(hits: Hits, wanted: Counts, k: int) -> Scores:
    """Right answers discounted by the logarithm of their rank, as a share of the best list's.

    Jarvelin & Kekalainen, "Cumulated gain-based evaluation of IR techniques", 2002, with gains 0 and 1.
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    best = np.concatenate([[0.0], discounts.cumsum()])[np.clip(wanted, 0, k)]
    gained = hits[:, :k] @ discounts[: hits[:, :k].shape[1]]
    share: Scores = gained / np.where(best > 0, best, 1.0)
    return share


def coverage(places: Places, gallery: int) -> float:
    """The share of the gallery that appears in any list, 0..1."""
    return len(np.unique(places[places >= 0])) / gallery


def coverage_spread(places: Places, gallery: int) -> float:
    """The standard error of `coverage`, by the jackknife.

    Without one query the coverage falls by what only that query showed. A bootstrap would repeat queries, and so
    always cover less than was covered.
    """
    queries = len(places)
    shown = np.bincount(places[places >= 0], minlength=gallery)
    alone = np.array([(shown[row[row >= 0]] == 1).sum() for row in places]) / gallery
    return float(np.sqrt((queries - 1) / queries * ((alone - alone.mean()) ** 2).sum()))


def variety(likeness: npt.NDArray[np.floating]) -> float:
    """The mean unlikeness of two answers of one list: 1 less the mean cosine.  likeness: (answers, answers)"""
    answers = len(likeness)
    if answers < 2:
        return 0.0
    others = likeness.sum() - np.trace(likeness)
    return float(1 - others / (answers * (answers - 1)))
