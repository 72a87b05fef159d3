"""A served shop that is asked nonsense, killed, and written to while others read: what must hold all the same.

    python benchmarks/serving_faults.py cases --schemathesis PATH [--examples 100]
    python benchmarks/serving_faults.py kills [--rounds 20] [--seed 0]
    python benchmarks/serving_faults.py writes [--seconds 60] [--per-second 100] [--workers 2] [--readers 4]

cases     schemathesis (`pip install schemathesis`, in an environment of its own) against a small shop with a
          write key: requests made from the OpenAPI document, right ones and wrong ones; no 5xx, no status, type,
          header or body that the document does not tell, nothing wrong accepted. What a shop's own columns and
          rules refuse is in no document, so that right ones may be refused; and the map is drawn before, since
          until then it is 202.
kills     changes of products and rules, the server killed with SIGKILL at a random moment, started again: what it
          acknowledged is there, what was under way is there whole or not at all, and it goes on
writes    batches of 20 products at a steady rate, half of them with new words and pictures, half with new prices,
          while others read all the time: no error, no product that is half one change and half another, and each
          acknowledged change seen by every worker within a second
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from machine import heading
from tables import table, verdict

from lookalike.serve.keys import new_key
from lookalike.testing.serving import (
    IDS,
    Change,
    Line,
    ShopServer,
    Shown,
    killed_serving,
    make_store,
    picture,
    state_of,
)
from lookalike.testing.web import PictureHost

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,"
    "allow_header_conformance,use_after_free,ensure_resource_availability,ignored_auth"
)
BATCH = 20
SEEN_S = 1.0
MAP_S = 300.0  # that the map of the small shop is given to be drawn


def cases(folder: Path, options: argparse.Namespace) -> bool:
    store, keys = make_store(folder), folder / "keys.toml"
    key = new_key(keys, role="write", name="cases")
    with ShopServer(store, "--keys", str(keys), "--time-limit", "60") as server:
        until = time.monotonic() + MAP_S
        with Line(server.url) as line:
            while line.send("GET", "/v1/map", None, {"X-API-Key": key})[0] == 202 and time.monotonic() < until:
                time.sleep(1)
        command = [
            options.schemathesis, "run", f"{server.url}/openapi.json", "-H", f"X-API-Key: {key}",
            "--phases", "examples,coverage,fuzzing", "--checks", CHECKS, "--max-examples", str(options.examples),
            "--seed", str(options.seed), "--continue-on-failure", "--request-timeout", "120", "--no-color",
            "--suppress-health-check", "all",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=folder, check=False)
        with Line(server.url) as line:  # another: a server closes one that was silent for long
            lives = line.ask("GET", "/healthz")[0] == 200
    return done.returncode == 0 and lives


def kills(folder: Path, options: argparse.Namespace) -> bool:
    store, wrong, acknowledged = make_store(folder), [], 0
    for at in range(options.rounds):
        found = killed_serving(store, seed=options.seed + at)
        acknowledged += found.acknowledged
        wrong += [f"seed {options.seed + at}: {found.wrong}"] if found.wrong else []
        words = found.wrong or "all there"
        say(f"{at + 1} of {options.rounds}: killed after {found.acknowledged} changes; {words}")
    row = [str(options.rounds), str(acknowledged), str(options.rounds - len(wrong)), verdict(not wrong)]
    print("\n" + table(["kills", "changes acknowledged", "as it should be", ""], [row]))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return not wrong


@dataclass(slots=True)
class Seen:
    """What readers and writer have met with. Shared by threads, of which each only adds."""

    reads: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


def writes(folder: Path, options: argparse.Namespace) -> bool:
    store, seen = make_store(folder), Seen()
    serving = ("--open-writes", "--allow-host", "127.0.0.1", "--workers", str(options.workers))
    with PictureHost(picture) as host, ShopServer(store, *serving) as server:
        lines = one_for_each_worker(server.url, options.workers)
        readers = [
            threading.Thread(target=read, args=(server.url, seen, options.seed + n), daemon=True)
            for n in range(options.readers)
        ]
        for reader in readers:
            reader.start()
        took, delays, late = write(lines, host.url, seen, options)
        seen.ended.set()
        for reader in readers:
            reader.join()
        state = state_of(lines[0])
        whole = all(shown.is_whole for shown in state.products.values())
        for line in lines:
            line.__exit__()
    slowest = max(delays)
    rate = BATCH * len(took) / options.seconds
    rows = [
        ["products written a second", f"{rate:.0f}", verdict(rate >= 0.95 * options.per_second)],
        ["batches acknowledged", f"{len(took)}, {late} begun late", ""],
        ["a batch took, p50 and p99", " ".join(f"{1000 * np.percentile(took, p):.0f} ms" for p in (50, 99)), ""],
        ["reads meanwhile", ", ".join(f"{n} {kind}" for kind, n in sorted(seen.reads.items())), ""],
        ["errors and half products", str(len(seen.wrong)), verdict(not seen.wrong and whole)],
        [f"seen by all {options.workers} workers, slowest", f"{1000 * slowest:.0f} ms", verdict(slowest < SEEN_S)],
    ]
    print("\n" + table(["", "", ""], rows))
    print(*seen.wrong[:10], sep="\n", end="\n" if seen.wrong else "")
    return not seen.wrong and whole and slowest < SEEN_S


def one_for_each_worker(url: str, workers: int) -> list[Line]:
    """A connection to each worker; the system deals them out as it likes."""
    found: dict[int, Line] = {}
    until = time.monotonic() + 120
    while len(found) < workers:
        if time.monotonic() > until:
            raise SystemExit(f"only {len(found)} of {workers} workers answer")
        lines = [Line(url) for _ in range(4 * workers)]
        for line in lines:
            found.setdefault(line.worker(), line)
        for line in lines:
            if line not in found.values():
                line.__exit__()
    return list(found.values())


def write(
    lines: list[Line], pictures: str, seen: Seen, options: argparse.Namespace
) -> tuple[list[float], list[float], int]:
    """Seconds that each batch took, seconds till all workers showed it, and how many were begun late."""
    took, delays, late = [], [], 0
    random = np.random.default_rng(options.seed)
    state = state_of(lines[0])
    pause, began = BATCH / options.per_second, time.monotonic()
    for number in range(1, int(options.seconds / pause) + 1):
        ids = tuple(map(str, random.choice(IDS, size=BATCH, replace=False)))
        change = Change(number, "put", ids, pictures)
        wait = began + number * pause - time.monotonic()
        if time.monotonic() - began > options.seconds:
            break
        time.sleep(max(0.0, wait))
        late += wait < 0
        asked = time.monotonic()
        status = change.send(lines[number % len(lines)], state)
        acknowledged = time.monotonic()
        took.append(acknowledged - asked)
        if status != 200:
            seen.wrong.append(f"batch {number} was answered {status}")
            continue
        state = change.after(state)
        for line in lines:
            while (found := line.ask("GET", f"/v1/products/{ids[0]}"))[0] != 200 or found[1]["price"] != number:
                if found[0] != 200:
                    seen.wrong.append(f"a product of batch {number} was answered {found}")
                if time.monotonic() > acknowledged + 10 * SEEN_S:
                    seen.wrong.append(f"batch {number} is not shown: {found}")
                    break
                time.sleep(0.001)
        delays.append(time.monotonic() - acknowledged)
    now = state_of(lines[-1])
    if now != state:
        seen.wrong.append("at the end the shop does not hold what was written")
    return took, delays, late


def read(url: str, seen: Seen, seed: int) -> None:
    """Ask one thing after the other, and look whether each product is whole."""
    random = np.random.default_rng(1000 + seed)

    def product(line: Line) -> tuple[int, Any]:
        return line.ask("GET", f"/v1/products/{random.choice(IDS)}")

    def products(line: Line) -> tuple[int, Any]:
        return line.ask("GET", "/v1/products?k=200")

    def similar(line: Line) -> tuple[int, Any]:
        return line.ask("GET", f"/v1/products/{random.choice(IDS)}/similar?k=10")

    def search(line: Line) -> tuple[int, Any]:
        return line.ask("POST", "/v1/search", {"text": "change 7", "k": 10, "at_least": 0})

    asks: list[Callable[[Line], tuple[int, Any]]] = [product, products, similar, search]
    with Line(url) as line:
        while not seen.ended.is_set():
            ask = asks[random.integers(len(asks))]
            try:
                status, answer = ask(line)
            except OSError as error:
                seen.wrong.append(f"{ask.__name__}: {error!r}")
                continue
            seen.reads[ask.__name__ if status == 200 else f"{ask.__name__} {status}"] += 1
            if status == 200:
                found = next((answer[many] for many in ("products", "matches") if many in answer), [answer])
                halves = [shown for shown in map(Shown.of, found) if not shown.is_whole]
                seen.wrong += [f"{ask.__name__}: half a product: {shown}" for shown in halves]
            else:
                seen.wrong.append(f"{ask.__name__} was answered {status}: {answer}")
            time.sleep(0.02)


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parts = parser.add_subparsers(required=True)
    for run in (cases, kills, writes):
        parts.add_parser(run.__name__).set_defaults(run=run)
    parts.choices["cases"].add_argument("--schemathesis", default="schemathesis", help="the program (%(default)s)")
    parts.choices["cases"].add_argument("--examples", type=int, default=100, help="of an operation (%(default)s)")
    parts.choices["kills"].add_argument("--rounds", type=int, default=20)
    parts.choices["writes"].add_argument("--seconds", type=float, default=60)
    parts.choices["writes"].add_argument("--per-second", type=float, default=100, help="products (%(default)s)")
    parts.choices["writes"].add_argument("--workers", type=int, default=2)
    parts.choices["writes"].add_argument("--readers", type=int, default=4)
    options = parser.parse_args()
    print(heading(), flush=True)
    with tempfile.TemporaryDirectory(prefix="lookalike-faults-") as folder:
        sys.exit(not options.run(Path(folder), options))


if __name__ == "__main__":
    main()
