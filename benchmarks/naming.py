"""What pictures are called: how often the classifiers of image models are right, and as sure as they are right.

    python benchmarks/naming.py [--model garments-int8 --model garments]

On the held-out 15 % of fashion-small: each product's article type (all classes), base colour, gender, usage read
off its picture, where the catalogue tells them. Accuracy; and the calibration error, the mean gap between how sure
the answers of a tenth are and how many of them are right (Naeini et al., AAAI 2015). The sharpness of the softmax
was fitted on the same products.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence

import catalogues
import numpy as np
from machine import heading
from tables import table

from lookalike.evaluate.splits import held_out
from lookalike.media.decoding import decode
from lookalike.models import open_image_embedder
from lookalike.models.attributes import open_attributes
from lookalike.types import Guess

COLUMNS = {"type": "articleType", "colour": "baseColour", "audience": "gender", "usage": "usage"}
HELD_OUT = 0.15
MODELS = ("garments-int8", "garments")
_TENTHS = 10
_AT_ONCE = 512


def guessed(model: str, pictures: Sequence[bytes]) -> list[dict[str, Guess]]:
    """What a model's classifiers say of each picture."""
    reader, embedder = open_attributes(model), open_image_embedder(model)
    if reader is None:
        raise SystemExit(f"{model} comes with no classifiers")
    found: list[dict[str, Guess]] = []
    for start in range(0, len(pictures), _AT_ONCE):
        some = [decode(content) for content in pictures[start : start + _AT_ONCE]]
        found += reader.read(embedder.embed(some))
    return found


def calibration_error(sure: np.ndarray, right: np.ndarray) -> float:
    tenth = np.minimum((sure * _TENTHS).astype(int), _TENTHS - 1)
    gaps = [abs(sure[tenth == t].mean() - right[tenth == t].mean()) * (tenth == t).mean() for t in set(tenth)]
    return float(sum(gaps))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help=f"image models ({', '.join(MODELS)})")
    catalogues.add_options(parser)
    options = parser.parse_args()
    print(heading())
    with catalogues.work_folder(options.work) as work:
        path = catalogues.unpacked("fashion-small", data=options.data, work=work)
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if held_out(row["id"], HELD_OUT)]
        pictures = [(path.parent / "images" / f"{row['id']}.jpg").read_bytes() for row in rows]
    lines = []
    for model in options.model or MODELS:
        said = guessed(model, pictures)
        for field, column in COLUMNS.items():
            pairs = [(guess[field], row[column]) for guess, row in zip(said, rows, strict=True) if row[column]]
            right = np.asarray([guess.value == true for guess, true in pairs])
            sure = np.asarray([guess.confidence for guess, _ in pairs])
            error = calibration_error(sure, right)
            lines.append([model, column, f"{len(pairs):,}", f"{right.mean():.3f}", f"{error:.3f}"])
    print(table(["model", "column", "products", "accuracy", "calibration error"], lines))


if __name__ == "__main__":
    main()
