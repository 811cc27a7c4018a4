"""Choices: the products that are chosen among the results of a query.

The event of a choice names its search by `query_id`, and only the search has the words. Both are
found among the latest events of the same visitor, as in `sequences`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from django.db import connections

from shopreco.behaviour.mining.clauses import FRESH, LINES, SIDES, by_person, weight
from shopreco.db.routing import write_alias
from shopreco.text.normalisation import comparison_key, normalise_query

if TYPE_CHECKING:
    from shopreco.behaviour.mining.slices import Slice

EVENTS: Final = 500
"""The latest searches and choices of somebody that are read."""

NAMES: Final = "e.name IN ('search', 'select_item') AND e.query_id <> ''"

READ = """
    WITH fresh AS MATERIALIZED (
        SELECT DISTINCT e.{who} AS who FROM shopreco_event e
        WHERE {fresh} AND {person} AND {names} AND {known}
    ),
    told AS MATERIALIZED (
        SELECT side.sign, fresh.who, e.* FROM fresh CROSS JOIN {sides}
        CROSS JOIN LATERAL (
            SELECT e.name, e.query_id, e.query, e.time, e.items FROM shopreco_event e
            WHERE e.{who} = fresh.who AND {known} AND e.catalogue = %(catalogue)s
                AND {person} AND {names}
                AND (e.written_by, e.uuid) <= (side.written_by, side.uuid)
            ORDER BY e.time DESC, e.uuid DESC LIMIT {events}
        ) AS e
    ),
    searches AS (
        SELECT sign, who, query_id, min(query) AS query FROM told
        WHERE name = 'search' AND query <> '' GROUP BY 1, 2, 3
    )
    SELECT s.query, i.group_id, sum(e.sign), sum(e.sign * {weight})
    FROM searches s
    JOIN told e ON e.sign = s.sign AND e.who = s.who AND e.query_id = s.query_id
        AND e.name = 'select_item'
    {lines}
    GROUP BY 1, 2 HAVING sum(e.sign) <> 0
"""

WRITE = """
    INSERT INTO shopreco_queryitem AS q (catalogue, query, group_id, number, weight)
    SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::float8[])
        AS delta (query, group_id, number, weight)
    WHERE number > 0 OR EXISTS (
        SELECT FROM shopreco_queryitem known WHERE known.catalogue = %s
            AND known.query = delta.query AND known.group_id = delta.group_id
    )
    ON CONFLICT (catalogue, query, group_id) DO UPDATE SET
        number = greatest(q.number + excluded.number, 0),
        weight = greatest(q.weight + excluded.weight, 0)
"""

STATEMENTS: Final = [
    READ.format(
        who=who,
        known=known,
        fresh=FRESH,
        person=by_person(),
        names=NAMES,
        sides=SIDES,
        events=EVENTS,
        lines=LINES.format(join="JOIN"),
        weight=weight("e.time"),
    )
    for who, known in (
        ("visitor_id", "e.visitor_id IS NOT NULL"),
        ("session", "e.visitor_id IS NULL AND e.session <> ''"),
    )
]


def count(part: Slice) -> None:
    """Add the choices of a slice to what is chosen for a query."""
    numbers: dict[tuple[str, int], list[float]] = defaultdict(lambda: [0, 0.0])
    with connections[write_alias()].cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement, part._asdict())
            for query, group_id, number, weighed in cursor.fetchall():
                if words := comparison_key(normalise_query(query))[:200]:
                    known = numbers[words, group_id]
                    known[0], known[1] = known[0] + number, known[1] + weighed
        if rows := [(*key, *numbers[key]) for key in sorted(numbers)]:
            columns = [list(column) for column in zip(*rows, strict=True)]
            cursor.execute(WRITE, [part.catalogue, *columns, part.catalogue])
