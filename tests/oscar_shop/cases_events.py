"""What visitors of a shop of django-oscar do, as events."""

from __future__ import annotations

from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from oscar.core.loading import get_class, get_model

from shopreco.models import Event, Visitor
from shopreco.services import track
from tests.oscar_shop.shop import stock, titled

Basket, Line = get_model("basket", "Basket"), get_model("basket", "Line")
Order, Product = get_model("order", "Order"), get_model("catalogue", "Product")
Selector = get_class("partner.strategy", "Selector")

ADDRESS = {
    "first_name": "Ada",
    "last_name": "Lark",
    "line1": "1 Mill Lane",
    "line4": "London",
    "postcode": "N1 9GU",
    "country": "GB",
}


def told(name: str, **fields: Any) -> list[tuple[str, int | None, float | None]]:
    """Product, quantity and price of all items of events, in the order of their times."""
    events = Event.objects.filter(name=name, **fields).order_by("time")
    return [
        (each["id"], each.get("quantity"), each.get("price"))
        for event in events
        for each in event.items
    ]


@pytest.fixture(autouse=True)
def _no_events() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM shopreco_event; DELETE FROM shopreco_eventkey")


@pytest.fixture
def visitor(client: Client) -> int:
    """Whoever `client` is."""
    return Visitor.objects.latest("pk").pk


@pytest.fixture
def birds() -> Any:
    return titled("Atlas of birds")


def put(client: Client, product: Any, quantity: int = 1) -> None:
    answer = client.post(reverse("basket:add", args=[product.pk]), {"quantity": quantity})
    assert answer.status_code == HTTPStatus.FOUND


def change(client: Client, **changes: Any) -> None:
    """Send the form of the basket, which has one line."""
    line = Line.objects.filter(basket__status="Open").latest("pk")
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": line.pk}
    form |= {f"form-0-{name}": value for name, value in changes.items()}
    answer = client.post(reverse("basket:summary"), form)
    assert answer.status_code == HTTPStatus.FOUND, answer.content


def check_out(client: Client) -> Any:
    """Buy what is in the basket on Oscar's pages."""
    country = get_model("address", "Country")
    country.objects.get_or_create(
        iso_3166_1_a2="GB", defaults={"printable_name": "UK", "is_shipping_country": True}
    )
    for page, form in (
        ("checkout:index", None),
        ("checkout:shipping-address", ADDRESS),
        ("checkout:shipping-method", None),
        ("checkout:payment-method", None),
        ("checkout:preview", {"action": "place_order"}),
    ):
        answer = client.get(reverse(page)) if form is None else client.post(reverse(page), form)
        assert answer.status_code == HTTPStatus.FOUND, (page, answer.content.decode())
    assert answer.headers["Location"] == reverse("checkout:thank-you")
    return Order.objects.latest("pk")


def shopper(client: Client) -> Any:
    name = f"ada-{get_user_model().objects.count()}"
    user = get_user_model().objects.create_user(name, f"{name}@example.com", "secret")
    client.force_login(user, "oscar.apps.customer.auth_backends.EmailBackend")
    return user


def test_a_product_that_is_seen_is_viewed_once(client: Client, visitor: int, birds: Any) -> None:
    client.head(birds.get_absolute_url())
    assert told("view_item") == []
    client.get(birds.get_absolute_url())
    assert told("view_item", visitor_id=visitor, source="server") == [(str(birds.pk), None, None)]


def test_without_consent_nobody_is_known(birds: Any) -> None:
    Client().get(birds.get_absolute_url())
    assert told("view_item", visitor_id=None, user_id="", consent="none") == [
        (str(birds.pk), None, None)
    ]


def test_what_goes_into_the_basket_and_out_of_it(client: Client, visitor: int, birds: Any) -> None:
    put(client, birds, 2)
    put(client, birds)
    change(client, quantity=5)
    assert told("add_to_cart", visitor_id=visitor, currency="GBP") == [
        (str(birds.pk), more, 25.0) for more in (2, 1, 2)
    ]
    change(client, quantity=4)
    change(client, quantity=0)
    assert told("remove_from_cart", visitor_id=visitor) == [
        (str(birds.pk), less, 25.0) for less in (1, 4)
    ]


def test_a_basket_that_is_sent_unchanged_tells_nothing(client: Client, birds: Any) -> None:
    put(client, birds, 2)
    change(client, quantity=2)
    assert len(told("add_to_cart")) == 1
    assert told("remove_from_cart") == []


