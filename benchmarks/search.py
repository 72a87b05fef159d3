"""How long an answer takes on fashion-small's 36,072 products, and whether the index finds what the scan finds.

in the library   `similar`, `search` by picture and by text, on one open Recommender
the peer         scikit-learn's brute-force cosine neighbours on as many vectors of 512, in the same run
cold             `python -m lookalike similar ID`, and `import lookalike`, each in a fresh process
the index        a copy of the store, forced to answer from its vector indexes: recall@10 against the exact scan
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TypeVar

import catalogues
import numpy as np
from catalogues import say
from machine import heading
from PIL import Image
from tables import percentiles, table, verdict

import lookalike
from lookalike.store.lance import LanceStore
from lookalike.types import Filter, Query

SEED = 7
RECALL_WANTED = 0.99
EQUAL = 1e-5  # scores nearer than this are a tie: either view may be among the ten
_T = TypeVar("_T")


def timed(ask: Callable[[_T], object], questions: Iterable[_T], *, warm_up: int = 20) -> list[float]:
    """Seconds of each, the first few left out."""
    taken = []
    for question in questions:
        started = time.perf_counter()
        ask(question)
        taken.append(time.perf_counter() - started)
    return taken[min(warm_up, len(taken) // 10) :]


# -- in the library ---------------------------------------------------------------------------------


def library(store: Path, count: int, rng: np.random.Generator) -> tuple[list[list[str]], float]:
    """Rows of the table, and the median of `similar` in seconds."""
    shop = lookalike.open(str(store))
    ids = rng.permutation(shop.store.ids(limit=0))[: count + 20].tolist()
    products = shop.store.products(ids)
    pictures = [Path(products[i].images[0]).read_bytes() for i in ids[: count // 2]]
    similar = timed(shop.similar, ids)
    picture = timed(lambda content: shop.search(image=content), pictures)
    large = timed(lambda content: shop.search(image=content), map(enlarged, pictures[:60]))
    text = timed(lambda i: shop.search(text=products[i].title), ids)
    rows = [
        _row("similar", similar, p50_ms=5, p99_ms=20),
        _row("search by a catalogue picture", picture, p50_ms=25),
        _row("search by a JPEG of 1080 x 1340", large, p50_ms=25),
        _row("search by a title", text),
    ]
    return rows, median(similar)


def _row(name: str, taken: list[float], *, p50_ms: float = 0, p99_ms: float = 0) -> list[str]:
    p50, p99 = (float(np.percentile(taken, at)) * 1000 for at in (50, 99))
    limits = [(p50, p50_ms, "p50"), (p99, p99_ms, "p99")]
    wanted = ", ".join(f"{what} < {most:g} ms {verdict(ms < most)}" for ms, most, what in limits if most)
    return [name, str(len(taken)), *percentiles(taken), wanted]


def enlarged(picture: bytes) -> bytes:
    large = Image.open(io.BytesIO(picture)).convert("RGB").resize((1080, 1340), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    large.save(file, "JPEG", quality=90)
    return file.getvalue()


def peer(vectors: int, rng: np.random.Generator) -> list[float]:
    from sklearn.neighbors import NearestNeighbors

    rows = rng.standard_normal((vectors, 512), dtype=np.float32)
    neighbours = NearestNeighbors(n_neighbors=7, metric="cosine", algorithm="brute").fit(rows)
    return timed(lambda at: neighbours.kneighbors(rows[at : at + 1]), range(120))


# -- cold -------------------------------------------------------------------------------------------


def cold(store: Path, product_id: str) -> list[list[str]]:
    command = [sys.executable, "-m", "lookalike", "similar", product_id, "--store", str(store), "--json"]
    similar = [_wall(command) for _ in range(5)]
    script = "import time; t = time.perf_counter(); import lookalike; print(time.perf_counter() - t)"
    answers = [subprocess.run([sys.executable, "-c", script], capture_output=True, check=True) for _ in range(7)]
    loading = [float(answer.stdout) for answer in answers]
    return [
        ["python -m lookalike similar", "5", f"{median(similar):.2f} s", f"< 2 s {verdict(median(similar) < 2)}"],
        ["import lookalike", "7", f"{median(loading):.3f} s", f"< 0.2 s {verdict(median(loading) < 0.2)}"],
    ]


def _wall(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


# -- the index --------------------------------------------------------------------------------------


def indexed(store: Path, copy: Path, count: int, rng: np.random.Generator) -> list[list[str]]:
    shutil.copytree(store, copy)
    exact, index = LanceStore.open(str(store)), LanceStore.open(str(copy), mirror_limit=0)
    say("building the vector indexes of a copy")
    started = time.perf_counter()
    index.optimise(index=True)
    say(f"built in {time.perf_counter() - started:.0f} s")
    default = dict(exact.header.recipe.weights)
    mixtures: dict[str, Callable[[], dict[str, float]]] = {
        "product": lambda: default,
        "image only": lambda: {"image": 1.0},
        "text only": lambda: {"text": 1.0},
        "colour only": lambda: {"colour": 1.0},
        "weighted at random": lambda: {part: float(rng.uniform(0.1, 2)) for part in default},
    }
    rows = []
    for name, weights in mixtures.items():
        ids = rng.permutation(exact.ids(limit=0))[:count].tolist()
        queries = [Query(stored[0].parts, weights()) for stored in exact.views(ids).values()]
        queries = [query for query in queries if all(query.parts[part].any() for part in query.active)]
        recall = float(np.mean([recall_at_10(query, exact, index) for query in queries]))
        taken = timed(lambda query: index.nearest(query, k=10, where=Filter()), queries)
        rows.append(
            [name, str(len(queries)), f"{recall:.4f}", *percentiles(taken), verdict(recall >= RECALL_WANTED)]
        )
    return rows


def recall_at_10(query: Query, exact: LanceStore, index: LanceStore) -> float:
    """Of the ten best, the share that the index finds; its scores are exact, so equal ones count as found."""
    tenth = exact.nearest(query, k=10, where=Filter()).scores[-1]
    return float((index.nearest(query, k=10, where=Filter()).scores >= tenth - EQUAL).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalogues.add_options(parser)
    parser.add_argument("--store", type=Path, help="a store that already holds fashion-small")
    parser.add_argument("--questions", type=int, default=1_000, help="of each kind (%(default)s)")
    parser.add_argument("--recall-queries", type=int, default=200, help="of each kind (%(default)s)")
    options = parser.parse_args()
    print(heading())
    rng = np.random.default_rng(SEED)
    with catalogues.work_folder(options.work) as work:
        path = catalogues.unpacked("fashion-small", data=options.data, work=work)
        store = options.store or catalogues.store_of(path, work / "fashion-small.store")
        copy = work / "fashion-small.indexed"
        shutil.rmtree(copy, ignore_errors=True)
        report(options, store, copy, rng)
        shutil.rmtree(copy, ignore_errors=True)


def report(options: argparse.Namespace, store: Path, copy: Path, rng: np.random.Generator) -> None:
    views = LanceStore.open(str(store)).counts().views
    say("asking in the library")
    rows, similar = library(store, options.questions, rng)
    if find_spec("sklearn"):
        knn = peer(views, rng)
        ratio = f"similar is {median(knn) / similar:.1f} times as fast"
        rows.append([f"peer: scikit-learn KNN, {views:,} x 512", str(len(knn)), *percentiles(knn), ratio])
    print(f"\n## In the library, {views:,} views\n\n" + table(["", "asked", "p50", "p99", "wanted"], rows))
    product_id = LanceStore.open(str(store)).ids(limit=1)[0]
    print("\n## In a fresh process\n\n" + table(["", "runs", "median", "wanted"], cold(store, product_id)))
    found = indexed(store, copy, options.recall_queries, rng)
    head = ["query", "asked", "recall@10", "p50", "p99", f">= {RECALL_WANTED}"]
    print("\n## By the vector indexes, against the exact scan\n\n" + table(head, found))


if __name__ == "__main__":
    main()
