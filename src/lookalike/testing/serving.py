"""A served shop in a process of its own, for tests that ask it, wear it out and kill it.

    with ShopServer(store, "--open-writes") as server, Line(server.url) as line:
        status, product = line.ask("GET", "/v1/products/P01")

`killed_serving` kills one at a random moment of a run of changes, and says whether what it had acknowledged is
there when it is started again, and nothing else. A change hangs on its number alone, so that whoever looks on can
tell a product that is half of one and half of another.
"""

from __future__ import annotations

import http.client
import io
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from lookalike.indexing.job import index
from lookalike.recipe import Recipe
from lookalike.store.lance import LanceStore
from lookalike.testing.web import PictureHost

TOLD_BY = "# told by process "  # how figures begin, and then the number of who was asked
IDS = tuple(f"P{n:02}" for n in range(40))  # of all products that there ever are
BATCH = 5  # products that a change puts
_PICTURES = 8
_START_S = 300.0  # that a server is given to answer
_STOP_S = 60.0  # that it is given to finish once it is told to stop
_OUTLIVE_S = 15.0  # that its children are given to see that it is gone: one may just have been started
_LIGHT = Recipe(image="gradients", text="hashed-words")  # models that need no weights


class ShopServer:
    """`lookalike serve` over a store, while the `with` block lasts. options: of the command."""

    def __init__(self, store: Path | str, *options: str) -> None:
        self._command = [
            sys.executable,
            "-m",
            "lookalike",
            "serve",
            "--store",
            str(store),
            "--port",
            "0",
            *options,
        ]
        self.log = ""  # of the last process, once it has ended

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        ready, self._log = Path(self._folder.name, "ready"), Path(self._folder.name, "log")
        with self._log.open("w") as log:
            command = [*self._command, "--ready-file", str(ready)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command
        until = time.monotonic() + _START_S
        while not (ready.is_file() and ready.read_text().endswith("\n")):
            if self.process.poll() is not None or time.monotonic() > until:
                self.end(signal.SIGKILL)
                raise AssertionError(f"the server did not start: {self.log[-2000:]}")
            time.sleep(0.005)
        self.url = ready.read_text().strip()
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGTERM)

    def end(self, how: signal.Signals) -> None:
        """Once is enough; further times do nothing."""
        late = False
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                late = True
                self.process.kill()
                self.process.wait()
        if self._log.is_file():
            self.log = self._log.read_text("utf-8")
            self._folder.cleanup()
        if late:
            raise AssertionError(f"the server did not stop within {_STOP_S:g} s: {self.log[-2000:]}")

    def processes(self) -> list[int]:
        """The server, its workers and what they have started, by their numbers."""
        return list(with_children(self.process.pid))

    def resident_bytes(self) -> int:
        """Memory of all of them that is theirs alone."""
        return sum(map(_private_bytes, self.processes()))


class Line:
    """One connection to a server, kept open: every question on it goes to the same worker. For one thread."""

    def __init__(self, url: str, *, timeout_s: float = 60.0) -> None:
        self._http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer; the answer is None where it has no JSON. Raises `OSError` where nobody answers."""
        sent = None if body is None else json.dumps(body)
        return self.send(method, path, sent, {"Content-Type": "application/json"} if sent else {})

    def send(
        self, method: str, path: str, body: str | bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        try:
            self._http.request(method, path, body, dict(headers))
            answer = self._http.getresponse()
            text = answer.read()
        except http.client.HTTPException as error:
            self._http.close()
            raise ConnectionError(f"{method} {path[:200]}: {error!r}") from error
        except OSError:
            self._http.close()
            raise
        return answer.status, json.loads(text) if "json" in answer.headers.get("Content-Type", "") else None

    def worker(self) -> int:
        """The number of the process at the other end."""
        return int(self.figures().partition(TOLD_BY)[2].split()[0])

    def figures(self) -> str:
        """What the server tells Prometheus."""
        self._http.request("GET", "/metrics")
        return self._http.getresponse().read().decode()


# -- changes that can be told apart ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a product tells which changes made it: words and picture are of one, price and stamp of one."""

    title: str
    image: str
    price: float
    stamp: int

    @classmethod
    def of(cls, product: Mapping[str, Any]) -> Shown:
        """As the API shows it."""
        pictures = product["images"] if "images" in product else [product["image"]]
        return cls(product["title"], pictures[0], product["price"], product["attributes"]["stamp"])

    @property
    def is_whole(self) -> bool:
        number = self.title.removeprefix("change ")
        pictured = not self.image.startswith("http") or self.image.endswith(f"/{number}.png")
        return pictured and self.price == self.stamp


