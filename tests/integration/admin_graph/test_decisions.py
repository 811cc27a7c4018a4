"""What people change in the graph: edges are decided on, added and removed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.test import Client

from demo_shop.models import Product
from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.graph.edges import update_edges
from shopreco.models import Edge, EdgeState, Node, Provenance
from tests.helpers.demo import CATALOGUE
from tests.helpers.graph_admin import (
    address,
    edge,
    logged,
    new_edge,
    node_of,
    object_id,
    page,
    pair,
    press,
    relation,
    said,
    value,
)
from tests.helpers.outbox import forget_changes, waiting
from tests.integration.test_admin_pages import text

pytestmark = pytest.mark.usefixtures("shop")


def test_an_edge_is_rejected_and_stays_rejected_when_it_is_built_again(
    admin: Client, found: Edge
) -> None:
    rejected = edge("Steel desk lamp")
    lamp = node_of("Steel desk lamp")
    response = press(admin, lamp, "reject", rejected, provenance="declared")
    assert response.url == f"{page(lamp)}?provenance=declared#edges"
    assert logged() == ("edge", CHANGE, "Rejected.")
    assert waiting() == {object_id("Steel desk lamp")}
    catalogue = get_catalogue(CATALOGUE)
    product = Product.objects.get(title="Steel desk lamp")
    update_edges(catalogue, [catalogue.document(product)])
    rejected.refresh_from_db()
    assert (rejected.state, rejected.provenance) == (EdgeState.REJECTED, Provenance.DECLARED)
    assert "Undo" in text(admin.get(page(lamp)))


def test_an_edge_is_confirmed_and_the_decision_undone(admin: Client, found: Edge) -> None:
    press(admin, found.target, "confirm", found)
    found.refresh_from_db()
    assert found.state == EdgeState.CONFIRMED
    assert logged() == ("edge", CHANGE, "Confirmed.")
    press(admin, found.source, "undo", found)
    found.refresh_from_db()
    assert found.state == EdgeState.ACTIVE


def test_both_directions_of_a_symmetric_edge_are_decided() -> None:
    services.add_edge(*(some := pair("complements")))
    back = new_edge(some[2], "complements", some[0], Provenance.DECLARED)
    there = Edge.objects.get(source=some[0], target=some[2])
    services.decide_edges([there], EdgeState.REJECTED)
    back.refresh_from_db()
    assert back.state == EdgeState.REJECTED


def test_the_edge_of_another_node_is_not_decided_here(admin: Client, found: Edge) -> None:
    other = edge("Steel desk lamp")
    assert press(admin, value("brass"), "reject", other).status_code == 404
    assert press(admin, value("brass"), "eat", other).status_code == 404
    other.refresh_from_db()
    assert other.state == EdgeState.ACTIVE


STEPS = ["node_edges", "node_add_edge", "node_texts"]


@pytest.mark.parametrize("step", STEPS)
def test_a_get_changes_nothing(step: str, admin: Client) -> None:
    before = list(Edge.objects.order_by("pk").values())
    assert admin.get(address(step, value("brass").pk)).status_code == 405
    assert list(Edge.objects.order_by("pk").values()) == before


def test_without_permission_nothing_changes(staff: Callable[..., Client], found: Edge) -> None:
    viewer = staff()
    steel, brass = value("steel"), value("brass")
    shown = text(viewer.get(page(steel)))
    for button in ('name="confirm"', "Add a relation", "Merge into", "Do not look"):
        assert button not in shown
    before = list(Edge.objects.order_by("pk").values()), list(Node.objects.order_by("pk").values())
    answers = [
        press(viewer, steel, "reject", found),
        press(viewer, steel, "remove", found),
        viewer.post(address("node_add_edge", steel.pk), {"relation": "1:to", "other": brass.pk}),
        viewer.post(address("node_texts", steel.pk), {"wanted": "no"}),
        viewer.get(address("node_merge", steel.pk)),
        viewer.post(address("node_merge", steel.pk) + f"?into={brass.pk}"),
        viewer.post(page(steel), {"label": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert before == (
        list(Edge.objects.order_by("pk").values()), list(Node.objects.order_by("pk").values())
    )  # fmt: skip
    assert not LogEntry.objects.exists()


def test_who_may_decide_may_not_remove(staff: Callable[..., Client], found: Edge) -> None:
    client = staff("change_edge")
    assert press(client, found.source, "confirm", found).status_code == 302
    assert press(client, found.source, "remove", found).status_code == 403
    assert Edge.objects.filter(pk=found.pk, state=EdgeState.CONFIRMED).exists()


def test_an_edge_is_added_by_hand_and_survives_the_next_build(admin: Client) -> None:
    lamp, steel = node_of("Brass desk lamp"), value("steel")
    form = {"relation": f"{relation('has_material').pk}:from", "other": steel.pk}
    response = admin.post(address("node_add_edge", lamp.pk), form, follow=True)
    assert "is added. 1 object will be indexed again." in said(response)
    catalogue = get_catalogue(CATALOGUE)
    product = Product.objects.get(title="Brass desk lamp")
    update_edges(catalogue, [catalogue.document(product)])
    added = Edge.objects.get(source=lamp, target=steel)
    assert (added.provenance, added.state, added.weight) == ("curated", "confirmed", 1.0)
    assert logged() == ("edge", ADDITION, "Added.")
    assert waiting() == {object_id("Brass desk lamp")}


def test_an_edge_is_added_from_its_other_end(admin: Client) -> None:
    lamp, steel = node_of("Brass desk lamp"), value("steel")
    form = {"relation": f"{relation('has_material').pk}:to", "other": lamp.pk}
    admin.post(address("node_add_edge", steel.pk), form)
    assert Edge.objects.filter(source=lamp, target=steel, provenance="curated").exists()


def test_an_edge_that_is_there_becomes_one_made_by_hand(admin: Client, found: Edge) -> None:
    services.decide_edges([found], EdgeState.REJECTED)
    services.add_edge(found.source, found.relation, found.target)
    found.refresh_from_db()
    assert (found.provenance, found.state) == ("curated", "confirmed")


def test_a_symmetric_edge_is_added_once() -> None:
    one, complements, two = pair("complements")
    services.add_edge(one, complements, two)
    services.add_edge(two, complements, one)
    assert Edge.objects.filter(relation=complements).count() == 1


@pytest.mark.parametrize(
    ("kind", "other"), [("0:from", "brass"), ("x", "brass"), ("has", "itself"), ("has", "foreign")]
)
def test_what_makes_no_edge_is_refused(kind: str, other: str, admin: Client) -> None:
    lamp = node_of("Brass desk lamp")
    foreign = Node.objects.create(catalogue="testapp.gadget", kind="material", key="x", label="x")
    chosen = {"brass": value("brass"), "itself": lamp, "foreign": foreign}[other]
    code = f"{relation('has_material').pk}:from" if kind == "has" else kind
    before = Edge.objects.count()
    response = admin.post(
        address("node_add_edge", lamp.pk), {"relation": code, "other": chosen.pk}, follow=True
    )
    assert "Choose a relation" in said(response)
    assert Edge.objects.count() == before


def test_only_what_people_or_files_made_is_removed(admin: Client, found: Edge) -> None:
    lamp = node_of("Brass desk lamp")
    response = admin.post(address("node_edges", lamp.pk), {"remove": found.pk}, follow=True)
    assert "reject it instead" in said(response)
    added, _marked = services.add_edge(found.source, found.relation, found.target)
    forget_changes()
    assert 'name="remove"' in text(admin.get(page(lamp)))
    press(admin, lamp, "remove", added)
    assert not Edge.objects.filter(pk=found.pk).exists()
    assert logged() == ("edge", DELETION, "Removed.")
    assert waiting() == {object_id("Brass desk lamp")}
