from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import get_language

from shopreco.catalogues import (
    Added,
    Attributes,
    Availability,
    Catalogue,
    Category,
    Filter,
    Identifier,
    Image,
    Language,
    Parent,
    Price,
    Text,
    Title,
    Video,
    register,
)
from tests.testapp.models import Book, Gadget, Manual, Media, Poster


@register
class GadgetCatalogue(Catalogue):
    model = Gadget
    title = Title("name")
    text = Text()
    brand = Filter("maker.name", weight=1)
    tag = Filter("tags.name", weight=1)
    category = Category("path")
    attributes = Attributes()
    sku = Identifier()
    price = Price(currency="EUR")
    available = Availability("stock")
    added = Added("created")
    parent = Parent()

    def get_live_queryset(self, request: HttpRequest | None) -> models.QuerySet[Any]:
        return self.get_queryset().filter(stock__gt=0)

    def get_title(self, obj: Gadget) -> str:
        return str(obj.attributes.get(f"name_{get_language()}", obj.name))

    def is_indexable(self, obj: Gadget) -> bool | str:
        return "retired from sale" if obj.retired else True

    def prepare_text(self, obj: Gadget) -> str:
        if obj.text == "poison":
            raise ValueError("this text cannot be prepared")
        return obj.text


@register
class MediaCatalogue(Catalogue):
    model = Media
    title = Title()


@register
class BookCatalogue(Catalogue):
    model = Book
    title = Title()
    author = Text()


@register
class ManualCatalogue(Catalogue):
    model = Manual
    title = Title()
    language = Language()


@register
class PosterCatalogue(Catalogue):
    model = Poster
    title = Title()
    image = Image("pictures.file")
    video = Video("clip")
