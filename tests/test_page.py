"""The page and the widget of a served shop, clicked through in a headless Chromium.

Needs `pip install playwright` and Chromium (LOOKALIKE_CHROMIUM, else /usr/bin/chromium). Screenshots are kept in
LOOKALIKE_SCREENSHOTS, else in the test's own folder. With LOOKALIKE_AXE, the path of axe-core's axe.min.js
(`npm pack axe-core`), every view is also checked for accessibility, in light and in dark. `make browser` looks for
all three.
"""

from __future__ import annotations

import base64
import functools
import http.server
import os
import shutil
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lookalike.indexing.job import index
from lookalike.recipe import Recipe
from lookalike.serve.keys import new_key
from lookalike.testing import sample_shop
from lookalike.testing.serving import ShopServer

api = pytest.importorskip("playwright.sync_api", reason="the page is tested with playwright, which is not here")
CHROMIUM = Path(os.environ.get("LOOKALIKE_CHROMIUM", "/usr/bin/chromium"))
AXE = os.environ.get("LOOKALIKE_AXE", "")
PRODUCT, PHOTO = "drs-501-red", "figure-16-woman-park.jpg"
EVERY = 4  # of the drawn shop's products each so many-th is in the store
WAIT_MS = 60_000
SECONDS = float(os.environ.get("LOOKALIKE_BROWSER_S", "inf"))  # for all of these tests; CI has little
SIZES = {390: 844, 820: 1180, 1440: 900, 1920: 1080}
EXAMPLE = Path(__file__).parents[1] / "examples" / "shop_page"
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}: set LOOKALIKE_CHROMIUM")
_began: list[float] = []


@pytest.fixture(autouse=True)
def in_time() -> None:
    """On a machine that has no time for a browser the rest is left out, and says so."""
    _began.append(time.monotonic())
    if time.monotonic() - _began[0] > SECONDS:
        pytest.skip(f"the page's tests have had their {SECONDS:g} s (LOOKALIKE_BROWSER_S)")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Another site, which the operator allows: its address, and the folder of its pages and photographs."""
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(sample_shop() / "figures" / PHOTO, folder)
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", folder
        server.shutdown()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the drawn shop."""
    folder = tmp_path_factory.mktemp("served")
    head, *lines = (sample_shop() / "catalogue.csv").read_text("utf-8").splitlines()
    kept = [line for n, line in enumerate(lines) if n % EVERY == 0 or line.startswith(PRODUCT)]
    (folder / "catalogue.csv").write_text("\n".join([head, *kept]) + "\n", "utf-8")
    recipe = Recipe(image="gradients", text="hashed-words")
    index(folder / "catalogue.csv", folder / "store", images=sample_shop(), recipe=recipe)
    return folder / "store"


@pytest.fixture(scope="module")
def address(store: Path, elsewhere: tuple[str, Path]) -> Iterator[str]:
    """Where the shop is served to whoever is on this machine, its map drawn."""
    with ShopServer(store, "--allow-host", "127.0.0.1", "--allow-origin", elsewhere[0]) as server:
        _drawn(server.url)
        yield server.url


