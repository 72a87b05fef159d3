"""Cells into facts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.catalogue.cleaning import (
    category_path,
    deepest,
    identifier,
    in_stock,
    label,
    plain_text,
    truth,
    with_ancestors,
    words,
)
from lookalike.catalogue.prices import CODES, SIGNS, currency, price


@pytest.mark.parametrize(
    ("written", "amount", "code"),
    [
        ("1,299.00", 1299, ""),
        ("1.299,00 €", 1299, "EUR"),
        ("$45", 45, ""),
        ("US$ 45", 45, "USD"),
        ("US $45", 45, "USD"),
        ("EUR 45.00", 45, "EUR"),
        ("45.00 USD", 45, "USD"),
        ("Rs. 1,299", 1299, "INR"),
        ("₹1,29,999.00", 129999, "INR"),
        ("1 299,00", 1299, ""),
        ("1\u00a0299,00\u00a0kr", 1299, ""),
        ("12'500.00", 12500, ""),
        ("CHF 12’500.–", 12500, "CHF"),
        ("45,-", 45, ""),
        ("£1,000,000", 1000000, "GBP"),
        ("1.299 €", 1299, "EUR"),
        ("1.299", 1.299, ""),
        ("¥1,299", 1299, "JPY"),
        ("0,299", 0.299, ""),
        (".50", 0.5, ""),
        ("0", 0, ""),
        ("  7 ", 7, ""),
    ],
)
def test_a_price_is_read_as_the_country_writes_it(written: str, amount: float, code: str) -> None:
    assert price(written) == (pytest.approx(amount), code)


@pytest.mark.parametrize(
    "written",
    [
        *("-5", "€ -5", "(5.00)", "abc", "free", "10 - 20", "from 12", "12 34", "1,2,3", "1.2.3", "1_000", "nan"),
        *("inf", "1e999", "EUR", "45 each", "", " ", "1,299,00", "9" * 100),
    ],
)
def test_what_is_no_price_is_refused_and_named(written: str) -> None:
    with pytest.raises(ValueError, match="the price") as caught:
        price(written)
    assert written.strip()[:60] in str(caught.value)


def test_a_price_of_zero_stands_and_typed_prices_are_taken_as_they_are() -> None:
    assert price(0) == (0.0, "")
    assert price(12.5) == (12.5, "")
    for wrong in (-1, math.nan, math.inf, True, ("1", "2")):
        with pytest.raises(ValueError, match="the price"):
            price(wrong)


@given(st.decimals(0, 10**9, places=2))
def test_a_price_is_the_same_in_every_way_of_writing_it(amount: object) -> None:
    english = f"{amount:,}"
    german = english.translate(str.maketrans(",.", ".,"))
    swiss, french = english.replace(",", "'"), german.replace(".", " ")
    expected = float(str(amount))
    for written in (str(amount), english, f"{german} €", german, f"CHF {swiss}", f"{french} EUR"):
        assert price(written)[0] == pytest.approx(expected)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_of_prices(text: str) -> None:
    try:
        amount, code = price(text)
    except ValueError:
        return
    assert amount >= 0
    assert math.isfinite(amount)
    assert code == "" or code in CODES


def test_every_sign_stands_for_a_code_or_for_many_currencies() -> None:
    assert set(SIGNS.values()) - {""} <= CODES


def test_a_currency_is_told_by_code_or_sign() -> None:
    assert [currency(text) for text in ("eur", " USD ", "€", "Rs.", "$", "gold")] == [
        "EUR",
        "USD",
        "EUR",
        "INR",
        "",
        "",
    ]


def test_an_id_is_kept_as_it_is_written() -> None:
    assert identifier(" 00117\n") == "00117"
    assert identifier("Größe/ß e\u0301") == "Größe/ß e\u0301"
    assert identifier(1164) == identifier(1164.0) == "1164"
    assert identifier("x" * 512)


@pytest.mark.parametrize("wrong", ["", "  ", "a\x00b", "a\nb", "a\u2028b", "x" * 513, "\ud800", ("a", "b")])
def test_an_id_that_is_empty_long_or_has_control_characters_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="the id"):
        identifier(wrong)


def test_text_is_composed_collapsed_and_free_of_control_characters() -> None:
    assert words(" Cafe\u0301\t\x00crème\n\u00a0x\ufeff ") == "Café crème x"
    assert words(("Red", "Blue")) == "Red, Blue"
    assert words(7.0) == "7"
    assert label("Men&#39;s &amp; Boys &copy=1") == "Men's & Boys &copy=1"


def test_html_becomes_lines_of_text() -> None:
    html = (
        "<style>p {}</style><p>Warm &amp; light.</p>\n<p>&bull; Hood<br />&bull; Zip</p>"
        "<ul><li>XS<li>S &lt;36</ul><script>if (a < b) alert('x')</script><b>B</b>old"
    )
    assert plain_text(html) == "Warm & light.\n• Hood\n• Zip\nXS\nS <36\nBold"


def test_text_that_only_looks_like_html_is_left_alone() -> None:
    assert plain_text("size < 36 & > 30") == "size < 36 & > 30"
    assert plain_text("a <- b") == "a <- b"
    assert plain_text("AT&T") == "AT&T"
    assert plain_text("one\n\n  two ") == "one\ntwo"


@given(st.text(st.sampled_from("<>!/[]-&;#x ab\n\"'=scriptyle"), max_size=60))
def test_no_markup_breaks_the_reading_of_html(html: str) -> None:
    assert "  " not in plain_text(html)
    assert "  " not in plain_text(f"<p>{html}<![{html}")


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert words(words(text)) == words(text)


@pytest.mark.parametrize(
    ("written", "there"),
    [
        *((word, True) for word in ("yes", "Y", "TRUE", "1", "In Stock", "in_stock", "12", "0.5", "InStock")),
        *(
            (word, False)
            for word in ("no", "n", "False", "0", "out of stock", "OutOfStock", "sold out", "-3", "0.0")
        ),
        *((word, False) for word in ("preorder", "backorder")),
        *((word, None) for word in ("ask us", "", "2026-01-01")),
        ("https://schema.org/OutOfStock", False),
    ],
)
def test_stock_is_told_by_words_or_quantities(written: str, there: bool | None) -> None:
    assert in_stock(written) is there


def test_stock_may_be_typed() -> None:
    assert [in_stock(value) for value in (True, False, 3, 0, -1, 0.0)] == [True, False, True, False, False, False]


def test_truth_is_words_only_so_that_ones_and_zeros_stay_numbers() -> None:
    assert [truth(value) for value in ("Yes", "no", "TRUE", "false", "1", "y", True)] == [
        True,
        False,
        True,
        False,
        None,
        None,
        True,
    ]


def test_categories_are_paths_with_their_ancestors() -> None:
    assert category_path(" Women >  Dresses &amp; Skirts ") == "Women/Dresses & Skirts"
    assert category_path("//") == ""
    assert with_ancestors(["A/B", "A/C/D"]) == ("A", "A/B", "A/C", "A/C/D")
    assert deepest(["A", "B/C", "D/E"]) == "B/C"
    assert deepest([]) == ""


@given(st.lists(st.lists(st.sampled_from("ABC"), min_size=1, max_size=4).map("/".join)))
def test_every_category_and_all_above_it_are_listed_once(paths: list[str]) -> None:
    listed = with_ancestors(paths)
    assert len(set(listed)) == len(listed)
    assert set(paths) <= set(listed)
    assert all(path.rpartition("/")[0] in ("", *listed) for path in listed)
