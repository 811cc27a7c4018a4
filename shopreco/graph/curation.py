"""Curation: people confirm, reject, add and remove edges of the knowledge graph.

Each function locks the graph of the catalogue until the transaction ends. The caller indexes the
items again that `items_at` and `items_of` return.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import connections, transaction
from django.db.models import QuerySet

from shopreco.db.routing import write_alias
from shopreco.exceptions import GraphError
from shopreco.graph.locks import own_graph
from shopreco.models import Edge, EdgeState, Node, Provenance, RelationType

MAX_ITEMS = 10_000
"""Items that are indexed again after one change; more would be nearly a whole catalogue."""

REMOVABLE = frozenset({Provenance.CURATED, Provenance.IMPORTED})
"""Provenances of edges that may be removed; the index would find others again."""


def decide_edges(edge_ids: Collection[int], state: EdgeState) -> None:
    """Confirm or reject edges; `ACTIVE` leaves them to the index again.

    Where a symmetric relation is stored in both directions, both are decided.
    """
    database = write_alias()
    with transaction.atomic(using=database):
        _own_graph_of(edge_ids)
        decided = [*edge_ids, *_other_directions(edge_ids)]
        Edge.objects.using(database).filter(pk__in=decided).update(state=state)


def found_in_texts() -> QuerySet[Edge]:
    """Extracted edges that no person has decided on."""
    edges = Edge.objects.using(write_alias())
    return edges.filter(provenance=Provenance.EXTRACTED, state=EdgeState.ACTIVE)


def add_edge(source: Node, relation: RelationType, target: Node) -> Edge:
    """Add an edge by hand, curated and confirmed. An existing edge becomes so.

    Raises:
        GraphError: it leads from a node to itself, or to another catalogue.
    """
    source, target = (node.merged_into or node for node in (source, target))
    if source.pk == target.pk:
        raise GraphError(f"{source} cannot have an edge to itself.")
    if source.catalogue != target.catalogue:
        raise GraphError(f"{source} is of {source.catalogue}, {target} of {target.catalogue}.")
    database = write_alias()
    made_by_hand = {"weight": 1.0, "provenance": Provenance.CURATED, "state": EdgeState.CONFIRMED}
    with transaction.atomic(using=database):
        own_graph(source.catalogue)
        edges = Edge.objects.using(database)
        if (
            relation.symmetric
            and edges.filter(source=target, relation=relation, target=source).exists()
        ):
            source, target = target, source
        edge, _created = edges.update_or_create(
            source=source, relation=relation, target=target, defaults=made_by_hand
        )
    return edge


def remove_edges(edge_ids: Collection[int]) -> None:
    """Delete edges that people or files made.

    Raises:
        GraphError: the index would find one of them again.
    """
    database = write_alias()
    with transaction.atomic(using=database):
        _own_graph_of(edge_ids)
        edges = Edge.objects.using(database).filter(pk__in=edge_ids)
        lasting = edges.exclude(provenance__in=REMOVABLE).select_related(
            "source", "relation", "target"
        )
        if edge := lasting.first():
            raise GraphError(f"“{edge}” would be found again: reject it instead.")
        edges.delete()


def items_at(edge_ids: Collection[int]) -> dict[str, list[str]]:
    """Object ids of the items at the ends of edges, by catalogue."""
    edges = Edge.objects.using(write_alias()).filter(pk__in=edge_ids)
    return _by_catalogue(_items(edges.values("source").union(edges.values("target"))))


def items_of(node: Node) -> dict[str, list[str]]:
    """Object ids of items that share an edge with a node, `MAX_ITEMS` at most, by catalogue."""
    edges = Edge.objects.using(write_alias())
    said_of, said = edges.filter(target=node), edges.filter(source=node)
    around = said_of.values("source").union(said.values("target"))
    return _by_catalogue(_items(around)[:MAX_ITEMS])


def _items(nodes: QuerySet[Any]) -> QuerySet[Any]:
    items = Node.objects.using(write_alias()).filter(pk__in=nodes, item__isnull=False)
    return items.values_list("catalogue", "key")


def _by_catalogue(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for catalogue, key in rows:
        found.setdefault(catalogue, []).append(key)
    return found


def _own_graph_of(edge_ids: Iterable[int]) -> None:
    edges = Edge.objects.using(write_alias()).filter(pk__in=edge_ids)
    catalogues = edges.values_list("source__catalogue", flat=True).distinct()
    # In one order: two people who decide on several catalogues wait and never deadlock.
    for catalogue in sorted(catalogues):
        own_graph(catalogue)


def _other_directions(edge_ids: Collection[int]) -> list[int]:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT other.id FROM shopreco_edge e
            JOIN shopreco_relationtype r ON r.id = e.relation_id AND r.symmetric
            JOIN shopreco_edge other ON other.source_id = e.target_id
                AND other.relation_id = e.relation_id AND other.target_id = e.source_id
            WHERE e.id = ANY(%s)
            """,
            [list(edge_ids)],
        )
        return [edge_id for (edge_id,) in cursor.fetchall()]
