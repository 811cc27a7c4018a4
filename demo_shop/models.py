"""The shop's own models, which know nothing of shopreco."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.core.validators import FileExtensionValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

PATH_SEPARATOR = " > "
MAIN_CURRENCY = "demo_shop:main_currency"


class TwoLanguages(models.Model):
    """English columns with an optional Chinese twin named `<column>_zh`."""

    class Meta:
        abstract = True

    def localised(self, column: str) -> str:
        """Return the text in the visitor's language, or in English without a translation."""
        if (get_language() or "").startswith("zh"):
            return getattr(self, f"{column}_zh") or getattr(self, column)
        return str(getattr(self, column))


class Word(models.Model):
    """The translations of an attribute's key or value: "trim" is "Fittings", in Chinese 配件."""

    word = models.CharField(_("word"), max_length=200, primary_key=True)
    english = models.CharField(_("English"), max_length=200)
    chinese = models.CharField(_("Chinese"), max_length=200)

    class Meta:
        ordering = ["word"]
        verbose_name = _("word")
        verbose_name_plural = _("words")

    def __str__(self) -> str:
        return self.word


class Brand(TwoLanguages):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=200, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("brand")
        verbose_name_plural = _("brands")

    def __str__(self) -> str:
        return self.localised("name")


class CategoryQuerySet(models.QuerySet["Category"]):
    def roots(self) -> CategoryQuerySet:
        return self.filter(parent=None)

    def filled(self) -> CategoryQuerySet:
        """Keep categories that have a visible product in them or below them."""
        return self.filter(Exists(_shown_below()))

    def most_specific(self) -> Category | None:
        """Return the deepest category; of equally deep ones, that with the fewest products."""
        paths = {each.pk: split_path(each.path) for each in self}
        members = Product.categories.through.objects.filter(category__in=paths)
        sizes = dict(members.values_list("category_id").annotate(Count("pk")))
        return min(
            self, key=lambda each: (-len(paths[each.pk]), sizes[each.pk], each.path), default=None
        )

    def with_examples(self) -> list[tuple[Category, Product]]:
        """Pair each category with the first pictured product below it, in two queries."""
        pictured = _shown_below().exclude(image="").order_by("sku").values("pk")[:1]
        found = list(self.annotate(example=Subquery(pictured)).exclude(example=None))
        examples = Product.objects.in_bulk([each.example for each in found])
        return [(each, examples[each.example]) for each in found]

    def get_or_create_path(self, path: str, translations: Iterable[str] = ()) -> Category:
        """Return the category at "Home > Lighting", and create missing levels.

        `translations` are the Chinese names of the levels, outermost first.
        """
        chinese = list(translations)
        parent: Category | None = None
        for depth, name in enumerate(split_path(path)):
            full = f"{parent.path}{PATH_SEPARATOR}{name}" if parent else name
            found = self.filter(path=full).first()
            if found is None:
                slug = slugify(name) or slugify(name, allow_unicode=True) or f"level-{depth + 1}"
                base = f"{parent.slug_path}/{slug}" if parent else slug
                found = self.create(
                    parent=parent,
                    name=name,
                    name_zh=chinese[depth] if depth < len(chinese) else "",
                    path=full,
                    slug_path=free_slug(base, self.model.objects, "slug_path"),
                )
            parent = found
        if parent is None:
            raise ValueError("a category path has at least one level")
        return parent


