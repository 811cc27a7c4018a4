"""Describe the shop's products to shopreco: the only file that integrates the two."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from demo_shop import glossary
from demo_shop.models import Product, ProductQuerySet
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
    Text,
    Title,
    Video,
    Visibility,
    register,
)


@register
class ProductCatalogue(Catalogue):
    model = Product

    title = Title()
    description = Text()
    # Chinese is found by its words; the language model of the demo understands English.
    title_zh = Text(weight=3, embedded=False)
    description_zh = Text(embedded=False)
    attributes_zh = Text(weight=0.5, embedded=False)
    sku = Identifier()
    ean = Identifier()
    mpn = Identifier("attributes.mpn")
    gtin = Identifier("attributes.gtin")
    category = Category("categories.path", label=_("Category"))
    brand = Filter("brand.name", label=_("Brand"), weight=1)
    attributes = Attributes()
    price = Price(currency="currency")
    available = Availability("in_stock")
    added = Added("created")
    parent = Parent()
    image = Image()
    video = Video()
    published = Visibility("is_live")

    reindex_on = ("parent", "variants", "relations")

    def get_queryset(self) -> ProductQuerySet:
        return Product.objects.live()

    def get_live_queryset(self, request: HttpRequest | None) -> ProductQuerySet:
        return Product.objects.live().for_cards()

    def get_visibility(self, request: HttpRequest | None) -> dict[str, object]:
        """Filter the index as the live queryset does, so that hidden products are not counted."""
        return {"published": True}

    def get_currency(self, request: HttpRequest | None) -> str:
        return Product.objects.main_currency()

    def get_title(self, product: Product) -> str:
        return product.name

    def get_picture(self, product: Product) -> str:
        return product.thumbnail.url if product.thumbnail else product.image_link

    def prepare_image(self, product: Product) -> list[object]:
        """List the main picture and the further ones, which are names in the same storage."""
        return [product.image, *product.gallery]

    def prepare_attributes(self, product: Product) -> dict[str, object]:
        """Add a variant's own colour and size to the attributes of its parent."""
        inherited = product.parent.properties if product.parent else {}
        return {**inherited, **product.properties}

    def prepare_attributes_zh(self, product: Product) -> list[str]:
        """List the values that have a Chinese translation."""
        values = [str(value) for value in self.prepare_attributes(product).values()]
        chinese = (glossary.said(value, "zh") for value in values)
        return [each for each, value in zip(chinese, values, strict=True) if each != value]

    def get_edges(self, product: Product) -> Iterator[tuple[str, object]]:
        """Declare edges of the knowledge graph: the shop's relations, and the collection."""
        for relation in product.relations.all():
            yield relation.kind, relation.target_id
        if product.collection:
            yield "belongs_to", ("collection", product.collection)

    def get_facet_label(self, name: str) -> str:
        """Name a facet in the visitor's language."""
        return super().get_facet_label(name) if name in self.fields else glossary.heading(name)

    def get_value_label(self, name: str, value: str) -> str:
        return glossary.label(name, value)
