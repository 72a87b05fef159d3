"""Commands about annotated pictures: `annotations convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli import showing

app = typer.Typer(help="Annotated pictures, as segmenters and detectors learn from them.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `convert` a command of its own while it is the only one."""


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="Annotations: a file, or a folder.", show_default=False)],
    target: Annotated[
        Path,
        typer.Argument(help="New folder; for coco and via it may be a .json file.", show_default=False),
    ],
    to: Annotated[
        str,
        typer.Option(help="labelme, via, coco, coco-rle, voc, yolo, yolo-polygons or masks.", show_default=False),
    ],
    read_as: Annotated[str, typer.Option("--from", help="The source's format; recognised when not given.")] = "",
    labels: Annotated[
        str | None, typer.Option(help="Label map: street-59, or a .toml or .json file; see docs/annotations.md.")
    ] = None,
    drop_unmapped: Annotated[
        bool, typer.Option("--drop-unmapped", help="Leave out shapes whose label the map lacks.")
    ] = False,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder of the pictures, if they are not beside the annotations.")
    ] = None,
    copy_pictures: Annotated[
        bool, typer.Option("--copy-pictures", help="Lay the pictures beside the annotations.")
    ] = False,
) -> None:
    """Write annotations in another format; what that cannot hold becomes what it can, and is said.

    A bad file is one line, and the others go on. The target is whole, or it is not there.
    """
    from lookalike.training.annotations.converting import convert as run

    with showing.progress() as progress:
        done = run(
            source,
            target,
            to=to,
            read_as=read_as,
            pictures=pictures,
            copy_pictures=copy_pictures,
            labels=labels,
            drop_unmapped=drop_unmapped,
            progress=progress,
        )
    for fault in done.faults:
        showing.say(f"skipped {fault.place}: {fault.reason}")
    for words, count in sorted(done.notes.items()):
        showing.say(f"{count:,} {words}")
    showing.say(
        f"{done.read_as} -> {to}: {done.pictures:,} pictures, {done.shapes:,} shapes, {len(done.labels)} labels"
        + (f", {len(done.faults):,} skipped" if done.faults else "")
        + f" in {target}"
    )
