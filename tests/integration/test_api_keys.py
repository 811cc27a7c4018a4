"""The API on the hostile host: keys of every type, few declarations, another database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import models
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from tests.helpers.demo import unthrottled
from tests.helpers.index import index
from tests.testapp.models import Book, Gadget, Manual

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

TITLES = ["Repairing a pump", "Repairing a pump at home", "Repairing a boat", "A pump"]
REFS = ["P/1 a", "P/1 b?#%", "泵", "../x/"]


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.clear()
    with unthrottled():
        yield


def get(client: Client, view: str, *args: str, **asked: Any) -> dict[str, Any]:
    response = client.get(reverse(f"shopreco:{view}", args=args), asked)
    assert response.status_code == 200, response.content
    return response.json()


def made(kind: str) -> list[models.Model]:
    match kind:
        case "testapp.gadget":
            return [Gadget.objects.create(name=title) for title in TITLES]
        case "testapp.book":
            return [Book.objects.create(title=title) for title in TITLES]
    rows = zip(REFS, TITLES, strict=True)
    return [Manual.objects.create(ref=ref, title=title) for ref, title in rows]


@pytest.mark.parametrize("catalogue", ["testapp.gadget", "testapp.book", "testapp.manual"])
def test_every_object_is_found_and_has_similar_ones(client: Client, catalogue: str) -> None:
    objects = made(catalogue)
    index(catalogue)
    found = get(client, "search", q="repairing a pump", catalogue=catalogue)
    assert found["degraded"] == []
    assert found["results"][0]["id"] == str(objects[0].pk)
    for obj in objects:
        answer = get(client, "similar", str(obj.pk), catalogue=catalogue)
        ids = [result["id"] for result in answer["results"]]
        assert answer["degraded"] == []
        assert ids
        assert str(obj.pk) not in ids
        assert set(ids) < {str(each.pk) for each in objects}


@pytest.mark.parametrize("catalogue", ["testapp.gadget", "testapp.book", "testapp.manual"])
def test_the_lazy_block_of_every_object_can_be_loaded(client: Client, catalogue: str) -> None:
    objects = made(catalogue)
    index(catalogue)
    source = '{% load shopreco %}{% recommendations obj "product-similar" lazy=True %}'
    for obj in objects:
        html = Template(source).render(Context({"obj": obj}))
        url = html.split('data-shopreco-block="')[1].split('"')[0].replace("&amp;", "&")
        block = client.get(url)
        assert block.status_code == 200, block.content
        assert b"data-item-id" in block.content


def test_without_declarations_a_result_shows_what_there_is(client: Client) -> None:
    made("testapp.manual")
    index("testapp.manual")
    first = get(client, "search", q="boat", catalogue="testapp.manual")["results"][0]
    assert (first["title"], first["url"], first["price"]) == ("Repairing a boat", "", None)
    assert (first["currency"], first["available"]) == ("", True)


def test_without_free_attributes_an_unknown_name_is_an_error_at_once(client: Client) -> None:
    response = client.get(
        reverse("shopreco:search"), {"catalogue": "testapp.manual", "colour": "red"}
    )
    assert response.status_code == 400
    assert response.json()["code"] == "unknown_parameter"


@pytest.mark.parametrize("object_id", ["9" * 30, "9" * 5000, "-1", "1.5", "１", "x"])
def test_what_is_no_key_of_the_model_is_a_404(client: Client, object_id: str) -> None:
    response = client.get(
        reverse("shopreco:similar", args=[object_id]), {"catalogue": "testapp.book"}
    )
    assert response.status_code == 404


def test_hidden_rows_are_404(client: Client) -> None:
    gadget = Gadget.objects.create(name="Pump", hidden=True)
    response = client.get(
        reverse("shopreco:similar", args=[str(gadget.pk)]), {"catalogue": "testapp.gadget"}
    )
    assert response.status_code == 404
