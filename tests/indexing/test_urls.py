"""A catalogue whose pictures are at URLs: what is slow or dead costs itself, and what is unchanged stays there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from lookalike.indexing import job
from lookalike.indexing.job import Report
from lookalike.media.caching import PictureCache
from lookalike.media.fetching import Fetcher
from lookalike.media.hosts import Manners
from lookalike.recipe import Recipe
from lookalike.store.lance import LanceStore
from lookalike.testing.web import Manner, PictureHost

RECIPE = Recipe(image="gradients", text="hashed-words")
QUICK = Manners(read_s=1, backoff_s=0.01, rest_s=0.1, give_up_s=0.2)


def drawn(path: str, edition: int = 0) -> bytes:
    blocks = np.random.default_rng(crc32(path.encode()) + edition).integers(0, 255, (6, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(blocks.repeat(12, axis=0).repeat(12, axis=1)).save(buffer, "PNG")
    return buffer.getvalue()


class Shop:
    """A catalogue and the hosts of its pictures."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.hosts: dict[str, PictureHost] = {}
        self.changed: dict[str, bytes | None] = {}
        self.rows: list[dict[str, str]] = []

    def host(self, name: str, manner: Manner = "good", **options: float) -> PictureHost:
        def picture(path: str) -> bytes | None:
            return self.changed[path] if path in self.changed else drawn(path)

        self.hosts[name] = self.stack.enter_context(PictureHost(picture, manner=manner, **options))
        return self.hosts[name]

    def add(self, product_id: str, *urls: str) -> None:
        self.rows.append({"id": product_id, "title": f"thing {product_id}", "image": "|".join(urls)})

    def index(self, *, cache: bool = True) -> Report:
        with (self.folder / "catalogue.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, ["id", "title", "image"])
            table.writeheader()
            table.writerows(self.rows)
        kept = PictureCache(self.folder / "cache") if cache else None
        fetcher = Fetcher(allow_hosts=["127.0.0.1"], manners=QUICK, cache=kept)
        try:
            return job.index(
                self.folder / "catalogue.csv", self.folder / "store", recipe=RECIPE, workers=2, fetcher=fetcher
            )
        finally:
            fetcher.close()
            if kept:
                kept.close()

    def asked(self) -> dict[int, int]:
        """Statuses answered since the last time."""
        statuses: dict[int, int] = {}
        for host in self.hosts.values():
            for status, count in host.statuses.items():
                statuses[status] = statuses.get(status, 0) + count
            host.statuses.clear()
        return statuses

    def ids(self) -> set[str]:
        return set(LanceStore.open(str(self.folder / "store")).ids())

    def rejects(self) -> list[dict[str, str]]:
        with (self.folder / "store" / "rejects.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with ExitStack() as stack:
        yield Shop(tmp_path, stack)


def numbers(report: Report) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.embedded


@pytest.fixture
def good(shop: Shop) -> Shop:
    host = shop.host("good")
    for n in range(8):
        shop.add(f"P{n}", f"{host.url}/{n}.png")
    return shop


def test_a_second_run_fetches_nothing_that_has_not_changed(good: Shop) -> None:
    assert numbers(good.index()) == (8, 0, 0, 8)
    assert good.asked() == {200: 8}
    sent = good.hosts["good"].bytes_sent
    assert numbers(good.index()) == (0, 0, 8, 0)
    assert good.asked() == {304: 8}
    assert good.hosts["good"].bytes_sent == sent


def test_a_changed_picture_is_fetched_and_embedded_and_no_other(good: Shop) -> None:
    good.index()
    good.asked()
    good.changed["/3.png"] = drawn("/3.png", edition=1)
    assert numbers(good.index()) == (0, 1, 7, 1)
    assert good.asked() == {200: 1, 304: 7}


def test_other_validators_for_the_same_bytes_embed_nothing(good: Shop) -> None:
    good.index()
    good.asked()
    good.hosts["good"].validators = False
    assert numbers(good.index()) == (0, 0, 8, 0)
    assert good.asked() == {200: 8}


def test_without_a_cache_the_bytes_decide(good: Shop) -> None:
    assert numbers(good.index(cache=False)) == (8, 0, 0, 8)
    good.changed["/3.png"] = drawn("/3.png", edition=1)
    assert numbers(good.index(cache=False)) == (0, 1, 7, 1)


def test_a_new_title_fetches_no_picture_whose_vectors_are_there(good: Shop) -> None:
    good.index()
    good.asked()
    good.rows[2]["title"] = "a wholly other thing"
    assert numbers(good.index()) == (0, 1, 7, 0)
    assert good.asked() == {304: 8}


def test_a_picture_of_many_products_is_fetched_once(good: Shop) -> None:
    for n in range(5):
        good.add(f"V{n}", f"{good.hosts['good'].url}/shared.png")
    assert numbers(good.index()) == (13, 0, 0, 9)
    assert good.hosts["good"].paths["/shared.png"] == 1


def test_bad_hosts_cost_their_own_pictures_and_each_is_named_with_its_reason(good: Shop) -> None:
    hosts = {name: good.host(name, name) for name in ("hanging", "garbage", "slow")}  # type: ignore[arg-type]
    hosts["slow"].delay_s = 0.05
    gone = good.host("gone")
    for n in range(8):
        for name, host in hosts.items():
            good.add(f"{name}-{n}", f"{host.url}/{n}.png")
    good.changed["/none.png"] = None
    good.add("gone", f"{gone.url}/none.png")
    report = good.index()
    assert good.ids() == {f"P{n}" for n in range(8)} | {f"slow-{n}" for n in range(8)}
    name = {bad: f"127.0.0.1:{host.port}" for bad, host in good.hosts.items()}
    assert report.hosts.keys() == {name["hanging"], name["garbage"], name["gone"]}
    assert report.hosts[name["garbage"]] == {"not a picture that is known": 8}
    assert report.hosts[name["gone"]] == {"answered 404 Not Found": 1}
    assert sum(report.hosts[name["hanging"]].values()) == 8
    assert report.hosts[name["hanging"]].keys() <= {
        "sent nothing for 1 s",
        "is left alone: it sent nothing for 1 s",
    }
    assert report.rejected == 17
    for row in good.rejects():
        bad = row["id"].partition("-")[0]
        assert name[bad] in row["reason"]
        assert "\n" not in row["reason"]


def test_a_host_that_is_down_at_a_later_run_takes_nothing_from_the_store(good: Shop) -> None:
    """Neither the products nor one view of several; the report says that they were not looked at."""
    other = good.host("other")
    good.add("both", f"{good.hosts['good'].url}/front.png", f"{other.url}/back.png")
    good.add("alone", f"{other.url}/alone.png")
    good.index()
    other.manner = "hanging"
    good.rows[-1]["title"] = "another title"
    report = good.index()
    assert numbers(report) == (0, 1, 9, 0)
    assert (report.rejected, report.skipped_pictures) == (0, 2)
    assert {row["id"] for row in good.rejects()} == {"both", "alone"}
    assert all("stays as it is stored" in row["reason"] for row in good.rejects())
    store = LanceStore.open(str(good.folder / "store"))
    assert len(store.views(["both"])["both"]) == 2
    assert store.product("alone").title == "another title"


def test_a_picture_that_is_gone_for_good_leaves_its_product(good: Shop) -> None:
    good.add("both", *(f"{good.hosts['good'].url}/{side}.png" for side in ("front", "back")))
    good.index()
    good.changed["/back.png"] = None
    report = good.index()
    assert numbers(report) == (0, 1, 8, 0)
    assert report.skipped_pictures == 1
    assert len(LanceStore.open(str(good.folder / "store")).views(["both"])["both"]) == 1
