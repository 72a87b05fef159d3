"""The command line from outside: results on standard output, words on standard error, and honest exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image
from small_shop import write_shop

from lookalike.cli import main
from lookalike.models import all_specs

CONTRACT = {"id", "score", "title", "group", "image", "parts"}
FURTHER = {
    "cosine",
    "likeness",
    "duplicates",
    "rules",
    "price",
    "in_stock",
    "category",
}  # said beyond the contract


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command, in this process: as the console script calls it."""

    def command(*args: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["lookalike", *map(str, args)])
        try:
            main()
            code = 0
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
        return Done(code, *capsys.readouterr())

    return command


def one_clear_line(done: Done, *words: str) -> None:
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


def test_similar_prints_one_document_with_what_was_promised(run: Run, shared_store: Path) -> None:
    done = run("similar", "shirt-a-red", "--store", shared_store, "-k", 5, "--where", "price<35", "--json")
    assert done.code == 0
    assert done.err == ""
    found = done.document
    assert set(found) == {"query", "matches"}
    assert found["query"] == {"id": "shirt-a-red", "k": 5, "where": ["price<35"]}
    assert len(found["matches"]) == 5
    for match in found["matches"]:
        assert set(match) == CONTRACT | FURTHER
        assert 0 <= match["score"] <= 1
        assert match["price"] < 35
        assert set(match["parts"]) == {"image", "text", "colour"}
        assert sum(match["parts"].values()) == pytest.approx(match["cosine"], abs=1e-4)
        assert Path(match["image"]).is_file()
    scores = [match["score"] for match in found["matches"]]
    assert scores == sorted(scores, reverse=True)


def test_similar_prints_a_table_for_people(run: Run, shared_store: Path) -> None:
    done = run("similar", "shirt-a-red", "--store", shared_store)
    assert done.code == 0
    assert "shirt-b-red" in done.out
    assert "why" in done.out


def test_similar_takes_what_the_library_takes(run: Run, shared_store: Path) -> None:
    every = ("similar", "shirt-a-red", "--store", shared_store, "--json", "-k", 100)
    assert len(run(*every).document["matches"]) == 20
    assert len(run(*every, "--variants").document["matches"]) == 23
    assert len(run(*every, "--by-group").document["matches"]) == 5
    assert len(run(*every, "--variety", 0.5).document["matches"]) == 20
    only = run(*every, "--weight", "text=0", "--weight", "image=0").document["matches"]
    assert set(only[0]["parts"]) == {"colour"}


def test_search_by_picture_words_or_both(run: Run, shared_store: Path, catalogue: Path) -> None:
    photo = catalogue.parent / "bag-a-blue.png"
    best = run("search", "--image", photo, "--store", shared_store, "-k", 1, "--json")
    assert best.document["query"] == {"image": str(photo), "k": 1, "where": []}
    assert best.document["matches"][0]["id"] == "bag-a-blue"
    words = run("search", "--text", "blue bag", "--store", shared_store, "--json")
    assert len(words.document["matches"]) == 7
    both = run("search", "--image", photo, "--text", "red", "--box", "0,0,1,1", "--store", shared_store, "--json")
    assert both.code == 0
    assert both.document["query"]["box"] == "0,0,1,1"


def test_a_filter_that_nothing_passes_is_an_empty_answer_and_no_failure(run: Run, shared_store: Path) -> None:
    where = ("--where", "price>1000")
    assert run("similar", "shirt-a-red", "--store", shared_store, *where, "--json").document["matches"] == []
    done = run("similar", "shirt-a-red", "--store", shared_store, *where)
    assert (done.code, done.out) == (0, "")
    assert "nothing passes" in done.err


def test_a_score_that_nothing_reaches_is_said_in_words(run: Run, shared_store: Path) -> None:
    at = ("similar", "shirt-a-red", "--store", shared_store, "-k", 100, "--at-least")
    every = run(*at, 0, "--json").document["matches"]
    middle = every[9]["score"]
    assert len(run(*at, middle - 1e-4, "--json").document["matches"]) == 10
    none = run(*at, 1)
    assert (none.code, none.out) == (0, "")
    assert "no product scores 1 or more" in none.err


def test_why_is_said_in_sentences_for_people_and_in_json(run: Run, shared_store: Path, catalogue: Path) -> None:
    for args in (
        ("similar", "shirt-a-red"),
        ("search", "--text", "red shirt"),
        ("search", "--image", catalogue.parent / "bag-a-blue.png", "--at-least", 0),
        ("search", "--like", "shirt-a-red"),
    ):
        done = run(*args, "--store", shared_store, "-k", 2, "--why", "--json")
        assert all(
            match["why"] and all(s.endswith(".") for s in match["why"]) for match in done.document["matches"]
        )
        table = run(*args, "--store", shared_store, "-k", 2, "--why")
        assert all(sentence in table.out for match in done.document["matches"] for sentence in match["why"])
    assert "why" not in run("similar", "shirt-a-red", "--store", shared_store, "--json").document["matches"][0]


