"""Commands that ask a store: `similar`, `search`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli import showing
from lookalike.cli.catalogue import AllowHost, AsJson, Store

Count = Annotated[int, typer.Option("-k", "--count", min=1, max=10_000, help="How many matches.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        help="FIELD=VALUE, FIELD=A,B, 'price<50', in_stock, '!in_stock'; may be given again.",
        show_default=False,
    ),
]
Weight = Annotated[
    list[str] | None,
    typer.Option(
        "--weight", help="image=2, text=0 or colour=1.5, for this query; may be given again.", show_default=False
    ),
]
Sheet = Annotated[Path | None, typer.Option("--sheet", help="Draw query and matches to a .png or .html file.")]
ByGroup = Annotated[bool, typer.Option("--by-group", help="Of each style only the best product.")]
Variety = Annotated[
    float, typer.Option("--variety", min=0, max=1, help="0 ranks by likeness, towards 1 spreads the list.")
]
Same = Annotated[
    list[str] | None,
    typer.Option(
        "--same",
        help="Only matches with the same value of this field, such as category; may be given again.",
        show_default=False,
    ),
]
Duplicates = Annotated[
    bool, typer.Option("--duplicates", help="List every product that shows the same picture, or nearly.")
]
Why = Annotated[bool, typer.Option("--why", help="Say in sentences why each product is a match.")]
RulesIn = Annotated[
    Path | None,
    typer.Option("--rules", help="File of rules; rules.toml in the store when not given.", show_default=False),
]
NoRules = Annotated[bool, typer.Option("--no-rules", help="Leave the shop's rules out.")]


def similar(
    product_id: Annotated[str, typer.Argument(metavar="ID", help="A product in the store.")],
    store: Store,
    text: Annotated[
        str | None, typer.Option(help="Words that change what is looked for: 'but red'.", show_default=False)
    ] = None,
    k: Count = 7,
    where: Where = None,
    weight: Weight = None,
    same: Same = None,
    variants: Annotated[bool, typer.Option("--variants", help="List the product's own variants too.")] = False,
    duplicates: Duplicates = False,
    by_group: ByGroup = False,
    variety: Variety = 0.0,
    at_least: Annotated[
        float, typer.Option("--at-least", min=0, max=1, help="The lowest score that is an answer.")
    ] = 0.0,
    rules: RulesIn = None,
    no_rules: NoRules = False,
    why: Why = False,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Products that look and read like one of the catalogue's own."""
    from lookalike.recommend.recommender import Recommender

    shop = Recommender.open(store, rules=False if no_rules else rules)
    weights = read_weights(weight)
    product = shop.product(product_id)
    matches = shop.similar(
        product_id,
        k,
        text=text,
        where=where,
        weights=weights,
        same=same or (),
        variants=variants,
        duplicates=duplicates,
        by_group=by_group,
        variety=variety,
        at_least=at_least,
    )
    asked = {
        "id": product_id,
        **({"text": text} if text else {}),
        **_ruled(shop.rules_for("similar", [product_id])),
    }
    if sheet:
        showing.sheet_of_product(sheet, product, matches)
    reasons = [shop.explain(m, like=product_id, text=text) for m in matches] if why else None
    if as_json:
        showing.print_json({**asked, "k": k, "where": where or []}, matches, reasons)
    else:
        heading = ", ".join(filter(None, (f"like {product.id}", product.title, text)))
        showing.matches_table(heading, matches, query=product, nothing=_nothing(where, at_least))
        showing.say_reasons(matches, reasons or [])
        showing.say_sheet(sheet)


def search(
    store: Store,
    image: Annotated[str | None, typer.Option(help="A picture: file or URL.", show_default=False)] = None,
    text: Annotated[
        str | None,
        typer.Option(help="Words; beside a picture they change it: 'but in red'.", show_default=False),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A product that is liked; may be given again.", show_default=False),
    ] = None,
    dislike: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A product that is not liked; may be given again.", show_default=False),
    ] = None,
    k: Count = 7,
    where: Where = None,
    weight: Weight = None,
    same: Same = None,
    box: Annotated[
        str | None,
        typer.Option(help="Part of the picture: left,top,right,bottom as fractions.", show_default=False),
    ] = None,
    duplicates: Duplicates = False,
    by_group: ByGroup = False,
    variety: Variety = 0.0,
    at_least: Annotated[
        float | None,
        typer.Option(
            "--at-least",
            min=0,
            max=1,
            help="The lowest score that is an answer; 0 shows what is nearest to a query foreign to the shop.",
            show_default=False,
        ),
    ] = None,
    rules: RulesIn = None,
    no_rules: NoRules = False,
    why: Why = False,
    sheet: Sheet = None,
    allow_host: AllowHost = None,
    as_json: AsJson = False,
) -> None:
    """Products like a picture, a text, both, or products that are liked."""
    from lookalike.media.fetching import Fetcher
    from lookalike.recommend.recommender import Recommender

    if image is None and text is None and not like:
        raise typer.BadParameter("give --image, --text, both, or --like")
    fetcher = Fetcher(allow_hosts=allow_host or ())
    shop = Recommender.open(store, fetcher=fetcher, rules=False if no_rules else rules)
    weights = read_weights(weight)
    matches = shop.search(
        image=image,
        text=text,
        liked=like or (),
        disliked=dislike or (),
        k=k,
        where=where,
        weights=weights,
        same=same or (),
        box=_box(box),
        duplicates=duplicates,
        by_group=by_group,
        variety=variety,
        at_least=at_least,
    )
    said = {"image": image, "text": text, "like": like, "dislike": dislike, "box": box}
    asked = {name: value for name, value in said.items() if value}
    if sheet:
        showing.sheet_of_search(sheet, image, text or ", ".join(like or ()), matches, shop.fetcher)
    liked = like[0] if like else None
    reasons = [shop.explain(m, like=liked, text=text) for m in matches] if why else None
    if as_json:
        ruled = _ruled(shop.rules_for("search", like or ()))
        showing.print_json({**asked, **ruled, "k": k, "where": where or []}, matches, reasons)
    else:
        shown = (image, text, *(like or ()), *(f"unlike {i}" for i in dislike or ()), box)
        nothing = _nothing(where, at_least, foreign=at_least is None and not like)
        showing.matches_table("like " + ", ".join(filter(None, shown)), matches, nothing=nothing)
        showing.say_reasons(matches, reasons or [])
        showing.say_sheet(sheet)


def _nothing(where: list[str] | None, at_least: float | None, *, foreign: bool = False) -> str:
    """What to say when there is no match."""
    why = []
    if foreign:
        why.append("nothing like it in this shop; --at-least 0 shows what comes nearest")
    if at_least:
        why.append(f"no product scores {at_least:g} or more")
    if where:
        why.append("nothing passes; a value in --where may be written otherwise (see `lookalike info`)")
    return ", or ".join(why) or "nothing passes"


def _ruled(names: tuple[str, ...]) -> dict[str, list[str]]:
    """The rules that apply to a query, where there are any."""
    return {"rules": list(names)} if names else {}


def read_weights(pairs: list[str] | None) -> dict[str, float]:
    """Weights as they are typed, `image=2`."""
    found = {}
    for pair in pairs or []:
        part, _, number = pair.partition("=")
        try:
            found[part.strip()] = float(number)
        except ValueError as error:
            raise typer.BadParameter(f"{pair!r}: write image=2, text=0.5 or colour=1") from error
    return found


def _box(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"box {text!r}: write four fractions, 0.1,0.2,0.6,0.9") from error
