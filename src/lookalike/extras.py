"""Optional dependencies come in through one door, and a missing one is an instruction."""

from importlib import import_module
from typing import Any

from lookalike.errors import MissingExtra


def require(module: str, *, extra: str, to: str) -> Any:
    """The imported `module`, or an error that says which pip line brings it.

    >>> require("no_such_module", extra="train", to="train a model")
    Traceback (most recent call last):
        ...
    lookalike.errors.MissingExtra: to train a model, `no_such_module` is needed: pip install 'lookalike[train]'
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingExtra(f"to {to}, `{module}` is needed: pip install 'lookalike[{extra}]'") from error
