"""Retrieval along one relation: what is at the other end of its edges, and nothing else."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shopreco.db.routing import read_alias
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever, nothing

ENDS = """
    WITH seed AS (SELECT catalogue, group_id FROM shopreco_item WHERE id = %(seed)s),
    nodes AS MATERIALIZED (
        SELECT n.id FROM seed JOIN shopreco_item i USING (catalogue, group_id)
        JOIN shopreco_node n ON n.item_id = i.id
    ),
    link AS (
        SELECT e.target_id AS node, e.weight * r.weight AS weight
        FROM shopreco_relationtype r JOIN shopreco_edge e ON e.relation_id = r.id
        WHERE r.code = %(relation)s AND e.source_id IN (SELECT id FROM nodes)
            AND e.state <> 'rejected'
        UNION ALL
        SELECT e.source_id, e.weight * r.weight
        FROM shopreco_relationtype r JOIN shopreco_edge e ON e.relation_id = r.id
        WHERE r.code = %(relation)s AND r.symmetric AND e.target_id IN (SELECT id FROM nodes)
            AND e.state <> 'rejected'
    ),
    products AS (
        SELECT o.catalogue, o.group_id, max(link.weight) AS weight
        FROM link JOIN shopreco_node n ON n.id = link.node
        JOIN shopreco_item o ON o.id = n.item_id GROUP BY 1, 2
    )
    SELECT i.id, i.group_id, p.weight
    FROM products p JOIN shopreco_item i USING (catalogue, group_id)
    WHERE i.outcome = 'indexed' AND i.group_id NOT IN (SELECT group_id FROM seed) AND {where}
    ORDER BY p.weight DESC, i.parent_id <> '', i.id LIMIT %(limit)s
"""
"""An edge of one variant is an edge of its product, at both ends."""


class RelationRetriever(Retriever):
    """Finds the products to which edges of one relation lead, the surest first."""

    def __init__(self, name: str, relation: str, label: Promise) -> None:
        self.name = name
        self.columns = (name,)
        self.relation = relation
        self.label = label

    def retrieve(self, context: Context, k: int) -> Candidates:
        if context.seed is None:
            return nothing(self.name)
        where, chosen = context.filters.where().named("filter")
        params: dict[str, Any] = {"seed": context.seed, "relation": self.relation, "limit": k}
        with connections[read_alias()].cursor() as cursor:
            cursor.execute(ENDS.format(where=where), params | chosen)
            rows = cursor.fetchall()
        return Candidates.from_rows(rows, self.name, complete=len(rows) < k)


for _name, _relation, _label in (
    ("bought-together", "bought_together", _("is bought with it")),
    ("also-viewed", "also_viewed", _("is viewed after it")),
):
    RETRIEVERS.register(_name, RelationRetriever(_name, _relation, _label))
