"""Product data before it is in the shop. Feeds and the generator make these records, and one
loader writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product or a variant.

    Feeds leave a field out by its default. Where that is None, the loader keeps what the shop has.
    """

    line: int
    """Where the record begins in its source, counted from 1."""
    sku: str
    title: str
    description: str = ""
    price: Decimal | None = None
    """With the decimals of its currency, so three in Kuwait."""
    compare_at_price: Decimal | None = None
    currency: str = ""
    stock: int | None = None
    """Pieces; None where the source says "in stock" without a number."""
    ean: str = ""
    brand: str = ""
    categories: tuple[str, ...] = ()
    """Paths such as "Home > Lighting"."""
    attributes: Mapping[str, object] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()
    """Names that the loader's gallery knows, or web addresses; the main picture first."""
    parent: str = ""
    """SKU of the product, a record of its own, that this is a variant of."""
    group: str = ""
    """Key shared by variants of a product that has no record of its own."""
    published: bool = True
    """False for a draft, of which only the SKU has been read."""
    notes: tuple[str, ...] = ()
    """Flaws that do not keep the product out."""
    unread: tuple[str, ...] = ()
    """Names that had a value and are neither known nor properties."""
    key: UUID | None = None
    """Primary key of a new product; None for a random one."""
    slug: str = ""
    """Address of a new product; empty for one made of its title."""
    title_zh: str | None = None
    description_zh: str | None = None
    collection: str | None = None
    video: str | None = None
    """Name in the shop's storage."""
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordError:
    """A record that cannot be read, and why."""

    line: int
    message: str
    sku: str = ""
