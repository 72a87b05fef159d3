"""Rules: read with clear errors, written back, obeyed each by its kind, and read again when the file changes."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lookalike
from lookalike.errors import RuleError
from lookalike.filters import read
from lookalike.models.encoder import Encoder
from lookalike.recommend.planning import plan
from lookalike.recommend.recommender import Recommender
from lookalike.recommend.rules import KINDS, Rules
from lookalike.store.filtering import mask, resolve
from lookalike.store.memory import MemoryStore
from lookalike.store.rows import facts_table
from lookalike.testing.builders import header, product, rows
from lookalike.types import Filter, Match, Product

HEADER = header(columns={"season": "text", "tags": "texts", "margin": "number"}, aliases={"gender": "audience"})
HIDE = {"name": "h", "hide": True, "where": "!in_stock"}

# -- reading and writing ----------------------------------------------------------------------------

EVERY_KIND: list[dict[str, Any]] = [
    {"name": "season first", "boost": 1.3, "where": {"season": "SS26"}, "when": "gender=Women", "on": "similar"},
    {"name": "sale last", "bury": 0.5, "where": ["tags=sale", "price<10"]},
    {"name": "campaign", "pin": ["P1", "P2"], "position": 2, "where": "in_stock"},
    HIDE,
    {"name": "two of a brand", "at_most": 2, "per": "brand"},
    {"name": "one department", "same": "category", "level": 1, "on": ["similar", "search"]},
    {"name": "other brands", "other": "brand"},
]


def test_rules_of_every_kind_are_read_and_written_back() -> None:
    rules = Rules.of({"rules": EVERY_KIND}, header=HEADER)
    assert {rule.kind for rule in rules} == set(KINDS)
    assert Rules.of(json.loads(json.dumps(rules.to_mapping())), header=HEADER) == rules
    assert Rules.from_toml(rules.to_toml(), header=HEADER) == rules
    assert Rules.of(EVERY_KIND) == rules
    assert Rules.from_toml(Rules().to_toml()) == Rules.of([]) == Rules.from_toml("") == Rules()


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
    lambda s: s.isprintable() and s.strip()
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
WHERES = st.dictionaries(
    NAMES,
    WORDS
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(WORDS, min_size=1, max_size=3)
    | st.dictionaries(st.sampled_from(["ne", "lt", "ge"]), WORDS | st.integers(-9, 9), min_size=1),
    min_size=1,
    max_size=3,
)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"name": NAMES, "boost": st.floats(1.01, 100), "where": WHERES}, optional={"when": WHERES}
        )
        | st.fixed_dictionaries({"name": NAMES, "pin": st.lists(NAMES, min_size=1), "position": st.integers(1, 9)})
        | st.fixed_dictionaries({"name": NAMES, "at_most": st.integers(1, 9), "per": NAMES}),
        max_size=4,
        unique_by=lambda rule: rule["name"],
    )
)
def test_whatever_is_written_is_read_back(wish: list[dict[str, Any]]) -> None:
    rules = Rules.of(wish)
    assert Rules.from_toml(rules.to_toml()) == rules
    assert Rules.of(rules.to_mapping()) == rules


WRONG: list[tuple[Any, str]] = [
    ("boost", "rules are a list of tables, not 'boost'"),
    ({"rule": []}, "'rule' is not understood"),
    ([5], "rule 1: a rule is a table of fields, not 5"),
    ([{"hide": True, "where": "in_stock"}], "rule 1: has no name"),
    ([{**HIDE, "name": "two\nlines"}], "has no name in one line"),
    ([HIDE, HIDE], "rule 'h': an earlier rule has the same name"),
    ([{"name": "h"}], "rule 'h': does nothing: give it one of boost, bury"),
    ([{**HIDE, "boost": 2}], "is boost and hide at once"),
    ([{**HIDE, "position": 2}], "hide does not take 'position'"),
    ([{**HIDE, "hide": False}], "hide is False"),
    ([{"name": "h", "hide": True}], "hide has no where"),
    ([{"name": "b", "boost": 2}], "boost has no where"),
    *(
        ([{"name": "b", "boost": n, "where": "in_stock"}], "boost is")
        for n in (1, 0.5, 101, "2", True, float("nan"))
    ),
    *(([{"name": "b", "bury": n, "where": "in_stock"}], "bury is") for n in (1, 0, 2, -1, None)),
    *(([{"name": "p", "pin": ids}], "pin is") for ids in ([], "", [5], 5, [""])),
    ([{"name": "p", "pin": "A", "position": 0}], "position is 0: use a whole number from 1"),
    ([{"name": "m", "at_most": 0, "per": "brand"}], "at_most is 0"),
    ([{"name": "m", "at_most": 2}], "has no 'per'"),
    ([{"name": "m", "at_most": 2, "per": 5}], "per is 5"),
    ([{"name": "s", "same": "brand", "level": 2}], "level is for a category"),
    ([{**HIDE, "on": "map"}], "on is 'map': use similar or search or look"),
    ([{**HIDE, "where": "price<"}], "rule 'h': where: filter 'price<' has no value"),
    ([{**HIDE, "when": {"price": {"under": 5}}}], "when: filter on 'price' has operator 'under'"),
]
WRONG_FOR_THE_STORE: list[tuple[Any, str]] = [
    ([{**HIDE, "where": "colur=red"}], "rule 'h': where: no column 'colur'.*colour"),
    ([{**HIDE, "when": "price<cheap"}], "when: price is a number: 'cheap' is none"),
    ([{"name": "m", "at_most": 2, "per": "brnd"}], "rule 'm': per: no column 'brnd'.*brand"),
    ([{"name": "s", "same": "departement"}], "rule 's': same: no column"),
]


@pytest.mark.parametrize(("wish", "words"), WRONG + WRONG_FOR_THE_STORE, ids=lambda x: str(x)[:60])
def test_what_is_wrong_with_a_rule_is_said_with_its_name_and_field(wish: Any, words: str) -> None:
    with pytest.raises(RuleError, match=words) as caught:
        Rules.of(wish, header=HEADER)
    assert "\n" not in str(caught.value)


def test_a_column_is_only_known_beside_a_store() -> None:
    for wish, _ in WRONG_FOR_THE_STORE:
        assert len(Rules.of(wish)) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rules]\n", "my.toml is not TOML.*line 1"),
        (
            '# all ours\n\n[[rules]]\nname = "a"\nhide = true\nwhere = "x"\n\n'
            '[[rules]]\nname = "b"\nboost = 0.5\nwhere = "x"',
            "my.toml, line 10, rule 'b': boost",
        ),
        ('[[rules]]\nname = "a"\nhide = true', "my.toml, line 3, rule 'a': hide has no where"),
        ('[[rules]]\nname = "a"\nboost = 2\n[rules.where]\nprice = { under = 5 }', "line 4, rule 'a': where"),
        ('[[rules]]\nboost = 2\n', "line 1, rule 1: has no name"),
        ('[[rule]]\nname = "a"', "line 1, 'rule' is not understood"),
    ],
)  # fmt: skip
def test_an_error_in_a_file_names_the_line(text: str, words: str) -> None:
    with pytest.raises(RuleError, match=words):
        Rules.from_toml(text, source="my.toml")


def test_rules_are_written_in_one_step_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    Rules.of(EVERY_KIND).write(path)
    assert Rules.from_file(path) == Rules.of(EVERY_KIND)
    assert [p.name for p in tmp_path.iterdir()] == ["rules.toml"]
    with pytest.raises(RuleError, match="cannot write the rules"):
        Rules().write(tmp_path / "nowhere" / "rules.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(RuleError, match=r"cannot write the rules .*folder\.toml"):
        Rules().write(tmp_path / "folder.toml")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.toml", "rules.toml"]


# -- each kind is honoured --------------------------------------------------------------------------


def shop_of(*products: Product, rules: Any = ()) -> Recommender:
    store = MemoryStore(HEADER)
    store.put(rows(HEADER, products))
    return Recommender(store, encoder=Encoder(HEADER.recipe), name="small", rules=Rules.of(rules, header=HEADER))


def passing(where: Filter, products: list[Product]) -> set[str]:
    """Ids of those that pass, by the filter's own oracle."""
    allowed = mask(resolve(where, HEADER), facts_table(HEADER, products))
    return {p.id for p, ok in zip(products, allowed, strict=True) if ok}