def _drawn(url: str) -> None:
    """Wait until the map is drawn, which the first who asks sets going."""
    for _ in range(60):
        with urllib.request.urlopen(f"{url}/v1/map?limit=1") as answer:
            if answer.status == 200:
                return
        time.sleep(1)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        except api.Error as error:
            pytest.skip(f"{CHROMIUM} does not start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def console() -> list[str]:
    """What the browser's console was told of as an error."""
    return []


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("LOOKALIKE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def page(
    chromium: Any, address: str, shots: Path, console: list[str], request: pytest.FixtureRequest
) -> Iterator[Any]:
    """A fresh browser on the start of the page. At the end it is looked at, and its console holds no error."""
    size = getattr(request, "param", {"viewport": {"width": 1360, "height": 900}})
    context = chromium.new_context(reduced_motion="reduce", **size)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.on("console", lambda said: console.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: console.append(str(error)))
    page.goto(address)
    yield page
    looked_at(page, shots / f"{request.node.name.removeprefix('test_')}")
    context.close()
    assert console == []


def looked_at(page: Any, picture: Path) -> None:
    """Keep what is seen, in light and in dark; axe finds nothing serious, and nothing is wider than the page."""
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    page.wait_for_timeout(300)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(100)
        page.screenshot(path=f"{picture}-{scheme}.png")
        assert serious(page) == []
    page.emulate_media(color_scheme="light")


def serious(page: Any) -> list[Any]:
    """What axe finds that is serious or worse, where axe is here."""
    if not AXE:
        return []
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(Path(AXE).read_text("utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        (one["id"], [node["html"][:160] for node in one["nodes"]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def cards(page: Any) -> list[str]:
    """Ids of the products on the page, once its answer is there."""
    page.wait_for_selector("#results:not([aria-busy]) .card[data-id]")
    return [card.get_attribute("data-id") for card in page.query_selector_all("#results .card[data-id]")]


def answered(page: Any, address: str, state: str) -> list[str]:
    page.goto(f"{address}/#{state}")
    page.reload()
    return cards(page)


def heading(page: Any) -> str:
    said: str = page.locator("#answer-heading").inner_text()
    return said


def uploaded(page: Any) -> None:
    page.set_input_files("#file", str(sample_shop() / "figures" / PHOTO))
    garments(page)


def garments(page: Any) -> list[str]:
    """The tabs of a photograph, once it has been taken apart."""
    page.wait_for_selector("#garments [role=tab]")
    cards(page)
    return [tab.inner_text().split("\n")[-1] for tab in page.query_selector_all("#garments [role=tab]")]


def carried(page: Any, *, file: Path | None = None, link: str = "") -> Any:
    """What a hand drags: a picture, or a link."""
    content = base64.b64encode(file.read_bytes()).decode() if file else ""
    return page.evaluate_handle(
        """([content, link]) => {
            const carried = new DataTransfer(), bytes = Uint8Array.from(atob(content), one => one.charCodeAt(0));
            if (content) carried.items.add(new File([bytes], "photo.jpg", {type: "image/jpeg"}));
            if (link) carried.setData("text/uri-list", link);
            return carried;
        }""",
        [content, link],
    )


def hidden_numbers(page: Any) -> list[str]:
    """The numbers on the photograph that something else lies on."""
    hidden: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".mark .dot")].filter(dot => {
            const {left, top, right, bottom} = dot.getBoundingClientRect();
            const x = (left + right) / 2, y = (top + bottom) / 2;
            const rim = [[left + 1, y], [right - 1, y], [x, top + 1], [x, bottom - 1]];
            return rim.some(([x, y]) => document.elementFromPoint(x, y) !== dot);
        }).map(dot => dot.innerText)"""
    )
    return hidden


# -- asking -------------------------------------------------------------------------------------------------------


def test_a_picture_is_chosen_and_its_garments_are_tabs(page: Any) -> None:
    with page.expect_file_chooser() as chooser:
        page.click("#drop")
    chooser.value.set_files(str(sample_shop() / "figures" / PHOTO))
    assert len(garments(page)) > 2
    first = heading(page)
    assert hidden_numbers(page) == []
    page.locator(".mark .dot").first.click()
    page.wait_for_function("before => document.querySelector('#answer-heading').innerText !== before", arg=first)
    assert page.locator("#garments [aria-selected=true]").count() == 1
    selected, found = heading(page), cards(page)
    page.reload()  # what was chosen is still there
    assert cards(page) == found and heading(page) == selected
    assert page.locator(".stage img").count() == 1


def test_a_picture_is_dropped(page: Any) -> None:
    held = {"dataTransfer": carried(page, file=sample_shop() / "figures" / PHOTO)}
    page.dispatch_event("#main", "dragenter", held)
    assert page.locator("#veil").is_visible()
    page.dispatch_event("#main", "drop", held)
    assert garments(page) and not page.locator("#veil").is_visible()


def test_a_link_is_dropped(page: Any, elsewhere: tuple[str, Path]) -> None:
    held = {"dataTransfer": carried(page, link=f"{elsewhere[0]}/{PHOTO}")}
    page.dispatch_event("#main", "dragenter", held)
    page.dispatch_event("#main", "drop", held)
    assert garments(page) and "image=http" in page.url


def test_a_picture_is_pasted(page: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async content => {
            const bytes = Uint8Array.from(atob(content), one => one.charCodeAt(0));
            const bitmap = await createImageBitmap(new Blob([bytes], {type: "image/jpeg"}));
            const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
            canvas.getContext("2d").drawImage(bitmap, 0, 0);
            await navigator.clipboard.write([new ClipboardItem({"image/png": await canvas.convertToBlob()})]);
        }""",
        base64.b64encode((sample_shop() / "figures" / PHOTO).read_bytes()).decode(),
    )
    page.keyboard.press("Control+v")
    assert garments(page) and "kept" in page.url


