"""A file in, rows out: whatever the separator, the encoding and the damage."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.catalogue import delimited, records, text_files
from lookalike.catalogue.readers import open_table
from lookalike.catalogue.tables import AS_IT_IS, Row, Shape, flatten
from lookalike.errors import CatalogueError

Write = Callable[[str, str | bytes], Path]

any_file = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows(path: Path, *, spill: str = "") -> list[Row]:
    return list(open_table(path).read(Shape(spill)))


def problems(path: Path) -> dict[int, str]:
    return {row.line: row.problem for row in rows(path) if row.problem}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_told_from_the_header(write: Write, separator: str) -> None:
    path = write("shop.csv", separator.join("abc") + "\n" + separator.join("123"))
    assert rows(path) == [Row(2, {"a": "1", "b": "2", "c": "3"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_is_told_from_the_first_bytes(write: Write, encoding: str) -> None:
    path = write("shop.csv", "id,größe\n1,Übergröße\n".encode(encoding))
    assert rows(path) == [Row(2, {"id": "1", "größe": "Übergröße"})]


def test_a_row_with_bytes_that_do_not_decode_is_a_problem_and_the_others_are_read(write: Write) -> None:
    path = write("shop.csv", "id,title\n1,Größe\n".encode() + b"2,Gr\xfc\xdfe\n" + "3,Maß\n".encode())
    assert [row.cells.get("id") for row in rows(path)] == ["1", None, "3"]
    assert "UTF-8" in problems(path)[3]


def test_what_cannot_be_decoded_does_not_taint_the_rows_after_it(write: Write) -> None:
    path = write("shop.csv", "id,title\n1,Größe\n".encode() + b"\xff\n\xff\n\n2,ok\n")
    assert list(problems(path)) == [3, 4]


def test_lines_may_end_as_on_any_system(write: Write) -> None:
    for end in ("\n", "\r\n", "\r"):
        found = rows(write("shop.csv", f"a,b{end}1,2{end}3,4{end}"))
        assert [(row.line, row.cells["a"]) for row in found] == [(2, "1"), (3, "3")]


def test_a_row_is_named_by_the_line_that_it_begins_on(write: Write) -> None:
    path = write("shop.csv", '\nid,text\r\n\r\n1,"two\nlines"\n\n2,one\n')
    assert [(row.line, row.cells["text"]) for row in rows(path)] == [(4, "two\nlines"), (7, "one")]


def test_a_row_too_short_or_too_long_says_how_many_columns_it_has(write: Write) -> None:
    path = write("shop.csv", "a,b,c\n1,2\n1,2,3,4\n1,2,3\n")
    assert problems(path)[2] == "has 2 of 3 columns"
    assert problems(path)[3].startswith("has 4 cells for 3 columns")
    assert rows(path)[2].cells == {"a": "1", "b": "2", "c": "3"}


def test_empty_cells_past_the_last_column_are_no_problem(write: Write) -> None:
    assert rows(write("shop.csv", "a,b\n1,2,,\n")) == [Row(2, {"a": "1", "b": "2"})]


def test_unquoted_commas_spill_into_the_last_column_only_where_the_format_says_so(write: Write) -> None:
    path = write("shop.csv", "id,title\n1,Red, warm, soft\n")
    assert rows(path, spill="title") == [Row(2, {"id": "1", "title": "Red, warm, soft"})]
    assert rows(path, spill="id")[0].problem


def test_a_quote_left_open_loses_its_row_with_a_hint_not_the_table(write: Write) -> None:
    body = "".join(f"{n},x\n" for n in range(200))
    assert "is a quote left open?" in problems(write("shop.csv", f'a,b\n"1,x\n{body}'))[2]


def test_an_endless_cell_is_a_problem_and_the_rows_after_it_are_read(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "LONGEST", 1_000)
    path = write("shop.csv", f"a,b\n1,{'x' * 5_000}\n2,y\n")
    assert [(row.line, bool(row.problem)) for row in rows(path)] == [(2, True), (3, False)]


def test_the_longest_cell_that_is_taken_has_ten_million_characters(write: Write) -> None:
    path = write("shop.csv", f"a,b\n1,{'x' * 200_000}\n2,{'y' * 10_000_001}\n3,z\n")
    assert [(row.line, bool(row.problem)) for row in rows(path)] == [(2, False), (3, True), (4, False)]


def test_nul_bytes_are_read_like_any_character(write: Write) -> None:
    assert rows(write("shop.csv", b"a,b\n1,x\x00y\n"))[0].cells["b"] == "x\x00y"


def test_two_columns_of_one_name_are_an_error_that_names_it(write: Write) -> None:
    with pytest.raises(CatalogueError, match="two columns named 'size'"):
        open_table(write("shop.csv", "id,size,size\n"))


def test_nameless_columns_are_left_out(write: Write) -> None:
    assert rows(write("shop.csv", ",id,\n0,7,\n")) == [Row(2, {"id": "7"})]


def test_a_header_alone_is_an_empty_table(write: Write) -> None:
    assert rows(write("shop.csv", "id,title\n")) == []
    assert rows(write("shop.json", "[]")) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("shop.csv", b"", "is empty"),
        ("shop.csv", b"\n\n  \n", "is empty"),
        ("shop.jsonl", b"", "is empty"),
        ("shop.jsonl", b"\n\n", "is empty"),
        ("shop.jsonl", b"id,title\n1,Coat\n", "holds no records: line 1"),
        (
            "shop.json",
            b'{"id": 1}',
            "not a JSON array of objects: no list under products",
        ),
        ("shop.json", b'[{"id": 1}, {"id": ', "not a JSON array of objects: line 1"),
        ("shop.json", b'[{"id": 1}', "ends at line 1"),
        ("shop.parquet", b"PAR1 but not really", "not a Parquet file"),
        ("shop.csv.gz", b"id,title\n", "cannot read"),
        ("shop.xlsx", b"PK", "no known kind"),
        ("shop.gz", b"PK", "no known kind"),
    ],
)
def test_what_is_no_table_at_all_is_one_clear_line(write: Write, name: str, content: bytes, message: str) -> None:
    path = write(name, content)
    with pytest.raises(CatalogueError, match=message) as caught:
        rows(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_missing_or_has_no_pictures_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no catalogue at"):
        open_table(tmp_path / "none.csv")
    with pytest.raises(CatalogueError, match="no pictures in"):
        open_table(tmp_path)


def test_gzipped_files_are_read_and_broken_ones_are_an_error(write: Write) -> None:
    packed = gzip.compress(b"id,title\n1,Coat\n")
    assert rows(write("shop.csv.gz", packed)) == [Row(2, {"id": "1", "title": "Coat"})]
    assert rows(write("shop.jsonl.gz", gzip.compress(b'{"id": 1}'))) == [Row(1, {"id": 1})]
    with pytest.raises(CatalogueError, match="cannot read"):
        rows(write("cut.csv.gz", packed[:-9]))


def test_a_bad_line_of_json_is_a_problem_and_the_others_are_read(write: Write) -> None:
    broken = b'{"id": 1}\n{"id": \n\n[1, 2]\n{"id": "\\ud800"}\n{"id": "\xff"}\n{"id": 2}\n'
    path = write("shop.jsonl", broken + '{"id": "Größe"}'.encode())
    assert [row.cells.get("id") for row in rows(path)] == [1, None, None, None, None, 2, "Größe"]
    found = problems(path)
    assert found[2].startswith("not JSON")
    assert found[4] == "not a JSON object but list"
    assert "Unicode" in found[5]
    assert "UTF-8" in found[6]


def test_json_nested_too_deep_is_a_problem_not_a_crash(write: Write) -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    path = write("shop.jsonl", f'{{"id": 1}}\n{deep}\n{{"id": 2}}\n')
    assert list(problems(path)) == [2]


def test_an_array_of_objects_is_read_in_pieces_with_its_lines(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "CHUNK", 7)
    path = write("shop.json", '\n[\n {"id": 1,\n  "text": "a long one"},\n\n {"id": 2}, 3\n]\n')
    assert [(row.line, row.cells.get("id")) for row in rows(path)] == [(3, 1), (6, 2), (6, None)]
    assert problems(path)[6] == "not a JSON object but int"


def test_nested_records_become_columns_with_dots() -> None:
    record = {
        "id": 7,
        "price": {"amount": 9.5, "currency": "EUR"},
        "tags": ["a", 2, None, True],
        "images": [{"src": "1.jpg", "alt": None}, {"src": "2.jpg"}],
        "none": None,
        "empty": "",
        "nan": float("nan"),
        "listed": [[1, 2]],
        "huge": 10**30,
    }
    assert flatten(record) == {
        "id": 7,
        "price.amount": 9.5,
        "price.currency": "EUR",
        "tags": ("a", "2", "true"),
        "images.src": ("1.jpg", "2.jpg"),
        "listed": ("[1, 2]",),
        "huge": "1" + "0" * 30,
    }


def test_parquet_keeps_its_types_and_counts_rows(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pa.table(
        {
            "id": ["1", "2"],
            "price": [9.5, None],
            "stock": [3, 0],
            "new": [True, False],
            "images": [["a.jpg", "b.jpg"], []],
            "since": pa.array([datetime.datetime(2026, 1, 2), None], pa.timestamp("ns")),
            "picture": [b"\xff\xd8", b""],
            "size": [{"eu": 42}, None],
        }
    )
    pq.write_table(table, tmp_path / "shop.parquet")
    read = open_table(tmp_path / "shop.parquet")
    assert read.columns == ("id", "price", "stock", "new", "images", "since", "size.eu")
    first, second = read.read(AS_IT_IS)
    assert (first.line, second.line) == (1, 2)
    assert first.cells.pop("since").startswith("2026-01-02")  # type: ignore[union-attr]
    pictures = ("a.jpg", "b.jpg")
    assert first.cells == {"id": "1", "price": 9.5, "stock": 3, "new": True, "images": pictures, "size.eu": 42}
    assert second.cells == {"id": "2", "stock": 0, "new": False}


def test_a_folder_gives_its_pictures_sorted_with_ids_of_their_own(write: Write, tmp_path: Path) -> None:
    for name in (
        "b.jpg",
        "Women/red_dress-01.PNG",
        "Women/red_dress-01.jpg",
        "Women/notes.txt",
        ".x.jpg",
        ".git/y.jpg",
    ):
        write(name, b"x")
    found = rows(tmp_path)
    assert [row.cells["id"] for row in found] == ["b", "Women/red_dress-01", "Women/red_dress-01.jpg"]
    assert found[1].cells["title"] == "red dress 01"
    assert found[1].cells["category"] == "Women"
    assert found[1].cells["image"] == (str(tmp_path / "Women" / "red_dress-01.PNG"),)


@pytest.mark.parametrize("name", ["shop.csv", "shop.jsonl", "shop.json", "shop.parquet", "shop.csv.gz"])
@any_file
@given(content=st.binary(max_size=300))
def test_arbitrary_bytes_are_rows_or_a_catalogue_error_and_never_crash(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    try:
        found = rows(path)
    except CatalogueError as error:
        assert "\n" not in str(error)
    else:
        assert all(row.line >= 1 for row in found)


cells = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@any_file
@given(table=st.lists(st.lists(cells, min_size=3, max_size=3), max_size=8))
def test_what_is_written_as_csv_is_read_back_in_the_same_order(tmp_path: Path, table: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["a", "b", "c"], *table])
    path = tmp_path / "shop.csv"
    path.write_bytes(text.getvalue().encode())
    assert [list(row.cells.values()) for row in rows(path)] == table


@any_file
@given(table=st.lists(st.dictionaries(st.sampled_from("abc"), cells, min_size=1), min_size=1, max_size=8))
def test_what_is_written_as_json_is_read_back_in_the_same_order(
    tmp_path: Path, table: list[dict[str, str]]
) -> None:
    lines, array = tmp_path / "shop.jsonl", tmp_path / "shop.json"
    lines.write_text("\n".join(map(json.dumps, table)))
    array.write_text(json.dumps(table, indent=1))
    assert [row.cells for row in rows(lines)] == [row.cells for row in rows(array)] == table


def test_a_table_is_read_again_from_its_beginning(write: Write) -> None:
    table = open_table(write("shop.csv", "a,b\n1,2\n"))
    assert list(table.read(AS_IT_IS)) == list(table.read(AS_IT_IS))
    assert delimited.SEPARATORS[0] == ","  # the one taken where a header has none
