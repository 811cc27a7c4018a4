"""The state of the search index for the front page of an admin.

    {% load shopreco_admin %}
    {% search_index %}

The page of an admin site has it by itself, unless the site names an `index_template` of its own.
"""

from __future__ import annotations

import logging
from typing import Any

from django import template
from django.db import DatabaseError

from shopreco.admin.appearance import STYLESHEET
from shopreco.admin.index.overview import overview
from shopreco.services import savepoint

register = template.Library()

logger = logging.getLogger(__name__)


@register.inclusion_tag("admin/shopreco/overview.html", takes_context=True)
def search_index(context: template.RequestContext) -> dict[str, Any]:
    """Every catalogue with its state and buttons; nothing for who may see none of it.

    The admin's front page comes even where our tables cannot be read.
    """
    request = context["request"]
    registered = {
        model["model"] for app in context.get("available_apps") or () for model in app["models"]
    }
    try:
        with savepoint():
            found = overview(request, registered)
    except DatabaseError:
        logger.exception("no state of the search index for the front page of the admin")
        found = None
    return {"overview": found, "request": request, "stylesheet": STYLESHEET}