def test_the_address_of_a_picture_is_pasted(page: Any, elsewhere: tuple[str, Path]) -> None:
    page.fill("#words", f"{elsewhere[0]}/{PHOTO}")
    page.press("#words", "Enter")
    assert garments(page)
    assert "image=http" in page.url


def test_what_is_no_picture_is_said_to_be_none(page: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    page.set_input_files("#file", str(tmp_path / "notes.txt"))
    page.wait_for_selector("#told:not([hidden])")
    assert "“notes.txt” is not a picture" in page.locator("#told").inner_text()


def test_words_find_and_are_completed_by_products(page: Any) -> None:
    page.fill("#words", "dress")
    page.wait_for_selector("#suggestions li[data-product]")
    assert serious(page) == []
    page.press("#words", "ArrowDown")
    page.press("#words", "Enter")
    assert cards(page)
    assert heading(page) == "“dress”"
    page.fill("#words", "sundress")
    page.locator("#suggestions li[data-product]").first.click()
    page.wait_for_selector(".detail")
    assert cards(page) and "product=" in page.url


def test_a_picture_in_words_is_another_answer(page: Any, address: str) -> None:
    before = answered(page, address, f"product={PRODUCT}")
    page.fill("#also", "but in blue")
    page.press("#also", "Enter")
    page.wait_for_selector("#chips .chip")
    assert cards(page) != before


# -- a photograph -------------------------------------------------------------------------------------------------


def box_of(page: Any) -> list[float]:
    """The box on the photograph, as fractions of it."""
    stage, box = page.locator(".stage").bounding_box(), page.locator(".box").bounding_box()
    across = [(box["x"] - stage["x"]) / stage["width"], (box["x"] + box["width"] - stage["x"]) / stage["width"]]
    down = [(box["y"] - stage["y"]) / stage["height"], (box["y"] + box["height"] - stage["y"]) / stage["height"]]
    return [across[0], down[0], across[1], down[1]]


def dragged(page: Any, x: float, y: float, across: float, down: float) -> None:
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across, y + down, steps=4)
    page.mouse.up()


def asked_for_the_box(page: Any, before: str) -> None:
    page.wait_for_function("before => location.hash !== before && location.hash.includes('box=')", arg=before)
    page.wait_for_function("() => document.querySelector('#answer-heading').innerText.includes('your box')")
    cards(page)


