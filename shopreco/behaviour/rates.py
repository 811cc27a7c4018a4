"""Rates: who looks at more than a person can is a bot, whatever it calls itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connections

from shopreco.db.routing import write_alias
from shopreco.models import EventName, EventSource

PAGES: Final = (EventName.VIEW_ITEM, EventName.SEARCH)
"""Events of which a page has one. A page that somebody scrolls through has many others."""
A_MINUTE: Final = 30
"""Pages a minute that nobody reads: one every two seconds. Who opens a list of results in tabs is
as fast for a minute."""
MINUTES: Final = 5
"""Minutes in which somebody was as fast, out of those that are looked at."""
WINDOW: Final = timedelta(hours=1)
"""What is looked at. A slower bot that goes on for long is flagged for its fast minutes alone."""

WHO: Final = "COALESCE('visitor ' || visitor_id, 'session ' || session)"

FLAG: Final = f"""
    WITH recent AS MATERIALIZED (
        SELECT {WHO} AS who, date_trunc('minute', time) AS minute
        FROM shopreco_event
        WHERE received > %(since)s AND NOT is_bot AND source = %(browser)s AND name = ANY(%(pages)s)
        AND (visitor_id IS NOT NULL OR session <> '')
    ),
    fast AS (
        SELECT who FROM (
            SELECT who FROM recent GROUP BY who, minute HAVING count(*) > {A_MINUTE}
        ) AS minutes GROUP BY who HAVING count(*) >= {MINUTES}
    )
    UPDATE shopreco_event SET is_bot = true
    WHERE received > %(since)s AND NOT is_bot AND source = %(browser)s
    AND {WHO} IN (TABLE fast)
"""
"""What the shop itself reports stays: who pays is somebody. Events without visitor and session are
of nobody, and cannot be counted together."""


def flag_bots(now: datetime) -> int:
    """Flag the latest events of visitors and sessions that are faster than a person; return how
    many. What a bot did before this window, slowly, stays as it is."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            FLAG,
            {
                "since": now - WINDOW,
                "browser": EventSource.BROWSER.value,
                "pages": [each.value for each in PAGES],
            },
        )
        return int(cursor.rowcount)
