"""Baskets: products of one order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connections

from shopreco.behaviour.mining.clauses import FRESH, LINES, by_person, told_by_shop, weight
from shopreco.behaviour.mining.pairs import ADD
from shopreco.db.routing import write_alias
from shopreco.models import PairKind

if TYPE_CHECKING:
    from shopreco.behaviour.mining.slices import Slice

MAX_PRODUCTS: Final = 50
"""Products of an order that say something of each other: a larger one is a dealer's."""

COUNT = f"""
    WITH lines AS MATERIALIZED (
        SELECT DISTINCT e.uuid, i.group_id AS item, {weight("e.time")} AS weight
        FROM shopreco_event e {LINES.format(join="JOIN")}
        WHERE {FRESH} AND {by_person()} AND {told_by_shop("purchase")}
    ),
    sizes AS (SELECT uuid, weight, count(*) AS products FROM lines GROUP BY uuid, weight),
    small AS (SELECT * FROM sizes WHERE products <= {MAX_PRODUCTS}),
    delta AS MATERIALIZED (
        SELECT a.item AS source, b.item AS target, count(*) AS number, sum(a.weight) AS weight
        FROM small JOIN lines a USING (uuid) JOIN lines b USING (uuid) GROUP BY 1, 2
    ),
    total AS (SELECT nullif(count(*), 0) AS number, sum(weight) AS weight FROM small),
    {ADD.format(kind=PairKind.BOUGHT_TOGETHER)}
    SELECT count(*) FROM sizes WHERE products > {MAX_PRODUCTS}
"""
"""The pair of a product with itself counts its orders."""


def count(part: Slice) -> int:
    """Add the orders of a slice to the pairs; return how many are too large."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(COUNT, part._asdict())
        return int(cursor.fetchone()[0])
