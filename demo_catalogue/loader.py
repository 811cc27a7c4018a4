"""Write product records into the shop: by SKU, in batches, variants after their products."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from demo_catalogue.feeds.base import FeedError
from demo_catalogue.gallery import Gallery
from demo_catalogue.records import ProductRecord, RecordError
from demo_catalogue.shelf import (
    UNCOUNTED,
    Outcome,
    Placed,
    Result,
    Shelf,
    stored_price,
    take_down,
)
from demo_shop.models import Product

BATCH = 250
OWN_OF_A_VARIANT = ("color", "colour", "size", "material", "pattern", "mpn", "gtin")

__all__ = ["UNCOUNTED", "Loader", "Report"]


@dataclass
class Report:
    """Counts of a load, and its errors. A note is a flaw that did not keep its product out."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    left_out: int = 0
    """Drafts."""
    failed: list[RecordError] = field(default_factory=list)
    notes: list[RecordError] = field(default_factory=list)
    skus: set[str] = field(default_factory=set)
    unread: dict[str, int] = field(default_factory=dict)
    """Names that the feed's reader does not know, with the first line of each."""

    def fail(self, record: ProductRecord, message: str) -> None:
        self.failed.append(RecordError(record.line, message, record.sku))

    def note(self, record: ProductRecord, messages: Iterable[str]) -> None:
        self.notes += [RecordError(record.line, message, record.sku) for message in messages]

    def count(self, results: Iterable[Result]) -> None:
        for each in results:
            if each.outcome == Outcome.FAILED:
                self.fail(each.record, each.message)
            else:
                setattr(self, each.outcome, getattr(self, each.outcome) + 1)


