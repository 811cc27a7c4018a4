"""The knowledge graph follows the index, and what people decided stays decided."""

from __future__ import annotations

import importlib
import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils.translation import override

from shopreco.catalogues import ItemDocument
from shopreco.graph.edges import Changes, update_edges
from shopreco.graph.extraction import learn_values
from shopreco.models import Edge, EdgeState, Item, Meaning, Node, Provenance, RelationType
from shopreco.models.relations import DEFAULT_RELATIONS
from tests.helpers.shelf import (
    SHELF,
    Shelf,
    build,
    decide,
    document,
    edge,
    name,
    triples,
    write_items,
)
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db


# Declared edges


def test_facets_categories_parents_and_links_become_edges() -> None:
    build(
        document(
            1,
            brand="Acme",
            category=("Home", "Home > Lighting", "Home > Lighting > Desk lamps"),
            baseColour=("Red", "Blue"),
            parent=9,
            edges=[("complements", "item", 2), ("belongs_to", "Collection", "Nordic")],
        )
    )
    assert triples() == {
        ("1", "has_brand", "Acme"),
        ("1", "in_category", "Home > Lighting > Desk lamps"),
        ("Home > Lighting > Desk lamps", "subcategory_of", "Home > Lighting"),
        ("Home > Lighting", "subcategory_of", "Home"),
        ("1", "has_base_colour", "Red"),
        ("1", "has_base_colour", "Blue"),
        ("1", "variant_of", "9"),
        ("1", "complements", "2"),
        ("1", "belongs_to", "Nordic"),
    }
    assert set(Edge.objects.values_list("provenance", "state", "weight")) == {
        ("declared", "active", 1.0)
    }
    assert Node.objects.get(label="Nordic").kind == "collection"


def test_a_whole_catalogue_of_objects_is_read() -> None:
    class Linked(Shelf):
        def get_edges(self, obj: Gadget) -> Iterator[tuple[str, Any]]:
            for variant in obj.variants.all():
                yield "has_accessory", variant

    lamp = Gadget.objects.create(name="Lamp", path="Home", attributes={"material": "Oak"})
    bulb = Gadget.objects.create(name="Bulb", parent=lamp)
    catalogue = Linked()
    documents = [catalogue.document(obj) for obj in (lamp, bulb)]
    with transaction.atomic():
        write_items(documents)
        update_edges(catalogue, documents)
    assert triples() == {
        (str(lamp.pk), "in_category", "Home"),
        (str(lamp.pk), "has_material", "Oak"),
        (str(lamp.pk), "has_accessory", str(bulb.pk)),
    }


def test_the_same_value_in_another_case_is_the_same_node() -> None:
    build(
        document(1, material="Walnut"),
        document(2, material="WALNUT "),
        document(3, finish="walnut"),
    )
    assert sorted(Node.objects.exclude(kind="item").values_list("kind", "label")) == [
        ("finish", "walnut"),
        ("material", "Walnut"),
    ]


def test_keys_of_items_differ_by_case() -> None:
    build(document("a", material="oak"), document("A", material="oak"))
    assert Node.objects.filter(kind="item").count() == 2


def test_a_linked_item_is_tied_to_its_row_once_it_is_indexed() -> None:
    build(document(1, edges=[("complements", "item", 2)]))
    assert Node.objects.get(key="2").item is None
    build(document(2, "Bulb"))
    node = Node.objects.get(key="2")
    assert node.item == Item.objects.get(object_id="2")
    assert node.label == "Bulb"
    build(document(2, "Light bulb"))
    node.refresh_from_db()
    assert node.label == "Light bulb"


def test_what_cannot_be_a_node_is_left_out() -> None:
    long = "a paragraph " * 50
    build(
        document(
            1,
            category=(long, f"{long} > Lamps"),
            material=(long, "a\x00b", " ", "ﷺ" * 200),
            edges=[("complements", "item", 1), ("complements", "item", "")],
            **{"***": "x", "item": "odd", "名称": "灯"},
        )
    )
    assert triples() == {
        ("1", "has_material", "ab"),
        ("1", "has_item_", "odd"),
        ("1", "has_名称", "灯"),
    }


def test_only_what_changed_is_written() -> None:
    first = document(1, brand="Acme", material="oak", edges=[("complements", "item", 2)])
    assert build(first, document(2, brand="Acme")) == Changes(4, 0, 0)
    before = set(Edge.objects.values_list("id", flat=True))
    assert build(first, document(2, brand="Acme")) == Changes(0, 0, 0)
    neighbours = frozenset({"2"})
    assert build(document(1, brand="Acme", material="pine")) == Changes(1, 0, 2, neighbours)
    assert len(before & set(Edge.objects.values_list("id", flat=True))) == 2


def test_what_an_item_that_left_said_goes_and_what_others_say_of_it_stays() -> None:
    build(document(1, material="oak"), document(2, edges=[("complements", "item", 1)]))
    assert build(gone=[1, "never indexed"]) == Changes(0, 0, 1)
    assert triples() == {("2", "complements", "1")}
    Item.objects.get(object_id="1").delete()
    assert triples() == set()


# Decisions


def test_a_rejected_edge_stays_rejected() -> None:
    said = document(1, material="oak")
    build(said)
    decide("1", "has_material", "oak", EdgeState.REJECTED)
    assert build(said) == Changes(0, 0, 0)
    assert build(document(1)) == Changes(0, 0, 0)
    assert build(said) == Changes(0, 0, 0)
    assert edge("1", "has_material", "oak").state == EdgeState.REJECTED


