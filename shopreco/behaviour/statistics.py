"""Statistics of products: how popular each is, whether it is trending, how often it is bought.

They are computed from the days of products, and for trends from the last events themselves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connections

from shopreco.behaviour.mining.clauses import LINES, by_person
from shopreco.db.routing import write_alias
from shopreco.models import ItemStatistic

DAYS: Final = 90
"""Days that popularity and conversion are made of."""
HALF_LIFE_DAYS: Final = 14.0
"""Days in which what happened loses half of its weight in popularity."""
RECENT: Final = timedelta(hours=24)
BACKGROUND: Final = timedelta(hours=72)
"""How long before the recent time the background of trends lasts."""
MIN_VISITORS: Final = 3
"""Visitors of the recent time without whom nothing is trending."""

COMPUTE: Final = f"""
    WITH days AS MATERIALIZED (
        SELECT group_id, sum(views) AS views, sum(least(orders, views)) AS orders,
            sum(views * fresh) AS viewed, sum(carts * fresh) AS carted,
            greatest(sum(units * fresh), 0) AS bought
        FROM (
            SELECT *, power(2::float8, (day - %(today)s::date) / {HALF_LIFE_DAYS}::float8) AS fresh
            FROM shopreco_itemday WHERE catalogue = %(catalogue)s AND day > %(since)s::date
        ) AS counted GROUP BY group_id
    ),
    -- Each of the three signals counts by its share, so none needs a weight; one that a shop
    -- does not have is left out.
    sums AS (SELECT sum(viewed) AS viewed, sum(carted) AS carted, sum(bought) AS bought FROM days),
    popular AS (
        SELECT group_id, coalesce(d.viewed / nullif(s.viewed, 0), 0)
            + coalesce(d.carted / nullif(s.carted, 0), 0)
            + coalesce(d.bought / nullif(s.bought, 0), 0) AS share
        FROM days d CROSS JOIN sums s
    ),
    -- Empirical Bayes: rates are drawn from a beta distribution, fitted by its moments.
    rates AS (
        SELECT sum(orders)::float8 / sum(views) AS mean, sum(views)::float8 AS views, count(*) AS n
        FROM days WHERE views > 0
    ),
    spread AS (
        SELECT r.mean, greatest(
            sum(d.views * power(d.orders::float8 / d.views - r.mean, 2)) / r.views
            - r.mean * (1 - r.mean) * r.n / r.views, 1e-9) AS variance
        FROM rates r JOIN days d ON d.views > 0 GROUP BY r.mean, r.views, r.n
    ),
    prior AS (
        SELECT mean, least(greatest(mean * (1 - mean) / variance - 1, 1), 10000) AS views
        FROM spread
    ),
    people AS MATERIALIZED (
        SELECT i.group_id, e.time > %(recent)s AS is_recent,
            coalesce(e.visitor_id::text, nullif(e.session, ''), e.uuid::text) AS who
        FROM shopreco_event e {LINES.format(join="JOIN")}
        WHERE e.catalogue = %(catalogue)s AND e.time > %(background)s AND e.time <= %(now)s
            AND {by_person()} AND e.name IN ('view_item', 'add_to_cart')
    ),
    counts AS (
        SELECT group_id, count(DISTINCT who) FILTER (WHERE is_recent) AS recent,
            count(DISTINCT who) FILTER (WHERE NOT is_recent) AS before
        FROM people GROUP BY group_id
    ),
    growth AS (SELECT sum(recent)::float8 / nullif(sum(before), 0) AS times FROM counts),
    trends AS (
        SELECT group_id, greatest((recent - before * times) / sqrt(before * times + 1), 0) AS trend
        FROM counts CROSS JOIN growth WHERE recent >= {MIN_VISITORS} AND times IS NOT NULL
    ),
    statistics AS (
        SELECT group_id, coalesce(share / nullif(max(share) OVER (), 0), 0) AS popularity,
            coalesce(trend, 0) AS trending,
            (coalesce(d.orders, 0) + p.mean * p.views) / (coalesce(d.views, 0) + p.views)
                AS conversion
        FROM popular FULL JOIN trends USING (group_id) LEFT JOIN days d USING (group_id)
        LEFT JOIN prior p ON true
    ),
    gone AS (
        DELETE FROM shopreco_itemstatistic WHERE catalogue = %(catalogue)s
            AND group_id NOT IN (SELECT group_id FROM statistics)
    )
    INSERT INTO shopreco_itemstatistic AS s
        (catalogue, group_id, popularity, trending, conversion)
    SELECT %(catalogue)s, group_id, popularity, trending, conversion FROM statistics
    ORDER BY group_id
    ON CONFLICT (catalogue, group_id) DO UPDATE SET popularity = excluded.popularity,
        trending = excluded.trending, conversion = excluded.conversion
    WHERE (s.popularity, s.trending, s.conversion)
        IS DISTINCT FROM (excluded.popularity, excluded.trending, excluded.conversion)
"""
"""A product is trending by how many more visitors it has in the last 24 hours than the 72 hours
before let one expect, with the growth of the whole shop: in standard deviations of that number."""


def are_known(catalogue: str) -> bool:
    """Whether the statistics of a catalogue were ever computed from something."""
    return ItemStatistic.objects.using(write_alias()).filter(catalogue=catalogue).exists()


def refresh(catalogue: str, now: datetime) -> None:
    """Compute the statistics of a catalogue anew."""
    params: dict[str, Any] = {
        "catalogue": catalogue,
        "now": now,
        "today": now.date(),
        "since": now.date() - timedelta(days=DAYS),
        "recent": now - RECENT,
        "background": now - RECENT - BACKGROUND,
    }
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(COMPUTE, params)
