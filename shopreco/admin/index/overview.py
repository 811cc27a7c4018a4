"""Overview on the front page of an admin: the index in a word, and what to do with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import router
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from shopreco import services
from shopreco.admin.appearance import badge
from shopreco.admin.pages import written
from shopreco.admin.permissions import may
from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.models import Item, Outcome, Run, RunState


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """A catalogue at a glance: cheap enough for a page that is opened all day."""

    catalogue: str
    title: str
    state: SafeString
    products: int
    waiting: int
    failed: int
    live_run: Run | None


@dataclass(frozen=True, slots=True)
class Overview:
    """`may_steer`: re-index; `may_see`: the list of runs; `may_ask`: the search console."""

    catalogues: tuple[IndexSummary, ...]
    may_see: bool
    may_steer: bool
    may_ask: bool


def overview(request: HttpRequest, registered: Collection[Any]) -> Overview | None:
    """What the user may see and do on a site that has these models; None for nothing."""
    may_see = Run in registered and may(request, "view", Run)
    may_ask = Item in registered and may(request, "view", Item)
    if not (may_see or may_ask):
        return None
    return Overview(
        catalogues=tuple(_summary(catalogue) for catalogue in get_catalogues()),
        may_see=may_see,
        may_steer=may_see and may(request, "change", Run),
        may_ask=may_ask,
    )


def _summary(shop: Catalogue) -> IndexSummary:
    catalogue = shop.name
    runs = written(Run).filter(catalogue=catalogue, subject=Run.INDEX).order_by("-id")
    items = Item.objects.using(router.db_for_write(Item)).filter(catalogue=catalogue)
    live = runs.filter(state__in=Run.LIVE).first()
    failed = items.filter(outcome=Outcome.FAILED).count()
    return IndexSummary(
        catalogue=catalogue,
        title=str(capfirst(shop.model._meta.verbose_name_plural)),
        state=_state(catalogue, runs.first(), failed),
        products=items.indexed().count(),
        waiting=services.waiting_changes(shop),
        failed=failed,
        live_run=live,
    )


def _state(catalogue: str, last: Run | None, failed: int) -> SafeString:
    if last is not None and last.is_live:
        return badge(last.state, _("A run is on"))
    if services.active_space(catalogue) is None:
        return badge("missing", _("Nothing is indexed yet"))
    if last is not None and last.state == RunState.FAILED:
        return badge("failed", _("The last run failed"))
    if failed:
        return badge("skipped", _("Search answers; some products could not be indexed"))
    return badge("indexed", _("Search answers"))
