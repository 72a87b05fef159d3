"""The feeds of shop systems, recognised without options, with the ugly cases that real ones have.

The fixtures in tests/feeds were written from the public documentation that the column maps name.
"""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.catalogue import Catalogue, open_catalogue
from lookalike.types import Product, Reject

Write = Callable[[str, str | bytes], Path]

FEEDS = Path(__file__).parent.parent / "feeds"
FORMATS = {
    "shopify.csv": "shopify",
    "shopify-2025.csv": "shopify",
    "shopify.json": "shopify-json",
    "google.xml": "google",
    "google-atom.xml": "google",
    "google.tsv": "google",
    "woocommerce.csv": "woocommerce",
    "woocommerce.json": "woocommerce-json",
    "wrapped.json": "plain",
}


def products(catalogue: Catalogue | Path | str) -> dict[str, Product]:
    if not isinstance(catalogue, Catalogue):
        catalogue = open_catalogue(FEEDS / catalogue)
    return {item.id: item for item in catalogue if isinstance(item, Product)}


def reasons(catalogue: Catalogue | Path | str) -> dict[str, str]:
    if not isinstance(catalogue, Catalogue):
        catalogue = open_catalogue(FEEDS / catalogue)
    return {item.id: item.reason for item in catalogue if isinstance(item, Reject)}


@pytest.mark.parametrize(("name", "expected"), FORMATS.items())
def test_every_feed_is_recognised_and_read_alike_each_time(name: str, expected: str) -> None:
    catalogue = open_catalogue(FEEDS / name)
    assert catalogue.format == expected
    assert list(catalogue) == list(catalogue) == list(open_catalogue(FEEDS / name))


# Shopify

RED_S = Product(
    id="LS-RED-S",
    title="Linen Shirt",
    description="Soft & light.\n100% linen",
    group="linen-shirt",
    images=("https://cdn.test/red.jpg?v=1", "https://cdn.test/front.jpg?v=1", "https://cdn.test/back.jpg"),
    price=39.9,
    in_stock=True,
    category="Shirts",
    categories=("Shirts",),
    audience="Female",
    brand="Acme",
    colour="Red",
    attributes={
        "Size": "S",
        "Tags": "linen, summer",
        "Google Shopping / Age Group": "Adult",
        "regular_price": 59.9,
    },
)


def test_a_shopify_variant_is_a_whole_product_with_its_own_picture_first_and_no_other_variants() -> None:
    found = products("shopify.csv")
    assert found["LS-RED-S"] == RED_S
    assert found["LS-BLUE-S"].images == ("https://cdn.test/blue.jpg?v=1", *RED_S.images[1:])
    assert found["LS-BLUE-S"].attributes == {k: v for k, v in RED_S.attributes.items() if k != "regular_price"}
    assert list(found) == ["LS-RED-S", "LS-RED-M", "LS-BLUE-S", "gift-card", "scarf/One", "scarf/Two"]


def test_shopify_stock_is_a_count_where_somebody_counts() -> None:
    stock = {identity: product.in_stock for identity, product in products("shopify.csv").items()}
    assert (stock["LS-RED-S"], stock["LS-RED-M"], stock["LS-BLUE-S"]) == (True, False, False)
    assert stock["gift-card"] is True  # nobody counts gift cards


def test_a_shopify_compare_at_price_counts_only_where_it_is_higher() -> None:
    scarf = products("shopify.csv")["scarf/One"]
    assert (scarf.price, "regular_price" in scarf.attributes) == (15.0, False)


def test_what_shopify_does_not_sell_is_left_out_with_the_reason() -> None:
    assert reasons("shopify.csv") == {
        "COAT": "not on sale: Status=draft",
        "": "the id is empty",
        "NP": "no picture: columns Variant Image, Image Src are empty",
    }


def test_both_generations_of_shopifys_columns_say_the_same() -> None:
    new = products("shopify-2025.csv")["LS-RED-S"]
    attributes = {k: v for k, v in RED_S.attributes.items() if not k.startswith("Google")}
    assert new == replace(RED_S, description="Soft & light.", attributes=attributes)


def test_shopifys_json_and_csv_give_the_same_products() -> None:
    csv, api = products("shopify.csv"), products("shopify.json")
    shared = set(csv) & set(api)
    assert shared == {"LS-RED-S", "LS-RED-M", "LS-BLUE-S", "gift-card"}
    for one in shared:
        said = replace(csv[one], audience="", attributes={})  # products.json has no Google columns
        assert replace(api[one], attributes={}) == said
    assert api["LS-RED-S"].attributes == {"Size": "S", "tags": ("linen", "summer"), "regular_price": 59.9}
    assert api["bare"].images == ("https://cdn.test/bare.jpg",)


