"""What was measured: a figure with its interval for each metric, question and contender. Plain facts, and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lookalike.evaluate.intervals import Difference, Figure
from lookalike.types import View


@dataclass(frozen=True, slots=True)
class Failure:
    """A query whose first answer was wrong."""

    query: View
    came: tuple[tuple[View, bool], ...]  # the answers, and whether each was right
    should: View  # the right answer most like the query
    lead: float  # how much more alike the first answer was than that one


@dataclass(frozen=True, slots=True)
class Answers:
    """How one contender answered one question."""

    contender: str
    figures: Mapping[str, Figure]  # metric -> mean over queries; empty where it had nothing to go by
    against_first: Mapping[str, Difference]  # metric -> how much better than the first contender
    failures: tuple[Failure, ...] = ()  # the worst first


@dataclass(frozen=True, slots=True)
class Result:
    """One question, answered by all."""

    question: str
    kind: str  # identity or attribute
    queries: int
    gallery: int
    answers: tuple[Answers, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that was measured in one run."""

    source: str
    seed: int
    results: tuple[Result, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values, failures by the ids of their products."""
        return {
            "source": self.source,
            "seed": self.seed,
            "questions": [
                {
                    "name": result.question,
                    "kind": result.kind,
                    "queries": result.queries,
                    "gallery": result.gallery,
                    "contenders": [_answers(answers) for answers in result.answers],
                }
                for result in self.results
            ],
        }


def _answers(answers: Answers) -> dict[str, Any]:
    return {
        "name": answers.contender,
        "metrics": {metric: asdict(figure) for metric, figure in answers.figures.items()},
        "against_first": {metric: asdict(found) for metric, found in answers.against_first.items()},
        "failures": [
            {
                "query": _view(failure.query),
                "came": [{**_view(view), "right": right} for view, right in failure.came],
                "should": _view(failure.should),
                "lead": round(failure.lead, 6),
            }
            for failure in answers.failures
        ],
    }


def _view(view: View) -> dict[str, Any]:
    return {"id": view.product_id, "image": view.picture}
