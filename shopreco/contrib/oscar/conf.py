"""The settings `SHOPRECO["OSCAR"]`."""

from __future__ import annotations

from dataclasses import dataclass

from shopreco.conf import BaseSettings, option


@dataclass(frozen=True)
class OscarSettings(BaseSettings):
    """django-oscar: what its orders mean."""

    PAID_STATUSES: list[str] | tuple[str, ...] = option(
        (),
        "Statuses of an order that say that it is paid: with the first of them it is a purchase. "
        "Without any it is one when it is placed, for Oscar's checkout takes the payment before.",
    )
    REFUND_STATUSES: list[str] | tuple[str, ...] = option(
        ("Cancelled", "Refunded", "Returned"),
        "Statuses of an order, or of a line of one, that take the purchase back.",
    )
