"""The page of a node: what is drawn and listed, and the filters."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from shopreco import services
from shopreco.models import Edge, EdgeState, Node, Provenance
from tests.helpers.demo import CATALOGUE
from tests.helpers.graph_admin import (
    address,
    new_edge,
    node_of,
    page,
    relation,
    said,
    value,
)
from tests.integration.test_admin_pages import HOSTILE, text

pytestmark = pytest.mark.usefixtures("shop")


def test_the_page_of_a_product_draws_and_lists_its_edges(admin: Client, found: Edge) -> None:
    shown = text(admin.get(page(node_of("Brass desk lamp"))))
    drawing = shown[shown.index("shopreco-graph-title") : shown.index("shopreco-legend")]
    table = shown[shown.index("<tbody>") : shown.index("</tbody>")]
    for label in ("Fennel", "brass", "steel"):
        assert label in drawing
        assert label in table
    assert page(value("brass")) in drawing
    assert "shopreco-curve shopreco-value shopreco-extracted shopreco-edge-active" in drawing
    assert "found in a text · 0.45 · not confirmed" in drawing
    assert "declared by the catalogue" in table
    assert 'name="confirm"' in table
    assert page(node_of("Steel desk lamp")) not in shown
    assert "style=" not in shown.split('id="content-main"')[1]


def test_the_page_of_a_value_shows_who_has_it_in_its_own_words(admin: Client) -> None:
    shown = text(admin.get(page(value("brass"))))
    assert "material of" in shown
    assert page(node_of("Brass desk lamp")) in shown
    assert "Looked for in texts" in shown
    assert address("node_merge", value("brass").pk) in shown


def test_only_values_that_are_read_in_texts_can_be_switched_off(admin: Client) -> None:
    assert "Do not look for it" in text(admin.get(page(value("brass"))))
    assert "ook for it" not in text(admin.get(page(value("Fennel", "brand"))))
    services.stop_extraction(value("brass"))
    assert "Look for it in texts" in text(admin.get(page(value("brass"))))


def test_products_are_not_merged(admin: Client) -> None:
    lamp = node_of("Brass desk lamp")
    assert address("node_merge", lamp.pk) not in text(admin.get(page(lamp)))
    response = admin.get(address("node_merge", lamp.pk), follow=True)
    assert "cannot be merged" in said(response)


def test_filters_choose_relation_provenance_and_state(admin: Client, found: Edge) -> None:
    lamp = node_of("Brass desk lamp")

    def listed(**chosen: object) -> str:
        shown = text(admin.get(page(lamp), chosen))
        return shown[shown.index("shopreco-graph-title") : shown.rindex("</tbody>")]

    assert "Fennel" not in listed(relation=relation("has_material").pk)
    assert "brass" not in listed(provenance="extracted").lower().replace("brass desk lamp", "")
    assert "steel" not in listed(provenance="declared")
    services.decide_edges([found], EdgeState.REJECTED)
    assert "Fennel" not in listed(state="rejected")
    empty = text(admin.get(page(lamp), {"state": "rejected", "provenance": "mined"}))
    assert "No relation passes the filter" in empty


@pytest.mark.parametrize("asked", HOSTILE)
@pytest.mark.parametrize("name", ["relation", "provenance", "state", "after"])
def test_no_filter_breaks_the_page(asked: str, name: str, admin: Client) -> None:
    text(admin.get(page(value("brass")), {name: asked}))


def test_an_impossible_page_of_edges_is_empty(admin: Client) -> None:
    assert "It has no relations" in text(admin.get(page(value("brass")), {"after": "9" * 30}))


def test_a_node_with_many_edges_is_drawn_in_part_and_listed_in_pages(
    admin: Client, django_assert_max_num_queries: Any
) -> None:
    steel = value("steel")
    nodes = Node.objects.bulk_create(
        Node(catalogue=CATALOGUE, kind="item", key=f"k{n}", label=f"Lamp {n}") for n in range(150)
    )
    material = relation("has_material")
    Edge.objects.bulk_create(
        Edge(source=each, relation=material, target=steel, provenance="imported") for each in nodes
    )
    total = Edge.objects.filter(target=steel).count()
    admin.get(page(steel))
    with django_assert_max_num_queries(25):
        response = admin.get(page(steel))
    around = response.context["around"]
    leaves = [box for box in around.drawing.boxes if "shopreco-item" in box.style]
    assert (len(leaves), around.total, len(around.rows)) == (40, total, 50)
    assert f"and {total - 40} more" in text(response)
    ids = [row.edge.pk for row in around.rows]
    while around.after:
        around = admin.get(page(steel), {"after": around.after}).context["around"]
        ids += [row.edge.pk for row in around.rows]
    assert len(ids) == len(set(ids)) == total


def test_a_value_is_drawn_with_products_and_not_with_their_variants(admin: Client) -> None:
    garden = Node.objects.create(catalogue=CATALOGUE, kind="style", key="garden", label="Garden")
    chairs = Node.objects.filter(item__title__startswith="Garden chair ")
    for each in chairs:
        new_edge(each, "has_style", garden, Provenance.DECLARED)
    new_edge(node_of("Brass desk lamp"), "has_style", garden, Provenance.DECLARED)
    around = admin.get(page(garden)).context["around"]
    drawn = {box.lines[0][1] for box in around.drawing.boxes if "shopreco-item" in box.style}
    assert drawn == {"Garden chair", "Brass desk lamp"}
    assert (around.total, len(around.rows)) == (4, 4)  # all are listed
    chair = admin.get(page(node_of("Garden chair"))).context["around"]
    variants = [box for box in chair.drawing.boxes if "shopreco-item" in box.style]
    assert len(variants) == 3  # between them the relation is the point


def test_an_item_leads_to_its_graph_and_back(admin: Client) -> None:
    node = node_of("Brass desk lamp")
    item_page = address("item_change", node.item_id)
    assert page(node) in text(admin.get(item_page))
    assert item_page in text(admin.get(page(node)))
