"""What every feed format offers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol

from django.utils import timezone

from demo_catalogue.records import ProductRecord, RecordError


@dataclass(frozen=True, slots=True)
class Shop:
    """The facts about the shop that a feed leaves open."""

    currency: str = ""
    """Of prices that name none; empty where nobody has said."""
    now: datetime = field(default_factory=timezone.now)
    """Time at which a sale has to hold to lower the price."""


class FeedError(Exception):
    """The file cannot be read at all, or not beyond one line."""


class Feed(Protocol):
    """One format. Reads a file from front to back and holds one record in memory at a time.

    A record that cannot be read comes as a `RecordError` in its place; reading then goes on.

    Raises:
        FeedError: the file is not of this format, or breaks off.
    """

    def __init__(self, shop: Shop) -> None: ...

    def read(self, stream: BinaryIO) -> Iterator[ProductRecord | RecordError]: ...
