"""The report of an index job: every row and picture that was left out, with its line and why."""

from __future__ import annotations

import csv
from pathlib import Path

from lookalike.catalogue import Catalogue
from lookalike.errors import StoreError
from lookalike.types import Reject

_REPORT = "rejects.csv"


class RejectFile:
    """The report of what was left out: a CSV in the store's folder, there only when there is something to say."""

    def __init__(self, store: str, catalogue: Catalogue) -> None:
        folder = Path(store) if "://" not in store else Path.cwd()
        self._final, self._part = folder / _REPORT, folder / f".{_REPORT}.part"
        self._source = str(catalogue.source)
        self._reasons: dict[str, int] = {}
        self.rows = self.skipped = 0
        self.path = ""

    def __enter__(self) -> RejectFile:
        try:
            self._file = self._part.open("w", newline="", encoding="utf-8")
        except OSError as error:
            raise StoreError(f"cannot write the report {self._final}: {error.strerror}") from error
        self._csv = csv.writer(self._file)
        self._csv.writerow(["source", "line", "id", "reason"])
        return self

    def add(self, reject: Reject) -> None:
        self._csv.writerow([reject.source or self._source, reject.line, reject.id, reject.reason])
        skipped = reject.reason.startswith("picture skipped")
        self.rows += not skipped
        self.skipped += skipped
        self.path = str(self._final)
        kind = reject.reason.removeprefix("picture skipped: ").partition(": ")[0][:90]
        if kind in self._reasons or len(self._reasons) < 100:
            self._reasons[kind] = self._reasons.get(kind, 0) + 1

    def reasons(self) -> dict[str, int]:
        return dict(sorted(self._reasons.items(), key=lambda item: -item[1])[:5])

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        if self.path:
            self._part.replace(self._final)
        else:
            self._part.unlink()
            self._final.unlink(missing_ok=True)
