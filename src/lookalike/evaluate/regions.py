"""How well regions are told apart: overlap of classes, of everything that is a garment, and of their outlines."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lookalike.media.masks import UNKNOWN, Classes

_NEAR = 0.0075  # of the diagonal: how far an outline may be from the true one


@dataclass(slots=True)
class Confusion:
    """Pixels by true and by found class, over many pictures."""

    classes: int
    counts: npt.NDArray[np.int64] = field(init=False)  # (classes, classes), truth in rows

    def __post_init__(self) -> None:
        self.counts = np.zeros((self.classes, self.classes), np.int64)

    def add(self, truth: Classes, found: Classes) -> None:
        """Count a picture. Pixels whose truth is `UNKNOWN` are left out."""
        known = truth != UNKNOWN
        pairs = truth[known].astype(np.int64) * self.classes + found[known]
        self.counts += np.bincount(pairs, minlength=self.classes**2).reshape(self.classes, self.classes)

    def ious(self) -> npt.NDArray[np.float64]:
        """Intersection over union of each class; NaN for one that is neither there nor found.

        >>> confusion = Confusion(2)
        >>> confusion.add(np.array([[0, 0, 1, 1]], np.uint8), np.array([[0, 1, 1, 1]], np.uint8))
        >>> confusion.ious().round(3).tolist()
        [0.5, 0.667]
        """
        both = np.diag(self.counts).astype(np.float64)
        either = self.counts.sum(0) + self.counts.sum(1) - both
        ious: npt.NDArray[np.float64] = np.full(self.classes, np.nan)
        np.divide(both, either, out=ious, where=either > 0)
        return ious

    def mean_iou(self, *, first: int = 1) -> float:
        """The mean over the classes from `first` on that are there; the background is left out."""
        return float(np.nanmean(self.ious()[first:])) if self.counts.any() else 0.0

    def group_iou(self, group: range) -> float:
        """Overlap of everything that belongs to a group of classes against everything else."""
        inside = np.zeros(self.classes, bool)
        inside[list(group)] = True
        both = self.counts[np.ix_(inside, inside)].sum()
        either = self.counts[inside].sum() + self.counts[:, inside].sum() - both
        return float(both / either) if either else float("nan")


def boundary_f(truth: npt.NDArray[np.bool_], found: npt.NDArray[np.bool_], *, near: float = _NEAR) -> float:
    """How much of two masks' outlines lie near each other: the F of precision and recall; NaN if neither has one.

    near: the tolerance, as a share of the picture's diagonal. (Csurka et al., What is a good evaluation measure
    for semantic segmentation?, BMVC 2013)
    """
    from scipy.ndimage import distance_transform_edt

    edges = [_edge(mask) for mask in (truth, found)]
    if not edges[0].any() and not edges[1].any():
        return float("nan")
    if not edges[0].any() or not edges[1].any():
        return 0.0
    reach = max(1.0, near * float(np.hypot(*truth.shape)))
    away = [distance_transform_edt(~edge) for edge in edges]
    recall, precision = (away[1][edges[0]] <= reach).mean(), (away[0][edges[1]] <= reach).mean()
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def _edge(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The pixels of a mask that touch what is not of it; the picture's border is no edge."""
    padded = np.pad(mask, 1, mode="edge")
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: npt.NDArray[np.bool_] = mask & ~inner
    return edge
