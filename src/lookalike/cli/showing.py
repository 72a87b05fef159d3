"""What a user sees: tables, JSON, sheets, and progress while waiting."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from lookalike.indexing.fitting import Progress
    from lookalike.media.fetching import Fetcher
    from lookalike.media.sheets import Card
    from lookalike.types import Box, Garment, Guess, Look, Match, Person, Pixels, Product

DEMO_PRODUCT = "drs-501-red"  # a floral dress of the drawn shop
DEMO_PHOTO = "figures/figure-16-woman-park.jpg"  # somebody in the drawn shop's clothes
_SHEET_SIDE = 480  # pixels of the longer side


def say(words: str) -> None:
    """A line for the user, on standard error."""
    print(words, file=sys.stderr)  # noqa: T201 - the door for words that are no result


def say_sheet(sheet: Path | None) -> None:
    if sheet:
        say(f"sheet: {sheet}")


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar with rate and time left on a terminal; a line every ten seconds elsewhere."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total or None, rate="")
            task = bars.tasks[tasks[stage]]
            rate = f"{task.speed:,.0f}/s" if task.speed else ""
            bars.update(tasks[stage], completed=done, total=total or None, rate=rate)

        yield show


class _Lines:
    """Progress for logs."""

    def __init__(self) -> None:
        self._stage, self._said, self._started = "", 0.0, 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        from time import monotonic

        now = monotonic()
        if stage != self._stage:
            self._stage, self._said, self._started = stage, now, now
        elif now - self._said >= 10 and done:
            self._said = now
            rate = done / (now - self._started)
            left = f" of {total:,}, {(total - done) / rate:,.0f} s left" if total else ""
            say(f"{stage}: {done:,}{left} ({rate:,.0f}/s)")


def print_json(
    query: Mapping[str, Any], matches: Sequence[Match], reasons: Sequence[Sequence[str]] | None = None
) -> None:
    """The contract of `--json`: one document. reasons: sentences for each match, where they are wanted."""
    rows = [match_as_json(m) for m in matches]
    if reasons is not None:
        rows = [{**row, "why": list(why)} for row, why in zip(rows, reasons, strict=True)]
    print_document({"query": query, "matches": rows})


def print_document(document: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False))


def box_as_json(box: Box) -> list[float]:
    """Left, top, right, bottom."""
    return [round(side, 6) for side in (box.left, box.top, box.right, box.bottom)]


def match_as_json(match: Match) -> dict[str, Any]:
    product = match.product
    return {
        "id": product.id,
        "score": round(match.score, 6),
        "title": product.title,
        "group": product.style,
        "image": match.view.picture,
        "cosine": round(match.cosine, 6),
        "parts": {part: round(share, 6) for part, share in match.parts.items()},
        "likeness": {part: round(likeness, 6) for part, likeness in match.likeness.items()},
        "duplicates": list(match.duplicates),
        "rules": list(match.rules),
        "price": product.price,
        "in_stock": product.in_stock,
        "category": product.category,
    }


def matches_table(
    heading: str, matches: Sequence[Match], *, query: Product | None = None, nothing: str = "nothing passes"
) -> None:
    """A table on standard output. nothing: what to say when there is no match."""
    from rich.console import Console
    from rich.table import Table

    from lookalike.recommend.reasons import reasons

    if not matches:
        say(f"{heading}: {nothing}")
        return
    table = Table(title=heading, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name, style in (("", "dim"), ("score", "bold"), ("id", ""), ("title", ""), ("price", ""), ("why", "dim")):
        table.add_column(name, style=style, justify="right" if name in ("", "score", "price") else "left")
    for rank, m in enumerate(matches, 1):
        why = ", ".join([*reasons(m, query=query), *_rules(m)])
        table.add_row(str(rank), f"{m.score:.3f}", m.product.id, m.product.title, price(m.product), why)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False)
    console.print(table)


def look_tables(photo: str, found: Look) -> None:
    """What is on a photograph on standard error, and a table for each garment on standard output."""
    say(f"{photo}: {'; '.join(look_in_words(found))}")
    for number, garment in enumerate(found.garments, 1):
        matches_table(f"{number}. {garment_in_words(garment)}", garment.matches)


def look_in_words(found: Look) -> list[str]:
    """What was made out on a photograph, in words."""
    words = [_people(found.people)]
    if found.audience is not None:
        words.append(f"department {_guessed(found.audience)}")
    if not found.garments:
        words.append("no garment was found; `lookalike search --image` looks for the whole picture")
    return words


def garment_in_words(garment: Garment) -> str:
    """A garment as the heading of its list."""
    of = f" of person {garment.person + 1}" if garment.person > 0 else ""
    return f"{garment.detection.label}{of}, {garment.detection.score:.2f} sure"


def _people(people: tuple[Person, ...]) -> str:
    if not people:
        return "nobody is on it"
    first = people[0]
    shown = "from head to feet" if first.full_length else "not at full length"
    facing = f", from the {first.facing}" if first.facing else ""
    others = f", and {len(people) - 1} more" if len(people) > 1 else ""
    return f"a person {shown}{facing}{others}"


def _guessed(audience: Guess) -> str:
    return audience.value if audience.confidence == 1 else f"{audience.value} ({audience.confidence:.0%} sure)"


def say_reasons(matches: Sequence[Match], reasons: Sequence[Sequence[str]]) -> None:
    """The sentences for each match, below the table."""
    for rank, (m, why) in enumerate(zip(matches, reasons, strict=False), 1):
        typer.echo(f"\n{rank} {m.product.id}: {' '.join(why)}")


def _rules(match: Match) -> list[str]:
    """Which of the shop's rules moved a match."""
    return [f"rule: {name}" for name in match.rules]


