"""Recommendation blocks as HTML: the same for a page, and for the fragment that it loads later."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from django.db import models
from django.http import HttpRequest
from django.template.loader import select_template
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from shopreco.answers.placements import recipe_of
from shopreco.answers.presentation import cards
from shopreco.answers.results import ResultPage
from shopreco.catalogues import Catalogue, catalogue_of
from shopreco.conf import get_settings
from shopreco.exceptions import InvalidQuery

HEADINGS: Final[Mapping[str, Promise]] = {
    "product-similar": _("Similar products"),
    "product-looking-similar": _("Looks similar"),
    "product-complementary": _("Goes well with it"),
    "product-substitute": _("Instead of it"),
    "product-accessory": _("Accessories"),
    "product-bought-together": _("Often bought together"),
    "product-also-viewed": _("Others also looked at"),
    "cart-cross-sell": _("Goes well with your cart"),
    "home-for-you": _("You may like"),
    "home-recently-viewed": _("Viewed recently"),
    "home-trending": _("Popular right now"),
    "home-new": _("New in the shop"),
    "order-buy-again": _("Buy again"),
    "search-zero-results": _("Perhaps one of these"),
    "content-related": _("Read on"),
}
OTHER_HEADING: Final = _("You may also like")


def render_block(
    page: ResultPage,
    placement: str,
    seed: models.Model | None = None,
    request: HttpRequest | None = None,
) -> SafeString:
    """Render a block as HTML; empty without results.

    The template is `shopreco/blocks/<placement>.html`, else `shopreco/blocks/default.html`, with
    `page` (`ResultPage`), `cards` (list of `Card`), `placement`, `heading`, `seed` (the one object
    that the block is about, else None) and `show_reasons`.
    """
    if not page.results:
        return SafeString("")
    template = select_template(
        [f"shopreco/blocks/{placement}.html", "shopreco/blocks/default.html"]
    )
    context = {
        "page": page,
        "cards": cards(page),
        "placement": placement,
        "heading": heading_of(placement, catalogue_of(page.results[0].object)),
        "seed": seed,
        "show_reasons": get_settings().SHOW_REASONS,
    }
    return SafeString(template.render(context, request))


def heading_of(placement: str, catalogue: Catalogue) -> str | Promise:
    """The heading of a block: the title of its row, else the default one."""
    with suppress(InvalidQuery):  # a page of a name that no placement has
        if title := recipe_of(catalogue, placement).get_title():
            return title
    return HEADINGS.get(placement, OTHER_HEADING)
