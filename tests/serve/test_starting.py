"""A server that starts: ready before the first request, on a slow machine too."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lookalike.recommend.recommender import Recommender
from lookalike.serve import app as application
from lookalike.serve.service import Service, Settings


def test_a_start_may_take_longer_than_a_request(shared_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warmed: list[Service] = []

    def slowly(service: Service) -> None:
        time.sleep(0.3)
        warmed.append(service)

    monkeypatch.setattr(application, "_warm", slowly)
    app = application.create_app(Recommender.open(shared_store), Settings(time_limit_s=0.1))
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1)) as client:
        assert len(warmed) == 1
        assert client.get("/healthz").status_code == 200
