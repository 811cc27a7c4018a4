"""Senders: who reports events, and who reports what somebody else has reported already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connections

from shopreco.db.routing import write_alias

WITHIN: Final = timedelta(seconds=5)
"""Time between two reports of one event. Scripts of one page load one after the other."""
LEAST: Final = 3
"""Times that two senders have to meet: once is chance."""
LATEST: Final = timedelta(days=1)
MOST_READ: Final = 100_000
"""Events that are looked at, the latest."""

DOUBLES: Final = f"""
    WITH latest AS MATERIALIZED (
        SELECT name, time, COALESCE(NULLIF(sender, ''), source) AS sender,
            jsonb_path_query_array(items, '$[*].id') AS items,
            COALESCE(visitor_id::text, NULLIF(session, ''), NULLIF(page, '')) AS who
        FROM shopreco_event
        WHERE received > %(since)s AND source <> 'import' ORDER BY received DESC LIMIT {MOST_READ}
    ),
    neighbours AS (
        SELECT name, time, sender, lag(sender) OVER earlier AS other,
            lag(time) OVER earlier AS before
        FROM latest WHERE who IS NOT NULL
        WINDOW earlier AS (PARTITION BY who, name, items ORDER BY time)
    )
    SELECT name, least(sender, other), greatest(sender, other), count(*), max(time)
    FROM neighbours WHERE other <> sender AND time - before < %(within)s
    GROUP BY 1, 2, 3 HAVING count(*) >= {LEAST} ORDER BY 4 DESC, 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class DoubleSender:
    """Two senders that report the same event of the same products, of one visitor, at once."""

    name: str
    senders: tuple[str, str]
    """As they call themselves; "server" and "browser" where they say nothing."""
    events: int
    """How often both did."""
    last: datetime


def double_senders(now: datetime) -> Sequence[DoubleSender]:
    """Find pairs of senders that have reported the same lately, the most frequent first.

    Two events are the same if they have one name, the same products in the same order, and the same
    visitor, session or page, within seconds."""
    params: dict[str, Any] = {"since": now - LATEST, "within": WITHIN}
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(DOUBLES, params)
        return [
            DoubleSender(name, (first, second), events, last)
            for name, first, second, events, last in cursor.fetchall()
        ]