@dataclass(frozen=True, slots=True)
class State:
    """All that a shop holds, and the name of its one rule."""

    products: Mapping[str, Shown]
    rule: str


Kind: TypeAlias = Literal["put", "patch", "delete", "rules"]


@dataclass(frozen=True, slots=True)
class Change:
    """One request that changes a shop, told by its number."""

    number: int
    kind: Kind
    ids: tuple[str, ...]
    pictures: str  # the address of a `PictureHost`

    def after(self, state: State) -> State:
        products = dict(state.products)
        if self.kind == "rules":
            return State(products, f"change {self.number}")
        for at, i in enumerate(self.ids):
            if self.kind == "delete":
                products.pop(i, None)
            elif self.kind == "put" or i in products:
                products[i] = self._shown(at, products.get(i))
        return State(products, state.rule)

    def send(self, line: Line, state: State) -> int:
        """The status of the answer. state: before it."""
        number, path = self.number, f"/v1/products/{self.ids[0]}"
        if self.kind == "rules":
            rule = {"name": f"change {number}", "boost": 1.5, "where": "price<0"}
            return line.ask("PUT", "/v1/rules", {"rules": [rule]})[0]
        if self.kind == "delete":
            return line.ask("DELETE", path)[0]
        if self.kind == "patch":
            return line.ask("PATCH", path, {"price": number, "stamp": number})[0]
        rows = [{"id": i, **self._row(self._shown(at, state.products.get(i)))} for at, i in enumerate(self.ids)]
        status, answer = line.ask("PUT", "/v1/products", {"products": rows})
        if status == 200 and (wrong := [one for one in answer["results"] if one["status"] != "stored"]):
            raise AssertionError(f"change {number} was not stored: {wrong[0]}")
        return status

    def _row(self, shown: Shown) -> dict[str, Any]:
        return {"title": shown.title, "image": shown.image, "price": shown.price, "stamp": shown.stamp}

    def _shown(self, at: int, before: Shown | None) -> Shown:
        """Of a batch every other product that is there keeps its words and its picture."""
        facts_only = self.kind == "patch" or at % 2 == 1
        if facts_only and before is not None and (self.kind == "patch" or before.image.startswith("http")):
            return Shown(before.title, before.image, float(self.number), self.number)
        picture = f"{self.pictures}/{self.number % _PICTURES}/{self.number}.png"
        return Shown(f"change {self.number}", picture, float(self.number), self.number)


def changes(seed: int, *, pictures: str, first: int = 1) -> Iterator[Change]:
    """Changes without end, of whole products for the most part."""
    random = np.random.default_rng(seed)
    kinds: Sequence[Kind] = ("put", "patch", "delete", "rules")
    while True:
        kind = kinds[random.choice(len(kinds), p=[0.6, 0.2, 0.1, 0.1])]
        ids = random.choice(IDS, size=BATCH if kind == "put" else 1, replace=False)
        yield Change(first, kind, tuple(map(str, ids)), pictures)
        first += 1


