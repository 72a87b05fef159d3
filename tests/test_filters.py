"""Filters: what people write is read once, and memory and disk agree on what it means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.errors import FilterError
from lookalike.filters import read, written
from lookalike.store.filtering import mask, resolve, sql
from lookalike.store.lance import LanceStore
from lookalike.store.memory import MemoryStore
from lookalike.store.rows import Header
from lookalike.testing.builders import header, product, query, rows
from lookalike.testing.contracts import COLUMNS
from lookalike.types import Condition, Filter, Product

TEXTS = st.one_of(
    st.sampled_from(
        ["", "Red", "red", "it's", '"', "`", "\\", "--", "' OR 1=1", "é", "%", "_", "null", "NULL", "a,b"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=5),
)
NUMBERS = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, -3.0, 10.0, 1e300]), st.floats(-100, 100).map(lambda x: x + 0.0)
)
INTEGERS = st.one_of(st.integers(-3, 3), st.sampled_from([2**53 + 1, 2**53, -(2**63) + 1, 2**63 - 1]))
PRODUCTS = st.builds(
    lambda price, stock, colour, categories, attributes: product(
        "P",
        price=price,
        in_stock=stock,
        colour=colour,
        categories=tuple(categories),
        attributes={k: tuple(v) if isinstance(v, list) else v for k, v in attributes.items() if v is not None},
    ),
    st.none() | NUMBERS,
    st.none() | st.booleans(),
    TEXTS,
    st.lists(TEXTS, max_size=3),
    st.fixed_dictionaries(
        {
            "size": st.none() | TEXTS,
            "Fabric weight (g)": st.none() | INTEGERS,
            "rating": st.none() | NUMBERS,
            "new": st.none() | st.booleans(),
            "tags": st.none() | st.lists(TEXTS, max_size=3),
        }
    ),
)


def conditions(column: str, values: st.SearchStrategy[Any], operators: str) -> st.SearchStrategy[Condition]:
    one = st.builds(Condition, st.just(column), st.sampled_from(operators.split()), values)
    several = st.builds(
        Condition,
        st.just(column),
        st.sampled_from(["in", "ne"]),
        st.lists(values.map(str), min_size=1, max_size=3).map(tuple),
    )
    return one | several | st.builds(Condition, st.just(column), st.just("exists"), st.booleans())


ORDER = "eq ne lt le gt ge"
PLAIN = st.lists(
    st.one_of(
        conditions("price", NUMBERS, ORDER),
        conditions("rating", NUMBERS, ORDER),
        conditions("Fabric weight (g)", INTEGERS | NUMBERS, ORDER),
        conditions("colour", TEXTS, "eq ne"),
        conditions("size", TEXTS, "eq ne"),
        conditions("in_stock", st.booleans(), "eq ne"),
        conditions("new", st.booleans(), "eq ne"),
        conditions("tags", TEXTS, "eq ne"),
        conditions("category", TEXTS, "eq ne"),
    ),
    min_size=1,
    max_size=3,
).map(lambda found: Filter(tuple(found)))
FILTERS = PLAIN | st.builds(
    lambda one, barred: Filter(one.conditions, tuple(barred)), PLAIN, st.lists(PLAIN, max_size=2)
)


@pytest.fixture(scope="module")
def known() -> Header:
    return header(dims={"text": 2}, columns=COLUMNS)


@pytest.fixture(scope="module")
def on_disk(known: Header, tmp_path_factory: pytest.TempPathFactory) -> LanceStore:
    return LanceStore.create(str(tmp_path_factory.mktemp("laws") / "store"), known, {}, mirror_limit=0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shelf=st.lists(PRODUCTS, min_size=1, max_size=6), wheres=st.lists(FILTERS, min_size=6, max_size=12))
def test_memory_and_disk_let_the_same_rows_pass(
    known: Header, on_disk: LanceStore, shelf: list[Product], wheres: list[Filter]
) -> None:
    numbered = [product(f"P{n}", **_facts(p)) for n, p in enumerate(shelf)]
    in_memory = MemoryStore(known)
    in_memory.put(rows(known, numbered))
    on_disk.delete(on_disk.ids(limit=0))
    on_disk.put(rows(known, numbered))
    asked = query(known, "", text="t")
    for where in wheres:
        mine, theirs = (s.nearest(asked, k=9, where=where) for s in (in_memory, on_disk))
        assert sorted(mine.ids) == sorted(theirs.ids), where


def _facts(p: Product) -> dict[str, Any]:
    names = ("price", "in_stock", "colour", "categories", "attributes")
    return {name: getattr(p, name) for name in names}


@settings(max_examples=50, deadline=None)
@given(shelf=st.lists(PRODUCTS, min_size=1, max_size=6), one=FILTERS, other=FILTERS)
def test_two_filters_together_pass_what_both_pass(shelf: list[Product], one: Filter, other: Filter) -> None:
    known = header(dims={"text": 2}, columns=COLUMNS)
    table = rows(known, [product(f"P{n}", **_facts(p)) for n, p in enumerate(shelf)])
    alone = [mask(resolve(f, known), table) for f in (one, other)]
    assert (mask(resolve(one & other, known), table) == (alone[0] & alone[1])).all()
    assert (mask(resolve(Filter(none_of=(one, other)), known), table) == ~(alone[0] | alone[1])).all()


@given(TEXTS)
def test_a_value_never_leaves_its_quotes(text: str) -> None:
    expression = sql(resolve(Filter((Condition("colour", "eq", text),)), header()))
    inside = expression.removeprefix("(`colour` IN ('").removesuffix("'))")
    assert expression == f"(`colour` IN ('{inside}'))"
    assert "'" not in inside.replace("''", "")


PIECES = [
    "price",
    "colour",
    "id",
    "`",
    "'",
    '"',
    "\\",
    ";",
    "--",
    "/*",
    "(",
    ")",
    "=",
    "!=",
    "<",
    ">=",
    "!",
    ",",
    " ",
]
PIECES += [
    " OR ",
    " AND ",
    "1=1",
    "NULL",
    "true",
    "DROP TABLE views",
    "_rowid",
    "array_has",
    "%",
    "é",
    "0",
    "\x00",
    "\n",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(term=st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join))
def test_a_hostile_term_is_refused_in_words_or_means_the_same_in_memory_and_on_disk(
    known: Header, on_disk: LanceStore, term: str
) -> None:
    shelf = [product("P0", colour="'", price=1.0), product("P1", colour="--"), product("id", colour=" OR 1=1")]
    in_memory = MemoryStore(known)
    in_memory.put(rows(known, shelf))
    if on_disk.ids(limit=0) != ["P0", "P1", "id"]:
        on_disk.delete(on_disk.ids(limit=0))
        on_disk.put(rows(known, shelf))
    answers = []
    for store in (in_memory, on_disk):
        for where in (term, {"colour": term}, {term: "Red"}, {"id": {"ne": term}}):
            try:
                found = store.nearest(query(known, "", text="t"), k=9, where=read(where))
                answers.append(sorted(found.ids))
            except FilterError as error:
                assert "\n" not in str(error)
                answers.append([])
    assert answers[:4] == answers[4:]
    assert on_disk.ids(limit=0) == ["P0", "P1", "id"]


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        ("gender=Women", Condition("gender", "eq", "Women")),
        ("price < 50", Condition("price", "lt", "50")),
        ("price<=50", Condition("price", "le", "50")),
        ("price>=50", Condition("price", "ge", "50")),
        ("brand!=Acme", Condition("brand", "ne", "Acme")),
        ("colour=Red, Navy,", Condition("colour", "in", ("Red", "Navy"))),
        ("in_stock", Condition("in_stock", "eq", True)),
        ("!in_stock", Condition("in_stock", "eq", False)),
        ("note=a=b<c", Condition("note", "eq", "a=b<c")),
        ("Fabric weight (g)=3", Condition("Fabric weight (g)", "eq", "3")),
        ({"price": {"lt": 50}}, Condition("price", "lt", 50)),
        ({"in_stock": True}, Condition("in_stock", "eq", True)),
        ({"colour": ["Red", "Navy"]}, Condition("colour", "in", ("Red", "Navy"))),
    ],
    ids=str,
)
def test_both_spellings_are_read(where: Any, meant: Condition) -> None:
    assert read(where) == Filter((meant,))


@given(PLAIN)
def test_a_filter_that_is_written_down_is_read_back(where: Filter) -> None:
    assert read(written(where)) == where


def test_terms_and_mappings_may_stand_in_one_list() -> None:
    assert read([{"price": {"lt": 50}}, "in_stock"]) == read({"price": {"lt": 50}, "in_stock": True})


def test_several_terms_must_all_hold() -> None:
    assert len(read(["price<50", "in_stock"]).conditions) == 2
    assert len(read({"price": {"lt": 50, "gt": 5}, "colour": "Red"}).conditions) == 3


def test_what_is_read_is_read_the_same_again() -> None:
    once = read(["price<50", "in_stock"])
    assert read(once) is once
    assert not read(None)
    assert not read({})


@pytest.mark.parametrize(
    "where",
    [
        "",
        "=Red",
        "price<",
        "a,b",
        "<5",
        {"price": {"under": 5}},
        {"price": None},
        5,
        [5],
        [{"price": None}],
        [None],
    ],
    ids=str,
)
def test_what_is_no_filter_is_an_error_that_shows_it(where: Any) -> None:
    with pytest.raises(FilterError, match="filter") as caught:
        read(where)
    assert "\n" not in str(caught.value)
