"""What every feed format is read into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO, Protocol

from django.utils import timezone


@dataclass(frozen=True, slots=True)
class Shop:
    """What a feed leaves to the shop that reads it."""

    currency: str = ""
    """Of prices that name none; empty where nobody has said."""
    now: datetime = field(default_factory=timezone.now)
    """Sales that are over by then, or have not begun, are none."""


@dataclass(frozen=True, slots=True)
class Row:
    """One product of a feed. `line` is where it begins in the file, counted from 1."""

    line: int
    sku: str
    title: str
    description: str = ""
    price: Decimal | None = None
    """With the decimals of its currency, so three in Kuwait."""
    compare_at_price: Decimal | None = None
    currency: str = ""
    stock: int | None = None
    """Pieces; None where the feed says "in stock" without a number."""
    ean: str = ""
    brand: str = ""
    categories: tuple[str, ...] = ()
    """Paths such as "Home > Lighting"."""
    attributes: Mapping[str, object] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()
    """Paths relative to the feed, or web addresses; the main picture first."""
    parent: str = ""
    """SKU of the product, a row of its own, that this is a variant of."""
    group: str = ""
    """Key shared by variants of a product that has no row of its own."""
    published: bool = True
    """False for a draft, of which only the SKU has been read."""
    notes: tuple[str, ...] = ()
    """Flaws that do not keep the product out."""
    unread: tuple[str, ...] = ()
    """Names that had a value and are neither known nor properties."""


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that cannot be read, and why."""

    line: int
    message: str
    sku: str = ""


class FeedError(Exception):
    """The file as a whole cannot be read, or not beyond a line."""


class Feed(Protocol):
    """One format. Reads a file from front to back, holding one row in memory at a time.

    Bad rows come as `RowError` in their place, and reading goes on behind them.

    Raises:
        FeedError: the file is not of this format, or breaks off.
    """

    def __init__(self, shop: Shop) -> None: ...

    def read(self, stream: BinaryIO) -> Iterator[Row | RowError]: ...
