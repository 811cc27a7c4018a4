"""`GET similar/<id>/`, `recommend/<placement>/` and `blocks/<placement>/`."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.test import Client
from django.urls import reverse

from demo_shop.catalogues import ProductCatalogue
from demo_shop.models import Product
from tests.helpers.demo import CATALOGUE

pytestmark = pytest.mark.usefixtures("shop")

PLACEMENT = "product-similar"


def lamp() -> Product:
    return Product.objects.get(title="Steel desk lamp")


def similar(client: Client, object_id: object, status: int = 200, **asked: Any) -> dict[str, Any]:
    response = client.get(reverse("shopreco:similar", args=[str(object_id)]), asked)
    assert response.status_code == status, response.content
    return response.json()


def test_what_the_page_shows_already_is_left_out_and_replaced(client: Client) -> None:
    first = [each["id"] for each in similar(client, lamp().pk, limit=3)["results"]]
    more = [
        each["id"] for each in similar(client, lamp().pk, limit=3, exclude=first[:2])["results"]
    ]
    assert more[0] == first[2]
    assert not {*first[:2]} & {*more}
    assert len(more) == 3
    similar(client, lamp().pk, exclude=["no key", "'", *first])
    answer = similar(client, lamp().pk, status=400, exclude=[str(n) for n in range(201)])
    assert answer["parameter"] == "exclude"


def test_similar_products_are_like_it_and_not_itself(client: Client) -> None:
    answer = similar(client, lamp().pk, limit=3)
    assert len(answer["results"]) == 3
    assert str(lamp().pk) not in [result["id"] for result in answer["results"]]
    assert "desk lamp" in answer["results"][0]["title"].lower()
    assert answer["placement"] == PLACEMENT
    assert len(answer["rec_id"]) == 32
    assert answer["degraded"] == []


def test_what_cannot_be_bought_or_seen_is_left_out(client: Client) -> None:
    titles = [result["title"] for result in similar(client, lamp().pk, limit=100)["results"]]
    assert "Forgotten desk lamp" not in titles
    assert "Small desk lamp" not in titles  # sold out


def test_a_variant_is_not_similar_to_its_siblings(client: Client) -> None:
    red = Product.objects.get(title="Garden chair red")
    titles = [result["title"] for result in similar(client, red.pk, limit=100)["results"]]
    assert titles
    assert not any("chair" in title for title in titles)


def test_caps_and_diversity(client: Client) -> None:
    answer = similar(client, lamp().pk, limit=10, max_per_brand=1, diversity="0.5")
    brands = [Product.objects.get(pk=r["id"]).brand for r in answer["results"]]
    named = [brand.name for brand in brands if brand]
    assert sorted(set(named)) == sorted(named)


def test_a_block_takes_the_filters_of_a_search(client: Client) -> None:
    answer = similar(client, lamp().pk, limit=10, brand="Marlow", price_max="75", max_per_brand=9)
    found = [Product.objects.get(pk=result["id"]) for result in answer["results"]]
    assert found
    assert {str(product.brand) for product in found} == {"Marlow"}
    assert all(product.price <= 75 for product in found)
    assert similar(client, lamp().pk, brand="Nobody")["results"] == []


def test_a_placement_answers_as_its_short_cut_does(client: Client) -> None:
    asked = {"id": str(lamp().pk), "catalogue": CATALOGUE, "limit": 4}
    response = client.get(reverse("shopreco:recommend", args=[PLACEMENT]), asked)
    assert response.status_code == 200
    expected = similar(client, lamp().pk, limit=4)["results"]
    assert [r["id"] for r in response.json()["results"]] == [r["id"] for r in expected]


@pytest.mark.parametrize(
    "object_id",
    [
        "no-uuid",
        "00000000-0000-0000-0000-000000000000",
        "nul\x00l",
        "../../admin",
        "a/b/c",
        "9" * 400,
        "%",
        "🛋️",
    ],
)
def test_an_id_that_nobody_has_is_a_404(client: Client, object_id: str) -> None:
    assert similar(client, object_id, status=404)["code"] == "not_found"


def test_what_a_visitor_cannot_see_is_a_404(client: Client) -> None:
    hidden = Product.objects.get(active=False)
    similar(client, hidden.pk, status=404)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PermissionDenied(), 403, "permission_denied"),
        (Http404(), 404, "not_found"),
        (OperationalError("server at 10.0.0.7 closed the connection"), 503, "unavailable"),
    ],
)
def test_what_the_shops_own_hooks_raise_is_answered_in_the_same_shape(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def refuse(self: Any, request: Any) -> Any:
        raise error

    monkeypatch.setattr(ProductCatalogue, "get_live_queryset", refuse)
    answer = similar(client, lamp().pk, status=status)
    assert answer["code"] == code
    assert "10.0.0.7" not in answer["detail"]


def test_a_user_is_recognised_by_the_shops_hooks(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_user_model: Any
) -> None:
    seen = []

    def ask(self: Any, request: Any) -> Any:
        seen.append(request.user.get_username())
        return Product.objects.live()

    monkeypatch.setattr(ProductCatalogue, "get_live_queryset", ask)
    client.force_login(django_user_model.objects.create(username="ada"))
    similar(client, lamp().pk)
    assert set(seen) == {"ada"}


@pytest.mark.parametrize(
    ("asked", "code", "meant"),
    [
        ({"limt": 3}, "unknown_parameter", "Did you mean 'limit'?"),
        ({"limit": 0}, "invalid_parameter", "limit"),
        ({"diversity": "2"}, "invalid_parameter", "diversity"),
        ({"diversity": "nan"}, "invalid_parameter", "diversity"),
        ({"max_per_brand": "0"}, "invalid_parameter", "max_per_brand"),
        ({"max_per_brand": "²"}, "invalid_parameter", "max_per_brand"),
        ({"catalogue": "nothing"}, "invalid_parameter", "catalogue"),
        ({"brnad": "Fennel"}, "unknown_parameter", "Did you mean 'brand'?"),
        ({"price_max": "cheap"}, "invalid_parameter", "price_max"),
        ({f"a{n}": "x" for n in range(21)}, "invalid_query", "up to 20"),
        ({f"max_per_a{n}": "1" for n in range(6)}, "invalid_query", "up to 5"),
    ],
)
def test_wrong_parameters_are_named(
    client: Client, asked: dict[str, Any], code: str, meant: str
) -> None:
    error = similar(client, lamp().pk, status=400, **asked)
    assert error["code"] == code
    assert meant in error["detail"]


def recommend(client: Client, name: str, **asked: Any) -> Any:
    return client.get(reverse("shopreco:recommend", args=[name]), asked)


def test_a_block_is_about_as_many_objects_as_are_named(client: Client) -> None:
    cushion = Product.objects.get(title="Linen cushion")
    hidden = Product.objects.get(active=False)
    ids = [str(lamp().pk), str(cushion.pk), str(hidden.pk), "no-uuid", str(lamp().pk)]
    answer = recommend(client, PLACEMENT, id=ids).json()
    found = {each["id"] for each in answer["results"]}
    assert found
    assert not found & set(ids)
    anchors = {reason["anchor_id"] for each in answer["results"] for reason in each["reasons"]}
    assert anchors <= {str(lamp().pk), str(cushion.pk)}
    assert recommend(client, PLACEMENT, id=ids[2:4]).status_code == 404
    assert recommend(client, PLACEMENT, id=[str(n) for n in range(51)]).status_code == 400


def test_a_block_that_is_the_same_for_all_needs_no_id(client: Client) -> None:
    answer = recommend(client, "home-new", limit=3)
    assert len(answer.json()["results"]) == 3
    assert (answer.json()["personal"], answer.json()["empty_because"]) == (False, "")
    assert "no-store" not in answer["Cache-Control"]


def test_what_differs_by_visitor_is_kept_by_no_cache(client: Client) -> None:
    for view in ("recommend", "block"):
        recent = [str(lamp().pk)]
        url = reverse(f"shopreco:{view}", args=["home-recently-viewed"])
        answer = client.get(url, {"recent": recent})
        assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
        assert lamp().title in answer.content.decode()
        assert answer.status_code == 200
    shown = recommend(client, "home-recently-viewed", recent=recent).json()
    assert [each["id"] for each in shown["results"]] == recent
    empty = recommend(client, "home-recently-viewed")
    assert empty.json()["empty_because"] == "no_history"
    assert "no-store" in empty["Cache-Control"]


@pytest.mark.parametrize("view", ["recommend", "block"])
def test_placements_need_an_id_and_a_known_name(client: Client, view: str) -> None:
    missing = client.get(reverse(f"shopreco:{view}", args=[PLACEMENT]))
    assert (missing.status_code, missing.json()["parameter"]) == (400, "id")
    asked = {"id": str(lamp().pk)}
    unknown = client.get(reverse(f"shopreco:{view}", args=["product-simlar"]), asked)
    assert unknown.status_code == 400
    assert "product-similar" in unknown.json()["detail"]


def test_a_block_is_the_html_of_the_template_tag(client: Client) -> None:
    asked = {"id": str(lamp().pk), "limit": 3}
    response = client.get(reverse("shopreco:block", args=[PLACEMENT]), asked)
    assert response["Content-Type"] == "text/html; charset=utf-8"
    html = response.content.decode()
    assert html.count("data-item-id") == 3
    assert "data-rec-id" in html


def test_a_block_of_nothing_is_empty(client: Client) -> None:
    Product.objects.exclude(pk=lamp().pk).update(active=False)
    response = client.get(reverse("shopreco:block", args=[PLACEMENT]), {"id": str(lamp().pk)})
    assert (response.status_code, response.content) == (200, b"")
