"""`POST search/image`: a picture as a form sends it, and the answer of a search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.test import Client, override_settings
from django.urls import reverse

from tests.helpers.photos import COLOURS, photo

pytestmark = [pytest.mark.usefixtures("photo_shop", "photo_worker"), pytest.mark.slow]

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def post(client: Client) -> Ask:
    def ask(status: int = 200, **form: Any) -> dict[str, Any]:
        response = client.post(reverse("shopreco:search-image"), form)
        assert response.status_code == status, response.content
        answer: dict[str, Any] = response.json()
        return answer

    return ask


def titles(answer: dict[str, Any]) -> list[str]:
    return [result["title"] for result in answer["results"]]


def test_the_answer_is_that_of_a_search(client: Client, post: Ask) -> None:
    answer = post(image=photo(), limit=5)
    words = client.get(reverse("shopreco:search"), {"q": "lamp"}).json()
    assert set(answer) == set(words)
    assert (answer["degraded"], answer["notice"]) == ([], "")
    assert (words["photo"], words["notice"]) == ("", "")
    assert {result["source"] for result in answer["results"]} == {"photo"}
    assert all(title.endswith("red") for title in titles(answer))


def test_its_key_gives_further_pages_without_the_photo(client: Client, post: Ask) -> None:
    first = post(image=photo("blue"), limit=5)
    url = reverse("shopreco:search")
    again = client.get(url, {"photo": first["photo"], "limit": 10, "facets": "*"}).json()
    assert titles(again)[:5] == titles(first)
    assert again["total"] == first["total"]
    assert {"brand", "colour"} <= {facet["name"] for facet in again["facets"]}
    second = client.get(url, {"photo": first["photo"], "limit": 5, "offset": 5}).json()
    assert titles(second) == titles(again)[5:]


def test_words_and_filters_stand_beside_the_photo(post: Ask) -> None:
    answer = post(image=photo(), q="vase", brand="Fennel", price_max="60", limit=3)
    assert answer["query"] == "vase"
    assert all("Vase" in title and "red" in title for title in titles(answer))
    assert all(float(result["price"]) <= 60 for result in answer["results"])


def test_what_is_wrong_is_named(post: Ask) -> None:
    assert post(400)["parameter"] == "image"
    assert post(400, image="a text")["parameter"] == "image"
    assert post(400, image=ContentFile(b"", name="empty.png"))["parameter"] == "image"
    assert post(400, image=photo(), limit=0)["parameter"] == "limit"
    assert post(400, image=photo(), sort="best")["parameter"] == "sort"
    answer = post(400, image=ContentFile(b"GIF89a, or not", name="cat.gif"))
    assert answer["code"] == "photo_rejected"
    assert "picture" in answer["detail"]


def test_a_photo_that_is_too_large_is_refused(settings: Any, post: Ask) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "PHOTO_MAX_BYTES": 64}
    answer = post(400, image=photo())
    assert answer["code"] == "photo_rejected"
    assert "more than the 64" in answer["detail"]


def test_words_of_megabytes_are_refused(post: Ask) -> None:
    answer = post(400, image=photo(), q="lamp " * 2_000_000)
    assert answer["code"] == "invalid_request"
    assert "DATA_UPLOAD_MAX_MEMORY_SIZE" in answer["detail"]


def test_only_a_form_is_taken(client: Client) -> None:
    url = reverse("shopreco:search-image")
    assert client.post(url, {"image": "x"}, content_type="application/json").status_code == 400
    assert client.post(url, b"raw", content_type="image/png").status_code == 400
    assert client.get(url).status_code == 405


def test_photos_have_a_rate_of_their_own(client: Client, post: Ask) -> None:
    rates = {"DEFAULT_THROTTLE_RATES": {"shopreco-photo": "2/min"}}
    with override_settings(REST_FRAMEWORK={**django_settings.REST_FRAMEWORK, **rates}):
        for colour in COLOURS:
            answer = post(429 if colour == "blue" else 200, image=photo(colour))
        assert answer["code"] == "throttled"
        assert client.get(reverse("shopreco:search"), {"q": "lamp"}).status_code == 200
