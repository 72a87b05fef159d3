"""Commands about models: `models list`, `show`, `pull`, `export`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli import showing
from lookalike.cli.catalogue import AsJson

app = typer.Typer(help="The models that recipes can name.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A model's name, or a path to its spec.toml.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Every model, what it is for, and whether it can be used now."""
    from lookalike.models.specs import all_specs
    from lookalike.models.weights import is_here

    rows = [
        {
            "name": s.name,
            "role": s.role,
            "dim": s.dim,
            "here": is_here(s),
            "licence": s.licence,
            "summary": s.summary,
        }
        for s in sorted(all_specs().values(), key=lambda s: (s.role, s.name))
    ]
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        showing.models_table(rows)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """All that the spec of a model says."""
    from lookalike.models.specs import find_spec
    from lookalike.models.weights import is_here

    spec = find_spec(name)
    facts = {**asdict(spec), "here": is_here(spec)}
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        showing.facts_table({key: value for key, value in facts.items() if value not in ("", None)})


@app.command()
def pull(name: Name) -> None:
    """Download the weights of a model into the cache, checked."""
    from lookalike.media.fetching import Fetcher
    from lookalike.models.specs import find_spec
    from lookalike.models.weights import pull as run

    spec = find_spec(name)
    if spec.needs_consent:
        showing.say(f"{spec.name} is under {spec.licence}: {spec.needs_consent}")
    with showing.progress() as progress:
        got = run(
            spec, fetcher=Fetcher(timeout_s=120), progress=lambda done, total: progress("pulling", done, total)
        )
    for path in got:
        showing.say(f"{spec.name}: {path}")
    if not got:
        showing.say(f"{spec.name} needs no download")


@app.command()
def export(
    name: Name,
    source: Annotated[
        str | None,
        typer.Option("--from", help="Folder or hub name of a PyTorch text model; its own when not given."),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder of pictures to calibrate int8 on; the drawn shop when not given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The ONNX file to write; the cache when not given.")] = None,
) -> None:
    """Make a model's ONNX file from PyTorch weights, checked against PyTorch. Needs lookalike[train]."""
    from lookalike.models.specs import find_spec
    from lookalike.models.weights import export_target, find_weights
    from lookalike.training.export import export_image_model, export_text_model
    from lookalike.training.quantise import quantise

    spec = find_spec(name)
    target = out or export_target(spec)
    if spec.quantised_from:
        original = find_spec(spec.quantised_from)
        written = quantise(original, find_weights(original), _calibration(pictures), target)
        showing.say(f"{spec.name}: {written}; measure it with benchmarks/quality.py before you use it")
        return
    if spec.role == "text":
        written = export_text_model(source or spec.hub, target)
    else:
        written = export_image_model(spec.name, target)
    showing.say(f"{spec.name}: {written}, the same numbers as PyTorch gives")


def _calibration(folder: Path | None) -> list[Path]:
    """What int8 is calibrated on: all of a folder, or a fifth of the drawn shop and its figures."""
    from lookalike.errors import ModelError
    from lookalike.testing import sample_shop

    if folder is None:
        shop = sample_shop()
        return [*sorted((shop / "images").glob("*.jpg"))[::5], *sorted((shop / "figures").glob("*.jpg"))]
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    if not found:
        raise ModelError(f"no pictures to calibrate on in {folder}")
    return found