class Category(TwoLanguages):
    """A node of the category tree, found by its path in words or in slugs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children"
    )
    name = models.CharField(_("name"), max_length=200)
    name_zh = models.CharField(_("name (Chinese)"), max_length=200, blank=True)
    path = models.CharField(_("path"), max_length=600, unique=True)
    slug_path = models.CharField(max_length=600, unique=True)
    position = models.PositiveIntegerField(_("position"), default=0)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        ordering = ["position", "path"]
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.path

    def get_absolute_url(self) -> str:
        return reverse("category", args=[self.slug_path])

    @property
    def label(self) -> str:
        return self.localised("name")

    def ancestors(self) -> list[Category]:
        """List the categories from the root down to this one."""
        levels = split_path(self.path)
        paths = [PATH_SEPARATOR.join(levels[: depth + 1]) for depth in range(len(levels))]
        return sorted(Category.objects.filter(path__in=paths), key=lambda each: len(each.path))


class ProductQuerySet(models.QuerySet["Product"]):
    def live(self) -> ProductQuerySet:
        """Keep products that visitors may see: neither they nor their parents are taken down."""
        return self.filter(Q(parent=None) | Q(parent__active=True), active=True)

    def top_level(self) -> ProductQuerySet:
        """Leave out the variants of other products."""
        return self.filter(parent=None)

    def in_category(self, category: Category) -> ProductQuerySet:
        """Keep the products of a category and of all categories below it."""
        below = Q(slug_path=category.slug_path) | Q(slug_path__startswith=f"{category.slug_path}/")
        members = Product.categories.through.objects.filter(
            category__in=Category.objects.filter(below)
        )
        return self.filter(pk__in=members.values("product_id"))

    def main_currency(self) -> str:
        """Return the currency of most products, cached for five minutes."""
        found = cache.get(MAIN_CURRENCY)
        if found is None:
            by_number = self.live().values("currency").annotate(number=Count("pk"))
            first = by_number.order_by("-number", "currency").first()
            found = first["currency"] if first else ""
            cache.set(MAIN_CURRENCY, found, 300)
        return str(found)

    def for_cards(self) -> ProductQuerySet:
        """Load all that a product card shows in two queries; of variants, price and stock."""
        variants = Product.objects.filter(active=True).only(
            "parent", "active", "stock", "price", "currency"
        )
        return self.select_related("brand", "parent").prefetch_related(
            Prefetch("variants", variants)
        )


def _shown_below() -> ProductQuerySet:
    """Build a subquery: the products that visitors see in a category or below it."""
    within = Q(categories__slug_path=OuterRef("slug_path")) | Q(
        categories__slug_path__startswith=Concat(OuterRef("slug_path"), Value("/"))
    )
    return Product.objects.filter(within, active=True, parent=None)


NUMBERS = ("gtin", "mpn")
"""Attributes by which a product is found, and which nobody chooses by."""


class Product(TwoLanguages):
    """A product, or, with a parent, one of its variants. Taken down by `active`, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    parent = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="variants",
        verbose_name=_("variant of"),
    )
    sku = models.CharField(_("SKU"), max_length=100, unique=True)
    ean = models.CharField(_("EAN"), max_length=20, blank=True)
    slug = models.SlugField(max_length=200, unique=True, allow_unicode=True)
    title = models.CharField(_("title"), max_length=300)
    title_zh = models.CharField(_("title (Chinese)"), max_length=300, blank=True)
    description = models.TextField(_("description"), blank=True)
    description_zh = models.TextField(_("description (Chinese)"), blank=True)
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, related_name="products")
    collection = models.CharField(_("collection"), max_length=200, blank=True)
    categories = models.ManyToManyField(Category, blank=True, related_name="products")
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    price = models.DecimalField(
        _("price"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Empty: on request, as for sets whose price depends on their parts."),
    )
    compare_at_price = models.DecimalField(
        _("price before"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    stock = models.PositiveIntegerField(_("in stock"), default=0)
    image = models.ImageField(_("picture"), max_length=200, upload_to="products/", blank=True)
    thumbnail = models.ImageField(max_length=200, upload_to="products/", blank=True)
    gallery = models.JSONField(
        _("further pictures"), default=list, blank=True, help_text=_("Names below MEDIA_ROOT.")
    )
    image_link = models.URLField(
        _("picture elsewhere"),
        max_length=2000,
        blank=True,
        help_text=_("Used when there is no picture of our own."),
    )
    video = models.FileField(
        _("video"),
        upload_to="products/",
        blank=True,
        validators=[FileExtensionValidator(["mp4", "webm"])],
        help_text=_("MP4 or WebM, which browsers show."),
    )
    active = models.BooleanField(_("active"), default=True)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "sku"]
        verbose_name = _("product")
        verbose_name_plural = _("products")
        indexes = [
            models.Index(
                fields=["-created"],
                name="shop_new_products",
                condition=Q(active=True, parent=None),
            ),
            models.Index(fields=["price"], name="shop_products_by_price"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(parent=models.F("id")), name="shop_product_not_its_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.localised("title")

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.slug])

    @property
    def properties(self) -> dict[str, object]:
        """The attributes that shoppers choose by, without the article numbers."""
        return {name: each for name, each in self.attributes.items() if name not in NUMBERS}

    @property
    def name(self) -> str:
        return self.localised("title")

    @property
    def text(self) -> str:
        return self.localised("description")

    @property
    def in_stock(self) -> bool:
        """Whether the product can be bought; with variants, whether one of them can."""
        variants = [each for each in self.variants.all() if each.active]
        return any(each.stock > 0 for each in variants or [self])

    @property
    def reduced(self) -> bool:
        return bool(self.price and self.compare_at_price and self.compare_at_price > self.price)

    @property
    def is_live(self) -> bool:
        """Whether visitors may see the product: see `ProductQuerySet.live`."""
        return self.active and (self.parent is None or self.parent.active)

    @property
    def shown_price(self) -> Decimal | None:
        """Its own price, or else the lowest price of its variants."""
        return min(self._variant_prices, default=None) if self.price is None else self.price

    @property
    def shown_currency(self) -> str:
        """The currency of `shown_price`."""
        if self.price is not None:
            return self.currency
        priced = [v for v in self.variants.all() if v.active and v.price is not None]
        return min(priced, key=lambda each: each.price).currency if priced else self.currency

    @property
    def price_varies(self) -> bool:
        """Whether some variants cost more than the price that is shown, and none less."""
        prices = [self.shown_price or 0, *self._variant_prices]
        return min(prices) == prices[0] < max(prices)

    @property
    def _variant_prices(self) -> list[Decimal]:
        return [v.price for v in self.variants.all() if v.active and v.price is not None]

    @property
    def pictures(self) -> list[str]:
        """Addresses of all pictures, the main one first."""
        main = self.image.url if self.image else self.image_link
        return [main] * bool(main) + [self.image.storage.url(name) for name in self.gallery]


class ProductRelation(models.Model):
    """A typed relation of two products. `COMPLEMENTS` and `SUBSTITUTES` hold both ways."""

    class Kind(models.TextChoices):
        ACCESSORY_OF = "accessory_of", _("is an accessory of")
        COMPLEMENTS = "complements", _("goes with")
        SUBSTITUTES = "substitutes", _("can replace")

    source = models.ForeignKey(
        Product, models.CASCADE, related_name="relations", verbose_name=_("product")
    )
    kind = models.CharField(_("relation"), max_length=20, choices=Kind)
    target = models.ForeignKey(
        Product, models.CASCADE, related_name="incoming_relations", verbose_name=_("other product")
    )

    class Meta:
        verbose_name = _("relation")
        verbose_name_plural = _("relations")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind", "target"], name="shop_product_relation_once"
            ),
            models.CheckConstraint(
                condition=~Q(source=models.F("target")), name="shop_product_not_related_to_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.get_kind_display()} {self.target}"


def split_path(path: str) -> list[str]:
    """Split "Home > Lighting" into its levels; blank levels are dropped."""
    return [level for part in path.split(PATH_SEPARATOR.strip()) if (level := part.strip())]


def free_slug(base: str, manager: models.Manager[Any], column: str) -> str:
    """Make a slug unique in a column: append the first free number if it is taken."""
    slug, number = base, 1
    while manager.filter(**{column: slug}).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug
