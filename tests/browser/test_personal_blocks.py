"""Blocks about what a visitor did, in a browser: a click changes what the next page shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from demo_shop.models import Product
from shopreco.models import Event
from tests.helpers.demo import index_products
from tests.helpers.shoppers import BROWSER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("large_enough"),
]

FOR_YOU, RECENT = "home-for-you", "home-recently-viewed"
REASONS = f'[data-placement="{FOR_YOU}"] .reasons a'
LAMP = "Brass desk lamp"


@pytest.fixture(autouse=True)
def _consent(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "CONSENT": "demo_shop.consent.allowed"}


@pytest.fixture
def large_enough(live_shop: None) -> None:
    """What is new on the home page leaves something for the other blocks."""
    for n in range(8):
        Product.objects.create(
            sku=f"N{n}", slug=f"new-{n}", title=f"Teapot number {n}", price=9, stock=3
        )
    index_products()


@pytest.fixture
def open_browser(chromium: Any) -> Iterator[Callable[[], Any]]:
    """A page of a fresh profile, which names itself as people's do."""
    pages = []

    def fresh() -> Any:
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, user_agent=BROWSER)
        pages.append(context.new_page())
        return pages[-1]

    yield fresh
    # What is told at the end arrives before the tables are emptied.
    for page in pages:
        page.goto("about:blank")
        page.wait_for_timeout(500)
        page.context.close()


def go_home(page: Any, live_server: Any, choice: str = "") -> None:
    page.goto(live_server.url)
    if choice:
        with page.expect_response("**/consent/"):
            page.get_by_role("button", name=choice).click()
        page.wait_for_load_state()


def block(page: Any, name: str = FOR_YOU) -> list[str]:
    """The titles of a block, once it is near and there."""
    placed = f'[data-placement="{name}"]'
    page.locator(placed).evaluate("each => each.scrollIntoView()")
    page.locator(f"{placed}[data-rec-id]").wait_for()
    titles: list[str] = page.locator(f"{placed} .card-title").all_inner_texts()
    return titles


def view(page: Any, live_server: Any, title: str) -> None:
    page.goto(live_server.url + Product.objects.get(title=title).get_absolute_url())
    page.wait_for_function("() => sessionStorage.length")  # the shop has answered that it may


def reasons(page: Any) -> set[str]:
    return set(page.locator(REASONS).all_inner_texts())


def test_a_click_changes_the_block_for_you_on_the_next_page(
    open_browser: Callable[[], Any], live_server: Any, axe: Any
) -> None:
    page = open_browser()
    go_home(page, live_server, "Yes, for me")
    before = block(page)
    assert before
    assert reasons(page) == set()

    page.get_by_role("link", name=LAMP).first.click()
    page.get_by_role("heading", level=1, name=LAMP).wait_for()
    page.wait_for_function("() => sessionStorage.length")
    page.get_by_role("banner").get_by_role("link", name="Alder Lane").click()

    after = block(page)
    assert after != before
    assert LAMP not in after
    assert reasons(page) == {f"Because you viewed {LAMP}"}
    assert axe(page) == []
    page.locator(REASONS).first.click()
    page.get_by_role("heading", level=1, name=LAMP).wait_for()
    page.wait_for_timeout(3_000)
    chosen = Event.objects.filter(name="select_recommendation")
    assert chosen.count() <= 1, "a reason is no choice of the product"


def test_what_the_tab_remembers_serves_where_nobody_is_recognised(
    open_browser: Callable[[], Any], live_server: Any
) -> None:
    page = open_browser()
    go_home(page, live_server, "Only to count")
    view(page, live_server, LAMP)
    go_home(page, live_server)
    block(page)
    assert reasons(page) == {f"Because you viewed {LAMP}"}
    assert block(page, RECENT) == [LAMP]
    assert "shopreco_visitor" not in {each["name"] for each in page.context.cookies()}


def test_without_consent_the_shop_remembers_nothing(
    open_browser: Callable[[], Any], live_server: Any
) -> None:
    page = open_browser()
    go_home(page, live_server, "No")
    page.goto(live_server.url + Product.objects.get(title=LAMP).get_absolute_url())
    page.wait_for_timeout(3_000)
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    go_home(page, live_server)
    assert block(page)
    assert reasons(page) == set()


def test_two_visitors_see_nothing_of_each_other(
    open_browser: Callable[[], Any], live_server: Any
) -> None:
    titles = (LAMP, "Linen cushion")
    pages = [open_browser() for _title in titles]
    for page, title in zip(pages, titles, strict=True):
        go_home(page, live_server, "Yes, for me")
        view(page, live_server, title)
    for page, title in zip(pages, titles, strict=True):
        go_home(page, live_server)
        block(page)
        assert reasons(page) == {f"Because you viewed {title}"}
        assert block(page, RECENT) == [title]
