"""Amounts with their currency, in the visitor's language."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation

from shopreco.answers.money import money


@pytest.mark.parametrize(
    ("language", "amount", "currency", "written"),
    [
        ("en", "1299", "EUR", "€1,299.00"),
        ("en", "89", "GBP", "£89.00"),
        ("en", "12.5", "CHF", "CHF12.50"),
        ("en", "1200", "JPY", "¥1,200"),
        ("en", "1.5", "KWD", "KWD1.500"),
        ("en", "-3", "USD", "-$3.00"),
        ("en-gb", "0.005", "EUR", "€0.01"),
        ("en", "7", "", "7.00"),
        ("de", "1299", "EUR", "1.299,00\xa0€"),
        ("de", "12.5", "CHF", "12,50\xa0CHF"),
        ("fr", "1299.9", "EUR", "1\u202f299,90\xa0€"),
        ("nl", "12", "EUR", "€\xa012,00"),
        ("pt-br", "1299", "BRL", "R$\xa01.299,00"),
        ("zh-hans", "99", "CNY", "¥99.00"),
        ("zh-hans", "9900", "JPY", "JP¥9,900"),
        ("ja", "9900", "JPY", "￥9,900"),
    ],
)
def test_an_amount_is_written_as_people_of_a_language_write_it(
    language: str, amount: str, currency: str, written: str
) -> None:
    with translation.override(language):
        assert money(Decimal(amount), currency) == written


def test_templates_write_prices_and_nothing_where_there_is_none() -> None:
    template = Template("{% load shopreco %}[{{ price|money:currency }}]")
    assert template.render(Context({"price": Decimal("9.9"), "currency": "EUR"})) == "[€9.90]"
    assert template.render(Context({"price": None, "currency": "EUR"})) == "[]"
