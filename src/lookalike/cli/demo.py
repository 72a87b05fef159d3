"""The command that shows what lookalike does: `demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli import showing
from lookalike.cli.catalogue import say_report


def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its store and sheets.")] = Path("demo"),
) -> None:
    """Index the drawn shop that ships with lookalike; show what is like a product, and what a figure wears."""
    from lookalike.indexing.job import index as run
    from lookalike.recommend.recommender import Recommender
    from lookalike.testing import sample_shop

    shop = sample_shop()
    with showing.progress() as progress:
        report = run(shop / "catalogue.csv", folder / "shop", progress=progress)
    say_report(report)
    opened = Recommender.open(folder / "shop")
    words = "dotted summer dress"
    showing.matches_table(f'"{words}"', opened.search(text=words, k=3))
    product = opened.product(showing.DEMO_PRODUCT)
    matches = opened.similar(product.id)
    showing.matches_table(f"like {product.id}, {product.title}", matches, query=product)
    for sheet in (folder / "similar.png", folder / "similar.html"):
        showing.sheet_of_product(sheet, product, matches)
    photo = str(shop / showing.DEMO_PHOTO)
    worn = opened.look(photo, k=3)
    showing.look_tables(showing.DEMO_PHOTO, worn)
    for sheet in (folder / "look.png", folder / "look.html"):
        showing.sheet_of_look(sheet, photo, worn, opened.fetcher)
    showing.say(f"next:  lookalike search --image PHOTO --store {folder / 'shop'}")
    for name in ("similar", "look"):
        showing.say(f"sheet: {folder / name}.png   page: {folder / name}.html")