SHOPIFY_HEADER = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Image Position"
handles = st.sampled_from(["a", "b", "c", "d"])
sizes = st.lists(st.sampled_from(["S", "M", "L", "XL"]), min_size=1, max_size=4, unique=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(styles=st.dictionaries(handles, sizes, min_size=1), pictures=st.integers(1, 6), seed=st.randoms())
def test_the_order_of_shopifys_rows_does_not_matter(
    tmp_path: Path, styles: dict[str, list[str]], pictures: int, seed: random.Random
) -> None:
    rows = []
    for handle, options in styles.items():
        for n in range(max(pictures, len(options))):
            variant = f"Size,{options[n]},{handle}-{options[n]},{n + 1}" if n < len(options) else ",,,"
            picture = f"https://x.test/{handle}{n}.jpg,{n + 1}" if n < pictures else ","
            rows.append(f"{handle},{f'Title {handle}' if not n else ''},{variant},{picture}")
    path = tmp_path / "shop.csv"
    path.write_text("\n".join([SHOPIFY_HEADER, *rows]))
    expected = products(open_catalogue(path))
    assert set(expected) == {f"{handle}-{option}" for handle, options in styles.items() for option in options}
    assert all(len(product.images) == pictures for product in expected.values())
    seed.shuffle(rows)
    path.write_text("\n".join([SHOPIFY_HEADER, *rows]))
    assert products(open_catalogue(path)) == expected


def test_a_product_of_endless_rows_is_rejected_row_by_row(write: Write) -> None:
    rows = "".join(f"h,,Size,{n},s{n},1,https://x.test/{n}.jpg,\n" for n in range(2_600))
    found = list(
        open_catalogue(write("shop.csv", f"{SHOPIFY_HEADER}\n{rows}g,G,Size,M,g,1,https://x.test/g.jpg,\n"))
    )
    assert [item.id for item in found if isinstance(item, Product)] == ["g"]
    assert (
        "one of 2,600 rows of one product"
        in reasons(open_catalogue(write("shop.csv", f"{SHOPIFY_HEADER}\n{rows}")))["s1"]
    )


def test_a_shopify_table_without_skus_names_variants_by_their_options(write: Write) -> None:
    path = write(
        "shop.csv", "Handle,Title,Option1 Name,Option1 Value,Variant Price\nh,H,Size,S,1\nh,,,M,2\ng,G,,,3\n"
    )
    assert {i: p.price for i, p in products(open_catalogue(path)).items()} == {"h/S": 1, "h/M": 2, "g": 3}


# Google Merchant


def test_a_google_item_fills_every_field() -> None:
    assert products("google.xml")["DR-1-RED"] == Product(
        id="DR-1-RED",
        title="Silk Dress & Belt <long>",
        description="Flowing silk\ncafé noir",
        group="DR-1",
        images=(
            "https://cdn.test/w_300,h_300/red.jpg",
            "https://cdn.test/red-back.jpg",
            "https://cdn.test/red-side.jpg",
        ),
        price=999.5,
        currency="EUR",
        in_stock=True,
        category="Women/Dresses",
        categories=("Women", "Women/Dresses", "Sale"),
        audience="female",
        brand="Acme",
        colour="Red",
        attributes={
            "Lining": "Silk",
            "Care": "Dry clean",
            "link": "https://acme.test/p/1",
            "sale_price_effective_date": "2016-02-24T11:07+0100/2016-02-29T23:07+0100",
            "age_group": "adult",
            "size": "S",
            "fit": "regular",
            "regular_price": 1299.0,
        },
    )


def test_googles_mistakes_cost_only_their_own_rows() -> None:
    found = products("google.xml")
    assert list(found) == ["DR-1-RED", "DR-2", "DR-3", "\u202eשלום-👗"]
    assert (found["DR-2"].title, found["DR-2"].price, found["DR-2"].in_stock) == (
        "Undeclared prefix",
        12.34,
        False,
    )
    assert (found["DR-3"].price, found["DR-3"].currency) == (
        12.34,
        "GBP",
    )  # not the sale price, which is in dollars
    assert reasons("google.xml") == {
        "": "the id is empty",
        "DR-2": "duplicate id 'DR-2': a row above has it already",
        "DR-6": "no picture: '/img/6.jpg' is outside of the folders of pictures: give --images",
        "DR-7": "no picture: columns image_link, additional_image_link are empty",
    }


def test_in_an_atom_feed_googles_elements_come_before_atoms() -> None:
    assert products("google-atom.xml")["HAT-1"] == Product(
        id="HAT-1",
        title="Atom title",
        description="A hat.",
        images=("https://cdn.test/hat.jpg",),
        price=12.34,
        currency="EUR",
        in_stock=True,
        attributes={"link": "https://acme.test/p/1"},
    )


def test_a_google_table_is_read_in_utf_16_with_urls_that_have_commas() -> None:
    apron = products("google.tsv")["0017"]
    assert apron.title == 'Schürze "Größe" M'
    assert apron.images == (
        "https://cdn.test/w_1,h_2/17.jpg",
        "https://cdn.test/17b.jpg",
        "https://cdn.test/w_3,h_4/17c.jpg",
    )
    assert (apron.price, apron.currency, apron.in_stock, apron.group) == (12.34, "EUR", True, "G17")
    assert reasons("google.tsv") == {"0018": "the price 'free' cannot be read"}


def test_a_google_field_that_first_comes_late_is_still_that_field(write: Write) -> None:
    item = "<item><id>{}</id><title>t</title><image_link>https://x.test/1.jpg</image_link>{}</item>"
    body = "".join(item.format(n, "") for n in range(1_100)) + item.format("late", "<sale_price>5</sale_price>")
    assert products(open_catalogue(write("feed.xml", f"<rss><channel>{body}</channel></rss>")))["late"].price == 5


def test_a_big_feed_is_read_in_little_memory(write: Write) -> None:
    item = "<item><id>{}</id><title>t</title><image_link>https://x.test/1.jpg</image_link><description>{}</description></item>"
    body = "".join(item.format(n, "long " * 1_600) for n in range(1_000))
    path = write("feed.xml", f"<rss><channel>{body}</channel></rss>")
    assert path.stat().st_size > 8_000_000
    del body
    tracemalloc.start()
    assert sum(isinstance(item, Product) for item in open_catalogue(path)) == 1_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000  # the first million bytes tell the encoding


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "iso8859-2", "gb2312", "shift_jis"]
)
def test_an_xml_feed_is_read_in_the_encoding_that_it_declares(write: Write, encoding: str) -> None:
    title = {"iso8859-2": "Košile žlutá", "gb2312": "连衣裙", "shift_jis": "ドレス"}.get(encoding, "Größe")
    name = {"utf-8-sig": "utf-8", "cp1252": "windows-1252", "iso8859-2": "ISO-8859-2"}.get(encoding, encoding)
    text = f'<?xml version="1.0" encoding="{name}"?><rss><item><id>1</id><title>{title}</title></item></rss>'
    assert products(open_catalogue(write("feed.xml", text.encode(encoding))))["1"].title == title


