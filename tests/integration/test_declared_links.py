"""Links that a catalogue declares, with its own ranking."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from shopreco import services
from shopreco.answers.results import ResultPage
from shopreco.catalogues import Catalogue, get_catalogue
from tests.helpers.answers import names
from tests.helpers.gadgets import furniture, relate
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def beside(seed: Gadget, placement: str) -> ResultPage:
    page = services.recommend(f"product-{placement}", seed=seed)
    assert page.degraded == {}
    assert page.source == f"product-{placement}"
    return page


def test_what_the_catalogue_weighs_most_goes_with_a_product_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = furniture()
    index()
    relate(shop)
    ranking = {"Bench": 1, "Desk": 2, "Office chair": 9}

    def partners(self: Catalogue, obj: Gadget) -> list[tuple[str, Gadget, int]]:
        is_seed = obj.name == "Garden hose"
        return [("complements", shop[n], rank) for n, rank in ranking.items() if is_seed]

    def shown() -> list[str]:
        index()
        cache.clear()
        return names(beside(shop["Garden hose"], "complementary"))[:3]

    monkeypatch.setattr(type(get_catalogue(GADGET)), "get_edges", partners)
    assert shown() == ["Office chair", "Desk", "Bench"]
    ranking |= {"Bench": 9, "Office chair": 1}
    assert shown() == ["Bench", "Desk", "Office chair"]
