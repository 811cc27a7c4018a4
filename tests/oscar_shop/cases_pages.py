"""The pages of a shop of django-oscar, drawn by its templates."""

from __future__ import annotations

import re
from html import unescape
from http import HTTPStatus
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from oscar.core.loading import get_model

from tests.oscar_shop.shop import Product, index_changes, stock, titled


def page_of(client: Client, address: str, **parameters: Any) -> str:
    answer = client.get(address, parameters)
    assert answer.status_code == HTTPStatus.OK, answer.headers
    return answer.content.decode()


def titles(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'<h3[^>]*>\s*<a [^>]*title="([^"]+)"', page)]


def links(page: str, label: str) -> list[str]:
    found = re.findall(rf'<a href="([^"]+)">{re.escape(label)}</a>', page)
    return [unescape(each) for each in found]


def test_the_page_of_results_finds_and_says_what_it_shows(client: Client) -> None:
    page = page_of(client, reverse("search:search"), q="moth")
    assert titles(page)[0] == "Moths at night"
    assert re.search(r'data-query-id="\w+', page)
    moths = titled("Moths at night")
    assert f'data-item-id="{moths.pk}" data-rank="1"' in page
    assert "&quot;name&quot;: &quot;search&quot;" in page
    assert "Secret moth" not in page


def test_a_facet_narrows_and_can_be_taken_back(client: Client) -> None:
    page = page_of(client, reverse("search:search"))
    (german,) = links(page, "German")
    narrowed = page_of(client, german)
    assert titles(narrowed) == ["Atlas of birds"]
    back = re.search(r'name="url_for_German" value="([^"]+)"', narrowed)
    assert back
    assert titles(page_of(client, unescape(back[1]))) == titles(page)
    assert titles(page_of(client, reverse("search:search"), **{"f.Language": "German"})) == [
        "Atlas of birds"
    ]


def test_results_are_sorted_as_the_form_says(client: Client) -> None:
    page = page_of(client, reverse("catalogue:index"), sort_by="price-asc")
    assert titles(page) == ["Song of a wren", "Moths at night", "Atlas of birds", "Linen shirt"]
    assert "Customer rating" not in page


def test_a_category_has_what_is_in_those_below(client: Client) -> None:
    category = get_model("catalogue", "Category").objects.get(name="Nature")
    page = page_of(client, category.get_absolute_url(), sort_by="title-asc")
    assert titles(page) == ["Atlas of birds", "Moths at night"]
    assert "<h1>Nature</h1>" in page


def test_pages_follow_each_other(client: Client, monkeypatch: Any) -> None:
    from shopreco.contrib.oscar.views import SearchedView

    monkeypatch.setattr(SearchedView, "paginate_by", 3)
    first = page_of(client, reverse("catalogue:index"))
    second = page_of(client, reverse("catalogue:index"), page=2)
    assert len(titles(first)) == 3
    assert len(titles(second)) == 1
    assert not {*titles(first)} & {*titles(second)}
    assert 'data-rank="4"' in second
    for number in (3, "x", -1, 10**9):
        assert client.get(reverse("search:search"), {"page": number}).status_code == 404
        gone = client.get(reverse("catalogue:index"), {"page": number})
        assert gone.headers["Location"] == reverse("catalogue:index")


def test_a_longer_page_asks_no_more_of_the_database(client: Client) -> None:
    few, _ = asked_for(client, "Book")
    books = titled("Atlas of birds").product_class
    for number in range(9):
        volume = Product.objects.create(title=f"Volume {number}", product_class=books)
        stock(volume, f"V-{number}", "3.00")
    index_changes()
    many, page = asked_for(client, "Book")
    Product.objects.filter(title__startswith="Volume").delete()
    index_changes()
    assert len(titles(page)) == 11
    assert len(many) <= len(few), [*many]


def asked_for(client: Client, product_class: str) -> tuple[CaptureQueriesContext, str]:
    """The statements of a page, once processes know what they keep of the index."""
    chosen = {"f.product_class": product_class}
    page_of(client, reverse("catalogue:index"), **chosen)
    with CaptureQueriesContext(connection) as statements:
        page = page_of(client, reverse("catalogue:index"), **chosen)
    return statements, page


def test_oscar_still_hears_of_a_search(client: Client, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("eve", "eve@example.com", "secret")
    client.force_login(user, "oscar.apps.customer.auth_backends.EmailBackend")
    page_of(client, reverse("search:search"), q="a linen shirt")
    assert get_model("analytics", "UserSearch").objects.get(user=user).query == "a linen shirt"


def test_without_an_index_the_pages_list_what_the_shop_has(client: Client) -> None:
    category = get_model("catalogue", "Category").objects.get(name="Nature")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_item RENAME TO shopreco_item_away")
    try:
        all_products = page_of(client, reverse("catalogue:index"))
        some = page_of(client, reverse("search:search"), q="MOTH")
        below = page_of(client, category.get_absolute_url())
        product = page_of(client, titled("Atlas of birds").get_absolute_url())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE shopreco_item_away RENAME TO shopreco_item")
    assert {*titles(all_products)} == {
        "Song of a wren", "Moths at night", "Atlas of birds", "Linen shirt"
    }  # fmt: skip
    assert titles(some) == ["Moths at night"]
    assert {*titles(below)} == {"Moths at night", "Atlas of birds"}
    assert "<h1>Atlas of birds</h1>" in product


def test_a_product_page_has_a_block_and_the_script(client: Client) -> None:
    page = page_of(client, titled("Atlas of birds").get_absolute_url())
    assert 'data-placement="product-similar"' in page
    assert page.count("data-shopreco-events") == 1
    # The view is the server's to tell.
    assert "view_item&quot;" not in page


def test_the_basket_has_what_goes_with_its_last_product(client: Client) -> None:
    client.post(reverse("basket:add", args=[titled("Atlas of birds").pk]), {"quantity": 1})
    page = page_of(client, reverse("basket:summary"))
    assert 'data-placement="product-complementary"' in page
    assert "Moths at night" in page


def test_the_search_box_suggests(client: Client) -> None:
    page = page_of(client, reverse("catalogue:index"))
    assert 'data-shopreco-suggest="/shopreco/autocomplete/' in page
    assert f'action="{reverse("search:search")}"' in page
