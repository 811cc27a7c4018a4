"""Lists of the demo shop over a real index: their counts are promises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from demo_shop import glossary
from demo_shop.models import Brand, Category, Product
from shopreco.models import Item
from tests.helpers.demo import CATALOGUE, CUSHIONS
from tests.helpers.index import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]


@pytest.fixture(autouse=True)
def _static_files() -> None:
    # WhiteNoise warns of a folder that `collectstatic` has not made yet.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    glossary.forget()


def test_a_category_has_all_that_lies_below_it(client: Client) -> None:
    home = Category.objects.get(path="Home")
    listing = client.get("/c/home/").context["listing"]
    assert not listing.resting
    assert listing.total == Product.objects.live().top_level().in_category(home).count()


@pytest.mark.parametrize("address", ["/c/home/", "/search/", "/search/?q=desk+lamp"])
def test_facets_narrow_to_exactly_what_they_promise(client: Client, address: str) -> None:
    listing = client.get(address).context["listing"]
    assert not listing.resting
    assert listing.boxes
    for box in listing.boxes:
        for tick in box.ticks:
            joint = "&" if "?" in address else "?"
            query = urlencode({box.parameter: tick.value})
            narrowed = client.get(f"{address}{joint}{query}").context["listing"]
            assert narrowed.total == tick.count, (box.parameter, tick.value)


def test_the_variant_that_was_asked_for_is_on_the_card_and_leads_to_its_page(
    client: Client,
) -> None:
    response = client.get("/search/?q=green+garden+chair")
    assert response.context["listing"].products[0].title == "Garden chair green"
    assert 'href="/p/chair-green/"' in response.content.decode()
    [chair] = client.get("/search/?q=garden+chair&f.colour=Blue").context["listing"].products
    assert chair.title == "Garden chair blue"
    first = client.get("/search/?q=garden+chair").context["listing"].products[0]
    assert first.title == "Garden chair", "nothing tells the colours apart"


def test_filters_that_make_no_sense_give_an_empty_list_not_an_error(client: Client) -> None:
    for query in ("f.price=abc", "f.site=abc", "f.language=xx", "f.available=perhaps"):
        assert client.get(f"/search/?{query}").status_code == 200


def add_cushions(number: int) -> None:
    """So many more, old ones, as the index would write them."""
    shelf, brand = Category.objects.get(path=CUSHIONS), Brand.objects.get(name="Marlow")
    Product.objects.bulk_create(
        Product(
            sku=f"MANY-{n}",
            slug=f"many-{n}",
            title=f"Cushion number {n}",
            brand=brand,
            price=100 + n % 50,
            stock=1,
            created=timezone.now() - timedelta(days=900),
        )
        for n in range(number)
    )
    made = dict(Product.objects.filter(sku__startswith="MANY-").values_list("pk", "price"))
    Product.categories.through.objects.bulk_create(
        Product.categories.through(product_id=pk, category_id=shelf.pk) for pk in made
    )
    like = Item.objects.get(title="Linen cushion")
    Item.objects.bulk_create(
        Item(
            catalogue=like.catalogue,
            object_id=str(pk),
            title="Cushion",
            language="en",
            group_id=group,
            price=price,
            shown_price=price,
            currency="EUR",
            shown_currency="EUR",
            facet_codes=like.facet_codes,
            visibility_codes=like.visibility_codes,
            outcome="indexed",
        )
        for group, (pk, price) in enumerate(made.items())
    )


def test_a_category_of_more_than_ten_thousand_says_so_and_counts_them_all(client: Client) -> None:
    many = 10_050
    add_cushions(many)
    response = client.get("/c/home/textiles/cushions/", {"sort": "price_desc"})
    assert "10,000+ products" in response.content.decode()
    listing = response.context["listing"]
    [brands] = [box for box in listing.boxes if box.parameter == "f.brand"]
    assert {tick.value: tick.count for tick in brands.ticks} == {"Marlow": many + 2}
    assert [product.price for product in listing.products] == [149] * 24
    narrowed = client.get("/c/home/textiles/cushions/", {"price_max": "99"}).context["listing"]
    assert (narrowed.total, narrowed.more) == (2, False)


def test_what_is_chosen_can_be_taken_back(client: Client) -> None:
    response = client.get("/c/home/", {"price_max": "99", "f.brand": "Nobody"})
    [brands] = [box for box in response.context["listing"].boxes if box.parameter == "f.brand"]
    assert ("Nobody", 0, True) in [(t.value, t.count, t.selected) for t in brands.ticks]
    assert 'name="price_max"' in response.content.decode()


def add_brands(number: int) -> None:
    """So many more, each with a lamp of a material of its own, all of them indexed."""
    lamp = Product.objects.get(title="Brass desk lamp")
    for n in range(number):
        other = Product.objects.create(
            sku=f"BRAND-{n}",
            slug=f"brand-{n}",
            title=lamp.title,
            brand=Brand.objects.create(name=f"Brand {n}", name_zh=f"牌 {n}"),
            price=lamp.price,
            stock=1,
            attributes={"material": f"alloy {n}"},
        )
        other.categories.set(lamp.categories.all())
    drain(CATALOGUE)


def asks(read: Callable[[], object]) -> tuple[int, int]:
    """How often reading asks the database, and how often the cache."""
    with redis.from_url(settings.CACHES["default"]["LOCATION"]) as server:

        def gets() -> int:
            return int(server.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"])

        before = gets()
        with CaptureQueriesContext(connection) as queries:
            read()
        return len(queries), gets() - before


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_page_asks_no_more_often_the_more_values_there_are_to_tick(
    client: Client, language: str
) -> None:
    client.cookies["django_language"] = language

    def ticks() -> int:
        boxes = client.get("/search/?q=desk+lamp").context["listing"].boxes
        return sum(len(box.ticks) for box in boxes)

    def least() -> tuple[int, int]:
        # What a process keeps for a moment only is read again by one page of several.
        return min(asks(ticks) for _ in range(4))

    few, asked = ticks(), least()
    add_brands(20)
    assert ticks() >= few + 40
    assert least() == asked
