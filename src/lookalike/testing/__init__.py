"""What tests are made of, for this project and for yours: a drawn shop, small builders, contract suites."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from lookalike.errors import CatalogueError


def sample_shop() -> Path:
    """The folder of the drawn shop that ships with lookalike: `catalogue.csv`, pictures, figures, truth."""
    folder = Path(str(files("lookalike").joinpath("sample")))
    if not (folder / "catalogue.csv").is_file():
        raise CatalogueError(
            f"the drawn shop is not at {folder}: draw it with python -m lookalike.testing.drawing"
        )
    return folder
