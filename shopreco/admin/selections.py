"""Selections: what an action does with the rows that were ticked in a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopreco import services
from shopreco.admin.log_entries import log

MAX_SELECTED = 10_000
"""Objects that one action marks; more are a whole catalogue's worth, which has its own button."""


def too_many(page: Any, request: HttpRequest, count: int) -> bool:
    """Whether more are selected than `page.max_selected`; the user is told so."""
    if count <= page.max_selected:
        return False
    text = _("%(count)d are selected; up to %(limit)d at a time. Re-index the catalogue instead.")
    text %= {"count": count, "limit": page.max_selected}
    page.message_user(request, text, messages.ERROR)
    return True


def reindex_selected(
    request: HttpRequest, catalogue: str, object_ids: list[str], objects: Iterable[Any]
) -> int:
    """Mark objects for indexing, and write a log entry for each; returns how many."""
    marked = services.reindex_objects(catalogue, object_ids)
    log(request, objects, CHANGE, _("Re-indexing requested."))
    return marked


def reindexed(marked: int) -> str:
    """Says how many objects are indexed again; empty for none."""
    if not marked:
        return ""
    text = ngettext("%d object will be indexed again.", "%d objects will be indexed again.", marked)
    return text % marked