def test_a_box_is_resized_moved_and_drawn(page: Any) -> None:
    uploaded(page)
    before, hash_ = box_of(page), page.evaluate("() => location.hash")
    handle = page.locator(".box .handle.se").bounding_box()
    dragged(page, handle["x"] + 14, handle["y"] + 14, -12, -25)
    asked_for_the_box(page, hash_)
    resized, hash_ = box_of(page), page.evaluate("() => location.hash")
    assert resized[:2] == pytest.approx(before[:2], abs=0.01)
    assert resized[2] < before[2] and resized[3] < before[3]

    middle = page.locator(".box").bounding_box()
    dragged(page, middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2, 20, 30)
    asked_for_the_box(page, hash_)
    moved, hash_ = box_of(page), page.evaluate("() => location.hash")
    assert moved[2] - moved[0] == pytest.approx(resized[2] - resized[0], abs=0.01)
    assert moved[0] > resized[0] and moved[1] > resized[1]

    stage = page.locator(".stage").bounding_box()
    dragged(page, stage["x"] + 8, stage["y"] + stage["height"] - 90, 110, 70)
    asked_for_the_box(page, hash_)
    drawn = box_of(page)
    assert drawn[0] < 0.1 and drawn[3] > 0.9
    page.reload()
    cards(page)
    assert box_of(page) == pytest.approx(drawn, abs=0.01)


def test_a_box_is_moved_and_resized_by_keys(page: Any) -> None:
    uploaded(page)
    before, hash_ = box_of(page), page.evaluate("() => location.hash")
    page.focus(".box")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    asked_for_the_box(page, hash_)
    after = box_of(page)
    assert after[1] == pytest.approx(before[1] + 0.02, abs=0.01)
    assert after[2] == pytest.approx(before[2] - 0.02, abs=0.01)
    assert page.evaluate("() => document.activeElement.className") == "box"  # the next key goes on from there


# -- refining -----------------------------------------------------------------------------------------------------


def test_sliders_turn_the_answer(page: Any, address: str) -> None:
    before = answered(page, address, f"product={PRODUCT}")
    for part, value in (("image", "0"), ("text", "0"), ("colour", "2")):
        page.locator(f"#weight-{part}").fill(value)
    page.wait_for_function("() => location.hash.includes('image%3A0%2Ctext%3A0%2Ccolour%3A2')")
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    assert cards(page) != before
    page.click("#weights .reset")
    page.wait_for_function("() => !location.hash.includes('weights')")
    page.wait_for_function("first => document.querySelector('.card[data-id]').dataset.id === first", arg=before[0])
    assert cards(page) == before


def test_filters_have_counts_and_narrow_the_answer(page: Any, address: str) -> None:
    before = answered(page, address, f"product={PRODUCT}")
    page.wait_for_selector(".facet .value")
    value = page.locator(".facet .value", has_text="Men").last
    count = value.locator(".faint").inner_text()
    value.locator("input").check()
    page.wait_for_selector("#chips .chip")
    page.wait_for_function(
        "count => document.querySelector('#facets .faint').innerText === `${count} products`", arg=count
    )
    assert set(cards(page)) != set(before)
    assert page.locator(".facet .value", has_text="Women").count() >= 1  # what else it could be
    page.fill("#price-most", "40")
    page.press("#price-most", "Enter")
    page.wait_for_function("() => document.querySelectorAll('#chips .chip').length === 2")
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    prices = page.locator("#results .price").all_inner_texts()
    assert prices and all(float(one.strip("€")) <= 40 for one in prices)
    page.locator("#chips .chip").first.click()
    page.wait_for_function("() => document.querySelectorAll('#chips .chip').length === 1")
    page.click("#facets .reset")
    page.wait_for_function("() => !document.querySelector('#chips .chip')")
    assert cards(page) == before


def test_filters_that_leave_nothing_say_so(page: Any, address: str) -> None:
    page.goto(f"{address}/#product={PRODUCT}&most=0.5")
    page.wait_for_selector(".nothing")
    page.click("text=Clear the filters")
    assert cards(page)


