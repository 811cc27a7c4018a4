"""Two nodes that are one thing."""

from __future__ import annotations

import pytest

from shopreco.exceptions import GraphError
from shopreco.graph.edges import Changes
from shopreco.graph.extraction import learn_values
from shopreco.graph.merges import merge_nodes
from shopreco.models import Edge, EdgeState, Node, Provenance
from tests.helpers.shelf import SHELF, build, decide, document, edge, triples

pytestmark = pytest.mark.django_db


# Merging


def test_merged_nodes_are_one_from_then_on() -> None:
    build(document(1, colour="Gray"), document(2, colour="Gray"), document(3, colour="Grey"))
    grey, gray = Node.objects.get(label="Grey"), Node.objects.get(label="Gray")
    merge_nodes(grey, gray)
    assert triples() == {(n, "has_colour", "Gray") for n in "123"}
    assert build(document(3, colour="grey"), document(4, colour="GREY")) == Changes(1, 0, 0)
    learn_values(SHELF)
    build(document(5, "Grey lamp"))
    assert triples(provenance=Provenance.EXTRACTED) == {("5", "has_colour", "Gray")}
    assert edge("5", "has_colour", "Gray").weight == 0.9


def test_a_merge_keeps_what_people_decided() -> None:
    build(document(1, colour=("Gray", "Grey")), document(2, colour=("Gray", "Grey")))
    decide("1", "has_colour", "Grey", EdgeState.REJECTED)
    decide("2", "has_colour", "Gray", EdgeState.CONFIRMED)
    merge_nodes(Node.objects.get(label="Grey"), Node.objects.get(label="Gray"))
    assert edge("1", "has_colour", "Gray").state == EdgeState.REJECTED
    assert edge("2", "has_colour", "Gray").state == EdgeState.CONFIRMED
    assert Edge.objects.count() == 2


def test_merges_follow_each_other_and_make_no_loops() -> None:
    build(document(1, category=("Home", "Home > Lamps")), document(2, category="Lamps"))
    lamps, other, home = (
        Node.objects.get(label=label) for label in ("Home > Lamps", "Lamps", "Home")
    )
    merge_nodes(other, lamps)
    merge_nodes(lamps, home)
    other.refresh_from_db()
    assert other.merged_into == home
    assert triples() == {("1", "in_category", "Home"), ("2", "in_category", "Home")}
    build(document(1, category=("Home", "Home > Lamps")))
    assert triples() == {("1", "in_category", "Home"), ("2", "in_category", "Home")}
    with pytest.raises(GraphError, match="already"):
        merge_nodes(home, lamps)


def test_items_are_not_merged() -> None:
    build(document(1), document(2))
    one, two = Node.objects.filter(kind="item")
    with pytest.raises(GraphError, match="Items cannot be merged"):
        merge_nodes(one, two)
