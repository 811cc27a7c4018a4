"""What Oscar's signals, and the lines of its baskets, tell of visitors."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from django.db.models.signals import post_delete, post_save, pre_delete, pre_save
from django.http import HttpRequest
from oscar.apps.catalogue.signals import product_viewed
from oscar.apps.checkout.signals import post_checkout, start_checkout
from oscar.apps.order.signals import (
    order_line_status_changed,
    order_placed,
    order_status_changed,
)
from oscar.core.loading import get_model

from shopreco import services
from shopreco.conf import get_app_settings
from shopreco.contrib.oscar.conf import OscarSettings

logger = logging.getLogger(__name__)

MAX_ITEMS: Final = 200
"""Items that one event may have."""
BEFORE: Final = "_shopreco_quantity"
"""Attribute of a line of a basket: its quantity from before the save."""


def connect() -> None:
    line, source = get_model("basket", "Line"), get_model("payment", "Source")
    for signal, receiver, sender in (
        (product_viewed, _product_viewed, None),
        (pre_save, _line_changes, line),
        (post_save, _line_changed, line),
        (pre_delete, _line_changes, line),
        (post_delete, _line_deleted, line),
        (start_checkout, _checkout_started, None),
        (order_placed, _order_placed, None),
        (post_checkout, _checked_out, None),
        (order_status_changed, _order_status_changed, None),
        (order_line_status_changed, _line_status_changed, None),
        (post_save, _source_saved, source),
    ):
        signal.connect(receiver, sender=sender, dispatch_uid=f"shopreco.oscar.{receiver.__name__}")


def _tell(
    name: str, items: Iterable[Any] = (), request: HttpRequest | None = None, **fields: Any
) -> None:
    """Record an event. What goes wrong is logged: Oscar's page does not notice."""
    catalogue = get_model("catalogue", "Product")._meta.label_lower
    try:
        services.track(name, items, request=request, catalogue=catalogue, **fields)
    except Exception:
        logger.exception("the event %s of Oscar was not recorded", name)


# Products and baskets


def _product_viewed(product: Any, request: HttpRequest, **kwargs: Any) -> None:
    # Oscar sends the signal for HEAD too, by which nobody sees anything.
    if request.method == "GET":
        _tell("view_item", [product], request)


def _line_changes(instance: Any, using: str, **kwargs: Any) -> None:
    """Remember how much was in the basket: a raised quantity has no signal of Oscar's."""
    if instance.pk and _shopper(instance):
        stored = type(instance)._base_manager.using(using)
        stored = stored.filter(pk=instance.pk, basket=instance.basket_id)
        setattr(instance, BEFORE, stored.values_list("quantity", flat=True).first() or 0)


def _line_changed(instance: Any, **kwargs: Any) -> None:
    if request := _shopper(instance):
        _tell_change(instance, instance.quantity - getattr(instance, BEFORE, 0), request)


def _line_deleted(instance: Any, **kwargs: Any) -> None:
    if request := _shopper(instance):
        _tell_change(instance, -getattr(instance, BEFORE, 0), request)


def _tell_change(line: Any, change: int, request: HttpRequest) -> None:
    if change:
        name = "add_to_cart" if change > 0 else "remove_from_cart"
        item = (str(line.product_id), abs(change), _price(line))
        _tell(name, [item], request, currency=line.price_currency)


def _shopper(line: Any) -> HttpRequest | None:
    """The request that changes an open basket: that of its strategy, which Oscar's middleware sets.

    None where baskets are merged, as at login, and where they are no shopper's doing: these have no
    strategy. Of a basket that is not even loaded it is known without a query."""
    basket = line.basket if type(line).basket.is_cached(line) else None
    if basket is None or basket.status != basket.OPEN or not basket.has_strategy:
        return None
    request: HttpRequest | None = getattr(basket.strategy, "request", None)
    return request


def _price(line: Any) -> Any:
    """The price of one piece of a line of a basket: with tax where it is known."""
    return line.price_excl_tax if line.price_incl_tax is None else line.price_incl_tax


# Checkout, orders, payments


def _checkout_started(request: HttpRequest, **kwargs: Any) -> None:
    lines = request.basket.all_lines()  # type: ignore[attr-defined]  # set by Oscar's middleware
    items = [(str(each.product_id), each.quantity, _price(each)) for each in lines[:MAX_ITEMS]]
    _tell("begin_checkout", items, request)


def _order_placed(order: Any, **kwargs: Any) -> None:
    _if_paid(order)


def _checked_out(order: Any, request: HttpRequest, **kwargs: Any) -> None:
    """The same purchase once more, now with who it was: Oscar places orders without a request."""
    _if_paid(order, request)


def _if_paid(order: Any, request: HttpRequest | None = None) -> None:
    paid = get_app_settings(OscarSettings).PAID_STATUSES
    if not paid or order.status in paid:
        _tell_purchase(order, request)


def _order_status_changed(order: Any, new_status: str, **kwargs: Any) -> None:
    meanings = get_app_settings(OscarSettings)
    if new_status in meanings.PAID_STATUSES:
        _tell_purchase(order)
    elif new_status in meanings.REFUND_STATUSES:
        _tell_refunds(order.lines.all())


def _line_status_changed(line: Any, new_status: str, **kwargs: Any) -> None:
    if new_status in get_app_settings(OscarSettings).REFUND_STATUSES:
        _tell_refunds([line])


def _source_saved(instance: Any, **kwargs: Any) -> None:
    """All that was paid went back: the order is no purchase any more."""
    if instance.amount_refunded:
        order = instance.order
        returned = sum(each.amount_refunded for each in order.sources.all())
        if returned >= order.total_incl_tax:
            _tell_refunds(order.lines.all())


def _tell_purchase(order: Any, request: HttpRequest | None = None) -> None:
    _tell(
        "purchase",
        _items(order.lines.all()[:MAX_ITEMS]),
        request,
        transaction_id=order.number,
        value=order.total_incl_tax,
        currency=order.currency,
    )


def _tell_refunds(lines: Iterable[Any]) -> None:
    """Line by line, each of which is taken back once, whichever way it becomes known.

    A refund without products would be of the whole order."""
    for line in lines:
        if line.product_id is None:
            continue
        _tell(
            "refund",
            _items([line]),
            uuid=str(uuid5(NAMESPACE_OID, f"shopreco refund of line {line.pk} of {line.order_id}")),
            transaction_id=line.order.number,
            value=line.line_price_incl_tax,
            currency=line.order.currency,
        )


def _items(lines: Iterable[Any]) -> list[tuple[str, int, Any]]:
    """Lines of an order as items; a product that was deleted since is none."""
    return [
        (str(each.product_id), each.quantity, each.unit_price_incl_tax)
        for each in lines
        if each.product_id is not None
    ]
