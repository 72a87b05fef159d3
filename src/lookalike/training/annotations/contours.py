"""Masks into polygons and back, exactly: `fill(trace(mask))` is the mask, whatever holes and parts it has.

Borders run along the edges of pixels, not through their centres. The corners of all borders are found at once;
sorted by row each two neighbours share a horizontal border, sorted by column a vertical one, and rings are walks
that take one and the other in turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from lookalike.training.annotations.shapes import Bitmap, Geometry, Notes, Part, Polygon, Rectangle, Ring
from lookalike.types import Mask

_FLATNESS = 0.05  # pixels that the polygon of a circle may be off

_Ints = npt.NDArray[np.int64]


def trace(mask: Mask, *, left: int = 0, top: int = 0) -> Polygon:
    """The borders of a mask: a part for each group of pixels that touch by a side, with its holes.

    left, top: what is added to all coordinates. Outlines run clockwise as seen on the screen, holes the other way.
    """
    from scipy import ndimage  # here: nobody who does not convert waits for it

    padded = np.pad(mask, 1)
    groups = ndimage.label(padded)[0]
    outlines: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {}
    for ring in _rings(padded):
        x, y = ring[0]  # the top left corner of the ring; the padded pixel below and right of it is (y + 1, x + 1)
        there: Ring = np.add(ring, (left, top), dtype=np.float64)
        if padded[y + 1, x + 1]:
            outlines[int(groups[y + 1, x + 1])] = _turned(there, clockwise=True)
        else:
            holes.setdefault(int(groups[y, x + 1]), []).append(_turned(there, clockwise=False))
    return Polygon(tuple(Part(outline, tuple(holes.get(group, ()))) for group, outline in outlines.items()))


def _rings(padded: Mask) -> Iterable[_Ints]:
    """Closed walks along borders, (n, 2) of x, y, each from its top left corner on."""
    a, b, c, d = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]  # around each vertex
    saddle = (a == d) & (b == c) & (a != b)
    y, x = np.nonzero(a ^ b ^ c ^ d | saddle)  # an odd number of pixels around it makes a corner
    times = 1 + saddle[y, x]  # two corners meet in a saddle: the first ends the border on its left
    y, x, second = np.repeat(y, times), np.repeat(x, times), np.zeros(times.sum(), bool)
    second[np.cumsum(times)[times == 2] - 1] = True
    # Of a saddle's corners the one on the border above comes first: the left one where the pixel there is set.
    down = np.lexsort((second ^ ~a[y, x], y, x))
    across = _partners(np.arange(len(x)))
    along = _partners(down)
    seen = np.zeros(len(x), bool)
    for start in range(len(x)):
        if seen[start]:
            continue
        walk = [start]
        while True:
            turn = across[walk[-1]]
            walk.append(turn)
            following = along[turn]
            if following == start:
                break
            walk.append(following)
        seen[walk] = True
        yield np.stack([x[walk], y[walk]], axis=1)


def _partners(order: _Ints) -> list[int]:
    """For each corner the one at the other end of its border, when `order` puts the ends side by side."""
    partner = np.empty_like(order)
    partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    return partner.tolist()  # type: ignore[no-any-return]  # walks are faster over plain numbers


def _turned(ring: Ring, *, clockwise: bool) -> Ring:
    return ring if (signed_area(ring) > 0) == clockwise else np.concatenate([ring[:1], ring[:0:-1]])


def signed_area(ring: Ring) -> float:
    """Of what a ring encloses, in pixels; below zero where it runs counterclockwise on the screen."""
    x, y = ring.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def fill(rings: Sequence[Ring], width: int, height: int) -> Mask:
    """The pixels whose centres an odd number of rings goes around, (height, width)."""
    starts = np.concatenate(rings)
    ends = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    upward = starts[:, 1] > ends[:, 1]  # the same edge is the same sum, whichever way it runs
    (x0, y0), (x1, y1) = np.where(upward[:, None], ends, starts).T, np.where(upward[:, None], starts, ends).T
    first = np.clip(np.ceil(y0 - 0.5), 0, height).astype(np.int64)  # rows whose centres lie in y0 <= y < y1
    last = np.clip(np.ceil(y1 - 0.5), 0, height).astype(np.int64)
    rows = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(rows)), rows)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(rows) - rows, rows) + first[edge]
    slope = (x1 - x0)[edge] / (y1 - y0)[edge]
    x = x0[edge] + (row + 0.5 - y0[edge]) * slope
    column = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
    crossings = np.bincount(row * (width + 1) + column, minlength=height * (width + 1))
    inside: Mask = (np.cumsum(crossings.reshape(height, width + 1), axis=1)[:, :width] & 1).astype(np.bool_)
    return inside


def mask_of(geometry: Geometry, width: int, height: int) -> Mask:
    """Which pixels of the picture a shape covers, (height, width)."""
    mask = np.zeros((height, width), np.bool_)
    if isinstance(geometry, Bitmap):
        rows, columns = geometry.mask.shape
        mask[geometry.top : geometry.top + rows, geometry.left : geometry.left + columns] = geometry.mask
        return mask
    for part in polygon_of(geometry).parts:
        box = _around([part.outline])
        left, top = max(0, int(np.floor(box.left))), max(0, int(np.floor(box.top)))
        right, bottom = min(width, int(np.ceil(box.right))), min(height, int(np.ceil(box.bottom)))
        if left < right and top < bottom:
            rings = [ring - (left, top) for ring in (part.outline, *part.holes)]
            mask[top:bottom, left:right] |= fill(rings, right - left, bottom - top)
    return mask


def bitmap_of(mask: Mask) -> Bitmap | None:
    """A mask of the whole picture, cut to what it shows; None where that is nothing."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    if not len(rows):
        return None
    top, left = int(rows[0]), int(columns[0])
    return Bitmap(left, top, mask[top : rows[-1] + 1, left : columns[-1] + 1].copy())


