"""Feeds every reader with damaged catalogues, and says which input it could not bear.

    python tests/fuzz_readers.py --minutes 2 --seed 1 [--kind xml]

Each input is a fixture of tests/feeds, or one made here, that was cut, shuffled, repeated, overwritten or mixed
with another; it is written to a folder, read as a catalogue in a process of its own, and must give products,
Rejects or a CatalogueError, each told in one line, within `LONGEST_S` and `MOST_MEMORY`. The inputs that fail are
kept in the folder that is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from lookalike.catalogue import open_catalogue
from lookalike.errors import CatalogueError
from lookalike.types import Product, Reject

FEEDS = Path(__file__).parent / "feeds"
LONGEST_S = 20  # for inputs of some kilobytes
MOST_MEMORY = 3 << 30  # bytes of addresses
INPUTS = 200  # that one process reads
WORDS = [
    b"\0",
    b'"',
    b"'",
    b",",
    b"\t",
    b";",
    b"\n",
    b"\r",
    b"\\",
    b"<",
    b"</",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"&#0;",
    b"&a;",
]
WORDS += [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"null",
    b"NaN",
    b"1e999",
    b"-0",
    b"9" * 400,
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
]
WORDS += [
    "\u202e".encode(),
    "\ud800".encode("utf-8", "surrogatepass"),
    "👗".encode(),
    "\u2028".encode(),
    b"\x85",
    b"\xc2\x85",
]
WORDS += [
    b"../",
    b"/etc/passwd",
    b"file:///etc/passwd",
    b"//x",
    b"http://",
    b"id",
    b"Handle",
    b"Parent",
    b"id:10",
    b"{n}",
    b"g:id",
]


def read(path: Path) -> list[Product | Reject] | str:
    """What a catalogue gives, or why it is refused; AssertionError where either is not as promised."""
    try:
        catalogue = open_catalogue(path)
        found = list(catalogue)
        again = list(catalogue)
    except CatalogueError as error:
        assert_one_line(str(error))
        return str(error)
    assert found == again, "read twice, it is not the same"
    folder = str((path if path.is_dir() else path.parent).absolute())
    for item in found:
        if isinstance(item, Reject):
            assert_one_line(item.reason)
            continue
        assert 0 < len(item.id) <= 512
        for image in item.images:
            is_inside = os.path.normpath(image) == image and image.startswith(folder + os.sep)
            assert is_inside or image.lower().startswith(("http://", "https://")), image
    return found


def assert_one_line(message: str) -> None:
    assert message
    assert len(message) < 5_000, len(message)
    odd = [character for character in message if ord(character) < 32 or character in "\x7f\x85\u2028\u2029"]
    assert not odd, f"{odd!r} in {message[:200]!a}"
    message.encode()


def seeds(kind: str) -> list[tuple[str, bytes]]:
    """Inputs to begin with: name and content."""
    found = [(p.name, p.read_bytes()) for p in sorted(FEEDS.iterdir()) if p.suffix == f".{kind}"]
    if kind == "jsonl":
        found = [("shop.jsonl", b'{"id": 1, "images": ["a.jpg"]}\n{"id": "x", "a": {"b": [1, {"c": null}]}}\n')]
    if kind == "gz":
        found = [(f"{p.name}.gz", gzip.compress(p.read_bytes())) for p in sorted(FEEDS.iterdir())]
    if kind == "csv":
        found.append(
            (
                "styles.csv",
                b"id,gender,masterCategory,subCategory,articleType,productDisplayName\n1,M,A,B,C,a, b\n",
            )
        )
        found.append(("magento.csv", MAGENTO))
    return [("shop.parquet", _parquet())] if kind == "parquet" else found


MAGENTO = (
    b"sku,attribute_set_code,product_type,categories,name,price,base_image,additional_attributes,"
    b"configurable_variations\n"
    b'A-S,Top,simple,"Default Category/Men",A,1,/a.jpg,"size=S,color=Red",\n'
    b'A,Top,configurable,,A,,,,"sku=A-S,size=S|sku=B"\n'
)


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"id": ["1", "2"], "price": [1.5, None], "images": [["a.jpg"], []], "seller": [{"city": "x"}, None]}
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


def damaged(content: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """The content with one to eight kinds of damage."""
    for _ in range(draw.randint(1, 8)):
        at, end = sorted(draw.randint(0, len(content)) for _ in range(2))
        end = min(end, at + draw.choice([1, 8, 100, 10_000]))
        piece = content[at:end]
        content = draw.choice(
            [
                content[:at] + content[end:],
                content[:at] + piece * draw.choice([2, 3, 50]) + content[end:],
                content[:at] + draw.choice(WORDS) + content[end:],
                content[:at] + draw.choice(WORDS) * draw.choice([1, 2, 1_000]) + content[at:],
                content[:at] + draw.randbytes(draw.randint(1, 8)) + content[end:],
                content[:at] + draw.choice(others)[at:end] + content[end:],
                b"\n".join(draw.sample(lines := content.split(b"\n"), len(lines))),
                content[:end],
            ]
        )[:300_000]
    return content


def _write_file(place: Path, kind: str, begun: list[tuple[str, bytes]], draw: random.Random) -> Path:
    name, content = draw.choice(begun)
    if draw.random() < 0.2 and kind not in ("parquet", "gz"):
        content = content.decode("utf-8", "ignore").encode("utf-16")
    path = place / name
    path.write_bytes(damaged(content, draw, [c for _, c in begun]))
    return path


def _write_folder(place: Path, draw: random.Random) -> Path:
    """A folder of folders and files whose names are what a file system takes."""
    folders = [place]
    parts = [*WORDS, b"a", b".", b" ", b"\xfe", b"\xc3\xa9"]
    for _ in range(draw.randint(1, 30)):
        name = b"".join(draw.choices(parts, k=draw.randint(1, 6))).replace(b"/", b"").replace(b"\0", b"")[:200]
        path = draw.choice(folders) / os.fsdecode(name + draw.choice([b".jpg", b".PNG", b"", b".webp", b".txt"]))
        with contextlib.suppress(OSError):
            if draw.random() < 0.3:
                path.mkdir()
                folders.append(path)
            elif draw.random() < 0.1:
                path.symlink_to(draw.choice([place, "/etc/passwd", "nothing"]))
            else:
                path.touch()
    return place


def _read_some(kind: str, seed: int, folder: str, until: float) -> None:
    """Reads inputs one after the other, each on disk before it is read; runs in a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    draw, begun = random.Random(seed), seeds(kind)
    progress = Path(folder, "progress")
    for number in range(INPUTS):
        if time.monotonic() > until:
            break
        place = Path(folder, f"{seed}-{number}")
        place.mkdir()
        path = _write_folder(place, draw) if kind == "folder" else _write_file(place, kind, begun, draw)
        progress.write_text(f"{number} {place}")
        signal.alarm(LONGEST_S)
        try:
            read(path)
        except BaseException:
            (place / "why.txt").write_text(traceback.format_exc())
        else:
            shutil.rmtree(place)
        signal.alarm(0)
    progress.write_text(f"{number} done")


