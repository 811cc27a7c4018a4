"""The lists of nodes, edges and types of relations."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from shopreco import services
from shopreco.admin.graph.edges import EdgeAdmin
from shopreco.models import Edge, EdgeState, Item, Node, Provenance
from tests.helpers.demo import CATALOGUE
from tests.helpers.graph_admin import (
    address,
    new_edge,
    node_of,
    object_id,
    page,
    pair,
    relation,
    said,
    value,
)
from tests.helpers.outbox import waiting
from tests.integration.test_admin_pages import text

pytestmark = pytest.mark.usefixtures("shop")


def test_edges_that_wait_for_a_decision_are_listed_one_by_one(admin: Client, found: Edge) -> None:
    brand = new_edge(
        node_of("Linen cushion"), "has_material", value("brass"), Provenance.EXTRACTED, weight=0.9
    )
    shown = text(admin.get(address("edge_changelist"), {"decision": "waiting"}))
    rows = re.findall(r'name="_selected_action" value="(\d+)"', shown)
    assert rows == [str(brand.pk), str(found.pk)]  # the surest first
    assert page(found.source) in shown
    assert page(found.target) in shown
    services.decide_edges([brand], EdgeState.REJECTED)
    assert "1 relation" in text(admin.get(address("edge_changelist"), {"decision": "waiting"}))
    assert "Linen cushion" in text(admin.get(address("edge_changelist"), {"decision": "rejected"}))
    everything = {"decision": "all", "relation": relation("has_brand").pk}
    assert "8 relations" in text(admin.get(address("edge_changelist"), everything))
    assert "1 relation" in text(admin.get(address("edge_changelist"), {"q": "brass desk"}))


@pytest.mark.parametrize(
    ("action", "state"),
    [("confirm_selected", "confirmed"), ("reject_selected", "rejected")],
)
def test_selected_edges_are_decided(action: str, state: str, admin: Client, found: Edge) -> None:
    data = {"action": action, "_selected_action": [found.pk]}
    response = admin.post(address("edge_changelist"), data, follow=True)
    assert f"1 relation is {state}" in said(response)
    found.refresh_from_db()
    assert found.state == state
    assert LogEntry.objects.get().object_id == str(found.pk)
    assert waiting() == {object_id("Brass desk lamp")}


def test_actions_on_edges_need_a_permission(staff: Callable[..., Client], found: Edge) -> None:
    client = staff()
    assert "Reject selected" not in text(
        client.get(address("edge_changelist"), {"decision": "all"})
    )
    client.post(
        address("edge_changelist"), {"action": "reject_selected", "_selected_action": [found.pk]}
    )
    found.refresh_from_db()
    assert found.state == EdgeState.ACTIVE


def test_too_many_edges_are_not_decided_at_once(admin: Client, found: Edge) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH made AS (
                INSERT INTO shopreco_node (catalogue, kind, key, label, in_texts, holders)
                SELECT %s, 'material', 'm' || n, 'm' || n, true, 1
                FROM generate_series(1, %s) n RETURNING id
            )
            INSERT INTO shopreco_edge (source_id, relation_id, target_id, weight, provenance, state)
            SELECT e.source_id, e.relation_id, made.id, 1, e.provenance, e.state
            FROM shopreco_edge e, made WHERE e.id = %s
            """,
            [CATALOGUE, EdgeAdmin.max_selected, found.pk],
        )
    data = {"action": "reject_selected", "_selected_action": [found.pk], "select_across": "1"}
    answer = admin.post(address("edge_changelist"), data, follow=True)
    assert f"More than {EdgeAdmin.max_selected}" in said(answer)
    found.refresh_from_db()
    assert found.state == EdgeState.ACTIVE


def test_the_list_of_what_waits_is_served_by_an_index(found: Edge) -> None:
    waiting = Edge.objects.filter(provenance=Provenance.EXTRACTED, state=EdgeState.ACTIVE)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    assert "shopreco_edge_waiting" in waiting.order_by("-weight", "-id")[:50].explain()


def test_lists_of_the_graph_cost_a_fixed_number_of_queries(
    admin: Client, found: Edge, django_assert_max_num_queries: Any
) -> None:
    for model, asked in (("node", {}), ("edge", {"decision": "all"}), ("relationtype", {})):
        admin.get(address(f"{model}_changelist"), asked)
        with django_assert_max_num_queries(9):
            text(admin.get(address(f"{model}_changelist"), asked))


def test_nodes_are_found_by_label_and_kind(admin: Client) -> None:
    assert "1 value or brand" in text(admin.get(address("node_changelist"), {"q": "fenn"}))
    brands = text(admin.get(address("node_changelist"), {"kind": "brand"}))
    assert "2 values and brands" in brands
    counts = re.findall(r'class="field-edge_count">(\d+)<', brands)
    assert counts == ["4", "4"]


@pytest.mark.parametrize("model", ["node", "edge", "relationtype"])
def test_lists_are_for_those_who_may_see_them(model: str, client: Client, admin: Client) -> None:
    chinese = {"accept-language": "zh-hans"}
    assert (
        admin.get(address(f"{model}_changelist"), follow=True, headers=chinese).status_code == 200
    )
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert client.get(address(f"{model}_changelist")).status_code == 403
    if model == "node":
        assert client.get(page(value("brass"))).status_code == 403


def test_the_page_of_an_edge_says_what_it_joins(admin: Client, found: Edge) -> None:
    assert "Brass desk lamp has_material steel (material)" in text(
        admin.get(address("edge_change", found.pk))
    )


def test_nodes_of_a_catalogue_that_is_gone(admin: Client) -> None:
    foreign = [
        Node.objects.create(catalogue="shop.gone", kind="item", key=key, item=item)
        for key, item in (("1", Item.objects.create(
            catalogue="shop.gone", object_id="1", group_id=0, outcome="indexed"
        )), ("2", None))
    ]  # fmt: skip
    services.add_edge(foreign[0], pair("complements")[1], foreign[1])
    assert waiting() == set()
    assert "shop.gone" in text(admin.get(page(foreign[0])))
