"""Where nothing is found, the shopper reads what was looked for."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from shopreco import services
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


@pytest.fixture
def shop() -> None:
    for name in ("Hooded sweatshirt", "Walnut chair", "Oak table with drawers"):
        Gadget.objects.create(name=name)
    index()


def notice(query: str, **options: Any) -> str:
    page = services.search(query, catalogue=GADGET, **options)
    assert page.degraded == {}
    return page.notice


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("xylophone", "No product has the word “xylophone”."),
        ("zeppelin xylophone", "No product has the words “zeppelin”, “xylophone”."),
        ("xylophone without zeppelin", "No product has the word “xylophone”."),
        ("GKX8821", "No product has this number."),
    ],
)
def test_what_no_product_has_is_named(shop: None, query: str, said: str) -> None:
    assert notice(query) == said


@pytest.mark.parametrize("query", ["chair", "chiar", "", "the"])
def test_where_something_is_found_or_nothing_was_asked_nothing_is_said(
    shop: None, query: str
) -> None:
    assert notice(query) == ""


def test_what_a_filter_hides_is_not_said_to_be_nowhere(shop: None) -> None:
    assert notice("xylophone", filters={"brand": "Nobody"}) == ""


def test_a_word_that_was_read_as_another_is_named_with_it(shop: None) -> None:
    Gadget.objects.filter(name="Walnut chair").update(hidden=True)
    assert notice("wallnut") == "Nothing was found for “wallnut”, nor for “walnut”."


def test_it_is_said_in_the_language_of_the_page(shop: None) -> None:
    with override("zh-hans"):
        assert notice("xylophone") == "没有商品含有“xylophone”这样的词。"
