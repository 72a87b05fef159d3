"""A catalogue into a store: run twice is run once, and only what changed is touched."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from lookalike.errors import CatalogueError, LookalikeError, RecipeError, StoreError
from lookalike.indexing import job
from lookalike.indexing.engines import find_engine
from lookalike.indexing.job import Encoded, Report, Shard
from lookalike.recipe import Recipe
from lookalike.store.lance import LanceStore
from lookalike.testing.contracts import StoreContract

RECIPE = Recipe(image="gradients", text="hashed-words")
Row = dict[str, str]


def draw(path: Path, seed: int) -> None:
    """A picture that no other seed gives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = np.random.default_rng(seed).integers(0, 255, (6, 4, 3), dtype=np.uint8)
    Image.fromarray(blocks.repeat(12, axis=0).repeat(12, axis=1)).save(path, "PNG")


class Shop:
    """A folder with a catalogue and its pictures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[Row] = []
        self.store = folder / "store"

    def add(self, product_id: str, *pictures: str, **facts: str) -> Shop:
        for picture in pictures or (f"{product_id}.png",):
            if not (self.folder / picture).exists():
                draw(self.folder / picture, seed=crc32(picture.encode()))
        shown = "|".join(pictures or (f"{product_id}.png",))
        self.rows.append(
            {"id": product_id, "title": f"thing {product_id}", "price": "10", "image": shown, **facts}
        )
        return self

    def write(self, rows: Iterable[Row] | None = None, name: str = "catalogue.csv") -> Path:
        rows = self.rows if rows is None else list(rows)
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with (self.folder / name).open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, columns, restval="")
            table.writeheader()
            table.writerows(rows)
        return self.folder / name

    def index(self, rows: Iterable[Row] | None = None, **options: Any) -> Report:
        options = {"recipe": RECIPE, "images": self.folder, "workers": 2, **options}
        return job.index(self.write(rows), options.pop("store", self.store), **options)

    def opened(self) -> LanceStore:
        return LanceStore.open(str(self.store))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    for n in range(6):
        made.add(f"P{n}", price=str(10 + n), colour=("Red", "Blue")[n % 2])
    return made


def everything(store: str | Path) -> dict[str, Any]:
    return StoreContract().everything(LanceStore.open(str(store)))


def numbers(report: Report) -> tuple[int, int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.deleted, report.embedded


# -- again ------------------------------------------------------------------------------------------


def test_the_first_run_adds_all_and_the_second_finds_nothing_to_do(shop: Shop) -> None:
    first = shop.index()
    assert numbers(first) == (6, 0, 0, 0, 6)
    assert (first.products, first.rejected, first.skipped_pictures, first.report) == (6, 0, 0, "")
    before, version = everything(shop.store), shop.opened().version
    assert numbers(shop.index()) == (0, 0, 6, 0, 0)
    assert everything(shop.store) == before
    assert shop.opened().version == version


def test_the_recipe_of_the_store_is_used_when_none_is_given(shop: Shop) -> None:
    shop.index()
    shop.add("P6")
    assert numbers(shop.index(recipe=None)) == (1, 0, 6, 0, 1)


def test_a_changed_price_is_patched_and_nothing_is_embedded(shop: Shop) -> None:
    shop.index()
    vectors = {i: v for i, (_, _, v) in everything(shop.store).items()}
    shop.rows[2]["price"] = "99.5"
    assert numbers(shop.index()) == (0, 1, 5, 0, 0)
    assert shop.opened().product("P2").price == 99.5
    assert {i: v for i, (_, _, v) in everything(shop.store).items()} == vectors


def test_a_changed_title_embeds_the_words_and_no_picture(shop: Shop) -> None:
    shop.index()
    before = shop.opened().views(["P2"])["P2"][0]
    shop.rows[2]["title"] = "a wholly other thing"
    assert numbers(shop.index()) == (0, 1, 5, 0, 0)
    after = shop.opened().views(["P2"])["P2"][0]
    assert not np.array_equal(before.parts["text"], after.parts["text"])
    np.testing.assert_array_equal(before.parts["image"], after.parts["image"])


def test_a_picture_with_other_bytes_is_embedded_again_and_no_other(shop: Shop) -> None:
    shop.index()
    before = shop.opened().views(["P2"])["P2"][0]
    draw(shop.folder / "P2.png", seed=4711)
    assert numbers(shop.index()) == (0, 1, 5, 0, 1)
    after = shop.opened().views(["P2"])["P2"][0]
    assert before.view.key != after.view.key
    assert not np.array_equal(before.parts["image"], after.parts["image"])


def test_a_further_picture_is_a_further_view(shop: Shop) -> None:
    shop.index()
    draw(shop.folder / "back.png", seed=9)
    shop.rows[2]["image"] = "P2.png|back.png"
    assert numbers(shop.index()) == (0, 1, 5, 0, 1)
    assert [v.view.picture for v in shop.opened().views(["P2"])["P2"]] == [
        str(shop.folder / "P2.png"),
        str(shop.folder / "back.png"),
    ]
    shop.rows[2]["image"] = "back.png"
    assert numbers(shop.index()) == (0, 1, 5, 0, 0)
    assert len(shop.opened().views(["P2"])["P2"]) == 1


def test_a_picture_is_embedded_once_under_however_many_products(shop: Shop) -> None:
    for n in range(5):
        shop.add(f"V{n}", "shared.png")
    (shop.folder / "copy.png").write_bytes((shop.folder / "shared.png").read_bytes())
    shop.add("W", "copy.png")
    assert numbers(shop.index()) == (12, 0, 0, 0, 7)
    shop.add("X", "copy.png")
    assert numbers(shop.index()) == (1, 0, 12, 0, 0)
    views = shop.opened().views(["V0", "X"])
    assert views["V0"][0].view.key == views["X"][0].view.key


def test_the_order_of_rows_does_not_matter(shop: Shop) -> None:
    shop.index()
    shuffled = random.Random(1).sample(shop.rows, len(shop.rows))
    assert numbers(shop.index(shuffled)) == (0, 0, 6, 0, 0)
    shop.index(shuffled, store=shop.folder / "other")
    assert everything(shop.folder / "other") == everything(shop.store)


def test_a_reduction_is_fitted_once_and_new_products_obey_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for n in range(80):
        shop.add(f"P{n}")
    small = replace(RECIPE, reduce_to={"image": 16, "text": 8, "colour": 8})
    shop.index(recipe=small)
    store = shop.opened()
    assert store.header.dims == {"image": 16, "text": 8, "colour": 8}
    fitted = store.fitted()
    shop.add("N")
    assert numbers(shop.index(recipe=small)) == (1, 0, 80, 0, 1)
    assert store.fitted() == fitted
    for part, vector in store.views(["N"])["N"][0].parts.items():
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5), part


# -- interrupted ------------------------------------------------------------------------------------


def stopping_after(shards: int) -> job.Engine:
    """An engine whose machine goes down."""

    def engine(function: Callable[[Shard], Encoded], todo: Iterable[Shard], /) -> Iterator[Encoded]:
        for at, shard in enumerate(todo):
            if at == shards:
                raise KeyboardInterrupt
            yield function(shard)

    return engine


@pytest.mark.parametrize("shards", [0, 1, 2])
def test_a_run_that_was_stopped_goes_on_and_ends_as_if_it_had_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shards: int
) -> None:
    monkeypatch.setattr(job, "SHARD_PRODUCTS", 4)
    shop = Shop(tmp_path)
    for n in range(11):
        shop.add(f"P{n}", f"P{n}.png", "everywhere.png")
    shop.index(store=tmp_path / "undisturbed")
    with pytest.raises(KeyboardInterrupt):
        shop.index(engine=stopping_after(shards))
    assert shop.opened().counts().products == 4 * shards
    report = shop.index()
    assert (report.added, report.unchanged) == (11 - 4 * shards, 4 * shards)
    assert everything(shop.store) == everything(tmp_path / "undisturbed")


def test_shards_may_be_encoded_in_any_order(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "SHARD_PRODUCTS", 2)
    shop.index()

    def backwards(function: Callable[[Shard], Encoded], todo: Iterable[Shard], /) -> list[Encoded]:
        return [function(shard) for shard in reversed(list(todo))]

    shop.index(store=shop.folder / "other", engine=backwards)
    assert everything(shop.folder / "other") == everything(shop.store)


def test_an_unknown_engine_is_told_the_known_ones() -> None:
    assert find_engine("local") is map
    with pytest.raises(LookalikeError, match="no engine 'rya': there is local"):
        find_engine("rya")


# -- what is wrong with a catalogue -----------------------------------------------------------------


def rejects(shop: Shop) -> list[Row]:
    with (shop.store / "rejects.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_damaged_picture_is_in_the_report_with_its_line(shop: Shop) -> None:
    (shop.folder / "P1.png").write_bytes(b"no picture at all")
    shop.add("Q", "Q.png", "gone.png")
    (shop.folder / "gone.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    report = shop.index()
    assert (report.products, report.added, report.rejected, report.skipped_pictures) == (7, 6, 1, 1)
    assert report.report == str(shop.store / "rejects.csv")
    one, other = rejects(shop)
    assert (one["line"], one["id"], one["source"]) == ("3", "P1", str(shop.folder / "catalogue.csv"))
    assert "P1.png" in one["reason"]
    assert (other["line"], other["id"]) == ("8", "Q")
    assert other["reason"].startswith("picture skipped: ")
    assert len(shop.opened().views(["Q"])["Q"]) == 1
    assert "P1" not in shop.opened().ids()


def test_a_picture_that_stays_damaged_is_told_again_and_changes_nothing(shop: Shop) -> None:
    shop.add("Q", "Q.png", "gone.png")
    (shop.folder / "gone.png").write_bytes(b"no picture at all")
    shop.index()
    version = shop.opened().version
    again = shop.index()
    assert numbers(again) == (0, 0, 7, 0, 0)
    assert again.skipped_pictures == 1
    assert shop.opened().version == version


def test_a_picture_that_was_mended_comes_in(shop: Shop) -> None:
    shop.add("Q", "Q.png", "gone.png")
    (shop.folder / "gone.png").write_bytes(b"no picture at all")
    shop.index()
    draw(shop.folder / "gone.png", seed=8)
    assert numbers(shop.index()) == (0, 1, 6, 0, 1)
    assert len(shop.opened().views(["Q"])["Q"]) == 2
    assert not (shop.store / "rejects.csv").exists()


def test_a_product_stays_as_it_was_when_its_only_picture_is_damaged(shop: Shop) -> None:
    shop.index()
    before = everything(shop.store)
    (shop.folder / "P1.png").write_bytes(b"no picture at all")
    report = shop.index()
    assert (report.changed, report.rejected) == (0, 1)
    assert everything(shop.store) == before


def test_rows_that_end_on_the_last_of_a_shard_are_counted_with_the_rejects_behind(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "SHARD_PRODUCTS", 6)
    report = shop.index([*shop.rows, {**shop.rows[0], "title": "the same id again"}])
    assert (report.added, report.rejected) == (6, 1)
    assert "duplicate id 'P0'" in rejects(shop)[0]["reason"]


def test_a_catalogue_of_nothing_usable_is_an_error_and_makes_no_store(shop: Shop) -> None:
    with pytest.raises(CatalogueError):
        shop.index([{**row, "id": ""} for row in shop.rows])
    with pytest.raises(CatalogueError):
        job.index(shop.folder / "nothing.csv", shop.store)
    assert not shop.store.exists()


def test_text_that_no_store_can_hold_is_a_reject_or_cleaned_and_never_a_crash(shop: Shop) -> None:
    shop.index()
    lines = [
        json.dumps({"id": f"J{n}", "title": t}) for n, t in enumerate(("half a letter \ud83d", "\x00", "fine"))
    ]
    (shop.folder / "c.jsonl").write_text("\n".join(lines), encoding="utf-8")
    text_only = Recipe(image="none", text="hashed-words", colour="none")
    report = job.index(shop.folder / "c.jsonl", shop.folder / "j", recipe=text_only)
    assert report.added + report.rejected == 3
    assert "J2" in LanceStore.open(str(shop.folder / "j")).ids()


# -- what a catalogue no longer has -----------------------------------------------------------------


def test_products_that_are_gone_are_counted_and_pruned_on_request(shop: Shop) -> None:
    shop.index()
    report = shop.index(shop.rows[:4])
    assert (report.strangers, report.deleted) == (2, 0)
    assert shop.opened().counts().products == 6
    report = shop.index(shop.rows[:4], prune=True)
    assert (report.strangers, report.deleted) == (2, 2)
    assert shop.opened().ids() == ["P0", "P1", "P2", "P3"]


def test_a_product_whose_row_or_picture_went_bad_is_not_pruned(shop: Shop) -> None:
    shop.index()
    (shop.folder / "P1.png").write_bytes(b"no picture at all")
    shop.rows[2]["price"] = "a secret"
    report = shop.index(prune=True)
    assert report.deleted == 0
    assert shop.opened().ids() == [f"P{n}" for n in range(6)]


# -- the store that is there ------------------------------------------------------------------------


def test_another_recipe_is_refused_by_the_field_that_differs(shop: Shop) -> None:
    shop.index()
    with pytest.raises(RecipeError, match="canvas is 144 in the store and 128 in the recipe"):
        shop.index(recipe=replace(RECIPE, canvas=128))
    shop.index(recipe=replace(RECIPE, weights={"image": 3.0}))


def test_a_store_that_cannot_be_read_is_left_as_it_is(shop: Shop) -> None:
    shop.index()
    header = replace(shop.opened().header, version=99)
    with pytest.raises(StoreError):
        LanceStore.create(str(shop.folder / "future"), header, {})
    with pytest.raises(StoreError, match="is of version 99"):
        shop.index(store=shop.folder / "future")


def test_a_catalogue_with_a_new_column_widens_the_store(shop: Shop) -> None:
    shop.index()
    for n, row in enumerate(shop.rows):
        row["sleeve length"] = "long" if n % 2 else "short"
    report = shop.index()
    assert (report.changed, report.embedded) == (6, 0)
    store = shop.opened()
    assert store.header.columns == {"sleeve length": "text"}
    assert store.product("P1").attributes == {"sleeve length": "long"}


def test_a_catalogue_without_a_column_that_the_store_has_empties_it(shop: Shop) -> None:
    for row in shop.rows:
        row["fit"] = "slim"
    shop.index()
    for row in shop.rows:
        del row["fit"]
    assert numbers(shop.index()) == (0, 6, 0, 0, 0)
    assert shop.opened().product("P1").attributes == {}


def test_a_catalogue_without_pictures_has_words_alone(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.rows = [
        {"id": f"T{n}", "title": f"{word} shirt", "price": "5"} for n, word in enumerate(("red", "blue", "long"))
    ]
    report = shop.index(recipe=None)
    assert numbers(report) == (3, 0, 0, 0, 0)
    assert shop.opened().header.recipe == Recipe(image="none", colour="none")
    assert numbers(shop.index(recipe=None)) == (0, 0, 3, 0, 0)


def test_where_others_have_pictures_a_product_without_is_a_reject(shop: Shop) -> None:
    report = shop.index([*shop.rows, {**shop.rows[0], "id": "bare", "image": ""}])
    assert (report.added, report.rejected) == (6, 1)
    assert rejects(shop)[0]["reason"] == "no picture: column image is empty"


def test_progress_is_told_stage_by_stage(shop: Shop) -> None:
    told: list[tuple[str, int, int]] = []
    shop.index(progress=lambda *at: told.append(at))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["reading", "fitting", "indexing", "tidying"]
    assert ("indexing", 6, 6) in told
