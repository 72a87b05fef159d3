"""Writers killed at random moments: is what was acknowledged there, and is the end that of an undisturbed run?

    python benchmarks/durability.py [--times 25] [--seed 0]

changes   a run of small puts, patches and deletes, killed with SIGKILL, while another process reads all the time:
          every state that it saw must be one that there was, in order; the others are then made
index     `lookalike.index` of the drawn shop in shards of 8, killed and run again: the same rows as a calm run
two       two writers at once, never killed: each product is as one of the two last left it
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from machine import heading
from tables import table, verdict

from lookalike.store.lance import LanceStore
from lookalike.testing import sample_shop
from lookalike.testing.killing import Child, calm_indexing, disturbed_indexing, disturbed_writing, make_store

CHANGES = 30  # in a run


def killed_writing(folder: Path, times: int, seed: int) -> list[str]:
    """What went wrong, a line for each run that did not hold."""
    found = []
    for at in range(times):
        wrong = disturbed_writing(folder / f"changes-{at}", seed=seed + at, count=CHANGES)
        found += [f"changes, seed {seed + at}: {wrong}"] if wrong else []
        say(f"changes {at + 1} of {times}{f': {wrong}' if wrong else ''}")
    return found


def killed_indexing(folder: Path, times: int, seed: int) -> list[str]:
    catalogue = sample_shop() / "catalogue.csv"
    calm, steps = calm_indexing(catalogue, folder / "calm")
    found = []
    for at in range(times):
        wrong = disturbed_indexing(catalogue, folder / f"index-{at}", calm, seed=seed + at, steps=steps)
        found += [f"index, seed {seed + at}: {wrong}"] if wrong else []
        say(f"index {at + 1} of {times}{f': {wrong}' if wrong else ''}")
    return found


def two_writers(folder: Path, times: int, seed: int) -> list[str]:
    found = []
    for at in range(times):
        path = folder / f"two-{at}"
        make_store(path)
        writers = [Child("write", path, seed + 2 * at + n, 0, CHANGES) for n in range(2)]
        done = [len(writer.finish()) for writer in writers]
        wrong = LanceStore.open(str(path)).check()
        if done != [CHANGES, CHANGES]:
            wrong.append(f"{done} changes acknowledged of {CHANGES} each")
        found += [f"two writers, seed {seed + 2 * at}: {line}" for line in wrong]
        say(f"two writers {at + 1} of {times}{f': {wrong}' if wrong else ''}")
    return found


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=25, help="kills of each kind (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(heading())
    with tempfile.TemporaryDirectory(prefix="lookalike-durability-") as made:
        folder = Path(made)
        runs = [
            ("changes, killed", options.times, killed_writing(folder, options.times, options.seed)),
            ("index, killed", options.times, killed_indexing(folder, options.times, options.seed)),
            (
                "two writers at once",
                max(1, options.times // 5),
                two_writers(folder, max(1, options.times // 5), 1000),
            ),
        ]
    rows = [[name, str(times), str(times - len(wrong)), verdict(not wrong)] for name, times, wrong in runs]
    print("\n## Killed at random moments\n\n" + table(["run", "times", "as it should be", ""], rows))
    for _, _, wrong in runs:
        print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(any(wrong for *_, wrong in runs))


if __name__ == "__main__":
    main()
