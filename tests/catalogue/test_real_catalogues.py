"""Real shops' files, as they are. Skipped where the data is not beside the checkout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.catalogue import open_catalogue, survey, typed
from lookalike.errors import CatalogueError
from lookalike.types import Product

pytestmark = pytest.mark.data

Real = Callable[[str], Path]


def test_every_style_of_kaggles_catalogue_is_a_product_with_its_picture(real: Real) -> None:
    catalogue = open_catalogue(real("fashion-small.tar.gz") / "styles.csv")
    found = survey(catalogue, sample=1_000)
    assert (catalogue.format, found.products, found.reject_count) == ("kaggle-styles", 36_072, 0)
    assert found.images == found.groups == 36_072
    assert catalogue.aliases == {"productDisplayName": "title", "gender": "audience", "baseColour": "colour"}
    assert found.columns == dict.fromkeys(("masterCategory", "subCategory", "articleType", "usage"), "text")
    assert all(product.price and product.title and product.colour for product in found.sample)


def test_every_row_of_a_magento_shop_is_a_product_in_one_of_its_styles(real: Real) -> None:
    shop = real("shop-men.tar")
    catalogue = open_catalogue(shop / "products.csv", images=shop / "media")
    found = survey(catalogue)
    assert (catalogue.format, found.products, found.groups, found.reject_count) == ("magento", 982, 72, 0)
    assert (found.skipped_pictures, found.columns["climate"], found.columns["sale"]) == (0, "texts", "boolean")
    assert {product.audience for product in found.sample} == {"Men"}
    assert Counter(product.group for product in found.sample)["MH01"] == 16
    assert not any("<" in product.description or "&" in product.category[:3] for product in found.sample)
    assert all(typed(product, found.columns).price for product in found.sample)


def test_a_magento_shop_finds_its_pictures_beside_its_file(real: Real) -> None:
    shop = real("shop-men.tar")
    beside, given = (
        open_catalogue(shop / "products.csv"),
        open_catalogue(shop / "products.csv", images=shop / "media"),
    )
    assert list(beside) == list(given)


def test_a_folder_of_real_pictures_is_a_catalogue(real: Real) -> None:
    found = survey(open_catalogue(real("clothing.tar") / "images"))
    assert (found.products, found.reject_count) == (4_498, 0)


def test_a_list_without_ids_needs_a_map_and_is_read_with_one(real: Real, tmp_path: Path) -> None:
    source = real("clothing.tar") / "images.csv"
    with pytest.raises(CatalogueError, match="among: image, sender_id, label, kids"):
        open_catalogue(source)
    columns = tmp_path / "snapshots.toml"
    columns.write_text(
        '[fields]\nid = ["image"]\ncategory = ["label"]\n[pictures]\ntemplate = "images/{image}.jpg"\n'
    )
    found = survey(open_catalogue(source, columns=columns))
    assert (found.products, found.reject_count) == (4_498, 0)
    assert found.columns == {"sender_id": "integer", "kids": "boolean"}
    first = next(item for item in open_catalogue(source, columns=columns) if isinstance(item, Product))
    assert first.category == "Not sure"
