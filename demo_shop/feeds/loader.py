"""Rows into the shop: by SKU, each with all its relations or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.utils.text import slugify

from demo_shop.feeds.pictures import PictureError, read_below, store
from demo_shop.feeds.row import Row, RowError
from demo_shop.models import Brand, Category, Product, free_slug

UNCOUNTED = 99
"""Stock of what a feed calls available without saying how many there are."""
_WEB = re.compile(r"(?i)https?://")


@dataclass
class Report:
    """What became of the rows. A note is a flaw that did not keep its product out."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: list[RowError] = field(default_factory=list)
    notes: list[RowError] = field(default_factory=list)
    skus: set[str] = field(default_factory=set)


class Loader:
    """Loads the rows of one feed. Pictures are looked for below `folder`."""

    def __init__(self, folder: Path, currency: str) -> None:
        self.report = Report()
        self._folder = folder
        self._currency = currency
        self._lines: dict[str, int] = {}
        self._brands: dict[str, Brand] = {}
        self._categories: dict[str, Category] = {}
        self._groups: dict[str, Product] = {}
        self._pictures: dict[str, tuple[str, str]] = {}

    def load(self, rows: Iterable[Row | RowError]) -> Iterator[Row | RowError]:
        """Load every row and give it back, for a progress bar; variants wait for their parents."""
        waiting: list[Row] = []
        for row in rows:
            yield row
            if isinstance(row, RowError):
                self.report.failed.append(row)
            elif row.sku in self._lines:
                first = self._lines[row.sku]
                self._fail(row, f"SKU {row.sku!r} repeats that of line {first}")
            else:
                self._lines[row.sku] = row.line
                self.report.skus.add(row.sku)
                if row.parent and not Product.objects.filter(sku=row.parent).exists():
                    waiting.append(row)
                else:
                    self._load_row(row)
        for row in waiting:
            self._load_row(row)

    def _load_row(self, row: Row) -> None:
        # Files are not part of the transaction; a picture without a row is only a few kilobytes.
        images = [name for each in row.pictures if (name := self._picture(row, each))]
        try:
            with transaction.atomic():
                outcome = self._save(row, self._parent_of(row), images)
        except (ValidationError, ValueError, DataError, IntegrityError) as error:
            # What the transaction took back must not be remembered as existing.
            self._brands.clear()
            self._categories.clear()
            self._groups.clear()
            self._fail(row, _sentence(error))
        else:
            setattr(self.report, outcome, getattr(self.report, outcome) + 1)

    def _fail(self, row: Row, message: str) -> None:
        self.report.failed.append(RowError(row.line, message, row.sku))

    def _save(self, row: Row, parent: Product | None, images: list[tuple[str, str]]) -> str:
        """Create or update one product; "created", "updated" or "unchanged"."""
        product = Product.objects.filter(sku=row.sku).first() or Product(sku=row.sku)
        new = product._state.adding
        if parent and not new and product.variants.exists():
            raise ValueError(f"{row.sku!r} has variants and cannot be a variant of another")
        if new:
            product.slug = _slug(row.title, row.sku)
        changed = _assign(
            product,
            parent=parent,
            title=row.title,
            description=row.description,
            brand=self._brand(row.brand),
            attributes=dict(row.attributes),
            price=row.price,
            compare_at_price=row.compare_at_price,
            currency=row.currency or self._currency,
            stock=UNCOUNTED if row.stock is None else row.stock,
            ean=row.ean,
            active=True,
            image=images[0][0] if images else "",
            thumbnail=images[0][1] if images else "",
            gallery=[large for large, _small in images[1:]],
            image_link=next((each for each in row.pictures if _WEB.match(each)), ""),
        )
        if new or changed:
            product.full_clean(
                exclude=["parent", "brand", "image", "thumbnail", "slug"],
                validate_unique=False,
                validate_constraints=False,
            )
            product.save()
        moved = self._file(product, row.categories)
        return "created" if new else "updated" if changed or moved else "unchanged"

    def _file(self, product: Product, paths: Iterable[str]) -> bool:
        """Put a product into its categories; whether that changed anything."""
        wanted = {self._category(path).pk for path in paths}
        if wanted == set(product.categories.values_list("pk", flat=True)):
            return False
        product.categories.set(wanted)
        return True

    def _parent_of(self, row: Row) -> Product | None:
        if row.parent:
            parent = Product.objects.filter(sku=row.parent).first()
            if parent is None:
                raise ValueError(f"parent {row.parent!r} is neither in the feed nor in the shop")
            if parent.parent_id:
                raise ValueError(f"parent {row.parent!r} is itself a variant")
            return parent
        return self._group_of(row) if row.group else None

    def _group_of(self, row: Row) -> Product:
        """The product that variants with an `item_group_id` share, made from the first of them."""
        if row.group not in self._groups:
            own = ("color", "colour", "size", "material", "pattern")
            title = _without(row.title, [str(row.attributes.get(key, "")) for key in own])
            shared = {key: each for key, each in row.attributes.items() if key not in own}
            head = Row(
                line=row.line, sku=row.group, title=title, description=row.description,
                price=row.price, compare_at_price=row.compare_at_price, currency=row.currency,
                stock=row.stock, brand=row.brand, categories=row.categories, attributes=shared,
                pictures=row.pictures,
            )  # fmt: skip
            if row.group not in self._lines:
                images = [name for each in row.pictures if (name := self._picture(row, each))]
                self._save(head, None, images)
                self.report.skus.add(row.group)
            self._groups[row.group] = Product.objects.get(sku=row.group)
        return self._groups[row.group]

    def _brand(self, name: str) -> Brand | None:
        if not name:
            return None
        if name not in self._brands:
            self._brands[name], _new = Brand.objects.get_or_create(name=name)
        return self._brands[name]

    def _category(self, path: str) -> Category:
        if path not in self._categories:
            self._categories[path] = Category.objects.get_or_create_path(path)
        return self._categories[path]

    def _picture(self, row: Row, source: str) -> tuple[str, str] | None:
        """Storage names of both sizes; None, noted, where the picture is of no use."""
        if _WEB.match(source):
            return None
        if source not in self._pictures:
            try:
                picture = store(read_below(self._folder, source), "catalogue")
            except PictureError as error:
                self.report.notes.append(RowError(row.line, str(error), row.sku))
                return None
            self._pictures[source] = picture.large, picture.small
        return self._pictures[source]


def _assign(product: Product, **values: object) -> bool:
    """Set what differs; whether anything did."""
    changed = False
    for name, value in values.items():
        if getattr(product, name) != value:
            setattr(product, name, value)
            changed = True
    return changed


def _slug(title: str, sku: str) -> str:
    slug = slugify(title)[:180] or slugify(sku)[:180] or "product"
    if not Product.objects.filter(slug=slug).exists():
        return slug
    return free_slug(f"{slug[:120]}-{slugify(sku)}"[:190], Product.objects, "slug")


def _without(title: str, values: Iterable[str]) -> str:
    """ "Linen shirt - Red, XL" without its own colour and size is "Linen shirt"."""
    shorter = title
    for _again in range(4):
        for value in filter(None, values):
            shorter = re.sub(
                rf"[\s,/(\-–|]+{re.escape(value)}[\s)]*$", "", shorter, flags=re.IGNORECASE
            )
    return shorter or title


def _sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        if hasattr(error, "error_dict"):
            return "; ".join(
                f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()
            )
        return " ".join(error.messages)
    return str(error).strip().split("\n")[0]
