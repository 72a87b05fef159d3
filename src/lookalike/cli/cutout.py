"""The command `cutout`: garments out of photographs, each into a file of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import showing
from lookalike.cli.catalogue import AsJson
from lookalike.errors import LookalikeError

if TYPE_CHECKING:
    from lookalike.media.cutout import CutOut, Threshold


def cutout(
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="Photographs.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder for what is cut out.", show_default=False)],
    mask: Annotated[
        bool,
        typer.Option("--mask", help="Write <stem>.mask.png too: garment 255, all else 0, as large as the photo."),
    ] = False,
    threshold: Annotated[
        str, typer.Option(help="argmax, or how likely a pixel must be garment: above 0, up to 1.")
    ] = "argmax",
    kernel: Annotated[
        int, typer.Option(min=0, max=99, help="Pixels a side of what opens and closes the mask; 0 leaves it.")
    ] = 3,
    enlarge: Annotated[
        bool, typer.Option("--enlarge/--no-enlarge", help="Cut away what is around the garment.")
    ] = True,
    model: Annotated[
        str, typer.Option(help="A segmenter of `lookalike models list`, or a path to its spec.toml.")
    ] = "default",
    part: Annotated[
        str, typer.Option(help="garments, upper, lower, full, or a label of the model, such as footwear.")
    ] = "garments",
    as_json: AsJson = False,
) -> None:
    """Cut garments out of photographs: <stem>.png, white around them, their own pixels unchanged."""
    from lookalike.media.cutout import cut_from, labels_of
    from lookalike.media.decoding import decode
    from lookalike.media.fetching import Fetcher, read_bytes
    from lookalike.models.segmenters import open_segmenter

    limit = _threshold(threshold)
    segmenter = open_segmenter(model)
    labels_of(part, segmenter.labels)  # one that the model does not know is said before anything is done
    fetcher = Fetcher()
    done: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for target in _targets(files, out):
        try:
            pixels = decode(read_bytes(str(target.file), fetcher=fetcher), exact=True)
            [regions] = segmenter.segment([pixels])
            found = cut_from(pixels, regions, part=part, threshold=limit, kernel=kernel, enlarge=enlarge)
            done.append(_written(target, found, with_mask=mask))
        except LookalikeError as error:
            failed.append({"file": str(target.file), "reason": str(error)})
            showing.say(_naming(target.file, error))
        else:
            showing.say(f"{target.file}: {target.picture}{f', left as it is: {found.left}' if found.left else ''}")
    if as_json:
        typer.echo(json.dumps({"part": part, "cutouts": done, "failed": failed}, ensure_ascii=False))
    if failed:
        raise LookalikeError(f"{len(failed)} of {len(files)} pictures could not be cut out; see above")


@dataclass(frozen=True, slots=True)
class _Target:
    """A photograph, and where what comes of it goes."""

    file: Path
    picture: Path
    mask: Path


def _targets(files: Sequence[Path], out: Path) -> Iterator[_Target]:
    """A name of its own for each: its stem, or its stem with a number, so that no file takes another's place."""
    stems = {file.stem.casefold() for file in files}
    taken = {_place(file) for file in files}
    for file in files:
        for number in count(1):
            name = file.stem if number == 1 else f"{file.stem}-{number}"
            target = _Target(file, out / f"{name}.png", out / f"{name}.mask.png")
            places = {_place(target.picture), _place(target.mask)}
            if not places & taken and (number == 1 or name.casefold() not in stems):
                break
        taken |= places
        yield target


def _place(path: Path) -> str:
    """Equal for paths that may be one file, also where the case of letters does not matter."""
    return str(path.resolve()).casefold()


def _written(target: _Target, found: CutOut, *, with_mask: bool) -> dict[str, Any]:
    """Write the files; what the JSON says of them."""
    from lookalike.files import whole
    from lookalike.media.encoding import png, png_of_mask

    with whole(target.picture, "cut-out") as file:
        file.write(png(found.pixels))
    if with_mask:
        with whole(target.mask, "mask") as file:
            file.write(png_of_mask(found.mask))
    return {
        "file": str(target.file),
        "cutout": str(target.picture),
        "mask": str(target.mask) if with_mask else None,
        "share": round(found.share, 4),
        "left": found.left,
    }


def _threshold(words: str) -> Threshold:
    if words == "argmax":
        return "argmax"
    try:
        number = float(words)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1:
        raise typer.BadParameter(f"{words!r} is neither argmax nor a number above 0, up to 1")
    return number


def _naming(file: Path, error: LookalikeError) -> str:
    words = str(error)
    return words if str(file) in words else f"{file}: {words}"
