"""The commands `keys ...`: who may ask a served shop, and who may change it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from lookalike.cli import showing
from lookalike.serve.keys import new_key

app = typer.Typer(no_args_is_help=True, help="API keys of a served shop.")


@app.command("new")
def new(
    keys: Annotated[Path, typer.Option(help="The file of API keys, which is made if need be.")],
    role: Annotated[Literal["read", "write"], typer.Option(help="What it is good for.")] = "read",
    name: Annotated[str, typer.Option(help="Who it is for; the log shows it.", show_default=False)] = "",
) -> None:
    """Make an API key and show it, this once; the file keeps its hash."""
    secret = new_key(keys, role=role, name=name)
    showing.say("keep this key: it is not shown again")
    typer.echo(secret)