def test_an_xml_feed_that_declares_what_it_is_not_is_read_as_what_it_is(write: Write) -> None:
    for declared, encoding in (
        ("utf-8", "cp1252"),
        ("ISO-8859-1", "utf-8"),
        ("none-such", "utf-8"),
        ("hex", "utf-8"),
    ):
        text = f'<?xml version="1.0" encoding="{declared}"?><rss><item><id>1</id><title>Größe</title></item></rss>'
        assert products(open_catalogue(write("feed.xml", text.encode(encoding))))["1"].title == "Größe"


def test_an_item_with_bytes_that_do_not_decode_is_rejected_and_the_others_are_read(write: Write) -> None:
    item = "<item><id>{}</id><title>Größe</title></item>".encode()
    bad = item.replace(b"{}", b"2").replace("ö".encode(), b"\xf6")
    path = write("feed.xml", b"<rss>" + item.replace(b"{}", b"1") + bad + item.replace(b"{}", b"3") + b"</rss>")
    found = list(open_catalogue(path))
    assert [item.id for item in found if isinstance(item, Product)] == ["1", "3"]
    assert next(item.reason for item in found if isinstance(item, Reject)).startswith("bytes that are not text")


# WooCommerce


def test_a_woocommerce_variation_has_from_its_parent_what_it_leaves_empty() -> None:
    found = products("woocommerce.csv")
    assert found["TEE-RED"] == Product(
        id="TEE-RED",
        title="Tee - Red",
        description="A tee.",
        group="TEE",
        images=("https://cdn.test/tee-red.jpg",),
        price=15.0,
        in_stock=True,
        category="Women/Tops",
        categories=("Women", "Women/Tops", "Sale", "Women/Tops, Basics"),
        audience="Women",
        brand="Acme",
        colour="Red",
        attributes={
            "Material": "Cotton",
            "Tags": "cotton, basic",
            "Type": "variation",
            "Stock": "4",
            "regular_price": 20.0,
        },
    )
    blue = found["12"]  # it has no SKU, and names its parent by number
    assert (blue.group, blue.colour, blue.price, blue.in_stock) == ("TEE", "Blue, dark", 1020.5, False)
    assert blue.images == found["TEE"].images == ("https://cdn.test/tee.jpg", "https://cdn.test/tee-back.jpg")
    assert found["TEE"].group == "TEE"


