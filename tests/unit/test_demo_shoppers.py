"""Simulated visitors: the same every time, labelled, and with something to learn from."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest

from demo_catalogue.shoppers import SENDER, Offer, simulate

UNTIL = datetime(2026, 11, 29, 15, tzinfo=UTC)
KINDS = ("Lamps", "Rugs", "Vases", "Chairs", "Mugs")
OFFERS = [
    Offer(
        key=f"p{n}",
        category=("Home", KINDS[n % 5]),
        brand="xyz"[n % 3],
        price=10.0 + n,
        currency="USD" if n % 10 == 9 else "EUR",
        partners=(f"p{(n + 1) % 100}", "sold-out"),
    )
    for n in range(100)
]


def simulated(offers: list[Offer], visitors: int = 200, seed: int = 1) -> list[dict[str, Any]]:
    return list(simulate(offers, visitors=visitors, days=30, until=UNTIL, seed=seed))


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return simulated(OFFERS)


def test_the_same_seed_gives_the_same_events(events: list[dict[str, Any]]) -> None:
    assert simulated(OFFERS) == events
    assert simulated(OFFERS, seed=2) != events


def test_every_event_says_that_it_is_simulated(events: list[dict[str, Any]]) -> None:
    assert {each["sender"] for each in events} == {SENDER}
    assert all(each["visitor"].startswith("simulated-") for each in events)
    orders = [each["transaction_id"] for each in events if each["name"] == "purchase"]
    assert len(set(orders)) == len(orders) > 20
    assert all(order.startswith("simulated-") for order in orders)


def test_nothing_happens_later_than_now_or_before_the_first_day(
    events: list[dict[str, Any]],
) -> None:
    times = [datetime.fromisoformat(each["time"]) for each in events]
    assert UNTIL - timedelta(days=31) < min(times) < max(times) < UNTIL
    assert max(times) > UNTIL - timedelta(days=1)


def test_of_many_who_look_some_buy(events: list[dict[str, Any]]) -> None:
    names = Counter(each["name"] for each in events)
    assert names["view_item"] > names["add_to_cart"] > names["purchase"] > names["refund"] > 0
    assert names["select_item"] == names["view_item_list"] == names["search"]


def test_an_order_has_one_currency(events: list[dict[str, Any]]) -> None:
    currency = {each.key: each.currency for each in OFFERS}
    for order in (each for each in events if each["name"] == "purchase"):
        assert {currency[item["item_id"]] for item in order["items"]} == {order["currency"]}
        assert order["value"] == pytest.approx(sum(item["price"] for item in order["items"]))


def test_what_goes_together_is_bought_together(events: list[dict[str, Any]]) -> None:
    pairs: Counter[tuple[str, ...]] = Counter()
    for order in (each for each in events if each["name"] == "purchase"):
        pairs.update(combinations(sorted(item["item_id"] for item in order["items"]), 2))
    partners = {tuple(sorted((each.key, each.partners[0]))) for each in OFFERS}
    together = sum(number for pair, number in pairs.items() if pair in partners)
    assert together > 0.2 * pairs.total(), "two pairs of a hundred by chance"


@pytest.mark.parametrize("number", [0, 1])
def test_a_shop_may_have_no_product_or_one(number: int) -> None:
    events = simulated(OFFERS[:number], visitors=5)
    assert {item["item_id"] for each in events for item in each["items"]} == {"p0"} - {
        "p0" * (not number)
    }
