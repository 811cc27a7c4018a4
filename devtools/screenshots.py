"""Screenshots: open the main pages of a running demo in Chromium and write them as PNG files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
"""Debian's browser; where it is missing, Playwright's own is used."""
CHROMIUM_OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
SCREENS: Mapping[str, tuple[int, int]] = {"desktop": (1440, 900), "phone": (390, 844)}
QUERY = "keep my feet warm in winter"
MILLISECONDS = 30_000
"""A page that has not come by then is an error."""

# Pictures and blocks that wait until they are near the screen have to be there as well. They notice
# it in a frame, which a busy machine draws late.
SCROLL = """async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
        scrollTo(0, y);
        await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 50)));
    }
    scrollTo(0, 0);
}"""
# In the row of a block some stand beside the screen, where they are never loaded.
ALL_PICTURES = """() => [...document.images].every(
    each => each.complete || each.getBoundingClientRect().left > innerWidth
)"""
ALL_BLOCKS = "() => !document.querySelector('[data-shopreco-block]')"
NOT_FOR_SALE = re.compile("Sold out|Price on request")
"""A card that says so leads to a page without "Add to cart"."""


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Run Chromium without a window, until the block ends."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM if CHROMIUM.exists() else None, args=CHROMIUM_OPTIONS
        )
        yield browser
        browser.close()


def take_screenshots(
    browser: Browser, folder: Path, address: str, user: str, password: str, *, query: str = QUERY
) -> Iterator[Path]:
    """Write `<page>-<screen>.png` for every page and screen; yield each path once it is written.

    Args:
        address: of the demo, such as `http://127.0.0.1:8000`.
        user: one who may see the admin.
        query: a search that finds a product which can be bought.

    Raises:
        playwright.sync_api.Error: a page does not come, or lacks what has to be pressed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for screen, (width, height) in SCREENS.items():
        context = browser.new_context(
            base_url=address,
            viewport={"width": width, "height": height},
            locale="en-GB",
            reduced_motion="reduce",
        )
        context.set_default_timeout(MILLISECONDS)
        page = context.new_page()
        for name in chain(_visit_shop(page, query), _visit_admin(page, user, password)):
            path = folder / f"{name}-{screen}.png"
            _settle(page)
            page.screenshot(path=path, full_page=True)
            yield path
        context.close()


def _visit_shop(page: Page, query: str) -> Iterator[str]:
    """Visit the pages of the shop as a shopper does; yield the name of each while it is open."""
    page.goto("/")
    yield "home"
    page.get_by_role("navigation", name="Departments").get_by_role("link").first.click()
    yield "category"
    box = page.get_by_role("search").get_by_role("combobox")
    box.fill(query)
    box.press("Enter")
    page.wait_for_url("**/search/**")
    yield "search"
    cards = page.get_by_role("article").filter(has_not_text=NOT_FOR_SALE)
    cards.get_by_role("link").first.click()
    page.wait_for_url("**/p/**")
    yield "product"
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart/")
    yield "cart"


def _visit_admin(page: Page, user: str, password: str) -> Iterator[str]:
    """Log in and visit the admin; yield the name of each page while it is open."""
    page.goto("/admin/login/?next=/admin/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")
    yield "admin"
    page.goto("/admin/shopreco/item/")
    yield "admin-items"


def _settle(page: Page) -> None:
    """Wait until nothing on the page is still to come."""
    page.wait_for_load_state("networkidle")
    page.evaluate(SCROLL)
    page.wait_for_function(ALL_BLOCKS)
    page.evaluate(SCROLL)  # the blocks that have come bring pictures
    page.wait_for_function(ALL_PICTURES)