def ids(matches: list[Match]) -> list[str]:
    return [m.product.id for m in matches]


SHELVES = st.lists(
    st.builds(
        dict,
        brand=st.sampled_from(["", "A", "B", "C"]),
        category=st.sampled_from(["", "Men/Tops", "Men/Shoes", "Women/Tops"]),
        in_stock=st.sampled_from([True, False, None]),
        price=st.sampled_from([None, 5.0, 50.0]),
        picture=st.sampled_from(["", "x.jpg", "y.jpg"]),
        group=st.sampled_from(["", "", "G"]),
    ),
    min_size=2,
    max_size=30,
).map(
    lambda found: [
        product(
            f"P{n}",
            brand=f["brand"],
            category=f["category"],
            categories=tuple({f["category"].split("/")[0], f["category"]} - {""}),
            in_stock=f["in_stock"],
            price=f["price"],
            group=f["group"],
            images=(f["picture"] or f"{n}.jpg",),
        )
        for n, f in enumerate(found)
    ]
)
CANDIDATES = st.sampled_from(
    ["brand=A", "price<20", "in_stock", "category=Men", {"brand": ["A", "B"], "price": {"ge": 9}}]
)
COLUMNS = st.sampled_from(["brand", "category"])
RULES = st.lists(
    st.one_of(
        st.builds(lambda n, w: {"boost": n, "where": w}, st.sampled_from([1.1, 2.0, 50.0]), CANDIDATES),
        st.builds(lambda n, w: {"bury": n, "where": w}, st.sampled_from([0.02, 0.5, 0.9]), CANDIDATES),
        st.builds(lambda w: {"hide": True, "where": w}, CANDIDATES),
        st.builds(lambda n, c: {"at_most": n, "per": c}, st.integers(1, 3), COLUMNS),
        st.builds(lambda c: {"same": c}, COLUMNS),
        st.builds(lambda c: {"other": c}, COLUMNS),
        st.builds(
            lambda i, p: {"pin": i, "position": p},
            st.lists(st.sampled_from(["P1", "P2", "P3", "nobody"]), min_size=1, max_size=2),
            st.integers(1, 5),
        ),
    ),
    max_size=4,
).map(lambda found: [{"name": f"r{n}", **rule} for n, rule in enumerate(found)])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    shelf=SHELVES, wish=RULES, k=st.integers(1, 12), by_group=st.booleans(), variety=st.sampled_from([0.0, 0.5])
)
def test_nothing_is_invented_and_every_rule_and_filter_holds(
    shelf: list[Product], wish: list[dict[str, Any]], k: int, by_group: bool, variety: float
) -> None:
    shop, asked = shop_of(*shelf, rules=wish), shelf[0]
    options: dict[str, Any] = {"k": k, "by_group": by_group, "variety": variety, "where": "price"}
    found = shop.similar("P0", **options)
    assert found == shop.similar("P0", **options)
    shown = ids(found)
    assert len(set(shown)) == len(shown) <= k
    assert asked.id not in shown
    assert set(shown) <= passing(read("price"), shelf)
    placed = {
        m.product.id for m in found if any(rule.name in m.rules for rule in shop.rules if rule.kind == "pin")
    }
    for rule in shop.rules:
        if rule.kind == "hide":
            assert not set(shown) & passing(rule.where, shelf)
        value = getattr(asked, rule.column, "")
        if rule.kind == "same" and value:
            assert set(shown) <= passing(read({rule.column: value}), shelf)
        if rule.kind == "other" and value:
            assert not set(shown) & passing(read({rule.column: value}), shelf)
        if rule.kind == "at_most":
            counts = Counter(value for m in found if (value := getattr(m.product, rule.column)))
            pinned = Counter(getattr(m.product, rule.column) for m in found if m.product.id in placed)
            assert all(n <= max(rule.count, pinned[value]) for value, n in counts.items())
        if rule.kind in ("boost", "bury"):
            met = passing(rule.where, shelf)
            assert all(
                (rule.name in m.rules) == (m.product.id in met) for m in found if m.product.id not in placed
            )


