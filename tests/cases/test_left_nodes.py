"""A brand that was renamed and a product that was deleted leave nothing behind in the graph."""

from __future__ import annotations

import pytest

from shopreco.graph.merges import merge_nodes
from shopreco.graph.orphans import prune_nodes
from shopreco.models import Edge, EdgeState, Node
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def labels(kind: str) -> set[str]:
    return set(Node.objects.filter(kind=kind, catalogue=GADGET).values_list("label", flat=True))


def node(label: str, kind: str = "material") -> Node:
    return Node.objects.create(catalogue=GADGET, kind=kind, key=label, label=label)


def test_a_run_forgets_renamed_brands_emptied_categories_and_deleted_products() -> None:
    maker = Maker.objects.create(name="Acme")
    lamp = Gadget.objects.create(name="Lamp", maker=maker, path="Home > Lighting > Desk lamps")
    Gadget.objects.create(name="Desk", maker=maker, path="Office > Desks")
    index()
    assert labels("category") >= {"Home", "Home > Lighting", "Home > Lighting > Desk lamps"}
    maker.name = "Zenith"
    maker.save()
    lamp.delete()
    index()
    assert labels("brand") == {"Zenith"}
    assert labels("category") == {"Office", "Office > Desks"}
    assert labels("item") == {"Desk"}


def test_what_a_person_decided_on_stays() -> None:
    Gadget.objects.create(name="Lamp", attributes={"material": "steel"})
    index()
    common, grey, gray = node("light"), node("grey"), node("gray")
    Node.objects.filter(pk=common.pk).update(in_texts=False)
    merge_nodes(gray, grey)
    rejected = Edge.objects.get(target__label="steel")
    Edge.objects.filter(pk=rejected.pk).update(state=EdgeState.REJECTED)
    lost = node("oak")
    assert prune_nodes(GADGET) == 1
    assert not Node.objects.filter(pk=lost.pk).exists()
    assert labels("material") == {"light", "grey", "gray", "steel"}
    assert labels("item") == {"Lamp"}, "an item that is in the index may be joined by hand"
    assert prune_nodes(GADGET) == 0


def test_only_nodes_of_the_catalogue_go() -> None:
    Node.objects.create(catalogue="shop.other", kind="brand", key="acme", label="Acme")
    node("oak")
    assert prune_nodes(GADGET) == 1
    assert Node.objects.get().catalogue == "shop.other"
