"""The names of events: those of Google Analytics 4, and what other senders call the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from shopreco.models import EventName

ALIASES: Final[Mapping[str, EventName]] = {
    # Google Retail
    "detail-page-view": EventName.VIEW_ITEM,
    "category-page-view": EventName.VIEW_ITEM_LIST,
    "add-to-cart": EventName.ADD_TO_CART,
    "remove-from-cart": EventName.REMOVE_FROM_CART,
    "shopping-cart-page-view": EventName.VIEW_CART,
    "purchase-complete": EventName.PURCHASE,
    # Segment
    "product viewed": EventName.VIEW_ITEM,
    "product list viewed": EventName.VIEW_ITEM_LIST,
    "product clicked": EventName.SELECT_ITEM,
    "products searched": EventName.SEARCH,
    "product added to wishlist": EventName.ADD_TO_WISHLIST,
    "product added": EventName.ADD_TO_CART,
    "product removed": EventName.REMOVE_FROM_CART,
    "cart viewed": EventName.VIEW_CART,
    "checkout started": EventName.BEGIN_CHECKOUT,
    "order completed": EventName.PURCHASE,
    "order refunded": EventName.REFUND,
    # Google Analytics 4
    "view_search_results": EventName.SEARCH,
}
"""Names of events as Google Retail and Segment write them, in lower case."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def name_of(given: str) -> str | None:
    """The name by which an event is kept; None for what is no name.

    A name that nobody here knows is kept as it is."""
    alias = ALIASES.get(given.lower())
    if alias is not None:
        return alias.value
    return given if _NAME.fullmatch(given) else None