def models_table(rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("name", "role", "dim", "here", "licence", "summary"):
        table.add_column(name)
    for row in rows:
        cells = {**row, "here": "yes" if row["here"] else "no", "dim": row["dim"] or ""}
        table.add_row(*(str(cells[str(c.header)]) for c in table.columns))
    Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False).print(table)


def facts_table(facts: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for name, value in facts.items():
        table.add_row(name, _in_words(value))
    Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False).print(table)


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {v}" for k, v in value.items()) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def folder_bytes(store: str) -> int | None:
    if "://" in store:
        return None
    return sum(file.stat().st_size for file in Path(store).rglob("*") if file.is_file())


def sheet_of_product(path: Path, product: Product, matches: Sequence[Match]) -> None:
    """Draw a product and what is like it."""
    from lookalike.media.fetching import Fetcher
    from lookalike.media.sheets import Card, write_sheet

    fetcher = Fetcher()
    card = Card(product.title or product.id, _lines(product), _pixels(next(iter(product.images), ""), fetcher))
    heading = f"Like {product.title or product.id}"
    write_sheet(path, heading, card, _cards(matches, fetcher, query=product))


def sheet_of_search(
    path: Path,
    image: str | None,
    text: str | None,
    matches: Sequence[Match],
    fetcher: Fetcher,
) -> None:
    """Draw a picture or a sentence and what is like it."""
    from lookalike.media.sheets import Card, write_sheet

    title = text or Path(image or "").name
    card = Card(title, ("words" if image is None else "picture",), _pixels(image or "", fetcher))
    write_sheet(path, f"Search: {title}", card, _cards(matches, fetcher))


def sheet_of_look(path: Path, photo: str, look: Look, fetcher: Fetcher) -> None:
    """Draw a photograph and what is like each garment on it."""
    from lookalike.media.decoding import decode
    from lookalike.media.fetching import read_bytes
    from lookalike.media.look_sheets import Marked, write_look

    pixels = decode(read_bytes(photo, fetcher=fetcher), at_least=2 * _SHEET_SIDE)
    found = [
        Marked(g.detection.box, f"{g.detection.label} {g.detection.score:.2f}", _cards(g.matches, fetcher))
        for g in look.garments
    ]
    write_look(path, f"Shop the look: {Path(photo).name}", look_in_words(look), pixels, found)


def _cards(matches: Sequence[Match], fetcher: Fetcher, *, query: Product | None = None) -> list[Card]:
    from lookalike.media.sheets import Card
    from lookalike.recommend.reasons import reasons, shared_facts

    return [
        Card(
            m.product.title or m.product.id,
            (
                *_lines(m.product),
                ", ".join(reasons(m)),
                ", ".join(shared_facts(m, query)) if query else "",
                ", ".join(_rules(m)),
            ),
            _pixels(m.view.picture, fetcher),
            m.score,
        )
        for m in matches
    ]


def _lines(product: Product) -> tuple[str, ...]:
    facts = [product.id, product.category.rpartition("/")[2], price(product)]
    return (" - ".join(fact for fact in facts if fact),)


def price(product: Product) -> str:
    """As it is shown; empty where there is none."""
    return "" if product.price is None else f"{product.price:,.2f} {product.currency}".strip()


def _pixels(picture: str, fetcher: Fetcher) -> Pixels | None:
    """The picture at the size of a sheet; None where there is none that can be shown."""
    from lookalike.errors import PictureError
    from lookalike.media.decoding import decode
    from lookalike.media.fetching import read_bytes

    if not picture:
        return None
    try:
        return decode(read_bytes(picture, fetcher=fetcher), at_least=_SHEET_SIDE)
    except PictureError:
        return None
