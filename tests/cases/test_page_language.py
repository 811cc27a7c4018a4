"""What a page loads later speaks its language, and its scripts carry its nonce."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from csp.constants import NONCE, SELF
from django.conf import LazySettings
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client
from django.urls import include, path, reverse

from tests.helpers.demo import unthrottled
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = """{% load shopreco %}{% search_box "/search/" catalogue="testapp.gadget" %}
{% recommendations gadget "product-similar" lazy=True %}"""


def page(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string(PAGE)
    return HttpResponse(template.render({"gadget": Gadget.objects.first()}, request))


urlpatterns = [
    path("shopreco/", include("shopreco.api.urls")),
    *i18n_patterns(path("p/", page)),
]


@pytest.fixture
def client(settings: LazySettings) -> Client:
    settings.ROOT_URLCONF = __name__
    for number in range(4):
        Gadget.objects.create(name=f"desk lamp {number}")
    index()
    return Client(HTTP_ACCEPT_LANGUAGE="en")


def address(shown: str, attribute: str) -> str:
    found = re.search(rf'{attribute}="([^"]*)"', shown)
    assert found, shown
    return html.unescape(found[1])


def loaded(client: Client, url: str, **data: Any) -> Any:
    with unthrottled():
        response = client.get(url, data)
    assert response.status_code == 200, response.content
    return response


def test_a_lazy_block_has_the_language_of_its_page(client: Client) -> None:
    for language, heading in (("zh-hans", "相似商品"), ("en", "Similar products")):
        shown = client.get(f"/{language}/p/").content.decode()
        block = loaded(client, address(shown, "data-shopreco-block"))
        assert heading in block.content.decode()
        assert block.headers["Content-Language"] == language


def test_so_have_suggestions_and_what_scripts_are_told(client: Client) -> None:
    shown = client.get("/zh-hans/p/").content.decode()
    answer = loaded(client, address(shown, "data-shopreco-suggest") + "&q=desk")
    assert answer.headers["Content-Language"] == "zh-hans"
    assert answer.json()["suggestions"]


def test_json_is_in_the_language_that_is_asked_for(client: Client) -> None:
    url = reverse("shopreco:similar", args=[Gadget.objects.earliest("pk").pk])
    for language in ("en", "zh-hans"):
        answer = loaded(client, url, catalogue=GADGET, language=language)
        assert answer.headers["Content-Language"] == language


def test_a_language_that_the_shop_does_not_speak_changes_nothing(client: Client) -> None:
    seed = Gadget.objects.earliest("pk").pk
    url = reverse("shopreco:block", args=["product-similar"])
    for language in ("de", "../x", "zh-hans-x"):
        block = loaded(client, url, id=seed, catalogue=GADGET, language=language)
        assert "Similar products" in block.content.decode()


def test_scripts_carry_the_nonce_of_a_policy_that_asks_for_one(
    client: Client, settings: LazySettings
) -> None:
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"script-src": [SELF, NONCE]}}
    response = client.get("/en/p/")
    [nonce] = set(re.findall(r'<script [^>]*nonce="([^"]+)"', response.content.decode()))
    assert f"'nonce-{nonce}'" in response.headers["Content-Security-Policy"]
    assert response.content.decode().count("<script") == response.content.decode().count("nonce=")


def test_djangos_own_nonce_is_taken_too(client: Client, settings: LazySettings) -> None:
    """That of Django 6, which counts as false before it is used."""

    class Lazy:
        def __bool__(self) -> bool:
            return False

        def __str__(self) -> str:
            return "abc123"

    request = client.get("/en/p/").wsgi_request
    del request.csp_nonce
    request._csp_nonce = Lazy()
    assert 'nonce="abc123"' in page(request).content.decode()
    del request._csp_nonce
    assert "nonce" not in page(request).content.decode()
