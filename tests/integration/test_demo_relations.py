"""What the demo shop says of products that belong together: in the graph and on its pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import F
from django.test import Client

from demo_shop.models import Product, ProductRelation
from shopreco.models import Edge
from tests.helpers.demo import index_products
from tests.helpers.outbox import forget_changes, waiting

pytestmark = pytest.mark.django_db(transaction=True)

Kind = ProductRelation.Kind


@pytest.fixture
def shop(settings: Any) -> dict[str, Product]:
    """A lamp with its bulb, the table that it stands on, another lamp, and a lone vase."""
    cache.clear()
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    collections = {"lamp": "Tidal", "bulb": "", "table": "Tidal", "lantern": "", "vase": ""}
    products = {
        name: Product.objects.create(
            sku=name.upper(), slug=name, title=name.title(), price=10, stock=5, collection=each
        )
        for name, each in collections.items()
    }
    for source, kind, target in [
        ("bulb", Kind.ACCESSORY_OF, "lamp"),
        ("lamp", Kind.COMPLEMENTS, "table"),
        ("lantern", Kind.SUBSTITUTES, "lamp"),
    ]:
        ProductRelation.objects.create(source=products[source], kind=kind, target=products[target])
    index_products()
    return products


def blocks(client: Client, address: str) -> dict[str, list[str]]:
    """The products of each block that is in the page, by placement, in the page's order."""
    page = client.get(address).content.decode()
    sections = re.findall(r'data-placement="([^"]+)" data-rec-id(.*?)</section>', page, re.DOTALL)
    return {
        placement: re.findall(r'class="card-title"><a href="/p/(\w+)/', section)
        for placement, section in sections
    }


def test_what_the_shop_relates_is_in_the_graph(shop: dict[str, Product]) -> None:
    found = Edge.objects.values_list("source__label", "relation__code", "target__label")
    assert {
        ("Bulb", "accessory_of", "Lamp"),
        ("Lamp", "complements", "Table"),
        ("Lantern", "substitutes", "Lamp"),
        ("Lamp", "belongs_to", "Tidal"),
        ("Table", "belongs_to", "Tidal"),
    } == set(found)


def test_a_relation_that_is_saved_or_deleted_has_its_product_indexed_again(
    shop: dict[str, Product],
) -> None:
    forget_changes()
    relation = ProductRelation.objects.create(
        source=shop["vase"], kind=Kind.COMPLEMENTS, target=shop["table"]
    )
    assert waiting() == {str(shop["vase"].pk)}
    forget_changes()
    relation.delete()
    assert waiting() == {str(shop["vase"].pk)}


def test_a_page_has_accessories_first_then_what_goes_with_the_product(
    shop: dict[str, Product], client: Client
) -> None:
    assert blocks(client, "/p/lamp/") == {
        "product-accessory": ["bulb"],
        "product-complementary": ["table"],
    }
    assert blocks(client, "/p/vase/") == {}


def test_a_product_that_is_sold_out_is_replaced_before_all_else(
    shop: dict[str, Product], client: Client
) -> None:
    Product.objects.filter(sku="LAMP").update(stock=F("stock") - 5)
    placement, *_rest = blocks(client, "/p/lamp/").items()
    assert placement == ("product-substitute", ["lantern"])


def test_the_cart_shows_what_goes_with_what_is_in_it(
    shop: dict[str, Product], client: Client
) -> None:
    black = Product.objects.create(
        sku="LAMP-BLACK", slug="lamp-black", title="Black lamp", price=10, stock=5,
        parent=shop["lamp"],
    )  # fmt: skip
    client.post("/cart/add/", {"product": str(shop["vase"].pk), "quantity": 1})
    assert blocks(client, "/cart/") == {}
    client.post("/cart/add/", {"product": str(black.pk), "quantity": 1})
    assert blocks(client, "/cart/") == {"cart-cross-sell": ["table", "bulb"]}
