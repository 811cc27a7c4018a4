"""Ageing: what was mined fades, and goes when it says nothing any more."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from django.db import connections

from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.models.mining import HALF_LIFE, LANDMARK

FAINT: Final = 0.25
"""Decayed weight below which something is forgotten: what happened once, two half-lives ago."""
CHUNK: Final = 10_000
"""Rows that one statement deletes."""

FORGET: Final = """
    DELETE FROM {table} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM {table} WHERE {condition} LIMIT {chunk}
    ))
"""


def tend(now: datetime) -> int:
    """Delete days that are older than all events, and faint pairs; return the rows deleted."""
    longest = max(int(days) for days in get_settings().EVENT_RETENTION_DAYS.values())
    faint = FAINT * 2.0 ** ((now - LANDMARK) / HALF_LIFE)
    deleted = 0
    for table, condition, limit in (
        ("shopreco_itemday", "day < %s::date", (now - timedelta(days=longest)).date()),
        ("shopreco_itempair", "weight < %s", faint),
        ("shopreco_queryitem", "weight < %s", faint),
    ):
        deleted += _forget(table, condition, limit)
    return deleted


def _forget(table: str, condition: str, limit: date | float) -> int:
    statement, deleted = FORGET.format(table=table, condition=condition, chunk=CHUNK), 0
    while True:
        with connections[write_alias()].cursor() as cursor:
            cursor.execute(statement, [limit])
            if not cursor.rowcount:
                return deleted
            deleted += cursor.rowcount
