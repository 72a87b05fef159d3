"""Whether a new recipe may take the place of the current one: only if it is better, and not by luck.

Both index the catalogue, and both are asked for products whose styles training left out. Words are left out too:
they say the same whatever an image model sees.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lookalike.evaluate import Report, evaluate
from lookalike.evaluate.intervals import Difference
from lookalike.indexing.fitting import Progress
from lookalike.media.fetching import Fetcher
from lookalike.recipe import Recipe

SURE = 0.05  # the largest chance that a difference as large is luck
_FIRST = {"identity": "R@1", "attribute": "P@1"}  # what decides, for each kind of question


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of the comparison."""

    adopted: bool
    words: str  # one line: by how much, and how sure that is
    report: Report


@dataclass(frozen=True, slots=True)
class Compared:
    """One question: the figures of the current and the new recipe, and how much better the new one is."""

    question: str
    metric: str
    current: float
    candidate: float
    better: Difference

    @property
    def words(self) -> str:
        d = self.better
        return (
            f"{self.question} {self.metric} {self.candidate:.3f} against {self.current:.3f} "
            f"({d.value:+.3f}, 95 % from {d.low:+.3f} to {d.high:+.3f}, p {d.p:.3f})"
        )


def judge(
    source: str | os.PathLike[str],
    current: Recipe,
    candidate: Recipe,
    *,
    hold_out: float,
    columns: str | None = None,
    images: str | os.PathLike[str] | None = None,
    keep: Path | None = None,
    seed: int = 0,
    fetcher: Fetcher | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Verdict:
    """Compare two recipes on a catalogue's held-out styles. hold_out: the share of them that training left out.

    keep: where the stores of both are kept for the next time.
    """
    report = evaluate(
        source,
        columns=columns,
        images=images,
        recipes={"current": replace(current, text="none"), "candidate": replace(candidate, text="none")},
        keep=keep,
        split=hold_out,
        seed=seed,
        fetcher=fetcher,
        progress=progress,
    )
    return verdict(report)


def verdict(report: Report) -> Verdict:
    """Adopted when the question that matters most is answered better, surely, and no other one surely worse.

    What matters most is identity; where nothing has further views, all attributes together, which come last.
    """
    found = compared(report)
    first = next((c for c in found if c.question == "identity"), found[-1])
    if first.better.value <= 0 or first.better.p >= SURE:
        return Verdict(False, f"{first.words}: it must be better with p below {SURE:g}", report)
    for other in found:
        if other.better.value < 0 and other.better.p < SURE:
            return Verdict(False, f"{first.words}, but {other.words}: no figure may be surely worse", report)
    return Verdict(True, first.words, report)


def compared(report: Report) -> Sequence[Compared]:
    """The deciding metric of each question."""
    found = []
    for result in report.results:
        metric = _FIRST[result.kind]
        current, candidate = result.answers
        found.append(
            Compared(
                result.question,
                metric,
                current.figures[metric].value,
                candidate.figures[metric].value,
                candidate.against_first[metric],
            )
        )
    return found
