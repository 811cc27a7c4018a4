"""Nodes are suggested while somebody types."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from shopreco import services
from shopreco.admin.graph.edges import nodes_named
from shopreco.models import Node
from tests.helpers.demo import CATALOGUE
from tests.helpers.graph_admin import (
    address,
    object_id,
    value,
)
from tests.integration.test_admin_pages import HOSTILE, text

pytestmark = pytest.mark.usefixtures("shop")


def suggested(client: Client, term: str, field: str = "target", catalogue: str = CATALOGUE) -> Any:
    model = "node" if field == "merged_into" else "edge"
    response = client.get(
        reverse("admin:autocomplete"),
        {
            "app_label": "shopreco",
            "model_name": model,
            "field_name": field,
            "term": term,
            "catalogue": catalogue,
        },
    )
    return [each["text"] for each in response.json()["results"]]


def test_suggestions_are_values_first_of_one_catalogue(admin: Client) -> None:
    Node.objects.create(catalogue="testapp.gadget", kind="material", key="brass", label="brass")
    assert suggested(admin, "bra") == ["brass (material)", "Brass desk lamp"]
    assert suggested(admin, "bra", "merged_into") == ["brass (material)"]
    assert suggested(admin, object_id("Brass desk lamp")) == ["Brass desk lamp"]
    services.merge_nodes(value("brass"), value("steel"))
    assert suggested(admin, "bra") == ["Brass desk lamp"]


@pytest.mark.parametrize("asked", HOSTILE)
def test_suggestions_and_searches_take_anything_literally(asked: str, admin: Client) -> None:
    suggested(admin, asked)
    text(admin.get(address("node_changelist"), {"q": asked}))
    text(admin.get(address("edge_changelist"), {"q": asked, "decision": "all"}))


def test_node_search_is_served_by_indexes() -> None:
    with connection.cursor() as cursor:
        # As many as make a difference: of few the planner reads all, whatever it is offered.
        cursor.execute(
            "INSERT INTO shopreco_node (catalogue, kind, key, label, in_texts, holders) "
            "SELECT 'testapp.gadget', 'material', md5(n::text), md5(n::text), true, 0 "
            "FROM generate_series(1, 20000) AS n"
        )
        cursor.execute("ANALYZE shopreco_node")
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = nodes_named("brass").explain()
    for index in ("shopreco_node_label", "shopreco_node_item", "shopreco_node_key"):
        assert index in plan
