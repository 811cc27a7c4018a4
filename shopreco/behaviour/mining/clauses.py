"""Clauses of SQL that all that mines shares. In them `e` is an event, and `i` an item."""

from __future__ import annotations

from typing import Final

from shopreco.models.mining import HALF_LIFE, LANDMARK

FRESH: Final = """
    e.catalogue = %(catalogue)s AND e.written_by BETWEEN %(start)s AND %(end)s
    AND (e.written_by, e.uuid) > (%(start)s, %(start_uuid)s)
    AND (e.written_by, e.uuid) <= (%(end)s, %(end_uuid)s)
"""
"""The events of a slice."""

SIDES: Final = """
    (VALUES (1, %(end)s::bigint, %(end_uuid)s::uuid),
        (-1, %(start)s::bigint, %(start_uuid)s::uuid)) AS side (sign, written_by, uuid)
"""
"""What is mined with the slice, and what was before it. What the first says more is counted."""

LINES: Final = """
    CROSS JOIN LATERAL jsonb_array_elements(e.items) WITH ORDINALITY AS line (item, place)
    {join} shopreco_item i
        ON i.catalogue = %(catalogue)s AND i.object_id = line.item ->> 'id'
"""


def by_person(e: str = "e") -> str:
    """An event of no bot and no AI agent."""
    return f"NOT {e}.is_bot AND NOT {e}.is_agent"


def told_by_shop(name: str, e: str = "e") -> str:
    """An event that no browser alone vouches for, such as a purchase."""
    return f"{e}.name = '{name}' AND {e}.source <> 'browser'"


def weight(time: str) -> str:
    """The forward-decayed weight of a time. No event is so old that it would vanish."""
    seconds = f"extract(epoch FROM {time} - timestamptz '{LANDMARK.isoformat()}')::float8"
    return f"power(2::float8, greatest({seconds} / {HALF_LIFE.total_seconds()}, -300))"