@settings(max_examples=100, deadline=None)
@given(shelf=SHELVES, wish=RULES, k=st.integers(1, 5))
def test_a_short_list_is_the_beginning_of_a_long_one(
    shelf: list[Product], wish: list[dict[str, Any]], k: int
) -> None:
    shop = shop_of(*shelf, rules=[rule for rule in wish if "pin" not in rule])
    assert ids(shop.similar("P0", k=k)) == ids(shop.similar("P0", k=100))[:k]


def crowd(count: int, **facts: Any) -> list[Product]:
    """Far more products than one look at the store brings."""
    return [
        product(f"P{n}", price=float(n), brand="ABCD"[n % 4], in_stock=n % 3 > 0, **facts) for n in range(count)
    ]


@settings(max_examples=30, deadline=None)
@given(
    factors=st.lists(
        st.sampled_from(["boost", "bury"]).flatmap(
            lambda kind: st.tuples(
                st.just(kind), st.sampled_from([1.2, 3.0, 40.0] if kind == "boost" else [0.1, 0.8])
            )
        ),
        min_size=1,
        max_size=3,
    ),
    wheres=st.lists(
        st.sampled_from(["brand=A", "price<40", "in_stock", "price>=350", "id=P399"]), min_size=3, max_size=3
    ),
    k=st.sampled_from([1, 7]),
)
def test_no_product_that_was_not_looked_at_first_is_missed(
    factors: list[tuple[str, float]], wheres: list[str], k: int
) -> None:
    wish = [{"name": f"r{n}", kind: by, "where": wheres[n]} for n, (kind, by) in enumerate(factors)]
    shop = shop_of(*crowd(400), rules=wish)
    everything = shop.similar("P0", k=10_000)
    assert len(everything) == 399
    assert ids(shop.similar("P0", k=k)) == ids(everything)[:k]
    factor = {rule.name: rule.factor for rule in shop.rules}
    values = [m.score * np.prod([factor[name] for name in m.rules]) for m in everything]
    assert values == sorted(values, reverse=True)


