"""What runs the shards of an index job: anything shaped like `map`."""

from __future__ import annotations

from lookalike.errors import LookalikeError
from lookalike.indexing.job import Engine

_ENGINES: dict[str, Engine] = {"local": map}


def find_engine(name: str) -> Engine:
    """The engine with this name. Raises `LookalikeError` that lists them."""
    try:
        return _ENGINES[name]
    except KeyError:
        raise LookalikeError(f"no engine {name!r}: there is {', '.join(_ENGINES)}") from None