def test_a_rejected_pair_stays_rejected_from_the_other_side() -> None:
    build(document(1, edges=[("complements", "item", 2), ("accessory_of", "item", 2)]))
    for relation in ("complements", "accessory_of"):
        decide("1", relation, "2", EdgeState.REJECTED)
    build(document(2, edges=[("complements", "item", 1), ("accessory_of", "item", 1)]))
    assert triples(state=EdgeState.ACTIVE) == {("2", "accessory_of", "1")}


@pytest.mark.parametrize("provenance", [Provenance.CURATED, Provenance.IMPORTED, Provenance.MINED])
def test_what_documents_did_not_say_survives_them(provenance: Provenance) -> None:
    build(document(1, material="oak"))
    Edge.objects.update(provenance=provenance, weight=0.4)
    build(document(1))
    assert triples() == {("1", "has_material", "oak")}
    assert build(document(1, gone=[]), gone=[1]).removed == 0
    build(document(1, material="oak"))
    stays = provenance != Provenance.MINED
    kept = edge("1", "has_material", "oak")
    assert (kept.provenance, kept.weight) == ((provenance, 0.4) if stays else ("declared", 1.0))


# Relation types


def test_default_relations_have_words_in_both_languages() -> None:
    build(document(1, material="oak", edges=[("accessory_of", "item", 2)]))
    material = RelationType.objects.get(code="has_material")
    accessory = RelationType.objects.get(code="accessory_of")
    assert material.get_label() == "material"
    assert accessory.get_label(inverse=True) == "has accessory"
    with override("zh-hans"):
        assert material.get_label() == "材质"
        assert accessory.get_label(inverse=True) == "配件"
    assert accessory.meaning == Meaning.MAIN


def test_a_facet_without_a_default_is_named_as_shoppers_read_it() -> None:
    class Labelled(Shelf):
        def get_facet_label(self, name: str) -> str:
            from django.utils.translation import get_language

            return "木纹" if get_language() == "zh-hans" else "Grain"

    with transaction.atomic():
        update_edges(Labelled(), [document(1, woodGrain="fine")])
    grain = RelationType.objects.get(code="has_wood_grain")
    assert (grain.label, grain.label_zh, grain.inverse_label) == ("grain", "木纹", "grain of")
    assert (grain.meaning, grain.in_texts) == (Meaning.ATTRIBUTE, True)


def test_a_new_relation_between_items_waits_to_be_understood() -> None:
    build(document(1, edges=[("worn_with", "item", 2), ("made_in", "country", "Peru")]))
    assert dict(
        RelationType.objects.filter(code__in=["worn_with", "made_in"]).values_list(
            "label", "meaning"
        )
    ) == {"worn with": Meaning.OTHER, "made in": Meaning.ATTRIBUTE}


def test_the_migration_brings_the_default_relations() -> None:
    RelationType.objects.all().delete()
    migration = importlib.import_module("shopreco.migrations.0001_initial")
    migration.add_first_relations(apps, connection.schema_editor())
    assert set(RelationType.objects.values_list("code", flat=True)) == {
        relation.code for relation in DEFAULT_RELATIONS
    }
    assert not RelationType.objects.filter(label_zh="").exists()


# Generated catalogues


def generated(rng: random.Random, number: int) -> ItemDocument:
    words = ["walnut", "oak", "red", "dark red", "linen", "lamp", "with", "no", "胡桃木"]
    some = lambda values: rng.sample(values, rng.randint(0, 2))  # noqa: E731 (a name for a phrase)
    paths = rng.choice([(), ("Home",), ("Home", "Home > A"), ("Home", "Home > A", "Home > A > B")])
    links = [("complements", "item", rng.randrange(30)) for _ in range(rng.randint(0, 3))]
    return document(
        number,
        " ".join(rng.choices(words, k=4)),
        " ".join(rng.choices(words, k=9)),
        brand=some(["Acme", "Bolt", "acme"]),
        material=some(["walnut", "Oak", "linen", "胡桃木"]),
        colour=some(["red", "Dark red", "oak"]),
        category=paths,
        parent=rng.choice(["", rng.randrange(30)]),
        edges=[*links, ("belongs_to", "collection", rng.choice("AB"))],
    )


def whole() -> set[tuple[str, str, str, float, str]]:
    rows = Edge.objects.select_related("source", "relation", "target")
    return {
        (name(e.source), e.relation.code, name(e.target).casefold(), e.weight, e.provenance)
        for e in rows
        if e.relation.code != "subcategory_of"
    }


@pytest.mark.parametrize("seed", range(4))
def test_many_small_changes_end_where_one_build_does(seed: int) -> None:
    rng = random.Random(seed)
    shop = {n: generated(rng, n) for n in range(25)}
    build(*shop.values())
    learn_values(SHELF)
    build(*shop.values())
    for _ in range(12):
        numbers = rng.sample(range(25), 5)
        changed = {n: generated(rng, n) for n in numbers[:4]}
        shop |= changed
        shop.pop(numbers[4], None)
        build(*changed.values(), gone=numbers[4:])
    after = whole()
    Edge.objects.all().delete()
    build(*shop.values())
    assert whole() == after
    assert build(*shop.values()) == Changes(0, 0, 0)
