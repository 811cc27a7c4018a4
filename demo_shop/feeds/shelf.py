"""Rows into the database, many at a time: each with all its relations or not at all."""

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

from demo_shop.feeds.gallery import link
from demo_shop.feeds.pictures import Picture
from demo_shop.feeds.prices import rounded
from demo_shop.feeds.row import Row
from demo_shop.models import Brand, Category, Product, ProductQuerySet
from shopreco.services import reindex_objects

UNCOUNTED = 99
"""Stock of what a feed calls available without saying how many there are."""
CATALOGUE = "demo_shop.product"
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
    """A row with what it refers to."""

    row: Row
    parent: Product | None
    pictures: list[Picture]


@dataclass(frozen=True, slots=True)
class Result:
    row: Row
    outcome: Outcome
    message: str = ""


class Shelf:
    """Writes products, and the brands and categories that they need."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._brands: dict[str, Brand] = {}
        self._categories: dict[str, Category] = {}

    def put(self, rows: Sequence[Placed]) -> list[Result]:
        """Write rows in one transaction; where the database refuses one of them, half as many."""
        if not rows:
            return []
        try:
            with transaction.atomic():
                return self._put(rows)
        except (ValueError, DataError, IntegrityError) as error:
            # What the transaction took back must not be remembered as existing.
            self._brands.clear()
            self._categories.clear()
            if len(rows) == 1:
                return [Result(rows[0].row, Outcome.FAILED, _sentence(error))]
        half = len(rows) // 2
        return self.put(rows[:half]) + self.put(rows[half:])

    def _put(self, rows: Sequence[Placed]) -> list[Result]:
        stored = {each.sku: each for each in Product.objects.filter(sku__in=_skus(rows))}
        filed = _filed(stored.values())
        with_variants = set(_variants(stored.values()).values_list("parent_id", flat=True))
        slugs = _free_slugs([each.row for each in rows if each.row.sku not in stored])
        results: list[Result] = []
        changes = Changes()
        for each in rows:
            product = stored.get(each.row.sku) or Product(sku=each.row.sku)
            was_below = product.parent_id
            is_new = product._state.adding
            if each.parent and product.pk in with_variants:
                message = f"{product.sku!r} has variants and cannot be a variant of another"
                results.append(Result(each.row, Outcome.FAILED, message))
                continue
            try:
                if is_new:
                    product.slug = slugs[product.sku]
                differs = self._fill(product, each) or is_new
                if differs:
                    _check(product)
            except (ValidationError, ValueError) as error:
                results.append(Result(each.row, Outcome.FAILED, _sentence(error)))
                continue
            brand = self._brand(each.row.brand) if each.row.brand else None
            differs |= _assign(product, brand_id=brand.pk if brand else None)
            categories = {self._category(path).pk for path in each.row.categories}
            moved = categories != filed.get(product.pk, set())
            changes.note(product, was_below, categories if moved else None, differs=differs)
            changed = Outcome.UPDATED if differs or moved else Outcome.UNCHANGED
            results.append(Result(each.row, Outcome.CREATED if is_new else changed))
        changes.write()
        return results

    def _fill(self, product: Product, placed: Placed) -> bool:
        """Set what differs, but for what is to be created first; whether anything did."""
        row, pictures = placed.row, placed.pictures
        return _assign(
            product,
            parent_id=placed.parent.pk if placed.parent else None,
            title=row.title,
            description=row.description,
            attributes=dict(row.attributes),
            price=stored_price(row.price),
            compare_at_price=stored_price(row.compare_at_price),
            currency=row.currency or self._currency,
            stock=UNCOUNTED if row.stock is None else row.stock,
            ean=row.ean,
            active=True,
            image=pictures[0].large if pictures else "",
            thumbnail=pictures[0].small if pictures else "",
            gallery=[each.large for each in pictures[1:]],
            image_link=link(row),
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
    """What a batch writes, and what is indexed again for it."""

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
        index(self.touched)


def take_down(products: ProductQuerySet) -> int:
    """Hide products from visitors; how many there were."""
    with transaction.atomic():
        keys = set(products.filter(active=True).values_list("pk", flat=True))
        Product.objects.filter(pk__in=keys).update(active=False, updated=timezone.now())
        index(keys)
    return len(keys)


def index(products: Collection[UUID]) -> None:
    """Have products and their variants indexed again: no signal tells of a bulk write."""
    variants = Product.objects.filter(parent__in=products).values_list("pk", flat=True)
    if products:
        reindex_objects(CATALOGUE, map(str, {*products, *variants}))


def stored_price(price: Decimal | None) -> Decimal | None:
    """With the two decimals that the shop keeps."""
    return None if price is None else rounded(price, 2)


def _check(product: Product) -> None:
    product.full_clean(
        exclude=["parent", "brand", "image", "thumbnail", "slug"],
        validate_unique=False,
        validate_constraints=False,
    )


def _assign(product: Product, **values: object) -> bool:
    """Set what differs; whether anything did."""
    changed = False
    for name, value in values.items():
        if getattr(product, name) != value:
            setattr(product, name, value)
            changed = True
    return changed


def _skus(rows: Iterable[Placed]) -> list[str]:
    return [each.row.sku for each in rows]


def _variants(products: Iterable[Product]) -> ProductQuerySet:
    return Product.objects.filter(parent__in=[each.pk for each in products])


def _filed(products: Iterable[Product]) -> dict[UUID, set[UUID]]:
    """The categories of products."""
    found: dict[UUID, set[UUID]] = {}
    lines = Filing.objects.filter(product_id__in=[each.pk for each in products])
    for product, category in lines.values_list("product_id", "category_id"):
        found.setdefault(product, set()).add(category)
    return found


def _free_slugs(rows: Iterable[Row]) -> dict[str, str]:
    """An address for each new product, by SKU: of its title, with its SKU where that is taken."""
    wanted = {}
    for row in rows:
        slug = slugify(row.title)[:180] or slugify(row.sku)[:180] or "product"
        wanted[row.sku] = slug, f"{slug[:120]}-{slugify(row.sku)}"[:190].strip("-")
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
