"""Prices as people and programs write them, and when a sale holds.

`price-parser` guesses where this refuses: it reads "free" and "-1 EUR" as 0 and 1, and dinars of
three decimals as thousands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from datetime import time as clock
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.numbers import get_currency_precision
from django.utils import timezone

from demo_catalogue.feeds.texts import words

CODES = words(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP "
    "BYN BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP "
    "GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS "
    "KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
    "MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF "
    "SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD "
    "TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG HRK"
)
"""ISO 4217, and what shops still have in old rows."""
SIGNS: Mapping[str, tuple[str, ...]] = {
    "€": ("EUR",), "£": ("GBP",), "₹": ("INR",), "rs": ("INR", "PKR", "LKR", "NPR"),
    "$": ("USD", "AUD", "CAD", "NZD", "HKD", "SGD", "MXN", "TWD", "ARS", "CLP", "COP"),
    "us$": ("USD",), "a$": ("AUD",), "au$": ("AUD",), "c$": ("CAD",), "ca$": ("CAD",),
    "nz$": ("NZD",), "hk$": ("HKD",), "s$": ("SGD",), "r$": ("BRL",), "mx$": ("MXN",),
    "nt$": ("TWD",), "¥": ("JPY", "CNY"), "元": ("CNY",), "rmb": ("CNY",), "cn¥": ("CNY",),
    "円": ("JPY",), "jp¥": ("JPY",), "₩": ("KRW",), "원": ("KRW",), "zł": ("PLN",),
    "zl": ("PLN",), "kč": ("CZK",), "kc": ("CZK",), "ft": ("HUF",), "lei": ("RON",),
    "лв": ("BGN",), "₽": ("RUB",), "руб": ("RUB",), "₴": ("UAH",), "грн": ("UAH",),
    "₺": ("TRY",), "tl": ("TRY",), "₪": ("ILS",), "฿": ("THB",), "₫": ("VND",), "đ": ("VND",),
    "₱": ("PHP",), "₦": ("NGN",), "fr": ("CHF",), "sfr": ("CHF",), "rp": ("IDR",), "rm": ("MYR",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
}  # fmt: skip
"""What a sign may mean. Of several the shop's own is taken; a dollar is otherwise American."""

_PRICE = re.compile(
    r"(?P<before>[^\d\-+−.,]*[^\W\d]\.|[^\d\-+−.,]*)\s*(?P<minus>[-−])?\s*"
    r"(?P<number>[.,]?\d(?:[\d.,'’\s]*\d)?)"
    r"(?:[.,:]?\s?[-–—]{1,2}|\.)?\s*(?P<after>\D*)"
)
_SIGN_FOR_POINT = re.compile(r"(\d+)\s?([€$£])\s?(\d\d)")
_SPACED = re.compile(r"\d{1,3}(?:([ '’])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})*|[1-9]\d?(?:,\d\d)+,\d{3}")
"""Thousands, or lakhs."""
_MAX_AMOUNT = Decimal(10) ** 10  # exclusive
_MAX_LENGTH = 100


def parse_price(price: object, home: str = "") -> tuple[Decimal, str]:
    """Amount and currency ("" where none is named) of "12.00 USD", "€ 1.299,00" or a number.

    The amount has the decimals of its currency. A point or comma before three digits separates
    thousands, unless the currency has three decimals; a number of JSON has no thousands.

    home: the currency of prices that name none.

    Raises:
        ValueError: it is no price, or one that can be read in several ways.
    """
    currency = ""
    if isinstance(price, (int, float, Decimal)) and not isinstance(price, bool):
        amount = Decimal(str(price))
    else:
        written = " ".join(unicodedata.normalize("NFKC", str(price)).split())
        if len(written) > _MAX_LENGTH:
            raise _no_price(price)
        written = _SIGN_FOR_POINT.sub(r"\1.\3 \2", written)
        parts = _PRICE.fullmatch(written)
        if parts is None:
            raise _no_price(price)
        currency = _currency(price, (parts["before"], parts["after"]), home)
        amount = _number(price, parts["number"], get_currency_precision(currency or home))
        amount = -amount if parts["minus"] else amount
    if not amount.is_finite():
        raise _no_price(price)
    if amount < 0 or amount >= _MAX_AMOUNT:
        raise ValueError(f"price {price!r} is out of range")
    return rounded(amount, get_currency_precision(currency or home)), currency


