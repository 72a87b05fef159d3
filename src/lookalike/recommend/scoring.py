"""Step two: from views to products. A product is as like the query as the best of its views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lookalike.recommend.calibration import Scale
from lookalike.store.interface import Hits
from lookalike.types import Query, View


@dataclass(frozen=True, slots=True)
class Scored:
    """A product on its way to becoming a match."""

    id: str
    group: str  # its style; its own id where it has none
    view: View  # the best of its views
    score: float  # 0..1
    cosine: float  # -1..1, of which the score is read off
    parts: Mapping[str, float]  # what each part gave; they add up to the cosine
    duplicates: tuple[str, ...] = ()  # ids that this one stands for
    factor: float = 1.0  # what the shop's rules multiply its score by
    rules: tuple[str, ...] = ()  # those rules, by name

    @property
    def value(self) -> float:
        """What it is ranked by."""
        return self.score * self.factor

    @property
    def leads_its_group(self) -> bool:
        """Whether the style goes by this product's id: the one to show among variants that look the same."""
        return self.id == self.group


def score(query: Query, hits: Hits, scale: Scale) -> list[Scored]:
    """One entry a product, the most like first; the scale turns the weighted mean of the cosines into a score."""
    active, given = query.active, hits.parts.tolist()
    scores, cosines = scale.scores_of(hits.scores).tolist(), hits.scores.tolist()
    best: dict[str, Scored] = {}
    for at, product_id in enumerate(hits.ids):
        if product_id not in best:
            parts = dict(zip(active, given[at], strict=True))
            best[product_id] = Scored(product_id, hits.groups[at], hits.views[at], scores[at], cosines[at], parts)
    return list(best.values())


def cosines_of_parts(parts: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """The cosine of each part, taken back out of what it gave to the whole."""
    total = sum(weights[p] for p in parts)
    return {p: share * total / weights[p] for p, share in parts.items()}
