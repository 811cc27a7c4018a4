"""A visitor's history: what they viewed, chose and bought, as far as they allow it to be used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections
from django.utils import timezone

from shopreco.db.routing import write_alias
from shopreco.models import EventName

ACTS = (
    EventName.VIEW_ITEM,
    EventName.ADD_TO_WISHLIST,
    EventName.ADD_TO_CART,
    EventName.PURCHASE,
)
"""Events that say what somebody is interested in."""
MAX_ACTS = 100
"""Events that are read, the latest first."""
MAX_BOUGHT = 200
"""Items of purchases that are read, the latest first."""
ACT_DAYS = 90
"""Days after which an act says nothing of what somebody looks for now."""

HISTORY = f"""
    WITH me AS MATERIALIZED (
        SELECT id, opted_out FROM shopreco_visitor
        WHERE key = %(key)s AND erased_at IS NULL AND (%(user)s = '' OR user_id IN ('', %(user)s))
        UNION
        SELECT id, opted_out FROM shopreco_visitor
        WHERE user_id = %(user)s AND user_id <> '' AND erased_at IS NULL
    ),
    acts AS (
        SELECT act.* FROM me CROSS JOIN LATERAL (
            SELECT e.name, e.time, e.items FROM shopreco_event e
            WHERE e.visitor_id = me.id AND e.time > %(since)s AND e.catalogue = %(catalogue)s
              AND e.consent = 'personal' AND NOT e.is_bot AND e.name = ANY(%(acts)s)
            ORDER BY e.time DESC LIMIT {MAX_ACTS}
        ) act ORDER BY act.time DESC LIMIT {MAX_ACTS}
    ),
    orders AS MATERIALIZED (
        SELECT made.* FROM me CROSS JOIN LATERAL (
            SELECT e.uuid, e.time, e.items, e.transaction_id FROM shopreco_event e
            WHERE e.visitor_id = me.id AND e.name = 'purchase'
              AND e.catalogue = %(catalogue)s AND e.consent = 'personal'
            ORDER BY e.time DESC LIMIT {MAX_BOUGHT}
        ) made
        UNION
        SELECT e.uuid, e.time, e.items, e.transaction_id FROM shopreco_event e
        WHERE e.user_id = %(user)s AND e.user_id <> '' AND e.name = 'purchase'
          AND e.catalogue = %(catalogue)s AND e.consent = 'personal'
    ),
    returned AS MATERIALIZED (
        SELECT r.transaction_id, r.items FROM shopreco_event r
        WHERE r.transaction_id = ANY (ARRAY(SELECT transaction_id FROM orders))
          AND r.transaction_id <> '' AND r.name = 'refund'
    ),
    bought AS (
        SELECT o.time, item ->> 'id' AS id FROM orders o, jsonb_array_elements(o.items) AS item
        WHERE NOT EXISTS (
            SELECT FROM returned r WHERE r.transaction_id = o.transaction_id AND (
                r.items = '[]'
                OR r.items @> jsonb_build_array(jsonb_build_object('id', item -> 'id'))
            )
        )
        ORDER BY o.time DESC LIMIT {MAX_BOUGHT}
    )
    SELECT 'opted_out' AS kind, now() AS time, '' AS id FROM me WHERE opted_out
    UNION ALL
    SELECT name, time, item ->> 'id' FROM acts, jsonb_array_elements(acts.items) AS item
    UNION ALL
    SELECT 'bought', time, id FROM bought
    ORDER BY time DESC
"""
"""One statement, by the index of events of a visitor. A user is all visitors that were merged; a
browser that another user has used is not of this one. What was given back is not bought."""


class Act(NamedTuple):
    """Something that somebody did with one object of the shop. name: of the event."""

    name: str
    object_id: str


class History(NamedTuple):
    """What somebody did, the latest first. What is refused is not read from elsewhere either."""

    acts: tuple[Act, ...] = ()
    bought: tuple[str, ...] = ()
    """Keys of objects, once for each time that they were bought."""
    is_refused: bool = False
    """Whether they want no personal ranking: they have opted out, or their browser says so."""


def history_of(key: UUID | None, user_id: str, catalogue: str) -> History:
    """Read what somebody did with the objects of a catalogue.

    It is read where it is written, so that a click changes the next page.

    key: of the visitor, see `visitors.key_of`. user_id: of the shop's user who is signed in.
    """
    asked: dict[str, Any] = {
        "key": key,
        "user": user_id,
        "catalogue": catalogue,
        "since": timezone.now() - timedelta(days=ACT_DAYS),
        "acts": list(ACTS),
    }
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(HISTORY, asked)
        rows = cursor.fetchall()
    if any(kind == "opted_out" for kind, _time, _id in rows):
        return History(is_refused=True)
    acts = tuple(Act(kind, key) for kind, _time, key in rows if kind != "bought")
    return History(acts, tuple(key for kind, _time, key in rows if kind == "bought"))
