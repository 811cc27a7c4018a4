"""A limit is applied after the filters: nothing of a large shop is out of reach."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shopreco import services
from shopreco.answers import suggest
from shopreco.exceptions import InvalidQuery
from shopreco.retrieval import dense, lexical
from tests.helpers import large_shop
from tests.helpers.answers import found, search
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def values(page: services.ResultPage, name: str) -> dict[str, int]:
    facets = [facet for facet in page.facets if facet.name == name]
    return {value.value: value.count for facet in facets for value in facet.values}


@pytest.fixture
def twelve_thousand() -> None:
    """300 old hoses, and 11,699 newer mugs and a lamp."""
    Gadget.objects.create(name="lamp", path="Lamps", price=5)
    index()
    large_shop.add(300, path="Garden > Hoses", brand="Oldhouse", days_ago=900)
    large_shop.add(11_699, path="Home > Mugs", brand="Acme")


def test_a_category_of_old_products_lists_all_of_them(twelve_thousand: None) -> None:
    garden = search(filters={"category": ["Garden"]}, facets=["*"])
    assert (garden.total, garden.total_is_exact, len(garden)) == (300, True, 24)
    assert values(garden, "brand") == {"Oldhouse": 300}
    assert values(garden, "category")["Home > Mugs"] == 11_699
    assert search(filters={"brand": "Oldhouse"}, sort="price_asc").total == 300
    assert search(filters={"category": "Lamps", "price_max": 6}).total == 1


def test_a_whole_shop_counts_at_least_ten_thousand(twelve_thousand: None) -> None:
    page = search(facets=["*"])
    assert (page.total, page.total_is_exact, page.facets_are_exact) == (10_000, False, True)
    assert values(page, "brand") == {"Acme": 11_699, "Oldhouse": 300}
    far = search(offset=9_990)
    assert far.has_more
    assert len(far) == 24
    assert [str(r.object) for r in search(sort="price_asc", limit=1)] == ["lamp"]


def test_a_page_reads_a_page(twelve_thousand: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE shopreco_item")
    with CaptureQueriesContext(connection) as queries:
        search(filters={"category": "Home"}, sort="price_asc")
    [browsed] = [q["sql"] for q in queries if "ORDER BY i.shown_price" in q["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {browsed}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "shopreco_item_cheapest" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("sort", "index_name"),
    [
        ("price_asc", "cheapest"),
        ("price_desc", "dearest"),
        ("newest", "newest"),
        ("title", "alphabet"),
    ],
)
def test_every_order_is_that_of_an_index(twelve_thousand: None, sort: str, index_name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE shopreco_item")
    with CaptureQueriesContext(connection) as queries:
        search(sort=sort, limit=5)
    statements = [q["sql"].strip() for q in queries]
    [browsed] = [sql for sql in statements if sql.startswith("SELECT i.id, i.group_id")]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {browsed}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"shopreco_item_{index_name}" in plan
    assert "Sort" not in plan


# More match by words than are read


@pytest.fixture
def mugs() -> None:
    """More mugs than are read, and three sets that match less well."""
    mug = Gadget.objects.create(
        name="ceramic mug", path="Mugs", price=50, attributes={"glaze": "white"}
    )
    Gadget.objects.bulk_create(
        Gadget(
            name="ceramic mug with saucer and very long name that says a lot",
            path="Sets",
            price=5,
            attributes={"glaze": "blue"},
        )
        for n in range(3)
    )
    index()
    large_shop.copy(mug, lexical.MAX_HITS)


def test_a_filter_of_a_broad_query_loses_nothing(mugs: None) -> None:
    page = search("ceramic mug", filters={"price_max": 6}, facets=["glaze"])
    assert (page.total, page.total_is_exact) == (3, True)
    assert values(page, "glaze") == {"blue": 3}
    page = search("ceramic mug", filters={"glaze": "blue", "price_max": 60}, facets=["glaze"])
    assert page.total == 3
    assert values(page, "glaze")["blue"] == 3
    assert "white" in values(page, "glaze"), "taking the filter away would add it"


def test_the_cheapest_of_a_broad_query_is_the_cheapest_of_all(mugs: None) -> None:
    assert [r.object.price for r in search("ceramic mug", sort="price_asc", limit=3)] == [5, 5, 5]


def test_a_broad_query_says_at_least(mugs: None) -> None:
    page = search("ceramic mug", facets=["glaze"])
    assert page.total >= lexical.MAX_HITS
    assert not page.total_is_exact
    assert not page.facets_are_exact


def test_a_filter_does_not_hide_what_means_the_same() -> None:
    """What is near in meaning alone is not among the nearest, which are dear."""
    lamps = Gadget.objects.bulk_create(
        [Gadget(name=f"walnut lamp {n}", price=90) for n in range(9)]
    )
    Gadget.objects.create(name="lampwalnut", price=5)
    Gadget.objects.create(name="garden hose", price=5)
    index()
    large_shop.copy(lamps[0], dense.NEIGHBOURS, vectors=True)
    assert "lampwalnut" not in found("walnut lamp", limit=100)
    assert found("walnut lamp", filters={"price_max": 6}) == ["lampwalnut"]


def test_a_rare_brand_is_suggested() -> None:
    """It is not among the frequent ones that are cached."""
    cache.clear()
    Gadget.objects.create(name="lamp", maker=Maker.objects.create(name="Old Zephyr"))
    index()
    large_shop.add_brands(suggest.MAX_FACET_VALUES)
    for typed in ("old", "zeph"):
        said = services.autocomplete(typed, catalogue=GADGET)
        assert ("brand", "Old Zephyr") in [(each.kind, each.text) for each in said]


# NULL


@pytest.fixture
def one_without_a_price() -> None:
    for name, price, material in (
        ("Oak table", 100, "Oak"),
        ("Elm table", 200, "Elm"),
        ("Custom table made to measure", None, "Oak"),
    ):
        Gadget.objects.create(name=name, price=price, attributes={"material": material})
    index()


@pytest.mark.parametrize("query", ["", "table"])
@pytest.mark.parametrize(
    ("filters", "names", "materials"),
    [
        ({"price_max": 150}, {"Oak table"}, {"Oak": 1}),
        ({"price_min": 150}, {"Elm table"}, {"Elm": 1}),
        ({"price_max": 150, "material": "Elm"}, set(), {"Oak": 1, "Elm": 0}),
        ({"site": 7}, {"Oak table", "Elm table", "Custom table made to measure"}, None),
    ],
)
def test_a_product_without_a_price_takes_no_facet_away(
    one_without_a_price: None,
    query: str,
    filters: dict[str, Any],
    names: set[str],
    materials: dict[str, int] | None,
) -> None:
    page = search(query, filters=filters, facets=["*"])
    if "material" not in filters:
        assert {str(r.object) for r in page} == names
    assert values(page, "material") == (materials or {"Oak": 2, "Elm": 1})
    assert page.price_range is not None
    assert page.price_range.maximum == 200, "the range is that of all that pass but for it"


def test_a_chosen_value_is_always_listed(one_without_a_price: None) -> None:
    page = search(filters={"material": "Teak", "shape": "round"}, facets=["*"])
    assert page.total == 0
    assert values(page, "material") == {"Teak": 0}
    assert values(page, "shape") == {"round": 0}


# Work per request


def test_a_request_has_so_many_filters_and_caps(one_without_a_price: None) -> None:
    with pytest.raises(InvalidQuery, match="21 filters; up to 20"):
        search(filters={f"a{n}": "x" for n in range(21)})
    with pytest.raises(InvalidQuery, match="51 facets"):
        search(facets=[f"a{n}" for n in range(51)])
    seed = Gadget.objects.get(name="Oak table")
    with pytest.raises(InvalidQuery, match="up to 5"):
        services.recommend(seed=seed, max_per={f"a{n}": 1 for n in range(6)})
    asked = []
    for number in (1, 5):
        services.recommend(seed=seed)
        with CaptureQueriesContext(connection) as queries:
            services.recommend(seed=seed, max_per={f"a{n}": 1 for n in range(number)})
        # Which space answers, and what the placement says, is asked again after a while.
        looked_up = ("shopreco_embeddingspace", "shopreco_placement")
        asked.append(sum(not any(t in q["sql"] for t in looked_up) for q in queries))
    assert asked[0] == asked[1], "a cap costs no statement of its own"


def test_a_visitor_who_may_see_hardly_anything_costs_a_bounded_number_of_queries() -> None:
    Gadget.objects.create(name="lamp", price=5)
    index()
    large_shop.add(4_000, path="Lamps", brand="Acme")
    shown = Gadget.objects.exclude(name="lamp").order_by("pk")[:4_000:400]
    Gadget.objects.exclude(pk__in=[each.pk for each in shown]).update(stock=0)
    with CaptureQueriesContext(connection) as queries:
        page = services.search("", catalogue=GADGET, limit=24)
    assert len(page) == 10
    assert (page.total, page.total_is_exact) == (10, True)
    assert len(queries) < 50
