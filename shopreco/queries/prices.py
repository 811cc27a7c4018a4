"""Prices: the column and the currency by which items are filtered and sorted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db import connections
from django.http import HttpRequest

from shopreco.catalogues import Catalogue
from shopreco.catalogues import Price as PriceField
from shopreco.db.routing import read_alias
from shopreco.exceptions import InvalidQuery
from shopreco.queries.conditions import Condition


class LowestPrice(NamedTuple):
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Prices:
    """The columns of an item that have the price and its currency.

    With collapse they hold the price of the product that is shown, else that of the item itself."""

    column: str
    currency_column: str
    currency: str = ""
    """The chosen currency, ISO 4217; empty if none was chosen."""
    currencies: tuple[str, ...] = ()
    """All currencies of the catalogue's items."""

    @property
    def comparable(self) -> bool:
        """Whether prices compare: there is one currency, or one was chosen."""
        return bool(self.currency) or len(self.currencies) < 2

    @property
    def within(self) -> Condition | None:
        """The condition that a price is in the chosen currency; None if all are."""
        if not self.currency or self.currencies == (self.currency,):
            return None
        return Condition(f"i.{self.currency_column} = %s", (self.currency,))

    def check(self, catalogue: str) -> None:
        """Raises `InvalidQuery` if prices do not compare."""
        if not self.comparable:
            raise InvalidQuery(
                f"The prices of {catalogue} are in {', '.join(self.currencies)}: to filter or sort "
                "by price, name one by `currency`, or in `get_currency` of the catalogue."
            )


def currency_code(given: str) -> str:
    """Normalise a currency code. Raises `InvalidQuery` if it is not of the form of ISO 4217."""
    code = given.strip().upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise InvalidQuery(f"currency is {given!r:.80}; it must be three letters such as EUR.")
    return code


def prices_of(collapse: bool) -> Prices:
    """The columns, without any currency."""
    return Prices("shown_price", "shown_currency") if collapse else Prices("price", "currency")


def read_prices(
    catalogue: Catalogue, request: HttpRequest | None, currency: str, *, collapse: bool
) -> Prices:
    """The columns with the currencies of a catalogue's items.

    If there are several and the caller chose none, `Catalogue.get_currency` chooses."""
    columns = prices_of(collapse)
    known = _currencies(catalogue.name) if catalogue.field(PriceField) else ()
    if len(known) > 1 and not currency:
        currency = catalogue.get_currency(request)
    return Prices(columns.column, columns.currency_column, currency, known)


def lowest_prices(item_ids: Sequence[int]) -> dict[int, LowestPrice]:
    """The lowest price of the variants, by item id, of products without a price of their own."""
    if not item_ids:
        return {}
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT i.id, i.shown_price, i.shown_currency FROM shopreco_item i
            WHERE i.id = ANY(%s) AND i.shown_price IS NOT NULL AND NOT EXISTS (
                SELECT FROM shopreco_item own
                WHERE own.catalogue = i.catalogue AND own.group_id = i.group_id
                  AND own.parent_id = '' AND own.outcome = 'indexed' AND own.price IS NOT NULL
            )
            """,
            [list(item_ids)],
        )
        return {item: LowestPrice(amount, currency) for item, amount, currency in cursor.fetchall()}


def _currencies(catalogue: str) -> tuple[str, ...]:
    """The currencies of a catalogue, by leaps over an index: there are few. Items without one have
    that of the shop."""
    indexed = "catalogue = %s AND outcome = 'indexed' AND price IS NOT NULL"
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE leap AS (
                (SELECT min(currency) AS currency FROM shopreco_item
                 WHERE {indexed} AND currency > '')
                UNION ALL
                SELECT (SELECT min(currency) FROM shopreco_item
                        WHERE {indexed} AND currency > leap.currency)
                FROM leap WHERE leap.currency IS NOT NULL
            ) SELECT currency FROM leap WHERE currency IS NOT NULL LIMIT 200
            """,
            [catalogue, catalogue],
        )
        return tuple(currency for (currency,) in cursor.fetchall())
