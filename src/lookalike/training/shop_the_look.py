"""The Shop The Look format as a source of pairs: where on a photograph of a scene a shop's product is worn.

One JSON object a line, as Kang et al. published theirs (Complete the Look, CVPR 2019):

    {"product": "0027e30879...", "scene": "cdab916007...", "bbox": [0.434, 0.859, 0.560, 1.0]}

Pictures go by signatures, which become addresses; boxes are left, top, right and bottom as fractions. A line that
is not of this form is a `Reject`; a picture that is gone, as pictures on the web are after years, is left out and
counted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lookalike.errors import CatalogueError, LookalikeError
from lookalike.evaluate.splits import held_out
from lookalike.indexing.fitting import Progress
from lookalike.media.augmenting import Augmentation
from lookalike.media.fetching import Fetcher
from lookalike.media.framing import crop
from lookalike.training.lessons import Shown
from lookalike.training.pictures import Pictures, read_pictures, shrunk
from lookalike.training.samples import Source, numbered
from lookalike.types import Box, Pixels, Reject

ADDRESS = "http://i.pinimg.com/400x"  # where the published signatures were kept
_SIGNATURE = re.compile(r"[0-9a-f]{32}")
_FEWEST = 2  # products to tell apart
_SCENE = 4  # times the side of a product's picture: a box is a part of a scene


@dataclass(frozen=True, slots=True)
class Worn:
    """A product in a box of a scene; both by signature."""

    product: str
    scene: str
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Pairs whose pictures could be had, ready to be learned from, and what could not be used."""

    train: Source
    choose: Shown
    pairs: int  # that could be used
    rejects: Sequence[Reject]  # lines
    missing: Counter[str]  # why pictures are missing -> how many

    @property
    def words(self) -> str:
        why = "; ".join(f"{count:,} x {reason}" for reason, count in self.missing.most_common(3))
        return (
            f"{self.pairs:,} pairs of scene and product; {len(self.rejects):,} lines rejected, "
            f"{self.missing.total():,} pictures missing" + (f" ({why})" if why else "")
        )


def url_of(signature: str, address: str = ADDRESS) -> str:
    """The address of a picture by its signature.

    >>> url_of("0027e30879ce3d87f82f699f148bff7e")
    'http://i.pinimg.com/400x/00/27/e3/0027e30879ce3d87f82f699f148bff7e.jpg'
    """
    return f"{address.rstrip('/')}/{signature[:2]}/{signature[2:4]}/{signature[4:6]}/{signature}.jpg"


def read_lines(lines: Iterable[str]) -> tuple[list[Worn], list[Reject]]:
    """What each line says, and the lines that say nothing usable. Blank lines are passed over."""
    found: list[Worn] = []
    rejects: list[Reject] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_worn(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            rejects.append(Reject(number, "", reason))
    return found, rejects


def read_looks(
    path: Path,
    *,
    address: str = "",
    hold_out: float,
    longest: int,
    fetcher: Fetcher,
    progress: Progress = lambda stage, done, total: None,
) -> Looks:
    """The pairs in a file, with their pictures: a scene's box and the product show the same thing.

    address: where pictures are, in place of `ADDRESS`. hold_out: the share of products to choose by.
    longest: pixels that the longer side is kept at. Raises `LookalikeError` where too few pairs are left.
    """
    try:
        with path.open(encoding="utf-8") as file:
            worn, rejects = read_lines(file)
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"cannot read the looks in {path}: {error}") from error
    missing: Counter[str] = Counter()

    def had(signatures: Iterable[str], longest: int) -> dict[str, Pixels]:
        """Those pictures that are there."""
        names = {url_of(signature, address or ADDRESS): signature for signature in signatures}
        kept, places = Pictures(), list[str]()
        for read in read_pictures(list(names), longest=longest, fetcher=fetcher, progress=progress):
            if read.pixels is None:
                missing[read.fault.replace(read.name, "").strip(" :()")] += 1
            else:
                kept.add(read.pixels)
                places.append(names[read.name])
        return dict(zip(places, kept, strict=True))

    products = had(dict.fromkeys(one.product for one in worn), longest)
    scenes = had(dict.fromkeys(one.scene for one in worn if one.product in products), _SCENE * longest)
    usable = [one for one in worn if one.product in products and one.scene in scenes]
    pictures, names = Pictures(), list[str]()
    for signature in dict.fromkeys(one.product for one in usable):
        pictures.add(products[signature])
        names.append(signature)
    for one in usable:
        pictures.add(shrunk(crop(scenes[one.scene], one.box), longest))
        names.append(one.product)
    train, choose = _parted(pictures, names, hold_out)
    if len(train) < _FEWEST or len(choose.things) < 2 * _FEWEST:
        raise LookalikeError(
            f"{path} leaves {len(usable):,} pairs whose pictures could be had: too few to learn from and choose by"
        )
    return Looks(train, choose, len(usable), rejects, missing)


# -- inside ------------------------------------------------------------------------------------------


def _worn(record: object) -> Worn:
    """Raises ValueError, TypeError or KeyError that says what is wrong."""
    if not isinstance(record, dict):
        raise ValueError("it is no object")
    for role in ("product", "scene"):
        if not _SIGNATURE.fullmatch(str(record[role])):
            raise ValueError(f"{role} {str(record[role])[:60]!r} is no signature of 32 hexadecimal digits")
    box = record["bbox"]
    if not isinstance(box, list) or len(box) != 4:
        raise ValueError(f"bbox {str(box)[:60]} is not four numbers")
    left, top, right, bottom = (min(1.0, max(0.0, float(edge))) for edge in box)
    return Worn(record["product"], record["scene"], Box(left, top, right, bottom))


def _parted(pictures: Pictures, names: Sequence[str], hold_out: float) -> tuple[Source, Shown]:
    """By product, so that no product is on both sides."""
    things = numbered(names)
    out = np.array([held_out(name, hold_out) for name in names], bool)
    kept, chosen = np.flatnonzero(~out), np.flatnonzero(out)
    how = Augmentation(close_up=0.1, crop=0.3, coarse=0.1)
    train = Source("looks", pictures.chosen(kept.tolist()), things[kept], [None] * len(kept), {}, how=how)
    return train, Shown(pictures.chosen(chosen.tolist()), things[chosen], things[chosen], {})
