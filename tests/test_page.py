"""The page and the widget of a served shop, clicked through in a headless Chromium.

Needs `pip install playwright` and Chromium (LOOKALIKE_CHROMIUM, else /usr/bin/chromium). Screenshots are kept in
LOOKALIKE_SCREENSHOTS, else in the test's own folder. With LOOKALIKE_AXE, the path of axe-core's axe.min.js
(`npm pack axe-core`), every view is also checked for accessibility.
"""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lookalike.indexing.job import index
from lookalike.recipe import Recipe
from lookalike.testing import sample_shop

api = pytest.importorskip("playwright.sync_api", reason="the page is tested with playwright, which is not here")
CHROMIUM = Path(os.environ.get("LOOKALIKE_CHROMIUM", "/usr/bin/chromium"))
AXE = os.environ.get("LOOKALIKE_AXE", "")
PRODUCT, PHOTO = "drs-501-red", "figure-16-woman-park.jpg"
EVERY = 4  # of the drawn shop's products each so many-th is in the store
WAIT_MS = 12_000
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}: set LOOKALIKE_CHROMIUM")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


@pytest.fixture(scope="module")
def photos() -> Iterator[str]:
    """Photographs on a host that the operator allows."""
    handler = functools.partial(_Quiet, directory=str(sample_shop() / "figures"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a part of the drawn shop is served; whoever is on this machine may write."""
    folder = tmp_path_factory.mktemp("served")
    head, *lines = (sample_shop() / "catalogue.csv").read_text("utf-8").splitlines()
    kept = [line for n, line in enumerate(lines) if n % EVERY == 0 or line.startswith(PRODUCT)]
    (folder / "catalogue.csv").write_text("\n".join([head, *kept]) + "\n", "utf-8")
    recipe = Recipe(image="gradients", text="hashed-words")
    index(folder / "catalogue.csv", folder / "store", images=sample_shop(), recipe=recipe)
    ready = folder / "ready"
    command = [sys.executable, "-m", "lookalike", "serve", "--store", str(folder / "store"), "--port", "0"]
    options = ["--open-writes", "--allow-host", "127.0.0.1", "--allow-origin", "null", "--ready-file", str(ready)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*command, *options], stderr=log, stdout=log)
    try:
        for _ in range(600):
            if ready.exists() and ready.read_text().strip():
                break
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        url = ready.read_text().strip()
        _drawn(url)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _drawn(url: str) -> None:
    """Wait until the map is drawn, which the first who asks sets going."""
    for _ in range(60):
        try:
            urllib.request.urlopen(f"{url}/v1/map?limit=1").close()
        except urllib.error.HTTPError as error:
            error.close()
            time.sleep(1)
        else:
            return


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, address: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A fresh browser on the start of the page. At the end: a screenshot, axe, and no error on the console.

    That a server is busy for a moment is told by the browser as an error, and is none: the page asks again.
    """
    context = chromium.new_context(viewport=getattr(request, "param", {"width": 1360, "height": 900}))
    page, errors = context.new_page(), []
    page.set_default_timeout(WAIT_MS)
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    yield page
    folder = Path(os.environ.get("LOOKALIKE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(700)
    page.screenshot(path=folder / f"{request.node.name.removeprefix('test_')}.png")
    if AXE:
        page.evaluate(Path(AXE).read_text("utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert not serious, [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in serious]
    context.close()
    assert not [said for said in errors if "503" not in said]


def cards(page: Any) -> list[str]:
    """Ids of the products on the page, once its answer is there."""
    page.wait_for_selector("#results:not([aria-busy]) .card[data-id]")
    return [card.get_attribute("data-id") for card in page.query_selector_all("#results .card[data-id]")]


def answered(page: Any, address: str, state: str) -> list[str]:
    page.goto(f"{address}/#{state}")
    page.reload()
    return cards(page)


def uploaded(page: Any) -> None:
    page.set_input_files("#file", str(sample_shop() / "figures" / PHOTO))
    page.wait_for_selector("#garments [role=tab]")
    cards(page)


def test_a_photograph_is_uploaded_and_its_garments_are_tabs(page: Any) -> None:
    uploaded(page)
    first = page.locator("#answer-heading").inner_text()
    page.locator(".mark .dot").first.click()
    page.wait_for_function("before => document.querySelector('#answer-heading').innerText !== before", arg=first)
    assert page.locator("#garments [aria-selected=true]").count() == 1
    page.reload()  # what was dropped is still there
    cards(page)
    assert page.locator(".stage img").count() == 1


def test_the_address_of_a_picture_is_pasted(page: Any, photos: str) -> None:
    page.fill("#words", f"{photos}/{PHOTO}")
    page.press("#words", "Enter")
    assert cards(page)
    assert "image=" in page.url


def test_words_find_and_are_completed_by_products(page: Any) -> None:
    page.fill("#words", "dress")
    page.wait_for_selector("#suggestions li[data-product]")
    page.press("#words", "ArrowDown")
    page.press("#words", "Enter")
    assert cards(page)
    assert page.locator("#answer-heading").inner_text() == "“dress”"


def test_a_box_is_dragged_on_a_photograph_and_asked(page: Any) -> None:
    uploaded(page)
    before = page.locator("#answer-heading").inner_text()
    handle = page.locator(".box .handle.se").bounding_box()
    page.mouse.move(handle["x"] + 14, handle["y"] + 14)
    page.mouse.down()
    page.mouse.move(handle["x"] - 12, handle["y"] - 25, steps=4)
    page.mouse.up()
    page.wait_for_function("document.querySelector('#answer-heading').innerText.includes('your box')")
    assert before != page.locator("#answer-heading").inner_text()
    assert "box=" in page.url and cards(page)


def test_sliders_turn_the_answer(page: Any, address: str) -> None:
    before = answered(page, address, f"product={PRODUCT}")
    page.locator("#weight-image").fill("0")
    page.locator("#weight-text").fill("0")
    page.wait_for_function("location.hash.includes('image%3A0')")
    page.wait_for_timeout(300)
    assert cards(page) != before
    page.click("#weights .reset")
    page.wait_for_function("!location.hash.includes('weights')")


def test_filters_have_counts_and_narrow_the_answer(page: Any, address: str) -> None:
    before = answered(page, address, f"product={PRODUCT}")
    value = page.locator(".facet .value", has_text="Men").last
    value.locator("input").check()
    page.wait_for_selector("#chips .chip")
    page.wait_for_timeout(300)
    assert set(cards(page)) != set(before)
    page.click("#chips .chip")
    page.wait_for_function("!document.querySelector('#chips .chip')")


def test_likes_and_dislikes_are_asked_with(page: Any, address: str) -> None:
    found = answered(page, address, f"product={PRODUCT}")
    page.locator(f"[data-id='{found[1]}'] .like").click()
    page.wait_for_selector("#chips .good")
    page.wait_for_function("id => !document.querySelector(`#results [data-id='${id}']`)", arg=found[1])
    page.locator(f"[data-id='{cards(page)[2]}'] .dislike").click()
    page.wait_for_selector("#chips .bad")
    assert found[1] not in cards(page)


def test_it_says_why(page: Any, address: str) -> None:
    found = answered(page, address, f"product={PRODUCT}")
    page.locator(f"[data-id='{found[0]}'] .why").click()
    page.wait_for_selector(".reasons li")
    assert "pairs of products" in page.locator(".reasons").inner_text()


def test_a_rule_hides_a_product_and_is_taken_back(page: Any, address: str) -> None:
    found = answered(page, address, f"product={PRODUCT}")
    page.click("#open-key")
    page.click("text=without a key")
    page.locator(f"[data-id='{found[0]}'] .merchandise button").last.click()
    page.wait_for_function("id => !document.querySelector(`#results [data-id='${id}']`)", arg=found[0])
    page.click("#open-rules")
    page.click(f"[aria-label='Remove the rule hide {found[0]}']")
    page.wait_for_selector(".rules .faint")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"#results [data-id='{found[0]}']")


def test_the_map_is_moved_zoomed_and_clicked(page: Any) -> None:
    page.click("#open-map")
    page.wait_for_function("document.querySelector('.map-card')?.textContent === ''")
    page.wait_for_timeout(1500)
    page.mouse.move(600, 500)
    page.mouse.wheel(0, -400)
    page.mouse.down()
    page.mouse.move(640, 520, steps=3)
    page.mouse.up()
    page.locator(".map").press("+")
    page.locator(".map").press("Enter")
    assert cards(page)
    assert "product=" in page.url
    page.go_back()
    page.wait_for_selector("#map-view:not([hidden])")


def test_a_deep_link_is_the_whole_state(page: Any, address: str) -> None:
    found = answered(page, address, f"product={PRODUCT}&weights=image:1,text:0,colour:2&most=60&is.audience=Women")
    assert float(page.locator("#weight-colour").input_value()) == 2
    assert page.locator("#chips .chip").count() == 2
    page.goto("about:blank")
    page.go_back()
    assert cards(page) == found


@pytest.mark.parametrize("page", [{"width": 390, "height": 844}], indirect=True, ids=["390"])
def test_it_fits_a_phone(page: Any, address: str) -> None:
    answered(page, address, f"product={PRODUCT}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#refine")
    assert page.locator("#weight-image").is_visible()


def test_the_widget_shows_a_strip_and_keeps_nothing(page: Any, address: str) -> None:
    element = f'<main><lookalike-similar product="{PRODUCT}" href="/p/{{id}}"></lookalike-similar></main>'
    shop = f'<html lang="en"><title>A shop</title><script src="{address}/widget.js" defer></script>{element}'
    page.route("http://shop.test/", lambda route: route.fulfill(content_type="text/html", body=shop))
    page.route(
        f"{address}/v1/**",
        lambda route: route.fulfill(
            response=route.fetch(), headers={**route.fetch().headers, "access-control-allow-origin": "*"}
        ),
    )
    page.goto("http://shop.test/")
    page.wait_for_selector("lookalike-similar a")
    assert page.locator("lookalike-similar a").first.get_attribute("href").startswith("/p/")
    assert page.context.cookies() == [] and page.evaluate("localStorage.length") == 0
