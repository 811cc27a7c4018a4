"""Values that people type are one if they differ by case or spaces alone."""

from __future__ import annotations

import pytest

from shopreco import services
from shopreco.models import FacetCode
from tests.helpers.answers import found
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shirts() -> None:
    for colour, size in [("Red", "S"), ("red", "M"), ("RED ", "L"), ("Red", "XL"), ("blue", "L")]:
        Gadget.objects.create(name=f"Shirt {size}", attributes={"colour": colour, "size": size})
    index()


def values(facet: str = "colour", query: str = "", **filters: str) -> dict[str, int]:
    page = services.search(query, catalogue=GADGET, facets=[facet], filters=filters)
    assert page.degraded == {}
    return {each.value: each.count for counts in page.facets for each in counts.values}


@pytest.mark.parametrize("query", ["", "shirt"])
def test_the_spellings_of_a_value_count_as_one_and_the_usual_one_is_shown(
    shirts: None, query: str
) -> None:
    assert values(query=query) == {"Red": 4, "blue": 1}


@pytest.mark.parametrize("colour", ["Red", "red", "RED", " rED "])
def test_a_value_is_chosen_in_any_spelling_and_shown_as_it_was_chosen(
    shirts: None, colour: str
) -> None:
    assert len(found(filters={"colour": colour})) == 4
    assert found(filters={"colour": colour, "size": "l"}) == ["Shirt L"]
    assert values(colour=colour) == {colour: 4, "blue": 1}


def test_a_product_that_has_a_value_in_two_spellings_counts_once() -> None:
    Gadget.objects.create(name="Shirt", attributes={"colour": ["Red", "RED"]})
    Gadget.objects.create(name="Scarf", attributes={"colour": "RED"})
    index()
    assert values() == {"RED": 2}


def test_a_spelling_that_was_corrected_is_shown_at_once(shirts: None) -> None:
    for shirt in Gadget.objects.exclude(attributes__colour="blue"):
        shirt.attributes["colour"] = "red"
        shirt.save()
    index()
    assert values() == {"red": 4, "blue": 1}


def test_a_value_that_a_worker_of_the_version_before_wrote_is_found(shirts: None) -> None:
    FacetCode.objects.filter(value="blue").update(key="")
    assert found(filters={"colour": "blue"}) == ["Shirt L"]
    assert values(colour="blue") == {"Red": 4, "blue": 1}


def test_letters_of_all_alphabets_have_a_case(shirts: None) -> None:
    for name in ("GRÜN", "grün", "Ζαχαρί", "ζαχαρί"):
        Gadget.objects.create(name=f"Cap {name}", attributes={"colour": name})
    index()
    assert sorted(values(query="cap").values()) == [2, 2]
