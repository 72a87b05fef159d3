"""What a server does, in figures that Prometheus reads: requests, stages, the queue, the cache, memory.

Several workers put their figures into one folder (`FOLDER`), and whichever is asked adds them up. What is read off
a worker, rather than counted as it happens, it puts there every second in which it answers.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from lookalike.serve.recall import Recall
from lookalike.serve.service import Service
from lookalike.serve.work import Pool
from lookalike.store.lance import LanceStore

FOLDER = (
    "PROMETHEUS_MULTIPROC_DIR"  # the environment variable that names the workers' folder; set before they start
)
_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_EVERY_S = 1.0
_Mode: TypeAlias = Literal["liveall", "livesum", "livemostrecent"]  # of the workers' figures, what is told
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
router = APIRouter()


class Metrics:
    """The figures of one process; `request.app.state.metrics`."""

    def __init__(self, service: Service, writing: Pool) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "lookalike_requests", "Answers.", ["route", "method", "status"], registry=registry
        )
        self._seconds = Histogram(
            "lookalike_request_seconds", "From the first byte to the last.", ["route"],
            buckets=_BUCKETS_S, registry=registry,
        )  # fmt: skip
        self._stages = Histogram(
            "lookalike_stage_seconds",
            "Waiting for a thread, and being worked on, by the kind of work.",
            ["kind", "stage"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._recall = Recall(service.shop.store)
        service.shop.told = self._recall.asked
        self._gauges: list[tuple[Gauge, Callable[[], float]]] = []
        self._of_the_store: list[tuple[Gauge, Callable[[], float]]] = []
        self._counters: list[tuple[Counter, Callable[[], float]]] = []
        self._told: dict[int, float] = {}  # what was last added to each counter
        self._guard = threading.Lock()
        self._due = 0.0
        self._read_off_pools({**service.pools, "write": writing})
        self._read_off(service)
        self.refresh()

    def _read_off_pools(self, pools: Mapping[str, Pool]) -> None:
        under_way = self._gauge("lookalike_under_way", "Work that runs or waits.", ["pool"])
        waiting = self._gauge("lookalike_waiting", "Work that waits for a thread.", ["pool"])
        refused = Counter("lookalike_refused", "Work refused at once.", ["pool"], registry=self.registry)
        for name, pool in pools.items():
            pool.observe = self.worked
            self._gauges.append((under_way.labels(name), partial(getattr, pool, "under_way")))
            self._gauges.append((waiting.labels(name), partial(getattr, pool, "waiting")))
            self._counters.append((refused.labels(name), partial(getattr, pool, "refused")))

    def _read_off(self, service: Service) -> None:
        answers, recall, store = service.answers, self._recall, service.shop.store
        kept = Counter("lookalike_answers_kept", "Answers that were asked for.", ["found"], registry=self.registry)
        compared = Counter(
            "lookalike_recall_compared",
            "Questions that were asked again and compared with every view.",
            registry=self.registry,
        )
        self._counters += [
            (kept.labels("yes"), lambda: answers.hits),
            (kept.labels("no"), lambda: answers.misses),
            (compared, lambda: recall.compared),
        ]
        found = self._gauge(
            "lookalike_recall_at_10",
            "Of the ten best views, the share found: the mean of the latest 100 comparisons.",
            mode="livemostrecent",
        )
        memory = self._gauge("lookalike_resident_bytes", "Memory of a process.", ["pid"], mode="liveall")
        products = self._gauge("lookalike_products", "Products in the store.", mode="livemostrecent")
        found.set(float("nan"))
        self._gauges += [(found, lambda: recall.mean), (memory.labels(str(os.getpid())), resident_bytes)]
        self._of_the_store.append((products, lambda: store.counts().products))
        if isinstance(store, LanceStore):
            version = self._gauge("lookalike_store_version", "Of the table.", mode="livemostrecent")
            self._of_the_store.append((version, lambda: store.version))

    def _gauge(self, name: str, words: str, labels: Sequence[str] = (), *, mode: _Mode = "livesum") -> Gauge:
        return Gauge(name, words, labels, registry=self.registry, multiprocess_mode=mode)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def worked(self, kind: str, waited_s: float, took_s: float) -> None:
        kind = kind.partition(" ")[0]
        self._stages.labels(kind, "waiting").observe(waited_s)
        self._stages.labels(kind, "working").observe(took_s)
        if FOLDER in os.environ and time.monotonic() > self._due:
            self.refresh()

    def refresh(self) -> None:
        """Take over what is read off the server."""
        with self._guard:
            self._due = time.monotonic() + _EVERY_S
            for gauge, read in self._gauges:
                if not math.isnan(value := read()):  # another worker may know
                    gauge.set(value)
            for at, (counter, read) in enumerate(self._counters):
                now = read()
                counter.inc(now - self._told.get(at, 0.0))
                self._told[at] = now

    def text(self) -> bytes:
        """All figures in Prometheus's text format, of several workers together. Asks the disk."""
        self.refresh()
        for gauge, read in self._of_the_store:
            gauge.set(read())
        told_by = f"# told by process {os.getpid()}\n".encode()
        folder = os.environ.get(FOLDER, "")
        if not folder:
            return told_by + generate_latest(self.registry)
        for path in Path(folder).glob("gauge_live*.db"):
            if not Path("/proc", pid := path.stem.rpartition("_")[2]).exists():
                mark_process_dead(int(pid))  # type: ignore[no-untyped-call]  # of the library
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # of the library
        return told_by + generate_latest(together)


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
    text = await service.look_up(ours.text, kind="metrics")
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
