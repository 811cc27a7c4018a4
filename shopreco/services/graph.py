"""The knowledge graph: what people decide, add, remove and merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from shopreco.catalogues import get_catalogues
from shopreco.db.routing import write_alias
from shopreco.graph import curation, merges
from shopreco.models import Edge, EdgeState, Node, RelationType
from shopreco.services.indexing import reindex_objects


def decide_edges(edges: Iterable[Edge], state: EdgeState) -> int:
    """Confirm or reject edges, or leave them to the index again (`EdgeState.ACTIVE`).

    Indexing never touches an edge that was decided on. Returns how many objects, at the ends of
    the edges, are indexed again; so do all changes of the graph.
    """
    ids = [edge.pk for edge in edges]
    with transaction.atomic(using=write_alias()):
        curation.decide_edges(ids, state)
        return _reindex_items(curation.items_at(ids))


def add_edge(source: Node, relation: RelationType, target: Node) -> tuple[Edge, int]:
    """Add an edge by hand, which no indexing removes, or make one that is there already so.

    Raises:
        GraphError: from a node to itself, or between two catalogues.
    """
    with transaction.atomic(using=write_alias()):
        edge = curation.add_edge(source, relation, target)
        return edge, _reindex_items(curation.items_at([edge.pk]))


def remove_edges(edges: Iterable[Edge]) -> int:
    """Forget edges that were made by hand or read from a file.

    Raises:
        GraphError: one of them comes from elsewhere and would be found again: reject it.
    """
    ids = [edge.pk for edge in edges]
    with transaction.atomic(using=write_alias()):
        touched = curation.items_at(ids)
        curation.remove_edges(ids)
        return _reindex_items(touched)


def merge_nodes(node: Node, into: Node) -> int:
    """Make one of two nodes that mean the same: edges and names of `node` are those of `into`.

    At most 10,000 objects are indexed again.

    Raises:
        GraphError: they cannot be merged: an item, another catalogue, or the same node.
    """
    with transaction.atomic(using=write_alias()):
        touched = curation.items_of(node)
        merges.merge_nodes(node, into)
        return _reindex_items(touched)


def start_extraction(node: Node) -> int:
    """Find the words of a node in titles and descriptions from now on: edges for people to decide
    on. Returns how many objects are indexed again."""
    return _extract(node, in_texts=True)


def stop_extraction(node: Node) -> int:
    """Find the words of a node in texts no more. Returns how many objects are indexed again."""
    return _extract(node, in_texts=False)


def _extract(node: Node, *, in_texts: bool) -> int:
    with transaction.atomic(using=write_alias()):
        Node.objects.using(write_alias()).filter(pk=node.pk).update(in_texts=in_texts)
        return _reindex_items(curation.items_of(node))


def _reindex_items(object_ids: Mapping[str, Sequence[str]]) -> int:
    known = {catalogue.name for catalogue in get_catalogues()}
    return sum(reindex_objects(name, ids) for name, ids in object_ids.items() if name in known)
