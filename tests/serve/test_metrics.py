"""The figures that a server gives of itself."""

from __future__ import annotations

import re

from starlette.testclient import TestClient


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
