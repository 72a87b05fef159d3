"""Rows of text as a Markdown table whose columns also line up in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])


def percentiles(seconds: Sequence[float]) -> list[str]:
    """p50 and p99 in milliseconds."""
    return [f"{np.percentile(seconds, at) * 1000:.1f} ms" for at in (50, 99)]


def verdict(holds: bool) -> str:
    return "holds" if holds else "FAILS"
