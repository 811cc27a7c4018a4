"""Column names: map the names in a feed to fields and properties.

Names are those of Google Merchant Center and the usual synonyms of shop exports. What is on
neither list is never shown to shoppers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from demo_catalogue.feeds.base import FeedError
from demo_catalogue.feeds.texts import words

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "sku": ("sku", "id", "_id", "product_id"),
    "title": ("title", "name"),
    "description": ("description", "text", "summary", "content"),
    "price": ("price",),
    "sale_price": ("sale_price", "special_price"),
    "sale_period": ("sale_price_effective_date",),
    "sale_begins": ("sale_price_from", "sale_price_start_date", "special_price_from_date"),
    "sale_ends": ("sale_price_to", "sale_price_end_date", "special_price_to_date"),
    "compare_at_price": ("compare_at_price",),
    "currency": ("currency", "currency_code", "price_currency"),
    "availability": ("availability", "in_stock", "is_in_stock", "stock_status"),
    "stock": ("stock", "quantity", "qty", "inventory", "stock_quantity", "inventory_quantity",
        "sell_on_google_quantity"),
    "ean": ("ean", "gtin", "upc", "barcode", "isbn", "gtin8", "gtin12", "gtin13", "gtin14"),
    "brand": ("brand", "manufacturer", "vendor"),
    "categories": ("categories", "category", "product_type"),
    "google_category": ("google_product_category",),
    "pictures": ("image_link", "image", "images", "image_url"),
    "more_pictures": ("additional_image_link", "additional_images", "additional_image_links"),
    "parent": ("parent", "parent_sku"),
    "group": ("item_group_id",),
    "published": ("published", "active", "enabled", "visible", "status"),
    "details": ("product_detail",),
    "attributes": ("attributes",),
}  # fmt: skip
CATEGORY_LEVELS = ("master_category", "sub_category", "article_type")
"""Columns that together are one category path, outermost first."""
PROPERTIES = words(
    "age_group artist author base_colour capacity color colour depth diameter edition "
    "energy_efficiency_class finish flavour format gender height isbn_10 language length material "
    "model mpn pattern power product_height product_length product_weight product_width publisher "
    "scent season shape size size_system size_type style usage voltage volume wattage weight "
    "width year"
)
"""What becomes an attribute of the product by its name alone. A shop's own come in `attributes`,
in `product_detail` and in columns called "attribute:Voltage"."""
UNPUBLISHED = words(
    "0 -1 no n false draft private archived hidden inactive disabled unpublished pending trash "
    "deleted"
)

INTERNAL = words(
    "adult associated_skus availability_date bundle_options carrier_shipping certification "
    "condition consumer_notice created date_released disclosure_date downloads expiration_date "
    "external_seller_id handling_cutoff_time identifier_exists image_alt_text installment "
    "is_bundle link margin max_energy_efficiency_class maximum_retail_price "
    "min_energy_efficiency_class minimum_order_value multipack online_only pause "
    "product_highlight promotion_id question_and_answer related_product short_title store_code "
    "tags updated vat video videos"
)
"""Names, beside the families below, that concern only the shop and Google. They are left out
without a note, also where they stand among a shop's own `attributes`."""
_FAMILIES = re.compile(
    r"(.*_)?cost(_.*)?|(purchase|wholesale|buying|trade)_price|supplier.*|auto_pricing_.*|"
    r"(.*_)?shipping(_.*)?|ships_.*|tax(_.*)?|.*handling_time|.*transit_time.*|(.*_)?ads_.*|"
    r"adwords_.*|.*custom_label.*|(in|ex)cluded_.*|loyalty_.*|return_.*|(min.*|max.*)_order_quantity|"
    r"pickup_.*|payment_.*|subscription_.*|cloud_export.*|unit_pricing_.*|structured_.*|.*_link|"
    r".*_link_template"
)
_HALF_UNDERSTOOD: Mapping[tuple[str, ...], re.Pattern[str]] = {
    ("price", "sale_price"): re.compile(r".*(price|preis|prix|precio|prezzo|prijs|cena).*"),
    ("availability", "stock"): re.compile(
        r"(.*_)?(stock|qty|quantity|inventory|lager|bestand|availability)(_(level|qty|on_hand))?"
    ),
    ("published",): re.compile(
        r"(.*_)?(publish|visible|visibility|status|active|enabled|disabled|online|draft)"
    ),
}
"""Fields that a table may lack, and headings that look as if they said them."""
_KNOWN = {name: field for field, names in SYNONYMS.items() for name in names}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OWN_ATTRIBUTE = re.compile(r"(?i)\s*attributes?\s*[:.]\s*(\S.*)")


@lru_cache(4096)
def column_name(heading: str) -> str:
    """ "g:Image Link", "imageLink" and "image-link" are all `image_link`."""
    name = _CAMEL.sub("_", heading.strip().removeprefix("g:"))
    return re.sub(r"[\s\-]+", "_", name).lower()


def field_of(name: str) -> str:
    """The field that a column name means; empty for what is none."""
    return _KNOWN.get(name, "")


def own_attribute(heading: str) -> str:
    """ "Voltage" of "attribute:Voltage"; empty for other headings."""
    own = _OWN_ATTRIBUTE.fullmatch(heading)
    return own[1].strip() if own else ""


def is_internal(name: str) -> bool:
    return name in INTERNAL or _FAMILIES.fullmatch(name) is not None


def check_headings(headings: Iterable[str], delimiter: str) -> None:
    """Refuse a table that would be half understood.

    Raises:
        FeedError: there is no SKU or no title, or what says price, stock or publication has a
            heading that is not known.
    """
    named = {heading.strip(): column_name(heading) for heading in headings if heading.strip()}
    fields = {field_of(name) for name in named.values()}
    unknown = [heading for heading, name in named.items() if not _is_known(heading, name)]
    if not {"sku", "title"} <= fields:
        missed = f"; not understood: {', '.join(map(repr, unknown[:5]))}" if unknown else ""
        raise FeedError(
            "the first line must name the columns, among them id (or sku) and title, separated by "
            f"{delimiter!r}{missed}"
        )
    for meanings, pattern in _HALF_UNDERSTOOD.items():
        for heading in unknown:
            if not fields.intersection(meanings) and pattern.fullmatch(named[heading]):
                raise FeedError(
                    f"the column {heading!r} is not understood, and there is none called "
                    f"{meanings[0]}: call it so if that is what it says, or leave it out"
                )


def _is_known(heading: str, name: str) -> bool:
    return bool(
        field_of(name)
        or name in PROPERTIES
        or name in CATEGORY_LEVELS
        or own_attribute(heading)
        or is_internal(name)
    )
