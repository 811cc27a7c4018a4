"""Retrieval by links: complements, substitutes and accessories of a seed, along paths of the graph.

A path has at most two links. A bulb is an accessory of a lamp by one link. A product that goes with
a substitute of the lamp goes with the lamp by two, a little less surely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from django.db import connections
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from shopreco.db.routing import read_alias
from shopreco.models import Meaning
from shopreco.queries.conditions import Filters
from shopreco.ranking import WeightedSum
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever, nothing
from shopreco.retrieval.dense import DenseRetriever
from shopreco.spaces.stores import vector_store

Path = tuple[Meaning, ...]
"""For each link, what its far end is to its near end."""

SAME, SUBSTITUTE, COMPLEMENT = Meaning.SAME, Meaning.SUBSTITUTE, Meaning.COMPLEMENT
ACCESSORY, MAIN = Meaning.ACCESSORY, Meaning.MAIN

Paths = Mapping[Path, float]
"""Confidence by path: below 1, so that several paths add up."""

COMPLEMENTS: Paths = {
    (COMPLEMENT,): 0.9,
    (MAIN,): 0.8,
    (SAME, COMPLEMENT): 0.8,
    (SUBSTITUTE, COMPLEMENT): 0.4,
    (COMPLEMENT, SAME): 0.4,
    (COMPLEMENT, COMPLEMENT): 0.3,
}
SUBSTITUTES: Paths = {
    (SUBSTITUTE,): 0.9,
    (SAME, SUBSTITUTE): 0.8,
    (SUBSTITUTE, SUBSTITUTE): 0.4,
}
ACCESSORIES: Paths = {
    (ACCESSORY,): 0.9,
    (SAME, ACCESSORY): 0.8,
    (ACCESSORY, SUBSTITUTE): 0.4,
    (SUBSTITUTE, ACCESSORY): 0.3,
}

INVERSE: Mapping[str, str] = {ACCESSORY: MAIN, MAIN: ACCESSORY}
"""Meaning of a link from its far end; every other meaning is its own inverse."""

EVERY_LINK = sorted({SAME, SUBSTITUTE, COMPLEMENT, ACCESSORY, MAIN})

FAN = 100
"""Links that are followed from the seed, the surest first."""

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
"""SQL of the links of a node in both directions, with what the other end is to it."""

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
"""SQL of the ends of paths. Several paths to one product add up as independent evidence. A path
through a product with many links counts less."""


RANKER = WeightedSum({"graph": 0.7, "dense": 0.3})
"""Ranks ends by their links and their cosine to the seed."""

SAME_CATEGORY = """
    SELECT DISTINCT other.item_id FROM shopreco_node me
    JOIN shopreco_edge mine ON mine.source_id = me.id AND mine.state <> 'rejected'
    JOIN shopreco_relationtype r ON r.id = mine.relation_id AND r.code = 'in_category'
    JOIN shopreco_edge theirs ON theirs.relation_id = r.id AND theirs.target_id = mine.target_id
        AND theirs.state <> 'rejected'
    JOIN shopreco_node other ON other.id = theirs.source_id
    WHERE me.item_id = %s AND other.item_id = ANY(%s)
"""

REPLACEMENTS = f"""
    WITH seed AS (SELECT id FROM shopreco_node WHERE item_id = %(seed)s),
    one AS MATERIALIZED (
        SELECT link.node, link.meaning
        FROM seed CROSS JOIN LATERAL ({LINKS.format(node="seed.id")}) AS link
    ),
    two AS MATERIALIZED (
        SELECT DISTINCT link.node
        FROM one CROSS JOIN LATERAL ({LINKS.format(node="one.node")}) AS link
        WHERE one.meaning IN ('same', 'substitute') AND link.meaning = 'substitute'
    ),
    categories AS MATERIALIZED (
        SELECT e.target_id AS node FROM seed JOIN shopreco_edge e ON e.source_id = seed.id
        JOIN shopreco_relationtype r ON r.id = e.relation_id AND r.code = 'in_category'
        WHERE e.state <> 'rejected'
    )
    SELECT i.id, i.group_id, 1.0 FROM shopreco_item i JOIN shopreco_node n ON n.item_id = i.id
    WHERE i.id <> %(seed)s AND i.outcome = 'indexed' AND {{where}} AND (
        n.id IN (SELECT node FROM one WHERE meaning = 'substitute')
        OR (
            n.id NOT IN (SELECT node FROM one WHERE meaning IN ('complement', 'accessory', 'main'))
            AND (n.id IN (SELECT node FROM two) OR EXISTS (
                SELECT FROM shopreco_edge e
                JOIN shopreco_relationtype r ON r.id = e.relation_id AND r.code = 'in_category'
                WHERE e.source_id = n.id AND e.state <> 'rejected'
                  AND e.target_id IN (SELECT node FROM categories)
            ))
        )
    )
    ORDER BY i.id LIMIT %(limit)s
