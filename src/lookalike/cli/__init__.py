"""The command line: each command parses, calls one library function, and shows what came back.

Results go to standard output, progress and errors to standard error. Exit codes: 0 done, 1 failed with one
clear line, 2 wrong usage.
"""

from __future__ import annotations

import os
import sys

import typer

from lookalike.cli import (
    annotation,
    catalogue,
    cutout,
    demo,
    evaluate,
    keys,
    look,
    models,
    questions,
    serve,
    store,
    train,
    whole,
)
from lookalike.errors import LookalikeError

app = typer.Typer(
    name="lookalike",
    help="A shop's catalogue in, recommendations by likeness out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("index")(catalogue.index)
app.command("similar")(questions.similar)
app.command("search")(questions.search)
app.command("look")(look.look)
app.command("info")(catalogue.info)
app.command("repair")(store.repair)
app.command("demo")(demo.demo)
app.command("evaluate")(evaluate.evaluate)
app.command("cutout")(cutout.cutout)
app.command("export")(whole.export)
app.command("map")(whole.draw_map)
app.command("serve")(serve.serve)
app.add_typer(keys.app, name="keys")
app.add_typer(store.app, name="snapshot")
app.add_typer(models.app, name="models")
app.add_typer(train.app, name="train")
app.add_typer(annotation.app, name="annotations")


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Show the version and stop.")) -> None:
    if version:
        from lookalike import __version__

        typer.echo(f"lookalike {__version__}")
        raise typer.Exit


def main() -> None:
    """Run a command; every error on purpose is one line."""
    try:
        app()
    except LookalikeError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("stopped; what was stored is whole, and the same command goes on from there", code=130)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (MemoryError, OSError) as error:
        _fail(f"the machine says: {error}")


def _fail(words: str, code: int = 1) -> None:
    print(f"error: {' '.join(words.split())}", file=sys.stderr)  # noqa: T201 - the one place that prints an error
    sys.exit(code)