def test_duplicates_are_named_or_listed(run: Run, tmp_path: Path) -> None:
    shop, store = tmp_path / "shop", tmp_path / "store"
    shop.mkdir()
    catalogue = write_shop(shop)
    pixels = Image.open(shop / "bag-a-blue.png").convert("RGB")
    pixels.putpixel((0, 0), (254, 255, 255))
    pixels.save(shop / "copy.png")
    with catalogue.open("a") as file:
        file.write("twin,blue bag,,20,Women,blue,Women/bag,true,copy.png\n")
    (tmp_path / "r.toml").write_text('image = "gradients"\ntext = "hashed-words"\n')
    assert run("index", catalogue, "--store", store, "--recipe", tmp_path / "r.toml").code == 0
    ask = ("similar", "bag-b-blue", "--store", store, "--json", "-k", 100)
    once = {match["id"]: match["duplicates"] for match in run(*ask).document["matches"]}
    assert [once.get("bag-a-blue"), once.get("twin")] in ([["twin"], None], [None, ["bag-a-blue"]])
    every = {match["id"]: match["duplicates"] for match in run(*ask, "--duplicates").document["matches"]}
    assert every.keys() - once.keys() <= {"bag-a-blue", "twin"}
    assert every["bag-a-blue"] == every["twin"] == []


class Figures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