def placed(mask: Mask, left: int, top: int, width: int, height: int) -> Bitmap | None:
    """A mask whose corner lies there on the picture, without what lies outside; None where that is all."""
    inside = mask[max(0, -top) : max(0, height - top), max(0, -left) : max(0, width - left)]
    cut = bitmap_of(inside)
    return cut and Bitmap(max(0, left) + cut.left, max(0, top) + cut.top, cut.mask)


def polygon_of(geometry: Geometry) -> Polygon:
    """The shape as rings, without any loss."""
    if isinstance(geometry, Polygon):
        return geometry
    if isinstance(geometry, Bitmap):
        return trace(geometry.mask, left=geometry.left, top=geometry.top)
    left, top, right, bottom = geometry.left, geometry.top, geometry.right, geometry.bottom
    return Polygon((Part(np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)),))


def box_of(geometry: Geometry) -> Rectangle:
    """The box around a shape."""
    if isinstance(geometry, Rectangle):
        return geometry
    if isinstance(geometry, Bitmap):
        rows, columns = geometry.mask.shape
        return Rectangle(geometry.left, geometry.top, geometry.left + columns, geometry.top + rows)
    return _around([part.outline for part in geometry.parts])


def _around(rings: Sequence[Ring]) -> Rectangle:
    points = np.concatenate(rings)
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return Rectangle(float(left), float(top), float(right), float(bottom))


def one_ring(polygon: Polygon) -> Ring:
    """Parts and holes as a single ring, joined by bridges of no width where they are nearest.

    What is inside stays the same: a bridge is gone over once in each direction.
    """
    first, *others = (
        _turned(ring, clockwise=not at)
        for part in sorted(polygon.parts, key=lambda part: -abs(signed_area(part.outline)))
        for at, ring in enumerate((part.outline, *part.holes))
    )
    return bridged(first, others)


def single_ring(geometry: Geometry, width: int, height: int, notes: Notes) -> Ring:
    """A shape of a picture as one ring, for formats that hold no more."""
    polygon = polygon_of(geometry)
    if polygon.is_plain:
        return polygon.parts[0].outline
    notes["shapes with holes or several parts: joined by bridges of no width"] += 1
    if len(polygon.parts) > 1 and isinstance(geometry, Polygon):
        mask = mask_of(polygon, width, height)
        if not np.array_equal(fill([one_ring(polygon)], width, height), mask):
            notes["shapes whose parts overlap: united, to the whole pixel"] += 1
            polygon = trace(mask)
    return one_ring(polygon)


def bridged(ring: Ring, others: Iterable[Ring]) -> Ring:
    """A ring with further ones joined to it."""
    for other in others:
        here, there = _nearest(ring, other)
        detour = [ring[: here + 1], np.roll(other, -there, axis=0), other[there : there + 1], ring[here:]]
        ring = np.concatenate(detour)
    return ring


def _nearest(ring: Ring, other: Ring) -> tuple[int, int]:
    """The places of two points, one of each ring, that are nearest to one another."""
    from scipy.spatial import cKDTree

    distance, place = cKDTree(ring).query(other)
    there = int(np.argmin(distance))
    return int(place[there]), there


def ellipse(x: float, y: float, across: float, down: float, *, turned: float = 0.0) -> Polygon:
    """The polygon of an ellipse with these half axes, in pixels, turned by radians; off by 0.05 pixels at most."""
    radius = max(across, down)
    count = 8 if radius <= _FLATNESS else max(8, int(np.ceil(np.pi / np.arccos(1 - _FLATNESS / radius))))
    angle = np.arange(count) * (2 * np.pi / count)
    flat = np.stack([across * np.cos(angle), down * np.sin(angle)], axis=1)
    cos, sin = np.cos(turned), np.sin(turned)
    return Polygon((Part(flat @ np.array([[cos, sin], [-sin, cos]]) + (x, y)),))
