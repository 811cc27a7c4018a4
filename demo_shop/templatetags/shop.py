"""Tags and filters of the shop's templates: navigation, facets, words in two languages."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from html import escape
from time import monotonic
from typing import TYPE_CHECKING

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from demo_shop import glossary
from demo_shop.cart import Cart
from demo_shop.models import Category, Product

if TYPE_CHECKING:
    from demo_shop.views.listing import Box

register = template.Library()

SECONDS = 60
"""How long a process caches what every page shows."""


@register.simple_tag
def departments() -> list[Category]:
    """List the first level of the category tree."""
    return first_level(int(monotonic() // SECONDS))


@lru_cache(maxsize=1)
def first_level(_minute: int) -> list[Category]:
    """Read the first level once a minute: every page shows it, and it hardly changes."""
    return list(Category.objects.filled().roots())


@register.simple_tag(takes_context=True)
def cart_size(context: template.Context) -> int:
    """Count the pieces in the visitor's cart; zero on pages without a session."""
    session = getattr(context.get("request"), "session", None)
    return 0 if session is None else len(Cart(session))


@register.simple_tag
def ticks(box: Box, *, counted_all: bool) -> SafeString:
    """Render the values of a facet as check boxes.

    Without `counted_all` the counts are lower bounds. A page has hundreds of values, for which a
    loop in a template takes several times as long.
    """
    name, more = escape(box.parameter), "" if counted_all else "+"
    return SafeString(
        "\n".join(
            f'<label class="tick{f" depth-{each.depth}" if each.depth > 1 else ""}">'
            f'<input type="checkbox" name="{name}" value="{escape(each.value)}" data-submit'
            f"{' checked' if each.selected else ''}> <span>{escape(each.label)}</span>"
            f' <span class="number">{each.count}{more}</span></label>'
            for each in box.ticks
        )
    )


@register.filter
def versions(variants: Collection[Product]) -> str:
    """Say how many variants there are to choose from; empty if there is no choice."""
    number = len(variants)
    if number < 2:
        return ""
    return ngettext("%(number)s version", "%(number)s versions", number) % {"number": number}


@register.filter
def said(word: object) -> str:
    """Translate a value of an attribute."""
    return gettext("Yes") if word is True else glossary.said(str(word))


@register.filter
def heading(name: str) -> str:
    """Translate the name of an attribute."""
    return glossary.heading(name)