def test_woocommerce_products_of_other_kinds() -> None:
    found = products("woocommerce.csv")
    assert (found["MUG"].in_stock, found["MUG"].category, found["MUG"].group) == (False, "", "")
    assert found["ORPHAN"].group == "GONE"
    assert found["BARE"].images == found["BARE-1"].images == ("https://cdn.test/bare1.jpg",)
    hidden = "not on sale: Published=-1"
    assert reasons("woocommerce.csv") == {"HID": hidden, "HID-1": hidden}  # a variation goes with its parent


def test_woocommerces_json_has_attributes_by_name_and_parents_by_number() -> None:
    found = products("woocommerce.json")
    red = found["TEE-RED"]
    assert (red.group, red.colour, red.price, red.in_stock) == ("TEE", "Red", 15.0, False)
    assert red.images == ("https://cdn.test/tee-red.jpg",)
    assert red.attributes["Material"] == "Cotton"
    assert red.attributes["regular_price"] == 20.0
    assert red.category == found["TEE"].category == "Women & Girls"
    assert found["21"].group == ""
    assert reasons("woocommerce.json") == {"20": "not on sale: status=draft"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.randoms())
def test_the_order_of_woocommerces_rows_does_not_matter(tmp_path: Path, seed: random.Random) -> None:
    records = json.loads((FEEDS / "woocommerce.json").read_text())
    seed.shuffle(records)
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(records))
    assert products(open_catalogue(path)) == products("woocommerce.json")


# JSON


def test_a_list_that_an_api_wraps_is_found_and_nested_facts_are_read() -> None:
    assert products("wrapped.json")["A1"] == Product(
        id="A1",
        title="Bag",
        images=("https://cdn.test/bag.jpg",),
        price=12.5,
        currency="EUR",
        in_stock=True,
        category="Bags",
        categories=("Bags",),
        brand="Acme",
    )


@pytest.mark.parametrize("key", ["products", "items", "data", "results"])
def test_an_object_wraps_its_list_under_any_usual_name(write: Write, key: str) -> None:
    text = json.dumps({"n": 1, "x": [1, {"products": 3}], key: [{"id": "1"}, {"id": "2"}], "next": None})
    assert list(products(open_catalogue(write("shop.json", text)))) == ["1", "2"]


def test_pages_of_an_api_may_follow_one_another(write: Write) -> None:
    pages = '{"items": [{"id": 1}]}\n[{"id": 2}]{"items": []}\n{"items": [{"id": 3},]}\n'
    assert list(products(open_catalogue(write("shop.json", pages)))) == ["1", "2", "3"]


def test_a_number_that_a_piece_ends_in_is_read_whole(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.catalogue import records

    text = '{"total": 123456, "items": [{"id": 1234}, 5678, {"id": 91}], "more": 77}'
    for size in range(1, len(text), 3):
        monkeypatch.setattr(records, "CHUNK", size)
        assert list(products(open_catalogue(write("shop.json", text)))) == ["1234", "91"]


# The index job


def test_a_product_that_is_taken_off_sale_is_no_longer_listed_and_a_faulty_one_still_is(tmp_path: Path) -> None:
    from lookalike.indexing.job import index
    from lookalike.recipe import Recipe

    path, recipe = tmp_path / "shop.csv", Recipe(image="none", colour="none", text="hashed-words")
    header, rows = "Handle,Title,Option1 Name,Variant SKU,Variant Price,Status", "a,A,,A,{},{}\nb,B,,B,1,active\n"
    path.write_text(f"{header}\n{rows.format(1, 'active')}")
    assert index(path, tmp_path / "store", recipe=recipe).added == 2
    path.write_text(f"{header}\n{rows.format('oops', 'active')}")
    assert index(path, tmp_path / "store", prune=True).deleted == 0
    path.write_text(f"{header}\n{rows.format(1, 'archived')}")
    assert index(path, tmp_path / "store", prune=True).deleted == 1
