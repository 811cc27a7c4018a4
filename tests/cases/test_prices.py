"""The price that is filtered by, sorted by and shown is one price, in one currency."""

from __future__ import annotations

from decimal import Decimal
from time import sleep
from typing import Any

import pytest
from django.db import transaction

from shopreco import services
from shopreco.answers.presentation import cards
from shopreco.catalogues import get_catalogue
from shopreco.exceptions import InvalidQuery
from shopreco.indexing import items
from shopreco.models import Item
from tests.helpers.index import GADGET, drain, index
from tests.helpers.threads import in_thread
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

SORTS = ["price_asc", "price_desc"]


def shown(query: str = "", **options: Any) -> list[tuple[str, Decimal | None, bool]]:
    """Name, price and whether it is "from", as on the cards."""
    page = services.search(query, catalogue=GADGET, **options)
    assert page.degraded == {}
    return [(card.title, card.price, card.price_is_lowest) for card in cards(page)]


def perfume(price: Any = None) -> Gadget:
    """A product with its variants, the dearest of them last."""
    parent = Gadget.objects.create(name="Perfume", price=price)
    for size, amount in (("50 ml", 50), ("10 ml", 12), ("150 ml", 100)):
        Gadget.objects.create(name=f"Perfume {size}", price=amount, parent=parent)
    return parent


@pytest.mark.parametrize("query", ["", "perfume"])
@pytest.mark.parametrize(("own", "price"), [(50, 50), (None, 12)])
def test_cards_are_in_the_order_of_the_prices_on_them(
    query: str, own: int | None, price: int
) -> None:
    perfume(own)
    Gadget.objects.create(name="Perfume atomiser", price=30)
    Gadget.objects.create(name="Perfume gift box", price=70)
    Gadget.objects.create(name="Perfume to order", price=None)
    index()
    listed = {"Perfume": price, "Perfume atomiser": 30, "Perfume gift box": 70}
    for sort, reverse in (("price_asc", False), ("price_desc", True)):
        cheapest = sorted(listed, key=lambda name: listed[name], reverse=reverse)
        assert [name for name, *_ in shown(query, sort=sort)] == [*cheapest, "Perfume to order"]
    assert ("Perfume", price, own is None) in shown(query)
    for low, high in ((0, 20), (25, 60), (90, 200)):
        within = {name for name, each in listed.items() if low <= each <= high}
        found = shown(query, filters={"price_min": low, "price_max": high})
        assert {name for name, *_ in found} == within


def test_variants_that_are_apart_have_their_own_prices() -> None:
    perfume(50)
    index()
    page = shown("perfume", filters={"price_max": 20}, collapse=False)
    assert page == [("Perfume 10 ml", 12, False)]
    prices = [price for _name, price, _ in shown("", sort="price_desc", collapse=False)]
    assert prices == [100, 50, 50, 12]


def test_the_price_of_a_group_follows_its_members() -> None:
    parent = perfume()
    index()

    def prices() -> set[Decimal | None]:
        return set(Item.objects.indexed().values_list("shown_price", flat=True))

    assert prices() == {12}
    small = Gadget.objects.get(name="Perfume 10 ml")
    small.price = 9
    small.save()
    drain()
    assert prices() == {9}
    small.retired = True
    small.save()
    drain()
    assert prices() == {50}
    parent.price = 40
    parent.save()
    drain()
    assert prices() == {40}
    other = Gadget.objects.create(name="Soap", price=5)
    Gadget.objects.filter(parent=parent).update(parent=other)
    index()
    by_name = dict(Item.objects.filter(outcome="indexed").values_list("title", "shown_price"))
    assert by_name == {"Perfume": 40, "Soap": 5, "Perfume 50 ml": 5, "Perfume 150 ml": 5}


def test_what_a_worker_left_undone_the_next_run_mends() -> None:
    perfume()
    index()
    Item.objects.filter(parent_id="").update(shown_price=77)
    index()
    assert set(Item.objects.values_list("shown_price", flat=True)) == {12}


def test_of_two_workers_at_one_group_the_last_sees_what_both_wrote() -> None:
    perfume()
    index()
    [group] = Item.objects.values_list("group_id", flat=True).distinct()
    with transaction.atomic():
        Item.objects.filter(title="Perfume 10 ml").update(price=9)
        other = in_thread(lambda: items.show_prices(GADGET, [group]))
        sleep(0.3)
        assert not other.done(), "it waits for what the first is writing"
    other.result(timeout=10)
    assert set(Item.objects.values_list("shown_price", flat=True)) == {9}


# Currencies


@pytest.fixture
def two_currencies() -> None:
    yen = Gadget.objects.create(name="lamp one", price=15_000)
    Gadget.objects.create(name="lamp two", price=120)
    Gadget.objects.create(name="lamp three", price=90)
    index()
    Item.objects.filter(object_id=str(yen.pk)).update(currency="JPY", shown_currency="JPY")


@pytest.mark.parametrize("query", ["", "lamp"])
def test_prices_of_two_currencies_are_not_compared(two_currencies: None, query: str) -> None:
    for asked in (
        *({"sort": sort} for sort in SORTS),
        {"filters": {"price_max": 130}},
        {"filters": {"price_min": 1}},
    ):
        with pytest.raises(InvalidQuery, match=r"in EUR, JPY: .* name one by `currency`"):
            services.search(query, catalogue=GADGET, **asked)  # type: ignore[arg-type]  # one of each
    page = services.search(query, catalogue=GADGET, facets=["brand"])
    assert (page.price_range, len(page), page.degraded) == (None, 3, {})


@pytest.mark.parametrize("query", ["", "lamp"])
def test_one_currency_is_named(two_currencies: None, query: str) -> None:
    def names(**options: Any) -> list[str]:
        return [name for name, *_ in shown(query, **options)]

    assert names(sort="price_asc", currency="eur") == ["lamp three", "lamp two", "lamp one"]
    assert names(sort="price_desc", currency="EUR") == ["lamp two", "lamp three", "lamp one"]
    assert names(filters={"price_min": 100}, currency="EUR") == ["lamp two"]
    assert names(filters={"price_min": 100}, currency="JPY") == ["lamp one"]
    page = services.search(query, catalogue=GADGET, facets=["brand"], currency="EUR")
    assert page.price_range is not None
    assert (page.price_range.minimum, page.price_range.maximum) == (90, 120)
    assert page.price_range.currency == "EUR"


def test_a_shop_names_the_currency_of_a_visitor(
    two_currencies: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = type(get_catalogue(GADGET))
    monkeypatch.setattr(shop, "get_currency", lambda *_: "JPY", raising=False)
    assert [name for name, *_ in shown("", filters={"price_min": 100})] == ["lamp one"]


@pytest.mark.parametrize("given", ["euro", "€", "E1R", "EU\x00"])
def test_a_currency_is_three_letters(given: str) -> None:
    with pytest.raises(InvalidQuery, match="three letters"):
        services.search("", catalogue=GADGET, currency=given)
