"""Amounts with their currency, as people of a language write them: "€1,299.00", "1.299,00 €"."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.utils import formats
from django.utils.translation import get_language

DECIMALS: Final[Mapping[str, int]] = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
"""Of the currencies (ISO 4217) that have not two."""

SIGNS: Final[Mapping[str, str]] = {
    "EUR": "€", "GBP": "£", "USD": "$", "AUD": "A$", "BRL": "R$", "CAD": "CA$", "HKD": "HK$",
    "MXN": "MX$", "NZD": "NZ$", "TWD": "NT$", "CNY": "CN¥", "JPY": "¥", "ILS": "₪", "INR": "₹",
    "KRW": "₩", "PHP": "₱", "VND": "₫",
}  # fmt: skip
"""As in CLDR: what is not here is written as its code."""
AT_HOME: Final[Mapping[str, Mapping[str, str]]] = {"zh": {"CNY": "¥", "JPY": "JP¥"}}
"""The signs that a language uses otherwise."""

SIGN_FIRST: Final = frozenset(
    {"en", "ga", "hi", "id", "ja", "ko", "ms", "nl", "pt-br", "th", "tr", "zh"}
)
"""Languages that write the currency before the amount."""
NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def decimals_of(currency: str) -> int:
    return DECIMALS.get(currency, 2)


def money(amount: Decimal, currency: str) -> str:
    """The amount in the visitor's language, with the decimals of its currency."""
    decimals = decimals_of(currency)
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    number = formats.number_format(abs(rounded), decimals, force_grouping=True)
    minus = "-" if rounded < 0 else ""
    if not currency:
        return f"{minus}{number}"
    language = (get_language() or "en").lower()
    family = language.partition("-")[0]
    sign = AT_HOME.get(family, {}).get(currency) or SIGNS.get(currency, currency)
    if not SIGN_FIRST & {language, family}:
        return f"{minus}{number}{NO_BREAK}{sign}"
    return f"{minus}{sign}{NO_BREAK * sign.isalpha()}{number}"
