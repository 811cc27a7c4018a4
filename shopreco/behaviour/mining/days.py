"""Days of products: how often each was shown, chosen, viewed, put into carts and bought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connections

from shopreco.behaviour.mining.clauses import FRESH, LINES, by_person, told_by_shop
from shopreco.db.routing import write_alias

if TYPE_CHECKING:
    from shopreco.behaviour.mining.slices import Slice

QUANTITY: Final = "coalesce((line.item ->> 'quantity')::bigint, 1)"

COUNT = f"""
    WITH told AS MATERIALIZED (
        SELECT e.name, e.uuid, e.time, e.items FROM shopreco_event e
        WHERE {FRESH} AND {by_person()} AND (
            {told_by_shop("purchase")} OR {told_by_shop("refund")} OR e.name IN
            ('view_item_list', 'view_recommendation', 'select_item', 'select_recommendation',
             'view_item', 'add_to_cart'))
        UNION ALL
        -- A refund without products takes all of its order back, whichever of both came first.
        SELECT 'refund', e.uuid, e.time, p.items
        FROM shopreco_event e JOIN shopreco_event p ON p.transaction_id = e.transaction_id
        WHERE {FRESH} AND {by_person()} AND {told_by_shop("refund")} AND e.items = '[]'
            AND e.transaction_id <> '' AND {told_by_shop("purchase", "p")} AND {by_person("p")}
            AND p.catalogue = e.catalogue AND (p.written_by, p.uuid) <= (%(end)s, %(end_uuid)s)
        UNION ALL
        SELECT 'refund', r.uuid, r.time, e.items
        FROM shopreco_event e JOIN shopreco_event r ON r.transaction_id = e.transaction_id
        WHERE {FRESH} AND {by_person()} AND {told_by_shop("purchase")} AND e.transaction_id <> ''
            AND {told_by_shop("refund", "r")} AND {by_person("r")} AND r.items = '[]'
            AND r.catalogue = e.catalogue AND (r.written_by, r.uuid) <= (%(start)s, %(start_uuid)s)
    ),
    lines AS MATERIALIZED (
        SELECT e.name, e.uuid, (e.time AT TIME ZONE 'UTC')::date AS day, i.group_id,
            {QUANTITY} AS quantity
        FROM told e {LINES.format(join="LEFT JOIN")}
    ),
    counted AS (
        INSERT INTO shopreco_itemday AS d
            (catalogue, group_id, day, shown, chosen, views, carts, orders, units)
        SELECT %(catalogue)s, group_id, day,
            count(*) FILTER (WHERE name IN ('view_item_list', 'view_recommendation')),
            count(*) FILTER (WHERE name IN ('select_item', 'select_recommendation')),
            count(*) FILTER (WHERE name = 'view_item'),
            count(*) FILTER (WHERE name = 'add_to_cart'),
            count(DISTINCT uuid) FILTER (WHERE name = 'purchase'),
            sum(CASE name WHEN 'purchase' THEN quantity WHEN 'refund' THEN -quantity ELSE 0 END)
        FROM lines WHERE group_id IS NOT NULL
        GROUP BY group_id, day ORDER BY group_id, day
        ON CONFLICT (catalogue, group_id, day) DO UPDATE SET
            shown = d.shown + excluded.shown, chosen = d.chosen + excluded.chosen,
            views = d.views + excluded.views, carts = d.carts + excluded.carts,
            orders = d.orders + excluded.orders, units = d.units + excluded.units
    )
    SELECT count(*) FROM lines WHERE group_id IS NULL
"""


def count(part: Slice) -> int:
    """Add a slice to the days of products; return how often it names one that is not indexed."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(COUNT, part._asdict())
        return int(cursor.fetchone()[0])
