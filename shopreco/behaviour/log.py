"""The log of events: each is written once, whoever sends it how often."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from django.db import connections

from shopreco.behaviour.events import Row
from shopreco.db.routing import write_alias
from shopreco.models import EventName, EventSource

WRITE = """
    WITH given AS MATERIALIZED (
        SELECT * FROM json_populate_recordset(NULL::shopreco_event, %s::json)
    ),
    fresh AS (
        INSERT INTO shopreco_eventkey (uuid, time) SELECT uuid, time FROM given ORDER BY uuid
        ON CONFLICT DO NOTHING RETURNING uuid
    ),
    known AS MATERIALIZED (
        SELECT id FROM shopreco_visitor WHERE id IN (SELECT visitor_id FROM given)
        AND erased_at IS NULL FOR KEY SHARE
    ),
    written AS (
        INSERT INTO shopreco_event SELECT given.* FROM given WHERE uuid IN (TABLE fresh)
        AND (visitor_id IS NULL OR visitor_id IN (TABLE known))
        RETURNING uuid
    )
    SELECT uuid FROM written
"""
"""One statement, for a batch is written at once or not at all. Keys are inserted in order, so that
two batches that share events wait for each other instead of a deadlock. A visitor who is being
erased is waited for, and the events are not written."""

SAME_ORDER = """
    UPDATE shopreco_event AS e SET {changes}
    FROM json_populate_record(NULL::shopreco_event, %s::json) AS n
    WHERE e.transaction_id = n.transaction_id AND e.name = 'purchase' AND e.uuid = n.uuid
"""

ATTRIBUTION = ("session", "page", "query_id", "rec_id", "placement", "sender")
"""What only the browser knows of a purchase."""

ADD_ATTRIBUTION = ", ".join(
    [
        "visitor_id = COALESCE(e.visitor_id, n.visitor_id)",
        "consent = CASE WHEN e.visitor_id IS NULL THEN n.consent ELSE e.consent END",
        "arms = n.arms || e.arms",
        *(f"{name} = COALESCE(NULLIF(e.{name}, ''), n.{name})" for name in ATTRIBUTION),
    ]
)
TAKE_ORDER = ", ".join(
    [
        f"{ADD_ATTRIBUTION}, source = n.source, is_bot = false",
        "user_id = COALESCE(NULLIF(n.user_id, ''), e.user_id)",
        *(f"{name} = n.{name}" for name in ("items", "value", "currency", "is_agent")),
    ]
)


class Written(NamedTuple):
    """What became of a batch: events that are new, and those that were there."""

    accepted: int
    repeated: int


def write(rows: Mapping[str, Row]) -> Written:
    """Write the events that are not there yet. A purchase that is there learns what it lacks."""
    if not rows:
        return Written(0, 0)
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(WRITE, [json.dumps([*rows.values()])])
        written = {str(uuid) for (uuid,) in cursor.fetchall()}
        for uuid, row in rows.items():
            if uuid not in written and row["name"] == EventName.PURCHASE:
                changes = TAKE_ORDER if row["source"] == EventSource.SERVER else ADD_ATTRIBUTION
                cursor.execute(SAME_ORDER.format(changes=changes), [json.dumps(row)])
    return Written(len(written), len(rows) - len(written))
