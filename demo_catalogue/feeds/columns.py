"""Turn named values, as every format yields them, into a `ProductRecord`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from demo_catalogue.feeds import lists
from demo_catalogue.feeds.availability import stock
from demo_catalogue.feeds.base import Shop
from demo_catalogue.feeds.headings import (
    CATEGORY_LEVELS,
    PROPERTIES,
    UNPUBLISHED,
    column_name,
    field_of,
    is_internal,
    own_attribute,
)
from demo_catalogue.feeds.prices import begin_of, currency_code, end_of, parse_price, period
from demo_catalogue.feeds.texts import line as on_one_line
from demo_catalogue.feeds.texts import plain, text, unescaped
from demo_catalogue.records import ProductRecord

_MAX_ATTRIBUTES = 60
_MAX_GTIN = 20
_CUT = re.compile(r"\d[.,]\d+[eE]\+?\d+")
"""A long number after a spreadsheet had it: "4.00638E+12"."""


@dataclass
class Columns:
    """The values of one row, sorted by what they mean."""

    known: dict[str, list[object]] = field(default_factory=dict)
    extra: dict[str, object] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def all(self, name: str) -> list[object]:
        return self.known.get(name, [])

    def raw(self, name: str) -> object:
        return next(iter(self.all(name)), "")

    def first(self, name: str) -> str:
        return unescaped(text(self.raw(name)))


def record_from(
    line: int, named: Mapping[str, object], shop: Shop | None = None, *, in_table: bool = False
) -> ProductRecord:
    """Build a record from column names and their values.

    A value is a scalar or a list; several columns of one meaning are read in the given order.

    in_table: a value may be several, with commas between them.

    Raises:
        ValueError: the row is not a product; the message names the column and the value.
    """
    columns = _sorted(named)
    if not (sku := columns.first("sku")):
        raise ValueError("no SKU: one of the columns id, sku or _id must have a value")
    parent, group = columns.first("parent"), columns.first("group")
    row = ProductRecord(
        line=line,
        sku=_limited("SKU", sku, 100),
        title=on_one_line(columns.raw("title")),
        parent="" if parent == sku else _limited("parent", parent, 100),
        group="" if group == sku else _limited("item_group_id", group, 100),
    )
    if any(text(state).casefold() in UNPUBLISHED for state in columns.all("published")):
        return replace(row, published=False)
    if not row.title:
        raise ValueError("no title")
    row = replace(
        row,
        title=_limited("title", row.title, 300),
        description=plain(columns.raw("description"))[:50_000],
        stock=stock(columns.first("stock"), columns.first("availability")),
        brand=_limited("brand", on_one_line(columns.raw("brand")), 200),
        categories=_categories(columns, in_table=in_table),
        pictures=tuple(lists.pictures([*columns.all("pictures"), *columns.all("more_pictures")])),
        ean=_ean(columns),
        attributes=_attributes(columns),
        unread=tuple(columns.unread),
    )
    priced = _priced(row, columns, shop or Shop())
    return replace(priced, notes=tuple(columns.notes))


def _sorted(named: Mapping[str, object]) -> Columns:
    columns = Columns()
    for heading, value in named.items():
        name = column_name(heading)
        values = [each for each in _listed(value) if not _blank(each)]
        if not values:
            continue
        if name in CATEGORY_LEVELS:
            columns.levels[name] = on_one_line(values[0])
        elif known := field_of(name):
            columns.known.setdefault(known, []).extend(values)
        elif own := own_attribute(heading):
            columns.extra[own] = values[0] if len(values) == 1 else values
        elif name in PROPERTIES:
            columns.extra[name] = values[0] if len(values) == 1 else values
        elif not is_internal(name):
            columns.unread.append(heading.strip())
    return columns


def _priced(row: ProductRecord, columns: Columns, shop: Shop) -> ProductRecord:
    """Add the prices: if a sale holds, the usual price becomes the price before."""
    own = currency_code(columns.first("currency"))
    home = own or shop.currency

    def price(name: str, home: str) -> tuple[Decimal | None, str]:
        values = columns.all(name)
        return parse_price(_number_or_text(values[0]), home) if values else (None, "")

    amount, named = price("price", home)
    before, _currency = price("compare_at_price", named or home)
    sale, of_sale = price("sale_price", named or home)
    is_comparable = of_sale in ("", named or home or of_sale)
    if sale and (amount is None or (sale < amount and is_comparable)):
        try:
            holds = _holds(columns, shop)
        except ValueError as error:
            columns.notes.append(f"the sale price {sale} is left out: {error}")
            holds = False
        if holds:
            amount, before, named = sale, amount or before, named or of_sale
    if before is not None and (amount is None or before <= amount):
        before = None
    return replace(row, price=amount, compare_at_price=before, currency=named or own)


def _holds(columns: Columns, shop: Shop) -> bool:
    """Whether the sale has begun and is not over."""
    begin, end = begin_of(columns.first("sale_begins")), end_of(columns.first("sale_ends"))
    if written := columns.first("sale_period"):
        begin, end = period(written)
    return (begin is None or begin <= shop.now) and (end is None or shop.now < end)


def _categories(columns: Columns, *, in_table: bool) -> tuple[str, ...]:
    found = lists.paths(columns.all("categories"), in_table=in_table)
    if not found:
        # Google's own tree has commas in its names, and numbers that say nothing to a shopper.
        by_google = lists.paths(columns.all("google_category"), in_table=False)
        found = [each for each in by_google if not each.isdecimal()]
    if columns.levels:
        found.append(" > ".join(v for n in CATEGORY_LEVELS if (v := columns.levels.get(n))))
    return tuple(path for path in dict.fromkeys(map(_path, found)) if path)


def _path(written: str) -> str:
    levels = [on_one_line(level)[:200] for level in written.split(">")]
    return _limited("category", " > ".join(level for level in levels if level), 500)


def _ean(columns: Columns) -> str:
    """Return the first GTIN; further ones become an attribute, so that search finds them."""
    usable = []
    for number in lists.numbers(columns.all("ean")):
        if _CUT.fullmatch(number):
            columns.notes.append(f"EAN {number!r} has lost its digits in a spreadsheet")
        elif len(number) > _MAX_GTIN:
            columns.notes.append(f"EAN {number[:50]!r} is too long to be one")
        elif re.search(r"[1-9]", number):
            usable.append(number)
    if usable[1:]:
        columns.extra.setdefault("gtin", usable[1:] if usable[2:] else usable[1])
    return usable[0] if usable else ""


def _attributes(columns: Columns) -> dict[str, object]:
    """One flat object of scalars and lists of scalars; `product_type` is the exporter's own."""
    found: dict[str, object] = {}
    for each in map(_object, columns.all("attributes")):
        found |= {
            str(key): value
            for key, value in each.items()
            if key != "product_type" and not is_internal(column_name(str(key)))
        }
    for name, detail in lists.details(columns.all("details")).items():
        if not is_internal(column_name(name)):
            found.setdefault(name, detail)
    for key, extra in columns.extra.items():
        found.setdefault(key, extra)
    clean = ((on_one_line(key)[:100], _clean(value)) for key, value in found.items())
    kept = {key: value for key, value in clean if key and _flat(value)}
    return dict(list(kept.items())[:_MAX_ATTRIBUTES])


def _object(value: object) -> Mapping[str, object]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping):
        raise ValueError("attributes is not a JSON object")  # noqa: TRY004 (bad data, not a bug)
    return value


def _clean(value: object) -> object:
    if isinstance(value, list):
        return [_clean(each) for each in value]
    return on_one_line(value) if isinstance(value, str) else value


def _flat(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(_flat(each) and not isinstance(each, list) for each in value)
    return isinstance(value, (str, int, float, bool)) and value != ""


def _number_or_text(value: object) -> object:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number else unescaped(text(value))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _limited(what: str, text: str, length: int) -> str:
    if len(text) > length:
        raise ValueError(f"{what} has {len(text)} characters; {length} is the most")
    return text
