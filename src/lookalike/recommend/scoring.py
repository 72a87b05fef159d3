"""Step two: from views to products. A product is as like the query as the best of its views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lookalike.store.interface import Hits
from lookalike.types import Query, View


@dataclass(frozen=True, slots=True)
class Scored:
    """A product on its way to becoming a match."""

    id: str
    group: str  # its style; its own id where it has none
    view: View  # the best of its views
    score: float  # 0..1
    parts: Mapping[str, float]  # what each part gave; they add up to the score

    @property
    def leads_its_group(self) -> bool:
        """Whether the style goes by this product's id: the one to show among variants that look the same."""
        return self.id == self.group


def score(query: Query, hits: Hits) -> list[Scored]:
    """One entry a product, the most like first.

    The score is the weighted mean of the parts' cosines; what points away from the query counts as 0.
    """
    best: dict[str, Scored] = {}
    for at, product_id in enumerate(hits.ids):
        if product_id not in best:
            total = float(min(1.0, max(0.0, hits.scores[at])))
            given = {p: float(x) for p, x in zip(query.active, hits.parts[at], strict=True)}
            best[product_id] = Scored(product_id, hits.groups[at], hits.views[at], total, given)
    return list(best.values())
