"""Rates count by the address that the deployment says, and never by one that a visitor makes up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse

from shopreco.checks import check_proxies, check_tenants
from tests.helpers.index import GADGET

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _count_from_zero() -> None:
    cache.clear()


def three_a_minute(**options: Any) -> override_settings:
    rates = {"shopreco-search": "3/min", "shopreco-photo": "3/min"}
    return override_settings(REST_FRAMEWORK={"DEFAULT_THROTTLE_RATES": rates, **options})


def codes(**headers: Any) -> Iterator[int]:
    """Of five searches, from other addresses each if the header is believed."""
    for number in range(5):
        extra = {name: value.format(number) for name, value in headers.items()}
        yield Client().get(reverse("shopreco:search"), {"catalogue": GADGET}, **extra).status_code


def test_a_made_up_header_is_not_believed() -> None:
    with three_a_minute():
        assert list(codes(HTTP_X_FORWARDED_FOR="10.0.0.{}")) == [200, 200, 200, 429, 429]


def test_nor_is_it_for_photos() -> None:
    with three_a_minute():
        answers = [
            Client().post(reverse("shopreco:search-image"), HTTP_X_FORWARDED_FOR=f"10.0.0.{n}")
            for n in range(4)
        ]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]


def test_behind_a_proxy_that_is_declared_its_word_counts() -> None:
    """What a visitor writes stands before what the proxy adds."""
    with three_a_minute(NUM_PROXIES=1):
        assert list(codes(HTTP_X_FORWARDED_FOR="made up, 10.0.0.{}")) == [200] * 5
        assert list(codes(HTTP_X_FORWARDED_FOR="{}, 192.0.2.9")) == [200, 200, 200, 429, 429]


def test_where_there_is_no_address_nobody_pays_for_another() -> None:
    """As behind a proxy on a Unix socket."""
    with three_a_minute():
        assert list(codes(REMOTE_ADDR="")) == [200] * 5


def test_a_likely_proxy_without_a_number_is_a_warning() -> None:
    header = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}
    with override_settings(**header), three_a_minute():
        [warning] = check_proxies(None)
        assert warning.id == "shopreco.W001"
        assert "NUM_PROXIES" in str(warning.hint)
    with override_settings(**header), three_a_minute(NUM_PROXIES=1):
        assert check_proxies(None) == []
    with three_a_minute():
        assert check_proxies(None) == []


def test_an_index_that_tenants_share_is_an_error() -> None:
    with override_settings(TENANT_APPS=["django.contrib.auth", "tests.testapp"]):
        [error] = check_tenants(None)
        assert error.id == "shopreco.E004"
    with override_settings(TENANT_APPS=["shopreco", "tests.testapp"]):
        assert check_tenants(None) == []
