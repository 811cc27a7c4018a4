"""Amounts with their currency, as people of a language write them: "€1,299.00", "1.299,00 €"."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal, get_currency_precision
from django.utils.translation import get_language


def decimals_of(currency: str) -> int:
    return get_currency_precision(currency)


def money(amount: Decimal, currency: str) -> str:
    """Format an amount in the visitor's language, with the decimals of its currency."""
    return _written(amount, currency, get_language() or "en")


@lru_cache(maxsize=8_192)
def _written(amount: Decimal, currency: str, language: str) -> str:
    """Cached, since prices repeat, and formatting one takes as long as a stage of a search."""
    locale = _locale(language)
    rounded = amount.quantize(Decimal(1).scaleb(-decimals_of(currency)), ROUND_HALF_UP)
    if not currency:
        return format_decimal(rounded, "#,##0.00", locale=locale)
    return format_currency(rounded, currency, locale=locale)


@lru_cache(maxsize=256)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