class Loader:
    """Loads the records of one source: a feed, or the generated catalogue.

    Args:
        gallery: stores the pictures that the records name.
        currency: of records that name none.
        keep_present: leave products that the shop has as they are.
        mark_changes: have what changes indexed; needless before a re-index of everything.
        batch_size: how many records are written together.
    """

    def __init__(
        self,
        gallery: Gallery,
        currency: str,
        *,
        keep_present: bool = False,
        mark_changes: bool = True,
        batch_size: int = BATCH,
    ) -> None:
        self.report = Report()
        self._gallery = gallery
        self._shelf = Shelf(currency, mark_changes=mark_changes)
        self._keep_present = keep_present
        self._batch_size = batch_size
        self._lines: dict[str, int] = {}
        self._left_out: set[str] = set()
        self._groups: set[str] = set()
        self._waiting: list[ProductRecord] = []

    def load(
        self, records: Iterable[ProductRecord | RecordError]
    ) -> Iterator[ProductRecord | RecordError]:
        """Load every record, and yield it for a progress bar. Variants wait for their parents.

        Raises:
            FeedError: the records broke off; those before have been loaded.
        """
        batch: list[ProductRecord] = []
        with self._gallery:
            try:
                for record in records:
                    yield record
                    if self._is_wanted(record):
                        self._gallery.begin(record)
                        batch.append(record)
                    if len(batch) == self._batch_size:
                        self._load(batch)
                        batch = []
            except FeedError:
                self._finish(batch)
                raise
            self._finish(batch)

    def _is_wanted(self, record: ProductRecord | RecordError) -> TypeGuard[ProductRecord]:
        if isinstance(record, RecordError):
            self.report.failed.append(record)
            return False
        if record.sku in self._lines:
            first = self._lines[record.sku]
            self.report.fail(record, f"SKU {record.sku!r} repeats that of line {first}")
            return False
        self._lines[record.sku] = record.line
        self.report.note(record, record.notes)
        for name in record.unread:
            self.report.unread.setdefault(name, record.line)
        if not record.published:
            self._left_out.add(record.sku)
            return False
        self.report.skus.add(record.sku)
        return True

    def _finish(self, batch: list[ProductRecord]) -> None:
        self._load(batch)
        waiting, self._waiting = self._waiting, []
        for begin in range(0, len(waiting), self._batch_size):
            self._load(waiting[begin : begin + self._batch_size], at_the_end=True)
        take_down(Product.objects.filter(sku__in=self._left_out))
        self.report.left_out = len(self._left_out)
        self.report.notes += [
            RecordError(line, f"{name!r} is no property that is known, and was not read")
            for name, line in self.report.unread.items()
        ]

    def _load(self, records: list[ProductRecord], *, at_the_end: bool = False) -> None:
        """Write products of their own, then the variants."""
        if self._keep_present:
            records = self._missing(records)
        single = [record for record in records if not record.parent and not record.group]
        self.report.count(self._shelf.put([self._placed(record) for record in single]))
        variants = [record for record in records if record.parent or record.group]
        self._make_groups(variants)
        keys = {record.parent or record.group for record in variants}
        parents = {each.sku: each for each in Product.objects.filter(sku__in=keys)}
        placed = []
        for record in variants:
            key = record.parent or record.group
            parent = parents.get(key)
            if key in self._left_out:
                self._left_out.add(record.sku)
                self.report.skus.discard(record.sku)
            elif parent and parent.parent_id:
                self.report.fail(record, f"parent {key!r} is itself a variant")
            elif parent:
                placed.append(self._placed(record, parent))
            elif record.parent and not at_the_end:
                self._waiting.append(record)
            else:
                self.report.fail(record, f"parent {key!r} is neither in the feed nor in the shop")
        self.report.count(self._shelf.put(placed))

    def _missing(self, records: list[ProductRecord]) -> list[ProductRecord]:
        """The records of products that the shop does not have; the others count as unchanged."""
        skus = [each.sku for each in records]
        present = set(Product.objects.filter(sku__in=skus).values_list("sku", flat=True))
        self.report.unchanged += len(present)
        return [each for each in records if each.sku not in present]

    def _make_groups(self, variants: list[ProductRecord]) -> None:
        """Write the products that variants with an `item_group_id` share.

        Each is made from its first variant, or from the next where that is refused.
        """
        waiting: dict[str, list[ProductRecord]] = {}
        for record in variants:
            known = record.group in self._groups or record.group in self._lines
            if record.group and not record.parent and not known:
                waiting.setdefault(record.group, []).append(record)
        while waiting:
            heads = [_head(records[0]) for records in waiting.values()]
            for made in self._shelf.put([self._placed(head) for head in heads]):
                group = made.record.sku
                if made.outcome != Outcome.FAILED:
                    self._groups.add(group)
                    self.report.skus.add(group)
                waiting[group] = waiting[group][1:] if group not in self._groups else []
            waiting = {group: records for group, records in waiting.items() if records}

    def _placed(self, record: ProductRecord, parent: Product | None = None) -> Placed:
        pictures, flaws = self._gallery.pictures(record)
        if record.sku in self._lines:
            self.report.note(record, flaws)
            if record.price != stored_price(record.price):
                kept = f"price {record.price} is kept as {stored_price(record.price)}"
                self.report.note(record, [f"{kept}: the shop has two decimals"])
        return Placed(record, parent, pictures)


def _head(record: ProductRecord) -> ProductRecord:
    """The product that a variant implies, without the variant's own values."""
    own = [str(record.attributes.get(key, "")) for key in OWN_OF_A_VARIANT]
    return replace(
        record,
        sku=record.group,
        key=None,
        slug="",
        title=_without(record.title, own),
        ean="",
        attributes={k: each for k, each in record.attributes.items() if k not in OWN_OF_A_VARIANT},
        group="",
    )


def _without(title: str, values: Iterable[str]) -> str:
    """ "Linen shirt - Red, XL" without its own colour and size is "Linen shirt"."""
    shorter = title
    for _again in range(4):
        for value in filter(None, values):
            shorter = re.sub(
                rf"[\s,/(\-–|]+{re.escape(value)}[\s)]*$", "", shorter, flags=re.IGNORECASE
            )
    return shorter or title
