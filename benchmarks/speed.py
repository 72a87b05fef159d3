"""Pictures to stored vectors, a second: `lookalike index` against the documents' pipelines, in one run.

Pictures of 1080 x 1340 are made from shop-men's studio pictures. Each round times, one after the other:

    lookalike image        index into a fresh store, the default recipe's image part alone
    lookalike whole        the same with the default recipe: image, text and colour
    ResNet-18, ResNet-50   peers/pipeline_torch.py: Pillow, letterbox, PyTorch one picture at a time, scikit-learn

An index run also surveys the catalogue, fits, makes the store and tidies it: costs that a small catalogue feels.
"steady" leaves them out: N pictures more, divided by the time that 2 N take longer than N; a round in which
something else kept the machine busy, so that 2 N took no longer, has none.

Other work on the cores slows a two-threaded peer more than us and so flatters the ratio. Therefore the ratio of
the best times, the least disturbed ones, stands beside the median, a target holds only by both, and rounds that
disagree by more than half are called disturbed: run again on a quiet machine.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from math import isnan, nan
from pathlib import Path
from statistics import median

import catalogues
from catalogues import say
from machine import heading
from PIL import Image
from tables import table, verdict

import lookalike
from lookalike.recipe import Recipe

SIZE = (1080, 1340)
QUALITY = 90
WANTED = {"resnet18": 5.0, "resnet50": 12.0}  # times as fast
RECIPES = {"lookalike image": Recipe(text="none", colour="none"), "lookalike whole": Recipe()}
PEER = Path(__file__).parent / "peers" / "pipeline_torch.py"


def made_pictures(studio: Path, folder: Path, count: int) -> Path:
    """`count` different JPEGs and their catalogue.csv: past the first 326 they are mirrored, then turned."""
    sources = sorted(studio.rglob("*.jpg"))
    turns = [None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM]
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "images").mkdir(parents=True)
    with (folder / "catalogue.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "title", "image"])
        for at in range(count):
            source, turn = sources[at % len(sources)], turns[at // len(sources) % len(turns)]
            large = Image.open(source).convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)
            name = f"{at:05d}.jpg"
            (large.transpose(turn) if turn is not None else large).save(folder / "images" / name, quality=QUALITY)
            rows.writerow([at, source.stem.replace("_", " "), f"images/{name}"])
    return folder / "catalogue.csv"


def index_seconds(catalogue: Path, store: Path, recipe: Recipe) -> float:
    shutil.rmtree(store, ignore_errors=True)
    started = time.perf_counter()
    lookalike.index(catalogue, store, recipe=recipe)
    return time.perf_counter() - started


def peer_seconds(images: Path, network: str, python: str) -> tuple[float, str]:
    run = subprocess.run(
        [python, str(PEER), str(images), "--network", network], capture_output=True, text=True, check=False
    )
    if run.returncode:
        sys.exit(f"{python} cannot run the peers; give one with torch, scikit-learn and Pillow:\n{run.stderr}")
    answer = json.loads(run.stdout)
    return answer["seconds"], f"torch {answer['torch']}, {answer['threads']} threads"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--pictures", type=int, default=240, metavar="N", help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python that has torch and scikit-learn")
    options = parser.parse_args()
    if options.torch_python == sys.executable and not find_spec("torch"):
        parser.error("this Python has no torch: name one that has, with --torch-python")
    print(heading())
    with catalogues.work_folder(options.work) as work:
        measure(options, work)


def measure(options: argparse.Namespace, work: Path) -> None:
    count = options.pictures
    studio = catalogues.unpacked("shop-men", data=options.data, work=work).parent
    say(f"making {3 * count} pictures")
    single = made_pictures(studio, work / "pictures", count)
    double = made_pictures(studio, work / "pictures-twice", 2 * count)
    store, seconds, peers_run_on = work / "speed.store", {}, ""
    for name, recipe in RECIPES.items():
        index_seconds(single, store, recipe)  # warm-up: files into memory, libraries loaded
        seconds |= {name: [], f"{name}, steady": []}
    seconds |= {peer: [] for peer in WANTED}
    for at in range(options.rounds):
        say(f"round {at + 1} of {options.rounds}")
        for name, recipe in RECIPES.items():
            once, twice = index_seconds(single, store, recipe), index_seconds(double, store, recipe)
            seconds[name].append(once)
            seconds[f"{name}, steady"].append(twice - once if twice > once else nan)
        for peer in WANTED:
            taken, peers_run_on = peer_seconds(single.parent / "images", peer, options.torch_python)
            seconds[peer].append(taken)
    report(seconds, count, options.rounds, peers_run_on)


def report(seconds: dict[str, list[float]], count: int, rounds: int, peers_run_on: str) -> None:
    print(
        f"\n{count} JPEGs of {SIZE[0]} x {SIZE[1]}, quality {QUALITY}; {rounds} rounds; peers on {peers_run_on}\n"
    )
    each = [str(at + 1) for at in range(rounds)]
    rates = [
        [
            name,
            *(_number(count / s, 0) for s in taken),
            _number(_median([count / s for s in taken]), 0),
            _spread(taken),
        ]
        for name, taken in seconds.items()
    ]
    print(table(["pictures a second, round", *each, "median", "rounds"], rates) + "\n")
    ratios = []
    for peer, wanted in WANTED.items():
        for name in (name for name in seconds if name not in WANTED):
            times = [theirs / ours for ours, theirs in zip(seconds[name], seconds[peer], strict=True)]
            # a difference of two times has no meaningful shortest one
            best = min(seconds[peer]) / (_median if "steady" in name else min)(seconds[name])
            words = _judged(min(_median(times), best), wanted, [seconds[name], seconds[peer]])
            cells = [*(_number(t, 1) for t in times), _number(_median(times), 1), _number(best, 1)]
            ratios.append([f"{name} / {peer}", *cells, words])
    print(table(["times as fast, round", *each, "median", "best / best", "wanted"], ratios))


def _judged(times: float, wanted: float, timings: list[list[float]]) -> str:
    if any(_disturbed(taken) for taken in timings):
        return f">= {wanted:g} not settled: disturbed"
    return f">= {wanted:g} {verdict(times >= wanted)}"


def _disturbed(taken: list[float]) -> bool:
    return any(map(isnan, taken)) or max(taken) > 1.5 * min(taken)


def _spread(taken: list[float]) -> str:
    return "disturbed" if _disturbed(taken) else "agree"


def _known(values: list[float]) -> list[float]:
    return [value for value in values if not isnan(value)]


def _median(values: list[float]) -> float:
    return median(_known(values)) if _known(values) else nan


def _number(value: float, digits: int) -> str:
    return "-" if isnan(value) else f"{value:.{digits}f}"


if __name__ == "__main__":
    main()
