"""Declared edges: those of a document's facets, categories, parent and links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from shopreco.catalogues import Catalogue, Category, ItemDocument
from shopreco.catalogues.fields import SEPARATOR
from shopreco.graph.names import NodeName, facet_relation, item_name, kind_of, value_name
from shopreco.models import Node, Provenance


class WantedEdge(NamedTuple):
    """An edge that a document asks for."""

    source: NodeName
    relation: str
    target: NodeName
    weight: float = 1.0
    provenance: str = Provenance.DECLARED


def declared_edges(catalogue: Catalogue, document: ItemDocument) -> Iterator[WantedEdge]:
    source = item_name(document.object_id, document.title)
    category = catalogue.field(Category)
    for facet, values in document.facets.items():
        if category is not None and facet == category.name:
            yield from _in_categories(source, values)
            continue
        if kind := kind_of(facet):
            for value in values:
                if target := value_name(kind, value):
                    yield WantedEdge(source, facet_relation(facet), target)
    if document.parent_id:
        yield WantedEdge(source, "variant_of", item_name(document.parent_id))
    for relation, kind, key, weight in document.edges:
        target = item_name(key) if kind == Node.ITEM else value_name(kind_of(kind), key)
        if target and target.key:
            yield WantedEdge(source, relation, target, weight)


def _in_categories(source: NodeName, paths: Iterable[str]) -> Iterator[WantedEdge]:
    """Edges from an item to its deepest categories, and from each category to the one above."""
    names = {path: name for path in paths if (name := value_name(Node.CATEGORY, path))}
    above = {path: path.rpartition(SEPARATOR)[0] for path in names}
    for path, name in names.items():
        if path not in above.values():
            yield WantedEdge(source, "in_category", name)
        if above[path] in names:
            yield WantedEdge(name, "subcategory_of", names[above[path]])
