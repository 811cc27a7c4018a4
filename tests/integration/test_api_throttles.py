"""Rates: defaults of ours, changed in the host's DRF settings; the cache may be away."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse

from shopreco.api.throttles import (
    AutocompleteThrottle,
    PhotoThrottle,
    RecommendThrottle,
    SearchThrottle,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _count_from_zero() -> None:
    cache.clear()


def rates(**given: str | None) -> override_settings:
    changed = {name.replace("_", "-"): rate for name, rate in given.items()}
    return override_settings(
        REST_FRAMEWORK={**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": changed}
    )


def test_every_endpoint_has_a_default() -> None:
    throttles = (SearchThrottle, AutocompleteThrottle, RecommendThrottle, PhotoThrottle)
    given = [throttle().rate for throttle in throttles]
    assert given == ["120/min", "600/min", "300/min", "20/min"]


def test_the_host_sets_rates_by_name(client: Client) -> None:
    url = reverse("shopreco:autocomplete")
    with rates(shopreco_autocomplete="2/min"):
        answers = [client.get(url, {"q": "la"}) for _ in range(3)]
        elsewhere = client.get(url, {"q": "la"}, REMOTE_ADDR="192.0.2.7")
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "throttled"
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert elsewhere.status_code == 200


def test_none_switches_one_off(client: Client) -> None:
    with rates(shopreco_search=None):
        codes = {client.get(reverse("shopreco:search")).status_code for _ in range(125)}
    assert codes == {200}


def test_a_user_is_counted_apart_from_the_address(client: Client, django_user_model: type) -> None:
    url = reverse("shopreco:autocomplete")
    with rates(shopreco_autocomplete="1/min"):
        assert client.get(url).status_code == 200
        client.force_login(django_user_model.objects.create(username="ada"))  # type: ignore[attr-defined]  # the manager of a swapped user
        assert client.get(url).status_code == 200
        assert client.get(url).status_code == 429


def test_without_the_cache_nobody_is_turned_away(client: Client) -> None:
    away = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    with override_settings(CACHES=away):
        assert client.get(reverse("shopreco:search"), {"q": "lamp"}).status_code == 200
        assert client.get(reverse("shopreco:autocomplete"), {"q": "la"}).status_code == 200
