"""The rows of a feed into the shop: by SKU, in batches, variants after what they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeGuard

from demo_shop.feeds.gallery import Gallery
from demo_shop.feeds.row import FeedError, Row, RowError
from demo_shop.feeds.shelf import (
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
    """What became of the rows. A note is a flaw that did not keep its product out."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    left_out: int = 0
    """Drafts."""
    failed: list[RowError] = field(default_factory=list)
    notes: list[RowError] = field(default_factory=list)
    skus: set[str] = field(default_factory=set)
    unread: dict[str, int] = field(default_factory=dict)
    """Names that were not understood, with the first line of each."""

    def fail(self, row: Row, message: str) -> None:
        self.failed.append(RowError(row.line, message, row.sku))

    def note(self, row: Row, messages: Iterable[str]) -> None:
        self.notes += [RowError(row.line, message, row.sku) for message in messages]

    def count(self, results: Iterable[Result]) -> None:
        for each in results:
            if each.outcome == Outcome.FAILED:
                self.fail(each.row, each.message)
            else:
                setattr(self, each.outcome, getattr(self, each.outcome) + 1)


class Loader:
    """Loads the rows of one feed. Pictures are looked for below `folder`."""

    def __init__(self, folder: Path, currency: str) -> None:
        self.report = Report()
        self._gallery = Gallery(folder)
        self._shelf = Shelf(currency)
        self._lines: dict[str, int] = {}
        self._left_out: set[str] = set()
        self._groups: set[str] = set()
        self._waiting: list[Row] = []

    def load(self, rows: Iterable[Row | RowError]) -> Iterator[Row | RowError]:
        """Load every row and give it back, for a progress bar; variants wait for their parents.

        Raises:
            FeedError: that of the rows, after those before it have been loaded.
        """
        batch: list[Row] = []
        with self._gallery:
            try:
                for row in rows:
                    yield row
                    if self._is_wanted(row):
                        self._gallery.begin(row)
                        batch.append(row)
                    if len(batch) == BATCH:
                        self._load(batch)
                        batch = []
            except FeedError:
                self._finish(batch)
                raise
            self._finish(batch)

    def _is_wanted(self, row: Row | RowError) -> TypeGuard[Row]:
        if isinstance(row, RowError):
            self.report.failed.append(row)
            return False
        if row.sku in self._lines:
            first = self._lines[row.sku]
            self.report.fail(row, f"SKU {row.sku!r} repeats that of line {first}")
            return False
        self._lines[row.sku] = row.line
        self.report.note(row, row.notes)
        for name in row.unread:
            self.report.unread.setdefault(name, row.line)
        if not row.published:
            self._left_out.add(row.sku)
            return False
        self.report.skus.add(row.sku)
        return True

    def _finish(self, batch: list[Row]) -> None:
        self._load(batch)
        waiting, self._waiting = self._waiting, []
        for rows in _batches(waiting):
            self._load(rows, at_the_end=True)
        take_down(Product.objects.filter(sku__in=self._left_out))
        self.report.left_out = len(self._left_out)
        self.report.notes += [
            RowError(line, f"{name!r} is no property that is known, and was not read")
            for name, line in self.report.unread.items()
        ]

    def _load(self, rows: list[Row], *, at_the_end: bool = False) -> None:
        """Products of their own, then the variants."""
        single = [row for row in rows if not row.parent and not row.group]
        self.report.count(self._shelf.put([self._placed(row) for row in single]))
        variants = [row for row in rows if row.parent or row.group]
        self._make_groups(variants)
        keys = {row.parent or row.group for row in variants}
        parents = {each.sku: each for each in Product.objects.filter(sku__in=keys)}
        placed = []
        for row in variants:
            key = row.parent or row.group
            parent = parents.get(key)
            if key in self._left_out:
                self._left_out.add(row.sku)
                self.report.skus.discard(row.sku)
            elif parent and parent.parent_id:
                self.report.fail(row, f"parent {key!r} is itself a variant")
            elif parent:
                placed.append(self._placed(row, parent))
            elif row.parent and not at_the_end:
                self._waiting.append(row)
            else:
                self.report.fail(row, f"parent {key!r} is neither in the feed nor in the shop")
        self.report.count(self._shelf.put(placed))

    def _make_groups(self, variants: list[Row]) -> None:
        """The products that variants with an `item_group_id` share, each from the first of them.

        Where that one is refused, the next is taken.
        """
        waiting: dict[str, list[Row]] = {}
        for row in variants:
            known = row.group in self._groups or row.group in self._lines
            if row.group and not row.parent and not known:
                waiting.setdefault(row.group, []).append(row)
        while waiting:
            heads = [_head(rows[0]) for rows in waiting.values()]
            for made in self._shelf.put([self._placed(head) for head in heads]):
                group = made.row.sku
                if made.outcome != Outcome.FAILED:
                    self._groups.add(group)
                    self.report.skus.add(group)
                waiting[group] = waiting[group][1:] if group not in self._groups else []
            waiting = {group: rows for group, rows in waiting.items() if rows}

    def _placed(self, row: Row, parent: Product | None = None) -> Placed:
        pictures, flaws = self._gallery.pictures(row)
        if row.sku in self._lines:
            self.report.note(row, flaws)
            if row.price != stored_price(row.price):
                kept = f"price {row.price} is kept as {stored_price(row.price)}"
                self.report.note(row, [f"{kept}: the shop has two decimals"])
        return Placed(row, parent, pictures)


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    for begin in range(0, len(rows), BATCH):
        yield rows[begin : begin + BATCH]


def _head(row: Row) -> Row:
    """A product from one of its variants, without what is the variant's own."""
    own = [str(row.attributes.get(key, "")) for key in OWN_OF_A_VARIANT]
    return replace(
        row,
        sku=row.group,
        title=_without(row.title, own),
        ean="",
        attributes={k: each for k, each in row.attributes.items() if k not in OWN_OF_A_VARIANT},
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
