"""The catalogue of Oscar's products. A subclass in an app of the shop replaces it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from html import unescape
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_class, get_model
from oscar.core.thumbnails import get_thumbnailer

from shopreco.catalogues import (
    Added,
    Attributes,
    Availability,
    Catalogue,
    Category,
    Filter,
    Identifier,
    Image,
    Parent,
    Price,
    Relation,
    Text,
    Title,
    register,
)

Selector = get_class("partner.strategy", "Selector")

PICTURE_SIZE = "360x360"
NO_FACETS = ("file", "image")
"""Types of attributes whose values are names of files."""


@register
class OscarCatalogue(Catalogue):
    """Products of Oscar: a child is a variant of its parent. Prices and stock are those of the
    strategy that Oscar's selector gives without a request."""

    model = get_model("catalogue", "Product")
    title = Title("get_title")
    description = Text()
    product_class = Filter("get_product_class.name", label=_("Type"))
    category = Category("get_categories.full_name", label=_("Category"))
    attributes = Attributes("get_attribute_values")
    upc = Identifier()
    sku = Identifier("stockrecords.partner_sku")
    price = Price("stockrecords.price", currency="stockrecords.price_currency")
    available = Availability("stockrecords.net_stock_level")
    added = Added("date_created")
    image = Image("images.original")
    parent = Parent()
    goes_with = Relation(
        "primary_recommendations.recommendation", to="complements", weight="ranking"
    )
    reindex_on = (
        "product_class",
        "parent__product_class",
        "parent__is_public",
        "categories__path*",
        "parent__categories__path*",
        "attribute_values__attribute",
        "attribute_values__value_option",
        "attribute_values__value_multi_option",
        "parent__attribute_values__attribute",
        "parent__attribute_values__value_option",
        "parent__attribute_values__value_multi_option",
        "children__stockrecords",
    )

    def get_queryset(self) -> QuerySet[Any]:
        public = Q(parent=None) | Q(parent__is_public=True)
        products: QuerySet[Any] = self.model._default_manager.filter(public, is_public=True)
        return products.select_related("product_class", "parent__product_class")

    def get_picture(self, obj: Any) -> str:
        image = obj.primary_image()
        if isinstance(image, dict):  # what Oscar has for a product without images
            return ""
        return str(get_thumbnailer().generate_thumbnail(image.original, size=PICTURE_SIZE).url)

    def prepare_description(self, product: Any) -> str:
        """Without the tags of Oscar's editor, which part words as spaces do."""
        return unescape(strip_tags(product.description.replace("<", " <")))

    def prepare_category(self, product: Any) -> list[str]:
        return [
            each.full_name
            for each in (product.parent if product.is_child else product).categories.all()
            if each.is_public and each.ancestors_are_public
        ]

    def prepare_attributes(self, product: Any) -> dict[str, list[str]]:
        """Values by the name of their attribute; those of a child over those of its parent."""
        of_parent = product.parent.attribute_values.all() if product.is_child else ()
        return {
            each.attribute.name: list(_texts(each))
            for each in (*of_parent, *product.attribute_values.all())
            if each.attribute.type not in NO_FACETS
        }

    def prepare_price(self, product: Any) -> Decimal | None:
        """Of a parent none: its variants say from which price on it is sold."""
        if product.is_parent:
            return None
        price = Selector().strategy().fetch_for_product(product).price
        if not price.exists:
            return None
        amount: Decimal = price.incl_tax if price.is_tax_known else price.excl_tax
        return amount

    def prepare_available(self, product: Any) -> bool:
        strategy = Selector().strategy()
        fetch = strategy.fetch_for_parent if product.is_parent else strategy.fetch_for_product
        return bool(fetch(product).availability.is_available_to_buy)


def _texts(value: Any) -> Iterable[str]:
    """An attribute's value as texts: each option of several, "yes" for what is true."""
    if value.attribute.is_multi_option:
        return map(str, value.value_multi_option.all())
    if isinstance(value.value, bool):
        return ["yes"] if value.value else []
    return [str(value.value_as_text)]
