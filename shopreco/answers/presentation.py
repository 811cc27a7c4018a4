"""Cards: what a result shows, read from the live object and never from the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import prefetch_related_objects

from shopreco.answers.results import Result, ResultPage
from shopreco.catalogues import Availability, Catalogue, Image, Price, Title, catalogue_of
from shopreco.catalogues.paths import relations_of

SHOWN = (Title, Image, Price, Availability)
"""The declarations that a card is made of."""


@dataclass(frozen=True, slots=True)
class Card:
    """One result as shoppers see it: the product, or the variant that the query asks for.

    `picture` is the URL of the first picture; empty without one. `price` is None if there is none
    now. `price_is_lowest` says that variants begin at it: "from 12.00".
    """

    result: Result
    title: str
    url: str
    picture: str
    price: Decimal | None
    currency: str
    price_is_lowest: bool
    available: bool


def cards(page: ResultPage) -> list[Card]:
    """The cards of the results of a page, in order.

    Relations that the declarations follow are fetched together, unless `get_live_queryset` did so.
    """
    _fetch([result.shown for result in page] + [r.object for r in page if r.variant is not None])
    return [card(result) for result in page]


def card(result: Result) -> Card:
    catalogue = catalogue_of(result.shown)
    return Card(
        result=result,
        title=catalogue.get_title(result.shown),
        url=catalogue.get_url(result.shown),
        picture=_picture(catalogue, result),
        price=result.price,
        currency=result.currency,
        price_is_lowest=result.price_is_lowest,
        available=_available(catalogue, result.shown),
    )


def _picture(catalogue: Catalogue, result: Result) -> str:
    """The picture of the variant, else of its product."""
    return catalogue.get_picture(result.shown) or catalogue.get_picture(result.object)


def _fetch(objects: Sequence[Any]) -> None:
    if objects:
        catalogue = catalogue_of(objects[0])
        declared = [field for kind in SHOWN if (field := catalogue.field(kind)) is not None]
        paths = [path for each in declared for path in each.sources]
        prefetch_related_objects(objects, *relations_of(type(objects[0]), paths))


def _available(catalogue: Catalogue, obj: Any) -> bool:
    declared = catalogue.field(Availability)
    return declared is None or declared.available(catalogue.values(declared.name, obj))
