"""Products that belong to a product, by the knowledge graph: typed paths of at most two links.

A bulb is an accessory of a lamp by one link; what goes with a product that could replace the lamp
goes with the lamp, by two, a little less surely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import connections

from shopreco.db.routing import read_alias
from shopreco.models import Meaning
from shopreco.queries.conditions import Filters
from shopreco.retrieval.candidates import Hits


class Purpose(StrEnum):
    """What a shopper who looks at a product may want to see beside it."""

    SIMILAR = "similar"
    LOOKING_SIMILAR = "looking-similar"
    COMPLEMENTARY = "complementary"
    SUBSTITUTE = "substitute"
    ACCESSORY = "accessory"


Path = tuple[Meaning, ...]
"""What each link's far end is to its near one."""

SAME, SUBSTITUTE, COMPLEMENT = Meaning.SAME, Meaning.SUBSTITUTE, Meaning.COMPLEMENT
ACCESSORY, MAIN = Meaning.ACCESSORY, Meaning.MAIN

PATHS: Mapping[Purpose, Mapping[Path, float]] = {
    Purpose.COMPLEMENTARY: {
        (COMPLEMENT,): 0.9,
        (MAIN,): 0.8,
        (SAME, COMPLEMENT): 0.8,
        (SUBSTITUTE, COMPLEMENT): 0.4,
        (COMPLEMENT, SAME): 0.4,
        (COMPLEMENT, COMPLEMENT): 0.3,
    },
    Purpose.SUBSTITUTE: {
        (SUBSTITUTE,): 0.9,
        (SAME, SUBSTITUTE): 0.8,
        (SUBSTITUTE, SUBSTITUTE): 0.4,
    },
    Purpose.ACCESSORY: {
        (ACCESSORY,): 0.9,
        (SAME, ACCESSORY): 0.8,
        (ACCESSORY, SUBSTITUTE): 0.4,
        (SUBSTITUTE, ACCESSORY): 0.3,
    },
}
"""The paths of an intent, and how sure each is: short of 1, so that more of them say more."""

INVERSE: Mapping[str, str] = {ACCESSORY: MAIN, MAIN: ACCESSORY}
"""What a link means from its far end; every other meaning is its own inverse."""

EVERY_LINK = sorted({SAME, SUBSTITUTE, COMPLEMENT, ACCESSORY, MAIN})

FAN = 100
"""Links that are followed from the seed: the surest."""

LINKS = """
    SELECT e.target_id AS node, r.meaning, e.weight * r.weight AS weight
    FROM shopreco_edge e JOIN shopreco_relationtype r ON r.id = e.relation_id
    WHERE e.source_id = {node} AND e.state <> 'rejected' AND r.meaning = ANY(%(links)s)
    UNION ALL
    SELECT e.source_id, CASE r.meaning WHEN 'accessory' THEN 'main' WHEN 'main' THEN 'accessory'
        ELSE r.meaning END, e.weight * r.weight
    FROM shopreco_edge e JOIN shopreco_relationtype r ON r.id = e.relation_id
    WHERE e.target_id = {node} AND e.state <> 'rejected' AND r.meaning = ANY(%(links)s)
"""
"""Links of a node in both directions, each with what the other end is to it."""

ENDS = f"""
    WITH seed AS (SELECT id FROM shopreco_node WHERE item_id = %(seed)s),
    paths AS (
        SELECT * FROM unnest(%(first)s::text[], %(second)s::text[], %(sure)s::float8[])
            AS p (first, second, sure)
    ),
    one AS MATERIALIZED (
        SELECT link.* FROM seed CROSS JOIN LATERAL ({LINKS.format(node="seed.id")}) AS link
        ORDER BY link.weight DESC, link.node LIMIT {FAN}
    ),
    ends AS (
        SELECT node, weight * sure AS sure FROM one JOIN paths ON first = meaning AND second = ''
        UNION ALL
        SELECT link.node, one.weight * link.weight * sure
            / sqrt(count(*) OVER (PARTITION BY one.node, link.meaning))
        FROM one JOIN paths ON first = one.meaning AND second <> ''
        CROSS JOIN LATERAL ({LINKS.format(node="one.node")}) AS link
        WHERE link.meaning = second AND link.node NOT IN (SELECT id FROM seed)
    )
    SELECT i.id, i.group_id, 1 - exp(sum(ln(1 - ends.sure))) AS score
    FROM ends JOIN shopreco_node n ON n.id = ends.node JOIN shopreco_item i ON i.id = n.item_id
    WHERE i.id <> %(seed)s AND i.outcome = 'indexed' AND {{where}}
    GROUP BY i.id, i.group_id ORDER BY score DESC, i.id LIMIT %(limit)s
"""
"""Several paths to one product add up as independent evidence; a link of many counts less."""


MOST_MIDDLES = 500
"""Products between the seed and the results of a block that reasons are looked for among."""

BETWEEN = f"""
    SELECT n.item_id, link.meaning, i.id, i.group_id, i.title
    FROM shopreco_node seed
    CROSS JOIN LATERAL ({LINKS.format(node="seed.id")}) AS one
    JOIN shopreco_node between ON between.id = one.node
    JOIN shopreco_item i ON i.id = between.item_id AND i.outcome = 'indexed'
    CROSS JOIN LATERAL ({LINKS.format(node="one.node")}) AS link
    JOIN shopreco_node n ON n.id = link.node
    WHERE seed.item_id = %(seed)s AND n.item_id = ANY(%(ends)s) AND {{where}}
    ORDER BY one.weight * link.weight DESC, i.id LIMIT {MOST_MIDDLES}
"""


class Middle(NamedTuple):
    """A product between the seed and an `end`, which is `meaning` to it."""

    end: int
    meaning: str
    item_id: int
    group_id: int
    title: str


def ends(seed: int, intent: Purpose, filters: Filters, limit: int) -> Hits:
    """Items that pass the filters at the ends of an intent's paths from the item `seed`, the surest
    first; scores from 0 to 1."""
    paths = PATHS[intent]
    meanings = {meaning for path in paths for meaning in path}
    where, chosen = filters.where().named("filter")
    params: dict[str, Any] = {
        "seed": seed,
        "links": sorted({*meanings, *(INVERSE.get(each, each) for each in meanings)}),
        "first": [str(path[0]) for path in paths],
        "second": [str(path[1]) if len(path) > 1 else "" for path in paths],
        "sure": list(paths.values()),
        "limit": limit,
    }
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(ENDS.format(where=where), params | chosen)
        return Hits.from_rows(cursor.fetchall())


def middles(seed: int, ends: Sequence[int], filters: Filters) -> list[Middle]:
    """The products between the seed and items two links away from it, the surest links first."""
    where, chosen = filters.where().named("filter")
    params: dict[str, Any] = {"seed": seed, "ends": list(ends), "links": EVERY_LINK}
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(BETWEEN.format(where=where), params | chosen)
        return [Middle(*row) for row in cursor.fetchall()]
