"""The figures that a server gives of itself."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

from starlette.testclient import TestClient

from lookalike.testing.serving import Line, ShopServer


def test_what_was_asked_is_counted_by_route_and_status(served: TestClient) -> None:
    def count(status: int) -> float:
        text = served.get("/metrics").text
        line = rf'lookalike_requests_total{{method="GET",route="[^"]*similar",status="{status}"}} (\S+)'
        found = re.search(line, text)
        return float(found[1]) if found else 0.0

    before = count(200), count(404)
    served.get("/v1/products/bag-a-red/similar")
    served.get("/v1/products/none/similar")
    assert (count(200), count(404)) == (before[0] + 1, before[1] + 1)


def test_stages_queue_memory_and_store_are_told(served: TestClient) -> None:
    served.get("/v1/products/bag-a-red/similar")
    answer = served.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'lookalike_stage_seconds_bucket{kind="similar",le="0.005",stage="working"}' in answer.text
    assert 'lookalike_waiting{pool="work"} 0.0' in answer.text
    assert re.search(r"lookalike_products 24\.0", answer.text)
    assert float(re.search(r"lookalike_resident_bytes{\S+} (\S+)", answer.text)[1]) > 10_000_000


def test_workers_add_up_their_figures(shared_store: Path) -> None:
    def told(server: ShopServer) -> str:
        with Line(server.url) as line:
            return line.figures()

    def asked(text: str) -> float:
        return sum(map(float, re.findall(r'^lookalike_requests_total{.*/similar".*} (\S+)', text, re.M)))

    with ShopServer(shared_store, "--workers", "2") as server:
        for count in range(1, 9):
            with Line(server.url) as line:  # a connection each, so that both workers have their turn
                assert line.ask("GET", f"/v1/products/bag-a-red/similar?k={count}")[0] == 200
        pids, until = set[str](), time.monotonic() + 30
        while len(pids) < 2 and time.monotonic() < until:
            text = told(server)
            assert asked(text) == 8
            pids = set(re.findall(r'lookalike_resident_bytes{pid="(\d+)"}', text))
        assert len(pids) == 2
        assert re.search(r"^lookalike_products 24\.0$", text, re.M)
        gone = pids.pop()
        os.kill(int(gone), signal.SIGKILL)
        while Path("/proc", gone).exists() and time.monotonic() < until:
            time.sleep(0.05)
        after = told(server)
        assert asked(after) == 8
        assert f'pid="{gone}"' not in after
