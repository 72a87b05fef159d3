"""How alike are the neighbours? The tables of DATA.md, on this project's own validation queries.

    fashion-small  1,500 random products against all others: do the neighbours share article type, base colour,
                   gender, and all three?  P@1 and P@7
    shop-men       back and detail views against the main views: is the same product and colour found?  R@1, R@5
    snapshots      snapshots of single garments, by many senders: do neighbours by other senders share the label?
                   P@1 and P@7

    python benchmarks/quality.py --work /tmp/bench --intervals
    python benchmarks/quality.py --work /tmp/bench --held-out --recipe ours.toml --recipe resnet50.toml

Each recipe (the default where none is given) is indexed by lookalike's own code and answers through
`lookalike.evaluate`: with the recipe's weights for picture and colour, with each alone, and, where words do not
give the answer away, with text. Three baselines are computed beside them from the same pictures.

--held-out takes queries only from what training never sees (`lookalike.evaluate.held_out`): 15 % of fashion-small
by product, half of shop-men by style, a fifth of the senders of snapshots, who are then the gallery too.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import baselines
import catalogues
from machine import heading
from tables import intervals, means

from lookalike.evaluate import Contender, Question, StoreContender, compare, held_out
from lookalike.evaluate import questions as asking
from lookalike.evaluate.benchmark import QUERIES, SEED
from lookalike.evaluate.shelf import Shelf
from lookalike.recipe import Recipe
from lookalike.recommend.recommender import Recommender
from lookalike.store.interface import Store

HELD_OUT = {"fashion-small": 0.15, "shop-men": 0.5, "snapshots": 0.2}  # shares; training leaves out the same
RECOLOURED = {  # of shop-men: the shop coloured the main view anew, and further views show another colour
    "mh06-blue", "mh09-blue", "mh10-blue", "mh13-blue", "mp05-blue", "mp07-blue",
    "mp08-green", "ms05-blue", "ms06-blue", "msh01-blue", "msh03-blue", "msh09-blue",
}  # fmt: skip  # by eye, all 122 back and detail views; not blind: what the default misses had been seen before
COLUMNS = {  # column -> parts that count, with the recipe's own weights; what others are compared with comes first
    "image + colour": ("image", "colour"),
    "image only": ("image",),
    "colour only": ("colour",),
    "image + text + colour": ("image", "text", "colour"),
}


@dataclass(frozen=True)
class Catalogue:
    """A catalogue to ask, and a store of it for each recipe by the recipe's name."""

    name: str
    stores: dict[str, tuple[Store, Recipe]]
    shelf: Shelf

    def contenders(self, *, words: bool) -> list[Contender]:
        found: list[Contender] = []
        for name, (store, recipe) in self.stores.items():
            for column, parts in COLUMNS.items():
                if words or "text" not in parts:
                    weights = {part: recipe.weights[part] for part in parts}
                    heads = column if len(self.stores) == 1 else f"{name}: {column}"
                    found.append(StoreContender(heads, store, weights))
        return found


def fashion(catalogue: Catalogue, options: argparse.Namespace) -> list[Question]:
    shelf = catalogue.shelf
    rows = asking.main_views(shelf)
    if options.held_out:
        rows = [at for at in rows if held_out(shelf.views[at].product_id, HELD_OUT["fashion-small"])]
    rows = asking.drawn(rows, options.queries, seed=SEED)
    return asking.attributes(shelf, ["articleType", "baseColour", "gender"], queries=rows)


def shop(catalogue: Catalogue, options: argparse.Namespace) -> list[Question]:
    shelf = catalogue.shelf
    shown = [Path(view.picture).stem.rpartition("_")[0] for view in shelf.views]  # mh01-black
    found = []
    for kind, mark in (("back view", "_back"), ("detail view", "_alt")):
        rows = [at for at, view in enumerate(shelf.views) if mark in Path(view.picture).stem]
        if options.held_out:
            rows = [at for at in rows if held_out(shelf.styles[at].lower(), HELD_OUT["shop-men"])]
        alike = [at for at in rows if shown[at] not in RECOLOURED]
        for name, queries in ((kind, rows), (f"{kind} in its own colour", alike)):
            found.append(replace(asking.identity(shelf, queries=queries), name=name))
    return found


def snapshots(catalogue: Catalogue, options: argparse.Namespace) -> list[Question]:
    shelf = catalogue.shelf
    rows = asking.main_views(shelf)
    if options.held_out:
        rows = [at for at in rows if held_out(shelf.facts["sender"][at], HELD_OUT["snapshots"])]
    labels = shelf.facts["label"]
    ten = {label for label, _ in Counter(labels).most_common(10)}
    few = [at for at in rows if labels[at] in ten]
    return [
        replace(question, name=name)
        for name, among in (("label", rows), ("label, the ten commonest", few))
        for question in asking.attributes(shelf, ["label"], queries=among, gallery=among, apart="sender")
    ]


