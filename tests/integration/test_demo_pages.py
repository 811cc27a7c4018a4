"""The pages of the demo shop, asked for as a browser asks for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils.translation import override

from demo_catalogue import generator
from demo_catalogue.assortment import Assortment
from demo_catalogue.studio import Studio
from demo_catalogue.terms import key_of
from demo_shop import glossary
from demo_shop.cart import MAX_QUANTITY
from demo_shop.models import Brand, Category, Product, ProductRelation, Word
from demo_shop.templatetags.shop import first_level
from shopreco.catalogues import get_catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean_start(settings: Any) -> Iterator[None]:
    cache.clear()
    _forget()
    # WhiteNoise warns of a folder that `collectstatic` has not made yet.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    yield
    _forget()


def _forget() -> None:
    """What a process keeps of the shop, and each test of this file has a shop of its own."""
    glossary.forget()
    first_level.cache_clear()


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one test has drawn is there for the next."""
    return tmp_path_factory.mktemp("drawings")


@pytest.fixture
def shop(db: None) -> dict[str, Product]:
    """A lamp in two colours, a chair that is sold out, and a mug that was taken down."""
    lamps = Category.objects.get_or_create_path("Home > Lamps", ["家居", "灯具"])
    chairs = Category.objects.get_or_create_path("Home > Chairs", ["家居", "椅子"])
    brand = Brand.objects.create(name="Kestrel", name_zh="红隼")
    Word.objects.create(word="colour", english="Colour", chinese="颜色")
    Word.objects.create(word="Sage green", english="Sage green", chinese="鼠尾草绿")

    def product(sku: str, category: Category, **values: Any) -> Product:
        made = Product.objects.create(
            **{"sku": sku, "slug": sku.lower(), "title": sku, "price": Decimal(10), "stock": 3}
            | values
        )
        made.categories.add(category)
        return made

    lamp = product(
        "LAMP",
        lamps,
        title="Reading lamp",
        title_zh="阅读灯",
        brand=brand,
        price=Decimal("1249.50"),
        compare_at_price=Decimal(1300),
        attributes={"material": "Steel", "folds": True, "sale": False},
    )
    for colour in ("Sage green", "Black"):
        product(
            f"LAMP-{colour[:5].strip()}",
            lamps,
            parent=lamp,
            price=lamp.price,
            stock=2 if colour == "Black" else 0,
            attributes={"colour": colour},
        )
    product("CHAIR", chairs, title="Oak chair", stock=0)
    product("MUG", chairs, title="Mug", active=False)
    return {each.sku: each for each in Product.objects.all()}


@pytest.fixture
def get(client: Client) -> Callable[..., str]:
    def fetch(address: str, *, status: int = 200, language: str = "en") -> str:
        client.cookies["django_language"] = language
        response = client.get(address)
        assert response.status_code == status
        return response.content.decode()

    return fetch


def add(client: Client, product: Product, quantity: int = 1) -> None:
    client.post("/cart/add/", {"product": str(product.pk), "quantity": quantity})


def quantities(client: Client) -> dict[str, int]:
    lines = client.get("/cart/").context["lines"]
    return {line.product.sku: line.quantity for line in lines}