def rounded(amount: Decimal, decimals: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def currency_code(text: str) -> str:
    """Raises ValueError if it is no code of ISO 4217."""
    if (code := text.strip().upper()) and code not in CODES:
        raise ValueError(f"currency {text!r} is not an ISO 4217 code such as 'EUR'")
    return code


def period(text: str) -> tuple[datetime | None, datetime | None]:
    """Begin and end of "2026-11-01T08:00+0100/2026-11-30"; None where it is open.

    Raises:
        ValueError: these are not two times.
    """
    parts = re.split(r"\s*(?:/|,|\s[-–]\s|\sto\s)\s*", text.strip())
    if len(parts) != 2:
        raise ValueError(f"{text!r} is not two times such as '2026-11-01/2026-11-30'")
    return begin_of(parts[0]), end_of(parts[1])


def begin_of(text: str) -> datetime | None:
    return _moment(text)[0]


def end_of(text: str) -> datetime | None:
    """Of a day without a time its last moment counts."""
    moment, is_day = _moment(text)
    return moment + timedelta(days=1) if moment and is_day else moment


def _moment(text: str) -> tuple[datetime | None, bool]:
    """A time, and whether it is the begin of a whole day. "0000-00-00" says none."""
    written = re.sub(r"\s+(?=[+\-]\d)", "", text.strip())
    if not written.strip("0-: T"):
        return None, False
    is_day = re.fullmatch(r"\d{4}-?\d\d-?\d\d", written) is not None
    try:
        if is_day:
            moment = datetime.combine(date.fromisoformat(written), clock())
        else:
            moment = datetime.fromisoformat(written)
        return (timezone.make_aware(moment) if timezone.is_naive(moment) else moment), is_day
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a time such as '2026-11-01T08:00+0100'") from None


def _no_price(price: object) -> ValueError:
    return ValueError(f"price {price!r:.100} is not a price; write it like '12.00 USD'")


def _currency(price: object, marks: tuple[str, str], home: str) -> str:
    named: set[str] = set()
    for mark in marks:
        sign = mark.strip().casefold().strip(". ")
        if sign.upper() in CODES:
            named.add(sign.upper())
        elif sign in SIGNS:
            named.add(_meant(price, SIGNS[sign], home))
        elif sign:
            raise _no_price(price)
    if len(named) > 1:
        raise _no_price(price)
    return "".join(named)


def _meant(price: object, candidates: tuple[str, ...], home: str) -> str:
    if len(candidates) == 1 or home in candidates:
        return home if home in candidates else candidates[0]
    if candidates[0] == "USD":
        return "USD"
    if home:
        raise ValueError(
            f"price {price!r} may be in {', '.join(candidates)}, and the shop's is {home}; "
            f"write it like '12.00 {candidates[0]}'"
        )
    return ""


def _number(price: object, written: str, decimals: int) -> Decimal:
    digits = written
    if _SPACED.fullmatch(digits):
        digits = re.sub(r"[ '’]", "", digits)
        if "," in digits or "." in digits:
            return Decimal(digits.replace(",", "."))
    point = re.fullmatch(r"(.*)([.,])(\d*)", digits)
    is_grouped = _GROUPED.fullmatch(digits) is not None
    if point is None or (is_grouped and not (decimals == 3 and len(point[1]) <= 3)):
        whole, fraction = digits, ""
    elif is_grouped and point[2] == ",":
        raise ValueError(
            f"price {price!r} can be read in two ways; write it like '{point[1]}.{point[3]}'"
        )
    else:
        whole, fraction = point[1], point[3]
        if point[2] in whole:
            raise _no_price(price)
    if re.search(r"[.,]", whole) and not _GROUPED.fullmatch(whole):
        raise _no_price(price)
    try:
        return Decimal(f"{re.sub(r'[.,]', '', whole) or 0}.{fraction or 0}")
    except InvalidOperation:
        raise _no_price(price) from None
