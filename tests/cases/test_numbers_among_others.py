"""What is called by a number comes first among what mentions it, whatever filters hide."""

from __future__ import annotations

import pytest

from shopreco.retrieval.lexical import MAX_HITS
from tests.helpers.answers import found, search
from tests.helpers.gadgets import numbered
from tests.helpers.index import index
from tests.helpers.large_shop import copy
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def test_what_is_called_by_a_number_comes_before_what_mentions_it() -> None:
    Gadget.objects.create(name="Spare hose of rubber for the models 501, 502 and 503 of old pumps")
    Gadget.objects.create(name="Pump 501")
    index()
    assert found("501")[0] == "Pump 501"


def test_a_number_that_a_filter_hides_is_not_said_to_be_nobodys() -> None:
    numbered()
    index()
    Gadget.objects.filter(sku="1984").update(stock=0)
    index()
    assert search("AB-12", filters={"brand": "365"}).notice == ""
    assert search("ZX-4471-QP", filters={"brand": "365"}).notice == ""


def test_of_more_than_are_read_a_filter_loses_nothing() -> None:
    """A limit stands after the filters."""
    numbered()
    rest = Gadget.objects.create(name="365 days", price=9)
    oil = Gadget.objects.get(name="Olive oil")
    pasta = Gadget.objects.get(name="Whole wheat pasta")
    for each, price in ((oil, 2), (pasta, 3)):
        each.price = price
        each.save()
    index()
    copy(rest, MAX_HITS)
    assert not search("365").total_is_exact
    for low, name in ((2, "Olive oil"), (3, "Whole wheat pasta")):
        page = search("365", filters={"price_min": low, "price_max": low})
        assert [str(each.object) for each in page] == [name]
