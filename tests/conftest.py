"""What tests of several folders share: one small shop, drawn and indexed once."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_shop import write_shop

from lookalike.indexing.job import index
from lookalike.recipe import Recipe

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
