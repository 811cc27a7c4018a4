"""What `test_oscar.py` runs in a process with settings of its own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.core.loading import get_model
from pytest_django import DjangoDbBlocker

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.indexing.pipeline import index_batch
from tests.oscar_shop.catalogues import CODE

CATALOGUE = "catalogue.product"
Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
ProductAttribute = get_model("catalogue", "ProductAttribute")
Partner = get_model("partner", "Partner")


@pytest.fixture(scope="session", autouse=True)
def django_db_setup(servers: Any, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        with connection._nodb_cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS shopreco_oscar WITH (FORCE)")
            cursor.execute("CREATE DATABASE shopreco_oscar")
        call_command("migrate", interactive=False, verbosity=0)
        fill()
        run = services.run_inline(services.reindex(CATALOGUE))
        assert (run.state, run.failed) == ("done", 0), run.error
        yield
        connection.close()


@pytest.fixture(autouse=True)
def _database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def fill() -> None:
    books = ProductClass.objects.create(name="Book")
    shirts = ProductClass.objects.create(name="Shirt")
    language = ProductAttribute.objects.create(
        product_class=books, name="Language", code="language", type="text"
    )
    ProductAttribute.objects.create(product_class=shirts, name="Size", code="size", type="text")
    birds = Product.objects.create(title="Atlas of birds", product_class=books, upc="9780306406157")
    language.save_value(birds, "German")
    stock(birds, "B-1", "25.00")
    birds.categories.add(create_from_breadcrumbs("Books > Nature"))
    moths = Product.objects.create(title="Moths at night", product_class=books)
    stock(moths, "B-2", "19.00")
    birds.recommended_products.through.objects.create(primary=birds, recommendation=moths)
    shirt = Product.objects.create(title="Linen shirt", product_class=shirts, structure="parent")
    shirt.categories.add(create_from_breadcrumbs("Clothes > Shirts"))
    for size, price in (("S", "30.00"), ("XXL", "34.00")):
        child = Product.objects.create(parent=shirt, structure="child")
        child.attr.size = size
        child.attr.save()
        stock(child, f"S-{size}", price)
    Product.objects.create(title="Secret moth", product_class=books, is_public=False)


def stock(product: Any, sku: str, price: str) -> None:
    partner, _ = Partner.objects.get_or_create(name="Warehouse")
    product.stockrecords.create(
        partner=partner, partner_sku=sku, price=Decimal(price), num_in_stock=5,
        price_currency="GBP",
    )  # fmt: skip


def found(query: str, **options: Any) -> list[str]:
    page = services.search(query, catalogue=CATALOGUE, **options)
    assert page.degraded == {}
    return [result.object.get_title() for result in page]


def test_the_catalogue_is_at_most_35_lines() -> None:
    assert len([line for line in CODE.splitlines() if line.strip()]) <= 35


def test_the_checks_of_django_are_content() -> None:
    call_command("check", fail_level="WARNING", tag=["models"])


def test_words_categories_numbers_and_attributes_find() -> None:
    assert found("moth")[0] == "Moths at night"
    assert found("nature")[0] == "Atlas of birds"
    assert found("B-2") == ["Moths at night"]
    assert found("0306406152") == ["Atlas of birds"]
    assert found("", filters={"category": "Clothes > Shirts"}) == ["Linen shirt"]
    assert found("", filters={"Language": "German"}) == ["Atlas of birds"]


def test_what_is_not_public_is_nowhere() -> None:
    assert "Secret moth" not in found("secret moth")


def test_a_child_leads_to_its_parent() -> None:
    (result,) = services.search("S-XXL", catalogue=CATALOGUE)
    assert result.object.get_title() == "Linen shirt"
    assert Product.objects.get(pk=result.variant_id).attr.size == "XXL"
    assert (result.price, result.currency) == (Decimal("34.00"), "GBP")


def test_recommended_products_go_with_it() -> None:
    seed = Product.objects.get(title="Atlas of birds")
    page = services.recommend("product-complementary", seed=seed)
    assert [result.object.get_title() for result in page] == ["Moths at night"]


def test_a_category_that_is_renamed_is_found_by_its_new_name() -> None:
    category = get_model("catalogue", "Category").objects.get(name="Nature")
    category.name = "Outdoors"
    category.save()
    while index_batch(get_catalogue(CATALOGUE)).claimed:
        pass
    assert found("outdoors") == ["Atlas of birds"]
