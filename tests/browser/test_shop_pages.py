"""The demo shop in a browser: what visitors do, with and without script, on phones and desks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile

from demo_shop.models import Product
from tests.helpers.demo import index_products
from tests.helpers.media import drawing, encoded, video

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("live_shop"),
]

ADDRESSES = [
    "/",
    "/c/home/",
    "/c/home/lighting/desk-lamps/",
    "/search/?q=desk+lamp",
    "/search/?q=desk+lamp&f.brand=Fennel&available=1",
    "/search/?f.brand=Nobody",
    "/p/product-1/",
    "/p/chair/",
    "/cart/",
]
SCREENS = {"phone": (360, 740), "tablet": (820, 1180), "desk": (1440, 900)}


@pytest.fixture(autouse=True)
def _static_files() -> None:
    # WhiteNoise warns of a folder that `collectstatic` has not made yet.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_accessible_and_fits(
    page: Any, live_server: Any, axe: Callable[..., list[str]], screen: str
) -> None:
    width, height = SCREENS[screen]
    page.set_viewport_size({"width": width, "height": height})
    for address in ADDRESSES:
        page.goto(live_server.url + address)
        assert_accessible_and_fits(page, axe)
    page.goto(f"{live_server.url}/p/product-3/")
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart/")
    assert_accessible_and_fits(page, axe)


def assert_accessible_and_fits(page: Any, axe: Callable[..., list[str]]) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.wait_for_load_state("networkidle")
    assert axe(page) == [], page.url
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert axe(page, "color-contrast") == [], f"{page.url} in the dark"
    assert_fits(page)


def assert_fits(page: Any) -> None:
    room = page.evaluate("innerWidth - document.documentElement.scrollWidth")
    assert room >= 0, f"{page.url} is wider than the screen"


@pytest.mark.parametrize("width", [360, 820, 1024, 1440])
def test_eight_products_on_the_home_page_leave_no_hole(
    page: Any, live_server: Any, width: int
) -> None:
    Product.objects.create(sku="N1", slug="new", title="Round teapot", price=9, stock=3)
    index_products()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(live_server.url)
    grid = page.locator("section[aria-labelledby=newest] .grid")
    columns = grid.evaluate("grid => getComputedStyle(grid).gridTemplateColumns").split()
    assert grid.get_by_role("article").count() == 8
    assert 8 % len(columns) == 0


def test_chinese_pages_are_accessible_too(
    page: Any, live_server: Any, axe: Callable[..., list[str]]
) -> None:
    page.goto(f"{live_server.url}/p/product-1/")
    page.get_by_role("button", name="中文").click()
    page.get_by_role("button", name="加入购物车").wait_for()
    assert page.url == f"{live_server.url}/p/product-1/"
    assert axe(page) == []
    page.goto(f"{live_server.url}/c/home/")
    page.get_by_text("只看有货").wait_for()
    assert axe(page) == []
    page.get_by_role("button", name="English").click()
    page.get_by_text("In stock only").wait_for()


def test_a_facet_shows_exactly_as_many_as_it_promised(page: Any, live_server: Any) -> None:
    page.goto(f"{live_server.url}/search/?q=desk+lamp")
    tick = page.locator("label.tick", has_text="Fennel")
    promised = tick.locator(".number").inner_text()
    tick.click()
    page.wait_for_url("**f.brand=Fennel**")
    assert "price_min" not in page.url
    page.get_by_role("status").filter(has_text=f"{promised} product").wait_for()
    assert set(page.locator(".card-brand").all_inner_texts()) == {"Fennel"}
    page.get_by_role("link", name="Remove all filters").click()
    page.wait_for_url("**/search/?q=desk%20lamp")


def test_facets_stand_beside_the_products_or_open_on_a_phone(page: Any, live_server: Any) -> None:
    page.goto(f"{live_server.url}/c/home/")
    page.get_by_text("In stock only").wait_for()
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_text("In stock only").wait_for(state="hidden")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_text("In stock only").wait_for()


def test_prices_and_order_narrow_and_sort(page: Any, live_server: Any) -> None:
    page.goto(f"{live_server.url}/c/home/")
    page.get_by_label("Sort by").select_option("price_desc")
    page.wait_for_url("**sort=price_desc**")
    page.get_by_label("Highest price").fill("50")
    page.get_by_role("button", name="Apply").first.click()
    page.wait_for_url("**price_max=50**")
    prices = [
        float(re.sub(r"[^\d.]", "", each))
        for each in page.locator(".card .price").all_inner_texts()
    ]
    assert prices
    assert max(prices) <= 50
    assert prices == sorted(prices, reverse=True)


def test_suggestions_lead_to_a_narrowed_list(page: Any, live_server: Any) -> None:
    page.goto(live_server.url)
    page.get_by_role("combobox", name="Search the shop").press_sequentially("fenn", delay=20)
    page.get_by_role("option").filter(has_text="Brand").click()
    page.wait_for_url("**f.brand=Fennel**")
    assert set(page.locator(".card-brand").all_inner_texts()) == {"Fennel"}


def test_a_variant_is_chosen_bought_and_taken_out_again(page: Any, live_server: Any) -> None:
    page.goto(f"{live_server.url}/p/chair/")
    page.get_by_role("group", name="Colour").get_by_role("link", name="Blue").click()
    page.wait_for_url("**/p/chair-blue/")
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("status").filter(has_text="is in your cart").wait_for()
    assert page.locator(".sum strong").inner_text() == "€100.00"
    page.wait_for_load_state()  # the script that watches the field is deferred
    page.get_by_label("Quantity of Garden chair blue").fill("1")
    page.get_by_label("Quantity of Garden chair blue").press("Tab")
    page.locator(".sum strong", has_text="€50.00").wait_for()
    page.get_by_role("button", name="Remove Garden chair blue").click()
    page.get_by_text("There is nothing in it yet.").wait_for()


def test_similar_products_come_in_the_look_of_the_shop(page: Any, live_server: Any) -> None:
    page.goto(f"{live_server.url}/p/product-1/")
    page.locator("[data-placement=product-similar] .card").first.scroll_into_view_if_needed()
    links = page.locator("[data-placement=product-similar] .card a")
    assert links.count() > 2
    assert "/p/product-1/" not in [each.get_attribute("href") for each in links.all()]


def test_a_video_takes_the_place_of_the_picture_and_plays_when_asked(
    page: Any, live_server: Any, axe: Callable[..., list[str]]
) -> None:
    product = Product.objects.get(sku="AL-0001")
    product.image.save("lamp.png", ContentFile(encoded(drawing(), "PNG")))
    product.video.save("lamp.mp4", ContentFile(video([(drawing(), 50)])))
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{live_server.url}/p/product-1/")
    assert axe(page) == []
    place = page.locator(".gallery-main").bounding_box()
    film = page.get_by_label("Video of Brass desk lamp")
    assert film.evaluate("video => video.paused && video.readyState === 0")
    page.get_by_role("link", name="Watch the video").click()
    film.evaluate("video => new Promise((seen) => { video.ontimeupdate = seen; })")
    assert film.bounding_box()["x"] == pytest.approx(place["x"], abs=1)
    page.get_by_role("link", name="Picture 1").click()
    assert film.evaluate("video => video.paused")
    assert page.locator(".gallery-main").bounding_box() == place


def test_the_keyboard_gets_past_the_header(page: Any, live_server: Any) -> None:
    page.goto(live_server.url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_everything_works_without_script(chromium: Any, live_server: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/search/")
    page.get_by_label("Search the shop").fill("desk lamp")
    page.get_by_role("button", name="Search").click()
    page.get_by_label(re.compile("Fennel")).check()
    page.locator(".narrow-fields > button").click()
    page.wait_for_url("**f.brand=Fennel**")
    assert set(page.locator(".card-brand").all_inner_texts()) == {"Fennel"}
    page.get_by_role("article").filter(has_not_text="Sold out").get_by_role("link").first.click()
    page.get_by_role("button", name="Add to cart").click()
    page.set_viewport_size({"width": 360, "height": 740})
    assert_fits(page)
    page.get_by_label(re.compile("Quantity of")).fill("0")
    page.get_by_role("button", name="Change").click()
    page.get_by_text("There is nothing in it yet.").wait_for()
    context.close()
