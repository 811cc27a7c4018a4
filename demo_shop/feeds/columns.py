"""From named values, as every format yields them, to a `Row`.

Names are those of Google Merchant Center and the usual synonyms of shop exports. A name that is
not known is an attribute of the product.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from django.utils.html import strip_tags

from demo_shop.feeds.row import Row

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "sku": ("sku", "id", "_id", "product_id"),
    "title": ("title", "name"),
    "description": ("description", "text", "summary", "content"),
    "price": ("price",),
    "sale_price": ("sale_price", "special_price"),
    "compare_at_price": ("compare_at_price",),
    "currency": ("currency",),
    "availability": ("availability", "in_stock"),
    "stock": ("stock", "quantity", "qty", "inventory", "sell_on_google_quantity"),
    "ean": ("ean", "gtin", "upc", "barcode"),
    "brand": ("brand", "manufacturer"),
    "categories": ("categories", "category", "product_type"),
    "google_category": ("google_product_category",),
    "pictures": ("image_link", "image", "images", "image_url"),
    "more_pictures": ("additional_image_link", "additional_images"),
    "parent": ("parent", "parent_sku"),
    "group": ("item_group_id",),
    "details": ("product_detail",),
    "attributes": ("attributes",),
}
CATEGORY_LEVELS = ("master_category", "sub_category", "article_type")
"""Columns that together are one category path, outermost first."""

NOT_FOR_SHOPPERS = frozenset(
    {
        "ads_redirect", "adult", "associated_skus", "author", "bundle_options",
        "canonical_link", "condition", "custom_label_0", "custom_label_1", "custom_label_2",
        "custom_label_3", "custom_label_4", "date_released", "downloads",
        "identifier_exists", "is_bundle", "lifestyle_image_link", "link", "mobile_link",
        "mpn", "multipack", "product_highlight", "promotion_id", "published",
        "sale_price_effective_date", "shipping", "shipping_label", "shipping_weight", "tax",
        "updated", "video",
    }
)  # fmt: skip
OUT_OF_STOCK = frozenset({"out_of_stock", "outofstock", "no", "false", "0", "discontinued"})
IN_STOCK = frozenset(
    {"in_stock", "instock", "yes", "true", "1", "preorder", "pre_order", "backorder"}
    | {"limited_availability", "available"}
)
CURRENCY_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "元": "CNY"}

_KNOWN = {name: field for field, names in SYNONYMS.items() for name in names}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BREAKS = re.compile(r"(?i)<(?:br|/p|/div|/li|/h[1-6]|/tr)\b[^>]*>")
_MAX_ATTRIBUTES = 60


def column_name(heading: str) -> str:
    """ "g:Image Link", "imageLink" and "image-link" are all `image_link`."""
    name = _CAMEL.sub("_", heading.strip().removeprefix("g:"))
    return re.sub(r"[\s\-]+", "_", name).lower()


def row_from(line: int, named: Mapping[str, object]) -> Row:
    """Build a row from column names and their values.

    A value is a scalar or a list; several columns of one meaning are read in the given order.

    Raises:
        ValueError: the row is not a product; the message names the column and the value.
    """
    known: dict[str, list[object]] = {}
    extra: dict[str, object] = {}
    levels: dict[str, str] = {}
    for heading, value in named.items():
        name = column_name(heading)
        values = [each for each in _listed(value) if not _blank(each)]
        if not values or name in NOT_FOR_SHOPPERS:
            continue
        if name in CATEGORY_LEVELS:
            levels[name] = _text(values[0])
        elif name in _KNOWN:
            known.setdefault(_KNOWN[name], []).extend(values)
        else:
            extra[name] = values[0] if len(values) == 1 else values

    def first(field: str) -> str:
        return _text(known[field][0]) if field in known else ""

    if not (sku := first("sku")):
        raise ValueError("no SKU: one of the columns id, sku or _id must have a value")
    if not (title := first("title")):
        raise ValueError("no title")
    categories = [_path(each) for each in _split(known.get("categories", ()), "|")]
    if not categories:
        named_by_google = _split(known.get("google_category", ()), "|")
        categories = [_path(each) for each in named_by_google if not each.isdecimal()]
    if levels:
        categories.append(" > ".join(levels[name] for name in CATEGORY_LEVELS if name in levels))
    parent, group = first("parent"), first("group")
    row = Row(
        line=line,
        sku=_limited("SKU", sku, 100),
        title=_limited("title", _plain(title).replace("\n", " "), 300),
        description=_plain(first("description"))[:50_000],
        stock=_stock(first("stock"), first("availability")),
        ean=_limited("EAN", first("ean"), 20),
        brand=_limited("brand", first("brand"), 200),
        categories=tuple(dict.fromkeys(each for each in categories if each)),
        attributes=_attributes(known.get("attributes", ()), known.get("details", ()), extra),
        pictures=tuple(
            dict.fromkeys(
                [_text(each) for each in _split(known.get("pictures", ()), "|")]
                + [_text(each) for each in _split(known.get("more_pictures", ()), ",")]
            )
        ),
        parent="" if parent == sku else _limited("parent", parent, 100),
        group="" if group == sku else _limited("item_group_id", group, 100),
    )
    return _priced(
        row, *(first(f) for f in ("price", "sale_price", "compare_at_price")), first("currency")
    )


def parse_price(text: str) -> tuple[Decimal, str]:
    """Amount and currency ("" where none is named) of "12.00 USD", "USD 12", "€ 1.299,00"."""
    raw = text.strip()
    currency = ""
    for sign, code in CURRENCY_SIGNS.items():
        if sign in raw:
            raw, currency = raw.replace(sign, ""), code
    if code := re.search(r"(?<![A-Za-z])[A-Za-z]{3}(?![A-Za-z])", raw):
        raw, currency = raw.replace(code[0], ""), code[0].upper()
    number = re.sub(r"[\s\u00a0'’]", "", raw)
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+(,\d+)?|-?\d+,\d{1,2}", number):
        number = number.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", number):
        number = number.replace(",", "")
    try:
        amount = Decimal(number)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError(f"price {text!r} is not a price; write it like '12.00 USD'")
    if amount < 0 or amount >= Decimal(10) ** 10:
        raise ValueError(f"price {text!r} is out of range")
    return amount.quantize(Decimal("0.01")), currency


def _priced(row: Row, price: str, sale_price: str, before: str, currency: str) -> Row:
    """The row with its prices: a sale price below the price makes that the price before."""
    if currency and not re.fullmatch(r"[A-Za-z]{3}", currency):
        raise ValueError(f"currency {currency!r} is not an ISO 4217 code such as 'EUR'")
    amount, named = parse_price(price) if price else (None, "")
    compare = parse_price(before)[0] if before else None
    if sale_price:
        sale, also_named = parse_price(sale_price)
        named = named or also_named
        if amount is None or sale < amount:
            amount, compare = sale, amount
    return replace(
        row, price=amount, compare_at_price=compare, currency=(named or currency).upper()
    )


def _stock(quantity: str, availability: str) -> int | None:
    state = re.sub(r"[\s\-]+", "_", availability.strip().lower())
    state = state.removeprefix("https://schema.org/").removeprefix("http://schema.org/")
    if state in OUT_OF_STOCK:
        return 0
    if state and state not in IN_STOCK:
        raise ValueError(
            f"availability {availability!r} is not known; use in_stock, out_of_stock, preorder "
            "or backorder"
        )
    if not quantity:
        return None
    try:
        pieces = int(Decimal(quantity))
    except (InvalidOperation, ValueError, OverflowError):
        raise ValueError(f"stock {quantity!r} is not a number") from None
    return min(max(pieces, 0), 2**31 - 1)


def _attributes(
    given: Iterable[object], details: Iterable[object], extra: Mapping[str, object]
) -> dict[str, object]:
    """One flat object of scalars and lists of scalars; `product_type` is the exporter's own."""
    found: dict[str, object] = {}
    for each in given:
        if not isinstance(each, Mapping):
            raise ValueError("attributes is not a JSON object")  # noqa: TRY004 (bad data, not a bug)
        found |= {
            str(key): value
            for key, value in each.items()
            if key != "product_type" and column_name(str(key)) not in NOT_FOR_SHOPPERS
        }
    for detail in details:
        _section, _, rest = _text(detail).partition(":")
        name, _, value = rest.partition(":")
        if name.strip() and value.strip():
            found.setdefault(name.strip(), value.strip())
    for key, value in extra.items():
        found.setdefault(key, value)
    kept = {key[:100]: value for key, value in found.items() if key and _flat(value)}
    return dict(list(kept.items())[:_MAX_ATTRIBUTES])


def _flat(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(_flat(each) and not isinstance(each, list) for each in value)
    return isinstance(value, (str, int, float, bool)) and value != ""


def _path(text: str) -> str:
    levels = [level.strip()[:200] for level in text.split(">")]
    return _limited("category", " > ".join(level for level in levels if level), 500)


def _split(values: Iterable[object], separator: str) -> list[str]:
    parts = [part.strip() for value in values for part in _text(value).split(separator)]
    return [part for part in parts if part]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _text(value: object) -> str:
    """A value as text; PostgreSQL cannot store NUL."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("\x00", "").strip()


def _plain(text: str) -> str:
    """Text without markup: feeds carry HTML, often escaped once more than the format asks."""
    if "<" in text or "&" in text:
        text = html.unescape(strip_tags(_BREAKS.sub("\n", html.unescape(text))))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _limited(what: str, text: str, length: int) -> str:
    if len(text) > length:
        raise ValueError(f"{what} has {len(text)} characters; {length} is the most")
    return text
