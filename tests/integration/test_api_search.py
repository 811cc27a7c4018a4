"""`GET search/`: answers, filters, and clear errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from demo_shop.models import Product
from shopreco.models import EmbeddingSpace, SpaceState
from tests.helpers.demo import DESK_LAMPS

pytestmark = pytest.mark.usefixtures("shop")

Search = Callable[..., dict[str, Any]]


@pytest.fixture
def search(client: Client) -> Search:
    def get(status: int = 200, **asked: Any) -> dict[str, Any]:
        response = client.get(reverse("shopreco:search"), asked)
        assert response.status_code == status, response.content
        return response.json()

    return get


def titles(answer: dict[str, Any]) -> list[str]:
    return [result["title"] for result in answer["results"]]


def test_an_answer_has_the_documented_envelope(search: Search) -> None:
    answer = search(q="desk lamp", facets="*")
    assert set(answer) == {
        *("query", "query_id", "total", "offset", "limit", "results", "facets", "price_range"),
        *(
            "total_is_exact",
            "facets_are_exact",
            "photo",
            "notice",
            "degraded",
            "took_ms",
            "timings",
            "model_version",
        ),
    }
    assert answer["degraded"] == []
    assert len(answer["query_id"]) == 32
    first = answer["results"][0]
    assert set(first) == {
        *("id", "rank", "score", "source", "title", "url", "picture", "price", "currency"),
        "available",
        *("price_is_lowest", "variant_id", "parts", "contributions", "reasons"),
    }
    product = Product.objects.get(pk=first["id"])
    assert (first["title"], first["url"]) == (product.title, product.get_absolute_url())
    assert (first["price"], first["currency"]) == (str(product.price), "EUR")
    assert first["rank"] == 1
    assert "lexical" in first["parts"]


def test_prices_and_stock_are_live(search: Search) -> None:
    found = search(q="brass desk lamp")["results"][0]
    Product.objects.filter(pk=found["id"]).update(price="1.23", stock=0)
    again = search(q="brass desk lamp")["results"][0]
    assert (again["id"], again["price"], again["available"]) == (found["id"], "1.23", False)


def test_what_is_taken_down_is_not_shown(search: Search) -> None:
    found = search(q="brass desk lamp")["results"][0]
    Product.objects.filter(pk=found["id"]).update(active=False)
    assert found["id"] not in [result["id"] for result in search(q="brass desk lamp")["results"]]


def test_pages_follow_each_other(search: Search) -> None:
    whole = search(q="desk lamp", limit=100)
    pages = [search(q="desk lamp", limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [title for page in pages for title in titles(page)] == titles(whole)
    assert [result["rank"] for result in pages[1]["results"]] == [3, 4]
    assert {page["total"] for page in pages} == {whole["total"]} == {6}


def test_filters_are_parameters_named_after_facets(search: Search) -> None:
    one = search(q="desk lamp", brand="Fennel")
    assert one["total"] == 4
    both = search(q="desk lamp", brand=["Fennel", "Marlow"])
    assert both["total"] == 6
    assert search(q="desk lamp", brand="Fennel", material="brass")["total"] == 1
    assert search(category=DESK_LAMPS, price_max="25")["total"] == 2
    assert search(category="Home > Lighting", price_min="29.9", available="true")["total"] == 3


def test_facet_counts_equal_what_a_click_shows(search: Search) -> None:
    answer = search(q="desk lamp", facets=["brand", "material"])
    assert [facet["name"] for facet in answer["facets"]] == ["brand", "material"]
    for facet in answer["facets"]:
        for value in facet["values"]:
            clicked = search(q="desk lamp", **{facet["name"]: value["value"]})
            assert clicked["total"] == value["count"]
    assert answer["price_range"] == {"minimum": "9.90", "maximum": "59.90", "currency": "EUR"}


def test_variants_come_as_their_product(search: Search) -> None:
    answer = search(q="green garden chair")
    chair = answer["results"][0]
    assert Product.objects.get(pk=chair["id"]).title == "Garden chair"
    green = Product.objects.get(pk=chair["variant_id"])
    assert (chair["title"], chair["url"]) == ("Garden chair green", green.get_absolute_url())
    apart = search(q="green garden chair", collapse="false")
    assert "Garden chair green" in titles(apart)
    assert all(result["variant_id"] == "" for result in apart["results"])


def test_a_sku_finds_its_product_alone(search: Search) -> None:
    answer = search(q="al 0003")
    assert titles(answer) == ["Desk lamp with clamp"]
    assert answer["results"][0]["source"] == "identifier"


def test_orders(search: Search) -> None:
    prices = [float(r["price"]) for r in search(q="desk lamp", sort="price_desc")["results"]]
    assert prices == sorted(prices, reverse=True)
    names = titles(search(q="desk lamp", sort="title"))
    assert names == sorted(names)


def test_without_a_query_everything_is_listed(search: Search) -> None:
    assert search()["total"] == 9
    assert search(q="")["total"] == search(q="   ")["total"] == 9


def test_answers_are_not_kept_by_anybody_else(client: Client) -> None:
    response = client.get(reverse("shopreco:search"), {"q": "lamp"})
    assert response["Cache-Control"] == "private, max-age=0"


def test_what_advertisements_add_to_an_address_changes_nothing(
    search: Search, client: Client
) -> None:
    added = {"utm_source": "x", "utm_campaign": "spring sale", "gclid": "Cj0", "fbclid": "Iw"}
    assert search(q="lamp", **added)["total"] == search(q="lamp")["total"] > 0
    lamp = Product.objects.get(title="Steel desk lamp")
    similar = reverse("shopreco:similar", args=[str(lamp.pk)])
    assert client.get(similar, added).status_code == 200
    suggestions = client.get(reverse("shopreco:autocomplete"), {"q": "la", **added})
    assert suggestions.status_code == 200


def test_a_misspelt_filter_hears_what_there_is_attributes_included(search: Search) -> None:
    assert "Did you mean 'colour'?" in search(400, Colours="red")["detail"]
    assert "Did you mean 'material'?" in search(400, q="lamp", matrial="steel")["detail"]
    known = search(400, xyz="1")["detail"].partition("Known: ")[2].rstrip(".").split(", ")
    assert {"brand", "category", "colour", "material", "price_min"} <= {*known}
    assert "published" not in known, "who may see what is no filter"


@pytest.mark.parametrize(
    ("asked", "code", "parameter", "meant"),
    [
        ({"limt": "3"}, "unknown_parameter", "limt", "Did you mean 'limit'?"),
        ({"brnad": "Fennel"}, "unknown_parameter", "brnad", "Did you mean 'brand'?"),
        ({"limit": "101"}, "invalid_parameter", "limit", "100"),
        ({"limit": "many"}, "invalid_parameter", "limit", "integer"),
        ({"offset": "-1"}, "invalid_parameter", "offset", "0"),
        ({"offset": "99999999999999999999"}, "invalid_parameter", "offset", "10000"),
        ({"price_min": "cheap"}, "invalid_parameter", "price_min", "number"),
        ({"price_max": "NaN"}, "invalid_parameter", "price_max", "number"),
        ({"available": "perhaps"}, "invalid_parameter", "available", "boolean"),
        ({"sort": "beauty"}, "invalid_parameter", "sort", "beauty"),
        ({"site": "here"}, "invalid_parameter", "site", "integer"),
        ({"catalogue": "demo_shop.prodct"}, "invalid_parameter", "catalogue", "demo_shop.product"),
        ({"q": "nul\x00l"}, "invalid_parameter", "q", "Null"),
        ({"facets": "nul\x00l"}, "invalid_parameter", "facets", "Null"),
        ({"brand": "nul\x00l"}, "invalid_query", None, "NUL"),
        ({"na\x00me": "x"}, "unknown_filter", None, "na"),
        ({"facets": "a\x01b"}, "unknown_filter", None, "not a filter"),
        ({"brand": ["x"] * 51}, "invalid_query", None, "50"),
        ({f"a{n}": "x" for n in range(400)}, "invalid_query", None, "up to 20"),
        ({"currency": "€"}, "invalid_query", None, "three letters"),
        ({"currency": "euro"}, "invalid_parameter", "currency", "3"),
    ],
)
def test_what_cannot_be_answered_is_a_400_that_names_it(
    search: Search, asked: dict[str, Any], code: str, parameter: str | None, meant: str
) -> None:
    error = search(400, **asked)
    assert (error["code"], error.get("parameter")) == (code, parameter)
    assert meant in error["detail"]


def test_a_filter_that_matches_nothing_is_no_error(search: Search) -> None:
    assert search(brand="Nobody")["total"] == 0
    assert search(material="paper")["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "x" * 10_000,
        "desk lamp " * 1_000,
        "مصباح مكتب",
        "\u202elamp\u202c",
        "💡🛋️",
        "the of and",
        "' OR 1=1 --",
        "%_\\",
        "\x01\x02\x7f\x85",
        "台灯",
        "1/2 in. 2x4",
        "(((&|!:*",
    ],
)
def test_odd_queries_are_answered(search: Search, query: str) -> None:
    assert search(q=query)["degraded"] == []


@hypothesis_settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
@example("\x00")
def test_no_query_breaks_it(client: Client, query: str) -> None:
    for name in ("search", "autocomplete"):
        response = client.get(reverse(f"shopreco:{name}"), {"q": query})
        if "\x00" in query:
            assert response.status_code == 400
        else:
            assert response.status_code == 200, response.content
            assert not response.json().get("degraded")


@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("q", "brand", "material", "price_min", "price_max", "available", "language"),
                *("sort", "offset", "limit", "facets", "collapse", "site", "catalogue"),
            ]
        )
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=3),
        max_size=4,
    )
)
def test_no_parameter_breaks_it(client: Client, asked: dict[str, list[str]]) -> None:
    response = client.get(reverse("shopreco:search"), asked)
    assert response.status_code in {200, 400}, response.content
    if response.status_code == 400:
        assert {"code", "detail"} <= set(response.json())


def test_a_percent_sequence_that_is_no_utf8_is_answered(client: Client) -> None:
    response = client.get(reverse("shopreco:search") + "?q=%ff%fe%ed%a0%80lamp&%ff=%ff")
    assert response.status_code in {200, 400}


def test_without_an_active_space_the_answer_says_so(search: Search) -> None:
    EmbeddingSpace.objects.update(state=SpaceState.RETIRED)
    answer = search(q="desk lamp")
    assert (answer["results"], answer["degraded"]) == ([], ["index"])


def test_a_failing_database_statement_does_not_end_the_transaction_of_the_host(
    search: Search, client: Client
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_item RENAME TO elsewhere")
    assert search(q="")["degraded"] == ["search"]
    assert search(q="desk lamp")["results"] == []
    suggestions = client.get(reverse("shopreco:autocomplete"), {"q": "lam"})
    assert suggestions.status_code == 200
    assert Product.objects.exists()


def test_only_reading_is_possible(client: Client) -> None:
    response = client.post(reverse("shopreco:search"), {"q": "lamp"})
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert client.head(reverse("shopreco:search"), {"q": "lamp"}).status_code == 200


def test_format_is_a_name_like_any_other(search: Search) -> None:
    product = Product.objects.first()
    assert product is not None
    assert search(400, format="paperback")["code"] == "unknown_parameter"
