"""Values in several spellings when products change."""

from __future__ import annotations

import pytest

from shopreco import services
from tests.helpers.gadgets import spelt_shirts
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def values(facet: str = "colour", query: str = "", **filters: str) -> dict[str, int]:
    page = services.search(query, catalogue=GADGET, facets=[facet], filters=filters)
    assert page.degraded == {}
    return {each.value: each.count for counts in page.facets for each in counts.values}


def test_a_product_that_has_a_value_in_two_spellings_counts_once() -> None:
    Gadget.objects.create(name="Shirt", attributes={"colour": ["Red", "RED"]})
    Gadget.objects.create(name="Scarf", attributes={"colour": "RED"})
    index()
    assert values() == {"RED": 2}


def test_a_spelling_that_was_corrected_is_shown_at_once() -> None:
    spelt_shirts()
    index()
    for shirt in Gadget.objects.exclude(attributes__colour="blue"):
        shirt.attributes["colour"] = "red"
        shirt.save()
    index()
    assert values() == {"red": 4, "blue": 1}


def test_letters_of_all_alphabets_have_a_case() -> None:
    spelt_shirts()
    index()
    for name in ("GRÜN", "grün", "Ζαχαρί", "ζαχαρί"):
        Gadget.objects.create(name=f"Cap {name}", attributes={"colour": name})
    index()
    assert sorted(values(query="cap").values()) == [2, 2]
