"""The Shop The Look format: signatures become addresses, boxes are cut out of scenes, what is gone is counted."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from lookalike.errors import CatalogueError, LookalikeError
from lookalike.evaluate.splits import held_out
from lookalike.media.fetching import Fetcher
from lookalike.training.shop_the_look import Looks, read_lines, read_looks, url_of
from lookalike.types import Box

INKS = [(200, 30, 40), (30, 60, 200), (30, 160, 60), (220, 180, 20), (140, 30, 160), (20, 160, 170), (90, 60, 30)]
COUNT = 14


def signature(name: str) -> str:
    return hashlib.md5(name.encode()).hexdigest()


PRODUCTS = [signature(f"product {number}") for number in range(COUNT)]
SCENES = [signature(f"scene {number}") for number in range(COUNT // 2)]  # each shows two products


def picture(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with all products but the last and all scenes but the first."""
    folder = tmp_path_factory.mktemp("pictures")

    def put(name: str, pixels: np.ndarray) -> None:
        path = folder / url_of(name, "x").removeprefix("x/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(pixels))

    for number, product in enumerate(PRODUCTS[:-1]):
        put(product, np.full((40, 30, 3), INKS[number % 7], np.uint8))
    for number, scene in enumerate(SCENES):
        whole = np.full((80, 80, 3), 230, np.uint8)
        whole[:40, :40], whole[40:, 40:] = INKS[2 * number % 7], INKS[(2 * number + 1) % 7]
        if number:
            put(scene, whole)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small file in the published format, with a line that is not."""
    lines = []
    for number, product in enumerate(PRODUCTS):
        corner = [0.0, 0.0, 0.5, 0.5] if number % 2 == 0 else [0.5, 0.5, 1.0, 1.0]
        lines.append(json.dumps({"product": product, "scene": SCENES[number // 2], "bbox": corner}))
    path = tmp_path_factory.mktemp("looks") / "fashion.json"
    path.write_text("\n".join([*lines, "not JSON", ""]), encoding="utf-8")
    return path


def looks(pairs: Path, address: str, **how: float) -> Looks:
    fetcher = Fetcher(allow_hosts=["127.0.0.1"], timeout_s=10)
    try:
        return read_looks(pairs, address=address, longest=24, fetcher=fetcher, **{"hold_out": 0.4, **how})
    finally:
        fetcher.close()


def test_a_box_of_a_scene_and_the_product_show_the_same_thing(pairs: Path, address: str) -> None:
    found = looks(pairs, address)
    for pixels, things in ((found.train.pixels, found.train.things), (found.choose.pixels, found.choose.things)):
        for thing in np.unique(things):
            shown = [pixels[at] for at in np.flatnonzero(things == thing)]
            assert len(shown) == 2
            assert np.array_equal(
                shown[0][5, 5], shown[1][5, 5]
            )  # a box cut one quarter off would show the ground
            assert max(shown[1].shape) <= 24


def test_pictures_that_are_gone_are_left_out_and_counted(pairs: Path, address: str) -> None:
    found = looks(pairs, address)
    assert found.pairs == COUNT - 3  # two of the first scene, and the last product
    assert found.missing.total() == 2
    assert [reject.line for reject in found.rejects] == [COUNT + 1]
    assert found.words.startswith("11 pairs of scene and product; 1 lines rejected, 2 pictures missing (2 x ")
    assert "404" in found.words


def test_no_product_is_on_both_sides(pairs: Path, address: str) -> None:
    found = looks(pairs, address)
    out = sum(held_out(product, 0.4) for product in PRODUCTS[2:-1])
    assert len(np.unique(found.choose.things)) == out
    assert not set(found.train.things.tolist()) & set(found.choose.things.tolist())


def test_too_few_pairs_are_an_error_that_counts_them(pairs: Path, address: str) -> None:
    with pytest.raises(LookalikeError, match="leaves 11 pairs whose pictures could be had: too few"):
        looks(pairs, address, hold_out=0.0)
    with pytest.raises(CatalogueError, match="cannot read the looks in"):
        looks(pairs.with_name("none.json"), address)


def test_a_private_host_is_asked_only_when_it_is_allowed(pairs: Path, address: str) -> None:
    fetcher = Fetcher(timeout_s=5)
    try:
        with pytest.raises(LookalikeError, match="leaves 0 pairs"):
            read_looks(pairs, address=address, longest=24, hold_out=0.4, fetcher=fetcher)
    finally:
        fetcher.close()


GOOD = {"product": PRODUCTS[0], "scene": SCENES[0], "bbox": [0.4, 0.2, 0.5, 1.0]}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({**GOOD, "bbox": [0.4, 0.2, 0.5]}, "is not four numbers"),
        ({**GOOD, "bbox": [0.5, 0.2, 0.4, 1.0]}, "give left, top, right, bottom"),
        ({**GOOD, "bbox": ["a", 0, 1, 1]}, "could not convert"),
        ({**GOOD, "product": "../../etc/passwd"}, "is no signature"),
        ({"product": PRODUCTS[0], "bbox": [0, 0, 1, 1]}, "it lacks 'scene'"),
        ([1, 2], "it is no object"),
    ],
)
def test_a_line_of_another_form_is_a_reject_with_its_number(record: object, reason: str) -> None:
    found, rejects = read_lines([json.dumps(GOOD), "", json.dumps(record)])
    assert [one.product for one in found] == [PRODUCTS[0]]
    assert found[0].box == Box(0.4, 0.2, 0.5, 1.0)
    (reject,) = rejects
    assert reject.line == 3
    assert reason in reject.reason


def test_an_edge_that_is_a_hair_outside_is_drawn_in() -> None:
    (worn,), _ = read_lines([json.dumps({**GOOD, "bbox": [-0.0001, 0, 1.00002, 1]})])
    assert worn.box == Box(0.0, 0.0, 1.0, 1.0)
