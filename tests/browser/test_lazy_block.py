"""A block that is loaded when it comes near the viewport."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.urls import include, path

from demo_shop.models import Product

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls(__name__),
    pytest.mark.usefixtures("live_shop"),
]

# Templates of a shop that overrides nothing.
PAGE = """{% load shopreco static %}<!doctype html>
<html lang="en"><head><title>{{ product }}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{% static 'shopreco/shopreco.css' %}"></head>
<body><main><h1>{{ product }}</h1><svg width="10" height="{{ height }}" aria-hidden="true"></svg>
{% recommendations product "product-similar" limit=3 lazy=True %}
{% if two %}{% recommendations product "product-substitute" limit=3 lazy=True %}{% endif %}
</main></body></html>"""


def product_page(request: HttpRequest, slug: str) -> HttpResponse:
    context = {
        "product": Product.objects.get(slug=slug),
        "height": request.GET.get("height", "10"),
        "two": "two" in request.GET,
    }
    return HttpResponse(Template(PAGE).render(RequestContext(request, context)))


urlpatterns = [
    path("p/<slug:slug>/", product_page, name="product"),
    path("shopreco/", include("shopreco.api.urls")),
]


def requests_of(page: Any) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda request: "/blocks/" in request.url and asked.append(request.url))
    return asked


def test_blocks_in_view_are_loaded_and_do_not_repeat_each_other(
    page: Any, live_server: Any, axe: Callable[..., Any]
) -> None:
    page.goto(f"{live_server.url}/p/product-2/")
    page.locator("[data-rec-id]").wait_for()
    assert page.locator("[data-item-id]").count() == 3
    assert page.locator("[data-shopreco-block]").count() == 0
    page.get_by_role("heading", level=2).wait_for()
    assert axe(page) == []
    page.goto(f"{live_server.url}/p/product-2/?two")
    page.locator("[data-rec-id] ~ [data-rec-id]").wait_for()
    shown = page.locator("[data-item-id]").evaluate_all("all => all.map(e => e.dataset.itemId)")
    assert len(shown) == len(set(shown)) > 3


def test_a_block_far_below_waits_until_it_is_near(page: Any, live_server: Any) -> None:
    asked = requests_of(page)
    page.goto(f"{live_server.url}/p/product-2/?height=5000")
    page.wait_for_timeout(500)
    assert asked == []
    page.mouse.wheel(0, 6000)
    page.locator("[data-rec-id]").wait_for()
    assert len(asked) == 1


def test_a_result_leads_to_its_page(page: Any, live_server: Any) -> None:
    page.goto(f"{live_server.url}/p/product-2/")
    link = page.locator("[data-item-id] a").first
    title = link.inner_text()
    link.click()
    page.get_by_role("heading", level=1, name=title).wait_for()


def test_a_block_without_results_leaves_nothing_behind(page: Any, live_server: Any) -> None:
    Product.objects.exclude(slug="product-2").update(active=False)
    page.goto(f"{live_server.url}/p/product-2/")
    page.locator("[data-shopreco-block]").wait_for(state="detached")
    assert page.locator("section").count() == 0


def test_a_block_that_cannot_be_had_is_left_out(page: Any, live_server: Any) -> None:
    page.route("**/blocks/**", lambda route: route.fulfill(status=204))
    page.goto(f"{live_server.url}/p/product-2/")
    page.locator("[data-shopreco-block]").wait_for(state="detached")
    assert page.locator("h1").inner_text() == "Steel desk lamp"
