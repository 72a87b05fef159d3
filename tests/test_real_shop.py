"""The main job on a real shop: Magento's export of 72 styles in 982 rows, with 326 studio pictures."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lookalike
from lookalike.indexing.job import Report

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def shop_men(real: Callable[[str], Path]) -> Path:
    return real("shop-men.tar")


@pytest.fixture(scope="module")
def shop(
    shop_men: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[lookalike.Recommender, Report]]:
    store = tmp_path_factory.mktemp("real") / "shop"
    report = lookalike.index(shop_men / "products.csv", store, images=shop_men / "media")
    yield lookalike.open(store), report


Shop = tuple[lookalike.Recommender, Report]


def test_every_row_becomes_a_product_and_each_picture_is_embedded_once(shop: Shop) -> None:
    opened, report = shop
    counts = opened.store.counts()
    assert (counts.products, counts.groups) == (982, 72)
    assert (report.rejected, report.embedded) == (0, 326)


def test_facts_are_read_from_the_export(shop: Shop) -> None:
    hoodie = shop[0].product("MH01")
    assert (hoodie.title, hoodie.price, hoodie.in_stock) == ("Chaz Kangeroo Hoodie", 52.0, True)
    assert hoodie.category == "Men/Tops/Hoodies & Sweatshirts"
    assert "<" not in hoodie.description
    assert "Ideal for cold-weather training" in hoodie.description
    assert shop[0].product("MH01-XS-Black").group == "MH01"
    assert shop[0].product("MH01-XS-Black").colour == "Black"


@pytest.mark.parametrize("product_id", ["MH01", "MJ03", "MS05", "MT07", "MP09", "MSH12"])
def test_a_configurable_product_never_lists_its_own_variants_unless_asked(shop: Shop, product_id: str) -> None:
    opened = shop[0]
    assert all(m.product.style != product_id for m in opened.similar(product_id, 50))
    assert any(m.product.style == product_id for m in opened.similar(product_id, 50, variants=True))


def test_no_picture_is_shown_twice(shop: Shop) -> None:
    keys = [m.view.key for m in shop[0].similar("MH01", 40)]
    assert len(keys) == len(set(keys)) == 40


def test_every_view_is_searchable(shop: Shop, shop_men: Path) -> None:
    opened = shop[0]
    pictures = sorted((shop_men / "media").rglob("*.jpg"))
    assert len(pictures) == 326
    for picture in pictures:
        best = opened.search(image=picture, k=1, weights={"text": 0})[0]
        assert best.score > 0.999
        assert best.product.style.lower() == picture.name.partition("-")[0]
        assert Path(best.view.picture).name == picture.name or best.view.key


def test_filters_hold(shop: Shop) -> None:
    found = shop[0].search(
        text="blue hooded jacket", k=20, where=["price<60", "colour=Blue,Black", "category=Men/Tops"]
    )
    assert len(found) == 20
    assert all(m.product.price < 60 for m in found)
    colours = {
        m.product.colour or m.product.predicted["colour"].value for m in found
    }  # guessed if the shop is silent
    assert colours <= {"Blue", "Black"}
    assert all("Men/Tops" in m.product.categories for m in found)
