"""The worst failures as one HTML file: for each query what came, and what should have come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lookalike.errors import PictureError
from lookalike.evaluate.report import Failure, Report
from lookalike.media.decoding import decode
from lookalike.media.fetching import Fetcher, read_bytes
from lookalike.media.sheets import Card, Row, write_rows
from lookalike.types import Pixels, View

_SIDE = 160  # pixels
_CAME = 5  # answers shown


def write_page(path: Path, report: Report, *, fetcher: Fetcher | None = None) -> None:
    """Draw the report's failures. Raises `LookalikeError` where the file cannot be written."""
    write_rows(path, f"Where {report.source} was answered worst", _rows(report, fetcher or Fetcher()))


def _rows(report: Report, fetcher: Fetcher) -> Iterator[Row]:
    for result in report.results:
        for answers in result.answers:
            for failure in answers.failures:
                cards = [
                    _card(view, "right" if right else "came", fetcher) for view, right in failure.came[:_CAME]
                ]
                heading = f"{result.question}: {answers.contender}"
                yield Row(heading, _card(failure.query, "asked", fetcher), [*cards, _should(failure, fetcher)])


def _should(failure: Failure, fetcher: Fetcher) -> Card:
    words = f"should have come; {failure.lead:.3f} less alike than the first"
    return _card(failure.should, words, fetcher)


def _card(view: View, words: str, fetcher: Fetcher) -> Card:
    return Card(view.product_id, (words,), _pixels(view.picture, fetcher))


def _pixels(picture: str, fetcher: Fetcher) -> Pixels | None:
    """Small; None where there is no picture that can be shown."""
    if not picture:
        return None
    try:
        return decode(read_bytes(picture, fetcher=fetcher), at_least=_SIDE)
    except PictureError:
        return None
