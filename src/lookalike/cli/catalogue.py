"""Commands about a whole catalogue: `index`, `info`, `demo`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli import showing
from lookalike.errors import StoreError

if TYPE_CHECKING:
    from lookalike.indexing.job import Report
    from lookalike.store.lance import LanceStore

Store = Annotated[str, typer.Option("--store", help="Folder or URL of the store.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]
AllowHost = Annotated[
    list[str] | None,
    typer.Option("--allow-host", help="A host of yours that may be fetched from though it is private."),
]


def index(
    source: Annotated[
        Path, typer.Argument(help="Catalogue file (CSV, TSV, JSON lines, Parquet) or a folder of pictures.")
    ],
    store: Store,
    columns: Annotated[
        str | None, typer.Option(help="Column map by name, or a .toml file; recognised when not given.")
    ] = None,
    images: Annotated[Path | None, typer.Option(help="Folder that picture paths start from.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="Recipe as .toml; see docs/recipes.md.")] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete products that this catalogue does not have.")
    ] = False,
    engine: Annotated[str, typer.Option(help="What runs the work: local.")] = "local",
    allow_host: AllowHost = None,
    per_host: Annotated[int, typer.Option(min=1, help="Pictures fetched from one host at once.")] = 6,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for one attempt at one picture.")] = 20.0,
    cache_gb: Annotated[
        float, typer.Option(min=0, help="Room for fetched pictures, kept for the next run; 0 keeps none.")
    ] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Bring a store up to date with a catalogue. Run it again at any time: only what changed is embedded."""
    from lookalike.indexing import engines, job
    from lookalike.media.caching import PictureCache
    from lookalike.media.fetching import Fetcher
    from lookalike.media.hosts import Manners
    from lookalike.recipe import Recipe

    fetcher = Fetcher(
        allow_hosts=allow_host or (),
        manners=Manners.within(timeout, at_once=per_host),
        cache=PictureCache(max_bytes=int(cache_gb * 1e9)) if cache_gb else None,
    )
    with showing.progress() as progress:
        report = job.index(
            source,
            store,
            columns=columns,
            images=images,
            recipe=Recipe.from_file(recipe) if recipe else None,
            prune=prune,
            engine=engines.find_engine(engine),
            fetcher=fetcher,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        say_report(report)


def info(
    store: Store,
    check: Annotated[
        bool, typer.Option("--check", help="Read all of it and say what is wrong; exit code 1 where something is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What a store holds: products, recipe, columns to filter by."""
    from lookalike.store.lance import LanceStore
    from lookalike.store.rows import STANDARD

    opened = LanceStore.open(store, mirror_limit=0)
    if check:
        _check(opened, as_json)
        return
    header, counts = opened.header, opened.counts()
    facts = {
        "store": store,
        "products": counts.products,
        "groups": counts.groups,
        "views": counts.views,
        "version": opened.version,
        "recipe": json.loads(header.recipe.to_json()),
        "dims": dict(header.dims),
        "columns": {**STANDARD, **header.columns},
        "aliases": dict(header.aliases),
        "snapshots": [one.name for one in opened.snapshots()],
        "bytes": showing.folder_bytes(store),
    }
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        showing.facts_table(facts)


def _check(store: LanceStore, as_json: bool) -> None:
    """One line for each fault on standard error, or in the document, before the command fails."""
    from lookalike.indexing.checking import faults

    found = faults(store)
    if as_json:
        typer.echo(json.dumps({"store": store.path, "version": store.version, "faults": found}))
    for line in found:
        showing.say(line)
    if found:
        raise StoreError(f"{store.path} is not whole, as said above: `lookalike repair` mends what can be mended")
    if not as_json:
        showing.say(f"{store.path} is whole: every file, row, index and snapshot")


def say_report(report: Report) -> None:
    showing.say(
        f"{report.store}: {report.products:,} products read ({report.format}); {report.added:,} added, "
        f"{report.changed:,} changed, {report.unchanged:,} unchanged, {report.deleted:,} deleted; "
        f"{report.embedded:,} pictures embedded in {report.seconds:.1f} s"
    )
    if report.rejected or report.skipped_pictures:
        reasons = "; ".join(f"{count:,} x {reason}" for reason, count in report.reasons.items())
        showing.say(
            f"{report.rejected:,} rows rejected, {report.skipped_pictures:,} pictures skipped, "
            f"all in {report.report} ({reasons})"
        )
    for host, reasons_of_host in sorted(report.hosts.items(), key=lambda item: -sum(item[1].values()))[:10]:
        commonest = sorted(reasons_of_host.items(), key=lambda item: -item[1])[:3]
        showing.say(f"pictures from {host}: " + "; ".join(f"{count:,} x {why}" for why, count in commonest))
    if report.strangers and not report.deleted:
        showing.say(f"{report.strangers:,} products in the store are not in this catalogue: --prune deletes them")
