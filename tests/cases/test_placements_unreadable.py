"""A placement that cannot be read, or does not hold any more, never breaks the shop's page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.template import Context, Template

from shopreco import services
from shopreco.answers import placements
from shopreco.models import Placement
from tests.helpers.gadgets import desks_and_lamps
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


@pytest.fixture
def seed() -> Gadget:
    shop = desks_and_lamps()
    index()
    placements.forget()
    cache.clear()
    return next(iter(shop.values()))


@pytest.fixture
def without_table(seed: Gadget) -> Iterator[None]:
    """As between an upgrade of the code and `migrate`."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_placement RENAME TO shopreco_away")
        yield
        cursor.execute("ALTER TABLE shopreco_away RENAME TO shopreco_placement")


def test_without_the_table_the_defaults_hold(seed: Gadget, without_table: None) -> None:
    page = services.recommend("product-similar", seed=seed)
    assert page.results
    assert page.degraded == {}
    assert not services.recommend("my-block", seed=seed).results


def test_the_transaction_of_the_page_goes_on(seed: Gadget, without_table: None) -> None:
    with transaction.atomic():
        services.recommend("product-similar", seed=seed)
        assert Gadget.objects.exists()


def test_the_heading_is_the_default_one(seed: Gadget, without_table: None) -> None:
    block = Template('{% load shopreco %}{% recommendations seed "product-similar" %}')
    assert "Similar products" in block.render(Context({"seed": seed}))


@pytest.mark.parametrize(
    "filters", [{"price_min": "much"}, {f"a{number}": "x" for number in range(21)}]
)
def test_a_row_that_does_not_hold_any_more_shows_nothing_and_says_why(
    seed: Gadget, filters: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    Placement.objects.create(
        catalogue=GADGET, name="product-similar", sources=["dense"], filters=filters
    )
    page = services.recommend("product-similar", seed=seed)
    assert page.results == ()
    assert "the placement product-similar of testapp.gadget shows nothing" in caplog.text


def test_null_in_a_row_is_nothing(seed: Gadget) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shopreco_placement (catalogue, name, title, sources, fallback, excluded,"
            " filters, max_per, diversity, is_active)"
            " VALUES ('', 'null', '', 'null', 'null', 'null', 'null', 'null', 0, true)"
        )
    assert services.recommend("null", seed=seed).results == ()
