"""A map that takes its time: whoever asks is told to come again, and then has it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lookalike.errors import MissingExtra
from lookalike.recommend.recommender import Recommender
from lookalike.serve import reading
from lookalike.serve.app import create_app


@pytest.fixture
def may_draw(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    drawing, gate = Recommender.map, threading.Event()

    def slowly(shop: Recommender) -> object:
        assert gate.wait(30)
        return drawing(shop)

    monkeypatch.setattr(Recommender, "map", slowly)
    monkeypatch.setattr(reading, "_MAP_WAIT_S", 0.05)
    return gate


def test_who_asks_for_a_map_that_is_being_drawn_is_told_when_to_ask_again(
    shared_store: Path, may_draw: threading.Event
) -> None:
    pytest.importorskip("openTSNE")
    app = create_app(Recommender.open(shared_store))
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1)) as client:
        first = client.get("/v1/map")
        assert (first.status_code, first.json()) == (202, {"status": "drawing"})
        assert int(first.headers["retry-after"]) >= 1
        assert first.headers["cache-control"] == "no-store"
        assert client.get("/v1/products/bag-a-red/similar").status_code == 200  # nobody waits for it
        may_draw.set()
        until = time.monotonic() + 30
        while (answer := client.get("/v1/map")).status_code == 202 and time.monotonic() < until:
            time.sleep(0.02)
        assert answer.status_code == 200
        assert answer.json()["total"] == len(answer.json()["points"]) == 24


def test_a_map_that_cannot_be_drawn_says_why_each_time(
    shared_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(shop: Recommender) -> None:
        raise MissingExtra("a map needs what is not here")

    monkeypatch.setattr(Recommender, "map", fails)
    app = create_app(Recommender.open(shared_store))
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1)) as client:
        for _ in range(2):
            answer = client.get("/v1/map")
            assert answer.status_code == 501
            assert "what is not here" in answer.json()["detail"]
