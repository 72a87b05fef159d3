"""One pass that counts, types and samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.catalogue import ColumnType, open_catalogue, survey, typed
from lookalike.catalogue.survey import REJECTS_KEPT, type_of, wider
from lookalike.errors import CatalogueError
from lookalike.types import Product, Reject, Value

TYPES: tuple[ColumnType, ...] = ("text", "number", "integer", "boolean", "texts")

cell_values = st.one_of(
    st.sampled_from(["12", "0012", "7.5", "-3", "XL", "yes", "False", "1e5", "-0", "9" * 30, "12 "]),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(max_size=5),
    st.lists(st.text(max_size=3), max_size=3).map(tuple),
)


def of(*cells: Value) -> list[Product]:
    return [Product(str(n), attributes={"size": cell}) for n, cell in enumerate(cells)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("1", "20"), "integer"),
        (("1", "2.5"), "number"),
        ((1, 2.5), "number"),
        (("0012", "12"), "text"),
        (("38", "XL"), "text"),
        (("1E5", "12"), "text"),
        (("+5", "5"), "text"),
        (("1,299", "12"), "text"),
        (("yes", "No", "TRUE"), "boolean"),
        (("1", "0"), "integer"),
        ((True, "no"), "boolean"),
        ((True, 1), "text"),
        (("yes", "maybe"), "text"),
        (("a", ("a", "b")), "texts"),
        ((("a",), "12"), "texts"),
        (("9" * 19,), "text"),
        ((10**30,), "text"),
    ],
)
def test_a_columns_type_is_the_narrowest_that_takes_all_its_cells(
    cells: tuple[Value, ...], expected: ColumnType
) -> None:
    for order in permutations(cells):
        assert survey(of(*order)).columns == {"size": expected}


@given(st.lists(cell_values, min_size=1, max_size=6), st.randoms())
def test_the_order_of_the_rows_does_not_change_a_columns_type(cells: list[Value], shuffle: object) -> None:
    mixed = list(cells)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    assert survey(of(*cells)).columns == survey(of(*mixed)).columns


@given(st.lists(cell_values, min_size=1, max_size=6))
def test_every_cell_that_was_surveyed_fits_its_column_and_fits_again(cells: list[Value]) -> None:
    products = of(*cells)
    columns = survey(products).columns
    once = [typed(product, columns) for product in products]
    assert [typed(product, columns) for product in once] == once
    if columns:
        python = {"text": str, "number": float, "integer": int, "boolean": bool, "texts": tuple}[columns["size"]]
        assert all(type(product.attributes["size"]) is python for product in once)


@given(st.sampled_from(TYPES), st.sampled_from(TYPES), st.sampled_from(TYPES))
def test_types_widen_alike_in_any_order(one: ColumnType, two: ColumnType, three: ColumnType) -> None:
    assert wider(one, two) == wider(two, one)
    assert wider(wider(one, two), three) == wider(one, wider(two, three))
    assert wider(one, one) == one


def test_a_cell_that_does_not_fit_is_named_with_its_column() -> None:
    product = Product("1", attributes={"size": "XL"})
    for kind in ("integer", "number", "boolean"):
        with pytest.raises(ValueError, match=r"column 'size' holds .*, and 'XL' is none"):
            typed(product, {"size": kind})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="size"):
        typed(Product("1", attributes={"size": 2.5}), {"size": "integer"})


def test_an_integer_fits_numbers_and_anything_fits_text() -> None:
    product = Product("1", attributes={"a": "12", "b": 12, "c": True, "d": ("x", "y"), "e": "x", "f": 3.0})
    columns: dict[str, ColumnType] = {"a": "number", "b": "text", "c": "text", "d": "text", "e": "texts"}
    assert typed(product, columns | {"f": "integer"}).attributes == {
        "a": 12.0,
        "b": "12",
        "c": "true",
        "d": "x|y",
        "e": ("x",),
        "f": 3,
    }


def test_attributes_of_no_column_stay_as_they_are() -> None:
    product = Product("1", attributes={"new": "12"})
    assert typed(product, {}) == product
    assert type_of("12") == "integer"


def test_products_groups_pictures_and_rejects_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    path = tmp_path / "feed.csv"
    path.write_text(
        "id,group,image\n1,G,a.jpg\n2,G,a.jpg|gone.jpg\n3,,https://x.test/3.jpg\n4,,gone.jpg\n3,,a.jpg\n"
    )
    found = survey(open_catalogue(path))
    assert (found.products, found.groups, found.images) == (3, 2, 3)
    assert (found.reject_count, found.skipped_pictures) == (2, 1)
    assert [reject.line for reject in found.rejects] == [5, 6]
    assert [product.id for product in found.sample] == ["1", "2", "3"]


def test_only_the_first_thousand_rejects_are_kept() -> None:
    found = survey(Reject(line, "", "no id") for line in range(1_500))
    assert (found.reject_count, len(found.rejects), found.rejects[-1].line) == (1_500, REJECTS_KEPT, 999)


def test_the_sample_is_uniform_and_the_same_for_the_same_seed() -> None:
    products = of(*range(20))
    assert survey(products, sample=5, seed=1).sample == survey(products, sample=5, seed=1).sample
    drawn = Counter(p.id for seed in range(2_000) for p in survey(products, sample=5, seed=seed).sample)
    assert len(drawn) == 20
    assert all(400 < times < 600 for times in drawn.values())  # 500 expected, with a standard deviation of 19


def test_the_sample_is_never_larger_than_asked_for() -> None:
    assert len(survey(of(*range(20)), sample=5).sample) == 5
    assert survey(of(*range(3)), sample=0).sample == []


def test_a_table_of_endless_columns_is_an_error() -> None:
    def wide() -> Iterator[Product]:
        for n in range(1_100):
            yield Product(str(n), attributes={f"column {n}": "x"})

    with pytest.raises(CatalogueError, match="more than 1,000 attributes"):
        survey(wide())


def test_a_survey_reads_its_catalogue_once(tmp_path: Path) -> None:
    reads: list[Callable[[], None]] = []

    def once() -> Iterator[Product]:
        assert not reads
        reads.append(lambda: None)
        yield from of("1")

    assert survey(once()).products == 1
