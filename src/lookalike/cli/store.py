"""Commands that look after a store: `snapshot list`, `create`, `restore`, `delete`, and `repair`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from lookalike.cli import showing
from lookalike.cli.catalogue import AsJson, Store

app = typer.Typer(help="Named states of a store that can be gone back to.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The snapshot's name: letters, digits, '-', '_' and dots.")]


@app.command("list")
def list_snapshots(store: Store, as_json: AsJson = False) -> None:
    """Every snapshot, the oldest first."""
    from lookalike.store.lance import LanceStore

    found = LanceStore.open(store, mirror_limit=0).snapshots()
    if as_json:
        typer.echo(json.dumps([{**asdict(one), "made": one.made.isoformat()} for one in found]))
    else:
        showing.facts_table({one.name: f"{one.made:%Y-%m-%d %H:%M}, {one.views:,} views" for one in found})


@app.command()
def create(name: Name, store: Store) -> None:
    """Keep the state as it is now under a name. Copies nothing; what changes later takes room of its own."""
    from lookalike.store.lance import LanceStore

    made = LanceStore.open(store, mirror_limit=0).snapshot(name)
    showing.say(f"snapshot {made.name}: {made.views:,} views; back to it: {_back_to(made.name, store)}")


@app.command()
def restore(name: Name, store: Store) -> None:
    """Go back to a snapshot, in one step. The state before becomes a snapshot too, so that this can be undone."""
    from lookalike.store.lance import LanceStore

    before = LanceStore.open(store, mirror_limit=0).restore(name)
    showing.say(f"{store} is as it was at {name}; undo: {_back_to(before.name, store)}")


@app.command()
def delete(name: Name, store: Store) -> None:
    """Let go of a snapshot; the room it alone took is freed with the next changes."""
    from lookalike.store.lance import LanceStore

    LanceStore.open(store, mirror_limit=0).delete_snapshot(name)
    showing.say(f"snapshot {name} deleted")


def repair(
    store: Store,
    drop_lost: Annotated[
        bool,
        typer.Option(
            "--drop-lost", help="Let go of products whose files are lost; index again to embed only them."
        ),
    ] = False,
) -> None:
    """Mend a store without embedding anything again: indexes are made anew, what was cut short is dropped."""
    from lookalike.store.lance import LanceStore

    for line in LanceStore.repair(store, drop_lost=drop_lost):
        showing.say(line)


def _back_to(name: str, store: str) -> str:
    return f"lookalike snapshot restore {name} --store {store}"
