"""Nodes and edges of the demo shop, and their pages in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from demo_shop.models import Product
from shopreco.models import Edge, Node, RelationType
from tests.helpers.demo import CATALOGUE


def node_of(title: str) -> Node:
    return Node.objects.get(item__title=title)


def value(label: str, kind: str = "material") -> Node:
    return Node.objects.get(catalogue=CATALOGUE, label=label, kind=kind)


def relation(code: str) -> RelationType:
    """A test of a process and a server before may have emptied the table."""
    return RelationType.objects.get_or_create(code=code, defaults={"label": code})[0]


def edge(title: str, code: str = "has_material") -> Edge:
    return Edge.objects.get(source__item__title=title, relation__code=code)


def new_edge(source: Node, code: str, target: Node, provenance: str, **fields: Any) -> Edge:
    return Edge.objects.create(
        source=source, relation=relation(code), target=target, provenance=provenance, **fields
    )


def address(name: str, *args: object) -> str:
    return reverse(f"admin:shopreco_{name}", args=args)


def page(node: Node) -> str:
    return address("node_change", node.pk)


def press(client: Client, node: Node, step: str, edge: Edge, **query: str) -> Any:
    url = address("node_edges", node.pk)
    if query:
        url += "?" + "&".join(f"{name}={each}" for name, each in query.items())
    return client.post(url, {step: edge.pk})


def said(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def object_id(title: str) -> str:
    return str(Product.objects.get(title=title).pk)


def logged() -> tuple[str, int, str]:
    entry = LogEntry.objects.latest("id")
    return entry.content_type.model, entry.action_flag, entry.get_change_message()


def pair(code: str) -> tuple[Node, RelationType, Node]:
    made, _new = RelationType.objects.get_or_create(
        code=code, defaults={"label": code, "symmetric": code == "complements"}
    )
    return node_of("Brass desk lamp"), made, node_of("Linen cushion")
