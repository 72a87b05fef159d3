"""Whether a store is whole: its table, and what was fitted on the catalogue beside it."""

from __future__ import annotations

from collections.abc import Iterator

from lookalike.errors import LookalikeError
from lookalike.models.reduction import Reduction
from lookalike.models.specs import find_spec
from lookalike.store.lance import LanceStore


def faults(store: LanceStore) -> list[str]:
    """What is wrong with a store, a line each; none where it is whole. Reads all of it, and changes nothing."""
    return [*store.check(), *_of_fitted(store)]


def _of_fitted(store: LanceStore) -> Iterator[str]:
    """A query is reduced as the stored vectors were."""
    header = store.header
    try:
        fitted = store.fitted()
        for part in header.parts:
            content = fitted.get(part)
            dims = (
                Reduction.from_bytes(content).dim_out if content else find_spec(getattr(header.recipe, part)).dim
            )
            if dims != header.dims[part]:
                yield f"queries get {dims} dimensions of {part}, the stored vectors have {header.dims[part]}"
    except LookalikeError as error:
        yield str(error)
