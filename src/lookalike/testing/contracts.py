"""What every store must do, as a suite of tests that any implementation passes.

    class TestMyStore(StoreContract):
        def make_store(self, header):
            return MyStore(header)

Needs pytest, which whoever runs tests has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lookalike.errors import FilterError, ProductNotFound
from lookalike.filters import read
from lookalike.store.interface import Counts, Hits, Store, scores
from lookalike.store.rows import ColumnType, Header, facts_of, facts_table
from lookalike.testing.builders import header, key_of, product, query, rows, unit_vectors, vector
from lookalike.types import Filter, Query

COLUMNS: Mapping[str, ColumnType] = {
    "size": "text",
    "Fabric weight (g)": "integer",
    "rating": "number",
    "new": "boolean",
    "tags": "texts",
}
SHELF = (
    product(
        "A1",
        group="A",
        price=10.0,
        in_stock=True,
        category="Men/Tops/Tees",
        categories=("Men", "Men/Tops", "Men/Tops/Tees"),
        brand="O'Neill",
        colour="Red",
        audience="Men",
        attributes={"size": "S", "Fabric weight (g)": 120, "rating": 4.5, "new": True, "tags": ("soft", "it's")},
        images=("A1-front.jpg", "A1-back.jpg"),
    ),
    product(
        "A2",
        group="A",
        price=10.5,
        in_stock=False,
        category="Men/Tops/Tees",
        categories=("Men", "Men/Tops", "Men/Tops/Tees"),
        brand="O'Neill",
        colour="Navy",
        audience="Men",
        attributes={"size": "M", "Fabric weight (g)": 120, "rating": 3.0, "new": False, "tags": ()},
    ),
    product(
        "B1",
        price=99.0,
        in_stock=True,
        category="Women/Shoes",
        categories=("Women", "Women/Shoes"),
        brand='Quote " \\ `tick` --',
        colour="Rouge foncé",
        audience="Women",
        attributes={"size": "38", "Fabric weight (g)": 0, "new": True, "tags": ("loud",)},
    ),
    product("C1", images=()),  # says nothing of itself
)
FILTERS: tuple[tuple[Any, str], ...] = (
    (None, "A1 A2 B1 C1"),
    ("colour=Red", "A1"),
    ("COLOUR=Red", "A1"),
    ("colour=red", ""),
    ("colour=Red,Navy", "A1 A2"),
    ("colour!=Red", "A2 B1 C1"),
    ({"colour": {"ne": ["Red", "Navy"]}}, "B1 C1"),
    ({"colour": "Rouge foncé"}, "B1"),
    ("colour", "A1 A2 B1"),
    ("!colour", "C1"),
    ("price<50", "A1 A2"),
    ("price<=10", "A1"),
    ("price>10", "A2 B1"),
    ("price>=10.5", "A2 B1"),
    ("price=10", "A1"),
    ("price!=10", "A2 B1 C1"),
    ("price", "A1 A2 B1"),
    ("!price", "C1"),
    (["price>=10", "price<99", "in_stock"], "A1"),
    ("in_stock", "A1 B1"),
    ("!in_stock", "A2"),
    ("in_stock=no", "A2"),
    ({"in_stock": {"exists": False}}, "C1"),
    ({"in_stock": {"exists": "no"}}, "C1"),
    ("brand=O'Neill", "A1 A2"),
    ({"brand": 'Quote " \\ `tick` --'}, "B1"),
    ({"brand": "x' OR '1'='1"}, ""),
    ({"brand": "x') OR true --"}, ""),
    ({"brand": {"ne": "'; DROP TABLE views; --"}}, "A1 A2 B1 C1"),
    ("category=Men", "A1 A2"),
    ("category=Men/Tops/Tees", "A1 A2"),
    ("category=Men/Tops,Women/Shoes", "A1 A2 B1"),
    ("categories!=Men", "B1 C1"),
    ("categories", "A1 A2 B1"),
    ("!categories", "C1"),
    ("gender=Women", "B1"),
    ("size=38", "B1"),
    ({"size": 38}, "B1"),
    ("size", "A1 A2 B1"),
    ("!size", "C1"),
    ("Fabric weight (g)=120", "A1 A2"),
    ("fabric weight (g)>=1", "A1 A2"),
    ("Fabric weight (g)<0.5", "B1"),
    ("Fabric weight (g)=120.5", ""),
    ("Fabric weight (g)<99999999999999999999", "A1 A2 B1"),
    ("Fabric weight (g)=0,120", "A1 A2 B1"),
    ("rating>3", "A1"),
    ("rating=3,4.5", "A1 A2"),
    ("!rating", "B1 C1"),
    ("new=yes", "A1 B1"),
    ("new!=yes", "A2 C1"),
    ("tags=soft", "A1"),
    ("tags=it's,loud", "A1 B1"),
    ("tags!=soft", "A2 B1 C1"),
    ("tags", "A1 B1"),
    ("!tags", "A2 C1"),
    ({"id": ["A1", "C1", "nobody"]}, "A1 C1"),
    (Filter(none_of=(read("colour=Red"), read("price>50"))), "A2 C1"),
    (Filter(none_of=(read(["brand=O'Neill", "in_stock"]),)), "A2 B1 C1"),
    (read("price") & Filter(none_of=(read("size"),)), ""),
    (Filter(none_of=(Filter(none_of=(read("price<50"),)),)), "A1 A2"),
    (Filter(none_of=(Filter(),)), ""),
)
WRONG: tuple[tuple[Any, str], ...] = (
    ("colur=Red", "colour"),
    ("1=1 OR price=2", "no column"),
    ("price<cheap", "'cheap'"),
    ("price<nan", "'nan'"),
    ("price<inf", "'inf'"),
    ("in_stock=perhaps", "'perhaps'"),
    ("colour<Red", "colour is text"),
    ("tags>soft", "tags is a list of texts"),
    ({"price": {"lt": [1, 2]}}, "price"),
    ({"colour": []}, "colour"),
    ({"price": {"exists": "perhaps"}}, "price"),
    ({"colour": "half a letter \ud800"}, "colour"),
)


class StoreContract:
    """A store passes when a subclass that makes it passes."""

    def make_store(self, header: Header) -> Store:
        """An empty store."""
        raise NotImplementedError

    def open_again(self, store: Store) -> Store:
        """A second handle, as another process would hold one; the same where a store has only one process."""
        return store

    def shelf(self) -> Store:
        store = self.make_store(header(columns=COLUMNS, aliases={"gender": "audience"}))
        store.put(rows(store.header, SHELF))
        return store

    # -- what was put is there --------------------------------------------------------------------

    def test_an_empty_store_answers_with_nothing(self) -> None:
        store = self.make_store(header())
        assert store.counts() == Counts(0, 0, 0)
        assert store.ids() == store.ids(limit=0) == []
        assert not any((store.products(["A1"]), store.views(["A1"]), store.known(["A1"])))
        assert store.vectors_of_pictures([key_of("A1.jpg")]) == {}
        found = store.nearest(query(store.header, "A1.jpg"), k=5, where=Filter())
        assert len(found) == 0
        assert found.exhausted
        assert store.delete(["A1"]) == 0
        assert store.patch(facts_table(store.header, [product("A1")])) == 0

    def test_what_was_put_comes_back_as_it_was(self) -> None:
        store = self.shelf()
        assert [store.product(p.id) for p in SHELF] == list(SHELF)
        assert store.products(["B1", "nobody", "A1", "A1"]) == {p.id: p for p in (SHELF[2], SHELF[0])}

    def test_no_id_asks_for_nothing(self) -> None:
        store = self.shelf()
        assert not any((store.products([]), store.views([]), store.known([]), store.vectors_of_pictures([])))
        assert store.delete([]) == 0
        assert store.counts().products == 4

    def test_counts_are_of_products_views_and_groups(self) -> None:
        assert self.shelf().counts() == Counts(products=4, views=5, groups=3)

    def test_views_come_in_order_with_their_vectors(self) -> None:
        store = self.shelf()
        first, second = store.views(["A1"])["A1"]
        assert [first.view.number, second.view.number] == [0, 1]
        assert (first.view.picture, first.view.key) == ("A1-front.jpg", key_of("A1-front.jpg"))
        for part, name in (("image", "A1-back.jpg"), ("text", "product A1"), ("colour", "A1-back.jpg")):
            np.testing.assert_array_equal(second.parts[part], vector(part, name, store.header.dims[part]))

    def test_a_missing_part_is_zeros(self) -> None:
        (view,) = self.shelf().views(["C1"])["C1"]
        assert view.view.key == view.view.picture == ""
        assert not view.parts["image"].any()
        assert view.parts["text"].any()

    def test_facts_are_a_row_for_each_product_in_the_order_asked_for(self) -> None:
        store = self.shelf()
        found = store.facts(["B1", "nobody", "C1", "A1", "A1"], {"price", "a_tags", "id"})
        assert found.column_names == ["id", "a_tags", "price"]
        assert found.to_pydict() == {
            "id": ["B1", "C1", "A1"],
            "a_tags": [["loud"], None, ["soft", "it's"]],
            "price": [99.0, None, 10.0],
        }
        assert store.facts([], {"price"}).num_rows == 0

    def test_known_tells_what_has_changed_without_reading_it_back(self) -> None:
        known = self.shelf().known(["A1", "nobody"])
        assert list(known) == ["A1"]
        assert [k.view.number for k in known["A1"]] == [0, 1]
        assert {k.facts for k in known["A1"]} == {facts_of(SHELF[0])}

    def test_vectors_are_found_by_the_key_of_a_picture(self) -> None:
        store = self.shelf()
        key = key_of("A1-back.jpg")
        found = store.vectors_of_pictures([key, "nobody", ""])
        assert list(found) == [key]
        assert set(found[key]) == {"image", "colour"}
        np.testing.assert_array_equal(
            found[key]["image"], vector("image", "A1-back.jpg", store.header.dims["image"])
        )

    def test_ids_are_sorted_and_found_by_their_beginning(self) -> None:
        store = self.make_store(header())
        names = ["b", "a%", "a_1", "a'2", "a1", "ab", "á"]
        store.put(rows(store.header, [product(n, images=("x.jpg", "y.jpg")) for n in names]))
        assert store.ids(limit=0) == sorted(names)
        assert store.ids(prefix="a", limit=2) == sorted(n for n in names if n.startswith("a"))[:2]
        for prefix in ("a'", "a%", "a_", "nobody", "á"):
            assert store.ids(prefix=prefix) == [n for n in sorted(names) if n.startswith(prefix)]

    def test_an_id_that_is_not_there_is_named_with_ids_like_it(self) -> None:
        with pytest.raises(ProductNotFound, match=r"'A11'.*A1"):
            self.shelf().product("A11")

    @pytest.mark.parametrize("odd", ["it's", '"', "a b", "ü/ö", "--", "`", "日本", "\\"])
    def test_an_id_may_be_any_text(self, odd: str) -> None:
        store = self.make_store(header())
        store.put(rows(store.header, [product(odd), product("other")]))
        assert store.product(odd).id == odd
        assert store.patch(facts_table(store.header, [product(odd, price=2.0)])) == 1
        assert store.products([odd])[odd].price == 2.0
        assert store.delete([odd]) == 1
        assert store.ids() == ["other"]

    # -- what changes -----------------------------------------------------------------------------

    def test_put_replaces_a_product_and_leaves_the_others(self) -> None:
        store = self.shelf()
        changed = replace(SHELF[0], title="another title", images=("A1-new.jpg", "A1-back.jpg", "A1-side.jpg"))
        store.put(rows(store.header, [changed, product("D1")]))
        assert store.counts() == Counts(products=5, views=7, groups=4)
        assert store.product("A1") == changed
        assert [v.view.picture for v in store.views(["A1"])["A1"]] == list(changed.images)
        assert store.product("A2") == SHELF[1]

    def test_views_that_a_product_no_longer_has_are_gone(self) -> None:
        store = self.shelf()
        store.put(rows(store.header, [replace(SHELF[0], images=("A1-back.jpg",))]))
        (left,) = store.views(["A1"])["A1"]
        assert (left.view.number, left.view.picture) == (0, "A1-back.jpg")
        assert store.counts().views == 4
        assert store.vectors_of_pictures([key_of("A1-front.jpg")]) == {}

    def test_putting_the_same_rows_again_changes_nothing(self) -> None:
        store = self.shelf()
        before = self.everything(store)
        store.put(rows(store.header, SHELF))
        assert self.everything(store) == before

    def test_a_patch_changes_facts_of_every_view_and_no_vector(self) -> None:
        store = self.shelf()
        before = store.views(["A1"])["A1"]
        cheaper = replace(SHELF[0], price=1.0, in_stock=None, attributes={"size": "XXL", "tags": ("sale",)})
        assert store.patch(facts_table(store.header, [cheaper, product("nobody")])) == 1
        assert store.product("A1") == cheaper
        assert {k.facts for k in store.known(["A1"])["A1"]} == {facts_of(cheaper)}
        assert store.counts() == Counts(products=4, views=5, groups=3)
        assert "nobody" not in store.ids(limit=0)
        for old, new in zip(before, store.views(["A1"])["A1"], strict=True):
            assert old.view == new.view
            for part in old.parts:
                np.testing.assert_array_equal(old.parts[part], new.parts[part])
        found = store.nearest(query(store.header, "A1-back.jpg"), k=9, where=read("price<5"))
        assert found.ids == ["A1", "A1"]

    def test_a_deleted_product_is_gone_everywhere(self) -> None:
        store = self.shelf()
        assert store.delete(["A1", "nobody", "A1"]) == 1
        assert store.counts() == Counts(products=3, views=3, groups=3)
        assert store.ids() == ["A2", "B1", "C1"]
        assert "A1" not in self.nearest(store, "A1-front.jpg").ids
        assert not any((store.views(["A1"]), store.known(["A1"])))
        assert not store.vectors_of_pictures([key_of("A1-back.jpg")])
        with pytest.raises(ProductNotFound):
            store.product("A1")

    def test_a_deleted_product_can_be_put_again(self) -> None:
        store = self.shelf()
        store.delete(["A1", "A2", "B1", "C1"])
        assert store.counts() == Counts(0, 0, 0)
        store.put(rows(store.header, SHELF[:1]))
        assert self.nearest(store, "A1-front.jpg").ids == ["A1", "A1"]

    # -- two handles ------------------------------------------------------------------------------

    def test_the_next_call_sees_what_another_handle_did(self) -> None:
        mine = self.shelf()
        self.nearest(mine, "A1-front.jpg")  # so that whatever is kept in memory is there
        theirs = self.open_again(mine)
        theirs.put(rows(mine.header, [product("D1")]))
        assert self.nearest(mine, "D1.jpg").ids[0] == "D1"
        theirs.patch(facts_table(mine.header, [product("D1", price=7.0)]))
        assert mine.product("D1").price == 7.0
        theirs.delete(["D1", "A1"])
        assert mine.ids() == ["A2", "B1", "C1"]
        assert mine.counts().products == 3
        assert "D1" not in self.nearest(mine, "D1.jpg").ids

    def test_two_handles_may_write_in_turn(self) -> None:
        mine = self.shelf()
        theirs = self.open_again(mine)
        for turn in range(6):
            writer = (mine, theirs)[turn % 2]
            writer.put(rows(mine.header, [product(f"T{turn}"), product("T-last", price=float(turn))]))
            writer.delete([f"T{turn - 1}"])
        assert mine.ids(prefix="T") == theirs.ids(prefix="T") == ["T-last", "T5"]
        assert mine.product("T-last").price == theirs.product("T-last").price == 5.0
        assert self.everything(mine) == self.everything(theirs)

    def test_the_header_comes_back_as_it_was(self) -> None:
        wanted = header(columns=COLUMNS, aliases={"gender": "audience"})
        store = self.make_store(wanted)
        assert store.header == wanted
        assert self.open_again(store).header == wanted

    # -- the nearest ------------------------------------------------------------------------------

    def test_a_view_is_nearest_to_itself_and_scores_one(self) -> None:
        found = self.nearest(self.shelf(), "A1-back.jpg")
        assert found.views[0].picture == "A1-back.jpg"
        assert found.scores[0] == pytest.approx(1.0, abs=1e-6)

    def test_scores_fall_and_parts_add_up(self) -> None:
        store = self.make_store(header())
        store.put(rows(store.header, [product(f"P{n}") for n in range(200)]))
        wanted = query(store.header, "P7.jpg", text="product P9", weights={"image": 2, "text": 1, "colour": 0.5})
        found = store.nearest(wanted, k=50, where=Filter())
        assert len(found) == len(found.ids) == len(found.groups) == len(found.views) == 50
        assert found.parts.shape == (50, 3)
        assert (np.diff(found.scores) <= 1e-6).all()
        np.testing.assert_allclose(found.parts.sum(axis=1), found.scores, atol=1e-6)
        assert not found.exhausted

    def test_the_kth_score_is_that_of_the_kth_of_the_nearest(self) -> None:
        store = self.shelf()
        wanted = query(store.header, "A1-front.jpg")
        for where in (Filter(), read("price<20"), read("price<0")):
            found = store.nearest(wanted, k=50, where=where)
            for k in (1, 2, 50):
                kth = float(found.scores[min(k, len(found)) - 1]) if len(found) else -1
                assert store.kth_score(wanted, k=k, where=where) == pytest.approx(kth, abs=1e-5)

    def test_the_nearest_are_those_that_every_score_says(self) -> None:
        store = self.make_store(header())
        blocks = {p: unit_vectors(2_500, d, seed=d, clusters=90) for p, d in store.header.dims.items()}
        store.put(rows(store.header, [product(f"P{n:04}") for n in range(2_500)], vectors=blocks))
        for weights in (
            {"image": 1},
            {"text": 1},
            {"colour": 3, "image": 1},
            {"image": 1, "text": 0.5, "colour": 2},
        ):
            asked = Query({p: block[42] for p, block in blocks.items()}, weights)
            truth = scores(asked, blocks)
            found = store.nearest(asked, k=10, where=Filter())
            np.testing.assert_allclose(found.scores, np.sort(truth)[::-1][:10], atol=1e-6)
            np.testing.assert_allclose([truth[int(i[1:])] for i in found.ids], found.scores, atol=1e-6)

    @pytest.mark.parametrize("k", [1, 10, 400])
    def test_many_queries_at_once_have_the_answers_that_each_has(self, k: int) -> None:
        store = self.make_store(header())
        blocks = {p: unit_vectors(2_500, d, seed=d, clusters=90) for p, d in store.header.dims.items()}
        blocks["image"][::7] = 0
        shelf = [product(f"P{n:04}", price=float(n), brand=f"B{n % 800}") for n in range(2_500)]
        store.put(rows(store.header, shelf, vectors=blocks))
        store.delete(["P0042", "P2499"])
        weights: list[dict[str, float]] = [{"image": 1, "text": 0.5, "colour": 2}, {"text": 1}]
        asked = [Query({p: block[at] for p, block in blocks.items()}, weights[at % 2]) for at in range(1, 13)]
        where = [read(w) for w in (None, "price<1500", "brand=B3", "price<0", "price>=2490", None)] * 2
        found = store.nearest_many(asked, k=k, where=where)
        for wanted, one, many in zip(asked, where, found, strict=True):
            alone = store.nearest(wanted, k=k, where=one)
            assert (many.ids, many.groups, many.views) == (alone.ids, alone.groups, alone.views)
            np.testing.assert_allclose(many.parts, alone.parts, atol=1e-6)
            np.testing.assert_allclose(many.scores, alone.scores, atol=1e-6)
            assert many.exhausted == alone.exhausted
        assert store.nearest_many([], k=k, where=[]) == []

    def test_ids_can_be_filtered(self) -> None:
        store = self.shelf()
        assert store.ids(where=read("price<50")) == ["A1", "A2"]
        assert store.ids(prefix="A", limit=1, where=read("!in_stock")) == ["A2"]
        assert store.ids(prefix="B", where=read("price<50")) == []

    def test_a_part_without_weight_is_not_looked_at(self) -> None:
        store = self.shelf()
        asked = query(
            store.header, "A1-front.jpg", text="product B1", weights={"image": 0, "text": 1, "colour": 0}
        )
        found = store.nearest(asked, k=1, where=Filter())
        assert found.ids == ["B1"]
        assert found.parts.shape == (1, 1)

    def test_groups_are_styles_and_a_product_without_is_its_own(self) -> None:
        found = self.nearest(self.shelf(), "A1-front.jpg")
        assert dict(zip(found.ids, found.groups, strict=True)) == {"A1": "A", "A2": "A", "B1": "B1", "C1": "C1"}

    def test_exhausted_says_that_no_further_view_passes(self) -> None:
        store, asked = self.shelf(), query(header(), "A1-front.jpg")
        assert not store.nearest(asked, k=4, where=Filter()).exhausted
        assert store.nearest(asked, k=5, where=Filter()).exhausted
        assert store.nearest(asked, k=500, where=Filter()).exhausted
        assert not store.nearest(asked, k=2, where=read("group=A")).exhausted
        assert store.nearest(asked, k=3, where=read("group=A")).exhausted
        nothing = store.nearest(asked, k=3, where=read("group=Z"))
        assert nothing.exhausted
        assert len(nothing) == 0
        assert nothing.parts.shape == (0, 2)

    def test_equal_scores_come_in_order_of_arrival(self) -> None:
        store = self.make_store(header())
        names = ["P3", "P1", "P2", "P5", "P4"]
        for name in names:
            store.put(rows(store.header, [product(name, title="t", images=("same.jpg",))]))
        assert self.nearest(store, "same.jpg").ids == names
        assert self.nearest(self.open_again(store), "same.jpg").ids == names

    @pytest.mark.parametrize(("where", "expected"), FILTERS, ids=str)
    def test_a_filter_lets_exactly_these_pass(self, where: Any, expected: str) -> None:
        found = self.nearest(self.shelf(), "A1-front.jpg", where)
        assert sorted(set(found.ids)) == expected.split()

    @pytest.mark.parametrize(("where", "named"), WRONG, ids=ascii)
    def test_a_wrong_filter_is_an_error_that_names_what_is_wrong(self, where: Any, named: str) -> None:
        with pytest.raises(FilterError, match=named) as caught:
            self.nearest(self.shelf(), "A1-front.jpg", where)
        assert "\n" not in str(caught.value)

    # -- how the suite looks at a store -----------------------------------------------------------

    def nearest(self, store: Store, picture: str, where: Any = None) -> Hits:
        return store.nearest(query(store.header, picture), k=100, where=read(where))

    def everything(self, store: Store) -> dict[str, Any]:
        """All that a store holds, in plain values."""
        ids = store.ids(limit=0)
        return {
            i: (views[0].view, p, [(v.view, {n: b.tolist() for n, b in v.parts.items()}) for v in views])
            for (i, views), p in zip(
                sorted(store.views(ids).items()), (store.products(ids)[i] for i in ids), strict=True
            )
        }
