from __future__ import annotations

from django.db import models
from django.http import HttpRequest

from shopreco.catalogues import (
    Added,
    Attributes,
    Availability,
    Catalogue,
    Category,
    Filter,
    Identifier,
    Parent,
    Price,
    Text,
    Title,
    register,
)
from shopreco.evaluation.scratch.shop.models import Product


@register
class ShopCatalogue(Catalogue):
    """The fields that nearly every shop has: categories, a brand, prices, variants."""

    model = Product
    title = Title()
    description = Text()
    sku = Identifier()
    category = Category("categories.path")
    brand = Filter("brand.name", weight=1)
    attributes = Attributes()
    price = Price(currency="EUR")
    available = Availability("stock")
    added = Added("created")
    parent = Parent()

    def get_queryset(self) -> models.QuerySet[Product]:
        return Product.objects.filter(active=True)

    def get_live_queryset(self, request: HttpRequest | None) -> models.QuerySet[Product]:
        return self.get_queryset().select_related("brand")
