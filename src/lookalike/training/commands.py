"""The three trainings that a user can ask for, each from a catalogue to a model that a recipe can name.

    train_embedder     views, groups and attributes of the catalogue; ends at the promotion gate
    train_classifier   one column, by the small network of the first document or by the default encoder
    train_siamese      anchor, positive and negative, by the network of the fourth document

Each trains in OUT/training, where it goes on after a stop.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.extras import require
from lookalike.indexing.fitting import Progress
from lookalike.media.augmenting import Augmentation
from lookalike.media.fetching import Fetcher
from lookalike.models.attributes import Head, fit_sharpness
from lookalike.models.specs import Input
from lookalike.recipe import Recipe
from lookalike.training.beginning import DEFAULT, FRESH, encoder_from, siamese_from
from lookalike.training.lessons import Lessons, Shown, read_lessons
from lookalike.training.loop import Curves, Say, Schedule, Task, lasting, train
from lookalike.training.models import Description, write_head, write_model, write_recipe
from lookalike.training.networks import SHARPNESS, cnn_28, key_of
from lookalike.training.promotion import Verdict, compared, judge
from lookalike.training.samples import CENTRED, PLAIN, Source
from lookalike.training.shop_the_look import read_looks
from lookalike.training.tasks import LABEL, ClassifyingTask, EmbeddingTask, TripletTask, embed

CNN_28 = "cnn-28"
EPOCHS_28 = 60
_ENOUGH = 50  # pictures that a confidence can be fitted on
_SHARES = 1.0  # what its classifiers together count for neighbours, beside what an embedder sees

PathLike = str | os.PathLike[str]
Maker = Callable[[Mapping[str, int]], Any]  # from {head: classes} to a network


@dataclass(frozen=True, slots=True)
class Plan:
    """How a training is run: what the user may say of it. 0 stands for what is usual."""

    steps: int = 0
    minutes: float = 0.0  # instead of steps: as many as fit
    seed: int = 0
    side: int = 0  # pixels
    size: int = 0  # things, pictures or triplets a batch
    rate: float = 0.0
    patience: int = 0  # validations without a better figure before it stops; 0 never stops


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a training meets outside itself: the catalogue's pictures, and whoever watches."""

    columns: str | None = None
    images: PathLike | None = None
    fetcher: Fetcher | None = None
    progress: Progress = field(default=lambda stage, done, total: None)
    say: Say = field(default=lambda words: None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training left behind."""

    spec: Path
    recipe: Path
    figures: Mapping[str, float]  # of the weights that were kept, on what no batch came from
    last: Mapping[str, float]  # of the last validation
    verdict: Verdict | None = None


def train_embedder(
    source: PathLike,
    out: Path,
    *,
    current: Recipe | None = None,
    start: str = DEFAULT,
    attributes: Sequence[str] | None = None,
    hold_out: float = 0.2,
    plan: Plan = Plan(),
    around: Surroundings = Surroundings(),
    network: Maker | None = None,
) -> Outcome:
    """Learn what a shop's own pictures show, and adopt the model only if it finds held-out products better.

    current: the recipe to beat; the default one if none. start: the model whose weights it begins with.
    attributes: the columns to teach. hold_out: the share of styles that the comparison asks for. network: makes
    one to train instead of that of `start`.
    An adopted model stands in `out` with `recipe.toml`, which `lookalike index --recipe` takes; a refused one
    stays in `out/candidate`. Raises `LookalikeError` where there is too little to learn from.
    """
    _torch()
    if not hold_out:
        raise LookalikeError("0 of the styles are held out: a model can only be adopted by what it never saw")
    current = current or Recipe()
    side = plan.side or 128
    lessons = _lessons(source, around, attributes=attributes, hold_out=hold_out, longest=round(1.6 * side))
    _say_lessons(lessons, around.say)
    heads = {name: len(classes) for name, classes in lessons.classes.items()}
    _torch().manual_seed(plan.seed)
    made, fresh = (network(heads), FRESH) if network else encoder_from(start, heads, say=around.say)
    task = EmbeddingTask(made, lessons, side=side, things=plan.size or 32)
    usual = Schedule(steps=1000, rate=plan.rate or 3e-4, heads=fresh)
    curves = planned_training(task, usual, plan, out, around.say)
    about = _about(
        out,
        f"Trained on {Path(source).name}: {len(lessons.train.things):,} pictures of {len(lessons.train):,} things",
        task.input,
        curves,
        facts={
            "begun with": "a network of its own" if network else start,
            "taught": ", ".join(["views of one thing", *lessons.classes]),
            "held out": f"{hold_out:g} of the styles, {lessons.held_out:,} pictures",
        },
        dim=_dim(made, task.input),
    )
    named = _heads(made, lessons, task.input)
    about = replace(about, heads=named, shares=dict.fromkeys(named, _SHARES / max(1, len(named))))
    spec = write_model(made, about, out / "candidate")
    found = judge(
        source,
        current,
        replace(current, image=str(spec.resolve())),
        hold_out=hold_out,
        columns=around.columns,
        images=around.images,
        keep=out / "stores",
        seed=plan.seed,
        fetcher=around.fetcher,
        progress=around.progress,
    )
    _write_json(spec.with_name("evaluation.json"), found.report.as_json())
    for one in compared(found.report):
        around.say(one.words)
    if found.adopted:
        spec = _adopted(spec, out)
    recipe = write_recipe(spec.with_name("recipe.toml"), replace(current, image=str(spec.resolve())))
    return Outcome(spec, recipe, curves.best, curves.figures[-1], found)


def train_classifier(
    source: PathLike,
    column: str,
    out: Path,
    *,
    network: str = DEFAULT,
    hold_out: float = 0.15,
    plan: Plan = Plan(),
    around: Surroundings = Surroundings(),
) -> Outcome:
    """Learn to name the classes of one column, and say how often it is right on held-out products.

    network: `cnn-28`, the small network of the first document on 28 x 28 pixels, from nothing, as it was trained
    there; or a model whose weights to begin with, such as `default`.
    """
    _torch()
    is_small = network == CNN_28
    side = 28 if is_small else plan.side or 128
    lessons = _lessons(
        source,
        around,
        attributes=[column],
        hold_out=0.0,
        choose=hold_out,
        longest=3 * side if is_small else round(1.6 * side),
        how=Augmentation(close_up=0.05, crop=0.4, coarse=0.1, hide=0.05),
    )
    _say_lessons(lessons, around.say)
    count = len(lessons.classes[column])
    _torch().manual_seed(plan.seed)
    made, fresh = (cnn_28(count), ()) if is_small else encoder_from(network, {LABEL: count}, say=around.say)
    size = plan.size or (128 if is_small else 64)
    task = ClassifyingTask(
        made,
        lessons,
        column,
        input=replace(PLAIN if is_small else CENTRED, side=side),
        size=size,
        smoothing=0.0 if is_small else 0.05,
        augmented=not is_small,
    )
    epoch = max(1, round(len(lessons.train.things) / size))
    usual = Schedule(steps=1000, rate=plan.rate or 3e-4, heads=fresh)
    if is_small:  # Adam at one rate, and nothing else: as Keras has it
        rate = plan.rate or 1e-3
        usual = Schedule(
            steps=EPOCHS_28 * epoch,
            rate=rate,
            head_rate=rate,
            heads=(),
            decay=0.0,
            clip=0.0,
            warmup=0,
            cooldown=0.0,
            average=0.0,
            validate_every=epoch,
            save_every=epoch,
        )
    curves = planned_training(task, usual, plan, out, around.say)
    about = _about(
        out,
        f"Names {column} of {Path(source).name}, {count:,} classes; neighbours by what feeds its last layer",
        task.input,
        curves,
        facts={
            "begun with": "nothing" if is_small else network,
            "network": network,
            "held out": f"{hold_out:g} of the styles, {len(lessons.choose.things):,} pictures, by hash",
        },
        dim=_dim(made, task.input),
    )
    if not is_small:
        about = replace(about, heads=_heads(made, lessons, task.input, head=LABEL))
    spec = write_model(made, about, out)
    if is_small:
        write_head(made, about, LABEL, column, lessons.classes[column], out)
    recipe = write_recipe(out / "recipe.toml", replace(Recipe(), image=str(spec.resolve())))
    return Outcome(spec, recipe, curves.best, curves.figures[-1])


def train_siamese(
    out: Path,
    *,
    source: PathLike | None = None,
    looks: PathLike | None = None,
    address: str = "",
    weights: Path | None = None,
    margin: float = 0.2,
    hold_out: float = 0.15,
    plan: Plan = Plan(),
    around: Surroundings = Surroundings(),
    network: Maker | None = None,
) -> Outcome:
    """Learn from triplets that a thing is nearer to itself than to another one. (Document four)

    source: a catalogue; or looks: a file in the format of Shop The Look, whose pictures are at `address`.
    weights: ResNet-50's, as safetensors. network: makes another one.
    """
    _torch()
    if (source is None) == (looks is None):
        raise LookalikeError("triplets come from a catalogue or from looks: give one of the two")
    side = plan.side or 224
    train_on: Source
    choose: Shown
    if source is not None:
        lessons = _lessons(source, around, hold_out=0.0, choose=hold_out, longest=round(1.3 * side))
        _say_lessons(lessons, around.say)
        train_on, choose = lessons.train, lessons.choose
    else:
        found = read_looks(
            Path(str(looks)),
            address=address,
            hold_out=hold_out,
            longest=round(1.3 * side),
            fetcher=around.fetcher or Fetcher(),
            progress=around.progress,
        )
        around.say(found.words)
        train_on, choose = found.train, found.choose
    _torch().manual_seed(plan.seed)
    made, fresh = (network({}), FRESH) if network else siamese_from(weights, dim=256, say=around.say)
    task = TripletTask(
        made,
        train_on,
        choose,
        input=replace(Input(), side=side),
        triplets=plan.size or 16,
        margin=margin,
    )
    usual = Schedule(steps=1000, rate=plan.rate or 1e-4, head_rate=10 * (plan.rate or 1e-4), heads=fresh)
    curves = planned_training(task, usual, plan, out, around.say)
    about = _about(
        out,
        f"Siamese network, triplet loss, trained on {Path(str(source or looks)).name}",
        task.input,
        curves,
        facts={"backbone": "ResNet-50" if network is None else "another", "margin": f"{margin:g}"},
        dim=_dim(made, task.input),
    )
    spec = write_model(made, about, out)
    recipe = write_recipe(out / "recipe.toml", replace(Recipe(), image=str(spec.resolve())))
    return Outcome(spec, recipe, curves.best, curves.figures[-1])


# -- inside ------------------------------------------------------------------------------------------


def _lessons(source: PathLike, around: Surroundings, **how: Any) -> Lessons:
    return read_lessons(
        source,
        columns=around.columns,
        images=around.images,
        fetcher=around.fetcher,
        progress=around.progress,
        **how,
    )


def _say_lessons(lessons: Lessons, say: Say) -> None:
    views = "several views of a thing" if lessons.has_views else "views made of each picture"
    say(
        f"{len(lessons.train.things):,} pictures of {len(lessons.train):,} things to train on ({views}), "
        f"{len(lessons.choose.things):,} to choose by, {lessons.held_out:,} held out"
    )
    if lessons.classes:
        say("taught: " + ", ".join(f"{name} ({len(c):,} classes)" for name, c in lessons.classes.items()))
    for reason, count in sorted(lessons.skipped.items()):
        say(f"{count:,} pictures skipped: {reason}")


def _torch() -> Any:
    """Asked for first of all, so that who lacks it is told before anything is read."""
    return require("torch", extra="train", to="train a model")


def planned_training(task: Task, usual: Schedule, plan: Plan, out: Path, say: Say) -> Curves:
    """Train in OUT/training, as usual but for what the user planned otherwise."""
    if plan.steps and plan.minutes:
        raise LookalikeError(f"{plan.steps} steps and {plan.minutes:g} minutes: a training takes one or the other")
    schedule = replace(usual, seed=plan.seed, patience=plan.patience)
    if plan.steps:
        fewer = min(1.0, plan.steps / usual.steps)
        schedule = replace(
            schedule,
            steps=plan.steps,
            warmup=round(usual.warmup * fewer),
            validate_every=max(1, round(usual.validate_every * fewer)),
            save_every=max(1, round(usual.save_every * fewer)),
        )
    elif plan.minutes:
        schedule = lasting(schedule, plan.minutes, task, out / "training", say=say)
    return train(task, schedule, out / "training", say=say)


def _adopted(spec: Path, out: Path) -> Path:
    """Move a candidate, with all that comes with it, to where models are used from; where its spec is then."""
    for file in list(spec.parent.iterdir()):
        file.replace(out / file.name)
    spec.parent.rmdir()
    return out / spec.name


def _about(
    out: Path, summary: str, input: Input, curves: Curves, *, facts: Mapping[str, str], dim: int
) -> Description:
    story = {**facts, "steps": f"{int(curves.figures[-1]['step']):,}, best at {int(curves.best['step']):,}"}
    return Description(out.resolve().name, summary, dim, input, facts=story, figures=curves.best)


def _dim(network: Any, input: Input) -> int:
    return int(embed(network, [np.full((8, 8, 3), 255, np.uint8)], input).shape[1])


def _heads(network: Any, lessons: Lessons, input: Input, *, head: str = "") -> dict[str, Head]:
    """The classifiers of an encoder, each as sure as it was right on the pictures to choose by.

    head: the one that the network has, where it goes by another name than its column.
    """
    vectors = embed(network, lessons.choose.pixels, input)
    found = {}
    for column, classes in lessons.classes.items():
        rows = network.heads[key_of(head or column)].detach().cpu().float().numpy()
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        truth = lessons.choose.labels[column]
        known = np.flatnonzero(truth >= 0)
        sharpness = SHARPNESS
        if len(known) >= _ENOUGH:
            sharpness = fit_sharpness(vectors[known] @ rows.T, truth[known].tolist(), start=SHARPNESS)
        found[column] = Head(tuple(classes), rows.astype(np.float32), sharpness)
    return found


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