"""

MAX_MIDDLES = 500
"""Middles that are read to find reasons for a block."""

BETWEEN = f"""
    SELECT n.item_id, link.meaning, i.id, i.group_id
    FROM shopreco_node seed
    CROSS JOIN LATERAL ({LINKS.format(node="seed.id")}) AS one
    JOIN shopreco_node between ON between.id = one.node
    JOIN shopreco_item i ON i.id = between.item_id AND i.outcome = 'indexed'
    CROSS JOIN LATERAL ({LINKS.format(node="one.node")}) AS link
    JOIN shopreco_node n ON n.id = link.node
    WHERE seed.item_id = %(seed)s AND n.item_id = ANY(%(ends)s) AND {{where}}
    ORDER BY one.weight * link.weight DESC, i.id LIMIT {MAX_MIDDLES}
"""


class Middle(NamedTuple):
    """A product between the seed and an `end`. meaning: what the end is to this product."""

    end: int
    meaning: str
    item_id: int
    group_id: int


class LinkRetriever(Retriever):
    """Finds the ends of some paths from the seed.

    The score is a convex sum of the confidence of the links and the cosine to the seed.
    """

    columns = ("graph", "dense")

    def __init__(self, name: str, paths: Paths, label: Promise) -> None:
        self.name = name
        self.paths = paths
        self.label = label

    def retrieve(self, context: Context, k: int) -> Candidates:
        if context.seed is None:
            return nothing("graph", "dense")
        found = ends(context.seed, self.paths, context.filters, k)
        return _with_likeness(context, found)


class SubstituteRetriever(Retriever):
    """Finds substitutes of the seed by links; without any, the nearest of its category."""

    name = "substitutes"
    columns = ("graph", "dense")
    label = _("can replace it")

    def retrieve(self, context: Context, k: int) -> Candidates:
        if context.seed is None:
            return nothing("graph", "dense")
        linked = ends(context.seed, SUBSTITUTES, context.filters, k)
        if len(linked):
            return _with_likeness(context, linked)
        near = DenseRetriever().retrieve(context, k)
        alike = _ids(SAME_CATEGORY, context.seed, near.item_ids)
        both = {"graph": np.full(len(near), np.nan), **near.columns}
        return replace(near, columns=both).take(np.isin(near.item_ids, alike))


class ReplacementRetriever(Retriever):
    """Finds all that can replace the seed, for blocks that must not show it.

    These are its substitutes by one link. So are those by two links, and products of its category,
    that no link joins to it as a complement or accessory."""

    name = "replacements"
    columns = ("graph",)
    label = _("can replace it, or is of its category")

    def retrieve(self, context: Context, k: int) -> Candidates:
        if context.seed is None:
            return nothing("graph")
        where, chosen = context.filters.where().named("filter")
        params: dict[str, Any] = {"seed": context.seed, "links": EVERY_LINK, "limit": k}
        with connections[read_alias()].cursor() as cursor:
            cursor.execute(REPLACEMENTS.format(where=where), params | chosen)
            rows = cursor.fetchall()
        return Candidates.from_rows(rows, "graph", complete=len(rows) < k)


RETRIEVERS.register("complements", LinkRetriever("complements", COMPLEMENTS, _("goes with it")))
RETRIEVERS.register(
    "accessories", LinkRetriever("accessories", ACCESSORIES, _("is an accessory of it"))
)
RETRIEVERS.register("substitutes", SubstituteRetriever())
RETRIEVERS.register("replacements", ReplacementRetriever())


def ends(seed: int, paths: Paths, filters: Filters, k: int) -> Candidates:
    """Up to k items at the ends of paths from `seed`, an item id, that pass the filters.

    The surest come first; scores are from 0 to 1."""
    meanings = {meaning for path in paths for meaning in path}
    where, chosen = filters.where().named("filter")
    params: dict[str, Any] = {
        "seed": seed,
        "links": sorted({*meanings, *(INVERSE.get(each, each) for each in meanings)}),
        "first": [str(path[0]) for path in paths],
        "second": [str(path[1]) if len(path) > 1 else "" for path in paths],
        "sure": list(paths.values()),
        "limit": k,
    }
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(ENDS.format(where=where), params | chosen)
        rows = cursor.fetchall()
    return Candidates.from_rows(rows, "graph", complete=len(rows) < k)


def _with_likeness(context: Context, found: Candidates) -> Candidates:
    """Add the cosine to the seed, and rank by both, the best first."""
    both = [context.seed or 0, *found.item_ids.tolist()]
    vectors = vector_store(context.space).vectors(context.space, both)
    seed = vectors.get(context.seed or 0)
    cosines = [
        0.0 if seed is None or i not in vectors else max(0.0, float(seed @ vectors[i]))
        for i in found.item_ids.tolist()
    ]
    columns = {"graph": found.columns["graph"].astype(float), "dense": np.array(cosines)}
    return replace(found, columns=RANKER.rank(columns).parts).order()


def _ids(sql: str, seed: int, among: NDArray[np.int64]) -> NDArray[np.int64]:
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(sql, [seed, among.tolist()])
        return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def middles(seed: int, ends: Sequence[int], filters: Filters) -> list[Middle]:
    """The products between the seed and items that are two links away, the surest links first."""
    where, chosen = filters.where().named("filter")
    params: dict[str, Any] = {"seed": seed, "ends": list(ends), "links": EVERY_LINK}
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(BETWEEN.format(where=where), params | chosen)
        return [Middle(*row) for row in cursor.fetchall()]
