"""Orphans: nodes without edges, left by renamed values and deleted products."""

from __future__ import annotations

from django.db import connections, transaction

from shopreco.db.routing import write_alias
from shopreco.graph.locks import own_graph

NODES_AT_ONCE = 1_000

# What a person decided stays: a merge, a value without extraction, an edge.
LEFT = """
    SELECT n.id FROM shopreco_node n LEFT JOIN shopreco_item i ON i.id = n.item_id
    WHERE n.catalogue = %(catalogue)s AND n.merged_into_id IS NULL AND n.in_texts
        AND (n.kind <> 'item' OR i.id IS NULL OR i.outcome = 'deleted')
        AND NOT EXISTS (SELECT FROM shopreco_edge e WHERE e.target_id = n.id)
        AND NOT EXISTS (
            SELECT FROM shopreco_edge e WHERE e.source_id = n.id
                AND (n.kind = 'item' OR e.provenance <> 'declared' OR e.state <> 'active'))
        AND NOT EXISTS (SELECT FROM shopreco_node name WHERE name.merged_into_id = n.id)
        AND n.id > %(after)s
    ORDER BY n.id LIMIT %(page)s
"""
"""SQL of the orphans. A category without products and categories below has one edge, to the one
above. When it is deleted, that one may become an orphan."""


def prune_nodes(catalogue: str) -> int:
    """Delete nodes without edges; returns their number.

    Indexed items stay, and so does what a person decided on. The graph is locked for one page at a
    time. May be called again after it was killed.
    """
    removed, found = 0, True
    while found:
        found, after = False, 0
        while page := _left(catalogue, after):
            gone = _remove(catalogue, page)
            removed, found, after = removed + gone, found or gone > 0, page[-1]
    return removed


def _left(catalogue: str, after: int, page: int = NODES_AT_ONCE) -> list[int]:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(LEFT, {"catalogue": catalogue, "after": after, "page": page})
        return [id for (id,) in cursor.fetchall()]


def _remove(catalogue: str, nodes: list[int]) -> int:
    database = write_alias()
    with transaction.atomic(using=database), connections[database].cursor() as cursor:
        own_graph(catalogue)
        # One of them may have an edge by now.
        left = _left(catalogue, nodes[0] - 1, len(nodes))
        gone = sorted({*nodes} & {*left})
        for statement in (
            "DELETE FROM shopreco_nodevector WHERE node_id = ANY(%s)",
            "DELETE FROM shopreco_edge WHERE source_id = ANY(%s)",
            "DELETE FROM shopreco_node WHERE id = ANY(%s)",
        ):
            cursor.execute(statement, [gone])
    return len(gone)
