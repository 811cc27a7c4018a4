"""Items that have what a query mentions: the brand, the material, the category that it names."""

from __future__ import annotations

from shopreco.models import EmbeddingSpace
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.matches import Statement
from shopreco.retrieval.vocabulary import Mentions

NONE = "SELECT NULL::bigint AS item_id, NULL::float8 AS score WHERE FALSE"


def statement(space: EmbeddingSpace, mentions: Mentions, scope: Filters) -> Statement:
    """The SQL that finds `item_id` and `score`: the share of what is mentioned, from 0 to 1, by
    how sure mention and edge are."""
    if not mentions:
        return Statement(NONE, ())
    where = scope.where()
    sql = f"""
        SELECT i.id AS item_id, sum(said.sure * e.weight) / %s AS score
        FROM unnest(%s::bigint[], %s::float8[]) AS said (node, sure)
        JOIN shopreco_edge e ON e.target_id = said.node AND e.state <> 'rejected'
        JOIN shopreco_node n ON n.id = e.source_id
        JOIN shopreco_item i ON i.id = n.item_id AND i.outcome = 'indexed'
        WHERE i.catalogue = %s AND {where.sql} GROUP BY i.id
    """
    nodes, sure = list(mentions), list(mentions.values())
    return Statement(sql, (sum(sure), nodes, sure, space.catalogue, *where.params))
