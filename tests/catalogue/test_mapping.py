"""A shop's columns into a product's fields: the plain map, Kaggle's, Magento's, and a shop's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.catalogue import Catalogue, built_in_maps, open_catalogue
from lookalike.catalogue.maps import folded, load_map, parse_map
from lookalike.catalogue.variants import unpacked, variant_ids
from lookalike.errors import CatalogueError
from lookalike.types import Product, Reject

Write = Callable[[str, str | bytes], Path]


def products(catalogue: Catalogue) -> list[Product]:
    return [item for item in catalogue if isinstance(item, Product)]


def rejects(catalogue: Catalogue) -> list[Reject]:
    return [item for item in catalogue if isinstance(item, Reject)]


def only(path: Path, **options: object) -> Product:
    (product,) = products(open_catalogue(path, **options))  # type: ignore[arg-type]
    return product


# The plain map


def test_a_plain_table_fills_every_field_and_keeps_further_columns_as_attributes(write: Write) -> None:
    path = write(
        "feed.csv",
        "SKU;Product Name;Body HTML;Price;Sale Price;Availability;Product Type;Gender;Vendor;Color;"
        "item_group_id;Fit\n"
        "0012; Red  Dress ;<p>Soft</p><p>Warm;29,00 €;19,90 €;in stock;Women > Dresses;Women;Acme;Red;G1;slim\n",
    )
    assert only(path) == Product(
        id="0012",
        title="Red Dress",
        description="Soft\nWarm",
        group="G1",
        price=19.9,
        currency="EUR",
        in_stock=True,
        category="Women/Dresses",
        categories=("Women", "Women/Dresses"),
        audience="Women",
        brand="Acme",
        colour="Red",
        attributes={"Fit": "slim", "regular_price": 29.0},
    )


def test_the_shops_names_are_known_as_aliases_of_ours(write: Write) -> None:
    catalogue = open_catalogue(write("feed.csv", "sku,name,gender,price,special price,image_url,fit\n"))
    assert catalogue.format == "plain"
    assert catalogue.aliases == {
        "sku": "id",
        "name": "title",
        "gender": "audience",
        "special price": "price",
        "image_url": "images",
    }


def test_of_two_names_for_one_field_the_better_is_taken_and_the_other_stays_an_attribute(write: Write) -> None:
    product = only(write("feed.csv", "sku,id,name,title\n7,1,N,T\n"))
    assert (product.id, product.title) == ("1", "T")
    assert product.attributes == {"sku": "7", "name": "N"}


def test_an_attribute_never_takes_the_name_of_a_field(write: Write) -> None:
    assert only(write("feed.csv", "id,category,categories\n1,A,B\n")).attributes == {"categories_": "B"}


def test_an_empty_cell_is_no_attribute(write: Write) -> None:
    assert only(write("feed.csv", "id,fit,size\n1, ,M\n")).attributes == {"size": "M"}


def test_typed_cells_keep_their_types(write: Write) -> None:
    record = {"id": 7, "price": 9.5, "in_stock": True, "weight": 1.5, "tags": ["a", "b"], "new": False}
    product = only(write("feed.jsonl", json.dumps(record)))
    assert (product.id, product.price, product.in_stock) == ("7", 9.5, True)
    assert product.attributes == {"weight": 1.5, "tags": ("a", "b"), "new": False}


def test_a_sale_price_of_zero_is_none(write: Write) -> None:
    product = only(write("feed.csv", "id,price,sale_price\n1,9,0.00\n"))
    assert (product.price, dict(product.attributes)) == (9.0, {})


def test_stock_that_words_do_not_tell_is_unknown_and_kept(write: Write) -> None:
    product = only(write("feed.csv", "id,stock\n1,ask us\n"))
    assert (product.in_stock, product.attributes) == (None, {"stock": "ask us"})


def test_a_category_tells_the_department_where_no_column_does(write: Write) -> None:
    assert only(write("feed.csv", "id,category\n1,Shop/women/Tops\n")).audience == "women"
    assert only(write("feed.csv", "id,category,gender\n1,Shop/Women/Tops,Girls\n")).audience == "Girls"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",Coat,1", "the id is empty"),
        ("a\x01b,Coat,1", "control characters"),
        ("1,Coat,-5", "the price '-5' is negative"),
        ("1,Coat,cheap", "the price 'cheap' cannot be read"),
        ("1,Coat", "has 2 of 3 columns"),
    ],
)
def test_a_row_that_will_not_do_is_rejected_with_its_line_and_reason(write: Write, row: str, reason: str) -> None:
    path = write("feed.csv", f"id,title,price\n\n{row}\n9,Hat,3\n")
    hat, reject = sorted(open_catalogue(path), key=lambda item: isinstance(item, Reject))
    assert isinstance(hat, Product)
    assert isinstance(reject, Reject)
    assert reason in reject.reason
    assert (reject.line, reject.source) == (3, str(path))


def test_the_second_row_of_an_id_is_rejected_unless_the_first_was(write: Write) -> None:
    path = write("feed.csv", "id,price\n1,oops\n1,2\n1,3\n")
    catalogue = open_catalogue(path)
    assert [product.price for product in products(catalogue)] == [2.0]
    assert [(r.line, r.id) for r in rejects(catalogue)] == [(2, "1"), (4, "1")]
    assert "duplicate id '1'" in rejects(catalogue)[1].reason


def test_a_table_without_an_id_says_what_it_has_and_how_to_map_it(write: Write) -> None:
    with pytest.raises(CatalogueError, match=r"no column for the id .* among: picture, label; .*MAP\.toml"):
        open_catalogue(write("feed.csv", "picture,label\n"))


def test_a_catalogue_is_read_again_from_its_beginning(write: Write) -> None:
    catalogue = open_catalogue(write("feed.csv", "id,price\n1,2\n2,x\n1,4\n"))
    assert list(catalogue) == list(catalogue)
    assert [line for line, _ in catalogue.with_lines()] == [2, 3, 4]
    assert [item for _, item in catalogue.with_lines()] == list(catalogue)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.text("abcXYZ019-_/ß", min_size=1, max_size=8), min_size=1, unique=True))
def test_products_come_in_the_order_of_their_rows_and_none_is_invented(tmp_path: Path, ids: list[str]) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("id,title\n" + "".join(f"{one},t\n" for one in ids), encoding="utf-8")
    assert [product.id for product in products(open_catalogue(path))] == ids


# Pictures


def test_pictures_lie_beside_the_file_in_the_given_folder_or_on_the_web(write: Write, tmp_path: Path) -> None:
    for name in ("shop/a.jpg", "shop/sub/b.jpg", "pics/c.jpg"):
        write(name, "x")
    absolute = tmp_path / "pics" / "c.jpg"
    path = write(
        "shop/feed.csv", f"id,image\n1,https://x.test/1.jpg|a.jpg|sub\\b.jpg|c.jpg|{absolute}|//x.test/2.jpg\n"
    )
    assert only(path, images=tmp_path / "pics").images == (
        "https://x.test/1.jpg",
        str(tmp_path / "shop" / "a.jpg"),
        str(tmp_path / "shop" / "sub" / "b.jpg"),
        str(absolute),
        "https://x.test/2.jpg",
    )


def test_the_given_folder_comes_before_the_files_own(write: Write, tmp_path: Path) -> None:
    for name in ("a.jpg", "pics/a.jpg"):
        write(name, "x")
    path = write("feed.csv", "id,image\n1,a.jpg\n")
    assert only(path, images=tmp_path / "pics").images == (str(tmp_path / "pics" / "a.jpg"),)
    with pytest.raises(CatalogueError, match="no folder"):
        open_catalogue(path, images=tmp_path / "none")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "no picture: column image is empty"),
        (" | ", "no picture: column image is empty"),
        ("gone.jpg|lost.jpg", "no picture: no file {folder}/gone.jpg"),
        ("file:///etc/passwd", "no picture: 'file:///etc/passwd' is not a path and not http(s)"),
        ("data:image/png;base64xx", "not http(s)"),
        ("ftp://x.test/1.jpg", "not http(s)"),
        ("C:\\pics\\1.jpg", "'C:\\\\pics\\\\1.jpg' is outside of the folders"),
        ("/etc/passwd", "'/etc/passwd' is outside of the folders of pictures: give --images"),
        ("../../../../../nowhere.jpg", "is outside of the folders"),
        ("sub/../../nowhere.jpg", "is outside of the folders"),
        (".", "no file"),
    ],
)
def test_a_row_without_a_picture_that_is_there_is_rejected(
    write: Write, tmp_path: Path, cell: str, reason: str
) -> None:
    (reject,) = rejects(open_catalogue(write("feed.csv", f"id,image\n1,{cell}\n")))
    assert reason.format(folder=tmp_path) in reject.reason


def test_a_missing_picture_among_others_is_noted_after_its_product(write: Write) -> None:
    write("a.jpg", "x")
    product, note = open_catalogue(write("feed.csv", "id,image,photo\n1,gone.jpg|a.jpg,a.jpg\n"))
    assert isinstance(product, Product)
    assert isinstance(note, Reject)
    assert [Path(image).name for image in product.images] == ["a.jpg"]
    assert note.reason.startswith("picture skipped: no file")
    assert (note.id, note.line) == ("1", 2)


def test_a_catalogue_that_never_speaks_of_pictures_has_products_without(write: Write) -> None:
    assert only(write("feed.csv", "id,title\n1,Coat\n")).images == ()


def test_a_folder_of_pictures_is_a_catalogue(write: Write, tmp_path: Path) -> None:
    for name in ("women/dresses/red_one.jpg", "hat.png"):
        write(name, "x")
    hat, dress = products(open_catalogue(tmp_path))
    assert (hat.id, hat.category) == ("hat", "")
    assert (dress.id, dress.title, dress.category) == ("women/dresses/red_one", "red one", "women/dresses")
    assert dress.images == (str(tmp_path / "women" / "dresses" / "red_one.jpg"),)


# Kaggle's styles.csv

KAGGLE = "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName"


def test_kaggles_styles_are_recognised_with_pictures_by_id(write: Write, tmp_path: Path) -> None:
    write("images/15970.jpg", "x")
    path = write(
        "styles.csv", f"{KAGGLE}\n15970,Men,Apparel,Topwear,Shirts,Navy Blue,NA,2011,Casual,Turtle Shirt\n"
    )
    assert open_catalogue(path).format == "kaggle-styles"
    assert only(path) == Product(
        id="15970",
        title="Turtle Shirt",
        images=(str(tmp_path / "images" / "15970.jpg"),),
        category="Apparel/Topwear/Shirts",
        categories=("Apparel", "Apparel/Topwear", "Apparel/Topwear/Shirts"),
        audience="Men",
        colour="Navy Blue",
        attributes={
            "masterCategory": "Apparel",
            "subCategory": "Topwear",
            "articleType": "Shirts",
            "year": "2011",
            "usage": "Casual",
        },
    )


def test_kaggles_unquoted_commas_belong_to_the_name_where_it_is_the_last_column(write: Write) -> None:
    write("images/1.jpg", "x")
    row = "1,Men,Apparel,Topwear,Shirts,Blue,Fall,2011,Casual,Red, soft, warm"
    assert only(write("styles.csv", f"{KAGGLE}\n{row}\n")).title == "Red, soft, warm"
    (reject,) = rejects(open_catalogue(write("priced.csv", f"{KAGGLE},price\n{row},9\n")))
    assert (reject.line, reject.reason[:24]) == (2, "has 13 cells for 11 colu")


def test_kaggles_pictures_may_be_in_another_folder(write: Write, tmp_path: Path) -> None:
    write("elsewhere/1.jpg", "x")
    path = write("styles.csv", f"{KAGGLE}\n1,,,,,,,,,Hat\n2,,,,,,,,,Cap\n")
    assert only(path, images=tmp_path / "elsewhere").images == (str(tmp_path / "elsewhere" / "1.jpg"),)
    (reject,) = rejects(open_catalogue(path, images=tmp_path / "elsewhere"))
    assert reject.reason == f"no picture: no file {tmp_path}/elsewhere/2.jpg"


# Magento's export

MAGENTO = (
    "sku,store_view_code,attribute_set_code,product_type,categories,name,description,price,special_price,url_key,"
    "meta_title,base_image,small_image,thumbnail_image,additional_attributes,qty,is_in_stock,use_config_min_qty,"
    "configurable_variations,additional_images"
)


def magento(**cells: str) -> str:
    return ",".join('"' + cells.get(column, "").replace('"', '""') + '"' for column in MAGENTO.split(",")) + "\n"


def magento_file(write: Write, *rows: str) -> Path:
    for name in ("main", "back", "gray"):
        write(f"media/m/h/{name}.jpg", "x")
    return write("products.csv", MAGENTO + "\n" + "".join(rows))


SIMPLE = magento(
    sku="MH01-XS",
    attribute_set_code="Top",
    product_type="simple",
    categories="Default Category,Default Category/Men/Tops,Default Category/Sale/Men Sale,Default Category/Men",
    name="Hoodie-XS",
    description="<p>Warm</p>",
    price="52",
    special_price="39.5",
    url_key="hoodie",
    meta_title="Hoodie",
    base_image="/m/h/main.jpg",
    small_image="/m/h/main.jpg",
    thumbnail_image="no_selection",
    additional_images="/m/h/back.jpg,/m/h/main.jpg",
    additional_attributes="has_options=0,size=XS,color=Black,climate=Cool|Indoor,material=Wool, soft",
    qty="100",
    is_in_stock="1",
    use_config_min_qty="1",
)
STYLE = magento(
    sku="MH01",
    attribute_set_code="Top",
    product_type="configurable",
    name="Hoodie",
    base_image="/m/h/gray.jpg",
    qty="0",
    is_in_stock="1",
    configurable_variations="sku=MH01-XS,size=XS|sku=MH01-S,size=S",
)


def test_a_magento_variant_has_its_style_for_a_group_and_its_attributes_unpacked(
    write: Write, tmp_path: Path
) -> None:
    catalogue = open_catalogue(magento_file(write, SIMPLE, STYLE))
    simple, style = products(catalogue)
    media = tmp_path / "media" / "m" / "h"
    assert catalogue.format == "magento"
    assert simple == Product(
        id="MH01-XS",
        title="Hoodie-XS",
        description="Warm",
        group="MH01",
        images=(str(media / "main.jpg"), str(media / "back.jpg")),
        price=39.5,
        in_stock=True,
        category="Men/Tops",
        categories=("Men", "Men/Tops", "Sale", "Sale/Men Sale"),
        audience="Men",
        colour="Black",
        attributes={
            "size": "XS",
            "climate": ("Cool", "Indoor"),
            "material": "Wool, soft",
            "attribute_set_code": "Top",
            "product_type": "simple",
            "qty": "100",
            "regular_price": 52.0,
        },
    )
    assert (style.group, style.in_stock) == ("MH01", True)
    assert catalogue.aliases["color"] == "colour"
    assert "qty" not in catalogue.aliases


def test_a_magento_variant_without_pictures_has_its_styles_and_a_style_its_first_variants(write: Write) -> None:
    bare = magento(sku="MH01-S", product_type="simple", attribute_set_code="Top", name="Hoodie-S")
    no_picture = STYLE.replace("/m/h/gray.jpg", "no_selection")

    def shown(*rows: str) -> dict[str, list[str]]:
        found = products(open_catalogue(magento_file(write, *rows)))
        return {product.id: [Path(image).stem for image in product.images] for product in found}

    assert shown(SIMPLE, bare, STYLE)["MH01-S"] == ["gray"]
    assert shown(SIMPLE, no_picture) == {"MH01-XS": ["main", "back"], "MH01": ["main", "back"]}
    assert shown(SIMPLE, bare, no_picture).keys() == {"MH01-XS", "MH01"}  # nobody has a picture of this variant


def test_a_magento_variant_in_two_styles_belongs_to_the_first(write: Write) -> None:
    other = STYLE.replace('"MH01"', '"MH02"')
    assert [product.group for product in products(open_catalogue(magento_file(write, SIMPLE, STYLE, other)))] == [
        "MH01",
        "MH01",
        "MH02",
    ]


def test_magento_attributes_that_are_none_are_rejected(write: Write) -> None:
    (reject,) = rejects(open_catalogue(magento_file(write, SIMPLE.replace("has_options=0,", "oops,"))))
    assert "'oops' is not an attribute" in reject.reason


def test_lists_of_variants_and_attributes_are_taken_apart() -> None:
    assert variant_ids("sku=A-1,size=S|sku=B,my_sku=C", "sku") == ["A-1", "B"]
    assert variant_ids("", "sku") == []
    assert unpacked("a=1,b=x=y, c=p|,d=") == {"a": "1", "b": "x=y", "c": "p"}


names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
values = st.lists(st.text("ABC xyz.-&;", min_size=1, max_size=6).filter(str.strip), min_size=1, max_size=3)


@given(st.dictionaries(names, values, min_size=1, max_size=6))
def test_attributes_packed_as_magento_packs_them_are_unpacked(attributes: dict[str, list[str]]) -> None:
    packed = ",".join(f"{name}={'|'.join(several)}" for name, several in attributes.items())
    expected = {name: tuple(one.strip() for one in several) for name, several in attributes.items()}
    assert unpacked(packed) == {n: several if len(several) > 1 else several[0] for n, several in expected.items()}


# Maps


def test_the_built_in_maps_are_these_and_all_can_be_loaded() -> None:
    assert built_in_maps() == (
        *("google", "kaggle-styles", "magento", "plain"),
        *("shopify", "shopify-json", "woocommerce", "woocommerce-json"),
    )
    assert all(load_map(name).fields["id"] for name in built_in_maps())


def test_no_two_names_of_a_field_are_the_same() -> None:
    for field, columns in load_map("plain").fields.items():
        assert len(set(map(folded, columns))) == len(columns), field


def test_an_unknown_map_says_which_there_are(write: Write) -> None:
    with pytest.raises(CatalogueError, match="no column map 'ebay': give one of google, kaggle-styles"):
        open_catalogue(write("feed.csv", "id\n"), columns="ebay")


def test_a_shop_writes_a_map_of_its_own(write: Write, tmp_path: Path) -> None:
    path = write("feed.csv", "Artikel,Bild,name,notiz,size\n0017,rot,Kleid,geheim,38\n")
    write("bilder/rot.jpg", "x")
    columns = write(
        "german.toml",
        'extends = "plain"\n[fields]\nid = ["Artikel"]\n[pictures]\ntemplate = "{Bild}.jpg"\n'
        'folders = ["bilder"]\n[attributes]\ndrop = ["notiz", "Bild"]\n',
    )
    product = only(path, columns=columns)
    assert (product.id, product.title, product.attributes) == ("0017", "Kleid", {"size": "38"})
    assert product.images == (str(tmp_path / "bilder" / "rot.jpg"),)
    assert open_catalogue(path, columns=columns).format == "german"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[fields", "Expected"),
        ("[fields]\nsku = ['a']", "no 'sku': it may hold audience, brand"),
        ("[fields]\nid = 'a'", "lists of column names"),
        ("colour = 'a'", "no setting 'colour'"),
        ("[pictures]\nseparator = 1", "pictures.separator must be a text, not 1"),
        ("synonyms = 'yes'", "synonyms must be true or false"),
        ("[attributes]\ndrop = 'a'", "attributes.drop must be a list of texts"),
        ("extends = 'plane'", "extends must be one of google, .*, not 'plane'"),
        ("extends = 1", "extends must be one of"),
    ],
)
def test_a_map_that_is_not_right_says_what_is_wrong(write: Write, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_map("mine", text)
    with pytest.raises(CatalogueError, match=r"cannot use the column map .*mine\.toml"):
        load_map(write("mine.toml", text))


def test_a_map_that_is_missing_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot use the column map"):
        load_map(tmp_path / "none.toml")
