"""A map of a catalogue, drawn: as a picture (PNG), or as one HTML page to pan and zoom.

Thumbnails stand on squared paper, so that none hides another. The picture shows as many products as stay readable;
the page shows all, few from afar and every one from near. Takes plain values, knows nothing of stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.errors import LookalikeError
from lookalike.files import whole
from lookalike.media.fetching import Fetcher
from lookalike.media.map_page import write_page
from lookalike.media.map_picture import write_picture
from lookalike.media.spots import Drawn, Spot
from lookalike.types import Progress

if TYPE_CHECKING:
    from lookalike.media.grid import Floats

SIZE = 4096  # pixels of a picture's side
SIZES = (256, 16_384)  # that can be asked for


def write_map(
    path: Path,
    heading: str,
    points: Floats,
    spots: Sequence[Spot],
    *,
    fetcher: Fetcher | None = None,
    size: int = SIZE,
    progress: Progress = lambda *_: None,
) -> Drawn:
    """Draw to a `.png` or `.html` file, whole or not at all.

    points: (n, 2), 0..1, one for each spot. size: pixels of a PNG's longer side, about.
    Raises `LookalikeError` for another kind of file, or one that cannot be written.
    """
    check_map(path, size)
    if not spots:
        raise LookalikeError("nothing to map: no product was given")
    fetcher = fetcher or Fetcher()
    with whole(path, "map") as file:
        if path.suffix.lower() == ".png":
            counts = write_picture(file, heading, points, spots, size=size, fetcher=fetcher, progress=progress)
        else:
            counts = write_page(file, heading, points, spots, fetcher=fetcher, progress=progress)
    return Drawn(path, len(spots), *counts)


def check_map(path: Path, size: int) -> None:
    """Raise `LookalikeError` for a file or a size that no map can have, before anything is computed for it."""
    if path.suffix.lower() not in (".png", ".html", ".htm"):
        raise LookalikeError(f"a map is a .png or an .html file, not {path.name!r}")
    if not SIZES[0] <= size <= SIZES[1]:
        raise LookalikeError(f"a map of {size} pixels: ask for {SIZES[0]} to {SIZES[1]:,}")
