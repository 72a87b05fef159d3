"""What bad hosts cost: 2,000 pictures from eight hosts on this machine, four of which misbehave.

    python benchmarks/fetching.py [--pictures 2000] [--recipe light|default] [--work FOLDER]

good half    the pictures of the four good hosts alone, into a new store
all good     the whole catalogue, while all eight hosts are good
four bad     the same: one host hangs, one is slow (0.5 s before each answer), one answers 503 to every third
             request, one sends garbage; when were the last of the good hosts' products committed?
again        the same once more: what is asked for, and what is sent?
fetch alone  the good hosts' pictures, 50 ms away, through the fetcher and through threads of a plain client
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catalogues
import httpx2
import numpy as np
from catalogues import say
from machine import heading
from PIL import Image
from tables import table, verdict

from lookalike.indexing import job
from lookalike.indexing.job import Encoded, Report, Shard
from lookalike.media.caching import PictureCache
from lookalike.media.fetching import Fetcher
from lookalike.recipe import Recipe
from lookalike.testing.web import PictureHost

HOSTS = {
    **{f"good-{n}": "good" for n in range(4)},
    "hanging": "hanging",
    "slow": "slow",
    "stumbling": "stumbling",
    "garbage": "garbage",
}
RATIO = 1.25  # at most, of times and of paces that bad hosts are to leave alone
AWAY_S = 0.05


def pictures() -> Callable[[str], bytes]:
    """A JPEG of some 50 kB for every path, no two alike."""
    bases = []
    for seed in range(48):
        blocks = np.random.default_rng(seed).integers(0, 255, (40, 30, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(blocks).resize((600, 800), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=92)
        bases.append(buffer.getvalue())

    def picture(path: str) -> bytes:
        base, remark = bases[sum(path.encode()) % len(bases)], path.encode()
        return base[:2] + b"\xff\xfe" + (len(remark) + 2).to_bytes(2, "big") + remark + base[2:]

    return picture


def serve() -> None:
    """In a process of its own: the hosts. Each line read tells their counts, and forgets them."""
    with ExitStack() as stack:
        picture = pictures()
        hosts = {
            name: stack.enter_context(PictureHost(picture, manner=manner))  # type: ignore[arg-type]
            for name, manner in HOSTS.items()
        }
        near = {name: host for name, host in hosts.items() if name.startswith("good")}
        away = {
            f"away-{name}": stack.enter_context(PictureHost(picture, manner="slow", delay_s=AWAY_S))
            for name in near
        }
        spare = {f"spare-{n}": stack.enter_context(PictureHost(picture)) for n in range(len(HOSTS) - len(near))}
        hosts |= away | spare
        print(json.dumps({name: host.url for name, host in hosts.items()}), flush=True)
        for _ in sys.stdin:
            told = {n: {"statuses": dict(h.statuses), "bytes": h.bytes_sent} for n, h in hosts.items()}
            for host in hosts.values():
                host.statuses.clear()
                host.bytes_sent = 0
            print(json.dumps(told), flush=True)


@dataclass(frozen=True)
class Servers:
    urls: dict[str, str]
    process: subprocess.Popen[str]

    def counts(self) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))


@contextmanager
def servers() -> Iterator[Servers]:
    command = [sys.executable, str(Path(__file__).resolve()), "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Servers(json.loads(process.stdout.readline()), process)
        process.kill()


@dataclass(frozen=True)
class Run:
    report: Report
    seconds: float
    good_s: float  # until the last of the good hosts' products was committed
    counts: dict[str, Any]

    @property
    def pace(self) -> float:
        """Pictures embedded a second; those that come when the good ones are in are not counted as slow."""
        return self.report.embedded / self.good_s

    def row(self, name: str) -> list[str]:
        statuses: dict[str, int] = {}
        for host in self.counts.values():
            for status, count in host["statuses"].items():
                statuses[status] = statuses.get(status, 0) + count
        answers = ", ".join(f"{count:,} x {status}" for status, count in sorted(statuses.items()))
        sent = sum(host["bytes"] for host in self.counts.values())
        r = self.report
        cells = [f"{r.added:,}", f"{r.unchanged:,}", f"{r.embedded:,}", f"{r.rejected + r.skipped_pictures:,}"]
        return [name, f"{self.good_s:.1f} s", f"{self.seconds:.1f} s", *cells, answers, f"{sent / 1e6:.1f} MB"]


def index(work: Path, name: str, rows: list[tuple[str, str]], recipe: Recipe | None, hosts: Servers) -> Run:
    source = work / f"{name}.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "image"])
        writer.writerows((i, f"thing {i}", url) for i, url in rows)
    good = [0.0]

    def watched(function: Callable[[Shard], Encoded], shards: Iterable[Shard], /) -> Iterator[Encoded]:
        for shard in shards:
            yield function(shard)  # and when this goes on, it is committed
            if any(line.product.id.startswith("good") for line in shard):
                good[0] = time.monotonic() - started

    fetcher = Fetcher(allow_hosts=["127.0.0.1"], cache=PictureCache(work / "cache"))
    hosts.counts()
    started = time.monotonic()
    report = job.index(source, work / f"{name}.store", recipe=recipe, fetcher=fetcher, engine=watched)
    seconds = time.monotonic() - started
    fetcher.close()
    return Run(report, seconds, good[0], hosts.counts())


def fetch_alone(urls: list[str]) -> list[list[str]]:
    """The fetcher beside threads of a plain client: four, as pictures were read by, and as many as its places."""
    rows = []
    fetcher = Fetcher(allow_hosts=["127.0.0.1"])
    began, cpu = time.monotonic(), time.process_time()
    for future in [fetcher.submit(url) for url in urls]:
        fetcher.release(future.result())
    rows.append(_pace("the fetcher, 6 at once from a host", len(urls), began, cpu))
    fetcher.close()
    for threads in (4, 24):
        with httpx2.Client() as client, ThreadPoolExecutor(threads) as pool:
            began, cpu = time.monotonic(), time.process_time()
            for _ in pool.map(lambda url: client.get(url).content, urls):
                pass
            rows.append(_pace(f"{threads} threads of httpx2.Client", len(urls), began, cpu))
    return rows


def _pace(name: str, count: int, began: float, cpu: float) -> list[str]:
    seconds, spent = time.monotonic() - began, time.process_time() - cpu
    return [name, f"{count / seconds:,.0f} a second", f"{spent / count * 1000:.2f} ms"]


def measure(options: argparse.Namespace, work: Path) -> None:
    for old in ("half.store", "good.store", "bad.store", "cache"):
        shutil.rmtree(work / old, ignore_errors=True)
    recipe = Recipe(image="gradients", text="hashed-words") if options.recipe == "light" else None
    each = options.pictures // len(HOSTS)
    with servers() as hosts:
        rows = [(f"{name}-{n}", f"{hosts.urls[name]}/{name}/{n}.jpg") for n in range(each) for name in HOSTS]
        half = [(i, url.replace("/good", "/half/good")) for i, url in rows if i.startswith("good")]
        stand_in = dict(zip([n for n in HOSTS if n[:4] != "good"], [f"spare-{n}" for n in range(4)], strict=True))
        good = [
            (i, f"{hosts.urls[stand_in.get(name, name)]}/well/{name}/{n}.jpg")
            for i, _ in rows
            for name, _, n in [i.rpartition("-")]
        ]
        say("good half")
        alone = index(work, "half", half, recipe, hosts)
        say("all good")
        well = index(work, "good", good, recipe, hosts)
        say("four bad")
        mixed = index(work, "bad", rows, recipe, hosts)
        say("again")
        again = index(work, "bad", rows, recipe, hosts)
        say("fetch alone")
        away = [
            f"{hosts.urls[f'away-{name}']}/{n}.jpg" for n in range(each) for name in HOSTS if name[:4] == "good"
        ]
        pace = fetch_alone(away)
    ratio, slower = mixed.good_s / well.good_s, alone.pace / mixed.pace
    fine = {name for name in HOSTS if name not in ("hanging", "garbage")}
    complete = (
        mixed.report.added >= each * len(fine) - each // 20
    )  # a third 503 in a row may cost the stumbling host
    head = ["", "good ones in", "all in", "added", "unchanged", "embedded", "left out", "answers", "sent"]
    shown = [alone.row("good half"), well.row("all good"), mixed.row("four bad"), again.row("again")]
    print(
        f"\n## lookalike index, {len(rows):,} pictures at URLs, recipe {options.recipe}\n\n" + table(head, shown)
    )
    name_of = {url.removeprefix("http://"): name for name, url in hosts.urls.items()}
    failed = {name_of[host]: sum(counted.values()) for host, counted in mixed.report.hosts.items()}
    unchanged_sent = {  # what the first run has got, and the second was sent again
        name: max(0, count["statuses"].get("200", 0) - (failed.get(name, 0) if name == "stumbling" else 0))
        for name, count in again.counts.items()
    }
    holds = [
        [f"the good ones' time, four bad to all good: {ratio:.2f}", f"at most {RATIO}", verdict(ratio <= RATIO)],
        [f"the pace, good half to four bad: {slower:.2f}", f"at most {RATIO}", verdict(slower <= RATIO)],
        ["good, slow and stumbling hosts: pictures missing", f"{each // 50} at most", verdict(complete)],
        ["the second run: unchanged pictures sent", "0", verdict(not sum(unchanged_sent.values()))],
        [
            "the second run: pictures embedded that were there",
            "0",
            verdict(again.report.embedded <= failed.get("stumbling", 0)),
        ],
    ]
    print("\n" + table(["", "wanted", ""], holds))
    reasons = [
        [run, name_of[host], why, f"{count:,}"]
        for run, report in (("four bad", mixed.report), ("again", again.report))
        for host, counted in report.hosts.items()
        for why, count in counted.items()
    ]
    print("\n## What the reports say\n\n" + table(["run", "host", "why", "pictures"], reasons))
    print(f"\n## Fetching alone, {len(away):,} pictures, {AWAY_S * 1000:.0f} ms away\n")
    print(table(["", "pace", "processor time a picture"], pace))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--recipe", choices=["light", "default"], default="light")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    print(heading())
    with catalogues.work_folder(options.work) as work:
        measure(options, work)


if __name__ == "__main__":
    main()