def test_a_boost_and_a_bury_move_what_they_mean_and_leave_the_scores() -> None:
    plain = shop_of(*crowd(40)).similar("P0", k=39)
    last, first = plain[-1].product.id, plain[0].product.id
    lifted = shop_of(*crowd(40), rules=[{"name": "up", "boost": 100, "where": {"id": last}}]).similar("P0", k=39)
    assert ids(lifted) == [last, *ids(plain)[:-1]]
    assert [m.rules for m in lifted] == [("up",)] + [()] * 38
    assert {m.product.id: m.score for m in lifted} == {m.product.id: m.score for m in plain}
    sunk = shop_of(*crowd(40), rules=[{"name": "down", "bury": 0.01, "where": {"id": first}}]).similar("P0", k=39)
    assert ids(sunk).index(first) > 0
    assert next(m for m in sunk if m.product.id == first).rules == ("down",)


def test_a_rule_with_a_condition_waits_for_it() -> None:
    shelf = [product("A", audience="Women"), product("B", audience="Men"), product("C", audience="Men")]
    for condition, obeyed_for in (
        ({"when": "gender=Women"}, ("A",)),
        ({"when": ["gender=Men", "id!=B"]}, ("C",)),
        ({"on": "similar"}, ("A", "B", "C")),
        ({"on": "search"}, ()),
    ):
        shop = shop_of(*shelf, rules=[{"name": "h", "hide": True, "where": "gender=Men", **condition}])
        for asked in "ABC":
            hidden = not any(m.product.audience == "Men" for m in shop.similar(asked))
            assert hidden == (asked in obeyed_for), (condition, asked)
            assert shop.rules_for("similar", [asked]) == (("h",) if asked in obeyed_for else ())


def test_a_condition_on_the_product_does_not_hold_where_there_is_none(shared_store: Path) -> None:
    rule = {"name": "h", "hide": True, "where": "colour=red", "when": "price!=1"}
    shop = lookalike.open(shared_store, rules=[rule])
    assert shop.search(text="red bag", k=1)[0].product.colour == "red"
    assert "red" not in {m.product.colour for m in shop.search(text="red bag", liked=["bag-a-blue"], k=30)}
    assert (shop.rules_for("search"), shop.rules_for("search", ["bag-a-blue"])) == ((), ("h",))


def test_what_is_hidden_leaves_room_for_others() -> None:
    shop = shop_of(*crowd(300), rules=[{"name": "h", "hide": True, "where": "price<290"}])
    assert len(shop.similar("P0", k=10)) == 10
    kept = shop_of(*crowd(300), rules=[{"name": "h", "hide": True, "where": ["price<290", "brand=A"]}])
    assert len(kept.similar("P0", k=300)) == 299 - 72


