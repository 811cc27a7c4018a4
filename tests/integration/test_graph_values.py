"""Values that texts name become edges."""

from __future__ import annotations

import pytest
from django.db import transaction

from shopreco.catalogues import ItemDocument
from shopreco.graph.edges import Changes, update_edges
from shopreco.graph.extraction import learn_values
from shopreco.models import Edge, EdgeState, Node, Provenance, RelationType
from tests.helpers.shelf import SHELF, build, decide, document, edge, triples
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db


# Values in texts


def walnut_is_known(*more: ItemDocument) -> None:
    build(document(1, material="Walnut"), document(2, material="walnut"), *more)
    learn_values(SHELF)


def test_known_values_in_titles_and_texts_become_edges_with_a_confidence() -> None:
    walnut_is_known(document(3, material="Oak"), document(4, material="oak"))
    build(
        document(5, "Walnut desk"),
        document(6, "Desk", "made of solid walnut"),
        document(7, "Walnut desk", material="Oak"),
        document(8, "Oaks table", "walnut, walnut"),
        document(9, "Walnut table", material="walnut"),
    )
    found = Edge.objects.filter(provenance=Provenance.EXTRACTED)
    assert {(e.source.key, e.target.label): e.weight for e in found} == {
        ("5", "Walnut"): 0.9,
        ("6", "Walnut"): 0.5,
        ("7", "Walnut"): 0.45,
        ("8", "Walnut"): 0.5,
        ("8", "Oak"): 0.72,
    }


def test_a_value_that_one_item_holds_is_not_known() -> None:
    build(document(1, material="Walnut"), document(2, "Walnut desk"))
    learn_values(SHELF)
    build(document(2, "Walnut desk"))
    assert not triples(provenance=Provenance.EXTRACTED)


def test_brands_sizes_and_categories_are_not_looked_for() -> None:
    held = {"brand": "Oak", "size": "Large", "category": "Garden", "material": "other"}
    build(document(1, **held), document(2, **held))
    learn_values(SHELF)
    build(document(3, "Large other oak garden lamp"))
    assert not triples(provenance=Provenance.EXTRACTED)


def test_facet_texts_are_not_read_as_prose() -> None:
    build(document(1, material="oak"), document(2, material="oak"))
    learn_values(SHELF)
    build(document(3, brand="Oak"))
    assert not triples(provenance=Provenance.EXTRACTED)


def test_a_label_of_two_kinds_is_shared_by_how_many_hold_it() -> None:
    three = [document(n, colour="Cherry") for n in (1, 2, 3)]
    build(*three, document(4, material="cherry"), document(5, material="cherry"))
    learn_values(SHELF)
    build(document(6, "Cherry desk"))
    found = Edge.objects.filter(source__key="6")
    assert {e.relation.code: e.weight for e in found} == {"has_colour": 0.54, "has_material": 0.36}


def test_an_ambiguous_value_can_be_switched_off() -> None:
    walnut_is_known()
    Node.objects.filter(label="Walnut").update(in_texts=False)
    build(document(3, "Walnut desk"))
    assert not triples(provenance=Provenance.EXTRACTED)
    Node.objects.filter(label="Walnut").update(in_texts=True)
    RelationType.objects.filter(code="has_material").update(in_texts=False)
    build(document(3, "Walnut desk"))
    assert not triples(provenance=Provenance.EXTRACTED)


def test_an_extracted_edge_goes_with_its_words_unless_it_was_confirmed() -> None:
    walnut_is_known()
    build(document(3, "Walnut desk"), document(4, "Walnut chair"))
    decide("4", "has_material", "Walnut", EdgeState.CONFIRMED)
    build(document(3, "Desk"), document(4, "Chair"))
    assert triples(provenance=Provenance.EXTRACTED) == {("4", "has_material", "Walnut")}


def test_a_rejected_extracted_edge_is_not_found_again() -> None:
    walnut_is_known()
    build(document(3, "Walnut desk"))
    decide("3", "has_material", "Walnut", EdgeState.REJECTED)
    assert build(document(3, "Walnut desk, new")) == Changes(0, 0, 0)
    assert build(document(3, "Walnut desk", material="Walnut")) == Changes(0, 0, 0)


def test_an_extracted_value_that_is_declared_later_becomes_declared() -> None:
    walnut_is_known()
    build(document(3, "Walnut desk"))
    assert build(document(3, "Walnut desk", material="walnut")) == Changes(0, 1, 0)
    assert edge("3", "has_material", "Walnut").provenance == Provenance.DECLARED


def test_chinese_values_are_found_in_chinese_texts() -> None:
    build(document(1, 材质="胡桃木", language="zh"), document(2, 材质="胡桃木", language="zh"))
    learn_values(SHELF)
    build(document(3, "北欧胡桃木台灯", language="zh"))
    assert triples(source__key="3") == {("3", "has_材质", "胡桃木")}


@pytest.mark.django_db(transaction=True)
def test_learning_names_the_objects_whose_texts_have_new_values() -> None:
    """Through the real pipeline, whose lexical entries are asked."""
    from shopreco import services
    from shopreco.catalogues import get_catalogue
    from shopreco.indexing import reindex

    desk, chair, lamp = (
        Gadget.objects.create(name=name) for name in ("Walnut desk", "Oak chair", "Lamp")
    )
    held = [Gadget.objects.create(name=f"Shelf {n}") for n in (1, 2)]
    services.run_inline(reindex.start(get_catalogue(SHELF.name)))
    with transaction.atomic():
        update_edges(SHELF, [document(each.pk, material="Walnut") for each in held])
    assert learn_values(SHELF) == [str(desk.pk)]
    assert learn_values(SHELF) == []
    assert {str(chair.pk), str(lamp.pk)}.isdisjoint(learn_values(SHELF))
