"""How long events are kept: months are made ahead, and what is too old is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connections

from shopreco.conf import get_settings
from shopreco.db import partitions
from shopreco.db.routing import write_alias

TABLE = "shopreco_event"
CHUNK = 10_000
"""Rows that one statement deletes."""

DELETE_EVENTS = """
    DELETE FROM shopreco_event WHERE (tableoid, ctid) IN (
        SELECT tableoid, ctid FROM shopreco_event WHERE time < %s AND {names} LIMIT {chunk}
    )
"""
DELETE_KEYS = """
    DELETE FROM shopreco_eventkey WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM shopreco_eventkey WHERE time < %s LIMIT {chunk}
    ))
"""


def tend(now: datetime) -> int:
    """Make the months ahead, delete what is older than its retention; return the rows deleted.

    A month that is older than every retention is dropped, which takes no time.
    """
    connection, days = connections[write_alias()], _days()
    partitions.make_ahead(connection, TABLE, now)
    longest = now - timedelta(days=max(days.values()))
    for _month in partitions.drop_before(connection, TABLE, longest):
        pass
    deleted = 0
    for name, kept in days.items():
        others = [each for each in days if each != "*"]
        names, params = ("name <> ALL(%s)", [others]) if name == "*" else ("name = %s", [name])
        cutoff = now - timedelta(days=kept)
        deleted += _in_chunks(DELETE_EVENTS.format(names=names, chunk=CHUNK), [cutoff, *params])
    _in_chunks(DELETE_KEYS.format(chunk=CHUNK), [longest])
    return deleted


def _days() -> Mapping[str, int]:
    return {str(name): int(days) for name, days in get_settings().EVENT_RETENTION_DAYS.items()}


def _in_chunks(sql: str, params: list[Any]) -> int:
    deleted = 0
    while True:
        with connections[write_alias()].cursor() as cursor:
            cursor.execute(sql, params)
            if not cursor.rowcount:
                return deleted
            deleted += cursor.rowcount
