"""Pages, facets and blocks of a shop with many variants: exact, stable, without gaps."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from shopreco import services
from tests.helpers.answers import search
from tests.helpers.gadgets import shirts
from tests.helpers.index import committed_shop
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(databases=["default", "shop"])


_large_shop = committed_shop(shirts)


@pytest.fixture
def large_shop(_large_shop: list[Gadget], db: None) -> list[Gadget]:
    """Indexed once for this file; what a test changes is rolled back."""
    cache.clear()
    return _large_shop


@pytest.mark.parametrize("query", ["", "linen shirt", "shirt xl"])
@pytest.mark.parametrize("collapse", [True, False])
def test_facet_counts_are_what_a_click_shows(
    large_shop: list[Gadget], query: str, *, collapse: bool
) -> None:
    page = search(query, facets=["*"], collapse=collapse)
    assert {facet.name for facet in page.facets} >= {"brand", "colour", "size"}
    for facet in page.facets:
        for value in facet.values:
            clicked = search(query, filters={facet.name: value.value}, collapse=collapse)
            assert clicked.total == value.count, (facet.name, value)


def test_a_chosen_facet_keeps_its_other_values(large_shop: list[Gadget]) -> None:
    page = search("shirt", facets=["colour", "brand"], filters={"colour": "red"})
    colour = next(facet for facet in page.facets if facet.name == "colour")
    assert {value.value: value.selected for value in colour.values} == {
        "red": True,
        "green": False,
        "blue": False,
    }
    both = search("shirt", filters={"colour": ["red", "green"]})
    counts = {value.value: value.count for value in colour.values}
    assert both.total == counts["red"] + counts["green"]
    assert page.price_range is not None
    assert page.price_range.currency == "EUR"


@pytest.mark.parametrize("query", ["", "cotton shirt", "shirt 12"])
@pytest.mark.parametrize("sort", ["relevance", "price_asc"])
def test_pages_neither_overlap_nor_gap(large_shop: list[Gadget], query: str, sort: str) -> None:
    whole = search(query, sort=sort, limit=1000)
    paged: list[str] = []
    while page := search(query, sort=sort, offset=len(paged), limit=7).results:
        assert [result.rank for result in page] == list(
            range(len(paged) + 1, len(paged) + 1 + len(page))
        )
        paged += [result.object_id for result in page]
    assert paged == [result.object_id for result in whole]
    assert len(set(paged)) == len(paged) == whole.total


def test_variants_are_shown_as_their_parent(large_shop: list[Gadget]) -> None:
    page = search("linen shirt 9 xl", limit=5)
    assert page.results[0].object == large_shop[9]
    variant = Gadget.objects.get(name="Linen shirt 9 xl")
    assert page.results[0].variant_id == str(variant.pk)
    assert len({result.object_id for result in page}) == len(page.results)
    apart = search("linen shirt 9 xl", limit=5, collapse=False)
    assert apart.results[0].object == variant


def test_what_is_not_live_leaves_no_gap(large_shop: list[Gadget]) -> None:
    shown = search("cotton shirt", limit=10)
    Gadget.objects.filter(pk__in=[r.object.pk for r in shown.results[:4]]).update(stock=0)
    again = search("cotton shirt", limit=10)
    assert [r.object for r in again.results[:6]] == [r.object for r in shown.results[4:]]
    assert len(again.results) == 10
    assert [r.rank for r in again] == list(range(1, 11))
    far = search("cotton shirt", offset=20, limit=10)
    assert not {r.object_id for r in far} & {r.object_id for r in again}


def test_nonsense_finds_nothing(large_shop: list[Gadget]) -> None:
    assert search("zzxqv wqkjh").total == 0


def test_similar_products_leave_out_the_seed_and_its_variants(large_shop: list[Gadget]) -> None:
    page = services.recommend(seed=large_shop[9], limit=8)
    assert page.degraded == {}
    assert len(page.results) == 8
    shown = {result.object for result in page}
    assert large_shop[9] not in shown
    assert not any(each.parent_id for each in shown)
    assert all("shirt" in each.name for each in shown)


def test_similar_products_are_live_although_candidates_are_cached(large_shop: list[Gadget]) -> None:
    first = services.recommend(seed=large_shop[9], limit=3)
    gone = first.results[0].object
    Gadget.objects.filter(pk=gone.pk).update(stock=0)
    again = services.recommend(seed=large_shop[9], limit=3)
    assert gone not in again.objects
    assert len(again.results) == 3


def test_diversity_and_a_cap_per_brand(large_shop: list[Gadget]) -> None:
    plain = services.recommend(seed=large_shop[9], limit=6)
    diverse = services.recommend(seed=large_shop[9], limit=6, diversity=0.7)
    assert plain.objects != diverse.objects
    capped = services.recommend(seed=large_shop[9], limit=5, max_per={"brand": 1})
    brands = [result.object.maker.name for result in capped]
    assert len(set(brands)) == len(brands) == 5
