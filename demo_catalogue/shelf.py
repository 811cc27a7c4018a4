"""Write records into the shop's tables, many at a time: each whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import chain, count
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from demo_catalogue.feeds.prices import rounded
from demo_catalogue.gallery import link
from demo_catalogue.pictures import Picture
from demo_catalogue.records import ProductRecord
from demo_shop.models import Brand, Category, Product, ProductQuerySet
from shopreco.services import reindex_objects

UNCOUNTED = 99
"""Stock of what a feed calls available without saying how many there are."""
CATALOGUE = "demo_shop.product"
OPTIONAL = ("title_zh", "description_zh", "collection", "video", "created")
"""Columns that feeds do not have, so that what the staff has entered stays."""
Filing = Product.categories.through

_WRITTEN = [
    each.name for each in Product._meta.concrete_fields if each.name not in {"id", "created"}
]


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Placed:
    """A record, its parent in the shop and its stored pictures."""

    record: ProductRecord
    parent: Product | None
    pictures: list[Picture]


@dataclass(frozen=True, slots=True)
class Result:
    record: ProductRecord
    outcome: Outcome
    message: str = ""


class Shelf:
    """Writes products, and the brands and categories that they need."""

    def __init__(self, currency: str, *, mark_changes: bool = True) -> None:
        self._currency = currency
        self._mark_changes = mark_changes
        self._brands: dict[str, Brand] = {}
        self._categories: dict[str, Category] = {}

    def put(self, records: Sequence[Placed]) -> list[Result]:
        """Write records in one transaction; if the database refuses one, halve the batch."""
        if not records:
            return []
        try:
            with transaction.atomic():
                return self._put(records)
        except (ValueError, DataError, IntegrityError) as error:
            # What the transaction took back must not be remembered as existing.
            self._brands.clear()
            self._categories.clear()
            if len(records) == 1:
                return [Result(records[0].record, Outcome.FAILED, _sentence(error))]
        half = len(records) // 2
        return self.put(records[:half]) + self.put(records[half:])

    def _put(self, records: Sequence[Placed]) -> list[Result]:
        stored = {each.sku: each for each in Product.objects.filter(sku__in=_skus(records))}
        filed = _filed(stored.values())
        with_variants = set(_variants(stored.values()).values_list("parent_id", flat=True))
        slugs = _free_slugs([each.record for each in records if each.record.sku not in stored])
        results: list[Result] = []
        changes = Changes()
        for each in records:
            product = stored.get(each.record.sku) or _new_product(each.record)
            was_below = product.parent_id
            is_new = product._state.adding
            if each.parent and product.pk in with_variants:
                message = f"{product.sku!r} has variants and cannot be a variant of another"
                results.append(Result(each.record, Outcome.FAILED, message))
                continue
            try:
                if is_new:
                    product.slug = slugs[product.sku]
                differs = self._fill(product, each) or is_new
                if differs:
                    _check(product)
            except (ValidationError, ValueError) as error:
                results.append(Result(each.record, Outcome.FAILED, _sentence(error)))
                continue
            brand = self._brand(each.record.brand) if each.record.brand else None
            differs |= _assign(product, brand_id=brand.pk if brand else None)
            categories = {self._category(path).pk for path in each.record.categories}
            moved = categories != filed.get(product.pk, set())
            changes.note(product, was_below, categories if moved else None, differs=differs)
            changed = Outcome.UPDATED if differs or moved else Outcome.UNCHANGED
            results.append(Result(each.record, Outcome.CREATED if is_new else changed))
        changes.write()
        if self._mark_changes:
            index(changes.touched)
        return results

    def _fill(self, product: Product, placed: Placed) -> bool:
        """Set the columns that differ, except those that need new rows first.

        True if any differed.
        """
        record, pictures = placed.record, placed.pictures
        return _assign(
            product,
            parent_id=placed.parent.pk if placed.parent else None,
            title=record.title,
            description=record.description,
            attributes=dict(record.attributes),
            price=stored_price(record.price),
            compare_at_price=stored_price(record.compare_at_price),
            currency=record.currency or self._currency,
            stock=UNCOUNTED if record.stock is None else record.stock,
            ean=record.ean,
            active=True,
            image=pictures[0].large if pictures else "",
            thumbnail=pictures[0].small if pictures else "",
            gallery=[each.large for each in pictures[1:]],
            image_link=link(record),
            **{name: value for name in OPTIONAL if (value := getattr(record, name)) is not None},
        )

    def _brand(self, name: str) -> Brand:
        if name not in self._brands:
            self._brands[name], _new = Brand.objects.get_or_create(name=name)
        return self._brands[name]

    def _category(self, path: str) -> Category:
        if path not in self._categories:
            self._categories[path] = Category.objects.get_or_create_path(path)
        return self._categories[path]


@dataclass
class Changes:
    """The rows that a batch writes, and the products that differ by them."""

    new: list[Product] = field(default_factory=list)
    changed: list[Product] = field(default_factory=list)
    filed: dict[UUID, set[UUID]] = field(default_factory=dict)
    """Categories of the products whose categories differ."""
    touched: set[UUID] = field(default_factory=set)

    def note(
        self,
        product: Product,
        was_below: UUID | None,
        categories: set[UUID] | None,
        *,
        differs: bool,
    ) -> None:
        if product._state.adding:
            self.new.append(product)
        elif differs:
            self.changed.append(product)
        if categories is not None:
            self.filed[product.pk] = categories
        if differs or categories is not None:
            families = {product.pk, product.parent_id, was_below}
            self.touched |= {key for key in families if key}

    def write(self) -> None:
        Product.objects.bulk_create(self.new)
        Product.objects.bulk_create(
            self.changed, update_conflicts=True, unique_fields=["id"], update_fields=_WRITTEN
        )
        Filing.objects.filter(product_id__in=self.filed).delete()
        Filing.objects.bulk_create(
            Filing(product_id=product, category_id=category)
            for product, categories in self.filed.items()
            for category in categories
        )


def take_down(products: ProductQuerySet) -> int:
    """Hide products from visitors, and return how many were visible."""
    with transaction.atomic():
        keys = set(products.filter(active=True).values_list("pk", flat=True))
        Product.objects.filter(pk__in=keys).update(active=False, updated=timezone.now())
        index(keys)
    return len(keys)


def index(products: Collection[UUID]) -> None:
    """Mark products and their variants for indexing: a bulk write sends no signal."""
    variants = Product.objects.filter(parent__in=products).values_list("pk", flat=True)
    if products:
        reindex_objects(CATALOGUE, map(str, {*products, *variants}))


def stored_price(price: Decimal | None) -> Decimal | None:
    """With the two decimals that the shop keeps."""
    return None if price is None else rounded(price, 2)


def _new_product(record: ProductRecord) -> Product:
    return Product(sku=record.sku, **({"id": record.key} if record.key else {}))


def _check(product: Product) -> None:
    product.full_clean(
        exclude=["parent", "brand", "image", "thumbnail", "slug"],
        validate_unique=False,
        validate_constraints=False,
    )


def _assign(product: Product, **values: object) -> bool:
    """Set the columns that differ. True if any did."""
    changed = False
    for name, value in values.items():
        if getattr(product, name) != value:
            setattr(product, name, value)
            changed = True
    return changed


def _skus(records: Iterable[Placed]) -> list[str]:
    return [each.record.sku for each in records]


def _variants(products: Iterable[Product]) -> ProductQuerySet:
    return Product.objects.filter(parent__in=[each.pk for each in products])


def _filed(products: Iterable[Product]) -> dict[UUID, set[UUID]]:
    """The categories of products."""
    found: dict[UUID, set[UUID]] = {}
    lines = Filing.objects.filter(product_id__in=[each.pk for each in products])
    for product, category in lines.values_list("product_id", "category_id"):
        found.setdefault(product, set()).add(category)
    return found


def _free_slugs(records: Iterable[ProductRecord]) -> dict[str, str]:
    """A free slug for each new product, by SKU: its own or its title's, else with its SKU."""
    wanted = {}
    for record in records:
        slug = record.slug or slugify(record.title)[:180] or slugify(record.sku)[:180] or "product"
        wanted[record.sku] = slug, f"{slug[:120]}-{slugify(record.sku)}"[:190].strip("-")
    candidates = set(chain.from_iterable(wanted.values()))
    taken = set(Product.objects.filter(slug__in=candidates).values_list("slug", flat=True))
    found = {}
    for sku, slugs in wanted.items():
        numbered = (f"{slugs[1]}-{number}" for number in count(2))
        found[sku] = next(
            slug
            for slug in chain(slugs, numbered)
            if slug not in taken
            and (slug in candidates or not Product.objects.filter(slug=slug).exists())
        )
        taken.add(found[sku])
    return found


def _sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        if hasattr(error, "error_dict"):
            return "; ".join(
                f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()
            )
        return " ".join(error.messages)
    return str(error).strip().split("\n")[0]
