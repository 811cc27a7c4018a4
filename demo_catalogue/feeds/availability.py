"""Stock: read what schema.org, Google Merchant and shops call availability."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from demo_catalogue.feeds.texts import words

OUT_OF_STOCK = words(
    "outofstock soldout discontinued unavailable notavailable notinstock temporarilyoutofstock "
    "currentlyunavailable temporarilyunavailable reserved no n false 0 none"
)
IN_STOCK = words(
    "instock available yes y true 1 limitedavailability limitedstock lowstock onlineonly "
    "instoreonly"
)
ON_ORDER = words(
    "preorder presale backorder backordered onbackorder madetoorder availablefororder "
    "availableforpreorder availableonrequest onorder comingsoon"
)
"""Can be bought without a piece in stock."""
_MAX_STOCK = 2**31 - 1


def stock(quantity: str, availability: str) -> int | None:
    """Pieces; None where it is available and nobody counts.

    "http://schema.org/InStock", "in_stock" and "In stock" say the same.

    Raises:
        ValueError: the state is not known, or the quantity is no number.
    """
    said = re.sub(r"(?i)^https?://(?:www\.)?schema\.org/", "", availability.strip())
    state = re.sub(r"[\W_]+", "", said).casefold()
    if state in OUT_OF_STOCK:
        return 0
    if state and state not in IN_STOCK | ON_ORDER:
        if re.fullmatch(r"-?\d+(\.0+)?", said):
            return _pieces(said)
        raise ValueError(
            f"availability {availability!r} is not known; use in_stock, out_of_stock, preorder "
            "or backorder"
        )
    pieces = _pieces(quantity) if quantity else None
    return None if state in ON_ORDER and not pieces else pieces


def _pieces(quantity: str) -> int:
    try:
        return min(max(int(Decimal(quantity)), 0), _MAX_STOCK)
    except (InvalidOperation, ValueError, OverflowError):
        raise ValueError(f"stock {quantity!r} is not a number") from None
