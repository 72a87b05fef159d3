"""A server under load: how much it answers in time, does it last, what does it refuse, its start, its memory.

    python benchmarks/load.py capacity --store DIR --pictures /tmp/d/street/photos
    python benchmarks/load.py steady   --store DIR --pictures /tmp/d/street/photos --rate similar=120 --seconds 600
    python benchmarks/load.py overload --store DIR --pictures /tmp/d/street/photos --rate similar=450
    python benchmarks/load.py start    --store DIR [--cold]
    python benchmarks/load.py memory   --store DIR --pictures /tmp/d/street/photos

`--store` starts a server of its own, on the same two cores as this client; `--url` asks one that runs. Requests
come as customers do: at random moments, planned ahead, whether or not the server keeps up. Each is timed from its
planned moment, so that a server that stalls cannot hide it. Every question is another one: `similar` asks for each
product in the same way, as the pages of a shop do, `varied` each in another, with filters and weights.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
from machine import heading
from tables import table, verdict

from lookalike.testing.serving import ShopServer, with_children

_HOLDS_S = {"similar": 0.1, "varied": 0.1, "picture": 0.4}  # p99 of what is admitted
_WANTED_PER_S = {"similar": 150.0, "varied": 100.0, "picture": 25.0}
_CORES = 2
_STEP_S = 15.0
_TIMEOUT_S = 30.0
_REST_S = 5.0  # after which a server has given back what work left behind
_QUIET_S, _QUIET_SHARE = 5.0, 0.02  # of a core, of a server that does nothing
_LINES_AT_FIRST, _LINES_AT_MOST = 32, 2000
_FINER = 3  # times the highest rate that holds is looked for between two steps
_TICKS = os.sysconf("SC_CLK_TCK")
_BOUNDARY = "look-a-like"


# -- what is asked -----------------------------------------------------------------------------------------------


def varied_requests(host: str, ids: Sequence[str], seed: int) -> Iterator[bytes]:
    """Products in random order, each asked for in another way: how many, a price, weights, of one kind."""
    drawn = random.Random(seed)
    while True:
        for product_id in drawn.sample(ids, len(ids)):
            query = f"k={drawn.randint(5, 12)}"
            way = drawn.random()
            if way < 0.25:
                query += f"&where={quote(f'price<{drawn.randint(5, 400)}')}"
            elif way < 0.5:
                query += f"&weights=image:1,colour:{drawn.randint(1, 100) / 100}"
            elif way < 0.6:
                query += "&same=category"
            yield _head(f"GET /v1/products/{quote(product_id, safe='')}/similar?{query}", host) + b"\r\n"


def similar_requests(host: str, ids: Sequence[str], seed: int) -> Iterator[bytes]:
    """Products in random order, asked for as a shop's page does: always alike."""
    drawn = random.Random(seed)
    while True:
        for product_id in drawn.sample(ids, len(ids)):
            yield _head(f"GET /v1/products/{quote(product_id, safe='')}/similar?k=8", host) + b"\r\n"


