"""What tests of several folders share: one small shop, drawn and indexed once, and the real data."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from small_shop import write_shop

from lookalike.indexing.job import index
from lookalike.recipe import Recipe

DATA = Path(os.environ.get("LOOKALIKE_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")

pytest.register_assert_rewrite("lookalike.testing.contracts")  # its assertions speak as those of tests do


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue of the small shop, its pictures beside it."""
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def shared_store(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the small shop. No test changes it."""
    store = tmp_path_factory.mktemp("stores") / "store"
    index(catalogue, store, recipe=Recipe(image="gradients", text="hashed-words"))
    return store


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of an archive of the real data, unpacked once a session."""
    unpacked: dict[str, Path] = {}

    def unpack(archive: str) -> Path:
        if archive not in unpacked:
            if not (DATA / archive).is_file():
                pytest.skip(f"no {archive} in {DATA}: set LOOKALIKE_DATA to the folder of the real data")
            folder = tmp_path_factory.mktemp("data")
            with tarfile.open(DATA / archive) as tar:
                tar.extractall(folder, filter="data")
            unpacked[archive] = folder / archive.partition(".")[0]
        return unpacked[archive]

    return unpack