def picture(path: str) -> bytes | None:
    """What a `PictureHost` shows at the address of a change: one of a few pictures, drawn by arithmetic."""
    number = int(path.split("/")[1])
    y, x = np.mgrid[0:1:64j, 0:1:48j]
    pixels = np.full((64, 48, 3), 255, np.uint8)
    pixels[(abs(x - 0.5) < 0.1 + 0.04 * number) & (y > 0.2)] = (30 * number, 200 - 20 * number, 90)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def make_store(folder: Path) -> Path:
    """A store with every product once, of change 0."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "0.png").write_bytes(picture("/0/0.png") or b"")
    rows = [{"id": i, "title": "change 0", "image": "0.png", "price": 0, "stamp": 0} for i in IDS]
    (folder / "shop.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    index(folder / "shop.jsonl", folder / "store", recipe=_LIGHT)
    return folder / "store"


def state_of(line: Line) -> State:
    """All that a served shop shows."""
    status, answer = line.ask("GET", "/v1/products?k=200")
    if status != 200:
        raise AssertionError(f"the shop cannot be read: {answer}")
    rules = line.ask("GET", "/v1/rules")[1]["rules"]
    found = {product["id"]: Shown.of(product) for product in answer["products"]}
    return State(found, rules[0]["name"] if rules else "")


# -- killed at a random moment -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Killed:
    """One round. wrong: what did not hold, or nothing."""

    acknowledged: int
    wrong: str


def killed_serving(store: Path, *, seed: int, most: int = 20) -> Killed:
    """Change a served shop till it is killed at a random moment, start it again, and look.

    most: changes that are acknowledged before.
    """
    with PictureHost(picture) as host:
        options = ("--open-writes", "--allow-host", "127.0.0.1")
        with ShopServer(store, *options) as server:
            done, expected, children = _change_till_killed(server, host.url, seed, most)
        if faults := LanceStore.open(str(store)).check():
            return Killed(done, "; ".join(faults))
        with ShopServer(store, *options) as server, Line(server.url) as line:
            now = state_of(line)
            if now not in expected:
                return Killed(done, _difference(now, expected[0]))
            again = next(changes(seed + 1, pictures=host.url, first=_first(now)))
            if again.send(line, now) >= 500 or state_of(line) != again.after(now):
                return Killed(done, "the shop takes no changes after it was started again")
    left = _outliving(children)
    return Killed(done, f"processes {left} outlived the server" if left else "")


def _change_till_killed(
    server: ShopServer, pictures: str, seed: int, most: int
) -> tuple[int, list[State], list[int]]:
    """How many changes were acknowledged, the states that there may be now, and the processes of the server."""
    processes: list[int] = []
    random = np.random.default_rng(seed)
    last = random.integers(1, most + 1)  # the change before which, or in which, or after which it is killed

    def kill() -> None:
        try:
            processes.extend(server.processes())
        finally:
            server.process.kill()

    with Line(server.url) as line:
        state, done, began = state_of(line), 0, time.monotonic()
        for change in changes(seed, pictures=pictures, first=_first(state)):
            after = change.after(state)
            if time.monotonic() - began > _START_S:
                raise AssertionError(f"the server lives on, {done} changes after it was to be killed at {last}")
            if done == last:
                watch = threading.Timer(random.random() * 1.5 * (time.monotonic() - began) / done, kill)
                watch.start()
            try:
                status = change.send(line, state)
            except (OSError, ValueError):  # ValueError: an answer that was cut off
                break
            if status not in (200, 204, 404):
                raise AssertionError(f"change {change.number} was answered {status}")
            state, done = after, done + 1
    watch.join()
    server.process.wait()
    return done, [state, after], processes


def _first(state: State) -> int:
    """The number of the next change."""
    return 1 + max((shown.stamp for shown in state.products.values()), default=0)


def _difference(now: State, expected: State) -> str:
    wrong = [i for i in IDS if now.products.get(i) != expected.products.get(i)]
    shown = [f"{i} is {now.products.get(i)} and was {expected.products.get(i)}" for i in wrong[:3]]
    rule = [] if now.rule == expected.rule else [f"the rule is {now.rule!r} and was {expected.rule!r}"]
    return "; ".join([f"{len(wrong)} products differ", *shown, *rule])


# -- processes ---------------------------------------------------------------------------------------------------


def with_children(pid: int) -> Iterator[int]:
    """A process and all that it has started, and they, by their numbers.

    A thread that ends while it is looked at had children that another thread has now.
    """
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                yield from with_children(int(child))


def _outliving(pids: Sequence[int]) -> list[int]:
    """Those of these processes that still run after a while; one that has ended and is not yet buried does not."""

    def runs(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    until = time.monotonic() + _OUTLIVE_S
    while (left := [pid for pid in pids if runs(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def _private_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Private_"))
