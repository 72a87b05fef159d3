"""Thumbnails: small, kept by whoever has them, and never a file that is none of the shop's."""

from __future__ import annotations

import io
import threading

import pytest
from PIL import Image
from starlette.testclient import TestClient

from lookalike.serve.thumbnails import Thumbnails
from lookalike.types import View

PATH = "/v1/products/shirt-a-red/thumbnail"


def test_a_thumbnail_is_a_picture_that_fits_and_may_be_kept(served: TestClient) -> None:
    answer = served.get(PATH, params={"size": 128})
    assert answer.headers["content-type"] == "image/jpeg"
    assert "max-age" in answer.headers["cache-control"]
    assert Image.open(io.BytesIO(answer.content)).size == (72, 96)  # no larger than it is
    assert served.get(PATH, headers={"If-None-Match": served.get(PATH).headers["etag"]}).status_code == 304


@pytest.mark.parametrize(("path", "status"), [(f"{PATH}?view=3", 404), (f"{PATH}?size=99", 422)])
def test_there_is_no_other(served: TestClient, path: str, status: int) -> None:
    answer = served.get(path)
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_product_has_none(served: TestClient) -> None:
    assert served.get("/v1/products/nothing/thumbnail").json()["type"] == "urn:lookalike:product-not-found"


def test_a_busy_server_still_shows_pictures(served: TestClient) -> None:
    pool, over = served.app.state.service.pool, threading.Event()
    busy = [served.portal.start_task_soon(pool.run, over.wait) for _ in range(pool.threads)]
    try:
        assert served.get(PATH, params={"size": 256}).status_code == 200
        assert not any(one.done() for one in busy)
    finally:
        over.set()


def test_as_many_are_kept_as_there_is_room_for() -> None:
    import numpy as np

    made = []

    def pixels(shade: int):
        made.append(shade)
        return np.full((64, 64, 3), shade, np.uint8)

    kept = Thumbnails(most_bytes=2000)
    for shade in (0, 0, 50, 100, 150, 200, 250, 0):
        kept.of(View("a", 0, "", key=str(shade)), 64, lambda shade=shade: pixels(shade))
    assert made == [0, 50, 100, 150, 200, 250, 0]
