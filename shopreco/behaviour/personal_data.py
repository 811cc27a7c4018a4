"""A visitor's data: what there is, handed out, and erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from shopreco.behaviour.exports import as_json
from shopreco.db.routing import write_alias
from shopreco.models import Event, Visitor


def visitors_of(visitor: Visitor) -> list[Visitor]:
    """The visitor with those that were merged with it: one person."""
    first = visitor.merged_into_id or visitor.pk
    known = Visitor.objects.using(write_alias())
    return list(known.filter(Q(pk=first) | Q(merged_into=first)).order_by("pk"))


def visitors_of_user(user_id: str) -> list[Visitor]:
    """All browsers of a user of the shop."""
    return list(Visitor.objects.using(write_alias()).filter(user_id=user_id).order_by("pk"))


@dataclass(frozen=True, slots=True)
class VisitorStatus:
    """What there is of somebody."""

    browsers: int = 0
    """Browsers by which they are recognised."""
    events: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    opted_out: bool = False
    """Whether they have switched personal ranking off."""


def status(visitors: Sequence[Visitor], user_id: str = "") -> VisitorStatus:
    return VisitorStatus(
        browsers=len(visitors),
        events=_events(visitors, user_id).count(),
        first_seen=min((each.created_at for each in visitors), default=None),
        last_seen=max((each.seen_at for each in visitors), default=None),
        opted_out=any(each.opted_out for each in visitors),
    )


def set_opted_out(visitors: Sequence[Visitor], opted_out: bool) -> int:
    """Keep whether somebody has switched personal ranking off; return of how many browsers."""
    known = Visitor.objects.using(write_alias()).filter(pk__in=[each.pk for each in visitors])
    return known.filter(erased_at=None).update(opted_out=opted_out, version=F("version") + 1)


def export(visitors: list[Visitor], user_id: str = "") -> Iterator[dict[str, Any]]:
    """Yield all that is kept of somebody, for a file of JSON lines: visitors, then events."""
    for visitor in visitors:
        yield {
            "kind": "visitor",
            "user": visitor.user_id,
            "first_seen": visitor.created_at.isoformat(),
            "last_seen": visitor.seen_at.isoformat(),
            "opted_out": visitor.opted_out,
        }
    for event in _events(visitors, user_id).order_by("time").iterator(chunk_size=1_000):
        yield {"kind": "event", **as_json(event)}


def erase(visitors: list[Visitor], user_id: str = "") -> int:
    """Erase all that is kept of somebody; return the number of events that are gone.

    What is left is the digest of each cookie, by which a late event is refused.

    user_id: of the shop's user, of whom there may be events of the shop's own and no visitor.
    """
    with transaction.atomic(using=write_alias()):
        known = Visitor.objects.using(write_alias())
        # An event that is being written now has its visitor locked: it is waited for, and erased.
        locked = list(known.select_for_update().filter(pk__in=[each.pk for each in visitors]))
        deleted, _by_model = _events(locked, user_id).delete()
        known.filter(pk__in=[each.pk for each in locked]).update(
            user_id="",
            merged_into=None,
            apart_from="",
            version=0,
            profiled_version=0,
            opted_out=False,
            created_at=timezone.now(),
            seen_at=timezone.now(),
            erased_at=timezone.now(),
        )
    return deleted


def _events(visitors: Sequence[Visitor], user_id: str) -> models.QuerySet[Event]:
    """Events of visitors, and those that only say which user it was, as the shop itself tells."""
    users = {each.user_id for each in visitors if each.user_id} | ({user_id} if user_id else set())
    mine = Q(visitor_id__in=[each.pk for each in visitors])
    if users:
        mine |= Q(user_id__in=users)
    return Event.objects.using(write_alias()).filter(mine)


def event_counts(visitors: Sequence[Visitor]) -> dict[int, int]:
    """The number of events of each visitor, by key."""
    known = Event.objects.using(write_alias()).filter(visitor_id__in=[v.pk for v in visitors])
    counted = known.values("visitor_id").annotate(number=models.Count("*"))
    numbers = {row["visitor_id"]: row["number"] for row in counted}
    return {visitor.pk: numbers.get(visitor.pk, 0) for visitor in visitors}
