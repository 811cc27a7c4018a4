"""Nodes: find and create the rows of names."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connections

from shopreco.catalogues import ItemDocument
from shopreco.db.routing import write_alias
from shopreco.graph.names import NodeKey, NodeName, item_name


def known_ids(catalogue: str, keys: Iterable[NodeKey]) -> dict[NodeKey, int]:
    """Ids of existing nodes by key; for a merged node, the id of the other."""
    wanted = set(keys)
    if not wanted:
        return {}
    kinds, texts = zip(*wanted, strict=True)
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT n.kind, n.key, COALESCE(n.merged_into_id, n.id)
            FROM unnest(%s::text[], %s::text[]) AS t (kind, key)
            JOIN shopreco_node n ON n.catalogue = %s AND n.kind = t.kind AND n.key = t.key
            """,
            [list(kinds), list(texts), catalogue],
        )
        return {NodeKey(kind, key): id for kind, key, id in cursor.fetchall()}


def node_ids(catalogue: str, names: Iterable[NodeName]) -> dict[NodeKey, int]:
    """Ids of nodes by key; missing nodes are created."""
    by_key: dict[NodeKey, NodeName] = {}
    for name in names:
        by_key.setdefault(name.identity, name)
    ids = known_ids(catalogue, by_key)
    missing = by_key.keys() - ids.keys()
    if missing:
        _create(catalogue, [by_key[key] for key in missing])
        ids |= known_ids(catalogue, missing)
    return ids


def _create(catalogue: str, names: Iterable[NodeName]) -> None:
    # In the order of the key: batches that create the same nodes wait and never deadlock.
    kinds, keys, labels = zip(*sorted(names), strict=True)
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shopreco_node (catalogue, kind, key, label, item_id, in_texts, holders)
            SELECT %s, kind, key, label, i.id, true, 0
            FROM unnest(%s::text[], %s::text[], %s::text[])
                WITH ORDINALITY AS t (kind, key, label, position)
            LEFT JOIN shopreco_item i
                ON t.kind = 'item' AND i.catalogue = %s AND i.object_id = t.key
            ORDER BY t.position
            ON CONFLICT DO NOTHING
            """,
            [catalogue, list(kinds), list(keys), list(labels), catalogue],
        )


def attach_items(catalogue: str, documents: Iterable[ItemDocument]) -> list[int]:
    """Give the nodes of items their titles, and tie those of indexed items to their rows.

    Returns the ids of the nodes that changed."""
    titles = {d.object_id: item_name(d.object_id, d.title).label for d in documents}
    if not titles:
        return []
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            UPDATE shopreco_node n SET item_id = COALESCE(i.id, n.item_id), label = t.label
            FROM unnest(%s::text[], %s::text[]) AS t (key, label)
            LEFT JOIN shopreco_item i ON i.catalogue = %s AND i.object_id = t.key
            WHERE n.catalogue = %s AND n.kind = 'item' AND n.key = t.key
                AND (n.item_id, n.label) IS DISTINCT FROM (COALESCE(i.id, n.item_id), t.label)
            RETURNING n.id
            """,
            [list(titles), list(titles.values()), catalogue, catalogue],
        )
        return [id for (id,) in cursor.fetchall()]


def linked_items(nodes: Iterable[int], linked_to: Iterable[int]) -> frozenset[str]:
    """Object ids of the items among `nodes`, and of the items linked to `linked_to`."""
    nodes, linked_to = list(nodes), list(linked_to)
    if not (nodes or linked_to):
        return frozenset()
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            WITH link AS (
                SELECT e.source_id, e.target_id FROM shopreco_edge e
                JOIN shopreco_relationtype r ON r.id = e.relation_id AND r.meaning <> 'attribute'
            )
            SELECT key FROM shopreco_node WHERE kind = 'item' AND id = ANY(%(nodes)s)
            UNION
            SELECT n.key FROM link JOIN shopreco_node n ON n.id = link.source_id
            WHERE link.target_id = ANY(%(to)s) AND n.kind = 'item'
            UNION
            SELECT n.key FROM link JOIN shopreco_node n ON n.id = link.target_id
            WHERE link.source_id = ANY(%(to)s) AND n.kind = 'item'
            """,
            {"nodes": nodes, "to": linked_to},
        )
        return frozenset(key for (key,) in cursor.fetchall())