def picture_requests(host: str, pictures: Sequence[Path], seed: int) -> Iterator[bytes]:
    """Uploads of pictures in random order, each with a comment of its own, so that none comes twice."""
    drawn, sent = random.Random(seed), 0
    while True:
        for path in drawn.sample(pictures, len(pictures)):
            content, sent = path.read_bytes(), sent + 1
            mark = f"{seed}.{sent}".encode()
            if content[:2] == b"\xff\xd8":  # a JPEG: a comment behind its first mark
                content = content[:2] + b"\xff\xfe" + (len(mark) + 2).to_bytes(2, "big") + mark + content[2:]
            body = _part('name="query"') + b'{"k": 7}\r\n'
            body += _part('name="picture"; filename="p.jpg"', "Content-Type: image/jpeg\r\n") + content
            body += f"\r\n--{_BOUNDARY}--\r\n".encode()
            kind = (
                f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            yield _head("POST /v1/search", host) + kind.encode() + body


def _part(name: str, kind: str = "") -> bytes:
    return f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {name}\r\n{kind}\r\n".encode()


def _head(line: str, host: str) -> bytes:
    return f"{line} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n".encode()


# -- the client --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a request. status: 0 where none came. seconds: from the planned moment to its last byte."""

    status: int
    seconds: float
    retry_after: bool


class _Line(asyncio.Protocol):
    """One connection, kept; a request at a time, and of its answer only what is needed to know where it ends."""

    def __init__(self, idle: deque[_Line]) -> None:
        self._idle = idle
        self._received = bytearray()
        self._end = 0
        self._done: Callable[[int, bool], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def ask(self, request: bytes, done: Callable[[int, bool], None]) -> None:
        self._done, self._end = done, 0
        self._received.clear()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._end:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return
            fields = bytes(self._received[:head]).lower()
            length = fields.partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._end = head + 4 + int(length or 0)
            self._closing = b"\r\nconnection: close" in fields
            self._said = int(fields[9:12]), b"\r\nretry-after:" in fields
        if len(self._received) >= self._end and self._done:
            done, self._done = self._done, None
            if self._closing:
                self._transport.close()
            else:
                self._idle.append(self)
            done(*self._said)

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._idle:
            self._idle.remove(self)
        if self._done:
            done, self._done = self._done, None
            done(0, False)


async def _fire(
    address: str, requests: Sequence[Iterator[bytes]], rates: Sequence[float], seconds: float, seed: int
) -> list[list[Answered]]:
    """Send each kind of requests at its rate, at random moments (Poisson's), and wait for the last answer."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    loop, drawn = asyncio.get_running_loop(), np.random.default_rng(seed)
    idle: deque[_Line] = deque()
    opened = under_way = 0
    answers: list[list[Answered]] = [[] for _ in rates]

    async def line() -> _Line:
        nonlocal opened
        opened += 1
        try:
            return (await loop.create_connection(lambda: _Line(idle), host, port))[1]
        finally:
            opened -= 1

    def done_at(kind: int, planned: float) -> Callable[[int, bool], None]:
        def done(status: int, retry_after: bool) -> None:
            nonlocal under_way
            under_way -= 1
            answers[kind].append(Answered(status, loop.time() - planned, retry_after))

        return done

    async def ask_anew(request: bytes, done: Callable[[int, bool], None]) -> None:
        try:
            (await line()).ask(request, done)
        except OSError:
            done(0, False)

    idle.extend([await line() for _ in range(_LINES_AT_FIRST)])
    moments = sorted(
        (float(at), kind)
        for kind, rate in enumerate(rates)
        for at in np.cumsum(drawn.exponential(1 / rate, int(rate * seconds)))
    )
    begin, asked = loop.time() + 0.1, set()
    for at, kind in moments:
        planned = begin + at
        while (ahead := planned - loop.time()) > 0:
            await asyncio.sleep(ahead)
        done, under_way = done_at(kind, planned), under_way + 1
        if idle:  # the one that was idle for longest: of several workers each has its turn
            idle.popleft().ask(next(requests[kind]), done)
        elif opened + under_way < _LINES_AT_MOST:
            task = loop.create_task(ask_anew(next(requests[kind]), done))
            asked.add(task)
            task.add_done_callback(asked.discard)
        else:
            done(0, False)
    last = loop.time() + _TIMEOUT_S
    while under_way and loop.time() < last:
        await asyncio.sleep(0.01)
    for found, rate in zip(answers, rates, strict=True):
        found.extend([Answered(0, _TIMEOUT_S, False)] * (int(rate * seconds) - len(found)))
    return answers


# -- what came of it ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """One kind of requests at one rate. Latencies in milliseconds, of what was answered with 200."""

    kind: str
    asked_per_s: float
    answered_per_s: float
    asked: int
    answered: int
    refused: int  # 503 with Retry-After
    failed: int  # anything else: another status, no answer
    statuses: dict[str, int]
    p50_ms: float
    p95_ms: float
    p99_ms: float
    most_ms: float
    refusal_p99_ms: float
    from_cache: float = float("nan")  # share of the answers
    server_ms: float = float("nan")  # processor time of the server and its children for each request
    client_ms: float = float("nan")

    @property
    def holds(self) -> bool:
        return not self.refused and not self.failed and self.p99_ms <= 1000 * _HOLDS_S[self.kind]


def outcome(kind: str, rate: float, seconds: float, answers: Sequence[Answered]) -> Outcome:
    good = [one.seconds * 1000 for one in answers if one.status == 200]
    refused = [one.seconds * 1000 for one in answers if one.status == 503 and one.retry_after]
    p50, p95, p99 = np.percentile(good, [50, 95, 99]) if good else (float("nan"),) * 3
    return Outcome(
        kind,
        rate,
        len(good) / seconds,
        len(answers),
        len(good),
        len(refused),
        len(answers) - len(good) - len(refused),
        {str(status): count for status, count in Counter(one.status for one in answers).items()},
        *(round(float(one), 1) for one in (p50, p95, p99, max(good, default=float("nan")))),
        refusal_p99_ms=round(float(np.percentile(refused, 99)), 1) if refused else float("nan"),
    )


HEAD = [
    "",
    "asked/s",
    "200/s",
    "503",
    "failed",
    "p50",
    "p95",
    "p99",
    "most",
    "503's p99",
    "kept",
    "server",
    "client",
]


def row(one: Outcome) -> list[str]:
    times = [f"{ms:.0f} ms" for ms in (one.p50_ms, one.p95_ms, one.p99_ms, one.most_ms, one.refusal_p99_ms)]
    costs = [f"{ms:.1f} ms" for ms in (one.server_ms, one.client_ms)]
    counts = [f"{one.asked_per_s:.0f}", f"{one.answered_per_s:.1f}", str(one.refused), str(one.failed)]
    return [one.kind, *counts, *times, f"{100 * one.from_cache:.1f} %", *costs]


# -- the server --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is asked. pid: 0 where it is not ours, or not on this machine."""

    address: str
    pid: int = 0

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    def get(self, path: str) -> bytes:
        connection = HTTPConnection(self.host, timeout=_TIMEOUT_S)
        connection.request("GET", path)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}: {content[:300]!r}")
        return content

    def ids(self) -> list[str]:
        """Ids of products, as many as a walk over the beginnings of ids and titles brings."""
        letters = "0123456789abcdefghijklmnopqrstuvwxyz"
        found: dict[str, None] = {}
        for prefix in ["", *letters, *(a + b for a in letters[:10] for b in letters[:10])]:
            answer = json.loads(self.get(f"/v1/products?k=200&prefix={prefix}"))
            found.update(dict.fromkeys(product["id"] for product in answer["products"]))
        return list(found)

    def kept(self) -> tuple[float, float]:
        """How many answers were found among those kept, and how many were not."""
        text = self.get("/metrics").decode()
        counts = [
            line.rpartition(" ")[2]
            for line in text.splitlines()
            if line.startswith("lookalike_answers_kept_total{")
        ]
        yes, no = map(float, counts)
        return yes, no

    def processes(self) -> list[int]:
        """It and its children."""
        return list(with_children(self.pid)) if self.pid else []

    def seconds(self) -> float:
        """Processor time so far."""
        total = 0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))  # its own, and of children that ended
        return total / _TICKS

    def settle(self) -> float:
        """Wait until it does nothing by itself; how many seconds that took, from now."""
        began = time.monotonic()
        while True:
            before = self.seconds()
            time.sleep(_QUIET_S)
            if self.seconds() - before < _QUIET_SHARE * _QUIET_S:
                return time.monotonic() - began

    def memory(self) -> dict[str, int]:
        """Bytes in RAM, of it and its children: Pss counts what is shared once, Rss for each who shares it."""
        found = {"pss": 0, "rss": 0}
        for pid in self.processes():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name.lower() in found:
                    found[name.lower()] += int(rest.split()[0]) * 1024
        return found


