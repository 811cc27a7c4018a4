"""What the templates of the shop need: navigation, money, and words in two languages."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils import formats
from django.utils.translation import gettext

from demo_shop import glossary
from demo_shop.cart import Cart
from demo_shop.models import Category

register = template.Library()

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "CNY": "¥", "JPY": "¥", "INR": "₹"}
WHOLE = frozenset({"JPY", "KRW", "VND"})


@register.simple_tag
def departments() -> list[Category]:
    """The first level of the category tree."""
    return list(Category.objects.filled().roots())


@register.simple_tag(takes_context=True)
def cart_size(context: template.Context) -> int:
    """How many pieces lie in the visitor's cart; none on pages without a session."""
    session = getattr(context.get("request"), "session", None)
    return 0 if session is None else len(Cart(session))


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """An amount with its currency: "€1,299.00"."""
    if amount is None:
        return ""
    text = formats.number_format(amount, 0 if currency in WHOLE else 2, force_grouping=True)
    return f"{SIGNS[currency]}{text}" if currency in SIGNS else f"{text} {currency}".strip()


@register.filter
def said(word: object) -> str:
    """A value of an attribute in the visitor's language."""
    return gettext("Yes") if word is True else glossary.said(str(word))


@register.filter
def heading(name: str) -> str:
    """The name of an attribute in the visitor's language."""
    return glossary.heading(name)
