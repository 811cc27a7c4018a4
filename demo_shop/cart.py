"""Keep the shopping cart: keys and quantities in the session, all else in the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from demo_shop.models import Product

SESSION_KEY = "cart"
MAX_QUANTITY = 99


@dataclass(frozen=True, slots=True)
class Line:
    """One product of the cart at today's price."""

    product: Product
    quantity: int

    @property
    def total(self) -> Decimal:
        return (self.product.price or Decimal(0)) * self.quantity

    @property
    def most(self) -> int:
        return min(self.product.stock, MAX_QUANTITY)


class Cart:
    """The cart of one session. Products that can no longer be bought drop out when it is read."""

    def __init__(self, session: SessionBase) -> None:
        self._session = session
        stored = session.get(SESSION_KEY)
        self._quantities: dict[str, int] = dict(stored) if isinstance(stored, dict) else {}

    @property
    def keys(self) -> list[str]:
        return list(self._quantities)

    def __len__(self) -> int:
        """Count the pieces."""
        return sum(self._quantities.values())

    def __iter__(self) -> Iterator[Line]:
        products = (
            Product.objects.live()
            .filter(pk__in=self._quantities, price__isnull=False, stock__gt=0)
            .for_cards()
            .in_bulk()
        )
        by_key = {str(pk): product for pk, product in products.items()}
        for key, quantity in self._quantities.items():
            if product := by_key.get(key):
                yield Line(product, min(quantity, product.stock, MAX_QUANTITY))

    def totals(self) -> list[tuple[Decimal, str]]:
        """Sum the cart, as (amount, currency) for each currency in it."""
        sums: dict[str, Decimal] = {}
        for line in self:
            currency = line.product.currency
            sums[currency] = sums.get(currency, Decimal(0)) + line.total
        return [(amount, currency) for currency, amount in sums.items()]

    def add(self, product: Product, quantity: int = 1) -> None:
        key = str(product.pk)
        self.set(product, self._quantities.get(key, 0) + quantity)

    def set(self, product: Product, quantity: int) -> None:
        """Set the quantity of a product, up to its stock; zero removes the product."""
        key = str(product.pk)
        quantity = min(quantity, product.stock, MAX_QUANTITY)
        if quantity > 0:
            self._quantities[key] = quantity
        else:
            self._quantities.pop(key, None)
        self._session[SESSION_KEY] = self._quantities

    def clear(self) -> None:
        self._quantities = {}
        self._session[SESSION_KEY] = self._quantities


def keys(request: HttpRequest) -> list[str]:
    """Say what is in the cart, to shopreco."""
    session = getattr(request, "session", None)
    return [] if session is None else Cart(session).keys
