"""services.search on the hostile host: exact, live, stable, and never a failing page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopreco import services
from shopreco.exceptions import InvalidQuery, UnknownFilter
from tests.helpers.answers import names, search
from tests.helpers.gadgets import desks_and_lamps
from tests.helpers.index import GADGET, committed_shop
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(databases=["default", "shop"])


_shop = committed_shop(desks_and_lamps)


@pytest.fixture
def shop(_shop: dict[str, Gadget], db: None) -> dict[str, Gadget]:
    """Indexed once for this file; what a test changes is rolled back."""
    cache.clear()
    return _shop


def test_words_find_and_say_what_they_contributed(shop: dict[str, Gadget]) -> None:
    page = search("walnut lamp")
    first = page.results[0]
    assert first.object == shop["Walnut desk lamp"]
    assert first.source == "hybrid"
    assert sum(first.parts.values()) == pytest.approx(first.score, abs=1e-5)
    assert {"lexicon", "lexical", "encode", "dense", "hydrate", "total"} <= page.timings.keys()
    assert page.query_id
    assert page.model_version


@pytest.mark.parametrize("typed", ["WDL-1", "wdl1", " wdl 1 "])
def test_a_sku_finds_its_product_and_nothing_else(shop: dict[str, Gadget], typed: str) -> None:
    page = search(typed)
    assert names(page) == ["Walnut desk lamp"]
    assert (page.source, page.total) == ("identifier", 1)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"brand": "Acme"}, {"Walnut desk lamp", "Oak desk"}),
        (
            {"brand": ["Acme", "Bolt"], "category": "Home > Lighting"},
            {"Walnut desk lamp", "Brass desk lamp"},
        ),
        ({"category": "Home"}, {"Walnut desk lamp", "Brass desk lamp", "Oak desk", "Oak bookcase"}),
        ({"colour": "green"}, {"Garden hose 25 ft"}),
        ({"price_min": "50", "price_max": 250}, {"Brass desk lamp", "Oak bookcase"}),
        ({"brand": "Nobody"}, set()),
        ({"available": "false"}, set()),
        ({"brand": "", "colour": None}, None),
    ],
)
def test_filters_narrow_a_browsed_catalogue(
    shop: dict[str, Gadget], filters: dict[str, Any], expected: set[str] | None
) -> None:
    page = search(filters=filters)
    assert set(names(page)) == (set(shop) if expected is None else expected)
    assert page.total == len(page.results)


def test_filters_narrow_a_query(shop: dict[str, Gadget]) -> None:
    assert names(search("desk lamp", filters={"brand": "Bolt", "price_max": 100}))[0] == (
        "Brass desk lamp"
    )


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"brnd": "Acme"}, None),
        ({"price_min": "cheap"}, "price_min is 'cheap'; it must be a number"),
        ({"price_max": "NaN"}, "must be finite"),
        ({"available": "perhaps"}, "must be true or false"),
        ({"brand": [str(n) for n in range(51)]}, "up to 50"),
        ({"brand": "a\x00b"}, "NUL"),
        ({"site": "x"}, "must be an id"),
    ],
)
def test_filters_that_cannot_be_answered_are_refused(
    shop: dict[str, Gadget], filters: dict[str, Any], message: str | None
) -> None:
    if message is None:
        # Free attributes are allowed, so an unknown name is an attribute that nothing has.
        assert search(filters=filters).total == 0
    else:
        with pytest.raises(InvalidQuery, match=message):
            search(filters=filters)


def test_an_unknown_filter_names_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownFilter, match="Did you mean 'language'"):
        services.search("x", catalogue="testapp.manual", filters={"langauge": "de"})
    with pytest.raises(UnknownFilter, match="sort is"):
        services.search("x", catalogue=GADGET, sort="best")
    with pytest.raises(InvalidQuery, match="limit is 0"):
        services.search("x", catalogue=GADGET, limit=0)
    with pytest.raises(InvalidQuery, match="offset is -1"):
        services.search("x", catalogue=GADGET, offset=-1)


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("price_asc", "Garden hose 25 ft", "Oak desk"),
        ("price_desc", "Oak desk", "Garden hose 25 ft"),
        ("newest", "Garden hose 25 ft", "Walnut desk lamp"),
        ("title", "Brass desk lamp", "Walnut desk lamp"),
    ],
)
def test_sort_orders(shop: dict[str, Gadget], sort: str, first: str, last: str) -> None:
    ordered = names(search(sort=sort))
    assert (ordered[0], ordered[-1]) == (first, last)
    matching = search("desk", sort=sort)
    prices = [result.object.price for result in matching]
    if sort.startswith("price"):
        assert prices == sorted(prices, reverse=sort == "price_desc")


def test_live_prices_are_the_shops_not_the_indexes(shop: dict[str, Gadget]) -> None:
    Gadget.objects.filter(name="Oak desk").update(price=1)
    assert search("oak desk").results[0].object.price == 1


# Queries that hurt


@pytest.mark.parametrize(
    "query",
    [
        "   ",
        "the of and",
        "x" * 10_000,
        "lamp " * 2_000,
        "\x00\x01\x1f lamp \x7f",
        "مصباح مكتب",
        "💡🛋️ lamp",
        "\ud800 lamp",
        "'; DROP TABLE shopreco_item; --",
        "%_\\ lamp",
        "&|!():*<->",
        "台灯",
        "\u202e\u2066pmal",
    ],
)
def test_any_query_gets_an_answer(shop: dict[str, Gadget], query: str) -> None:
    page = search(query, facets=["*"])
    assert page.total >= 0
    services.autocomplete(query, catalogue=GADGET)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(query=st.text(max_size=300))
def test_any_text_gets_an_answer(shop: dict[str, Gadget], query: str) -> None:
    search(query)
    services.autocomplete(query, catalogue=GADGET)


def test_a_seed_that_is_not_indexed_gives_an_empty_block(shop: dict[str, Gadget]) -> None:
    fresh = Gadget.objects.create(name="fresh")
    assert services.recommend(seed=fresh).results == ()


def test_an_unknown_placement_is_refused(shop: dict[str, Gadget]) -> None:
    with pytest.raises(InvalidQuery, match="no placement 'product-similr'"):
        services.recommend("product-similr", seed=shop["Oak desk"])
    with pytest.raises(InvalidQuery, match="diversity is 2"):
        services.recommend(seed=shop["Oak desk"], diversity=2)


def test_facets_are_counted_beside_filters_that_are_no_facets(shop: dict[str, Gadget]) -> None:
    for query, filters in (
        ("lamp", {"price_max": 100}),
        ("lamp", {"price_max": 1, "available": True}),
        ("zzxqv wqkjh", {"price_min": "5"}),
    ):
        page = services.search(query, catalogue=GADGET, facets=["*"], filters=filters)
        assert page.degraded == {}


# Autocomplete


def test_suggestions_are_typed(shop: dict[str, Gadget]) -> None:
    found = services.autocomplete("des", catalogue=GADGET)
    assert ("query", "desk") in [(s.kind, s.text) for s in found]
    assert ("product", "Oak desk") in [(s.kind, s.text) for s in found]
    brand = services.autocomplete("acm", catalogue=GADGET)
    assert ("brand", "Acme") in [(s.kind, s.text) for s in brand]
    assert "acme" not in [s.text for s in brand], "a brand is not suggested twice"
    category = services.autocomplete("ligh", catalogue=GADGET)
    assert ("category", "Home > Lighting") in [(s.kind, s.text) for s in category]


def test_the_last_word_is_completed(shop: dict[str, Gadget]) -> None:
    texts = [s.text for s in services.autocomplete("walnut des", catalogue=GADGET)]
    assert "walnut desk" in texts


def test_a_misspelt_prefix_finds_similar_words(shop: dict[str, Gadget]) -> None:
    texts = [s.text for s in services.autocomplete("wallnut", catalogue=GADGET)]
    assert any("alnut" in text for text in texts)


def test_a_sku_is_suggested_as_its_product(shop: dict[str, Gadget]) -> None:
    [found] = [s for s in services.autocomplete("wdl-1", catalogue=GADGET) if s.kind == "product"]
    assert found.text == "Walnut desk lamp"
    assert found.url == shop["Walnut desk lamp"].get_absolute_url()


def test_hidden_products_are_not_suggested(shop: dict[str, Gadget]) -> None:
    Gadget.objects.filter(name="Oak desk").update(stock=0)
    texts = [s.text for s in services.autocomplete("oak", catalogue=GADGET)]
    assert "Oak desk" not in texts