def fuzz(kind: str, seed: int, minutes: float) -> tuple[int, list[str]]:
    """How many inputs a reader was given, and what became of those that it could not bear."""
    folder = tempfile.mkdtemp(prefix=f"fuzz-{kind}-")
    until, read_so_far, context = time.monotonic() + 60 * minutes, 0, multiprocessing.get_context("fork")
    failures: list[str] = []
    while time.monotonic() < until:
        process = context.Process(target=_read_some, args=(kind, seed, folder, until))
        process.start()
        process.join()
        number, _, where = Path(folder, "progress").read_text().partition(" ")
        read_so_far += int(number) + 1
        if process.exitcode:
            failures.append(f"{where}: the process ended with {process.exitcode}")
        seed += 1
    failures += [f"{why.parent}: {why.read_text().splitlines()[-1]}" for why in Path(folder).glob("*/why.txt")]
    return read_so_far, failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--kind", choices=["csv", "tsv", "json", "jsonl", "xml", "gz", "parquet", "folder"], action="append"
    )
    options = parser.parse_args()
    bad = 0
    for kind in options.kind or ["csv", "tsv", "json", "jsonl", "xml", "gz", "parquet", "folder"]:
        count, failures = fuzz(kind, options.seed, options.minutes)
        bad += len(failures)
        print(f"{kind}: {count:,} inputs, {len(failures)} failures", *failures[:20], sep="\n  ", flush=True)
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main())
