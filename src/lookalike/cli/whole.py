"""Commands about all products at once: `export`, `map`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import showing
from lookalike.cli.catalogue import AllowHost, AsJson, Store
from lookalike.cli.questions import (
    ByGroup,
    Count,
    Duplicates,
    NoRules,
    RulesIn,
    Same,
    Variety,
    Weight,
    Where,
    read_weights,
)

if TYPE_CHECKING:
    from lookalike.media.spots import Spot
    from lookalike.recommend.mapping import Map
    from lookalike.recommend.recommender import Recommender
    from lookalike.types import Product

_AT_ONCE = 4_096  # products read together
_LIKELY = 0.5


def export(
    store: Store,
    out: Annotated[
        Path, typer.Option("--out", help="The .parquet, .jsonl or .csv file to write.", show_default=False)
    ],
    k: Count = 10,
    of: Annotated[
        list[str] | None,
        typer.Option(
            "--of", help="Only for products that pass this filter, written as in --where.", show_default=False
        ),
    ] = None,
    where: Where = None,
    weight: Weight = None,
    same: Same = None,
    variants: Annotated[bool, typer.Option("--variants", help="List each product's own variants too.")] = False,
    duplicates: Duplicates = False,
    by_group: ByGroup = False,
    variety: Variety = 0.0,
    at_least: Annotated[
        float, typer.Option("--at-least", min=0, max=1, help="The lowest score of a match.")
    ] = 0.0,
    rules: RulesIn = None,
    no_rules: NoRules = False,
    as_json: AsJson = False,
) -> None:
    """Write what `similar` finds for every product: a row for each match."""
    from lookalike.recommend.recommender import Recommender

    shop = Recommender.open(store, rules=False if no_rules else rules)
    with showing.progress() as progress:
        done = shop.export(
            out,
            k,
            of=of,
            where=where,
            weights=read_weights(weight),
            same=same or (),
            variants=variants,
            duplicates=duplicates,
            by_group=by_group,
            variety=variety,
            at_least=at_least,
            progress=progress,
        )
    _say(asdict(done), f"{out}: {done.rows:,} matches of {done.products:,} products", as_json=as_json)
    if done.unanswered:
        showing.say(f"{done.unanswered:,} products have no match: nothing to compare them by, or nothing passes")


def draw_map(
    store: Store,
    out: Annotated[Path, typer.Option("--out", help="The .png or .html file to write.", show_default=False)],
    where: Where = None,
    weight: Weight = None,
    size: Annotated[int, typer.Option(help="Pixels of a .png's side; a larger one shows more products.")] = 4_096,
    allow_host: AllowHost = None,
    as_json: AsJson = False,
) -> None:
    """Draw the catalogue as a map on which products that are alike lie side by side. Needs the extra `map`."""
    from lookalike.media.fetching import Fetcher
    from lookalike.media.maps import check_map, write_map
    from lookalike.recommend.recommender import Recommender

    check_map(out, size)
    shop = Recommender.open(store, fetcher=Fetcher(allow_hosts=allow_host or ()))
    with showing.progress() as progress:
        found = shop.map(where=where, weights=read_weights(weight), progress=progress)
        drawn = write_map(
            out,
            Path(store.rstrip("/")).name,
            found.points,
            _spots(shop, found),
            fetcher=shop.fetcher,
            size=size,
            progress=progress,
        )
    shown = (
        "" if drawn.shown == drawn.products else f", {drawn.shown:,} of them shown: --size shows more, .html all"
    )
    _say(
        {**asdict(drawn), "without": found.without}, f"{out}: {drawn.products:,} products{shown}", as_json=as_json
    )
    if found.without:
        showing.say(f"{found.without:,} products are not on the map: nothing to compare them by, or too many")
    if drawn.unreadable:
        showing.say(f"{drawn.unreadable:,} pictures could not be read: their titles stand there")


def _spots(shop: Recommender, found: Map) -> list[Spot]:
    spots = []
    for start in range(0, len(found), _AT_ONCE):
        ids = found.ids[start : start + _AT_ONCE]
        products = shop.store.products(ids)
        spots += [_spot(product_id, products.get(product_id)) for product_id in ids]
    return spots


def _spot(product_id: str, product: Product | None) -> Spot:
    """What the map says of a product; little of one that was deleted just now."""
    from lookalike.media.spots import Spot

    if product is None:
        return Spot(product_id)
    return Spot(
        product_id,
        product.title,
        " - ".join(fact for fact in (product.brand, showing.price(product)) if fact),
        product.category.rpartition("/")[2] or _seen(product),
        next(iter(product.images), ""),
    )


def _seen(product: Product) -> str:
    """What a model takes the product for, where it is more likely right than wrong."""
    guess = product.predicted.get("type")
    return guess.value if guess is not None and guess.confidence > _LIKELY else ""


def _say(facts: dict[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(facts, default=str))
    else:
        showing.say(words)
