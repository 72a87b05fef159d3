"""Evaluation: what is asked, who answers, what is said of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookalike.cli import main
from lookalike.errors import LookalikeError, RecipeError
from lookalike.evaluate import Question, StoreContender, compare, evaluate, held_out, ranking
from lookalike.evaluate.contenders import Answer, Likeness
from lookalike.evaluate.page import write_page
from lookalike.evaluate.questions import attributes, drawn, identity, main_views
from lookalike.evaluate.ranking import rank
from lookalike.evaluate.shelf import Shelf
from lookalike.recipe import Recipe
from lookalike.store.lance import LanceStore
from lookalike.store.memory import MemoryStore
from lookalike.testing.builders import header, product, rows
from lookalike.types import Filter, Query, View

WEIGHTLESS = Recipe(image="gradients", text="hashed-words")


class Given:
    """A contender whose answers are a matrix, by the numbers that queries and gallery carry."""

    def __init__(self, name: str, likeness: Likeness) -> None:
        self.name = name
        self._likeness = likeness

    def asked(self, queries: Sequence[View], *, words: bool) -> Answer | None:
        asked = [view.number for view in queries]
        return lambda gallery: self._likeness[np.ix_(asked, [view.number for view in gallery])]


def question(
    asked: Sequence[int], shown: Sequence[int], *, apart: tuple[Sequence[int], Sequence[int]] | None = None
) -> Question:
    """Labels alone: query n is view n, and so is gallery n."""
    return Question(
        "labels",
        "attribute",
        [View("q", n, "") for n in range(len(asked))],
        [View("g", n, "") for n in range(len(shown))],
        np.array(asked, np.int64),
        np.array(shown, np.int64),
        () if apart is None else ((np.array(apart[0]), np.array(apart[1])),),
        np.arange(len(asked)),
    )


# -- ranking ----------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_ranking_in_blocks_is_a_stable_sort_of_what_may_answer(data: st.DataObject) -> None:
    queries, gallery, k = (data.draw(st.integers(1, high)) for high in (5, 40, 8))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    likeness = random.integers(0, 6, (queries, gallery)).astype(np.float32)  # many are level
    asked, shown = random.integers(0, 3, queries), random.integers(-1, 3, gallery)
    mine, theirs = random.integers(-1, 4, queries), random.integers(-1, 4, gallery)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_QUERIES", data.draw(st.integers(1, 6)))
        patch.setattr(ranking, "_GALLERY", data.draw(st.integers(1, 50)))
        found = rank(question(asked, shown, apart=(mine, theirs)), Given("given", likeness), k=k)
    assert found is not None
    for q in range(queries):
        allowed = [g for g in range(gallery) if shown[g] >= 0 and (mine[q] < 0 or mine[q] != theirs[g])]
        order = sorted(allowed, key=lambda g: -likeness[q, g])
        right = [g for g in order if shown[g] == asked[q]]
        expected = order[:k] + [-1] * (k - len(order))
        assert found.places[q].tolist() == expected
        assert found.hits[q].tolist() == [g in right for g in expected]
        assert found.wanted[q] == len(right)
        assert found.nearest_right[q] == (right[0] if right else -1)
        if right:
            assert found.lead[q] == likeness[q, order[0]] - likeness[q, right[0]]


def test_ranking_holds_no_matrix_of_queries_times_gallery() -> None:
    largest = 0

    class Watched(Given):
        def asked(self, queries: Sequence[View], *, words: bool) -> Answer | None:
            def answer(gallery: Sequence[View]) -> Likeness:
                nonlocal largest
                largest = max(largest, len(queries) * len(gallery))
                return np.zeros((len(queries), len(gallery)), np.float32)

            return answer

    many = question([0] * 5_000, [0] * 20_000)
    found = rank(many, Watched("watched", np.zeros((0, 0), np.float32)), k=3)
    assert found is not None
    assert (found.places == [0, 1, 2]).all()
    assert largest <= 2_048 * 4_096


def test_a_store_answers_as_its_own_search_does(shared_store: Path) -> None:
    store = LanceStore.open(str(shared_store))
    weights = {"image": 1.0, "text": 0.5, "colour": 0.4}
    shelf = Shelf.read(store, ["colour"])
    asked = attributes(shelf, ["colour"], queries=main_views(shelf))[0]
    found = rank(asked, StoreContender("store", store, weights), k=5)
    assert found is not None
    for at, view in enumerate(asked.queries):
        parts = store.views([view.product_id])[view.product_id][view.number].parts
        hits = store.nearest(Query(parts, weights), k=24, where=Filter())
        style = store.product(view.product_id).style
        others = [i for i, group in zip(hits.ids, hits.groups, strict=True) if group != style]
        assert [asked.gallery[place].product_id for place in found.places[at]] == others[:5]


def test_a_store_too_large_for_memory_answers_the_same(shared_store: Path) -> None:
    whole, large = (LanceStore.open(str(shared_store), mirror_limit=limit) for limit in (100_000, 0))
    shelf = Shelf.read(large, ["colour"])
    asked = attributes(shelf, ["colour"], queries=main_views(shelf))[0]
    ours, theirs = (rank(asked, StoreContender("store", store, {"image": 1.0}), k=5) for store in (whole, large))
    assert ours is not None
    assert theirs is not None
    assert (ours.places == theirs.places).all()


# -- questions --------------------------------------------------------------------------------------


def two_colours() -> MemoryStore:
    """A style in red and blue, its own row without a colour, three sizes of red; and a further style."""
    store = MemoryStore(header())
    red, blue = ("red.jpg", "red-back.jpg"), ("blue.jpg", "blue-back.jpg", "blue-side.jpg")
    products = [
        product("S", images=red),
        *(product(f"S-red-{size}", group="S", colour="red", images=red) for size in "123"),
        product("S-blue", group="S", colour="blue", images=blue),
        product("T", colour="red", images=("t.jpg", "t-back.jpg", "red.jpg")),
        product("U", colour="", images=("u.jpg",)),
    ]
    store.put(rows(store.header, products))
    return store


def test_identity_asks_each_further_picture_once_and_knows_variants_by_style_and_colour() -> None:
    asked = identity(Shelf.read(two_colours(), ["colour"]))
    assert sorted(v.picture for v in asked.gallery) == ["blue.jpg", "red.jpg", "t.jpg", "u.jpg"]
    assert sorted(v.picture for v in asked.queries) == [
        "blue-back.jpg",
        "blue-side.jpg",
        "red-back.jpg",
        "t-back.jpg",
    ]
    shown = {view.picture: label for view, label in zip(asked.gallery, asked.shown, strict=True)}
    for view, label in zip(asked.queries, asked.asked, strict=True):
        assert shown[view.picture.partition("-")[0] + ".jpg"] == label
    assert not asked.words


def test_neighbours_are_of_other_styles_and_show_other_pictures() -> None:
    shelf = Shelf.read(two_colours(), ["colour"])
    rows_ = main_views(shelf)
    assert sorted(shelf.views[at].picture for at in rows_) == ["blue.jpg", "red.jpg", "t.jpg", "u.jpg"]
    asked = attributes(shelf, ["colour"], queries=rows_)[0]
    assert sorted(v.picture for v in asked.queries) == ["blue.jpg", "red.jpg", "t.jpg"]  # U says no colour
    found = rank(asked, StoreContender("all", two_colours(), {"image": 1.0}), k=4)
    assert found is not None
    answers = {
        view.picture: sorted(asked.gallery[place].picture for place in places if place >= 0)
        for view, places in zip(asked.queries, found.places, strict=True)
    }
    assert answers == {"blue.jpg": ["t.jpg"], "red.jpg": ["t.jpg"], "t.jpg": ["blue.jpg", "red.jpg"]}
    assert found.hits[:, 0].sum() >= 1


def test_a_twin_by_the_byte_is_no_hit() -> None:
    store = MemoryStore(header())
    store.put(rows(store.header, [product(i, colour="red", images=("same.jpg",)) for i in ("A", "B")]))
    shelf = Shelf.read(store, ["colour"])
    asked = attributes(shelf, ["colour"], queries=main_views(shelf))[0]
    found = rank(asked, StoreContender("all", store, {"image": 1.0}), k=2)
    assert found is not None
    assert not found.hits.any()
    assert not found.wanted.any()


def test_all_facts_together_ask_only_those_that_say_all(shared_store: Path) -> None:
    shelf = Shelf.read(LanceStore.open(str(shared_store)), ["colour", "department", "type"])
    asked = attributes(shelf, ["colour", "department"], queries=main_views(shelf))
    assert [q.name for q in asked] == ["colour", "department", "colour + department"]
    assert len(set(asked[2].shown.tolist())) == 8  # four colours, two departments
    assert set(shelf.facts["department"]) == {"Women", "Men"}
    assert "Women/shirt" in shelf.facts["type"]


def test_a_sender_is_never_a_neighbour_of_their_own(shared_store: Path) -> None:
    shelf = Shelf.read(LanceStore.open(str(shared_store)), ["colour", "type"])
    asked = attributes(shelf, ["colour"], queries=main_views(shelf), apart="type")[0]
    found = rank(asked, StoreContender("all", LanceStore.open(str(shared_store)), {"image": 1.0}), k=30)
    kind = dict(zip((v.product_id for v in shelf.views), shelf.facts["type"], strict=True))
    assert found is not None
    for view, places in zip(asked.queries, found.places, strict=True):
        neighbours = {kind[asked.gallery[place].product_id] for place in places if place >= 0}
        assert neighbours
        assert kind[view.product_id] not in neighbours


def test_a_column_that_is_not_there_is_named(shared_store: Path) -> None:
    with pytest.raises(LookalikeError, match=r"shop has no column 'colr': it has .*colour"):
        Shelf.read(LanceStore.open(str(shared_store)), ["colr"], name="shop")


def test_more_queries_begin_with_the_same_ones() -> None:
    places = list(range(100, 200))
    assert drawn(places, 50, seed=3)[:10] == drawn(places, 10, seed=3)
    assert sorted(drawn(places, 1_000, seed=3)) == places


# -- the whole --------------------------------------------------------------------------------------


def test_an_evaluation_of_a_catalogue_from_nothing(catalogue: Path, tmp_path: Path) -> None:
    said = []
    report = evaluate(
        catalogue,
        recipes={"weightless": WEIGHTLESS},
        weightings=[{"colour": 1}, {"image": 1}],
        attributes=["colour", "department"],
        keep=tmp_path,
        depths=(1, 3),
        worst=2,
        progress=lambda stage, done, total: said.append(stage),
    )
    colours, _, both = report.results
    assert [r.question for r in report.results] == ["colour", "department", "colour + department"]
    assert (colours.queries, colours.gallery) == (24, 24)
    by_colour, by_outline = colours.answers
    assert by_colour.contender == "colour 1"
    assert by_colour.figures["P@1"].value == 1  # red is nearest to red
    assert by_outline.figures["P@1"].value < 0.7
    assert by_outline.against_first["P@1"].p < 0.05
    assert by_outline.against_first["P@1"].value == pytest.approx(by_outline.figures["P@1"].value - 1)
    assert not by_colour.against_first
    assert {"P@1", "P@3", "R@3", "recall@3", "mAP@3", "nDCG@3", "coverage@3", "variety@3"} == set(
        by_colour.figures
    )
    assert 0 < by_colour.figures["coverage@3"].value <= 1
    assert not by_colour.failures
    assert 0 < len(by_outline.failures) <= 2
    assert "indexing" in said
    assert "evaluating" in said
    stores = list(tmp_path.iterdir())
    assert len(stores) == 1  # two weightings, one store
    said.clear()
    again = evaluate(catalogue, recipes={"w": WEIGHTLESS}, weightings=[{"colour": 1}, {"image": 1}],
                     attributes=["colour", "department"], keep=tmp_path, depths=(1, 3), worst=2)  # fmt: skip
    assert [r.answers for r in again.results] == [r.answers for r in report.results]
    assert list(tmp_path.iterdir()) == stores
    assert both.answers[0].figures["P@1"].value <= by_colour.figures["P@1"].value


def test_without_words_for_it_whatever_the_catalogue_answers_is_asked(shared_store: Path) -> None:
    report = evaluate(stores={"shop": shared_store})
    assert [r.question for r in report.results] == [
        "category", "colour", "audience", "category + colour + audience",
    ]  # fmt: skip


def test_a_contender_with_words_alone_has_no_say_in_identity() -> None:
    store = two_colours()
    asked = identity(Shelf.read(store, ["colour"]))
    contenders = [StoreContender(part, store, {part: 1.0}) for part in ("image", "text")]
    seen, read = compare(contenders, [asked], depths=(1,)).results[0].answers
    assert seen.figures["R@1"].high <= 1
    assert not read.figures


def test_queries_of_a_split_are_the_held_out_styles(shared_store: Path) -> None:
    report = evaluate(stores={"shop": shared_store}, attributes=["colour"], split=0.5, depths=(1,))
    styles = [f"{kind}-{style}" for kind in ("shirt", "trousers", "bag") for style in "ab"]
    kept = sum(held_out(style, 0.5) for style in styles)
    assert 0 < kept < 6
    assert report.results[0].queries == 4 * kept
    assert report.results[0].gallery == 24


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"queries": 1}, "queries is 1"),
        ({"split": 0}, "split is 0"),
        ({"depths": ()}, "depths are"),
        ({"identity": True}, "no query for identity"),
        ({"attributes": ["description"]}, "no query for description"),
        ({"recipes": {"one": WEIGHTLESS}}, "name its file"),
    ],
)
def test_what_cannot_be_measured_is_said(shared_store: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(LookalikeError, match=words):
        evaluate(stores={"shop": shared_store}, **options)


def test_weights_of_no_part_are_refused(shared_store: Path) -> None:
    with pytest.raises(RecipeError, match="'shape'"):
        evaluate(stores={"shop": shared_store}, weightings=[{"shape": 1}])


def test_stores_of_different_catalogues_are_told_apart(shared_store: Path) -> None:
    small, shop = two_colours(), LanceStore.open(str(shared_store))
    asked = identity(Shelf.read(small, ["colour"]))
    with pytest.raises(LookalikeError, match=r"shop lacks view 1 of product '.*': compare stores of the same"):
        compare([StoreContender("shop", shop, {"image": 1.0})], [asked])


def test_the_worst_failures_are_drawn_as_asked_came_and_should_have_come(catalogue: Path, tmp_path: Path) -> None:
    report = evaluate(
        catalogue, recipes={"w": WEIGHTLESS}, weightings=[{"image": 1}], attributes=["colour"], worst=3
    )
    failures = report.results[0].answers[0].failures
    assert len(failures) == 3
    assert all(not failure.came[0][1] for failure in failures)
    leads = [f.lead for f in failures if not any(right for _, right in f.came)]
    assert leads == sorted(leads, reverse=True)
    write_page(tmp_path / "worst.html", report)
    page = (tmp_path / "worst.html").read_text("utf-8")
    assert page.count("<main>") == 3
    assert page.count("should have come") == 3
    assert page.count('src="data:image/jpeg') == page.count("<figure")
    for failure in failures:
        assert failure.should.product_id in page
    with pytest.raises(LookalikeError, match=r"\.html"):
        write_page(tmp_path / "worst.png", report)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lookalike", *map(str, args)])
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else 1
        return code, *capsys.readouterr()

    return command


def test_the_command_prints_a_table_and_writes_json_and_page(run: Run, shared_store: Path, tmp_path: Path) -> None:
    code, out, err = run(
        "evaluate", "--store", shared_store, "--weights", "colour=1", "--weights", "image=1", "--attributes",
        "colour", "--at", "1,3", "--json", tmp_path / "report.json", "--page", tmp_path / "worst.html",
    )  # fmt: skip
    assert code == 0, err
    assert "colour: 24 queries against 24" in out
    assert "P@3" in out
    assert "paired randomisation test" in err
    document = json.loads((tmp_path / "report.json").read_text("utf-8"))
    (asked,) = document["questions"]
    assert asked["contenders"][0]["metrics"]["P@1"]["value"] == 1
    assert asked["contenders"][1]["against_first"]["P@1"]["p"] < 0.05
    assert (tmp_path / "worst.html").stat().st_size > 1_000


def test_the_command_prints_one_document_where_asked_to(run: Run, shared_store: Path) -> None:
    code, out, _ = run("evaluate", "--store", shared_store, "--attributes", "colour,type", "--json", "-")
    assert code == 0
    assert [q["name"] for q in json.loads(out)["questions"]] == ["colour", "type", "colour + type"]


def test_the_command_compares_recipe_files(run: Run, catalogue: Path, tmp_path: Path) -> None:
    for name, text in (("words", "hashed-words"), ("none", "none")):
        (tmp_path / f"{name}.toml").write_text(f'image = "gradients"\ntext = "{text}"\n')
    code, out, err = run(
        "evaluate", catalogue, "--recipe", tmp_path / "words.toml", "--recipe", tmp_path / "none.toml",
        "--attributes", "colour", "--json", "-",
    )  # fmt: skip
    assert code == 0, err
    assert [c["name"] for c in json.loads(out)["questions"][0]["contenders"]] == ["words", "none"]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--at", "one"], 2, "write depths as 1,5,10"),
        (["--weights", "colour"], 2, "image=2"),
        (["--attributes", "nothing"], 1, "has no column 'nothing'"),
        (["--split", "1.5"], 1, "split is 1.5"),
    ],
)
def test_the_command_says_what_is_wrong(
    run: Run, shared_store: Path, args: list[str], code: int, words: str
) -> None:
    got, out, err = run("evaluate", "--store", shared_store, *args)
    assert got == code
    assert words in err
    assert not out


def test_identity_on_drawn_views(tmp_path: Path) -> None:
    """A further view that is the main one, darkened: found by its outline."""
    from small_shop import draw

    lines = ["id,title,colour,image"]
    for kind in ("shirt", "trousers", "bag"):
        for lean in (0.0, 0.3):
            name = f"{kind}-{lean:g}"
            Image.fromarray(draw(kind, "red", lean)).save(tmp_path / f"{name}.png")
            Image.fromarray((draw(kind, "red", lean) * 0.8).astype(np.uint8)).save(tmp_path / f"{name}-dark.png")
            lines.append(f"{name},a thing,red,{name}.png|{name}-dark.png")
    (tmp_path / "shop.csv").write_text("\n".join(lines) + "\n")
    words_alone = Recipe(image="none", colour="none", text="hashed-words")
    report = evaluate(
        tmp_path / "shop.csv",
        recipes={"words": words_alone, "all": WEIGHTLESS},
        weightings=[{"image": 1, "text": 0.01}],
        identity=True,
        attributes=["colour"],
    )
    result, colours = report.results
    assert (result.question, result.queries, result.gallery) == ("identity", 6, 6)
    words, pictures = result.answers
    assert not words.figures
    assert pictures.figures["R@1"].value == 1
    assert set(pictures.figures) == {"R@1", "R@5", "R@10", "mAP@10", "nDCG@10"}
    assert not pictures.against_first
    assert all(answers.figures["P@1"].value == 1 for answers in colours.answers)
