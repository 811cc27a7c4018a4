"""What the script tells of visitors, in a browser: views, what was really seen, choices, orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from demo_shop.models import Product
from shopreco.models import Event, Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("live_shop"),
]

PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"


@pytest.fixture(autouse=True)
def _consent(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "CONSENT": "demo_shop.consent.allowed"}


@pytest.fixture
def shopper(chromium: Any) -> Any:
    """A page of a browser that names itself as people's do: the tests' own is a bot."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, user_agent=PERSON)
    page = context.new_page()
    yield page
    # What is told at the end arrives before the tables are emptied.
    page.goto("about:blank")
    page.wait_for_timeout(500)
    context.close()


def names() -> Counter[str]:
    return Counter(Event.objects.values_list("name", flat=True))


def allow(shopper: Any) -> None:
    with shopper.expect_response("**/consent/"):
        shopper.get_by_role("button", name="Yes, for me").click()
    shopper.wait_for_load_state()
    assert shopper.get_by_role("button", name="Yes, for me").count() == 0


def test_nothing_is_stored_before_somebody_allows_it(
    shopper: Any, live_server: Any, wait_until: Callable[..., None]
) -> None:
    product = Product.objects.get(title="Brass desk lamp")
    shopper.goto(live_server.url + product.get_absolute_url())
    wait_until(lambda: names()["view_item"], 20)
    event = Event.objects.get(name="view_item")
    assert event.items == [{"id": str(product.pk)}]
    assert (event.visitor_id, event.session, event.is_bot) == (None, "", False)
    assert shopper.evaluate("localStorage.length + sessionStorage.length") == 0
    known = {cookie["name"] for cookie in shopper.context.cookies()}
    assert "shopreco_visitor" not in known
    assert not Visitor.objects.exists()


def test_a_visit_from_the_search_to_the_order(
    shopper: Any, live_server: Any, wait_until: Callable[..., None], axe: Any
) -> None:
    shopper.goto(live_server.url)
    assert axe(shopper) == []
    shopper.set_viewport_size({"width": 360, "height": 740})
    assert axe(shopper) == []
    assert shopper.evaluate("innerWidth - document.documentElement.scrollWidth") >= 0
    shopper.set_viewport_size({"width": 1280, "height": 900})
    allow(shopper)
    shopper.goto(live_server.url + "/search/?q=desk+lamp")
    wait_until(lambda: names()["view_item_list"], 20)
    seen = Event.objects.filter(name="view_item_list").first()
    assert seen is not None
    shown = shopper.locator("[data-item-id]")
    places = {each["id"]: each["position"] for each in seen.items}
    assert places[shown.first.get_attribute("data-item-id")] == 1
    assert seen.query_id == shopper.locator("[data-query-id]").get_attribute("data-query-id")
    search = Event.objects.get(name="search")
    assert (search.query, search.total, search.query_id) == (
        *("desk lamp", int(shopper.locator(".listing-bar p").inner_text().split()[0])),
        seen.query_id,
    )

    shopper.locator(".card-title a").first.click()
    shopper.get_by_label("Quantity").fill("1")
    wait_until(lambda: names()["select_item"] and names()["view_item"], 20)
    chosen = Event.objects.get(name="select_item")
    assert chosen.query_id == seen.query_id
    assert chosen.items[0]["position"] == 1

    shopper.get_by_role("button", name="Add to cart").click()
    shopper.get_by_role("button", name="Order").click()
    shopper.get_by_role("heading", name="Thank you!").wait_for()
    shopper.reload()
    wait_until(lambda: names()["add_to_cart"] and names()["view_cart"], 20)
    bought = Event.objects.get(name="purchase")
    assert (bought.source, bought.items[0]["id"]) == ("server", chosen.items[0]["id"])
    assert bought.transaction_id in shopper.url
    visitor = Visitor.objects.get()
    assert {event.visitor_id for event in Event.objects.filter(session__gt="")} == {visitor.pk}
    assert bought.visitor_id == visitor.pk

    shopper.goto(live_server.url + "/your-data/")
    assert axe(shopper) == []
    assert (
        shopper.get_by_role("row").count()
        == Event.objects.filter(visitor_id=visitor.pk).count() + 1
    )
    shopper.get_by_role("button", name="Order results as for everybody").click()
    shopper.get_by_text("What you see is ordered as for everybody.").wait_for()
    assert Visitor.objects.get().opted_out
    shopper.get_by_role("button", name="Order results for me").click()
    shopper.get_by_text("What you see may be ordered by what you have looked at.").wait_for()
    assert not Visitor.objects.get().opted_out
    with shopper.expect_download() as download:
        shopper.get_by_role("link", name="Download all of it").click()
    assert bought.transaction_id in download.value.path().read_text()
    shopper.get_by_role("button", name="Erase all of it").click()
    shopper.get_by_text("All that we knew of your visits is erased.").wait_for()
    assert not Event.objects.filter(visitor_id=visitor.pk).exists()


def test_what_the_shop_does_not_answer_is_sent_again_and_counts_once(
    shopper: Any, live_server: Any, wait_until: Callable[..., None]
) -> None:
    shopper.goto(live_server.url)
    allow(shopper)
    shopper.goto(live_server.url + "/search/?q=cushion")
    wait_until(lambda: shopper.evaluate("sessionStorage.length"), 20)
    shopper.route("**/events/", lambda route: route.abort())
    product = Product.objects.get(title="Brass desk lamp")
    shopper.goto(live_server.url + product.get_absolute_url())
    wait_until(lambda: shopper.evaluate("localStorage.length"), 20)
    assert not names()["view_item"]
    shopper.unroute("**/events/")
    shopper.goto(live_server.url)
    wait_until(lambda: names()["view_item"], 20)
    shopper.goto(live_server.url + "/cart/")
    shopper.wait_for_timeout(3_000)
    assert names()["view_item"] == 1
