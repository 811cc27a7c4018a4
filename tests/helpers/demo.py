"""A small shop of the demo's models, indexed by the real pipeline with the hashing encoder."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.test import override_settings

from demo_shop.models import Brand, Category, Product
from tests.helpers.index import index

CATALOGUE = "demo_shop.product"
DESK_LAMPS = "Home > Lighting > Desk lamps"
CUSHIONS = "Home > Textiles > Cushions"
TITLES = {
    "Fennel": ["Brass desk lamp", "Steel desk lamp", "Desk lamp with clamp", "Small desk lamp"],
    "Marlow": ["Desk lamp with shade", "Folding desk lamp", "Linen cushion", "Velvet cushion"],
}
UNCOUNTED = {"shopreco-search": None, "shopreco-autocomplete": None, "shopreco-recommend": None}


def fill() -> None:
    """Eight products of two brands, one that is taken down, and a chair in three colours."""
    shelves = {path: Category.objects.get_or_create_path(path) for path in (DESK_LAMPS, CUSHIONS)}
    number = 0
    for brand_name, titles in TITLES.items():
        brand = Brand.objects.create(name=brand_name)
        for title in titles:
            number += 1
            product = Product.objects.create(
                sku=f"AL-{number:04}",
                slug=f"product-{number}",
                title=title,
                description=f"A {title.lower()} for the home.",
                brand=brand,
                price=Decimal(10 * number) - Decimal("0.10"),
                stock=number % 4,
                attributes={"material": "brass" if "Brass" in title else "steel"},
            )
            product.categories.add(shelves[DESK_LAMPS if "lamp" in title else CUSHIONS])
    Product.objects.create(
        sku="AL-0099", slug="gone", title="Forgotten desk lamp", price=5, stock=3, active=False
    )
    chair = Product.objects.create(sku="AL-0100", slug="chair", title="Garden chair", price=50)
    for colour in ("Red", "Green", "Blue"):
        Product.objects.create(
            sku=f"AL-0100-{colour}",
            slug=f"chair-{colour.lower()}",
            title=f"Garden chair {colour.lower()}",
            price=50,
            stock=2,
            parent=chair,
            attributes={"colour": colour},
        )


def unthrottled() -> override_settings:
    """Settings under which a test may ask as often as it likes."""
    uncounted = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": UNCOUNTED}
    return override_settings(REST_FRAMEWORK=uncounted)


def index_products() -> None:
    """The whole catalogue, to the end, in this process."""
    run = index(CATALOGUE)
    assert (run.state, run.failed) == ("done", 0), run.error
