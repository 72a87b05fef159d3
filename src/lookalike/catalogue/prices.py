"""Prices as shops write them, in whatever country: "1,299.00", "1.299,00 €", "Rs. 1,299", "EUR 45.00"."""

from __future__ import annotations

import math
import re

from lookalike.types import Value

# A sign is read only where it means one currency, or nearly always does. "$" alone, "kr" and "Fr" are many
# countries' and give no code: the shop says which in a currency column.
SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₺": "TRY",
    "₽": "RUB",
    "₫": "VND",
    "₴": "UAH",
    "₪": "ILS",
    "₱": "PHP",
    "฿": "THB",
    "$": "",
    "kr": "",
    "fr": "",
    "us$": "USD",
    "a$": "AUD",
    "au$": "AUD",
    "c$": "CAD",
    "ca$": "CAD",
    "nz$": "NZD",
    "hk$": "HKD",
    "s$": "SGD",
    "r$": "BRL",
    "rs": "INR",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "lei": "RON",
    "лв": "BGN",
}
ISO_4217 = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD
    HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD
    LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP
    PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT
    TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL"""
CODES = frozenset(ISO_4217.split())
DOTTED = "EUR DKK BRL TRY IDR VND CLP COP ARS ISK"
POINT_FOR_THOUSANDS = frozenset(DOTTED.split())  # "1.299 €" is 1299

LONGEST_PRICE = 64  # characters

AMOUNT = re.compile(
    r"(?P<before>[^\d.,+()\-−]*(?:(?<=[^\W\d])\.)?)\s*(?P<number>[.,]?\d[\d.,'’\s]*?)(?:[.,][-–—]+)?(?P<after>[^\d]*)"
)
NEGATIVE = re.compile(r"(^|[^\d\s])\s*[-−]\s*\d|^\s*[-−]|\(\s*\S*\d.*\)")
PLAIN = re.compile(r"\d{1,15}(\.\d{1,15})?")  # as most prices are written
POINT = re.compile(r"\d+|\d*\.\d+|\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d{1,3}(?:[ ']\d{3})+(?:\.\d+)?")
COMMA = re.compile(r"\d*,\d+|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:[ ']\d{3})+,\d+")


def price(value: Value) -> tuple[float, str]:
    """The amount and the ISO 4217 code, "" where none is told; raises ValueError for what is no price.

    >>> price("1.299,00 €"), price("Rs. 1,299"), price("45.00 USD"), price("$45"), price(12)
    ((1299.0, 'EUR'), (1299.0, 'INR'), (45.0, 'USD'), (45.0, ''), (12.0, ''))
    """
    if isinstance(value, str):
        return _written_price(value)
    if isinstance(value, tuple | bool) or not math.isfinite(value):
        raise ValueError(f"the price {value!r} is not a number")
    if value < 0:
        raise ValueError(f"the price {value!r} is negative")
    return float(value), ""


def _written_price(text: str) -> tuple[float, str]:
    if PLAIN.fullmatch(text):
        return float(text), ""
    text = text.strip()
    if len(text) <= LONGEST_PRICE and NEGATIVE.search(text):
        raise ValueError(f"the price {text!r} is negative")
    parts = AMOUNT.fullmatch(text) if len(text) <= LONGEST_PRICE else None
    code = _code(parts["before"], parts["after"]) if parts else None
    amount = amount_in(parts["number"], code or "") if parts else None
    if code is None or amount is None:
        raise ValueError(f"the price {text[:LONGEST_PRICE]!r} cannot be read")
    return amount, code


def amount_in(number: str, code: str) -> float | None:
    """The number that the digits and separators stand for; None when they stand for none.

    A lone comma before three digits separates thousands, a lone point does not, but for the currencies of
    countries that write it so.

    >>> amount_in("1,299", ""), amount_in("12,50", ""), amount_in("1.299", "EUR"), amount_in("1.299", "USD")
    (1299.0, 12.5, 1299.0, 1.299)
    """
    digits = re.sub(r"[\s’]", lambda found: "'" if found[0] == "’" else " ", number.strip())
    if re.fullmatch(r"0,\d+", digits):
        return float(digits.replace(",", "."))
    if code in POINT_FOR_THOUSANDS and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", digits):
        return float(digits.replace(".", ""))
    if POINT.fullmatch(digits):
        return float(re.sub("[,' ]", "", digits))
    if COMMA.fullmatch(digits):
        return float(re.sub("[.' ]", "", digits).replace(",", "."))
    return None


def currency(text: str) -> str:
    """The ISO 4217 code that a currency column names, by code or sign; "" when it is neither.

    >>> currency("eur"), currency("£"), currency("$")
    ('EUR', 'GBP', '')
    """
    mark = text.strip().strip(".")
    return mark.upper() if mark.upper() in CODES else SIGNS.get(mark.casefold(), "")


def _code(before: str, after: str) -> str | None:
    """The code that stands before or after the number, "" where none does; None when other words do."""
    codes = [_marked(mark.strip().rstrip(".").strip()) for mark in (before, after)]
    if None in codes:
        return None
    return next((code for code in codes if code), "")


def _marked(mark: str) -> str | None:
    if not mark or mark in CODES:
        return mark
    sign = "".join(mark.split()).casefold()
    if sign in SIGNS:
        return SIGNS[sign]
    named = [_marked(word) for word in mark.split()] if " " in mark else [None]  # "EUR €"
    return None if None in named else next((code for code in named if code), "")
