"""Rows of text as a Markdown table whose columns also line up in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lookalike.evaluate.report import Answers, Result


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])


def means(results: Sequence[Result], metrics: Sequence[str]) -> str:
    """Questions and metrics down, contenders across."""
    return _across(results, metrics, lambda answers, metric: f"{answers.figures[metric].value:.3f}")


def intervals(results: Sequence[Result], metrics: Sequence[str]) -> str:
    """As `means`, with 95 % intervals, and behind each whether it differs from the first contender's.

    ` +` more, ` -` less, ` =` not told apart: paired randomisation test, p < 0.05.
    """

    def cell(answers: Answers, metric: str) -> str:
        figure, against = answers.figures[metric], answers.against_first.get(metric)
        mark = "" if against is None else " =" if against.p >= 0.05 else " +" if against.value > 0 else " -"
        return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f}){mark}"

    return _across(results, metrics, cell)


def _across(results: Sequence[Result], metrics: Sequence[str], cell: Callable[[Answers, str], str]) -> str:
    contenders = [answers.contender for answers in results[0].answers]
    rows = [
        [
            f"{result.question}, {metric}",
            f"{result.queries:,}",
            *(cell(answers, metric) if answers.figures else "-" for answers in result.answers),
        ]
        for result in results
        for metric in metrics
    ]
    return table(["", "queries", *contenders], rows)


def percentiles(seconds: Sequence[float]) -> list[str]:
    """p50 and p99 in milliseconds."""
    return [f"{np.percentile(seconds, at) * 1000:.1f} ms" for at in (50, 99)]


def verdict(holds: bool) -> str:
    return "holds" if holds else "FAILS"
