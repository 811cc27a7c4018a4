"""Search by photo in a browser: chosen, dropped, pasted, with and without script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from demo_shop.models import Product
from tests.helpers.demo import index_products, unthrottled
from tests.helpers.photos import fill
from tests.helpers.processes import Process

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HAND_OVER = """(box, {bytes, type, kind}) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(bytes)], "picture", { type }));
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
        : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
    box.dispatchEvent(event);
}"""


@pytest.fixture(autouse=True)
def _photo_shop(
    transactional_db: None,
    tmp_path: Path,
    settings: Any,
    start_worker: Callable[..., Process],
) -> Iterator[None]:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    settings.SHOPRECO = {**settings.SHOPRECO, "PHOTO_DEADLINE": 10.0}
    with unthrottled():
        cache.clear()
        fill()
        index_products()
        start_worker()
        yield


@pytest.fixture
def lamp() -> Product:
    return Product.objects.get(title="Lamp number 0 in green")


def open_shop(page: Any, live_server: Any) -> Any:
    """The box on an open page, its panel open."""
    page.goto(live_server.url)
    page.locator("summary", has_text="Search by photo").click()
    return page.locator(".shopreco-box")


def assert_results_are_green(page: Any) -> None:
    page.wait_for_url("**/search/?photo=*")
    page.get_by_role("heading", name="Products like your photo").wait_for()
    titles = page.locator(".card-title").all_inner_texts()
    assert titles
    assert all(title.endswith("green") for title in titles)


@pytest.mark.parametrize("screen", [(360, 740), (1280, 900)])
def test_a_products_picture_finds_it(
    page: Any, live_server: Any, lamp: Product, axe: Callable[..., list[str]], screen: Any
) -> None:
    page.set_viewport_size({"width": screen[0], "height": screen[1]})
    box = open_shop(page, live_server)
    assert axe(page) == []
    page.get_by_label("Choose a picture").set_input_files(lamp.image.path)
    assert_results_are_green(page)
    box.locator("canvas").wait_for()
    assert axe(page) == []
    assert page.evaluate("innerWidth - document.documentElement.scrollWidth") >= 0
    words = page.get_by_role("combobox", name="Words beside your photo")
    words.fill("lamp number 0")
    words.press("Enter")
    page.wait_for_url("**q=lamp+number+0**")
    assert page.locator(".card-title").first.inner_text() == lamp.title
    page.get_by_role("link", name="Search without your photo").click()
    page.wait_for_url("**/search/?q=lamp+number+0")


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(
    page: Any, live_server: Any, lamp: Product, kind: str
) -> None:
    box = open_shop(page, live_server)
    picture = {"bytes": [*Path(lamp.image.path).read_bytes()], "type": "image/png", "kind": kind}
    box.evaluate(HAND_OVER, picture)
    assert_results_are_green(page)


def test_what_is_no_picture_is_said(page: Any, live_server: Any) -> None:
    box = open_shop(page, live_server)
    box.evaluate(HAND_OVER, {"bytes": [1, 2], "type": "application/pdf", "kind": "drop"})
    page.get_by_text("That is no picture.").wait_for()
    page.get_by_label("Choose a picture").set_input_files(
        {"name": "half.png", "mimeType": "image/png", "buffer": b"\x89PNG and no more"}
    )
    page.get_by_role("status").filter(has_text="damaged").wait_for()


def test_the_panel_opens_and_closes_by_keyboard(page: Any, live_server: Any) -> None:
    page.goto(live_server.url)
    button = page.locator("summary", has_text="Search by photo")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Drop a picture here").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("Drop a picture here").wait_for(state="hidden")
    assert button.evaluate("each => each === document.activeElement")


def test_without_script_it_is_a_form(chromium: Any, live_server: Any, lamp: Product) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    open_shop(page, live_server)
    page.get_by_label("Choose a picture").set_input_files(lamp.image.path)
    page.get_by_role("button", name="Search by photo").click()
    assert_results_are_green(page)
    context.close()
