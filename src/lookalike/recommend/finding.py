"""Products by the first letters of their ids or of a word in their titles: what somebody who types has in mind."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence

from lookalike.store.interface import Store

_MOST = 200_000  # products whose titles are looked through
_BETWEEN = "\n"


class Titles:
    """The titles of a store in memory, read again when it changes. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._version: object = None
        self._ids: list[str] = []
        self._starts: list[int] = []
        self._words = ""

    def find(self, prefix: str, *, limit: int, version: object) -> list[str]:
        """Ids that begin with the prefix, then those in whose title a word does; for no prefix some of all over.

        version: of the store; titles are read again when it is another than before.
        """
        found = self._store.ids(prefix=prefix, limit=limit) if prefix.strip() else []
        if len(found) >= limit:
            return found
        with self._guard:
            if self._version != version:
                self._read()
                self._version = version
            ids, starts, words = self._ids, self._starts, self._words
        if not prefix.strip():
            return ids[:: max(1, len(ids) // limit)][:limit]
        return list(dict.fromkeys([*found, *_beginning(_plain(prefix), ids, starts, words, limit)]))[:limit]

    def _read(self) -> None:
        ids = self._store.ids(limit=_MOST)
        facts = self._store.facts(ids, {"title"})
        self._ids = facts.column("id").to_pylist()
        lines = [f" {_plain(title or '')}" for title in facts.column("title").to_pylist()]
        self._words = _BETWEEN.join(lines) + _BETWEEN
        self._starts = []
        at = 0
        for line in lines:
            self._starts.append(at)
            at += len(line) + 1


def _beginning(prefix: str, ids: Sequence[str], starts: Sequence[int], words: str, limit: int) -> list[str]:
    """Ids of the lines in which a word begins with the prefix, in order."""
    found: list[str] = []
    at = words.find(f" {prefix}")
    while at >= 0 and len(found) < limit:
        line = bisect_right(starts, at) - 1
        found.append(ids[line])
        if line + 1 == len(starts):
            break
        at = words.find(f" {prefix}", starts[line + 1])
    return found


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
