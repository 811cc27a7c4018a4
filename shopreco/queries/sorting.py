"""Sort orders of items, as SQL on `shopreco_item AS i`."""

from __future__ import annotations

from shopreco.exceptions import UnknownFilter
from shopreco.queries.conditions import Condition
from shopreco.queries.prices import Prices

RELEVANCE = "relevance"
BY_PRICE = ("price_asc", "price_desc")
ORDERS = {
    "newest": "i.added_at DESC NULLS LAST, (i.parent_id = '') DESC, i.id DESC",
    "title": "left(i.title, 200), i.id",
}
"""SQL by sort order, equal to that of the indexes of `Item`."""
SORTS = (RELEVANCE, *BY_PRICE, *ORDERS)


def check_order(sort: str) -> None:
    if sort not in SORTS:
        raise UnknownFilter(f"sort is {sort!r:.80}; it must be {', '.join(SORTS)}.")


def order_by(sort: str, prices: Prices) -> Condition:
    """The SQL of a sort order. Items without a price in the currency come last."""
    if sort not in BY_PRICE:
        return Condition(ORDERS.get(sort, ORDERS["newest"]))
    direction = "ASC" if sort == "price_asc" else "DESC"
    price, params = f"i.{prices.column}", ()
    if prices.within is not None:
        within, params = prices.within
        price = f"CASE WHEN {within} THEN {price} END"
    return Condition(f"{price} {direction} NULLS LAST, i.id", params)
