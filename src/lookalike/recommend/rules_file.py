"""The rules of an open shop: given once, or in a file that is read again when it changes."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lookalike.errors import RuleError
from lookalike.files import mark
from lookalike.recommend.rules import Rules
from lookalike.store.rows import Header

FILE_NAME = "rules.toml"  # in the folder of a store
RulesSource: TypeAlias = (
    Rules | str | os.PathLike[str] | Mapping[str, Any] | Sequence[Mapping[str, Any]] | Literal[False] | None
)
_log = logging.getLogger("lookalike")


class RulesFile:
    """A file of rules. A look at its date and size before each answer tells whether it has changed.

    When a changed file is wrong, the rules before it stay in force and the error is logged, once for each change:
    a slip of the pen must not close the shop. A file that is gone is no rules.
    """

    def __init__(self, path: str | os.PathLike[str], header: Header) -> None:
        """Raises `RuleError` when there is a file and it is wrong."""
        self.path = Path(path)
        self._guard = threading.Lock()
        self._seen = mark(self.path)
        self._rules = Rules.from_file(self.path, header=header) if self._seen else Rules()

    def rules(self, header: Header) -> Rules:
        """The rules as they are now; header: of the store, to check the columns of a file that has changed."""
        with self._guard:
            if (now := mark(self.path)) != self._seen:
                self._seen = now
                try:
                    self._rules = Rules.from_file(self.path, header=header) if now else Rules()
                except RuleError as error:
                    _log.warning("the rules before stay in force: %s", error)
            return self._rules


def rules_from(source: RulesSource, store: str, header: Header) -> Rules | RulesFile:
    """What `rules=` of an open shop means: rules, a file, plain values, False for none, None for the store's."""
    if source is False or (source is None and "://" in store):
        return Rules()
    if source is None:
        return RulesFile(Path(store) / FILE_NAME, header)
    if isinstance(source, (str, os.PathLike)):
        if not Path(source).is_file():
            raise RuleError(f"no file of rules at {os.fspath(source)}")
        return RulesFile(source, header)
    return Rules.of(source.to_mapping() if isinstance(source, Rules) else source, header=header)
