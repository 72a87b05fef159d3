"""Commands that make models from a shop's own pictures.

`train embedder`, `classifier`, `siamese`, `segmenter`, `detector`.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli import showing
from lookalike.cli.catalogue import AllowHost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lookalike.training.commands import Outcome, Surroundings

app = typer.Typer(
    help="Models from your own pictures. Needs lookalike[train]; a run that was stopped goes on.",
    no_args_is_help=True,
)

Catalogue = Annotated[Path, typer.Option("--catalogue", help="The catalogue, as for `index`.", show_default=False)]
Out = Annotated[
    Path, typer.Option(help="Folder for the model, its curves and its checkpoints.", show_default=False)
]
Images = Annotated[Path | None, typer.Option(help="Folder that picture paths start from.")]
Columns = Annotated[str | None, typer.Option(help="Column map by name, or a .toml file.")]
Steps = Annotated[int, typer.Option(min=0, help="How long; 0 is the usual.")]
Minutes = Annotated[float, typer.Option(min=0, help="How long instead of steps: as many as fit.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed, the same model on the same machine.")]
Side = Annotated[int, typer.Option(min=0, help="Pixels a side of what the network sees; 0 is the usual.")]
Size = Annotated[int, typer.Option("--batch", min=0, help="Things a step; 0 is the usual.")]
Rate = Annotated[float, typer.Option(min=0, help="Learning rate; 0 is the usual.")]
Patience = Annotated[
    int, typer.Option(min=0, help="Validations without a better figure before it stops; 0 never does.")
]


@app.command()
def embedder(
    catalogue: Catalogue,
    out: Out,
    images: Images = None,
    columns: Columns = None,
    recipe: Annotated[Path | None, typer.Option(help="The recipe to beat; the default one if not given.")] = None,
    start: Annotated[
        str, typer.Option("--from", help="The model whose weights it begins with, by name or spec.toml.")
    ] = "default",
    label: Annotated[
        list[str] | None,
        typer.Option(help="A column to teach; may be given again. Usually type, colour, department."),
    ] = None,
    hold_out: Annotated[
        float, typer.Option(help="Share of the styles that the comparison asks for, never trained on.")
    ] = 0.2,
    steps: Steps = 0,
    minutes: Minutes = 0.0,
    seed: Seed = 0,
    side: Side = 0,
    batch: Size = 0,
    rate: Rate = 0.0,
    patience: Patience = 0,
    allow_host: AllowHost = None,
) -> None:
    """Learn from views, styles and facts of a catalogue; adopt the model only if it is surely better.

    Ends with a comparison on products that it never saw. Adopted: OUT/recipe.toml names it, for `index --recipe`.
    Refused: exit code 1, one line says by how much, and the model stays in OUT/candidate.
    """
    from lookalike.errors import LookalikeError
    from lookalike.recipe import Recipe
    from lookalike.training.commands import Plan, train_embedder

    with _surroundings(images, columns, allow_host) as around:
        done = train_embedder(
            catalogue,
            out,
            current=Recipe.from_file(recipe) if recipe else None,
            start=start,
            attributes=label or None,
            hold_out=hold_out,
            plan=Plan(steps, minutes, seed, side, batch, rate, patience),
            around=around,
        )
    if done.verdict and not done.verdict.adopted:
        raise LookalikeError(f"not adopted: {done.verdict.words}; it stays in {done.spec.parent}")
    if done.verdict:
        showing.say(f"adopted: {done.verdict.words}")
    _say(done, out)


@app.command()
def classifier(
    catalogue: Catalogue,
    label: Annotated[str, typer.Option(help="The column whose classes are learned.", show_default=False)],
    out: Out,
    network: Annotated[
        str,
        typer.Option(help="cnn-28, the small network of 28 x 28 grey pixels; or a model to begin with."),
    ] = "default",
    images: Images = None,
    columns: Columns = None,
    hold_out: Annotated[float, typer.Option(help="Share of the styles that accuracy is measured on.")] = 0.15,
    steps: Steps = 0,
    minutes: Minutes = 0.0,
    seed: Seed = 0,
    side: Side = 0,
    batch: Size = 0,
    rate: Rate = 0.0,
    patience: Patience = 0,
    allow_host: AllowHost = None,
) -> None:
    """Learn to name the classes of a column from pictures; curves of loss and accuracy in OUT/training."""
    from lookalike.training.commands import Plan, train_classifier

    with _surroundings(images, columns, allow_host) as around:
        done = train_classifier(
            catalogue,
            label,
            out,
            network=network,
            hold_out=hold_out,
            plan=Plan(steps, minutes, seed, side, batch, rate, patience),
            around=around,
        )
    _say(done, out)


@app.command()
def siamese(
    out: Out,
    catalogue: Annotated[
        Path | None, typer.Option("--catalogue", help="Triplets from a catalogue.", show_default=False)
    ] = None,
    looks: Annotated[
        Path | None,
        typer.Option(help="Triplets from JSON lines of scene, product and box, as Shop The Look has them."),
    ] = None,
    address: Annotated[
        str, typer.Option(help="Where the pictures of --looks are, before their signatures.", show_default=False)
    ] = "",
    weights: Annotated[
        Path | None, typer.Option(help="ResNet-50 as .safetensors; random if not given.", show_default=False)
    ] = None,
    margin: Annotated[float, typer.Option(min=0, help="How much nearer the positive must be.")] = 0.2,
    images: Images = None,
    columns: Columns = None,
    hold_out: Annotated[float, typer.Option(help="Share of the styles or products to choose by.")] = 0.15,
    steps: Steps = 0,
    minutes: Minutes = 0.0,
    seed: Seed = 0,
    side: Side = 0,
    batch: Size = 0,
    rate: Rate = 0.0,
    patience: Patience = 0,
    allow_host: AllowHost = None,
) -> None:
    """Learn by triplets of anchor, positive and negative, on a ResNet-50 backbone."""
    from lookalike.training.commands import Plan, train_siamese

    with _surroundings(images, columns, allow_host) as around:
        done = train_siamese(
            out,
            source=catalogue,
            looks=looks,
            address=address,
            weights=weights,
            margin=margin,
            hold_out=hold_out,
            plan=Plan(steps, minutes, seed, side, batch, rate, patience),
            around=around,
        )
    _say(done, out)


@app.command()
def segmenter(
    source: Annotated[Path, typer.Argument(help="Marked pictures: labelme, VIA, COCO, YOLO polygons, or masks.")],
    out: Out,
    labels: Annotated[
        str, typer.Option(help="A label map by name or file, such as street-59; labels as they are if not given.")
    ] = "",
    pictures: Annotated[Path | None, typer.Option(help="Where the pictures lie, if not beside the marks.")] = None,
    start: Annotated[
        str, typer.Option("--from", help="default, imagenet, or a segmenter made here by its spec.toml.")
    ] = "default",
    hold_out: Annotated[float, typer.Option(help="Share of the pictures that figures come from.")] = 0.15,
    steps: Steps = 0,
    minutes: Minutes = 0.0,
    seed: Seed = 0,
    side: Side = 0,
    batch: Size = 0,
    rate: Rate = 0.0,
    patience: Patience = 0,
) -> None:
    """Learn what each pixel shows from your own masks: a model for `cutout --model` and `look`."""
    from lookalike.training.annotations.converting import open_annotations
    from lookalike.training.commands import Plan
    from lookalike.training.segmenter import train_segmenter

    marked = open_annotations(source, pictures=pictures, labels=labels or None)
    done = train_segmenter(
        marked,
        out,
        start=start,
        hold_out=hold_out,
        plan=Plan(steps, minutes, seed, side, batch, rate, patience),
        say=showing.say,
    )
    for words, figures in (("this model", done.figures), ("the one in use", done.current)):
        if figures:
            spelled = ", ".join(f"{name} {value:.3f}" for name, value in figures.items() if name != "step")
            showing.say(f"{words}, on {done.counts[1]:,} pictures held out: {spelled}")
    showing.say(f"curves: {out / 'training' / 'curves.png'}   card: {done.spec.with_suffix('.md')}")
    showing.say(f"next:   lookalike cutout PHOTO --model {done.spec} --out FOLDER")


@app.command()
def detector(
    source: Annotated[
        Path,
        typer.Argument(help="Pictures with boxes: a YOLO set's data.yaml or folder, COCO, VOC, labelme, VIA."),
    ],
    out: Out,
    labels: Annotated[
        str, typer.Option(help="A label map by name or file, such as street-59; labels as they are if not given.")
    ] = "",
    pictures: Annotated[Path | None, typer.Option(help="Where the pictures lie, if not beside the boxes.")] = None,
    start: Annotated[
        str, typer.Option("--from", help="default, or a detector made here by its spec.toml.")
    ] = "default",
    hold_out: Annotated[
        float, typer.Option(help="Share of the pictures that figures come from, where no folder is called val.")
    ] = 0.15,
    steps: Steps = 0,
    minutes: Minutes = 0.0,
    seed: Seed = 0,
    side: Side = 0,
    batch: Size = 0,
    rate: Rate = 0.0,
    patience: Patience = 0,
) -> None:
    """Learn to find your own labels from pictures with boxes: a model for `look --detector`."""
    from lookalike.training.annotations.converting import open_annotations
    from lookalike.training.commands import Plan
    from lookalike.training.detector import train_detector

    done = train_detector(
        open_annotations(source, pictures=pictures, labels=labels or None),
        out,
        start=start,
        hold_out=hold_out,
        plan=Plan(steps, minutes, seed, side, batch, rate, patience),
        say=showing.say,
    )
    figures = ", ".join(f"{name} {value:.3f}" for name, value in done.figures.items())
    showing.say(f"on {done.counts[1]:,} pictures held out, by COCO's rules: {figures}")
    showing.say(f"curves: {out / 'training' / 'curves.png'}   card: {done.spec.with_suffix('.md')}")
    showing.say(f"next:   lookalike look PHOTO --detector {done.spec} --store STORE")


@contextmanager
def _surroundings(
    images: Path | None, columns: str | None, allow_host: list[str] | None
) -> Iterator[Surroundings]:
    from lookalike.media.fetching import Fetcher
    from lookalike.training.commands import Surroundings

    with showing.progress() as progress:
        yield Surroundings(columns, images, Fetcher(allow_hosts=allow_host or ()), progress, showing.say)


def _say(done: Outcome, out: Path) -> None:
    figures = ", ".join(f"{name} {value:.3f}" for name, value in done.figures.items() if name != "step")
    showing.say(f"on pictures it was not trained on, at step {done.figures['step']:,.0f}: {figures}")
    showing.say(f"curves: {out / 'training' / 'curves.png'}   card: {done.spec.with_suffix('.md')}")
    showing.say(f"next:   lookalike index CATALOGUE --recipe {done.recipe} --store NEW_STORE")
