"""The command `evaluate`: how good recipes and stores are, on the shop's own catalogue."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from lookalike.cli import showing
from lookalike.cli.catalogue import AllowHost
from lookalike.cli.questions import read_weights
from lookalike.files import whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lookalike.evaluate.report import Answers, Report, Result

_WORST = 8  # failures on the page for each question and contender
_SURE = 0.05
_P = TypeVar("_P", str, Path)


def evaluate(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="The catalogue, as for `index`; not needed to compare stores alone.", show_default=False
        ),
    ] = None,
    images: Annotated[Path | None, typer.Option(help="Folder that picture paths start from.")] = None,
    columns: Annotated[
        str | None, typer.Option(help="Column map by name, or a .toml file; recognised when not given.")
    ] = None,
    recipe: Annotated[
        list[Path] | None,
        typer.Option(help="Recipe as .toml; may be given again. The first is the measure.", show_default=False),
    ] = None,
    store: Annotated[
        list[str] | None,
        typer.Option(help="A store of the same catalogue; may be given again.", show_default=False),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            help="image=1,colour=0.4: what is not named counts nothing; may be given again.", show_default=False
        ),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the stores of the recipes here: a second run embeds nothing.")
    ] = None,
    identity: Annotated[
        bool, typer.Option("--identity", help="Ask for the main view of the product that a further view shows.")
    ] = False,
    attributes: Annotated[
        str | None,
        typer.Option(help="Ask for neighbours with the same: type,colour,department or any columns."),
    ] = None,
    apart: Annotated[
        str, typer.Option(help="A column: what says the same there is no neighbour, such as sender.")
    ] = "",
    split: Annotated[
        float | None, typer.Option(help="Queries only from this held-out share of styles, above 0 to 1.")
    ] = None,
    queries: Annotated[int, typer.Option(min=2, help="How many, at random.")] = 1_500,
    seed: Annotated[int, typer.Option(help="Draws queries and intervals.")] = 20_240_607,
    k: Annotated[str, typer.Option("-k", "--at", help="Depths of the metrics.")] = "1,5,10",
    json_file: Annotated[
        str | None, typer.Option("--json", help="Write the report as JSON to this file; - for standard output.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Draw the worst failures to this .html file.", show_default=False)
    ] = None,
    allow_host: AllowHost = None,
) -> None:
    """How well does it answer, on this very catalogue? Recipes, stores and weights side by side."""
    from lookalike.evaluate import evaluate as measure
    from lookalike.media.fetching import Fetcher
    from lookalike.recipe import Recipe

    recipes = {name: Recipe.from_file(path) for name, path in _named(recipe or []).items()}
    fetcher = Fetcher(allow_hosts=allow_host or ())
    with showing.progress() as progress:
        report = measure(
            source,
            columns=columns,
            images=images,
            recipes=recipes,
            stores=_named(store or []),
            weightings=[read_weights(given.split(",")) for given in weights or []],
            keep=keep,
            identity=identity or None,
            attributes=[column.strip() for column in attributes.split(",")] if attributes else None,
            apart=apart,
            queries=queries,
            seed=seed,
            split=split,
            depths=_depths(k),
            worst=_WORST if page else 0,
            fetcher=fetcher,
            progress=progress,
        )
    if page:
        from lookalike.evaluate.page import write_page

        write_page(page, report, fetcher=fetcher)
        showing.say(f"page: {page}")
    _show(report, json_file)


def _named(paths: Sequence[_P]) -> Mapping[str, _P]:
    """By the last part of each path, or by the whole where that is the same for two."""
    short = [Path(path).stem or str(path) for path in paths]
    return {name if short.count(name) == 1 else str(path): path for name, path in zip(short, paths, strict=True)}


def _depths(typed: str) -> list[int]:
    try:
        return sorted({int(depth) for depth in typed.split(",")})
    except ValueError as error:
        raise typer.BadParameter(f"{typed!r}: write depths as 1,5,10", param_hint="--at") from error


def _show(report: Report, json_file: str | None) -> None:
    document = json.dumps(report.as_json(), ensure_ascii=False)
    if json_file == "-":
        typer.echo(document)
        return
    if json_file:
        with whole(Path(json_file), "report") as file:
            file.write(f"{document}\n".encode())
        showing.say(f"report: {json_file}")
    for result in report.results:
        _table(result)
    if any(len(result.answers) > 1 for result in report.results):
        first = report.results[0].answers[0].contender
        showing.say(f"+ more, - less than {first}, = not told apart: paired randomisation test, p < {_SURE}")


def _table(result: Result) -> None:
    """Metrics down, contenders across: the mean and its 95 % interval."""
    from rich.console import Console
    from rich.table import Table

    title = f"{result.question}: {result.queries:,} queries against {result.gallery:,}"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for answers in result.answers:
        table.add_column(answers.contender)
    for metric in dict.fromkeys(metric for answers in result.answers for metric in answers.figures):
        table.add_row(metric, *(_cell(answers, metric) for answers in result.answers))
    Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False).print(table)


def _cell(answers: Answers, metric: str) -> str:
    if metric not in answers.figures:
        return "-"
    figure, against = answers.figures[metric], answers.against_first.get(metric)
    mark = "" if against is None else " =" if against.p >= _SURE else " +" if against.value > 0 else " -"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f}){mark}"
