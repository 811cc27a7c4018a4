"""The knowledge graph: what people decide, add, remove and merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO

from django.db import transaction
from django.db.models import Model, QuerySet

from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.db.routing import write_alias
from shopreco.graph import curation, merges, quotes
from shopreco.graph.curation import REMOVABLE
from shopreco.graph.files import csv, kg
from shopreco.graph.files.base import Imported
from shopreco.graph.files.csv import TextOut
from shopreco.graph.names import HAS
from shopreco.graph.quotes import Quote
from shopreco.models import Edge, EdgeState, EmbeddingSpace, Node, Provenance, RelationType
from shopreco.services.indexing import reindex_objects

__all__ = [
    "GRAPH_FORMATS",
    "MERGE_LIMIT",
    "Imported",
    "Quote",
    "add_edge",
    "decide_edges",
    "export_edges",
    "extracted_edges",
    "import_edges",
    "is_removable",
    "merge_nodes",
    "quote",
    "remove_edges",
    "start_extraction",
    "stop_extraction",
    "value_relation",
]

GRAPH_FORMATS = {"csv": (csv.import_csv, csv.export_csv), "kg": (kg.import_kg, kg.export_kg)}
"""How each is read and written, by name."""
MERGE_LIMIT = curation.MAX_ITEMS
"""So many objects are indexed again after a merge; a re-index of the catalogue finds others."""


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
    """Add an edge by hand, which no indexing removes. One that is there already becomes such.

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

    At most 10,000 objects are indexed again; a re-index of the catalogue finds the others.

    Raises:
        GraphError: they cannot be merged: an item, another catalogue, or the same node.
    """
    with transaction.atomic(using=write_alias()):
        touched = curation.items_of(node)
        merges.merge_nodes(node, into)
        return _reindex_items(touched)


def is_removable(edge: Edge) -> bool:
    """Whether `remove_edges` takes an edge, which nothing would then find again."""
    return edge.provenance in REMOVABLE


def extracted_edges() -> QuerySet[Edge]:
    """The edges that were found in texts, and that nobody has decided on yet."""
    return curation.found_in_texts()


def quote(
    catalogue: Catalogue, obj: Model, value: Node, space: EmbeddingSpace | None = None
) -> Quote | None:
    """Find the words by which the texts of an object say a value; None where none does.

    Args:
        space: whose languages the texts are read in.
    """
    names = [value.label, *(other.label for other in value.other_names.all())]
    return quotes.quote(catalogue, catalogue.document(obj), names, space)


def value_relation(node: Node) -> RelationType | None:
    """The relation that leads from items to values of a node's kind, if there is one."""
    return RelationType.objects.filter(code=f"{HAS}{node.kind}").first()


def start_extraction(node: Node) -> int:
    """Find the words of a node in titles and descriptions from now on: edges for people to decide
    on. Returns how many objects are indexed again."""
    return _extract(node, in_texts=True)


def stop_extraction(node: Node) -> int:
    """Find the words of a node in texts no more. Returns how many objects are indexed again."""
    return _extract(node, in_texts=False)


def import_edges(
    catalogue: Catalogue, file: BinaryIO, name: str, provenance: str = Provenance.IMPORTED
) -> Imported:
    """Read a file of edges, whole or not at all. Vectors take them up with the next re-index.

    Args:
        name: of its format, `csv` or `kg`.
        provenance: of edges whose line names none.

    Raises:
        GraphFileError: lines are malformed; nothing was changed.
    """
    read, _write = GRAPH_FORMATS[name]
    return read(catalogue, file, provenance)


def export_edges(catalogue: Catalogue, file: TextOut, name: str) -> int:
    """Write all edges of a catalogue in a format, `csv` or `kg`; returns how many."""
    _read, write = GRAPH_FORMATS[name]
    return write(catalogue, file)


def _extract(node: Node, *, in_texts: bool) -> int:
    with transaction.atomic(using=write_alias()):
        Node.objects.using(write_alias()).filter(pk=node.pk).update(in_texts=in_texts)
        return _reindex_items(curation.items_of(node))


def _reindex_items(object_ids: Mapping[str, Sequence[str]]) -> int:
    known = {catalogue.name for catalogue in get_catalogues()}
    return sum(reindex_objects(name, ids) for name, ids in object_ids.items() if name in known)
