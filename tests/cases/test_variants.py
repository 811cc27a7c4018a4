"""What is asked for is what a card shows: the blue jacket in M, and not just any jacket."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shopreco import services
from shopreco.answers.presentation import Card, cards
from shopreco.catalogues import get_catalogue
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

COLOURS = {"Blue": 60, "Pink": 50, "Mint": 50}


@pytest.fixture(autouse=True)
def jackets() -> None:
    """Three jackets in three colours and two sizes; blue ones cost more."""
    for name in ("Olivia", "Juno", "Stellar"):
        jacket = Gadget.objects.create(name=f"{name} jacket", text="Keeps the rain out.", price=50)
        for colour, price in COLOURS.items():
            for size in ("S", "M"):
                Gadget.objects.create(
                    name=f"{name} jacket {size} {colour}",
                    text="Keeps the rain out.",
                    attributes={"Colour": colour, "Size": size},
                    parent=jacket,
                    price=price,
                )
    index()


def shown(query: str = "", **options: object) -> list[Card]:
    page = services.search(query, catalogue=GADGET, **options)  # type: ignore[arg-type]  # any
    assert page.degraded == {}
    return cards(page)


def test_the_variant_that_the_words_ask_for_is_shown_with_its_page_and_price() -> None:
    found = shown("blue jacket size M")
    assert len(found) == 3
    for card in found:
        variant = Gadget.objects.get(name=card.title)
        assert card.title.endswith("jacket M Blue")
        assert card.url == variant.get_absolute_url()
        assert card.result.variant_id == str(variant.pk)
        assert card.result.object == variant.parent
        assert card.price == Decimal(60)


def test_a_page_far_down_shows_the_variants_of_the_whole_list() -> None:
    whole = [card.title for card in shown("blue jacket size M")]
    assert [shown("blue jacket size M", offset=n, limit=1)[0].title for n in range(3)] == whole


def test_a_variant_that_is_hidden_is_not_shown_and_its_product_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visible = Gadget.objects.exclude(name__endswith="Blue")
    monkeypatch.setattr(get_catalogue(GADGET), "get_live_queryset", lambda _request: visible)
    found = [card.title for card in shown("blue jacket size M")]
    assert len(found) == 3
    assert not any(title.endswith("Blue") for title in found)


@pytest.mark.parametrize("query", ["jacket", "keeps the rain out", ""])
def test_where_nothing_tells_variants_apart_the_product_is_shown(query: str) -> None:
    assert {card.title for card in shown(query)} == {
        "Olivia jacket",
        "Juno jacket",
        "Stellar jacket",
    }


@pytest.mark.parametrize("query", ["jacket", ""])
def test_a_filter_asks_for_a_variant_too(query: str) -> None:
    found = shown(query, filters={"Colour": ["Mint"]})
    assert len(found) == 3
    assert all(card.title.endswith("Mint") for card in found)


def test_where_prices_are_compared_none_is_shown_that_was_not() -> None:
    asked = {"filters": {"price_max": 55}}
    assert [card.price for card in shown("blue jacket", **asked)] == [50, 50, 50]
    pink = shown("pink jacket", sort="price_asc")
    assert [card.price for card in pink] == [50, 50, 50]
    assert all(card.title.endswith("Pink") for card in pink)


def test_a_variant_that_is_not_live_leaves_the_card_to_its_product() -> None:
    Gadget.objects.filter(name="Juno jacket M Blue").update(stock=0)
    titles = {card.title for card in shown("blue jacket size M")}
    assert "Juno jacket" in titles
    assert "Olivia jacket M Blue" in titles


def test_a_block_shows_products_and_under_a_filter_the_variants_that_pass() -> None:
    seed = Gadget.objects.get(name="Juno jacket")
    plain = cards(services.recommend(seed=seed))
    assert {card.title for card in plain} == {"Olivia jacket", "Stellar jacket"}
    blue = cards(services.recommend(seed=seed, filters={"Colour": "Blue"}))
    assert len(blue) == 2
    assert all(card.title.endswith("Blue") for card in blue)