def test_a_category_may_be_the_same_at_a_level() -> None:
    paths = {
        "A": "Men/Tops/Tees",
        "B": "Men/Tops/Tees",
        "C": "Men/Tops/Shirts",
        "D": "Men/Shoes",
        "E": "Women/Tops/Tees",
    }
    shelf = [
        product(
            i,
            category=path,
            categories=tuple("/".join(path.split("/")[:n]) for n in range(1, path.count("/") + 2)),
        )
        for i, path in paths.items()
    ]
    for rule, expected in (
        ({"same": "category"}, "B"),
        ({"same": "category", "level": 2}, "BC"),
        ({"same": "category", "level": 1}, "BCD"),
        ({"same": "category", "level": 9}, "B"),
        ({"other": "category", "level": 1}, "E"),
        ({"other": "category"}, "CDE"),
        ({"same": "category", "where": "id!=E"}, "BE"),
    ):
        assert set(ids(shop_of(*shelf, rules=[{"name": "r", **rule}]).similar("A"))) == set(expected), rule


def test_a_product_that_says_nothing_is_neither_the_same_nor_another() -> None:
    shelf = [product("A"), product("B", brand="X"), product("C")]
    for rule in ({"same": "brand"}, {"other": "brand"}):
        assert set(ids(shop_of(*shelf, rules=[{"name": "r", **rule}]).similar("A"))) == {"B", "C"}
    assert ids(shop_of(*shelf, product("D", brand="X"), rules=[{"name": "r", "same": "brand"}]).similar("B")) == [
        "D"
    ]


def test_pins_stand_in_their_places_though_nothing_is_like_them() -> None:
    shelf = crowd(200)
    plain = ids(shop_of(*shelf).similar("P0", k=199))
    far, farther = plain[-2], plain[-1]
    pins = [{"name": "third", "pin": far, "position": 3}, {"name": "first", "pin": [farther, plain[0], "nobody"]}]
    found = shop_of(*shelf, rules=pins).similar("P0", k=5)
    assert ids(found) == [farther, plain[0], far, plain[1], plain[2]]
    assert [m.rules for m in found] == [("first",), ("first",), ("third",), (), ()]
    late = shop_of(*shelf, rules=[{"name": "p", "pin": far, "position": 150}])
    assert far not in ids(late.similar("P0", k=5))
    assert ids(late.similar("P0", k=5, where={"id": [far, plain[3]]})) == [plain[3], far]


def test_a_pin_never_shows_what_is_filtered_hidden_deleted_or_asked_about() -> None:
    shelf = [
        product("A", group="G"),
        product("B", group="G"),
        product("C", in_stock=False),
        product("D", price=1.0),
    ]
    pin = {"name": "p", "pin": ["A", "B", "C", "D"]}
    assert ids(shop_of(*shelf, rules=[pin]).similar("A")) == ["C", "D"]
    assert ids(shop_of(*shelf, rules=[pin, HIDE]).similar("A")) == ["D"]
    assert ids(shop_of(*shelf, rules=[{**pin, "where": "price"}]).similar("A", k=1)) == ["D"]
    assert ids(shop_of(*shelf, rules=[pin]).similar("A", where="!price")) == ["C"]
    shop = shop_of(*shelf, rules=[pin])
    shop.store.delete(["C"])
    assert ids(shop.similar("A")) == ["D"]


def test_what_is_pinned_counts_among_at_most_n() -> None:
    shelf = [
        product("Q"),
        *(product(f"A{n}", brand="A") for n in range(5)),
        *(product(f"B{n}", brand="B") for n in range(5)),
    ]
    rules = [{"name": "p", "pin": "A4"}, {"name": "m", "at_most": 2, "per": "brand"}]
    found = ids(shop_of(*shelf, rules=rules).similar("Q", k=10))
    assert found[0] == "A4"
    assert sorted(i[0] for i in found) == ["A", "A", "B", "B"]


def test_limits_by_two_columns_hold_together_and_cost_no_match() -> None:
    shelf = [product("Q")] + [
        product(f"{b}{c}{n}", brand=b, colour=c) for b in "AB" for c in "xy" for n in range(40)
    ]
    rules = [{"name": "m", "at_most": 2, "per": "brand"}, {"name": "n", "at_most": 2, "per": "colour"}]
    found = shop_of(*shelf, rules=rules).similar("Q", k=10)
    assert 3 <= len(found) <= 4
    assert max(Counter(m.product.brand for m in found).values()) <= 2
    assert max(Counter(m.product.colour for m in found).values()) <= 2
    tags = [product(f"T{n}", attributes={"tags": ("new", f"t{n % 2}")}) for n in range(6)]
    assert len(shop_of(product("Q"), *tags, rules=[{"name": "m", "at_most": 1, "per": "tags"}]).similar("Q")) == 1