RULES = {
    "fashion-small": (
        "The query, its byte-identical twins and what says nothing of the fact asked for are left out. The\n"
        "column with text compares the shop's own words, and these name type, colour and gender outright."
    ),
    "shop-men": (
        "The main views are searched with each back view and each detail view (alt). There is no column with\n"
        "text: both views carry their product's own words, which would give the answer away. The shop coloured\n"
        "some main views anew: of those further views show another colour, and nothing on them tells the right\n"
        "one. `in its own colour` leaves these out."
    ),
    "snapshots": "A query's neighbours are by other senders; intervals are over senders.",
}


def opened(name: str, options: argparse.Namespace, work: Path) -> Catalogue:
    archive = "clothing" if name == "snapshots" else name
    table = catalogues.unpacked(archive, data=options.data, work=work)
    images = {"shop-men": table.parent / "media", "snapshots": table.parent / "images"}.get(name)
    if name == "snapshots":
        table = catalogues.snapshots(table, work / "snapshots.csv")
    columns = {
        "fashion-small": ["articleType", "baseColour", "gender"],
        "shop-men": ["colour"],
        "snapshots": ["label", "sender"],
    }[name]
    recipes = {path.stem: Recipe.from_file(path) for path in options.recipe} or {"default": Recipe()}
    stores: dict[str, tuple[Store, Recipe]] = {}
    for folder in getattr(options, f"{name.replace('-', '_')}_store"):
        store = Recommender.open(folder).store
        stores[folder.name] = store, store.header.recipe
    if not stores or options.recipe:
        for recipe_name, recipe in recipes.items():
            folder = work / f"{name}-{recipe.fingerprint()}.store"
            catalogues.store_of(table, folder, images=images, recipe=recipe)
            stores[recipe_name] = Recommender.open(folder).store, recipe
    first = next(iter(stores.values()))[0]
    return Catalogue(name, stores, Shelf.read(first, columns, name=name))


def show(catalogue: Catalogue, asked: Sequence[Question], options: argparse.Namespace, work: Path) -> None:
    contenders = catalogue.contenders(words=catalogue.name == "fashion-small")
    if not options.no_baselines:
        pictures = list(dict.fromkeys(view.picture for view in catalogue.shelf.views if view.picture))
        contenders += baselines.contenders(pictures, kept=work / f"{catalogue.name}.baselines.npz")
    depths, letter = ((1, 5), "R") if catalogue.name == "shop-men" else ((1, 7), "P")
    report = compare(contenders, asked, depths=depths, seed=SEED, progress=_said)
    drawn = f"Queries drawn with seed {SEED}" + (", held out from training" if options.held_out else "")
    metrics = [f"{letter}@{k}" for k in depths]
    print(f"\n## {catalogue.name}\n\n{drawn}; the gallery has {report.results[0].gallery:,} pictures.")
    print(f"{RULES[catalogue.name]}\n\n{means(report.results, metrics)}")
    if options.intervals:
        print(f"\n95 % intervals; +, -, = against {contenders[0].name} (paired randomisation, p < 0.05):")
        print(f"\n{intervals(report.results, metrics)}")


def _said(stage: str, done: int, total: int) -> None:
    catalogues.say(f"{stage}: {done} of {total}")


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    asked = {"shop-men": shop, "snapshots": snapshots, "fashion-small": fashion}
    for name in asked:
        parser.add_argument(
            f"--{name}-store", type=Path, action="append", default=[], help=f"a store that already holds {name}"
        )
    parser.add_argument("--recipe", type=Path, action="append", default=[], help="recipe.toml; may be given again")
    parser.add_argument("--queries", type=int, default=QUERIES, help="of fashion-small (%(default)s)")
    parser.add_argument("--held-out", action="store_true", help="queries only from what training never sees")
    parser.add_argument("--intervals", action="store_true", help="also print 95 %% confidence intervals")
    parser.add_argument("--no-baselines", action="store_true", help="leave out lite0 and the HSV histogram")
    parser.add_argument("--only", choices=list(asked), action="append")
    options = parser.parse_args(arguments)
    print(heading())
    with catalogues.work_folder(options.work) as work:
        for name, questions in asked.items():
            if name in (options.only or asked):
                catalogue = opened(name, options, work)
                show(catalogue, questions(catalogue, options), options, work)


if __name__ == "__main__":
    main()
