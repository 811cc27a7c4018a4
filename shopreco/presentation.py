"""What an answer shows of the shop's objects: read live from the object, never from the index."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shopreco.catalogues import Availability, Catalogue, catalogue_of
from shopreco.retrieval.results import Result, ResultPage


@dataclass(frozen=True, slots=True)
class Card:
    """One result as shoppers see it. `price` is None where the object has none now;
    `price_is_lowest` where its variants begin at it: "from 12.00"."""

    result: Result
    title: str
    url: str
    price: Decimal | None
    currency: str
    price_is_lowest: bool
    available: bool


def cards(page: ResultPage) -> list[Card]:
    """The results of a page, in order.

    Reads what the catalogue declares from `result.object`; relations that it follows should be
    fetched by `get_live_queryset`.
    """
    return [card(result) for result in page.results]


def card(result: Result) -> Card:
    catalogue = catalogue_of(result.object)
    return Card(
        result=result,
        title=catalogue.get_title(result.object),
        url=catalogue.get_url(result.object),
        price=result.price,
        currency=result.currency,
        price_is_lowest=result.price_is_lowest,
        available=_available(catalogue, result.object),
    )


def _available(catalogue: Catalogue, obj: Any) -> bool:
    declared = catalogue.field(Availability)
    return declared is None or declared.available(catalogue.values(declared.name, obj))
