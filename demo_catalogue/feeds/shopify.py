"""Shopify's own CSV: rows with the same handle are variants of one product, or further pictures.

https://help.shopify.com/en/manual/products/import-export/using-csv
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from demo_catalogue.feeds.base import Shop
from demo_catalogue.feeds.columns import record_from
from demo_catalogue.feeds.tables import TableRow, simple_name
from demo_catalogue.feeds.texts import words
from demo_catalogue.records import ProductRecord, RecordError

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "handle": ("handle", "url_handle"),
    "description": ("body_html", "description"),
    "category": ("product_category",),
    "published": ("published", "published_on_online_store"),
    "sku": ("variant_sku", "sku"),
    "barcode": ("variant_barcode", "barcode"),
    "price": ("variant_price", "price"),
    "before": ("variant_compare_at_price", "compare_at_price"),
    "stock": ("variant_inventory_qty", "inventory_quantity"),
    "tracker": ("variant_inventory_tracker", "inventory_tracker"),
    "policy": ("variant_inventory_policy", "continue_selling_when_out_of_stock"),
    "picture": ("image_src", "product_image_url"),
    "place": ("image_position",),
    "own_picture": ("variant_image", "variant_image_url"),
    "gender": ("google_shopping_gender",),
    "age_group": ("google_shopping_age_group",),
    "mpn": ("google_shopping_mpn",),
}
"""Names that the columns had until 2025, and have now."""
_OPTIONS = (1, 2, 3)


def is_dialect(header: Iterable[str]) -> bool:
    names = set(map(simple_name, header))
    return bool(
        names.intersection(COLUMNS["handle"])
        and "option1_name" in names
        and names.intersection(COLUMNS["price"])
    )


def rows(
    records: Iterator[TableRow | RecordError], shop: Shop
) -> Iterator[ProductRecord | RecordError]:
    def handle(each: TableRow | RecordError) -> str:
        return "" if isinstance(each, RecordError) else _value(each.simply(), "handle")

    for of_product, lines in groupby(records, key=handle):
        good = []
        for each in lines:
            if isinstance(each, RecordError):
                yield each
            elif not of_product:
                yield RecordError(each.line, "no handle", each.sku)
            else:
                good.append((each.line, each.simply()))
        if good:
            yield from _Product(of_product, good).rows(shop)


@dataclass
class _Product:
    """The lines of one handle. What they share stands in the first."""

    handle: str
    lines: list[tuple[int, dict[str, str]]]
    options: dict[int, str] = field(init=False)
    variants: list[tuple[int, dict[str, str]]] = field(init=False)

    def __post_init__(self) -> None:
        main = self.main
        self.variants = [
            (line, each)
            for line, each in self.lines
            if any(_value(each, name) for name in ("sku", "price"))
            or any(each.get(f"option{number}_value") for number in _OPTIONS)
        ] or self.lines[:1]
        self.options = {
            number: name
            for number in _OPTIONS
            if (name := main.get(f"option{number}_name", ""))
            and any(
                each.get(f"option{number}_value", "").casefold() not in ("", "default title")
                for _line, each in self.variants
            )
        }

    @property
    def main(self) -> dict[str, str]:
        return self.lines[0][1]

    def rows(self, shop: Shop) -> Iterator[ProductRecord | RecordError]:
        if len(self.variants) == 1:
            line, only = self.variants[0]
            sku = _value(only, "sku") or self.handle
            named = self._shared() | self._own(only) | {"sku": sku}
            named["attributes"] = {**self._properties(), **self._chosen(only)}
            yield _row(line, named, shop)
            return
        own = {_value(each, "sku") for _line, each in self.variants}
        head = self.handle if self.handle not in own else f"{self.handle}-all"
        stock = {"availability": "in stock" if self._is_available() else "out of stock"}
        yield _row(self.lines[0][0], self._shared() | stock | {"sku": head}, shop)
        for line, each in self.variants:
            chosen = self._chosen(each)
            named = self._own(each) | {
                "sku": _value(each, "sku") or "-".join([self.handle, *chosen.values()]),
                "title": " - ".join([self.main.get("title", ""), *chosen.values()]),
                "brand": self.main.get("vendor", ""),
                "published": self._published(),
                "categories": self._shared()["categories"],
                "attributes": chosen,
                "parent": head,
                "image_link": _value(each, "own_picture"),
            }
            yield _row(line, named, shop)

    def _shared(self) -> dict[str, object]:
        pictures = [each for _line, each in self.lines if _value(each, "picture")]
        pictures.sort(key=_place)
        return {
            "title": self.main.get("title", ""),
            "description": _value(self.main, "description"),
            "brand": self.main.get("vendor", ""),
            "categories": self.main.get("type") or _value(self.main, "category"),
            "image_link": [_value(each, "picture") for each in pictures],
            "published": self._published(),
            "attributes": self._properties(),
        }

    def _published(self) -> list[str]:
        return [_value(self.main, "published"), self.main.get("status", "")]

    def _properties(self) -> dict[str, str]:
        named = {name: _value(self.main, name) for name in ("gender", "age_group")}
        return {name: value for name, value in named.items() if value}

    def _chosen(self, variant: Mapping[str, str]) -> dict[str, str]:
        """The options of a variant: Color is a colour as in other feeds."""
        return {
            simple_name(name) if simple_name(name) in _SHARED_NAMES else name: value
            for number, name in self.options.items()
            if (value := variant.get(f"option{number}_value", ""))
        }

    def _own(self, variant: Mapping[str, str]) -> dict[str, object]:
        is_counted = bool(_value(variant, "tracker"))
        on_order = _value(variant, "policy").casefold() in ("continue", "true")
        return {
            "price": _value(variant, "price"),
            "compare_at_price": _value(variant, "before"),
            "stock": _value(variant, "stock") if is_counted else "",
            "availability": "backorder" if on_order else "",
            "ean": _value(variant, "barcode"),
            "mpn": _value(variant, "mpn"),
        }

    def _is_available(self) -> bool:
        return any(
            self._own(each)["stock"] != "0" or self._own(each)["availability"]
            for _line, each in self.variants
        )


_SHARED_NAMES = words("color colour size material pattern style")


def _value(record: Mapping[str, str], name: str) -> str:
    return next((record[each] for each in COLUMNS[name] if each in record), "")


def _place(record: Mapping[str, str]) -> int:
    place = _value(record, "place")
    return int(place) if place.isdecimal() else 10**6


def _row(line: int, named: Mapping[str, object], shop: Shop) -> ProductRecord | RecordError:
    try:
        return record_from(line, named, shop)
    except ValueError as error:
        return RecordError(line, str(error), str(named["sku"])[:100])
