"""`GET autocomplete/`."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from demo_shop.models import Product

pytestmark = pytest.mark.usefixtures("shop")


def suggested(client: Client, typed: str, status: int = 200, **asked: Any) -> dict[str, Any]:
    response = client.get(reverse("shopreco:autocomplete"), {"q": typed, **asked})
    assert response.status_code == status, response.content
    return response.json()


def test_queries_facet_values_and_products_are_suggested(client: Client) -> None:
    answer = suggested(client, "des")
    assert set(answer) == {"query", "suggestions", "took_ms"}
    kinds = {suggestion["kind"] for suggestion in answer["suggestions"]}
    assert {"query", "category", "product"} <= kinds
    product = next(each for each in answer["suggestions"] if each["kind"] == "product")
    assert product["label"] == "", "nobody reads the word on every line"
    assert Product.objects.filter(title=product["text"]).exists()
    assert product["url"].startswith("/p/")


def test_labels_of_facets_are_the_shops(client: Client) -> None:
    fennel = next(e for e in suggested(client, "fenn")["suggestions"] if e["facet"])
    assert fennel == {
        "kind": "brand",
        "text": "Fennel",
        "label": "Brand",
        "url": "",
        "facet": "brand",
    }


def test_labels_are_in_the_visitors_language(client: Client) -> None:
    response = client.get(
        reverse("shopreco:autocomplete"), {"q": "des"}, headers={"accept-language": "zh-hans"}
    )
    labels = {e["label"] for e in response.json()["suggestions"] if e["kind"] == "category"}
    assert labels == {"类别"}


def test_nothing_typed_suggests_nothing(client: Client) -> None:
    assert suggested(client, "")["suggestions"] == []


def test_limits(client: Client) -> None:
    assert len(suggested(client, "d", limit=2)["suggestions"]) <= 2
    assert suggested(client, "d", status=400, limit=21)["parameter"] == "limit"
    assert suggested(client, "d", status=400, lang="en")["code"] == "unknown_parameter"
