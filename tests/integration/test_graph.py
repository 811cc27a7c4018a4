"""The knowledge graph follows the index, and what people decided stays decided."""

from __future__ import annotations

import importlib
import random
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.utils.translation import override

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
from shopreco.exceptions import GraphError
from shopreco.graph import building
from shopreco.graph.building import Changes
from shopreco.graph.extraction import learn_values
from shopreco.graph.merges import merge_nodes
from shopreco.models import Edge, EdgeState, Item, Meaning, Node, Outcome, Provenance, RelationType
from shopreco.models.relations import DEFAULT_RELATIONS
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True)


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
        return building.update_edges(SHELF, documents, [str(each) for each in gone])


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
        building.update_edges(catalogue, documents)
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
        building.update_edges(SHELF, [document(each.pk, material="Walnut") for each in held])
    assert learn_values(SHELF) == [str(desk.pk)]
    assert learn_values(SHELF) == []
    assert {str(chair.pk), str(lamp.pk)}.isdisjoint(learn_values(SHELF))


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
        building.update_edges(Labelled(), [document(1, woodGrain="fine")])
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
    migration = importlib.import_module("shopreco.migrations.0006_node_vectors")
    migration.create_relations(apps, connection.schema_editor())
    assert set(RelationType.objects.values_list("code", flat=True)) == {
        relation.code for relation in DEFAULT_RELATIONS
    }
    assert not RelationType.objects.filter(label_zh="").exists()


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


# Concurrency


def test_overlapping_batches_do_not_deadlock() -> None:
    """Each links to the items of the other, shares all values, and writes them in another order."""
    labels = [f"value {n}" for n in range(300)]
    categories = [f"Home > {n}" for n in range(100)]
    batches = [
        [
            document(
                n,
                material=labels[:: 1 if side else -1],
                category=("Home", *categories[:: 1 if side else -1]),
                edges=[("complements", "item", m) for m in range(40)][:: 1 if side else -1],
            )
            for n in range(side * 20, side * 20 + 20)
        ]
        for side in (0, 1)
    ]
    write_items(each for batch in batches for each in batch)
    barrier = threading.Barrier(2)
    failures: list[BaseException] = []

    def work(batch: list[ItemDocument]) -> None:
        try:
            for half in (batch[:10], batch[10:], batch):
                with transaction.atomic():
                    barrier.wait(30)
                    building.update_edges(SHELF, half)
        except BaseException as error:  # noqa: BLE001 (whatever it is, the test reports it)
            failures.append(error)
            barrier.abort()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert Node.objects.filter(kind="material").count() == 300
    assert Edge.objects.filter(relation__code="has_material").count() == 40 * 300
    assert Edge.objects.filter(relation__code="complements").count() == 40 * 39
