"""Node vectors: a query that means a brand or a material finds its node by them. Item nodes have
none."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connections
from pgvector import HalfVector

from shopreco.db.routing import write_alias
from shopreco.graph.names import name_of
from shopreco.models import EmbeddingSpace
from shopreco.spaces.sources import encoder_of

MIN_EDGES = 2
"""Edges of a node that gets a vector, at least."""
MAX_NODES = 4_096
"""Nodes that get a vector, those with the most edges: web processes keep them in memory."""
NODES_PER_PAGE = 1_024

WANTED = """
    SELECT n.id, n.label FROM shopreco_node n
    JOIN (
        SELECT target_id, count(*) AS edges FROM shopreco_edge
        WHERE state <> 'rejected' GROUP BY target_id HAVING count(*) >= %(fewest)s
    ) AS held ON held.target_id = n.id
    WHERE n.catalogue = %(catalogue)s AND n.kind <> 'item' AND n.merged_into_id IS NULL
    ORDER BY held.edges DESC, n.id LIMIT %(most)s
"""


class Labelled(NamedTuple):
    id: int
    label: str


def encode_nodes(space: EmbeddingSpace) -> int:
    """Encode labels of nodes without a vector or with a changed label; returns how many."""
    stale = _stale(space)
    if not stale:
        return 0
    encoder = encoder_of(space)
    for start in range(0, len(stale), NODES_PER_PAGE):
        page = stale[start : start + NODES_PER_PAGE]
        vectors = encoder.encode_documents([name_of(each.label) for each in page])
        _write(space, page, [HalfVector(vector) for vector in vectors])
    return len(stale)


def _stale(space: EmbeddingSpace) -> list[Labelled]:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT n.id, n.label FROM ({WANTED}) AS n
            LEFT JOIN shopreco_nodevector v ON v.node_id = n.id AND v.encoder = %(encoder)s
            WHERE v.label IS DISTINCT FROM n.label ORDER BY n.id
            """,
            {
                "catalogue": space.catalogue,
                "encoder": space.encoder_fingerprint,
                "fewest": MIN_EDGES,
                "most": MAX_NODES,
            },
        )
        return [Labelled(*row) for row in cursor.fetchall()]


def _write(space: EmbeddingSpace, page: list[Labelled], vectors: list[HalfVector]) -> None:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shopreco_nodevector (node_id, encoder, label, vector)
            SELECT t.id, %s, t.label, t.vector::halfvec
            FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS t (id, label, vector)
            JOIN shopreco_node n ON n.id = t.id
            ON CONFLICT (node_id, encoder)
                DO UPDATE SET label = EXCLUDED.label, vector = EXCLUDED.vector
            """,
            [
                space.encoder_fingerprint,
                [each.id for each in page],
                [each.label for each in page],
                [vector.to_text() for vector in vectors],
            ],
        )
