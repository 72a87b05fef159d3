"""The export: what `similar` gives for every product, as a table."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.cli import main
from lookalike.errors import FilterError, LookalikeError
from lookalike.files import whole
from lookalike.models.encoder import Encoder
from lookalike.recommend.recommender import Recommender
from lookalike.recommend.rules import Rules
from lookalike.recommend.whole import BLOCK
from lookalike.store.lance import LanceStore
from lookalike.store.memory import MemoryStore
from lookalike.testing.builders import header, product, rows, unit_vectors
from lookalike.types import PARTS, Match, Product

ODD = [
    "a,b",
    'quote " here',
    "two\nlines",
    "=1+1",
    "ünïcode 日本",
    " blanks ",
    "semi;colon",
    "tab\tbed",
    "'",
    "\\",
]


def shop_of(*products: Product, rules: Any = ()) -> Recommender:
    store = MemoryStore(header())
    store.put(rows(store.header, products))
    return Recommender(store, encoder=Encoder(store.header.recipe), name="small", rules=Rules.of(rules))


def many(count: int, *, rules: Any = ()) -> Recommender:
    """Clusters, styles, further views, pictures on several products, and parts that are missing."""
    store = MemoryStore(header())
    shelf = [
        product(
            f"P{n:04}",
            group=f"G{n // 5}" if n % 3 else "",
            images=() if n % 17 == 0 else (f"{n // (3 if n % 11 == 0 else 1)}.jpg", *([f"{n}b.jpg"] * (n % 2))),
            price=float(n % 60),
            brand=f"B{n % 7}",
            category="Men/Tops" if n % 2 else "Women/Shoes",
            categories=("Men", "Men/Tops") if n % 2 else ("Women", "Women/Shoes"),
        )
        for n in range(count)
    ]
    views = [p for p in shelf for _ in p.images or ("",)]
    blocks = {p: unit_vectors(len(views), dim, seed=dim, clusters=40) for p, dim in store.header.dims.items()}
    for part in ("image", "colour"):
        blocks[part][[not p.images for p in views]] = 0
    blocks["text"][::19] = 0
    store.put(rows(store.header, shelf, vectors=blocks))
    return Recommender(store, encoder=Encoder(store.header.recipe), name="many", rules=Rules.of(rules))


def exported(shop: Recommender, path: Path, k: int = 10, **wishes: Any) -> dict[str, list[dict[str, Any]]]:
    """The rows of each product."""
    done = shop.export(path, k, **wishes)
    found: dict[str, list[dict[str, Any]]] = {}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        found.setdefault(row["id"], []).append(row)
    assert done.rows == sum(map(len, found.values()))
    assert done.products == len(found) + done.unanswered
    return found


def as_rows(product_id: str, matches: list[Match]) -> list[dict[str, Any]]:
    return [
        {
            "id": product_id,
            "rank": rank,
            "match": m.product.id,
            "score": pytest.approx(m.score, abs=2e-6),
            "cosine": pytest.approx(m.cosine, abs=2e-6),
            **{p: pytest.approx(m.parts[p], abs=2e-6) if p in m.parts else None for p in PARTS},
            "rules": list(m.rules),
            "duplicates": list(m.duplicates),
        }
        for rank, m in enumerate(matches, 1)
    ]


RULES = [
    {"name": "own brand", "boost": 1.5, "where": "brand=B1"},
    {"name": "cheap last", "bury": 0.4, "where": "price<10"},
    {"name": "two a brand", "at_most": 2, "per": "brand"},
    {"name": "same kind", "same": "category", "on": ["similar"]},
    {"name": "never these", "hide": True, "where": "price>=55"},
    {"name": "third is new", "pin": ["P0003"], "position": 3},
]
WISHES: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "filtered": {"where": {"price": {"lt": 20}}},
    "a filter that leaves few": {"where": {"price": 7.0}},
    "weighted": {"weights": {"text": 0, "colour": 2}},
    "one part": {"weights": {"image": 0, "colour": 0}},
    "with variants": {"variants": True},
    "with duplicates": {"duplicates": True},
    "by group": {"by_group": True},
    "varied": {"variety": 0.5},
    "with a floor": {"at_least": 0.6},
    "same": {"same": ["brand"]},
    "long": {"k": 70},
}


@pytest.mark.parametrize("wishes", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize("rules", [(), RULES], ids=["no rules", "rules"])
def test_an_export_is_what_similar_gives_one_by_one(wishes: Mapping[str, Any], rules: Any, tmp_path: Path) -> None:
    same_as_one_by_one(many(200, rules=rules), tmp_path, wishes, of="brand=B3", every=4)


def test_where_one_block_ends_and_the_next_begins_is_not_seen(tmp_path: Path) -> None:
    same_as_one_by_one(many(BLOCK + 40), tmp_path, {"duplicates": True, "k": 2}, of=None, every=40)


def same_as_one_by_one(
    shop: Recommender, folder: Path, wishes: Mapping[str, Any], *, of: str | None, every: int
) -> None:
    k = wishes.get("k", 5)
    rest = {name: value for name, value in wishes.items() if name != "k"}
    found = exported(shop, folder / "all.jsonl", k, of=of, **rest)
    assert found
    for product_id in list(found)[::every]:
        assert found[product_id] == as_rows(product_id, shop.similar(product_id, k, **rest)), product_id


def test_rows_name_the_rules_that_moved_a_match(tmp_path: Path) -> None:
    found = exported(many(300, rules=RULES), tmp_path / "all.jsonl", 5, of="brand=B1,B3")
    named = {name for own in found.values() for row in own for name in row["rules"]}
    assert named >= {"own brand", "third is new"}
    shop = many(60, rules=RULES)
    shop.export(tmp_path / "all.csv", 5)
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        assert {name for row in csv.DictReader(file) for name in json.loads(row["rules"] or "[]")} >= named
    assert all(row["match"] != "P0003" or row["rank"] <= 3 for own in found.values() for row in own)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shelf=st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", "x", "y"]), st.booleans()),
        min_size=1,
        max_size=14,
    ),
    k=st.integers(1, 6),
    by_group=st.booleans(),
)
def test_whatever_the_catalogue_an_export_is_what_similar_gives(
    shelf: list[tuple[str, str, bool]], k: int, by_group: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    products = [
        product(f"P{n}", title=letter, group=group, images=(f"{letter}.jpg",) if pictured else ())
        for n, (letter, group, pictured) in enumerate(shelf)
    ]
    shop = shop_of(*products)
    path = tmp_path_factory.mktemp("export") / "all.jsonl"
    found = exported(shop, path, k, by_group=by_group)
    for p in products:
        assert found.get(p.id, []) == as_rows(p.id, shop.similar(p.id, k, by_group=by_group))


def test_the_indexes_serve_an_export_too(tmp_path: Path) -> None:
    small = many(300)
    path = str(tmp_path / "store")
    LanceStore.create(path, header(), {}).put(rows(header(), [product(f"P{n}") for n in range(300)]))
    shop = Recommender(LanceStore.open(path, mirror_limit=0), encoder=small._encoder, name="lance")
    found = exported(shop, tmp_path / "all.jsonl", 4, of={"id": [f"P{n}" for n in range(12)]})
    assert len(found) == 12
    for product_id, own in found.items():
        assert own == as_rows(product_id, shop.similar(product_id, 4))


def test_only_what_is_asked_about_has_rows(tmp_path: Path) -> None:
    shop = many(200)
    asked = exported(shop, tmp_path / "all.jsonl", 2, of="brand=B3")
    assert set(asked) == {i for i in shop.store.ids(limit=0) if shop.product(i).brand == "B3"}
    matched = {shop.product(row["match"]).brand for own in asked.values() for row in own}
    assert len(matched) > 1


# -- the three kinds of file ------------------------------------------------------------------------------------


def test_all_kinds_of_file_say_the_same(tmp_path: Path) -> None:
    shop = shop_of(*(product(i, images=(f"{n}.jpg",)) for n, i in enumerate(ODD)))
    lines = [row for own in exported(shop, tmp_path / "all.jsonl", 4).values() for row in own]
    shop.export(tmp_path / "all.parquet", 4)
    shop.export(tmp_path / "all.csv", 4)
    table = pq.read_table(tmp_path / "all.parquet").to_pylist()
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        cells = list(csv.DictReader(file))
    assert len(lines) == len(table) == len(cells) == 4 * len(ODD)
    assert {row["id"] for row in cells} == set(ODD)
    for line, row, cell in zip(lines, table, cells, strict=True):
        for name in ("id", "match"):
            assert line[name] == row[name] == cell[name]
        for name in ("rank", "score", "cosine", *PARTS):
            assert line[name] == pytest.approx(row[name], abs=1e-6) == pytest.approx(float(cell[name]), abs=1e-6)
        assert line["rules"] == row["rules"] == []
        assert cell["rules"] == ""


def test_a_part_that_was_not_looked_at_is_empty(tmp_path: Path) -> None:
    shop = shop_of(product("A"), product("B"))
    (row,) = exported(shop, tmp_path / "all.jsonl", weights={"text": 0}, of="id=A")["A"]
    assert row["text"] is None
    assert row["image"] + row["colour"] == pytest.approx(row["cosine"], abs=2e-6)
    shop.export(tmp_path / "all.csv", weights={"text": 0})
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["text"] == ""


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "csv"])
def test_a_catalogue_without_answers_is_a_file_without_rows(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"all.{kind}"
    done = shop_of(product("alone")).export(path)
    assert (done.products, done.rows, done.unanswered) == (1, 0, 1)
    assert {
        "parquet": lambda: pq.read_table(path).num_rows == 0,
        "jsonl": lambda: path.read_bytes() == b"",
        "csv": lambda: len(path.read_text().splitlines()) == 1,
    }[kind]()
    assert shop_of().export(path).products == 0


def test_products_with_nothing_to_compare_are_counted(tmp_path: Path) -> None:
    shop = shop_of(product("A", images=()), product("B"), product("C"), product("D", category="x"))
    done = shop.export(tmp_path / "all.jsonl", weights={"text": 0})
    assert done.unanswered == 1
    done = shop.export(tmp_path / "all.jsonl", same="category")
    assert done.unanswered == 4  # three have none, the fourth has nothing beside it


# -- what goes wrong --------------------------------------------------------------------------------------------


def test_another_kind_of_file_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match=r"\.parquet, \.jsonl, \.csv file, not 'all\.xlsx'"):
        shop_of(product("A")).export(tmp_path / "all.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.csv").mkdir()
    for wrong in (tmp_path / "file" / "all.csv", tmp_path / "folder.csv"):
        with pytest.raises(LookalikeError, match="cannot write the export") as caught:
            shop_of(product("A")).export(wrong)
        assert "\n" not in str(caught.value)
        assert str(wrong) in str(caught.value)


def test_an_export_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    shop = many(BLOCK + 50)
    shop.export(path, of="brand=B1")
    before = path.read_bytes()

    def stop(_stage: str, done: int, total: int) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.export(path, progress=stop)
    with pytest.raises(FilterError):
        shop.export(path, where="colur=red")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KB."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mounted)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        pytest.skip("no mount here")
    if done.returncode:
        pytest.skip("this user may not mount a small disk")
    yield mounted
    subprocess.run(["umount", str(mounted)], check=True)


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "csv"])
def test_a_full_disk_is_one_line_and_leaves_nothing(kind: str, small_disk: Path) -> None:
    shop = many(200)
    with pytest.raises(LookalikeError, match=r"cannot write the export .*the disk is full") as caught:
        shop.export(small_disk / f"all.{kind}", 50)
    assert "\n" not in str(caught.value)
    assert list(small_disk.iterdir()) == []


def test_a_file_is_for_all_to_read_and_takes_its_place_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    with whole(path, "file") as file:
        file.write(b"all")
        assert not path.exists()
    assert path.read_bytes() == b"all"
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_command_writes_what_it_says(
    shared_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.jsonl"
    words = ["lookalike", "export", "--store", str(shared_store), "--out", str(path), "-k", "3", "--json"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    said = json.loads(capsys.readouterr().out)
    assert said == {"path": str(path), "products": 24, "rows": 72, "unanswered": 0}
    assert len(path.read_text().splitlines()) == 72
