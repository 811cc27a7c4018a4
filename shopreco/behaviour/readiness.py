"""Readiness: how much data each kind of recommendation has and needs, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connections
from django.db.models import Sum
from django.db.models.functions import Coalesce

from shopreco.behaviour.statistics import BACKGROUND, DAYS, RECENT
from shopreco.db.routing import write_alias
from shopreco.models import EventName, ItemDay, MiningCursor, PairKind, PairTotal

LATEST: Final = 100_000
"""Events of a catalogue, the latest written, in which faults are looked for."""

NEEDS: Final[Mapping[str, tuple[str, int]]] = {
    "bought-together": ("orders", 1_000),
    "also-viewed": ("visitors", 1_000),
    "popular": ("views", 1_000),
    "trending": ("recent views", 1_000),
}
"""What a source of blocks is made of, and from which number on it is good."""

FAULTS: Final = f"""
    WITH latest AS MATERIALIZED (
        SELECT name, source, is_bot FROM shopreco_event
        WHERE catalogue = %(catalogue)s ORDER BY written_by DESC LIMIT {LATEST}
    )
    SELECT 'unknown', name, count(*) FROM latest WHERE name <> ALL(%(known)s) GROUP BY name
    UNION ALL
    SELECT 'browser', '', count(*) FROM latest
    WHERE name = 'purchase' AND source = 'browser' AND NOT is_bot
    ORDER BY 1, 3 DESC, 2
"""


@dataclass(frozen=True, slots=True)
class SourceReadiness:
    """How much of what a source of blocks is made of there is. unit: orders, visitors or views."""

    source: str
    unit: str
    has: int
    needs: int

    @property
    def is_ready(self) -> bool:
        return self.has >= self.needs


@dataclass(frozen=True, slots=True)
class EventFaults:
    """What is wrong with the latest events of a catalogue, each with how often."""

    unknown_names: Mapping[str, int]
    """Names of events that arrive and that nothing here understands."""
    browser_purchases: int
    """Purchases that only a browser reports: they do not count."""
    unknown_items: int
    """Products that events named and the index did not have, since mining began."""
    large_baskets: int
    """Orders of too many products to say what goes together, since mining began."""
    mined_at: datetime | None
    """When events were last mined; None: never, so Celery's beat does not run."""


def sources(catalogue: str, now: datetime) -> Sequence[SourceReadiness]:
    """How much data each source has that is made of behaviour."""
    totals = PairTotal.objects.using(write_alias()).filter(catalogue=catalogue)
    counted = dict(totals.values_list("kind", "number"))
    has = {
        "orders": counted.get(PairKind.BOUGHT_TOGETHER, 0),
        "visitors": counted.get(PairKind.ALSO_VIEWED, 0),
        "views": _views(catalogue, now - timedelta(days=DAYS)),
        "recent views": _views(catalogue, now - RECENT - BACKGROUND),
    }
    return [SourceReadiness(name, unit, has[unit], least) for name, (unit, least) in NEEDS.items()]


def _views(catalogue: str, since: datetime) -> int:
    days = ItemDay.objects.using(write_alias()).filter(catalogue=catalogue, day__gte=since.date())
    return int(days.aggregate(views=Coalesce(Sum("views"), 0))["views"])


def faults(catalogue: str) -> EventFaults:
    """What is wrong with the latest events of a catalogue."""
    found: dict[str, dict[str, int]] = {"unknown": {}, "browser": {}}
    params: dict[str, Any] = {"catalogue": catalogue, "known": EventName.values}
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(FAULTS, params)
        for kind, what, number in cursor.fetchall():
            found[kind][what] = number
    position = MiningCursor.objects.using(write_alias()).filter(catalogue=catalogue).first()
    return EventFaults(
        unknown_names=found["unknown"],
        browser_purchases=found["browser"].get("", 0),
        unknown_items=position.unknown_items if position else 0,
        large_baskets=position.large_baskets if position else 0,
        mined_at=position.mined_at if position else None,
    )