def test_a_sheet_is_a_picture_that_opens(run: Run, shared_store: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "new folder" / "sheet.png"
    done = run("similar", "shirt-a-red", "--store", shared_store, "--sheet", sheet, "--json")
    assert done.code == 0
    assert len(done.document["matches"]) == 7
    with Image.open(sheet) as image:
        image.load()
        assert image.format == "PNG"
        assert min(image.size) > 500
    assert list(sheet.parent.iterdir()) == [sheet]


def test_a_sheet_may_be_a_page_that_needs_no_other_file(
    run: Run, shared_store: Path, catalogue: Path, tmp_path: Path
) -> None:
    photo, sheet = catalogue.parent / "bag-a-blue.png", tmp_path / "sheet.html"
    assert run("search", "--image", photo, "--store", shared_store, "--sheet", sheet).code == 0
    page = Figures()
    page.feed(sheet.read_text("utf-8"))
    assert page.tags.count("figure") == 8
    assert len(page.sources) == 8
    assert all(source.startswith("data:image/") for source in page.sources)


def test_a_sheet_of_another_kind_is_refused(run: Run, shared_store: Path, tmp_path: Path) -> None:
    done = run("similar", "shirt-a-red", "--store", shared_store, "--sheet", tmp_path / "sheet.pdf")
    one_clear_line(done, "sheet.pdf")


def test_index_then_again_then_info(run: Run, catalogue: Path, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text('image = "gradients"\ntext = "hashed-words"\n')
    index = ("index", catalogue, "--store", tmp_path / "store", "--recipe", tmp_path / "r.toml")
    first = run(*index, "--json")
    assert first.code == 0
    assert first.document["added"] == first.document["embedded"] == 24
    again = run(*index)
    assert (again.code, again.out) == (0, "")
    assert "24 unchanged" in again.err
    info = run("info", "--store", tmp_path / "store", "--json").document
    assert (info["products"], info["groups"], info["views"]) == (24, 6, 24)
    assert info["recipe"]["image"] == "gradients"
    assert info["aliases"]["gender"] == "audience"
    assert run("info", "--store", tmp_path / "store").code == 0


def test_models_are_listed_and_shown(run: Run) -> None:
    listed = run("models", "list", "--json").document
    assert {row["name"] for row in listed} == set(all_specs())
    assert {row["name"] for row in listed if row["here"]} >= {"wordllama", "gradients", "efficientnet-lite0"}
    table = run("models", "list")
    assert all(name in table.out for name in all_specs())
    assert run("models", "show", "resnet50", "--json").document["dim"] == 2048
    assert "Apache-2.0" in run("models", "show", "resnet50").out


def test_the_version_is_told(run: Run) -> None:
    import lookalike

    assert run("--version").out == f"lookalike {lookalike.__version__}\n"


# -- what goes wrong --------------------------------------------------------------------------------


def test_a_failure_is_one_clear_line_and_exit_code_1(run: Run, shared_store: Path, tmp_path: Path) -> None:
    at = ("--store", shared_store)
    (tmp_path / "bad.jpg").write_bytes(b"<svg/>")
    one_clear_line(run("similar", "no-such-id", *at, "--json"), "no-such-id", "24 products")
    one_clear_line(run("similar", "shirt-a-red", "--store", tmp_path), "no store at", "lookalike index")
    one_clear_line(run("similar", "shirt-a-red", *at, "--where", "prize<5"), "prize", "price")
    one_clear_line(run("similar", "shirt-a-red", *at, "--weight", "shape=1"), "shape")
    one_clear_line(run("search", "--image", tmp_path / "none.jpg", *at), "none.jpg")
    one_clear_line(run("search", "--image", tmp_path / "bad.jpg", *at), "bad.jpg", "SVG")
    one_clear_line(run("search", "--image", "http://127.0.0.1:9/a.jpg", *at), "--allow-host")
    one_clear_line(run("search", "--text", " ", *at), "an image, a text, or both")
    one_clear_line(run("index", tmp_path / "none.csv", "--store", tmp_path / "s"), "none.csv")
    one_clear_line(run("index", tmp_path / "none.csv", "--store", tmp_path / "s", "--engine", "rya"), "rya")
    one_clear_line(run("models", "show", "resnet51"), "resnet51")
    one_clear_line(run("models", "show", tmp_path / "none.toml"), "none.toml")
    one_clear_line(run("info", "--store", tmp_path), "no store at")


@pytest.mark.parametrize(
    "args",
    [
        ("similar",),
        ("similar", "A"),
        ("similar", "A", "--store"),
        ("similar", "A", "--store", "s", "-k", "0"),
        ("similar", "A", "--store", "s", "-k", "many"),
        ("similar", "A", "--store", "s", "--variety", "2"),
        ("similar", "A", "--store", "s", "--weight", "image"),
        ("search", "--store", "s"),
        ("search", "--text", "x"),
        ("search", "--text", "x", "--store", "s", "--no-such-option"),
        ("no-such-command",),
        ("models", "show"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2_and_no_traceback(run: Run, args: tuple[str, ...], shared_store: Path) -> None:
    done = run(*(shared_store if arg == "s" else arg for arg in args))
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err


@pytest.mark.parametrize("box", ["a,b,c,d", "0.1;0.2"])
def test_a_box_that_is_none_is_wrong_usage(run: Run, shared_store: Path, catalogue: Path, box: str) -> None:
    photo = catalogue.parent / "bag-a-blue.png"
    assert run("search", "--image", photo, "--store", shared_store, "--box", box).code == 2


def test_in_a_process_of_its_own_it_is_the_same(shared_store: Path) -> None:
    def lookalike(*args: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "lookalike", *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = lookalike("similar", "shirt-a-red", "--store", shared_store, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)["matches"]) == 7
    gone = lookalike("similar", "no-such-id", "--store", shared_store)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr.startswith("error: no product 'no-such-id'")


def test_rules_are_obeyed_and_named(run: Run, shared_store: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rules]]\nname = "bags first"\nboost = 100\nwhere = "category=Men/bag"\n')
    ask = ("similar", "shirt-a-red", "--store", shared_store, "-k", 3, "--rules", rules)
    found = run(*ask, "--json").document
    assert found["query"]["rules"] == ["bags first"]
    assert [match["rules"] for match in found["matches"]] == [["bags first"]] * 3
    assert "rule: bags first" in run(*ask).out
    plain = run("similar", "shirt-a-red", "--store", shared_store, "--no-rules", "--json").document
    assert "rules" not in plain["query"]
    rules.write_text('[[rules]]\nname = "bags first"\nboost = 0\nwhere = "category=Men/bag"\n')
    one_clear_line(run(*ask), "rules.toml, line 3, rule 'bags first': boost is 0")


def test_likes_words_and_the_same_values_are_asked_for(run: Run, shared_store: Path, catalogue: Path) -> None:
    words = ("--store", shared_store, "-k", 2, "--json")
    found = run(
        "search", "--like", "shirt-a-red", "--like", "bag-a-red", "--dislike", "bag-b-blue", *words
    ).document
    assert found["query"] == {"like": ["shirt-a-red", "bag-a-red"], "dislike": ["bag-b-blue"], "k": 2, "where": []}
    assert len(found["matches"]) == 2
    found = run("similar", "shirt-a-red", "--text", "but blue", "--same", "gender", *words).document
    assert found["query"]["text"] == "but blue"
    assert found["matches"][0]["id"] == "shirt-a-blue"
    assert all(match["category"].startswith("Women") for match in found["matches"])
    one_clear_line(run("similar", "shirt-a-red", "--same", "brand", *words), "has no brand")
    assert run("search", "--dislike", "shirt-a-red", *words).code == 2
    shown = run("search", "--like", "shirt-a-red", "--dislike", "bag-a-red", "--store", shared_store)
    assert "like shirt-a-red, unlike bag-a-red" in shown.out
