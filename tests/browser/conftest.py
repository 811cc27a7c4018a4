"""A real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing; in CI browser tests have to run.")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Playwright's browser object, for one file: its event loop runs in the thread of the tests,
    where others start one of their own."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright (extra `dev`)")
    if not Path(CHROMIUM).exists():
        _missing(f"{CHROMIUM} (Debian's package `chromium`)")
    with sync_playwright() as playwright:
        # The ORM of the tests is not called from Playwright's event loop.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    """A fresh browser profile (Playwright's BrowserContext). Errors on its pages fail the test.

    Its visitor has refused to be remembered, and tells no events: some would arrive after the test.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    refused = {"name": "consent", "value": "none", "domain": "localhost", "path": "/"}
    context.add_cookies([refused])
    nothing = {"body": "", "content_type": "text/javascript"}
    context.route("**/shopreco/events*.js", lambda route: route.fulfill(**nothing))
    context.set_default_timeout(45_000)
    errors: list[str] = []

    def note(message: Any) -> None:
        # Pages of Django's admin name no icon, so the browser asks for one that is not there.
        if message.type == "error" and "favicon.ico" not in message.location["url"]:
            errors.append(message.text)

    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("console", note)
    yield context
    context.close()
    assert errors == [], "errors in the browser's console"


@pytest.fixture
def page(browser: Any) -> Any:
    return browser.new_page()


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[str]]:
    """`axe(page)`: accessibility violations of the page as it stands, one readable line each.
    `axe(page, "color-contrast")` looks for those of one rule, such as what a theme may break."""

    def violations(page: Any, rule: str = "") -> list[str]:
        from axe_playwright_python.sync_playwright import Axe

        options = {"runOnly": {"type": "rule", "values": [rule]}} if rule else None
        found = Axe().run(page, options=options).response["violations"]
        return [
            f"{rule['id']}: {rule['help']}: {node['html']}"
            for rule in found
            for node in rule["nodes"]
        ]

    return violations
