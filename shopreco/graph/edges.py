"""Declared and extracted edges: update them from the documents of a batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connections

from shopreco.catalogues import Catalogue, ItemDocument
from shopreco.db.routing import write_alias
from shopreco.graph.declarations import WantedEdge, declared_edges
from shopreco.graph.extraction import extracted_edges, known_values
from shopreco.graph.locks import share_graph
from shopreco.graph.names import facet_relation, item_name
from shopreco.graph.nodes import attach_items, known_ids, linked_items, node_ids
from shopreco.graph.relation_types import RelationKey, describe_code, describe_facet, relation_keys
from shopreco.models import EdgeState, Provenance
from shopreco.models.relations import DefaultRelation

FROM_DOCUMENTS = frozenset({Provenance.DECLARED, Provenance.EXTRACTED})

EdgeKey = tuple[int, int, int]
"""Ids of source, relation and target."""


class EdgeValues(NamedTuple):
    """What a document says of an edge."""

    weight: float
    provenance: str


class EdgeRow(NamedTuple):
    id: int
    weight: float
    provenance: str
    state: str

    @property
    def is_ours(self) -> bool:
        """Whether the index may change the edge: it came from a document, and no person decided."""
        return self.state == EdgeState.ACTIVE and self.provenance in FROM_DOCUMENTS


class Changes(NamedTuple):
    """Numbers of edges that an update added, changed and removed.

    neighbours: object ids of other items whose neighbourhood changed. They are at an end of such an
    edge, or linked to an item with a new title."""

    added: int
    changed: int
    removed: int
    neighbours: frozenset[str] = frozenset()


def update_edges(
    catalogue: Catalogue, documents: Collection[ItemDocument], gone: Collection[str] = ()
) -> Changes:
    """Update the declared and extracted edges of some items, in the caller's transaction.

    Only edges from these items change, and none that a person made or decided on, or that a file
    brought. gone: object ids of items that left the index. Their own edges are deleted. Edges to
    them stay until they are pruned, for they may come back.
    """
    share_graph(catalogue.name)
    wanted = _wanted(catalogue, documents)
    relations = _relations(catalogue, documents, wanted)
    sources = [item_name(document.object_id, document.title) for document in documents]
    names = [name for edge in wanted for name in (edge.source, edge.target)]
    ids = node_ids(catalogue.name, [*sources, *names])
    renamed = attach_items(catalogue.name, documents)
    left = known_ids(catalogue.name, [item_name(object_id).identity for object_id in gone])
    values: dict[EdgeKey, EdgeValues] = {}
    for edge in wanted:
        source, target = ids[edge.source.identity], ids[edge.target.identity]
        if source != target:
            key = (source, relations[edge.relation].id, target)
            values.setdefault(key, EdgeValues(edge.weight, edge.provenance))
    owners = {ids[source.identity] for source in sources} | set(left.values())
    symmetric = [relation.id for relation in relations.values() if relation.symmetric]
    changes, ends = _bring_up_to_date(values, owners, symmetric)
    itself = {document.object_id for document in documents}
    return changes._replace(neighbours=linked_items(ends, renamed) - itself)


def _wanted(catalogue: Catalogue, documents: Iterable[ItemDocument]) -> list[WantedEdge]:
    dictionary = known_values(catalogue.name)
    wanted = []
    for document in documents:
        declared = list(declared_edges(catalogue, document))
        wanted += declared
        wanted += extracted_edges(catalogue, document, declared, dictionary)
    return wanted


def _relations(
    catalogue: Catalogue, documents: Iterable[ItemDocument], wanted: Iterable[WantedEdge]
) -> dict[str, RelationKey]:
    target_kinds = {edge.relation: edge.target.kind for edge in wanted}

    def describe(code: str) -> DefaultRelation:
        for document in documents:
            for facet in document.facets:
                if facet_relation(facet) == code:
                    return describe_facet(catalogue, facet)
        return describe_code(code, target_kinds[code])

    return relation_keys(target_kinds.keys(), describe)


def _bring_up_to_date(
    values: Mapping[EdgeKey, EdgeValues], owners: Collection[int], symmetric: Sequence[int]
) -> tuple[Changes, set[int]]:
    """Write the differences; also returns the targets of edges that were added or removed."""
    stored = _stored({source for source, _, _ in values} | set(owners))
    rejected = _rejected_the_other_way(values, symmetric)
    added = sorted(values.keys() - stored.keys() - rejected)
    changed = [
        (edge.id, *values[key])
        for key, edge in stored.items()
        if key in values and _replaces(values[key], edge)
    ]
    dropped = [
        key
        for key, edge in stored.items()
        if edge.is_ours and key not in values and key[0] in owners
    ]
    removed = [stored[key].id for key in dropped]
    with connections[write_alias()].cursor() as cursor:
        # A person may have decided on an edge since it was read.
        if removed:
            cursor.execute(
                "DELETE FROM shopreco_edge WHERE id = ANY(%s) AND state = 'active'", [removed]
            )
        if changed:
            cursor.execute(
                """
                UPDATE shopreco_edge e SET weight = t.weight, provenance = t.provenance
                FROM unnest(%s::bigint[], %s::float8[], %s::text[]) AS t (id, weight, provenance)
                WHERE e.id = t.id AND e.state = 'active'
                """,
                [list(column) for column in zip(*changed, strict=True)],
            )
        if added:
            _insert(cursor, [(*key, *values[key]) for key in added])
    counts = Changes(len(added), len(changed), len(removed))
    return counts, {target for _source, _relation, target in [*added, *dropped]}


def _stored(sources: Collection[int]) -> dict[EdgeKey, EdgeRow]:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT source_id, relation_id, target_id, id, weight, provenance, state
            FROM shopreco_edge WHERE source_id = ANY(%s)
            """,
            [list(sources)],
        )
        return {
            (source, relation, target): EdgeRow(*rest)
            for source, relation, target, *rest in cursor.fetchall()
        }


def _rejected_the_other_way(values: Iterable[EdgeKey], symmetric: Sequence[int]) -> set[EdgeKey]:
    """Edges of symmetric relations that were rejected in the other direction."""
    keys = [key for key in values if key[1] in symmetric]
    if not keys:
        return set()
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT e.target_id, e.relation_id, e.source_id
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS t (source, relation, target)
            JOIN shopreco_edge e ON e.source_id = t.target AND e.relation_id = t.relation
                AND e.target_id = t.source AND e.state = 'rejected'
            """,
            [list(column) for column in zip(*keys, strict=True)],
        )
        return set(cursor.fetchall())


def _replaces(values: EdgeValues, stored: EdgeRow) -> bool:
    if stored.provenance == Provenance.MINED and values.provenance == Provenance.DECLARED:
        return stored.state == EdgeState.ACTIVE
    return stored.is_ours and values != (stored.weight, stored.provenance)


def _insert(cursor: Any, rows: Sequence[tuple[int, int, int, float, str]]) -> None:
    # Sorted by the caller: batches that say the same of two categories wait and never deadlock.
    cursor.execute(
        """
        INSERT INTO shopreco_edge (source_id, relation_id, target_id, weight, provenance, state)
        SELECT source, relation, target, weight, provenance, 'active'
        FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::float8[], %s::text[])
            AS t (source, relation, target, weight, provenance)
        ON CONFLICT DO NOTHING
        """,
        [list(column) for column in zip(*rows, strict=True)],
    )
