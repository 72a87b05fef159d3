"""The small shop, open."""

from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.recommend.recommender import Recommender


@pytest.fixture(scope="session")
def shop(shared_store: Path) -> Recommender:
    """An open shop that no test changes."""
    return Recommender.open(shared_store)