def test_baskets_that_are_merged_at_login_are_no_additions(client: Client, birds: Any) -> None:
    put(client, birds, 2)
    user = shopper(client)
    client.get(reverse("basket:summary"))
    assert Basket.open.get(owner=user).num_items == 2
    assert len(told("add_to_cart")) == 1


def test_what_a_program_puts_into_a_basket_is_nobodys_doing(birds: Any) -> None:
    basket = Basket.objects.create()
    basket.strategy = Selector().strategy()
    basket.add_product(birds)
    assert told("add_to_cart") == []


def test_an_order_is_one_purchase_of_the_visitor(client: Client, visitor: int, birds: Any) -> None:
    user = shopper(client)
    put(client, birds, 2)
    order = check_out(client)
    assert told("begin_checkout", visitor_id=visitor) == [(str(birds.pk), 2, 25.0)]
    (event,) = Event.objects.filter(name="purchase")
    assert (event.transaction_id, event.value, event.currency) == (order.number, 50, "GBP")
    assert (event.visitor_id, event.user_id, event.source) == (visitor, str(user.pk), "server")
    assert event.items == [{"id": str(birds.pk), "quantity": 2, "price": 25.0}]
    assert client.get(reverse("checkout:thank-you")).status_code == HTTPStatus.OK
    client.get(reverse("checkout:thank-you"))
    assert len(told("purchase")) == 1


def test_a_cancelled_order_is_taken_back_once(client: Client, birds: Any) -> None:
    shopper(client)
    put(client, birds, 2)
    put(client, titled("Moths at night"))
    order = check_out(client)
    order.lines.get(product=birds).set_status("Cancelled")
    assert told("refund", transaction_id=order.number, value=50) == [(str(birds.pk), 2, 25.0)]
    order.set_status("Cancelled")
    paid_back(order, order.total_incl_tax)
    assert sorted(told("refund", transaction_id=order.number)) == sorted(told("purchase"))


def test_money_that_went_back_takes_the_purchase_back(client: Client, birds: Any) -> None:
    shopper(client)
    put(client, birds)
    order = check_out(client)
    paid_back(order, Decimal(5))
    assert not Event.objects.filter(name="refund").exists()
    paid_back(order, order.total_incl_tax - 5)
    assert Event.objects.get(name="refund").transaction_id == order.number


def paid_back(order: Any, amount: Decimal) -> None:
    kind, _ = get_model("payment", "SourceType").objects.get_or_create(name="Card")
    source, _ = order.sources.get_or_create(
        source_type=kind, defaults={"amount_debited": order.total_incl_tax, "currency": "GBP"}
    )
    source.refund(amount)


def test_an_order_that_is_paid_later_is_a_purchase_then(client: Client, birds: Any) -> None:
    shopper(client)
    put(client, birds)
    with override_settings(SHOPRECO=settings.SHOPRECO | {"OSCAR": {"PAID_STATUSES": ["Paid"]}}):
        order = check_out(client)
        assert told("purchase") == []
        order.set_status("Paid")
        assert told("purchase", transaction_id=order.number) == [(str(birds.pk), 1, 25.0)]


def test_a_product_that_is_gone_is_missing_in_what_is_told(client: Client, birds: Any) -> None:
    shopper(client)
    gone = Product.objects.create(title="Last copy", product_class=birds.product_class)
    stock(gone, "L-1", "7.00")
    put(client, birds)
    put(client, gone)
    with override_settings(SHOPRECO=settings.SHOPRECO | {"OSCAR": {"PAID_STATUSES": ["Paid"]}}):
        order = check_out(client)
        gone.delete()
        order.set_status("Paid")
    assert told("purchase", value=32) == [(str(birds.pk), 1, 25.0)]
    order.set_status("Cancelled")
    (refund,) = Event.objects.filter(name="refund")
    assert [each["id"] for each in refund.items] == [str(birds.pk)]


def test_events_that_cannot_be_recorded_break_no_page(
    client: Client, birds: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shopper(client)
    put(client, birds)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_event RENAME TO shopreco_event_away")
    try:
        page = client.get(birds.get_absolute_url())
        order = check_out(client)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE shopreco_event_away RENAME TO shopreco_event")
    assert page.status_code == HTTPStatus.OK
    assert order.lines.count() == 1
    assert "view_item was not recorded" in caplog.text
    # What is wrong with the event itself is no reason either.
    with pytest.raises(Exception, match="transaction_id"):
        track("purchase", [birds], request=RequestFactory().get("/"))
    order.number = "9" * 101
    order.set_status("Cancelled")
    assert "the event refund of Oscar was not recorded" in caplog.text
