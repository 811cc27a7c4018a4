"""What a catalogue says of the knowledge graph, and how it checks it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from shopreco.catalogues import Catalogue, DeclaredEdge, Relation, Title
from shopreco.catalogues.checks import check_catalogue
from tests.testapp.models import Book, Gadget, Maker, Media


def document_of(catalogue: Catalogue, **given: Any) -> tuple[DeclaredEdge, ...]:
    return catalogue.document(SimpleNamespace(pk=7, name="Lamp", **given)).edges


def messages(catalogue: type[Catalogue]) -> list[tuple[str, str]]:
    return [(m.id or "", f"{m.msg} {m.hint}") for m in check_catalogue(catalogue)]


class Linked(Catalogue):
    model = Gadget
    title = Title("name")
    partners = Relation("partners", to="complements")


def test_a_relation_gives_objects_or_keys() -> None:
    other = Gadget(name="bulb")
    edges = document_of(Linked(), partners=[other, "key", 12, None])
    assert edges == (
        DeclaredEdge("complements", "item", str(other.pk)),
        DeclaredEdge("complements", "item", "key"),
        DeclaredEdge("complements", "item", "12"),
    )


def test_the_hook_adds_what_no_field_says() -> None:
    class Hooked(Linked):
        def get_edges(self, obj: Any) -> Iterator[tuple[str, Any]]:
            yield "belongs_to", ("collection", "Nordic")
            yield "accessory_of", 3
            yield "complements", 12

    assert document_of(Hooked(), partners=[12]) == (
        DeclaredEdge("complements", "item", "12"),
        DeclaredEdge("belongs_to", "collection", "Nordic"),
        DeclaredEdge("accessory_of", "item", "3"),
    )


def test_prepare_replaces_the_objects() -> None:
    class Prepared(Linked):
        def prepare_partners(self, obj: Any) -> list[int]:
            return [obj.pk + 1]

    assert document_of(Prepared()) == (DeclaredEdge("complements", "item", "8"),)


def test_an_object_below_in_multi_table_inheritance_has_its_parents_key() -> None:
    class MediaCatalogue(Catalogue):
        model = Media
        title = Title("name")
        sequels = Relation(to="complements")

    book = Book(media_ptr_id=5, title="Baking")
    book.id = 5
    assert document_of(MediaCatalogue(), sequels=[book]) == (
        DeclaredEdge("complements", "item", "5"),
    )


def test_an_object_of_another_model_is_no_item() -> None:
    with pytest.raises(TypeError, match=r"testapp\.Maker, which is no testapp\.Gadget"):
        document_of(Linked(), partners=[Maker(name="Acme")])


@pytest.mark.parametrize("relation", ["goes with", "", "a\tb", "x" * 101])
def test_a_relation_is_one_word(relation: str) -> None:
    class Hooked(Linked):
        partners = None

        def get_edges(self, obj: Any) -> list[tuple[str, Any]]:
            return [(relation, 3)]

    with pytest.raises(ValueError, match="one word such as `part_of`"):
        document_of(Hooked(), partners=[])


# Checks


def test_a_relation_to_another_model_names_what_to_write() -> None:
    class ProductCatalogue(Catalogue):
        model = Gadget
        title = Title("name")
        makers = Relation("maker", to="complements")
        variants = Relation(to="substitutes")
        tagged_alike = Relation("tags.gadgets", to="complements")
        keys = Relation("attributes", to="complements")

    assert messages(ProductCatalogue) == [
        (
            "shopreco.E017",
            (
                "Catalogue ProductCatalogue: Relation `makers` leads to testapp.Maker, not "
                "testapp.Gadget. Declare a Filter, or yield ('complements', (kind, label)) from "
                "`get_edges`."
            ),
        )
    ]


def test_a_relation_needs_a_code() -> None:
    class ProductCatalogue(Catalogue):
        model = Gadget
        title = Title("name")
        variants = Relation(to="goes with")

    assert [id for id, _ in messages(ProductCatalogue)] == ["shopreco.E018"]
    assert "`complements`" in messages(ProductCatalogue)[0][1]


def test_a_misspelt_source_is_found() -> None:
    class ProductCatalogue(Catalogue):
        model = Gadget
        title = Title("name")
        links = Relation("variant", to="complements")

    assert "Did you mean `variants`?" in messages(ProductCatalogue)[0][1]
