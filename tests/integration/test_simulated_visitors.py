"""`simulate_visitors`: the event log of a demo, filled once."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from demo_shop.models import Product
from shopreco.models import Event, Visitor
from tests.helpers.demo import fill

pytestmark = pytest.mark.django_db


def simulate() -> str:
    out = StringIO()
    call_command("simulate_visitors", "--visitors", "20", stdout=out)
    return out.getvalue()


def test_the_log_is_filled_with_what_visitors_may_see() -> None:
    fill()
    assert "simulated events of 20 visitors" in simulate()
    assert set(Event.objects.values_list("source", "sender")) == {("import", "simulator")}
    assert Visitor.objects.count() == 20
    seen = {item["id"] for items in Event.objects.values_list("items", flat=True) for item in items}
    shown = Product.objects.live().filter(parent=None).values_list("pk", flat=True)
    assert seen <= {str(key) for key in shown}
    number = Event.objects.count()

    assert simulate().startswith("0 simulated events")
    assert Event.objects.count() == number


def test_a_shop_without_products_has_no_visitors() -> None:
    assert simulate().startswith("0 simulated events")
