"""Documents of a catalogue, and the edges that they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from shopreco.catalogues import (
    Attributes,
    Catalogue,
    Category,
    DeclaredEdge,
    Filter,
    ItemDocument,
    Text,
    TextPart,
    Title,
)
from shopreco.graph.edges import Changes, update_edges
from shopreco.models import Edge, EdgeState, Item, Node, Outcome
from tests.testapp.models import Gadget


class Shelf(Catalogue):
    model = Gadget
    title = Title("name")
    text = Text()
    brand = Filter("maker.name", weight=1)
    category = Category("path")
    attributes = Attributes()


SHELF = Shelf()

Triple = tuple[str, str, str]


def document(
    object_id: object,
    title: str = "Lamp",
    text: str = "",
    *,
    language: str = "en",
    parent: object = "",
    edges: Sequence[tuple[str, str, object]] = (),
    **facets: str | Sequence[str],
) -> ItemDocument:
    values = {k: (v,) if isinstance(v, str) else tuple(v) for k, v in facets.items()}
    return ItemDocument(
        catalogue=SHELF.name,
        object_id=str(object_id),
        title=title,
        passage=title,
        texts=(TextPart("title", title, 3), TextPart("text", text, 1), TextPart("brand", "Oak", 1)),
        language=language,
        parent_id=str(parent),
        facets=values,
        edges=tuple(DeclaredEdge(relation, kind, str(to)) for relation, kind, to in edges),
    )


def write_items(documents: Iterable[ItemDocument]) -> None:
    """The rows as the pipeline writes them before the graph."""
    for each in documents:
        Item.objects.update_or_create(
            catalogue=each.catalogue,
            object_id=each.object_id,
            defaults={"title": each.title, "group_id": 1, "outcome": Outcome.INDEXED},
        )


def build(*documents: ItemDocument, gone: Sequence[object] = ()) -> Changes:
    with transaction.atomic():
        write_items(documents)
        return update_edges(SHELF, documents, [str(each) for each in gone])


def triples(**chosen: Any) -> set[Triple]:
    rows = Edge.objects.filter(**chosen).select_related("source", "relation", "target")
    return {(name(e.source), e.relation.code, name(e.target)) for e in rows}


def name(node: Node) -> str:
    return node.key if node.kind == "item" else node.label


def edge(source: str, relation: str, target: str) -> Edge:
    [found] = [
        e
        for e in Edge.objects.select_related("source", "relation", "target")
        if (name(e.source), e.relation.code, name(e.target)) == (source, relation, target)
    ]
    return found


def decide(source: str, relation: str, target: str, state: EdgeState) -> None:
    Edge.objects.filter(pk=edge(source, relation, target).pk).update(state=state)
