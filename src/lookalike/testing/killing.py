"""A writer that is killed at any moment, a reader that looks on, and what must be true afterwards.

    python -m lookalike.testing.killing write STORE SEED FROM TO    makes changes, and says when each is done
    python -m lookalike.testing.killing read STORE                  says what it sees, again and again
    python -m lookalike.testing.killing index CATALOGUE STORE       an index run in small steps

The changes hang on the seed alone, so that whoever looks on can say what each of them must leave.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from lookalike.indexing import job
from lookalike.recipe import Recipe
from lookalike.store.interface import Store
from lookalike.store.lance import LanceStore
from lookalike.store.memory import MemoryStore
from lookalike.store.rows import facts_table
from lookalike.testing.builders import header, product, rows
from lookalike.types import Product

IDS = tuple(f"P{n:02}" for n in range(40))  # of all products that there ever are
STEP = 8  # products in a shard of the index run
LIGHT = Recipe(image="gradients", text="hashed-words")  # models that need no weights
State: TypeAlias = str  # a digest of all that a store holds


@dataclass(frozen=True, slots=True)
class Change:
    """One call that writes."""

    kind: Literal["put", "patch", "delete"]
    products: tuple[Product, ...]

    def make(self, store: Store) -> None:
        if self.kind == "put":
            store.put(rows(store.header, self.products))
        elif self.kind == "patch":
            store.patch(facts_table(store.header, self.products))
        else:
            store.delete([p.id for p in self.products])


def shelf() -> list[Product]:
    """What a store holds before any change: every product once, with two views."""
    return [product(i, price=1.0, images=(f"{i}-front.jpg", f"{i}-back.jpg")) for i in IDS]


def changes(seed: int, count: int) -> list[Change]:
    """Changes of one to three products each, of prices and stock for the most part."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        ids = random.choice(IDS, size=random.integers(1, 4), replace=False)
        kind = random.choice(["patch", "put", "delete"], p=[0.6, 0.25, 0.15])
        views = tuple(f"{number}-{n}.jpg" for n in range(random.integers(1, 4)))
        facts = {"price": float(number), "in_stock": bool(number % 2)}
        if kind == "put":
            found = tuple(product(str(i), title=f"change {number}", images=views, **facts) for i in ids)
        else:
            found = tuple(product(str(i), **facts) for i in ids)
        made.append(Change(kind, found))
    return made


def states(made: Sequence[Change]) -> list[State]:
    """What a store holds before the first change, and after each; by the store that is exact."""
    store = MemoryStore(header())
    store.put(rows(store.header, shelf()))
    found = [state(store)]
    for change in made:
        change.make(store)
        found.append(state(store))
    return found


def state(store: Store) -> State:
    """Every view of every product with its facts and its words, in one call: all of one version."""
    known = store.known(IDS)
    lines = [
        (v.view.product_id, v.view.number, v.view.key, v.facts, v.words) for i in IDS for v in known.get(i, ())
    ]
    return hashlib.sha256(repr(lines).encode()).hexdigest()[:16]


def make_store(path: Path) -> LanceStore:
    """A store with the shelf in it."""
    store = LanceStore.create(str(path), header(), {}, mirror_limit=0)
    store.put(rows(store.header, shelf()))
    return store


class Child:
    """This module in a process of its own."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "lookalike.testing.killing", *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
        self.said: list[str] = []
        self.listen()  # until it has loaded

    def listen(self) -> bool:
        """Wait for one line more; False when it will say no more."""
        line = self.process.stdout.readline() if self.process.stdout else ""
        if line.endswith("\n"):  # a line that was cut off was not said
            self.said.append(line.strip())
        return bool(line)

    def kill(self) -> list[str]:
        """End it as a power cut would, and return all that it had said."""
        self.process.kill()
        return self.finish()

    def kill_after(self, most: int, *, seed: int) -> list[str]:
        """Kill it after a random number of lines, at a random moment before the next one."""
        random = np.random.default_rng(seed)
        started = time.monotonic()
        lines = int(random.integers(0, most))
        for _ in range(lines):
            self.listen()
        time.sleep(random.random() * max(0.05, (time.monotonic() - started) / (lines + 1)))
        return self.kill()

    def finish(self) -> list[str]:
        while self.listen():
            pass
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        return self.said[1:]


def disturbed_writing(path: Path, *, seed: int, count: int) -> str:
    """Make changes, be killed at a random moment, look, and make the others; what went wrong, or nothing."""
    expected = states(changes(seed, count))
    make_store(path)
    reader, writer = Child("read", path), Child("write", path, seed, 0, count)
    done = len(writer.kill_after(count, seed=seed))
    now = state(LanceStore.open(str(path)))
    if now not in expected[done : done + 2]:
        return f"after {done} acknowledged changes the store shows none of what it may"
    Child("write", path, seed, done, count).finish()
    seen = reader.kill()
    if unknown := [line for line in seen if line not in expected]:
        return f"a reader saw {len(unknown)} of {len(seen)} states that never were"
    order = [expected.index(line) for line in seen]
    if order != sorted(order):
        return "a reader saw time run backwards"
    store = LanceStore.open(str(path))
    if state(store) != expected[-1]:
        return "the end is not that of an undisturbed run"
    return "; ".join(store.check())


def calm_indexing(catalogue: Path, path: Path) -> tuple[LanceStore, int]:
    """What an index run leaves that nobody disturbs, and how many steps it says it takes."""
    steps = len(Child("index", catalogue, path).finish())
    return LanceStore.open(str(path)), steps


def disturbed_indexing(catalogue: Path, path: Path, calm: LanceStore, *, seed: int, steps: int) -> str:
    """Index, be killed at a random moment, and index again; what differs from a calm run, or nothing."""
    Child("index", catalogue, path).kill_after(steps, seed=seed)
    Child("index", catalogue, path).finish()
    return difference(calm, LanceStore.open(str(path)))


def difference(one: LanceStore, other: LanceStore) -> str:
    """The first thing in which two stores differ, in words; empty when they hold the same."""
    ids = one.ids(limit=0)
    if ids != other.ids(limit=0):
        return f"{len(ids)} products against {len(other.ids(limit=0))}"
    if one.products(ids) != other.products(ids):
        return "products differ in what they say"
    ours, theirs = one.views(ids), other.views(ids)
    for i in ids:
        if [v.view for v in ours[i]] != [v.view for v in theirs[i]]:
            return f"the views of {i} differ"
        for mine, its in zip(ours[i], theirs[i], strict=True):
            if any(not np.allclose(mine.parts[p], its.parts[p], atol=1e-5) for p in mine.parts):
                return f"the vectors of {i} differ"
    return "; ".join(other.check())


def _write(path: str, seed: int, first: int, last: int) -> None:
    store = LanceStore.open(path, mirror_limit=0)
    for number, change in enumerate(changes(seed, last)):
        if number >= first:
            change.make(store)
            _say(str(number))


def _read(path: str) -> None:
    store, seen = LanceStore.open(path), ""
    while True:
        if (now := state(store)) != seen:
            seen = now
            _say(now)


def _index(catalogue: str, path: str) -> None:
    vars(job)["SHARD_PRODUCTS"] = STEP  # many commits of few products
    job.index(catalogue, path, recipe=LIGHT, progress=lambda stage, done, total: _say(f"{stage} {done}"))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    _say("ready")
    if arguments[0] == "write":
        _write(arguments[1], *map(int, arguments[2:]))
    elif arguments[0] == "read":
        _read(arguments[1])
    else:
        _index(*arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
