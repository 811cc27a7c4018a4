"""Values that people type are one if they differ by case or spaces alone."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from shopreco import services
from shopreco.models import FacetCode
from tests.helpers.answers import found
from tests.helpers.gadgets import spelt_shirts
from tests.helpers.index import GADGET, committed_shop

pytestmark = pytest.mark.django_db(databases=["default", "shop"])


_shirts = committed_shop(spelt_shirts)


@pytest.fixture
def shirts(_shirts: None, db: None) -> None:
    """Indexed once for this file; what a test changes is rolled back."""
    cache.clear()


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


def test_a_value_that_a_worker_of_the_version_before_wrote_is_found(shirts: None) -> None:
    FacetCode.objects.filter(value="blue").update(key="")
    assert found(filters={"colour": "blue"}) == ["Shirt L"]
    assert values(colour="blue") == {"Red": 4, "blue": 1}
