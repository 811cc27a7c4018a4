"""Recommendation blocks as HTML: the same for a page, and for the fragment that it loads later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import models
from django.http import HttpRequest
from django.template.loader import select_template
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from shopreco.presentation import cards
from shopreco.services import recommend

HEADINGS: Final[Mapping[str, Promise]] = {
    "product-similar": _("Similar products"),
}
OTHER_HEADING: Final = _("You may also like")


def render_block(
    placement: str, seed: models.Model, request: HttpRequest | None, **options: Any
) -> SafeString:
    """The block of a placement; nothing at all where there is no result.

    The template is `shopreco/blocks/<placement>.html`, else `shopreco/blocks/default.html`, with
    `page` (`ResultPage`), `cards` (list of `Card`), `placement`, `heading` and `seed`. `options`
    are those of `services.recommend`.

    Raises:
        InvalidQuery: unknown placement or facet, or an option out of its range.
    """
    page = recommend(placement, seed=seed, request=request, **options)
    if not page.results:
        return SafeString("")
    template = select_template(
        [f"shopreco/blocks/{placement}.html", "shopreco/blocks/default.html"]
    )
    context = {
        "page": page,
        "cards": cards(page),
        "placement": placement,
        "heading": HEADINGS.get(placement, OTHER_HEADING),
        "seed": seed,
    }
    return SafeString(template.render(context, request))