def test_likes_and_dislikes_are_asked_with(page: Any, address: str) -> None:
    found = answered(page, address, f"product={PRODUCT}")
    page.locator(f"[data-id='{found[1]}'] .like").click()
    page.wait_for_selector("#chips .good")
    page.wait_for_function("id => !document.querySelector(`#results [data-id='${id}']`)", arg=found[1])
    page.locator(f"[data-id='{cards(page)[2]}'] .dislike").click()
    page.wait_for_selector("#chips .bad")
    assert found[1] not in cards(page)
    page.click("#chips .good")
    page.wait_for_function("() => !document.querySelector('#chips .good')")


def test_a_product_leads_to_those_like_it(page: Any, address: str) -> None:
    found = answered(page, address, f"product={PRODUCT}")
    page.locator(f"[data-id='{found[0]}'] .alike").click()
    page.wait_for_function("id => location.hash.includes(id)", arg=found[0])
    page.wait_for_selector(".detail")
    assert found[0] not in cards(page)
    page.go_back()
    page.wait_for_function("id => document.querySelector(`.card[data-id='${id}']`)", arg=found[0])
    assert cards(page) == found


def test_it_says_why(page: Any, address: str) -> None:
    found = answered(page, address, f"product={PRODUCT}")
    page.locator(f"[data-id='{found[0]}'] .why").click()
    page.wait_for_selector(".reasons li")
    assert "pairs of products" in page.locator(".reasons").inner_text()


# -- merchandising ------------------------------------------------------------------------------------------------


def test_who_has_a_write_key_pins_boosts_buries_and_hides(
    chromium: Any, store: Path, shots: Path, console: list[str]
) -> None:
    mine = store.with_name("mine")
    shutil.copytree(store, mine, dirs_exist_ok=True)
    keys = mine.with_name("keys.toml")
    reader, writer = (new_key(keys, role=role, name=role) for role in ("read", "write"))
    with ShopServer(mine, "--keys", str(keys)) as server:
        page = chromium.new_context(reduced_motion="reduce", viewport={"width": 1360, "height": 900}).new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{server.url}/#product={PRODUCT}")
        page.on("pageerror", lambda error: console.append(str(error)))

        def use(key: str) -> None:
            page.fill("#key", key)
            page.click("text=Use it")

        use("not a key")  # it is asked for where it is needed
        page.wait_for_selector("#results .wrong")
        assert "API key" in page.locator("#results .wrong").inner_text()
        use(reader)
        found = cards(page)
        page.locator(f"[data-id='{found[0]}'] .merchandise button").last.click()
        page.wait_for_selector("#told:not([hidden])")
        assert "may not write" in page.locator("#told").inner_text()
        page.click("#open-key")
        use(writer)
        assert cards(page) == found

        def rule(deed: str, product: str) -> None:
            page.locator(f"[data-id='{product}'] .merchandise button[aria-label^='{deed}']").click()
            page.wait_for_selector("#told.good:not([hidden])")
            page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")

        rule("Hide", found[0])
        page.wait_for_function("id => !document.querySelector(`#results [data-id='${id}']`)", arg=found[0])
        rule("Pin", found[5])
        page.wait_for_function("id => document.querySelector('.card[data-id]').dataset.id === id", arg=found[5])
        rule("Boost", found[3])
        page.wait_for_selector(f"[data-id='{found[3]}'] .ruled")
        rule("Bury", found[1])
        page.wait_for_selector(f"[data-id='{found[1]}'] .ruled, #results:not(:has([data-id='{found[1]}']))")
        ruled = cards(page)
        assert ruled.index(found[3]) < found.index(found[3])
        assert found[1] not in ruled[: found.index(found[1]) + 1]
        page.screenshot(path=shots / "rules_on_products.png")

        page.click("#open-rules")
        page.wait_for_selector(".rules li b")
        assert len(page.query_selector_all(".rules li")) == 4
        page.fill("#rule-what", "=blue")
        page.click(".new-rule [type=submit]")
        page.wait_for_selector(".dialog .wrong:not(:empty)")
        page.fill("#rule-what", "colour=blue")
        page.click(".new-rule [type=submit]")
        page.wait_for_function("() => document.querySelectorAll('.rules li').length === 5")
        looked_at(page, shots / "rules")
        while page.locator(".rules button").count():
            count = page.locator(".rules button").count()
            page.locator(".rules button").first.click()
            page.wait_for_function("count => document.querySelectorAll('.rules button').length < count", arg=count)
        page.keyboard.press("Escape")
        page.wait_for_selector(f"#results [data-id='{found[0]}']")
        assert cards(page) == found
        page.click("#open-key")
        page.click("text=Forget it")
        page.wait_for_selector("#key")
        page.context.close()
    assert console == []


