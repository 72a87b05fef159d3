"""Styles: what the sample shop sells. One row of `styles.csv` is a style; each of its colours is a product."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from lookalike.testing.drawing.packshot import companions
from lookalike.testing.drawing.palette import PALETTE
from lookalike.testing.drawing.pieces import Cut, Fabric
from lookalike.testing.drawing.wardrobe import ARTICLES

_FOLDERS = {
    "topwear": "Tops",
    "outerwear": "Jackets & Coats",
    "bottomwear": "Bottoms",
    "one-piece": "Dresses & One-pieces",
    "footwear": "Shoes",
    "bag": "Bags",
    "headwear": "Hats & Caps",
    "accessory": "Accessories",
}
_KINDS = {"Women": "woman", "Men": "man", "Girls": "child", "Boys": "child", "Unisex": "man"}


@dataclass(frozen=True, slots=True)
class Style:
    """One design: everything about it but the colour."""

    code: str
    article: str
    name: str
    audience: str
    brand: str
    price: float
    material: str
    weave: str
    colours: tuple[str, ...]  # "navy", or "navy:white:red" with the accents that go with it
    cut: Cut
    pattern: str = "plain"
    season: str = "All year"
    usage: str = "Casual"
    seed: int = 0

    @property
    def label(self) -> str:
        """What the truth calls it: `topwear`, `footwear`."""
        return ARTICLES[self.article].label

    @property
    def kind(self) -> str:
        """The body it is cut for."""
        return _KINDS[self.audience]

    @property
    def category(self) -> str:
        """Its place in the shop, `Women/Tops/T-shirts`."""
        plain = self.article.title().replace("T-Shirt", "T-shirt")
        fixed = {"Scarf": "Scarves", "Watch": "Watches", "Dress": "Dresses"}
        several = fixed.get(plain, plain if plain.endswith("s") else f"{plain}s")
        return f"{self.audience}/{_FOLDERS[self.label]}/{several}"

    def cloth(self, colour: str) -> Fabric:
        """The fabric of one of its colours."""
        main, *others = colour.split(":")
        accents = tuple(PALETTE[name] for name in others)
        if not accents and self.pattern != "plain":
            accents = companions(main, self.seed)
        return Fabric(self.weave, PALETTE[main], self.pattern, accents, self.seed)


def _read(row: Mapping[str, str]) -> Style:
    """One row of `styles.csv`; an empty cell means what is usual for the article."""
    article = ARTICLES[row["article"]]

    def measure(name: str, usual: float) -> float:
        return float(row[name]) if row[name] else usual

    cut = Cut(
        neckline=row["neckline"] or article.cut.neckline,
        sleeve=measure("sleeve", article.cut.sleeve),
        length=measure("length", article.cut.length),
        ease=measure("ease", article.cut.ease),
        flare=measure("flare", article.cut.flare),
        detail=row["fit"] or article.cut.detail,
        extras=frozenset(row["details"].split()) if row["details"] else article.cut.extras,
    )
    return Style(
        code=row["code"],
        article=row["article"],
        name=row["name"],
        audience=row["audience"],
        brand=row["brand"],
        price=float(row["price"]),
        material=row["material"],
        weave=row["weave"] or article.weave,
        colours=tuple(row["colours"].split("|")),
        cut=cut,
        pattern=row["pattern"],
        season=row["season"],
        usage=row["usage"],
        seed=int(row["seed"]),
    )


def _table() -> tuple[Style, ...]:
    text = resources.files("lookalike.testing.drawing").joinpath("styles.csv").read_text(encoding="utf-8")
    return tuple(_read(row) for row in csv.DictReader(text.splitlines()))


STYLES: tuple[Style, ...] = _table()