class TestEveryPage:
    @pytest.mark.parametrize(
        "address",
        ["/", "/c/home/", "/c/home/lamps/", "/search/?q=lamp", "/search/", "/p/lamp/", "/cart/"],
    )
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_is_there_in_both_languages_and_without_inline_code(
        self, shop: dict[str, Product], get: Callable[..., str], address: str, language: str
    ) -> None:
        page = get(address, language=language)
        assert f'<html lang="{language}">' in page
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)
        assert page.count("<h1") == 1

    def test_is_there_in_an_empty_shop(self, get: Callable[..., str]) -> None:
        for address in ("/", "/search/", "/search/?q=lamp", "/cart/"):
            get(address)

    def test_a_page_that_does_not_exist_is_a_404_in_the_look_of_the_shop(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        for address in ("/nowhere/", "/p/nothing/", "/c/home/nothing/", "/media/no.webp"):
            assert "Alder Lane" in get(address, status=404)

    def test_nothing_outside_the_media_folder_is_served(self, client: Client) -> None:
        for address in ("/media/../manage.py", "/media/%2e%2e/manage.py", "/media//etc/passwd"):
            assert client.get(address).status_code in {400, 404}

    def test_a_policy_forbids_inline_code(self, client: Client) -> None:
        policy = client.get("/").headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy


class TestCategory:
    def test_has_what_lies_below_it_and_the_way_back(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        page = get("/c/home/")
        assert 'href="/c/home/lamps/"' in page
        assert 'href="/p/lamp/"' in page
        assert 'href="/c/home/"' in get("/c/home/lamps/")

    def test_hides_what_was_taken_down(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        assert "Mug" not in get("/c/home/chairs/")

    def test_empty_categories_are_not_offered(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        Category.objects.get_or_create_path("Garden > Pots")
        assert "/c/garden/" not in get("/")

    def test_speaks_chinese(self, shop: dict[str, Product], get: Callable[..., str]) -> None:
        page = get("/c/home/lamps/", language="zh-hans")
        assert "<h1>灯具</h1>" in page
        assert "阅读灯" in page
        assert "红隼" in page


class TestSearch:
    @pytest.mark.parametrize(
        "query",
        [
            "page=abc&price_min=x&price_max=-1&sort=nothing",
            "page=999999999999&price_min=NaN&price_max=1e999",
            "q=%00&f.brand=%00",
            "q=" + "word+" * 2_000,
            "q=%F0%9F%9B%8B&f.=&f.nothing=nowhere",
            "q=%D7%9E%D7%A0%D7%95%D7%A8%D7%94&available=1",
            "q=the&utm_source=x",
            "q=%27%22%3Cscript%3E",
        ],
    )
    def test_whatever_the_address_says_a_page_comes(
        self, shop: dict[str, Product], get: Callable[..., str], query: str
    ) -> None:
        assert "<script>" not in get(f"/search/?{query}")

    def test_without_an_index_products_are_found_by_their_names(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        page = get("/search/?q=reading")
        assert "taking a short rest" in page
        assert 'href="/p/lamp/"' in page
        assert 'href="/p/chair/"' not in page

    def test_without_an_index_an_empty_page_says_one_thing(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        page = get("/search/?q=sofa")
        assert page.count("taking a short rest") == 1
        assert "No product has your words in its name" in page
        assert "These products have your words" not in page
        assert "Nothing here yet" not in page

    def test_without_an_index_products_are_found_by_their_chinese_names(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        assert 'href="/p/lamp/"' in get("/search/?q=阅读", language="zh-hans")


class TestProduct:
    def test_shows_price_and_price_before_and_what_it_is(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        page = get("/p/lamp/")
        assert "€1,249.50" in page
        assert "Steel" in page
        assert re.search(r"Folds</th><td>Yes", page)
        assert "Sale</th>" not in page

    def test_a_product_with_variants_shows_the_first_that_can_be_bought(
        self, shop: dict[str, Product], client: Client
    ) -> None:
        response = client.get("/p/lamp/")
        assert response.context["shown"] == shop["LAMP-Black"]
        (axis,) = response.context["axes"]
        assert [(each.value, each.chosen) for each in axis.choices] == [
            ("Sage green", False),
            ("Black", True),
        ]

    def test_a_variant_has_an_address_and_names_its_product_as_the_canonical_one(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        page = get(shop["LAMP-Sage"].get_absolute_url())
        assert '<link rel="canonical" href="/p/lamp/">' in page
        assert "Sold out" in page
        assert "Add to cart" not in page

    def test_attributes_are_translated(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        page = get(shop["LAMP-Sage"].get_absolute_url(), language="zh-hans")
        assert re.search(r"颜色</th><td>鼠尾草绿", page)

    def test_brands_and_categories_have_chinese_names_in_filters_and_reasons(
        self, shop: dict[str, Product]
    ) -> None:
        catalogue = get_catalogue()
        for language, brand, category in [("en", "Kestrel", "Lamps"), ("zh-hans", "红隼", "灯具")]:
            with override(language):
                assert catalogue.get_value_label("brand", "Kestrel") == brand
                assert catalogue.get_value_label("category", "Lamps") == category

    def test_a_video_waits_for_the_visitor_also_on_the_pages_of_variants(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        assert "<video" not in get("/p/lamp/")
        Product.objects.filter(sku="LAMP").update(video="products/lamp.mp4", image="lamp.webp")
        for address in ("/p/lamp/", shop["LAMP-Sage"].get_absolute_url()):
            (tag,) = re.findall(r"<video[^>]*>", get(address))
            assert {"controls", 'preload="none"', 'poster="/media/lamp.webp"'} <= set(tag.split())
            assert "autoplay" not in tag
            assert 'aria-label="Video of Reading lamp"' in tag

    def test_what_was_taken_down_is_gone_with_its_variants(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        Product.objects.filter(sku="LAMP").update(active=False)
        for address in ("/p/lamp/", shop["LAMP-Black"].get_absolute_url(), "/p/mug/"):
            get(address, status=404)

    def test_the_trail_leads_to_the_most_specific_category(
        self, shop: dict[str, Product], client: Client
    ) -> None:
        new = Category.objects.get_or_create_path("Collections > New and in season")
        new.products.set(Product.objects.all())
        trail = client.get("/p/lamp/").context["trail"]
        assert [each.path for each in trail] == ["Home", "Home > Lamps"]

    def test_the_home_page_suggests_only_what_the_shop_has(
        self, shop: dict[str, Product], get: Callable[..., str]
    ) -> None:
        assert "loves plants" not in get("/")
        pots = Category.objects.get_or_create_path("Garden > Planting > Plant pots")
        shop["LAMP"].categories.add(pots)
        home = get("/")
        assert "loves plants" in home
        assert "camping" not in home


class TestCart:
    def test_keeps_what_is_put_in_and_adds_up(
        self, shop: dict[str, Product], client: Client
    ) -> None:
        add(client, shop["LAMP-Black"])
        add(client, shop["LAMP-Black"])
        response = client.get("/cart/")
        assert quantities(client) == {"LAMP-Black": 2}
        assert response.context["totals"] == [(Decimal("2499.00"), "EUR")]
        assert '<span class="count">2' in response.content.decode()

    def test_holds_no_more_than_there_is(self, shop: dict[str, Product], client: Client) -> None:
        add(client, shop["LAMP-Black"], 1_000)
        assert quantities(client) == {"LAMP-Black": 2}
        Product.objects.update(stock=10_000)
        add(client, shop["LAMP-Black"], 1_000)
        assert quantities(client) == {"LAMP-Black": MAX_QUANTITY}

    def test_quantities_change_and_nothing_takes_it_out(
        self, shop: dict[str, Product], client: Client
    ) -> None:
        key = str(shop["LAMP-Black"].pk)
        add(client, shop["LAMP-Black"], 2)
        client.post("/cart/change/", {"product": key, "quantity": "1"})
        assert quantities(client) == {"LAMP-Black": 1}
        client.post("/cart/change/", {"product": key, "quantity": "0"})
        assert quantities(client) == {}

    def test_what_cannot_be_bought_does_not_get_in(
        self, shop: dict[str, Product], client: Client
    ) -> None:
        for sku in ("CHAIR", "LAMP", "LAMP-Sage", "MUG"):
            add(client, shop[sku])
        assert quantities(client) == {}

    def test_what_is_taken_down_later_drops_out(
        self, shop: dict[str, Product], client: Client
    ) -> None:
        add(client, shop["LAMP-Black"])
        Product.objects.filter(sku="LAMP").update(active=False)
        assert quantities(client) == {}

    def test_bad_orders_are_refused(self, shop: dict[str, Product], client: Client) -> None:
        assert client.post("/cart/add/", {"product": "no key"}).status_code == 404
        assert client.get("/cart/add/").status_code == 405
        key = str(shop["LAMP-Black"].pk)
        client.post("/cart/add/", {"product": key, "quantity": "-5"})
        assert quantities(client) == {"LAMP-Black": 1}

    def test_changes_need_the_token_of_the_site(self, shop: dict[str, Product]) -> None:
        client = Client(enforce_csrf_checks=True)
        key = str(shop["LAMP-Black"].pk)
        assert client.post("/cart/add/", {"product": key}).status_code == 403


def test_the_language_stays_as_chosen(shop: dict[str, Product], client: Client) -> None:
    response = client.post(
        "/language/setlang/", {"language": "zh-hans", "next": "/p/lamp/"}, follow=True
    )
    assert response.redirect_chain == [("/p/lamp/", 302)]
    assert "阅读灯" in response.content.decode()


class TestMedia:
    @pytest.fixture(autouse=True)
    def _file(self, settings: Any) -> None:
        settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
        (settings.MEDIA_ROOT / "clip.mp4").write_bytes(b"0123456789")

    @pytest.mark.parametrize(
        ("asked", "status", "content"),
        [
            ("", 200, b"0123456789"),
            ("bytes=0-", 206, b"0123456789"),
            ("bytes=2-4", 206, b"234"),
            ("bytes=8-99", 206, b"89"),
            ("bytes=-3", 200, b"0123456789"),
            ("bytes=0-1,4-5", 200, b"0123456789"),
            ("bytes=10-", 416, b""),
        ],
    )
    def test_players_get_the_part_that_they_ask_for(
        self, client: Client, asked: str, status: int, content: bytes
    ) -> None:
        response = client.get("/media/clip.mp4", headers={"range": asked})
        assert response.status_code == status
        assert b"".join(response) == content
        assert response.headers["Accept-Ranges"] == "bytes"

    def test_a_part_says_where_it_belongs(self, client: Client) -> None:
        part = client.get("/media/clip.mp4", headers={"range": "bytes=2-4"})
        assert part.headers["Content-Range"] == "bytes 2-4/10"
        assert part.headers["Content-Type"] == "video/mp4"


class TestDemo:
    """The generated catalogue, as `make demo` loads it."""

    @pytest.fixture
    def demo(self, settings: Any, drawings: Path) -> Assortment:
        """Every fortieth product, since drawing all of them takes a minute; all light bulbs, which
        can replace each other; and a video of the first product."""
        settings.MEDIA_ROOT = drawings
        some = [
            product
            for place, product in enumerate(generator.generate())
            if place % 40 == 0 or product.kind == "light-bulb"
        ]
        assortment = Assortment(some, filmed=[some[0].kind])
        assortment.make_media(Studio(quiet=True))
        assortment.load()
        return assortment

    def test_a_second_load_keeps_what_the_shop_has_changed(self, demo: Assortment) -> None:
        number = Product.objects.count()
        product = Product.objects.top_level()[0]
        Product.objects.filter(pk=product.pk).update(price=1, active=False)
        report = demo.load()
        assert (report.created, report.updated, report.unchanged) == (0, 0, number)
        assert Product.objects.count() == number
        assert Product.objects.get(pk=product.pk).price == 1
        assert not Product.objects.get(pk=product.pk).active

    def test_every_product_has_pictures_both_languages_and_a_place(self, demo: Assortment) -> None:
        for product in Product.objects.all():
            assert product.image.storage.exists(product.image.name)
            assert product.image.storage.exists(product.thumbnail.name)
            assert product.title
            assert product.title_zh
            assert product.categories.count() == 1

    def test_relations_and_videos_come_with_the_products(self, demo: Assortment) -> None:
        relations = generator.relations(each for each in demo.products if not each.parent_sku)
        assert relations
        loaded = ProductRelation.objects.values_list("source__sku", "kind", "target__sku")
        assert set(loaded) == {(each.source, each.relation, each.target) for each in relations}
        assert not Product.objects.filter(parent=None, collection="").exists()
        filmed = Product.objects.exclude(video="").get()
        assert filmed.sku == demo.products[0].sku
        assert filmed.video.storage.exists(filmed.video.name)

    def test_keys_prices_and_ages_are_those_of_the_generator(self, demo: Assortment) -> None:
        made = {each.sku: each for each in demo.products}
        for product in Product.objects.all():
            each = made[product.sku]
            assert product.pk == key_of(each.sku)
            assert (product.slug, product.price, product.stock) == (
                each.slug,
                each.price,
                each.stock,
            )
        arrivals = Product.objects.top_level().values_list("created", flat=True).distinct()
        assert arrivals.count() == Product.objects.top_level().count()

    def test_the_command_loads_all_of_it(self) -> None:
        call_command("load_demo", "--without-media", verbosity=0)
        expected = sum(1 + len(each.variants) for each in generator.generate())
        assert Product.objects.count() == expected


def test_pages_that_name_no_icon_have_one(client: Client) -> None:
    icon = client.get("/favicon.ico")["Location"]
    assert finders.find(icon.removeprefix("/static/"))
