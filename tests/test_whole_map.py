"""The map: what is alike lies side by side, and no thumbnail hides another."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookalike.cli import main
from lookalike.errors import LookalikeError, StoreError
from lookalike.filters import read
from lookalike.media.grid import levels, snapped
from lookalike.media.maps import write_map
from lookalike.media.spots import Spot, regions
from lookalike.recommend import mapping
from lookalike.recommend.mapping import Map, in_square, lay_out, nearest
from lookalike.store.memory import MemoryStore
from lookalike.testing.builders import header, product, rows, unit_vectors
from lookalike.types import Filter, Progress

WEIGHTS = {"image": 1.0, "text": 0.5, "colour": 0.4}


def nothing(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def store_of(count: int, *, clusters: int = 0, spread: float = 0.2) -> MemoryStore:
    store = MemoryStore(header())
    blocks = {
        p: unit_vectors(count, dim, seed=5, clusters=clusters, spread=spread)
        for p, dim in store.header.dims.items()
    }
    if count:
        shelf = [product(f"P{n:04}", price=float(n)) for n in range(count)]
        store.put(rows(store.header, shelf, vectors=blocks))
    return store


def drawn(store: MemoryStore, *, where: Filter | None = None, progress: Progress = nothing) -> Map:
    return lay_out(store, store.header.recipe.weights, where=where or Filter(), progress=progress)


# -- where each product lies ------------------------------------------------------------------------------------


def test_what_is_alike_lies_side_by_side() -> None:
    store = store_of(240, clusters=6)
    vectors = np.stack([store.views([f"P{n:04}"])[f"P{n:04}"][0].parts["image"] for n in range(240)])
    found = drawn(store)
    assert found.ids == tuple(store.ids(limit=0))
    assert found.points.shape == (240, 2)
    assert found.points.min() >= 0.015
    assert found.points.max() <= 0.985
    kind = (vectors @ vectors.T > 0.7).argmax(axis=1)  # the first of its cluster names it
    apart = np.linalg.norm(found.points[:, None] - found.points[None], axis=2) + 9 * np.eye(240)
    assert (kind[apart.argmin(axis=1)] == kind).mean() > 0.98


def test_the_same_catalogue_gives_the_same_map() -> None:
    np.testing.assert_array_equal(drawn(store_of(60)).points, drawn(store_of(60)).points)


@pytest.mark.parametrize("count", [1, 2, 3, 15, 16, 17, 40])
def test_a_small_catalogue_has_a_map_too(count: int) -> None:
    found = drawn(store_of(count))
    assert len(found) == count
    assert np.isfinite(found.points).all()
    assert ((found.points >= 0) & (found.points <= 1)).all()
    if count > 2:
        assert len(np.unique(found.points, axis=0)) == count


def test_products_that_are_all_the_same_can_be_placed() -> None:
    store = MemoryStore(header())
    store.put(rows(store.header, [product(f"P{n}", title="t", images=("same.jpg",)) for n in range(30)]))
    assert np.isfinite(drawn(store).points).all()


def test_what_has_nothing_to_lie_by_is_counted() -> None:
    store = MemoryStore(header())
    store.put(rows(store.header, [product("A"), product("B", images=()), product("C", title="", images=())]))
    assert drawn(store).without == 1
    by_picture = lay_out(store, {"image": 1, "text": 0, "colour": 0}, where=Filter(), progress=nothing)
    assert (by_picture.ids, by_picture.without) == (("A",), 2)
    for empty in (store_of(0), store):
        with pytest.raises(LookalikeError, match="nothing to map"):
            lay_out(empty, WEIGHTS, where=read("price>99999"), progress=nothing)


def test_of_very_many_products_some_are_drawn_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping, "MOST", 10)
    found = drawn(store_of(35))
    assert found.ids == tuple(f"P{n:04}" for n in range(0, 35, 4))
    assert found.without == 35 - 9


class Stages(list[str]):
    def __call__(self, stage: str, done: int, total: int) -> None:
        assert 0 <= done <= total
        self.append(stage)


def test_a_store_keeps_the_map_of_its_catalogue_until_a_vector_changes() -> None:
    store = store_of(40)
    first, again, changed, some = Stages(), Stages(), Stages(), Stages()
    before = drawn(store, progress=first)
    assert {"reading", "comparing", "mapping"} == set(first)
    store.patch(rows(store.header, [product("P0001", price=1.5)]).select(["id", "price"]))
    np.testing.assert_array_equal(drawn(store, progress=again).points, before.points)
    assert set(again) == {"reading"}
    drawn(store, where=read("price<25"), progress=some)
    assert "mapping" in some
    assert store.fitted_version == 1
    store.put(rows(store.header, [product("P0001", title="another")]))
    assert (drawn(store, progress=changed).points != before.points).any()
    assert "mapping" in changed


def test_a_store_that_may_not_be_written_has_a_map_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: MemoryStore, name: str, content: bytes) -> None:
        raise StoreError("the folder may not be written")

    monkeypatch.setattr(MemoryStore, "keep_fitted", refuse)
    assert len(drawn(store_of(20))) == 20


def test_neighbours_are_those_that_every_distance_says() -> None:
    vectors = unit_vectors(700, 20, seed=1, clusters=12)
    places, far = nearest(vectors, k=15, progress=nothing)
    truth = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    np.fill_diagonal(truth, np.inf)
    np.testing.assert_allclose(far, np.sort(truth, axis=1)[:, :15], atol=2e-3)
    np.testing.assert_allclose(np.take_along_axis(truth, places, axis=1), far, atol=2e-3)


def test_a_map_keeps_its_proportions() -> None:
    points = in_square(np.array([[0.0, 0.0], [10.0, 5.0], [10.0, 0.0]]))
    assert np.ptp(points[:, 0]) == pytest.approx(0.96)
    assert np.ptp(points[:, 1]) == pytest.approx(0.48)
    np.testing.assert_array_equal(in_square(np.zeros((3, 2))), np.full((3, 2), 0.5, np.float32))


# -- squared paper ----------------------------------------------------------------------------------------------

POINTS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=60)


@settings(deadline=None)
@given(points=POINTS, room=st.integers(0, 4))
def test_each_point_has_a_square_of_its_own(points: list[tuple[float, float]], room: int) -> None:
    side = int(np.ceil(np.sqrt(len(points)))) + room
    cells = snapped(np.array(points, np.float32), side)
    assert ((cells >= 0) & (cells < side)).all()
    assert len({tuple(cell) for cell in cells.tolist()}) == len(points)


@settings(deadline=None)
@given(points=POINTS, reach=st.integers(0, 2))
def test_none_moves_farther_than_it_may(points: list[tuple[float, float]], reach: int) -> None:
    array = np.array(points, np.float32)
    cells = snapped(array, 5, reach=reach)
    there = cells[:, 0] >= 0
    homes = np.minimum((array.astype(np.float64) * 5).astype(int), 4)
    assert (np.abs(cells - homes)[there] <= reach).all()
    assert len({tuple(cell) for cell in cells[there].tolist()}) == there.sum()
    assert {tuple(home) for home in homes.tolist()} >= {tuple(c) for c in cells[there].tolist()} or reach


@settings(deadline=None)
@given(points=POINTS)
def test_from_afar_each_larger_square_shows_one(points: list[tuple[float, float]]) -> None:
    side = 9
    cells = snapped(np.array(points, np.float32), side)
    found = levels(cells, side)
    for level in range(int(found.max()) + 1):
        squares = [tuple(c) for c in (cells[found >= level] // 2**level).tolist()]
        assert len(set(squares)) == len(squares)
        assert set(squares) == {tuple(c) for c in (cells // 2**level).tolist()}
    assert (found == found.max()).sum() == 1


def test_a_region_is_named_where_most_of_it_lies() -> None:
    around = np.array([[0.2, 0.8]] * 8 + [[0.9, 0.1]] * 3 + [[0.5, 0.5]] * 9, np.float32)
    large, small = regions(around, ["shirts"] * 11 + ["bags"] * 8 + ["one of a kind"])
    assert (large.name, large.products) == ("shirts", 11)
    assert (large.across, large.down) == (pytest.approx(0.2), pytest.approx(0.8))
    assert (small.name, small.products) == ("bags", 8)
    assert regions(around, [""] * 20) == []


def test_a_name_is_not_written_where_most_is_something_else() -> None:
    together = np.full((20, 2), 0.5, np.float32)
    assert [r.name for r in regions(together, ["shirts"] * 16 + ["bags"] * 4)] == ["shirts"]


# -- drawing ----------------------------------------------------------------------------------------------------


@pytest.fixture
def spots(tmp_path: Path) -> list[Spot]:
    """Twelve products: each of a colour of its own, one without a picture, one whose picture is none."""
    found = []
    for n in range(12):
        file = tmp_path / f"{n}.png"
        Image.new("RGB", (30, 40), (20 * n, 255 - 20 * n, 40)).save(file)
        found.append(Spot(f"P{n}", f"product {n}", f"{n}.00 EUR", "bags" if n % 2 else "shirts", str(file)))
    (tmp_path / "1.png").write_bytes(b"no picture")
    found[0] = Spot("</script><b>", 'quote " \u2028 & <i>', "", "shirts", "")
    return found


def circle(count: int) -> Any:
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return (0.5 + 0.45 * np.stack([np.cos(turn), np.sin(turn)], axis=1)).astype(np.float32)


def test_a_picture_shows_every_product_once(spots: list[Spot], tmp_path: Path) -> None:
    path = tmp_path / "out" / "map.png"
    done = write_map(path, "A shop", circle(12), spots, size=900)
    assert (done.products, done.shown, done.unreadable) == (12, 12, 2)
    image = Image.open(path)
    assert max(image.size) <= 1000
    colours = {colour for _, colour in image.getcolors(maxcolors=1 << 20)}
    assert all((20 * n, 255 - 20 * n, 40) in colours for n in range(2, 12))


def test_a_picture_shows_as_many_as_stay_readable(spots: list[Spot], tmp_path: Path) -> None:
    points = np.random.default_rng(3).random((600, 2), np.float32)
    done = write_map(tmp_path / "map.png", "A shop", points, spots * 50, size=512)
    assert done.products == 600
    assert 60 <= done.shown <= 100  # squares of 48 pixels
    more = write_map(tmp_path / "map.png", "A shop", points, spots * 50, size=1_024)
    assert more.shown > 3 * done.shown


def facts_of(page: str) -> dict[str, Any]:
    (found,) = re.findall(r'<script type="application/json" id="facts">(.*?)</script>', page, re.DOTALL)
    facts: dict[str, Any] = json.loads(found)
    return facts


def test_a_page_carries_all_it_needs(spots: list[Spot], tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    done = write_map(path, 'Shop "A" & <b>', circle(12), spots)
    assert (done.products, done.shown, done.unreadable) == (12, 12, 2)
    page = path.read_text("utf-8")
    facts = facts_of(page)
    assert facts["id"] == [s.id for s in spots]
    assert facts["title"][0] == spots[0].title
    assert [facts["regions"][at] for at in facts["region"]] == [s.region for s in spots]
    assert len(set(zip(facts["x"], facts["y"], strict=True))) == 12
    assert facts["width"][:3] == [0, 0, facts["width"][2]]
    assert facts["height"][2] == facts["tile"]
    assert all(address.startswith("data:image/webp;base64,") for address in facts["pages"])
    assert "<b>" not in page.split("</title>")[0]
    assert "Shop &quot;A&quot; &amp; &lt;b&gt;" in page
    assert not re.search(r"https?://", page)
    assert "default-src 'none'" in page
    assert "{{" not in page


def test_thumbnails_come_on_pages_of_their_own_size(spots: list[Spot], tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    write_map(path, "Shop", np.random.default_rng(1).random((400, 2), np.float32), (spots * 34)[:400])
    facts = facts_of(path.read_text("utf-8"))
    assert len(facts["pages"]) == -(-400 // facts["perPage"]) > 1


@pytest.mark.parametrize(
    ("name", "size", "says"),
    [
        ("map.pdf", 900, "a .png or an .html file, not 'map.pdf'"),
        ("map", 900, "a .png or an .html file"),
        ("map.png", 10, "a map of 10 pixels: ask for 256"),
        ("map.png", 99_999, "99999 pixels"),
    ],
)
def test_a_map_that_cannot_be_is_refused(
    spots: list[Spot], tmp_path: Path, name: str, size: int, says: str
) -> None:
    with pytest.raises(LookalikeError, match=says):
        write_map(tmp_path / "out" / name, "A shop", circle(12), spots, size=size)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["png", "html"])
def test_a_place_that_cannot_be_written_is_one_line(spots: list[Spot], tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LookalikeError, match="cannot write the map") as caught:
        write_map(tmp_path / "file" / f"map.{kind}", "A shop", circle(12), spots)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["png", "html"])
@pytest.mark.parametrize("count", [1, 2])
def test_one_product_or_two_are_a_map(spots: list[Spot], tmp_path: Path, kind: str, count: int) -> None:
    path = tmp_path / f"map.{kind}"
    points = np.full((count, 2), 0.5, np.float32)
    assert write_map(path, "A shop", points, spots[2 : 2 + count]).shown == count
    assert path.stat().st_size > 500


def test_the_command_draws_what_it_says(
    shared_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "map.html"
    words = ["map", "--store", str(shared_store), "--out", str(path), "--where", "colour=red,blue", "--json"]
    monkeypatch.setattr("sys.argv", ["lookalike", *words])
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    said = json.loads(capsys.readouterr().out)
    assert said == {"path": str(path), "products": 12, "shown": 12, "unreadable": 0, "without": 0}
    facts = facts_of(path.read_text("utf-8"))
    assert set(facts["regions"]) == {"shirt", "trousers", "bag"}
    assert all(facts["width"])
