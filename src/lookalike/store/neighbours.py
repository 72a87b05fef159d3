"""The rows nearest to a row, found once: whoever asks for what is like a product of the shop asks it again.

A list is complete up to a score: no row that was there when it was made, and is not on it, is above that. Rows
that came later are compared with each time, and rows that have gone are passed over; so an answer read off a list
is exact, or none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lookalike.store.scanning import extended

KEPT = 96  # rows on a list: more than the usual answer looks at
_FRESH, _FRESH_SHARE = 256, 1 / 16  # rows that came later, at most: then the list is made anew
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Near:
    """What is known of the rows nearest to one."""

    places: Places  # the nearest, in order of place
    beyond: float  # no other of the first `rows` rows has a higher score
    rows: int

    def candidates(self, rows: int) -> Places:
        """Where the best of so many rows can be, in order of place."""
        return np.concatenate([self.places, np.arange(self.rows, rows)])


class Neighbours:
    """Lists of rows, by the place of the row that they are near to. For one thread at a time."""

    def __init__(self) -> None:
        self._places = np.empty((0, KEPT), np.int32)  # unused ones are -1
        self._beyond = np.empty(0, np.float32)
        self._rows = np.empty(0, np.int32)  # 0 where nothing is known

    def near(self, place: int, rows: int) -> Near | None:
        """What is known, if it is still worth reading. rows: how many there are now."""
        if place >= len(self._rows) or not (then := int(self._rows[place])):
            return None
        if rows - then > max(_FRESH, then * _FRESH_SHARE):
            return None
        found = self._places[place]
        return Near(found[found >= 0].astype(np.int64), float(self._beyond[place]), then)

    def keep(self, place: int, places: Places, beyond: float, rows: int) -> None:
        """places: of the nearest rows, at most `KEPT`. beyond, rows: as in `Near`."""
        if (missing := rows - len(self._rows)) > 0:
            used = len(self._rows)
            self._places = extended(self._places, used, np.full((missing, KEPT), -1, np.int32))
            self._beyond = extended(self._beyond, used, np.zeros(missing, np.float32))
            self._rows = extended(self._rows, used, np.zeros(missing, np.int32))
            self._rows[used:] = 0  # the spare room as well
        self._places[place] = -1
        self._places[place, : len(places)] = np.sort(places)
        self._beyond[place], self._rows[place] = beyond, rows
