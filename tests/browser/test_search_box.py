"""The search box in a real browser, under a Content-Security-Policy that allows nothing inline."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.urls import include, path

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls(__name__),
    pytest.mark.usefixtures("live_shop"),
]

PAGE = """{% load shopreco static %}<!doctype html>
<html lang="en"><head><title>Shop</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{% static 'shopreco/shopreco.css' %}"></head>
<body><main><h1>Shop</h1>{% search_box facet_prefix="f." %}<p>Some text of the page.</p>
<p id="asked">{{ request.GET.urlencode }}</p></main></body></html>"""


def page_with_box(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return HttpResponse(Template(PAGE).render(RequestContext(request)))


urlpatterns = [
    path("", page_with_box),
    path("search/", page_with_box, name="search"),
    path("p/<slug:slug>/", page_with_box, name="product"),
    path("shopreco/", include("shopreco.api.urls")),
]


@pytest.fixture
def box(page: Any, live_server: Any) -> Any:
    """The field on an open page."""
    page.goto(live_server.url)
    return page.get_by_role("combobox", name="Search the shop")


def options(page: Any) -> list[str]:
    return [each.inner_text() for each in page.get_by_role("option").all()]


def type_and_wait(box: Any, text: str) -> None:
    # All at once: on a slow machine a pause between keys would ask for a part of the word.
    box.focus()
    box.fill(text)
    box.page.get_by_role("option").first.wait_for()


def test_suggestions_appear_while_typing(page: Any, box: Any, axe: Callable[..., Any]) -> None:
    assert box.get_attribute("aria-expanded") == "false"
    assert axe(page) == []
    type_and_wait(box, "bras")
    assert box.get_attribute("aria-expanded") == "true"
    listed = page.get_by_role("listbox", name="Suggestions")
    assert listed.get_attribute("id") == box.get_attribute("aria-controls")
    assert any("Brass desk lamp" in option for option in options(page))
    assert "Suggestions: " in page.get_by_role("status").inner_text()
    assert axe(page) == []


def test_the_keyboard_moves_chooses_and_closes(page: Any, box: Any) -> None:
    type_and_wait(box, "bras")
    count = page.get_by_role("option").count()
    box.press("ArrowDown")
    first = page.get_by_role("option").first
    assert box.get_attribute("aria-activedescendant") == first.get_attribute("id")
    assert first.get_attribute("aria-selected") == "true"
    box.press("ArrowUp")
    assert box.get_attribute("aria-activedescendant") is None
    box.press("ArrowUp")
    last = page.get_by_role("option").nth(count - 1)
    assert last.get_attribute("aria-selected") == "true"
    box.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    assert page.get_by_role("option").count() == 0
    assert box.input_value() == "bras"
    box.press("ArrowDown")
    page.get_by_role("option").first.wait_for()


def test_enter_without_a_choice_searches_for_what_was_typed(page: Any, box: Any) -> None:
    type_and_wait(box, "bras")
    box.press("Enter")
    page.wait_for_url("**/search/?q=bras")
    assert box.input_value() == "bras"


def test_a_suggested_query_is_searched_for(page: Any, box: Any) -> None:
    type_and_wait(box, "bras")
    assert page.get_by_role("option").first.get_attribute("data-kind") == "query"
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/search/?q=brass")


def test_a_suggested_product_opens_its_page(page: Any, box: Any) -> None:
    type_and_wait(box, "brass des")
    page.locator("[data-kind=product]").first.click()
    page.wait_for_url("**/p/product-1/")


def test_a_suggested_brand_becomes_a_filter(page: Any, box: Any) -> None:
    type_and_wait(box, "fenn")
    page.locator("[data-kind=brand]").first.click()
    page.wait_for_url("**/search/?f.brand=Fennel")


def test_leaving_the_field_closes_the_list(page: Any, box: Any) -> None:
    type_and_wait(box, "bras")
    box.press("Tab")
    assert box.get_attribute("aria-expanded") == "false"


def test_only_the_last_of_quick_keystrokes_is_asked_for(page: Any, box: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda r: "autocomplete" in r.url and asked.append(r.url))
    box.evaluate(
        """field => { for (const text of ["d", "desk", "desk lam"]) {
            field.value = text;
            field.dispatchEvent(new Event("input", { bubbles: true }));
        } }"""
    )
    page.get_by_role("option").first.wait_for()
    assert len(asked) == 1
    assert asked[0].endswith("q=desk+lam")


def test_an_answer_that_is_overtaken_is_not_shown(page: Any, box: Any) -> None:
    held: list[Any] = []
    page.route(re.compile("q=bras$"), lambda route: held.append(route))  # noqa: PLW0108 (Playwright counts a callable's arguments)
    with page.expect_request(re.compile("q=bras$")), page.expect_event("requestfailed"):
        box.press_sequentially("bras", delay=20)
        page.wait_for_timeout(300)
        box.fill("fenn")
    page.locator("[data-kind=brand]").first.wait_for()
    assert len(held) == 1
    assert not any("Brass" in option for option in options(page))


def test_no_suggestions_are_said_so(page: Any, box: Any) -> None:
    box.press_sequentially("qqqqqqqq")
    page.get_by_text("No suggestions").wait_for(state="attached")
    assert box.get_attribute("aria-expanded") == "false"


def test_without_script_it_is_a_form(chromium: Any, live_server: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url)
    page.get_by_role("textbox", name="Search the shop").fill("lamp")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/search/?q=lamp")
    context.close()