@pytest.mark.parametrize("per", ["brand", "season", "tags", "category", "margin"])
@pytest.mark.parametrize("where", [None, "price<300"])
def test_a_limit_looks_as_far_as_it_must_and_finds_what_a_whole_scan_finds(per: str, where: str | None) -> None:
    rare = [
        product(
            f"P{n}",
            price=float(n),
            brand="A" if n < 390 else f"B{n}",
            category="Men" if n % 2 else "Men/Tops",
            categories=("Men", "Men/Tops")[: 1 + (n + 1) % 2],
            attributes={"season": f"S{n % 5}", "tags": ("t", f"t{n % 7}"), "margin": float(n % 3)},
        )
        for n in range(400)
    ]
    rule = {"name": "m", "at_most": 2, "per": per, **({"where": where} if where else {})}
    shop = shop_of(*rare, rules=[rule])
    expected: list[str] = []
    counts: Counter[Any] = Counter()
    for m in shop_of(*rare).similar("P0", k=399):
        value = getattr(m.product, per, None) or m.product.attributes.get(per)
        values = value if isinstance(value, tuple) else (value,)
        if where and m.product.price >= 300:
            expected.append(m.product.id)
        elif all(counts[v] < 2 for v in values):
            expected.append(m.product.id)
            counts.update(values)
    for k in (3, 7, 20, 399):
        assert ids(shop.similar("P0", k=k)) == expected[:k]


def test_the_plan_of_a_request_names_what_applies() -> None:
    rules = Rules.of(EVERY_KIND, header=HEADER)
    found = plan(rules, "search", [], Filter(), HEADER)
    assert found.names == ("sale last", "campaign", "h", "two of a brand", "one department", "other brands")
    assert found.where == Filter(none_of=(read("!in_stock"),))


# -- the file ---------------------------------------------------------------------------------------


@pytest.fixture
def folder(shared_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shared_store, tmp_path / "store"))


def rewritten(path: Path, text: str) -> None:
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text, "utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_the_rules_of_a_store_are_read_again_when_they_change(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop, path = lookalike.open(folder), folder / "rules.toml"
    best = ids(shop.similar("shirt-a-red"))[0]
    assert not shop.rules
    rewritten(path, f'[[rules]]\nname = "h"\nhide = true\nwhere = {{ id = "{best}" }}\n')
    assert best not in ids(shop.similar("shirt-a-red"))
    with caplog.at_level(logging.WARNING):
        rewritten(path, '[[rules]]\nname = "h"\nhide = 1\nwhere = "in_stock"\n')
        assert best not in ids(shop.similar("shirt-a-red"))
        assert best not in ids(shop.similar("shirt-a-red"))
    assert len(caplog.records) == 1
    assert "line 3, rule 'h': hide is 1" in caplog.text
    path.unlink()
    assert ids(shop.similar("shirt-a-red"))[0] == best


def test_rules_are_given_as_a_file_as_values_or_not_at_all(folder: Path, tmp_path: Path) -> None:
    hide = {"name": "h", "hide": True, "where": "colour=red"}
    Rules.of([hide]).write(tmp_path / "mine.toml")
    (folder / "rules.toml").write_text('[[rules]]\nname = "own"\nhide = true\nwhere = "colour=blue"\n')
    for given_rules, gone in (
        (None, {"blue"}),
        (False, set()),
        ([hide], {"red"}),
        ({"rules": [hide]}, {"red"}),
        (Rules.of([hide]), {"red"}),
        (tmp_path / "mine.toml", {"red"}),
        (str(tmp_path / "mine.toml"), {"red"}),
    ):
        shop = lookalike.open(folder, rules=given_rules)
        colours = {m.product.colour for m in shop.similar("bag-a-green", k=30)}
        assert {"red", "blue", "black", "green"} - colours == gone, given_rules


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("nowhere.toml", "no file of rules at nowhere.toml"),
        ([{"name": "h", "hide": True, "where": "colur=red"}], "no column 'colur'"),
        ([{"name": "h"}], "does nothing"),
    ],
)
def test_a_shop_does_not_open_with_wrong_rules(shared_store: Path, rules: Any, words: str) -> None:
    with pytest.raises(RuleError, match=words):
        lookalike.open(shared_store, rules=rules)


def test_a_store_whose_own_rules_are_wrong_does_not_open(folder: Path) -> None:
    (folder / "rules.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RuleError, match="not text in UTF-8"):
        lookalike.open(folder)
    assert lookalike.open(folder, rules=False).similar("shirt-a-red")