# -- the map ------------------------------------------------------------------------------------------------------


def test_the_map_is_moved_zoomed_and_clicked(page: Any) -> None:
    page.click("#open-map")
    page.wait_for_function("() => document.querySelector('.map-card')?.textContent === ''")
    page.wait_for_timeout(1000)
    page.mouse.move(600, 500)
    page.mouse.wheel(0, -400)
    page.wait_for_function("() => location.hash.includes('at=')")
    nearer = page.evaluate("() => location.hash")
    dragged(page, 600, 500, 40, 20)
    page.wait_for_function("before => location.hash !== before", arg=nearer)
    moved = page.evaluate("() => location.hash")
    page.click("[aria-label=Farther]")
    page.wait_for_function("before => location.hash !== before", arg=moved)
    page.locator(".map").press("+")
    page.locator(".map").press("ArrowRight")
    page.wait_for_timeout(500)
    there = page.evaluate("() => location.hash")
    page.reload()
    page.wait_for_function("() => document.querySelector('.map-card')?.textContent === ''")
    page.wait_for_timeout(500)
    assert page.evaluate("() => location.hash") == there
    page.locator(".map").press("Enter")
    assert cards(page)
    assert "product=" in page.url
    page.go_back()
    page.wait_for_selector("#map-view:not([hidden])")
    page.click("[aria-label='The whole map']")
    page.wait_for_timeout(1000)
    page.mouse.move(700, 500)
    for x in range(100, 1300, 60):  # until the mouse is over a product
        page.mouse.move(x, 400)
        if page.locator(".map-card b").count():
            break
    assert page.locator(".map-card b").inner_text()
    page.mouse.down()
    page.mouse.up()
    assert cards(page)


# -- addresses, keys, sizes ---------------------------------------------------------------------------------------


def seen(page: Any) -> dict[str, Any]:
    """All that an address decides."""
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    page.wait_for_selector("#facets .panel-head, .map-card:empty", state="attached")
    page.wait_for_timeout(400)
    return page.evaluate(  # type: ignore[no-any-return]
        """() => ({
            view: document.body.dataset.view,
            cards: [...document.querySelectorAll("#results .card[data-id]")].map(one => one.dataset.id),
            heading: document.querySelector("#answer-heading").innerText,
            tab: document.querySelector("#garments [aria-selected=true]")?.innerText ?? "",
            chips: [...document.querySelectorAll("#chips .chip")].map(one => one.innerText),
            weights: [...document.querySelectorAll("#weights input")].map(one => one.value),
            checked: [...document.querySelectorAll("#facets :checked")].map(one => one.closest("label").innerText),
            prices: [...document.querySelectorAll(".prices input")].map(one => one.value),
            why: document.querySelector(".reasons")?.innerText ?? "",
            box: document.querySelector(".box")?.getAttribute("style") ?? "",
            words: document.querySelector("#words").value,
        })"""
    )


STATES = {
    "words": "text=red+dress",
    "refined": f"product={PRODUCT}&weights=image:1,text:0,colour:2&most=60&is.audience=Women",
    "why": f"product={PRODUCT}&why=WHY",
    "liked": f"text=dress&like={PRODUCT}&stock=1",
    "more": "text=dress&k=48",
    "garment": "image=PHOTO&part=2",
    "box": "image=PHOTO&part=box&box=0.3,0.2,0.8,0.6&text=in+red",
    "map": "view=map&at=0.3,0.6,2.5",
}


