"""WooCommerce's own CSV: a variable product and its variations are rows, drafts are marked.

https://github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from demo_catalogue.feeds.base import Shop
from demo_catalogue.feeds.columns import record_from
from demo_catalogue.feeds.headings import PROPERTIES
from demo_catalogue.feeds.tables import TableRow, simple_name
from demo_catalogue.records import ProductRecord, RecordError

COLUMNS: Mapping[str, str] = {
    "title": "name",
    "price": "regular_price",
    "sale_price": "sale_price",
    "sale_price_from": "date_sale_price_starts",
    "sale_price_to": "date_sale_price_ends",
    "availability": "in_stock",
    "stock": "stock",
    "ean": "gtin_upc_ean_or_isbn",
    "brand": "brands",
}
"""Those that mean what a field of ours does; all others are read below, or not at all."""
SIZES = ("weight", "length", "width", "height")
_COMMA = re.compile(r"(?<!\\),")


def is_dialect(header: Iterable[str]) -> bool:
    names = set(map(simple_name, header))
    return {"type", "name", "regular_price"} <= names and bool(names & {"id", "sku"})


def rows(
    records: Iterator[TableRow | RecordError], shop: Shop
) -> Iterator[ProductRecord | RecordError]:
    """Variations wait until the product has come that `id:12` or its SKU names."""
    skus: dict[str, str] = {}
    waiting: list[tuple[int, dict[str, str]]] = []
    for record in records:
        if isinstance(record, RecordError):
            yield record
            continue
        cells = record.simply()
        sku = _sku(cells)
        skus |= {f"id:{cells.get('id')}": sku, sku: sku}
        if cells.get("parent", "").startswith("id:") and cells["parent"] not in skus:
            waiting.append((record.line, cells))
        else:
            yield _row(record.line, cells, skus, shop)
    for line, cells in waiting:
        yield _row(line, cells, skus, shop)


def _row(
    line: int, cells: dict[str, str], skus: Mapping[str, str], shop: Shop
) -> ProductRecord | RecordError:
    kinds = {kind.strip() for kind in cells.get("type", "").split(",")}
    is_variation = "variation" in kinds
    parent = cells.get("parent", "") if is_variation else ""
    named: dict[str, object] = {name: cells.get(column, "") for name, column in COLUMNS.items()}
    hidden = cells.get("visibility_in_catalog") == "hidden" and not is_variation
    named |= {
        "sku": _sku(cells),
        "parent": skus.get(parent, parent),
        "published": [cells.get("published", ""), "hidden" if hidden else ""],
        "description": _lines(cells.get("description") or cells.get("short_description", "")),
        "categories": _split(cells.get("categories", "")),
        "image_link": cells.get("images", ""),
        "attributes": _attributes(cells, is_variation=is_variation),
    }
    try:
        return record_from(line, named, shop)
    except ValueError as error:
        return RecordError(line, str(error), str(named["sku"])[:100])


def _sku(cells: Mapping[str, str]) -> str:
    return cells.get("sku") or cells.get("id", "")


def _attributes(cells: Mapping[str, str], *, is_variation: bool) -> dict[str, object]:
    """What shoppers see: those marked as not visible are the shop's own."""
    found: dict[str, object] = {}
    for heading in cells:
        if number := re.fullmatch(r"attribute_(\d+)_name", heading):
            about = f"attribute_{number[1]}"
            values = _split(cells.get(f"{about}_value_s", ""))
            if values and (is_variation or cells.get(f"{about}_visible") != "0"):
                name = simple_name(cells[heading])
                known = name if name in PROPERTIES else cells[heading]
                found[known] = values[0] if len(values) == 1 else values
    for name in SIZES:
        for heading, size in cells.items():
            if re.fullmatch(rf"{name}_[a-z]+", heading):
                found[name] = f"{size} {heading.rpartition('_')[2]}"
    return found


def _split(cell: str) -> list[str]:
    """Values between commas; a comma of their own has a backslash before it."""
    parts = (part.replace("\\,", ",").strip() for part in _COMMA.split(cell))
    return [part for part in parts if part]


def _lines(cell: str) -> str:
    """WooCommerce writes the end of a line as a backslash and an n."""
    return cell.replace("\\n", "\n")
