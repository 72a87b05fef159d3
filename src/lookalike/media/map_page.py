"""A map of a catalogue as one HTML page to pan and zoom. It carries all that it needs; nothing is loaded."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image

from lookalike.media.fetching import Fetcher
from lookalike.media.grid import levels, snapped
from lookalike.media.spots import ROOM, Spot, regions
from lookalike.media.thumbnails import thumbnails
from lookalike.types import Progress

if TYPE_CHECKING:
    from lookalike.media.grid import Floats

_SIDE = 2048  # pixels of a page of thumbnails, at the most
_PIXELS = 64_000_000  # of all thumbnails together
_SMALLEST, _LARGEST = 24, 160  # pixels of a thumbnail's square
_GUTTER = 2  # pixels between thumbnails, so that none bleeds into the next
_QUALITY = 62  # of WebP, 0..100


def write_page(
    file: BinaryIO,
    heading: str,
    points: Floats,
    spots: Sequence[Spot],
    *,
    fetcher: Fetcher,
    progress: Progress,
) -> tuple[int, int]:
    """How many products it shows, and how many of them without their pictures."""
    side = max(2, int(np.ceil(np.sqrt(len(spots) * ROOM))))
    cells = snapped(points, side)
    tile = int(min(_LARGEST, max(_SMALLEST, np.sqrt(_PIXELS / len(spots)))))
    pages = _Pages(tile)
    for done, picture in enumerate(thumbnails([s.picture for s in spots], tile, fetcher=fetcher), 1):
        pages.add(picture)
        progress("drawing", done, len(spots))
    names = list(dict.fromkeys(spot.region for spot in spots))
    known = {name: at for at, name in enumerate(names)}
    facts = {
        "side": side,
        "tile": tile,
        "stride": pages.stride,
        "columns": pages.columns,
        "perPage": pages.columns**2,
        "x": cells[:, 0].tolist(),
        "y": cells[:, 1].tolist(),
        "level": levels(cells, side).tolist(),
        "width": pages.widths,
        "height": pages.heights,
        "id": [spot.id for spot in spots],
        "title": [spot.title for spot in spots],
        "note": [spot.note for spot in spots],
        "region": [known[spot.region] for spot in spots],
        "regions": names,
        "labels": [
            [r.name, round(r.across * side, 2), round(r.down * side, 2), r.products]
            for r in regions(points, [spot.region for spot in spots])
        ],
        "pages": list(pages.addresses()),
    }
    page = files("lookalike.media").joinpath("map_page.html").read_text("utf-8")
    inside = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    before, after = page.replace("{{heading}}", escape(heading)).split("{{facts}}")
    for piece in (before, inside, after):
        file.write(piece.encode("utf-8", "replace"))
    return len(spots), pages.unreadable


class _Pages:
    """Thumbnails side by side on square pages, which a browser draws from."""

    def __init__(self, tile: int) -> None:
        self.stride = tile + _GUTTER
        self.columns = max(1, _SIDE // self.stride)
        self.widths: list[int] = []
        self.heights: list[int] = []  # 0 and 0 where there is no picture
        self.unreadable = 0
        self._full: list[bytes] = []
        self._page: Image.Image | None = None

    def add(self, picture: Image.Image | None) -> None:
        place = len(self.widths) % self.columns**2
        if place == 0:
            self._close()
            self._page = Image.new("RGB", (self.columns * self.stride,) * 2, "white")
        self.widths.append(picture.width if picture else 0)
        self.heights.append(picture.height if picture else 0)
        self.unreadable += picture is None
        if picture is not None and self._page is not None:
            self._page.paste(picture, (place % self.columns * self.stride, place // self.columns * self.stride))

    def addresses(self) -> Iterator[str]:
        """Each page as an address that holds the page itself."""
        self._close()
        for page in self._full:
            yield "data:image/webp;base64," + base64.b64encode(page).decode()

    def _close(self) -> None:
        if self._page is not None:
            rows = -(-((len(self.widths) - 1) % self.columns**2 + 1) // self.columns)
            content = io.BytesIO()
            self._page.crop((0, 0, self._page.width, rows * self.stride)).save(
                content, "WEBP", quality=_QUALITY, method=2
            )
            self._full.append(content.getvalue())
            self._page = None
