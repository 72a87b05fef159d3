"""What a server does, in figures that Prometheus reads: requests, stages, the queue, the cache, memory.

Each process has its own figures; of several workers one answers, and `pid` tells which.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from lookalike.serve.recall import Recall
from lookalike.serve.service import Service
from lookalike.serve.work import Pool
from lookalike.store.lance import LanceStore

_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
router = APIRouter()


class Metrics:
    """The figures of one process; `request.app.state.metrics`."""

    def __init__(self, service: Service, writing: Pool) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "lookalike_requests", "Answers.", ["route", "method", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "lookalike_request_seconds", "From the first byte to the last.", ["route"],
            buckets=_BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self._stages = Histogram(
            "lookalike_stage_seconds",
            "Waiting for a thread, and being worked on, by the kind of work.",
            ["kind", "stage"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._service = service
        self._pools = {
            "work": service.pool,
            "look-up": service.glancing,
            "fetch": service.fetching,
            "thumbnail": service.shrinking,
            "write": writing,
        }
        self._recall = Recall(service.shop.store)
        service.shop.told = self._recall.asked
        for pool in self._pools.values():
            pool.observe = self.worked
        self.registry.register(self)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def worked(self, kind: str, waited_s: float, took_s: float) -> None:
        kind = kind.partition(" ")[0]
        self._stages.labels(kind, "waiting").observe(waited_s)
        self._stages.labels(kind, "working").observe(took_s)

    def collect(self) -> Iterator[Metric]:
        """What is read off the server when it is asked."""
        under_way = GaugeMetricFamily("lookalike_under_way", "Work that runs or waits.", labels=["pool"])
        waiting = GaugeMetricFamily("lookalike_waiting", "Work that waits for a thread.", labels=["pool"])
        refused = CounterMetricFamily("lookalike_refused", "Work refused at once.", labels=["pool"])
        for name, pool in self._pools.items():
            under_way.add_metric([name], pool.under_way)
            waiting.add_metric([name], pool.waiting)
            refused.add_metric([name], pool.refused)
        yield from (under_way, waiting, refused)
        answers = CounterMetricFamily("lookalike_answers_kept", "Answers that were asked for.", labels=["found"])
        answers.add_metric(["yes"], self._service.answers.hits)
        answers.add_metric(["no"], self._service.answers.misses)
        yield answers
        compared = "Questions that were asked again and compared with every view."
        yield CounterMetricFamily("lookalike_recall_compared", compared, value=self._recall.compared)
        recall = "Of the ten best views, the share found: the mean of the latest 100 comparisons."
        yield GaugeMetricFamily("lookalike_recall_at_10", recall, value=self._recall.mean)
        memory = GaugeMetricFamily("lookalike_resident_bytes", "Memory of this process.", labels=["pid"])
        memory.add_metric([str(os.getpid())], resident_bytes())
        yield memory
        store = self._service.shop.store
        yield GaugeMetricFamily("lookalike_products", "Products in the store.", value=store.counts().products)
        if isinstance(store, LanceStore):
            yield GaugeMetricFamily("lookalike_store_version", "Of the table.", value=store.version)


def resident_bytes() -> int:
    """Memory of this process that is in RAM; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Prometheus's text format."""
    ours: Metrics = request.app.state.metrics
    service: Service = request.app.state.service
    text = await service.look_up(lambda: generate_latest(ours.registry), kind="metrics")
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
