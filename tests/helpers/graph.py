"""Nodes of products, and edges that somebody draws between them."""

from __future__ import annotations

from django.db.models import Model

from shopreco.models import Edge, Node, Provenance, RelationType
from shopreco.models.relations import DEFAULT_RELATIONS
from tests.helpers.index import item_of


def node_of(obj: Model) -> Node:
    return Node.objects.get(item=item_of(obj))


def relation_of(code: str) -> RelationType:
    """A default relation. Tests that commit leave no rows of migrations behind."""
    defaults = next(each for each in DEFAULT_RELATIONS if each.code == code)._asdict()
    return RelationType.objects.get_or_create(code=code, defaults=defaults)[0]


def link(source: Model, code: str, target: Model, weight: float = 1.0) -> Edge:
    """A curated edge between two indexed products."""
    return Edge.objects.create(
        source=node_of(source),
        relation=relation_of(code),
        target=node_of(target),
        weight=weight,
        provenance=Provenance.CURATED,
    )