@contextmanager
def server_of(asked: argparse.Namespace) -> Iterator[Server]:
    if asked.url:
        yield Server(asked.url.rstrip("/"), asked.pid)
        return
    with started(asked.store, asked.workers, asked.port) as (server, _):
        yield server


@contextmanager
def started(store: str, workers: int = 1, port: int = 0) -> Iterator[tuple[Server, float]]:
    """A server of our own and the seconds until it gave its first answer, a list of similar products."""
    began = time.monotonic()
    with ShopServer(store, "--port", str(port), "--workers", str(workers)) as shop:
        server = Server(shop.url, shop.process.pid)
        product = json.loads(server.get("/v1/products?k=1"))["products"][0]["id"]
        server.get(f"/v1/products/{quote(product, safe='')}/similar")
        yield server, time.monotonic() - began


def forget_files() -> None:
    """Have the kernel read every file from the disk again, as after a boot. Needs to be root."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError as error:
        raise SystemExit(
            f"--cold: the kernel does not forget files ({error.strerror}): run as root, or without"
        ) from error


# -- what is measured --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Bench:
    """One server, and what it is asked."""

    server: Server
    pictures: list[Path]
    seed: int
    outcomes: list[Outcome] = field(default_factory=list)
    _streams: dict[str, Iterator[bytes]] = field(default_factory=dict)

    def stream(self, kind: str) -> Iterator[bytes]:
        if kind not in self._streams:
            host = self.server.host
            if kind == "picture":
                self._streams[kind] = picture_requests(host, self.pictures, self.seed)
            else:
                of = similar_requests if kind == "similar" else varied_requests
                self._streams[kind] = of(host, self.server.ids(), self.seed)
        return self._streams[kind]

    def at(self, rates: dict[str, float], seconds: float) -> list[Outcome]:
        """These kinds of requests together, each at its rate."""
        streams = [self.stream(kind) for kind in rates]
        kept, server_s, client_s = self.server.kept(), self.server.seconds(), time.process_time()
        answers = asyncio.run(_fire(self.server.address, streams, list(rates.values()), seconds, self.seed))
        client_s, server_s = time.process_time() - client_s, self.server.seconds() - server_s
        yes, no = (now - then for now, then in zip(self.server.kept(), kept, strict=True))
        count = max(1, sum(map(len, answers)))
        found = []
        for (kind, rate), some in zip(rates.items(), answers, strict=True):
            one = asdict(outcome(kind, rate, seconds, some))
            one |= {"from_cache": yes / max(1.0, yes + no), "client_ms": 1000 * client_s / count}
            one |= {"server_ms": 1000 * server_s / count if self.server.pid else float("nan")}
            found.append(Outcome(**one))
            print("| " + " | ".join(row(found[-1])) + " |", file=sys.stderr, flush=True)
        self.outcomes += found
        return found


def capacity(bench: Bench, kinds: Sequence[str], seconds: float) -> dict[str, float]:
    """For each kind by itself the highest rate at which p99 holds, nothing is refused and nothing fails."""
    best = {}
    for kind in kinds:
        bench.at({kind: _WANTED_PER_S[kind] / 2}, seconds / 2)  # warm
        low, high, rate = 0.0, float("inf"), _WANTED_PER_S[kind]
        narrowed = 0
        while narrowed <= _FINER:
            if bench.at({kind: rate}, seconds)[0].holds:
                low = rate
            else:
                high = rate
            narrowed += high < float("inf")
            rate = low * 1.25 if high == float("inf") else (low + high) / 2
            if rate < 1:
                break
        best[kind] = low
    return best


def steady(bench: Bench, rates: dict[str, float], seconds: float, pieces: int = 10) -> tuple[bool, list[int]]:
    """The same rates for a long time; whether memory stayed within 5 % of what it was after the first piece."""
    memory = []
    for _ in range(pieces):
        bench.at(rates, seconds / pieces)
        memory.append(bench.server.memory()["pss"])
    return max(memory[1:]) <= 1.05 * memory[0], memory


def main() -> None:
    asked = _arguments()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    print(heading(), file=sys.stderr)
    said: dict[str, object] = {}
    if asked.what == "start":
        times = []
        for _ in range(asked.times):
            if asked.cold:
                forget_files()
            with started(asked.store, asked.workers, asked.port) as (_, took_s):
                times.append(round(took_s, 2))
        print(f"start to first answer: {times} s, most {max(times)} s: {verdict(max(times) < 3)}")
        said = {"start_s": times}
    else:
        with server_of(asked) as server:
            bench = Bench(server, _pictures(asked.pictures), asked.seed)
            if asked.settled:
                print(f"settled after {bench.server.settle():.0f} s", file=sys.stderr)
            said = _measured(bench, asked)
            print(table(HEAD, [row(one) for one in bench.outcomes]))
            said["outcomes"] = [asdict(one) for one in bench.outcomes]
    if asked.json:
        Path(asked.json).write_text(json.dumps(said, indent=1), "utf-8")


def _measured(bench: Bench, asked: argparse.Namespace) -> dict[str, object]:
    kinds = [kind for kind in _WANTED_PER_S if kind != "picture" or bench.pictures]
    rates = dict(asked.rate) or {kind: _WANTED_PER_S[kind] for kind in kinds}
    if asked.what == "capacity":
        best = capacity(
            bench, [kind for kind in kinds if not asked.rate or kind in rates], asked.seconds or _STEP_S
        )
        for kind, rate in best.items():
            wanted = _WANTED_PER_S[kind]
            print(f"{kind}: {rate:.0f} a second, {wanted:.0f} wanted: {verdict(rate >= wanted)}")
        return {"capacity_per_s": best}
    if asked.what == "steady":
        flat, memory = steady(bench, rates, asked.seconds or 600.0)
        fine = all(not one.failed and not one.refused for one in bench.outcomes)
        print(
            f"memory (Pss, MB): {[round(one / 1e6) for one in memory]}: {verdict(flat)}; no error: {verdict(fine)}"
        )
        return {"pss": memory}
    if asked.what == "overload":
        for kind, rate in rates.items():
            calm = bench.at({kind: rate}, asked.seconds or _STEP_S)[0]
            over = bench.at({kind: 3 * rate}, asked.seconds or _STEP_S)[0]
            within = over.p99_ms <= 2 * calm.p99_ms and over.p50_ms <= 2 * calm.p50_ms
            print(
                f"{kind} at {3 * rate:.0f}/s: {over.refused} refused, {over.failed} failed: "
                f"{verdict(not over.failed)}; "
                f"p50 {calm.p50_ms} -> {over.p50_ms} ms, p99 {calm.p99_ms} -> {over.p99_ms} ms: {verdict(within)}"
            )
        return {}
    memory = {"started": bench.server.memory()}
    for kind in kinds:
        bench.at({kind: _WANTED_PER_S[kind] / 2}, asked.seconds or _STEP_S)
        memory[f"{kind}, at once"] = bench.server.memory()
        time.sleep(_REST_S)
        memory[f"{kind}, {_REST_S:g} s later"] = bench.server.memory()
    if bench.pictures:
        for request in (picture_requests(bench.server.host, bench.pictures, 1),):
            look = next(request).replace(b"POST /v1/search", b"POST /v1/look", 1)
            asyncio.run(_fire(bench.server.address, [iter([look])], [1.0], 1.0, 0))
        memory["look, at once"] = bench.server.memory()
        time.sleep(_REST_S)
        memory[f"look, {_REST_S:g} s later"] = bench.server.memory()
    for name, found in memory.items():
        print(f"after {name}: Pss {found['pss'] / 1e6:.0f} MB, Rss {found['rss'] / 1e6:.0f} MB")
    return {"memory": memory}


def _pictures(folder: str) -> list[Path]:
    return sorted(path for path in Path(folder).rglob("*.jp*g")) if folder else []


def _rate(text: str) -> tuple[str, float]:
    kind, _, number = text.partition("=")
    if kind not in _WANTED_PER_S:
        raise argparse.ArgumentTypeError(f"{kind!r} is not asked: use {' or '.join(_WANTED_PER_S)}")
    return kind, float(number)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("capacity", "steady", "overload", "start", "memory"))
    parser.add_argument("--store", help="starts a server for it")
    parser.add_argument("--url", default="", help="of a server that runs")
    parser.add_argument("--pid", type=int, default=0, help="of that server, for its processor time and memory")
    parser.add_argument("--port", type=int, default=0, help="of the server that is started")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--pictures", default="", help="a folder of JPEGs to upload")
    parser.add_argument("--rate", type=_rate, action="append", default=[], help="similar=150, picture=25")
    parser.add_argument("--seconds", type=float, default=0.0, help="of each step; of the whole for steady")
    parser.add_argument(
        "--settled", action="store_true", help="first wait until the server has prepared what it prepares"
    )
    parser.add_argument("--times", type=int, default=5, help="that the server is started")
    parser.add_argument("--cold", action="store_true", help="each start with nothing of the disk in memory")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="of what is asked, and when")
    parser.add_argument("--json", default="", help="where to write the figures")
    asked = parser.parse_args()
    if not asked.store and not asked.url:
        parser.error("give --store or --url")
    if not shutil.which("taskset") and not hasattr(os, "sched_setaffinity"):
        parser.error("this needs Linux")
    return asked


if __name__ == "__main__":
    main()
