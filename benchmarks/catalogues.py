"""The real catalogues beside the checkout, unpacked, and stores made of them by `lookalike index`'s own code."""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lookalike
from lookalike.recipe import Recipe

_ARCHIVES = {
    "fashion-small": "fashion-small.tar.gz",
    "shop-men": "shop-men.tar",
    "clothing": "clothing.tar",
    "street": "street.tar",
}
_TABLES = {
    "fashion-small": "styles.csv",
    "shop-men": "products.csv",
    "clothing": "images.csv",
    "street": "labels.json",
}
NO_LABEL = ("Not sure", "Other", "Skip")  # of clothing: what its labellers could not or would not say


def add_options(parser: argparse.ArgumentParser) -> None:
    data = os.environ.get("LOOKALIKE_DATA") or Path(__file__).parents[2] / "shared" / "data"
    parser.add_argument(
        "--data", type=Path, default=Path(data), help="folder of the archives, packed or unpacked (%(default)s)"
    )
    parser.add_argument(
        "--work", type=Path, help="folder to unpack and index in, kept; a temporary one if not given"
    )


@contextmanager
def work_folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted
    else:
        with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as made:
            yield Path(made)


def unpacked(name: str, *, data: Path, work: Path) -> Path:
    """The table of an archive: unpacked into the work folder, unless it is there or in `data` already."""
    for folder in (data, work):
        table = folder / name / _TABLES[name]
        if table.is_file():
            break
    else:
        archive = data / _ARCHIVES[name]
        if not archive.is_file():
            sys.exit(f"{archive} is not there: name the folder of the archives with --data or $LOOKALIKE_DATA")
        with tarfile.open(archive) as tar:
            tar.extractall(work, filter="data")
    return table


def snapshots(table: Path, written: Path) -> Path:
    """The snapshots of clothing, in images/ beside the table, as a catalogue; those without a label left out."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] not in NO_LABEL]
    with written.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["id", "image", "label", "sender"])
        lines.writerows([row["image"], f"{row['image']}.jpg", row["label"], row["sender_id"]] for row in rows)
    return written


def store_of(table: Path, folder: Path, *, images: Path | None = None, recipe: Recipe | None = None) -> Path:
    """A store that holds this catalogue; one that is there is brought up to date, which embeds nothing new."""
    say(f"indexing {table} into {folder}")
    report = lookalike.index(table, folder, images=images, recipe=recipe)
    say(f"{report.products:,} products, {report.embedded:,} pictures embedded, {report.seconds:.0f} s")
    return folder


def say(words: str) -> None:
    """Progress goes to standard error: the tables alone are the output."""
    print(words, file=sys.stderr, flush=True)
