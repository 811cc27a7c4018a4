"""The log of events: each is written once, whoever sends it how often."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connections
from psycopg import RawCursor

from shopreco.behaviour.events import Row, Sending
from shopreco.db.routing import write_alias
from shopreco.models import EventName, EventSource

COLUMNS = {
    "uuid": "uuid",
    "name": "text",
    "time": "timestamptz",
    "visitor_id": "bigint",
    "user_id": "text",
    "session": "text",
    "page": "text",
    "items": "jsonb",
    "value": "numeric",
    "currency": "text",
    "transaction_id": "text",
    "query": "text",
    "total": "integer",
    "query_id": "text",
    "rec_id": "text",
    "placement": "text",
    "arms": "jsonb",
    "propensity": "float8",
    "sender": "text",
}
"""What an event says of itself, with the types of its columns."""
SHARED = ("received", "catalogue", "consent", "source", "is_bot", "is_agent")
"""What all events of a request have in common."""

WRITE = """
    WITH given AS MATERIALIZED (
        SELECT {values} FROM jsonb_array_elements($1::jsonb) AS event
    ),
    fresh AS (
        INSERT INTO shopreco_eventkey (uuid, time) SELECT uuid, time FROM given ORDER BY uuid
        ON CONFLICT DO NOTHING RETURNING uuid
    ){known}
    INSERT INTO shopreco_event ({columns})
    SELECT {said}, $2, $3, $4, $5, $6, $7
    FROM given WHERE uuid IN (TABLE fresh){is_known}
    RETURNING uuid
"""
"""One statement, for a batch is written at once or not at all. Events come as arrays, which the
server reads in two thirds of the time that it needs for objects. Keys are inserted in order, so
that two batches that share events wait for each other instead of a deadlock."""
KNOWN = """,
    known AS MATERIALIZED (
        SELECT id FROM shopreco_visitor WHERE id IN (SELECT visitor_id FROM given)
        AND erased_at IS NULL FOR KEY SHARE
    )"""
IS_KNOWN = " AND (visitor_id IS NULL OR visitor_id IN (TABLE known))"
"""A visitor who is being erased is waited for, and the events are not written."""


@lru_cache(maxsize=256)
def _statement(said: tuple[str, ...]) -> str:
    """`WRITE` for events that say no more than these columns; the others have their defaults.

    A third of what a batch costs the server is the number of columns."""
    asks = "visitor_id" in said
    return WRITE.format(
        values=", ".join(f"{_value(name, place)} AS {name}" for place, name in enumerate(said)),
        columns=", ".join([*said, *SHARED]),
        said=", ".join(said),
        known=KNOWN if asks else "",
        is_known=IS_KNOWN if asks else "",
    )


def _value(name: str, place: int) -> str:
    """What reads a column from its place in the array of an event, which is null for nothing."""
    match COLUMNS[name]:
        case "text":
            return f"COALESCE(event ->> {place}, '')"
        case "jsonb":
            return f"COALESCE(NULLIF(event -> {place}, 'null'), '{{}}')"
        case kind:
            return f"(event ->> {place})::{kind}"


SAME_ORDER = """
    UPDATE shopreco_event AS e SET {changes}
    FROM json_populate_record(NULL::shopreco_event, %s::json) AS n
    WHERE e.transaction_id = n.transaction_id AND e.name = 'purchase' AND e.uuid = n.uuid
"""

NOW = "pg_current_xact_id()::text::bigint"
"""The transaction that writes, as `Event.written_by` has it."""

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
        # What is a purchase only now is mined now.
        f"written_by = CASE e.source WHEN 'browser' THEN {NOW} ELSE e.written_by END",
        "user_id = COALESCE(NULLIF(n.user_id, ''), e.user_id)",
        *(f"{name} = n.{name}" for name in ("items", "value", "currency", "is_agent")),
    ]
)


NOTHING: dict[str, Any] = {"arms": {}} | {
    name: "" for name, kind in COLUMNS.items() if kind == "text"
}
"""An event that says nothing."""


class Written(NamedTuple):
    """What became of a batch: events that are new, and those that were there."""

    accepted: int
    repeated: int


def write(rows: Mapping[str, Row], sending: Sending) -> Written:
    """Write the events that are not there yet. A purchase that is there learns what it lacks.

    rows: of `events.read_events`, by key. sending: what they have in common.
    """
    if not rows:
        return Written(0, 0)
    # Plain values: psycopg looks for a form of each class of its own, such as those of choices.
    shared = {name: getattr(sending, name) for name in SHARED} | {
        name: str(getattr(sending, name)) for name in ("consent", "source")
    }
    names = set().union(*rows.values())
    said = tuple(name for name in COLUMNS if name in names)
    events = [[row.get(name) for name in said] for row in rows.values()]
    connection = connections[write_alias()]
    # Django's own cursor checks the connection and has the schema set. The one of psycopg sends the
    # batch beside the statement instead of as a part of it.
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        RawCursor(connection.connection) as raw,
    ):
        raw.execute(_statement(said), [json.dumps(events), *shared.values()])
        accepted = raw.rowcount
        written = {str(uuid) for (uuid,) in raw.fetchall()} if accepted < len(rows) else rows.keys()
        for uuid, row in rows.items():
            if uuid not in written and row["name"] == EventName.PURCHASE:
                changes = TAKE_ORDER if sending.source == EventSource.SERVER else ADD_ATTRIBUTION
                whole = json.dumps(NOTHING | row | shared, default=str)
                cursor.execute(SAME_ORDER.format(changes=changes), [whole])
    return Written(accepted, len(rows) - accepted)
