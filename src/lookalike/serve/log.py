"""What a server writes to standard error: lines of JSON, whoever has something to say."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

ACCESS = "lookalike.access"  # the logger of answers, whose records bring their facts as `facts`


class Lines(logging.Formatter):
    """A record as one line of JSON: when, how grave, who says it, what; and the facts or the error beside it."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        facts = getattr(record, "facts", None)
        if facts is not None:
            return json.dumps({"at": at, **facts})
        line = {"at": at, "level": record.levelname.lower(), "from": record.name, "message": record.getMessage()}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def show_log() -> None:
    """Write what this package and the server under it log; each answer, and of all else what is a warning."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    for name in ("lookalike", "uvicorn"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(logging.WARNING)
    logging.getLogger(ACCESS).setLevel(logging.INFO)
