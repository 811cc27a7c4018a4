"""What the shop of the tests sells."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.core.loading import get_model

from shopreco.catalogues import get_catalogue
from shopreco.indexing.pipeline import index_batch

CATALOGUE = "catalogue.product"
Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
ProductAttribute = get_model("catalogue", "ProductAttribute")
Partner = get_model("partner", "Partner")
AttributeOptionGroup = get_model("catalogue", "AttributeOptionGroup")


def fill() -> None:
    books = ProductClass.objects.create(name="Book")
    shirts = ProductClass.objects.create(name="Shirt")
    files = ProductClass.objects.create(name="File", track_stock=False, requires_shipping=False)
    language = attribute(books, "Language")
    attribute(shirts, "Size")
    material = attribute(shirts, "Material")
    care = attribute(shirts, "Care", type="multi_option", option_group=options("Iron", "Wash"))
    ironed = attribute(shirts, "Ironed", type="boolean")
    birds = Product.objects.create(title="Atlas of birds", product_class=books, upc="9780306406157")
    language.save_value(birds, "German")
    stock(birds, "B-1", "25.00")
    birds.categories.add(create_from_breadcrumbs("Books > Nature"))
    moths = Product.objects.create(title="Moths at night", product_class=books)
    stock(moths, "B-2", "19.00")
    moths.categories.add(create_from_breadcrumbs("Books > Nature > Insects"))
    birds.recommended_products.through.objects.create(primary=birds, recommendation=moths)
    shirt = Product.objects.create(title="Linen shirt", product_class=shirts, structure="parent")
    material.save_value(shirt, "Linen")
    care.save_value(shirt, care.option_group.options.all())
    ironed.save_value(shirt, True)
    shirt.categories.add(create_from_breadcrumbs("Clothes > Shirts"))
    for size, price in (("S", "30.00"), ("XXL", "34.00")):
        child = Product.objects.create(parent=shirt, structure="child")
        child.attr.size = size
        child.attr.save()
        stock(child, f"S-{size}", price)
    song = Product.objects.create(title="Song of a wren", product_class=files)
    stock(song, "F-1", "2.00", amount=None)
    Product.objects.create(title="Secret moth", product_class=books, is_public=False)


def attribute(product_class: Any, name: str, type: str = "text", **fields: Any) -> Any:
    return ProductAttribute.objects.create(
        product_class=product_class, name=name, code=name.lower(), type=type, **fields
    )


def options(*names: str) -> Any:
    group = AttributeOptionGroup.objects.create(name="Care")
    for name in names:
        group.options.create(option=name)
    return group


def stock(product: Any, sku: str, price: str, amount: int | None = 100) -> None:
    partner, _ = Partner.objects.get_or_create(name="Warehouse")
    product.stockrecords.create(
        partner=partner,
        partner_sku=sku,
        price=Decimal(price),
        num_in_stock=amount,
        price_currency="GBP",
    )


def titled(title: str) -> Any:
    return Product.objects.get(title=title)


def index_changes() -> None:
    while index_batch(get_catalogue(CATALOGUE)).claimed:
        pass
