"""The first document's own way: a small network names a picture's type, and ranks what the catalogue calls so.

    python benchmarks/documents.py --data ../shared/data-unpacked/fashion-small --work /tmp/documents

Trains `cnn-28` on the catalogue first (`lookalike train classifier --network cnn-28`), or goes on where it was
stopped, and compares its accuracy with the 0.792 that the document gives for its validation split. Then 1,500
held-out products ask for their neighbours: by the network's hidden units over the whole catalogue, within the
class that it names, and by other models (`--against`). Right is a first neighbour of the same type, colour,
department.

The split is the project's (15 % of products by the MD5 of their ids, byte-identical twins not trained on), not the
document's, which is random and does not mind twins; the catalogue has 36,072 of its 39,497 pictures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from machine import heading
from tables import table, verdict

from lookalike.catalogue import open_catalogue
from lookalike.evaluate.splits import held_out
from lookalike.media.decoding import decode
from lookalike.models.embedders import open_image_embedder
from lookalike.models.session import Session
from lookalike.training.commands import CNN_28, Plan, Surroundings, train_classifier
from lookalike.types import Product, Vectors

DOCUMENT = 0.792  # its validation accuracy over 141 types
WITHIN = 0.02
COLUMN = "articleType"
HELD_OUT = 0.15
QUERIES = 1_500
FACTS = ("type", "colour", "department")
_TOGETHER = 512  # pictures read at once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="fashion-small, unpacked")
    parser.add_argument("--work", type=Path, required=True, help="where the model is trained and kept")
    parser.add_argument("--steps", type=int, default=0, help="0: the usual 60 epochs")
    parser.add_argument("--against", nargs="*", default=[], help="image models to compare with, such as resnet50")
    options = parser.parse_args()
    print(heading(), flush=True)
    done = train_classifier(
        options.data / "styles.csv",
        COLUMN,
        options.work,
        network=CNN_28,
        hold_out=HELD_OUT,
        plan=Plan(steps=options.steps),
        around=Surroundings(images=options.data / "images", say=lambda words: print(words, file=sys.stderr)),
    )
    accuracy = [done.figures["accuracy"], done.last["accuracy"]]
    print("\nAccuracy over the types of held-out products\n")
    rows = [["the document, 28 x 28, 141 types", f"{DOCUMENT:.3f}", ""]]
    for name, found in zip(("best validation", "last validation"), accuracy, strict=True):
        rows.append([f"{CNN_28} trained here, {name}", f"{found:.3f}", verdict(found >= DOCUMENT - WITHIN)])
    print(table(["", "accuracy", f"within {WITHIN:g} of it"], rows))

    products = [
        p for p in open_catalogue(options.data / "styles.csv", images=options.data / "images") if _usable(p)
    ]
    facts = np.array([[_type(p), p.colour, p.audience] for p in products])
    out = [at for at, product in enumerate(products) if held_out(product.style.lower(), HELD_OUT)]
    queries = np.random.default_rng(0).permutation(out)[:QUERIES]
    vectors = embedded(str(done.spec), products)
    named = json.loads(next(options.work.glob(f"*.{COLUMN}.json")).read_text("utf-8"))["classes"]
    logits = Session(next(options.work.glob(f"*.{COLUMN}.onnx"))).run({"features": vectors[queries]})
    predicted = np.array(named)[logits.argmax(1)]
    unit = _unit(vectors)
    print(f"\nThe first neighbour of {len(queries):,} held-out products among {len(products):,}\n")
    rows = [
        [f"{CNN_28}, whole catalogue", *shares(facts, queries, nearest(unit, queries))],
        [
            f"{CNN_28}, within the class it names",
            *shares(facts, queries, nearest(unit, queries, facts[:, 0], predicted)),
        ],
    ]
    for name in options.against:
        rows.append([name, *shares(facts, queries, nearest(_unit(embedded(name, products)), queries))])
    print(table(["", *(f"{fact} P@1" for fact in FACTS), "all P@1"], rows))


def embedded(model: str, products: Sequence[Product]) -> Vectors:
    """The features of each product's main picture.  # (n, dim)"""
    embedder = open_image_embedder(model)
    found = []
    for at in range(0, len(products), _TOGETHER):
        pictures = [decode(Path(p.images[0]).read_bytes()) for p in products[at : at + _TOGETHER]]
        found.append(embedder.embed(pictures))
    return np.concatenate(found)


def nearest(
    unit: Vectors,
    queries: npt.NDArray[np.int64],
    classes: npt.NDArray[np.str_] | None = None,
    wanted: npt.NDArray[np.str_] | None = None,
) -> npt.NDArray[np.int64]:
    """The place of each query's nearest other product, of the wanted class where there is one.  # (queries,)"""
    found = []
    for number, query in enumerate(queries):
        likeness = unit @ unit[query]
        likeness[query] = -2.0
        if classes is not None and wanted is not None:
            likeness[classes != wanted[number]] -= 4.0
        found.append(int(likeness.argmax()))
    return np.array(found)


def shares(facts: npt.NDArray[np.str_], queries: npt.NDArray[np.int64], first: npt.NDArray[np.int64]) -> list[str]:
    """How often the first neighbour shares each fact, and all of them."""
    same = facts[queries] == facts[first]
    return [f"{share:.3f}" for share in [*same.mean(axis=0), same.all(axis=1).mean()]]


def _usable(item: object) -> bool:
    return isinstance(item, Product) and bool(item.images)


def _type(product: Product) -> str:
    return product.category.rpartition("/")[2]


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


if __name__ == "__main__":
    main()
