"""The small shop, served within the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lookalike.recommend.recommender import Recommender
from lookalike.serve.app import create_app


@pytest.fixture(scope="session")
def served(shared_store: Path) -> Iterator[TestClient]:
    """A client of a server that no test changes."""
    app = create_app(Recommender.open(shared_store))
    here = {"base_url": "http://localhost", "client": ("127.0.0.1", 1)}
    with TestClient(app, raise_server_exceptions=False, **here) as client:
        yield client
