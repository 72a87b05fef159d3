"""The command `look`: from a photograph of people to a list for every garment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lookalike.cli import showing
from lookalike.cli.catalogue import AllowHost, AsJson, Store
from lookalike.cli.questions import (
    ByGroup,
    Count,
    Duplicates,
    NoRules,
    RulesIn,
    Variety,
    Weight,
    Where,
    read_weights,
)

if TYPE_CHECKING:
    from lookalike.types import Look


def look(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="A photograph: file or URL.")],
    store: Store,
    k: Count = 7,
    where: Where = None,
    weight: Weight = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only this kind of garment, such as footwear; may be given again.", show_default=False),
    ] = None,
    sure_from: Annotated[
        float,
        typer.Option("--sure-from", min=0, max=1, help="The detection score from which on a garment is one."),
    ] = 0.25,
    audience: Annotated[
        str | None,
        typer.Option(
            help="The department to search in; guessed when not given, none makes no guess.", show_default=False
        ),
    ] = None,
    audience_at_least: Annotated[
        float | None,
        typer.Option(
            "--audience-at-least",
            min=0,
            max=1,
            help="The confidence from which on a guessed department narrows the search; never when not given.",
            show_default=False,
        ),
    ] = None,
    duplicates: Duplicates = False,
    by_group: ByGroup = False,
    variety: Variety = 0.0,
    at_least: Annotated[
        float, typer.Option("--at-least", min=0, max=1, help="The lowest score that is an answer.")
    ] = 0.0,
    segmenter: Annotated[
        str, typer.Option(help="What takes the photograph apart: a model by name, or a spec.toml.")
    ] = "default",
    detector: Annotated[
        str | None,
        typer.Option(help="What finds the garments, instead of the segmenter's regions.", show_default=False),
    ] = None,
    pose: Annotated[
        str | None,
        typer.Option(help="A model of poses, which tells which way people face.", show_default=False),
    ] = None,
    rules: RulesIn = None,
    no_rules: NoRules = False,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Draw the photograph and its lists to a .png or .html file.")
    ] = None,
    allow_host: AllowHost = None,
    as_json: AsJson = False,
) -> None:
    """Shop the look: for each garment on a photograph, products of its kind like it."""
    from lookalike.media.fetching import Fetcher
    from lookalike.recommend.recommender import Recommender

    fetcher = Fetcher(allow_hosts=allow_host or ())
    shop = Recommender.open(store, fetcher=fetcher, rules=False if no_rules else rules)
    wanted: str | Literal[False] | None = False if audience == "none" else audience
    found = shop.look(
        photo,
        k,
        where=where,
        weights=read_weights(weight),
        labels=only or (),
        sure_from=sure_from,
        audience=wanted,
        audience_at_least=audience_at_least,
        duplicates=duplicates,
        by_group=by_group,
        variety=variety,
        at_least=at_least,
        segmenter=segmenter,
        detector=detector,
        pose=pose,
    )
    if sheet:
        showing.sheet_of_look(sheet, photo, found, fetcher)
    if as_json:
        asked = {"image": photo, "k": k, "where": where or [], "rules": list(shop.rules_for("look"))}
        showing.print_document({"query": asked, **_as_json(found)})
    else:
        showing.look_tables(photo, found)
        showing.say_sheet(sheet)


def _as_json(found: Look) -> dict[str, Any]:
    """The contract of a look: full_length, audience, garments; and who is on it."""
    return {
        "full_length": found.full_length,
        "audience": found.audience
        and {"value": found.audience.value, "confidence": round(found.audience.confidence, 6)},
        "people": [
            {"box": showing.box_as_json(p.box), "full_length": p.full_length, "facing": p.facing}
            for p in found.people
        ],
        "garments": [
            {
                "box": showing.box_as_json(g.detection.box),
                "label": g.detection.label,
                "score": round(g.detection.score, 6),
                "person": g.person,
                "matches": [showing.match_as_json(m) for m in g.matches],
            }
            for g in found.garments
        ],
    }