@pytest.mark.parametrize("state", STATES)
def test_an_address_is_the_whole_state(page: Any, address: str, elsewhere: tuple[str, Path], state: str) -> None:
    said = STATES[state].replace("PHOTO", f"{elsewhere[0]}/{PHOTO}")
    if "WHY" in said:
        said = said.replace("WHY", answered(page, address, f"product={PRODUCT}")[1])
    page.goto(f"{address}/#{said}")
    page.reload()
    before = seen(page)
    assert before["cards"] or before["view"] == "map"
    assert {"why": "why", "box": "box", "garment": "tab"}.get(state, "view") in before
    page.reload()
    assert seen(page) == before
    other = page.context.browser.new_context(viewport=page.viewport_size, reduced_motion="reduce").new_page()
    other.goto(page.url)  # as if it was sent to somebody
    assert seen(other) == before
    other.context.close()
    page.goto("about:blank")
    page.go_back()
    assert seen(page) == before


def test_it_is_used_by_keys_alone(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "skip"
    page.wait_for_selector("#begin .card-link")
    stops = []
    for _ in range(20):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate(
                """() => {
                    const one = document.activeElement, box = one.getBoundingClientRect();
                    const ring = element => element && getComputedStyle(element).outlineStyle !== "none";
                    const seen = ring(one) || getComputedStyle(one, "::after").outlineStyle !== "none"
                        || Boolean(one.closest(".ask:focus-within"));
                    const name = one.getAttribute("aria-label") || one.innerText || one.labels?.[0]?.innerText;
                    return {name, seen, room: box.width * box.height > 0, id: one.id};
                }"""
            )
        )
    assert [stop for stop in stops if not (stop["name"] and stop["seen"] and stop["room"])] == []
    assert {"words", "open-picture", "open-map", "drop"} <= {stop["id"] for stop in stops}
    page.keyboard.press("/")
    page.keyboard.type("dress")
    page.wait_for_selector("#suggestions li[data-product]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    found = cards(page)
    page.focus(f"[data-id='{found[1]}'] .like")
    page.keyboard.press("Space")
    page.wait_for_selector("#chips .good")
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    assert page.evaluate("() => document.activeElement !== document.body")  # the focus is not lost
    page.focus(f"[data-id='{cards(page)[0]}'] .why")
    page.keyboard.press("Enter")
    page.wait_for_selector(".reasons li")
    page.keyboard.press("Escape")
    page.wait_for_selector(".reasons", state="detached")
    page.focus("#weight-colour")
    page.keyboard.press("End")
    page.wait_for_function("() => location.hash.includes('colour%3A2')")
    page.focus("#results .card-link")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'answer'")


def test_what_goes_wrong_is_told_in_words(page: Any, address: str, console: list[str]) -> None:
    for state, words in (
        ("product=drs-501-rad", "nearest ids: drs-501-red"),
        ("image=http://10.0.0.1/a.jpg", "not a public address"),
        ("image=kept:0123", "dropped in another browser"),
    ):
        page.goto(f"{address}/#{state}")
        page.reload()
        page.wait_for_selector("#results [role=alert]")
        assert words in page.locator("#results [role=alert]").inner_text()
        assert serious(page) == []
    assert all("status of 4" in said or "net::ERR" in said for said in console), console  # the browser's own lines
    console.clear()


def test_a_long_title_stays_in_its_place(page: Any, address: str) -> None:
    answered(page, address, f"text=dress+{'very-' * 60}long+{'ü' * 300}")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


VIEWS = {
    "start": "",
    "product": f"product={PRODUCT}",
    "words": "text=summer+dress&is.audience=Women&most=90",
    "look": "image=PHOTO",
    "nothing": "text=dress&most=0.5",
    "map": "view=map",
}


@pytest.mark.parametrize(
    "page",
    [
        {"viewport": {"width": width, "height": high}, "has_touch": width < 1000, "is_mobile": width < 500}
        for width, high in SIZES.items()
    ],
    indirect=True,
    ids=map(str, SIZES),
)
def test_every_view_fits_every_screen(page: Any, address: str, elsewhere: tuple[str, Path], shots: Path) -> None:
    width = page.viewport_size["width"]
    for name, said in VIEWS.items():
        page.goto(f"{address}/#{said.replace('PHOTO', f'{elsewhere[0]}/{PHOTO}')}")
        page.reload()
        page.wait_for_selector(
            "#results > :not(.ghost), #begin .card:not(.ghost), .map-card:empty", state="attached"
        )
        page.wait_for_load_state("networkidle")
        looked_at(page, shots / f"{name}-{width}")
    if width < 1000:
        answered(page, address, f"product={PRODUCT}")
        page.tap("#refine")
        assert page.locator("#weight-image").is_visible()
        page.tap("#results .deed.why >> nth=0")
        page.wait_for_selector(".reasons li")


# -- the widget ---------------------------------------------------------------------------------------------------


def test_the_widget_shows_a_strip_and_keeps_nothing(
    page: Any, address: str, elsewhere: tuple[str, Path], console: list[str]
) -> None:
    site, folder = elsewhere
    (folder / "page.html").write_text(
        f"""<!doctype html><html lang="en"><title>A shop</title>
        <link rel="icon" href="data:,">
        <style>lookalike-similar {{ --lookalike-radius: 3px; --lookalike-card-width: 120px }}</style>
        <script src="{address}/widget.js" defer></script><main><h1>A shop</h1>
        <lookalike-similar product="{PRODUCT}" href="/p/{{id}}" heading="More like it"></lookalike-similar>
        <lookalike-similar data-look="{PHOTO}" k="4"></lookalike-similar>
        <lookalike-similar product="no-such-product"></lookalike-similar></main>""",
        "utf-8",
    )
    with page.expect_event("console", lambda said: "no product 'no-such-product'" in said.text):
        page.goto(f"{site}/page.html")
    strip, look, nothing = (page.locator("lookalike-similar").nth(n) for n in range(3))
    strip.locator("a").first.wait_for()
    look.locator("[role=tab]").first.wait_for()
    assert strip.locator("a").count() == 12 and strip.locator("h2").inner_text() == "More like it"
    assert strip.locator("a").first.get_attribute("href").startswith("/p/")
    assert strip.locator("li").first.bounding_box()["width"] == 120
    assert strip.locator("img").first.evaluate("one => one.loading") == "lazy"
    assert not nothing.is_visible()
    first = look.locator("a").first.inner_text()
    look.locator("[role=tab]").first.focus()
    page.keyboard.press("ArrowRight")
    assert look.locator("[role=tab]").nth(1).get_attribute("aria-selected") == "true"
    assert look.locator("a").first.inner_text() != first
    assert page.context.cookies() == [] and page.evaluate("() => localStorage.length + sessionStorage.length") == 0
    page.evaluate(
        "id => document.querySelector('lookalike-similar').setAttribute('product', id)", "no-such-product"
    )
    strip.wait_for(state="hidden")
    assert len(console) == 2 and all("status of 404" in said for said in console)  # the product that is none
    console.clear()


def test_the_example_of_a_shop_is_dressed(page: Any, address: str, elsewhere: tuple[str, Path]) -> None:
    site, folder = elsewhere
    shutil.copytree(EXAMPLE, folder / "shop")
    example = folder / "shop" / "index.html"
    example.write_text(example.read_text("utf-8").replace("http://127.0.0.1:8000", address), "utf-8")
    page.goto(f"{site}/shop/")
    page.locator("lookalike-similar a").first.wait_for()
    page.locator("lookalike-similar").scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    link = page.locator("lookalike-similar a").first
    assert link.get_attribute("href").startswith("?id=")
    link.click()
    page.wait_for_url("**/?id=*")
