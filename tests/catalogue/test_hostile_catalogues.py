"""Catalogues that mean harm, or suffered some: each is a clear line or a Reject, and none crashes.

`tests/fuzz_readers.py` goes on from here with chance.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fuzz_readers import read, seeds

from lookalike.catalogue import open_catalogue
from lookalike.catalogue.cleaning import plain_text
from lookalike.errors import CatalogueError
from lookalike.types import Product, Reject

Write = Callable[[str, str | bytes], Path]

KINDS = [".csv", ".tsv", ".json", ".jsonl", ".xml", ".parquet", ".csv.gz", ".json.gz", ".xml.gz"]
FEEDS = sorted((Path(__file__).parent.parent / "feeds").iterdir())
NOISE = random.Random(7).randbytes(20_000)


def refused(path: Path) -> str:
    """Why a catalogue is refused as a whole, in one line."""
    found = read(path)
    assert isinstance(found, str), found
    return found


def reject_of(path: Path) -> str:
    """Why its only bad row is rejected; a good one with the id "good" stands beside it."""
    found = read(path)
    assert not isinstance(found, str), found
    assert [item.id for item in found if isinstance(item, Product)] == ["good"]
    (reject,) = (item for item in found if isinstance(item, Reject))
    return reject.reason


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"\0" * 5_000,
        b"\n" * 5_000,
        b" ",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xff\xff\xff",
        NOISE,
        b"\x1f\x8b\x08",
    ],
    ids=["zero", "nul", "nuls", "lines", "space", "bom", "bom16", "ff", "noise", "gzip-cut"],
)
def test_what_holds_no_table_is_refused_in_one_line(write: Write, kind: str, content: bytes) -> None:
    packed = gzip.compress(content) if kind.endswith(".gz") else content
    assert str(path := write(f"shop{kind}", packed)) in refused(path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("shop.csv", b"PK\x03\x04" + NOISE, "a ZIP archive or an Excel workbook: export it as CSV"),
        ("shop.tsv", b"\xd0\xcf\x11\xe0" + NOISE, "an old Excel workbook"),
        ("shop.csv", gzip.compress(b"id\n1\n"), "compressed with gzip: name it .gz"),
        ("shop.csv", b"PAR1" + NOISE, "Parquet: name it .parquet"),
        ("shop.xml", b"%PDF-1.7" + NOISE, "a PDF"),
        ("shop.json", b"\xff\xd8\xff\xe0" + NOISE, "a picture"),
        ("shop.txt", b"\x89PNG\r\n" + NOISE, "a picture"),
        ("shop.csv", b"\n <!DOCTYPE html><title>Log in</title>", "a web page"),
        ("shop.xml", b"<html><body>404</body></html>", "a web page"),
        ("shop.txt", b"<?xml version='1.0'?><rss/>", "XML: name it .xml"),
        ("shop.json", b"<rss><item/></rss>", "XML: name it .xml"),
        ("shop.csv", b'{"products": []}', "JSON: name it .json"),
        ("shop.tsv", b'[{"id": 1}]', "JSON: name it .json"),
        ("shop.csv.gz", gzip.compress(b"<rss></rss>"), "XML: name it .xml"),
    ],
)
def test_a_file_of_another_kind_says_what_it_is(write: Write, name: str, content: bytes, reason: str) -> None:
    assert f"is not what its name says but {reason}" in refused(write(name, content))


@pytest.mark.parametrize("feed", FEEDS, ids=lambda path: path.name)
def test_a_feed_that_was_cut_off_anywhere_gives_whole_products_or_is_refused(feed: Path, tmp_path: Path) -> None:
    content = feed.read_bytes()
    whole = {item.id for item in read(feed) if isinstance(item, Product)}  # type: ignore[union-attr]
    for end in range(0, len(content), 97):
        path = tmp_path / feed.name
        path.write_bytes(content[:end])
        found = read(path)
        if not isinstance(found, str) and feed.suffix != ".csv" and feed.suffix != ".tsv":
            assert {item.id for item in found if isinstance(item, Product)} <= whole
        packed = tmp_path / f"{feed.name}.gz"
        packed.write_bytes(gzip.compress(content)[: end // 3])
        read(packed)


def test_a_damaged_parquet_file_is_refused_in_one_line_wherever_the_damage_is(tmp_path: Path) -> None:
    ((_, content),) = seeds("parquet")
    path = tmp_path / "shop.parquet"
    for at in range(0, len(content), 23):
        for damage in (b"\0", b"\xff", b"\x0e\x0f", b"\x99" * 40):
            path.write_bytes(content[:at] + damage + content[at + len(damage) :])
            read(path)


# Too much of one thing

BIG = "x" * 10_000_001
TAG = "x" * 700_000


def test_ten_million_characters_in_one_cell_cost_the_row_or_the_file(write: Write) -> None:
    assert "longer than 10,000,000" in reject_of(write("a.csv", f"id,title\n1,{BIG}\ngood,t\n"))
    assert "longer than 10,000,000" in reject_of(write("a.jsonl", f'{{"id": "{BIG}"}}\n{{"id": "good"}}'))
    items = f"<item><id>1</id><title>{BIG}</title></item><item><id>good</id></item>"
    assert "longer than 10,000,000" in reject_of(write("a.xml", f"<rss>{items}</rss>"))
    assert "longer than 10,000,000" in refused(write("a.json", f'[{{"id": "{BIG * 3}"}}]'))


def test_a_hundred_thousand_columns_are_no_table_of_products(write: Write) -> None:
    names = [f"column{n}" for n in range(100_000)]
    for path in (
        write("a.csv", "id," + ",".join(names) + "\n1\n"),
        write("a.json", json.dumps([{"id": 1} | dict.fromkeys(names, 1)])),
        write("a.jsonl", json.dumps({"id": 1} | dict.fromkeys(names, 1))),
        write("a.xml", "<rss><item><id>1</id>" + "".join(f"<{n}>1</{n}>" for n in names) + "</item></rss>"),
    ):
        assert "more than 2,000" in refused(path)


def test_a_late_row_of_a_hundred_thousand_fields_is_rejected(write: Write) -> None:
    rows = [{"id": n} for n in range(1_000)] + [dict.fromkeys(map(str, range(100_000)), 1)]
    found = read(write("a.jsonl", "\n".join(map(json.dumps, rows))))
    assert not isinstance(found, str)
    assert isinstance(last := found[-1], Reject)
    assert last.reason == "has 100,000 fields; more than 2,000 are not read"


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"products":', '[{"a":', '{"data":['])
def test_json_nested_without_end_is_refused_or_rejected(write: Write, opening: str) -> None:
    closing = opening.translate(str.maketrans("[{", "]}", '":adoprtsuc'))[::-1]
    for deep in (opening * 100_000, opening * 100_000 + "1" + closing * 100_000):
        refused(write("a.json", deep))
        refused(write("a.jsonl", deep))


def test_names_nested_within_one_another_do_not_multiply(write: Write) -> None:
    record: object = dict.fromkeys(map(str, range(1_000)), 1)
    for _ in range(200):
        record = {"k" * 5_000: record}
    path = write("a.jsonl", f'{json.dumps({"id": 1, "x": record})}\n{{"id": "good"}}\n')
    tracemalloc.start()
    assert "a field's name is longer than 1,000 characters" in reject_of(path)
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "piece", ["<!--", "<![", "<!", "<?", "<<!---->!--", "<a b='", "&", "</", "<script>", "<a <!-- >"]
)
def test_markup_that_never_ends_takes_no_longer_for_being_long(piece: str) -> None:
    started = time.process_time()
    plain_text("<p>Soft" + piece * 50_000)
    assert time.process_time() - started < 5  # what is quadratic takes 16 s and more


def test_what_a_cell_lists_does_not_multiply(write: Write) -> None:
    cells = {"id": "1", "category": "a>" * 100_000, "image": "https://x.test/1.jpg" + ", " * 100_000}
    (product,) = read(write("shop.json", json.dumps([cells])))
    assert product.category == "/".join("a" * 20)
    urls = "https://x.test/1.jpg" + " " * 100_000 + ",https://x.test/2.jpg" + " ," * 100_000
    google = {"id": "1", "title": "t", "image_link": urls}
    (product,) = read(write("shop.json", json.dumps([google])))
    assert product.images == ("https://x.test/1.jpg", "https://x.test/2.jpg")


def test_columns_and_keys_of_one_name(write: Write) -> None:
    assert "two columns named 'id'" in refused(write("a.csv", "id,title,id\n1,2,3\n"))
    (product,) = read(write("a.json", '[{"id": 1, "id": 2, "a.b": 1, "a": {"b": 2}}]'))  # the last one counts
    assert product.id == "2"


# XML that attacks its parser

LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    "prologue",
    [
        LAUGHS + "]>",
        f'<!DOCTYPE r [<!ENTITY j "{"x" * 100_000}">]>',
        '<!DOCTYPE r [<!ENTITY j SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r [<!ENTITY j SYSTEM "http://127.0.0.1:9/">]>',
        '<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd" [<!ATTLIST item a CDATA "x">]>',
        '<!DOCTYPE r [<!ATTLIST item a CDATA "xxxxxxxxxxxx">]>',
    ],
    ids=["laughs", "quadratic", "file", "http", "parameter", "dtd", "defaults"],
)
def test_xml_that_declares_entities_is_refused(write: Write, prologue: str) -> None:
    body = "<rss><item><id>1</id><title>&j;</title></item></rss>"
    assert "declares entities or a DTD of its own" in refused(write("a.xml", prologue + body))


def test_an_address_of_a_dtd_is_never_opened_and_unknown_entities_say_nothing(write: Write) -> None:
    prologue = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "file:///etc/passwd">'
    (product,) = read(write("a.xml", f"{prologue}<rss><item><id>1</id><title>a&nbsp;&xxe;b</title></item></rss>"))
    assert product.title == "a b"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<a>" * 101, "more than 100 elements within one another"),
        ("<a>" * 1_000_000, "more than 100 elements within one another"),
        (f"<!-- {TAG} -->", "a tag or comment is longer than"),
        (f"<item a='{TAG}'/>", "a tag or comment is longer than"),
        (f"<{TAG}/>", "a tag or comment is longer than"),
        ("<item><id>1</id>", "line 1: no element found"),
        ("<item><id>1</item>", "line 1: mismatched tag"),
        ("<item><id>\x00</id></item>", "not well-formed"),
        ("<item><id>1 & 2</id></item>", "not well-formed"),
        ("<other><id>1</id></other></rss>", "none of the elements <entry>, <item>, <offer>, <product>"),
    ],
    ids=["deep", "deeper", "comment", "attribute", "name", "cut", "mismatch", "nul", "ampersand", "no-items"],
)
def test_xml_that_is_broken_or_endless_is_refused_with_its_line(write: Write, body: str, reason: str) -> None:
    assert reason in refused(write("a.xml", f"<rss>{body}"))


# Paths


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop in a folder beside a secret."""
    for name in ("secret.jpg", "shop/pics/a.jpg", "shop/pics-of-others/b.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path / "shop"


def tricks(shop: Path) -> Iterator[str]:
    secret = shop.parent / "secret.jpg"
    yield from (
        "../secret.jpg",
        "pics/../../secret.jpg",
        "..\\secret.jpg",
        "pics\\..\\..\\secret.jpg",
        "....//secret.jpg",
    )
    yield from (
        str(secret),
        f"file://{secret}",
        f"{shop}/../secret.jpg",
        "/proc/self/environ",
        "/dev/zero",
        "/dev/stdin",
    )
    yield from (
        "./" * 3_000 + "../secret.jpg",
        "../" * 3_000 + str(secret)[1:],
        "~/secret.jpg",
        "$HOME/secret.jpg",
    )
    yield from (
        "CON",
        "NUL.jpg",
        "COM1",
        "\\\\?\\C:\\x.jpg",
        "\\\\server\\share\\x.jpg",
        "C:secret.jpg",
        "x" * 100_000,
    )
    yield from (
        "%2e%2e/secret.jpg",
        "..%2fsecret.jpg",
        "pics",
        ".",
        "..",
        "/",
        "\u202egpj.terces/..",
        "secret.jpg\u0000.jpg",
    )
    yield from (
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "gopher://x.test/",
        "C:\\secret.jpg",
        "https:",
        "http:///x",
    )


def test_no_name_of_a_picture_leads_out_of_the_folders_of_pictures(shop: Path) -> None:
    for images in (None, shop / "pics"):
        for reference in tricks(shop):
            path = shop / "shop.json"
            path.write_text(
                json.dumps([{"id": "1", "image": [reference]}, {"id": "good", "image": f"{shop}/pics/a.jpg"}])
            )
            found = [item for item in open_catalogue(path, images=images) if isinstance(item, Product)]
            assert [product.id for product in found] == ["good"], reference
            read(path)


def test_a_folder_whose_name_begins_alike_is_another_folder(shop: Path) -> None:
    path = shop / "pics" / "shop.csv"
    path.write_text("id,image\n1,../pics-of-others/b.jpg\n2,a.jpg\n")
    assert [item.id for item in open_catalogue(path) if isinstance(item, Product)] == ["2"]
    given = open_catalogue(path, images=shop)
    assert [item.id for item in given if isinstance(item, Product)] == ["1", "2"]  # both are below the given one
    path.write_text(f"id,image\n1,{shop}/pics-of-others/b.jpg\n2,pics-of-others/b.jpg\n")
    assert [item.id for item in open_catalogue(path, images=shop) if isinstance(item, Product)] == ["1", "2"]


def test_an_id_that_is_a_path_leads_nowhere(shop: Path) -> None:
    header = "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName"
    path = shop / "styles.csv"
    path.write_text(
        f"{header}\n../../secret,,,,,,,,,x\n/../secret,,,,,,,,,x\n{shop.parent}/secret,,,,,,,,,x\npics/a,,,,,,,,,x\n"
    )
    assert [item.id for item in open_catalogue(path) if isinstance(item, Product)] == ["pics/a"]


@pytest.mark.parametrize(
    "identity", ["../../etc/passwd", "/etc/passwd", "CON", "a/b\\c", "x" * 512, "𓀀", "a'; DROP", "-1"]
)
def test_an_id_is_only_ever_a_name(write: Write, identity: str) -> None:
    (product,) = read(write("a.json", json.dumps([{"id": identity}])))
    assert product.id == identity


def test_a_catalogue_that_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", Path("/dev/zero"), tmp_path / "none.csv", tmp_path / ("x" * 300 + ".csv")):
        assert "no catalogue at" in refused(path)
    with pytest.raises(CatalogueError, match="no catalogue at"):
        open_catalogue("nul\0.csv")


def test_a_folder_of_pictures_with_odd_names_is_read(tmp_path: Path) -> None:
    for name in (
        b"ok.jpg",
        b"\xff\xfe.jpg",
        b"a\nb.jpg",
        "👗\u202e.png".encode(),
        b"-rf.jpg",
        b"x" * 240 + b".jpg",
    ):
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing")
    found = read(tmp_path)
    assert not isinstance(found, str)
    assert {item.id for item in found if isinstance(item, Product)} == {"ok", "👗\u202e", "-rf", "x" * 240}
    assert len(found) == 7
