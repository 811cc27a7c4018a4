"""Sequences: products that somebody views, or buys, one after the other.

A visitor counts once for a pair, at the time when they had it last. With an event the visitor's
latest events are read again: what they say with it, less what they said without it, is added. So it
does not matter in which order events arrive, or how they are sliced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import connections

from shopreco.behaviour.mining.clauses import FRESH, LINES, SIDES, by_person, told_by_shop, weight
from shopreco.behaviour.mining.pairs import ADD
from shopreco.db.routing import write_alias
from shopreco.models import PairKind

if TYPE_CHECKING:
    from shopreco.behaviour.mining.slices import Slice


@dataclass(frozen=True, slots=True)
class Window:
    """Which products of a sequence are a pair.

    events: the latest of somebody that are read. places: lines between both, at most. days: between
    both, at most.
    """

    kind: PairKind
    names: str
    events: int
    places: int
    days: int


VIEWED: Final = Window(
    PairKind.ALSO_VIEWED, "e.name IN ('view_item', 'add_to_cart')", events=200, places=10, days=1
)
BOUGHT: Final = Window(
    PairKind.ALSO_BOUGHT, told_by_shop("purchase"), events=50, places=50, days=180
)

PEOPLE: Final = (
    (VIEWED, "visitor_id", "e.visitor_id IS NOT NULL"),
    (VIEWED, "session", "e.visitor_id IS NULL AND e.session <> ''"),
    (BOUGHT, "user_id", "e.user_id <> ''"),
    (BOUGHT, "visitor_id", "e.visitor_id IS NOT NULL AND e.user_id = ''"),
)
"""Windows, with the column that says who it is, and where it does. Each has an index."""

COUNT = """
    WITH fresh AS MATERIALIZED (
        SELECT DISTINCT e.{who} AS who FROM shopreco_event e
        WHERE {fresh} AND {person} AND {names} AND {known}
    ),
    lines AS MATERIALIZED (
        SELECT side.sign, fresh.who, e.uuid, e.time, i.group_id AS item,
            row_number() OVER (
                PARTITION BY side.sign, fresh.who ORDER BY e.time, e.uuid, line.place
            ) AS place
        FROM fresh CROSS JOIN {sides}
        CROSS JOIN LATERAL (
            SELECT e.time, e.uuid, e.items FROM shopreco_event e
            WHERE e.{who} = fresh.who AND {known} AND e.catalogue = %(catalogue)s
                AND {person} AND {names}
                AND (e.written_by, e.uuid) <= (side.written_by, side.uuid)
            ORDER BY e.time DESC, e.uuid DESC LIMIT {events}
        ) AS e
        {lines}
    ),
    pairs AS (
        SELECT a.sign, a.who, a.item AS source, b.item AS target, max(b.time) AS time
        FROM lines a CROSS JOIN generate_series(1, {places}) AS step
        JOIN lines b ON b.sign = a.sign AND b.who = a.who AND b.place = a.place + step
        WHERE a.item <> b.item AND a.uuid <> b.uuid AND b.time <= a.time + interval '{days} days'
        GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT sign, who, item, item, max(time) FROM lines GROUP BY 1, 2, 3
    ),
    delta AS MATERIALIZED (
        SELECT source, target, sum(sign) AS number, sum(sign * {weight}) AS weight
        FROM pairs GROUP BY 1, 2 HAVING sum(sign) <> 0 OR sum(sign * {weight}) <> 0
    ),
    total AS (
        SELECT sum(sign) AS number, sum(sign * {weight}) AS weight
        FROM (SELECT sign, who, max(time) AS time FROM lines GROUP BY 1, 2) AS people
    ),
    {add}
    SELECT
"""


def _statement(window: Window, who: str, known: str) -> str:
    return COUNT.format(
        who=who,
        known=known,
        fresh=FRESH,
        person=by_person(),
        names=window.names,
        sides=SIDES,
        events=window.events,
        lines=LINES.format(join="JOIN"),
        places=window.places,
        days=window.days,
        weight=weight("time"),
        add=ADD.format(kind=window.kind),
    )


STATEMENTS: Final = [_statement(*each) for each in PEOPLE]


def count(part: Slice) -> None:
    """Add what the visitors of a slice viewed and bought one after the other."""
    with connections[write_alias()].cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement, part._asdict())
