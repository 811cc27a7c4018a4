"""What a catalogue says of the knowledge graph, and how it checks it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
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


# Weights


class Ranked(Catalogue):
    model = Gadget
    title = Title("name")
    partners = Relation("recommendations.product", to="complements", weight="ranking")


def rows(*rankings: object) -> list[SimpleNamespace]:
    """Rows between an object and its partners, whose keys are their places."""
    return [SimpleNamespace(product=n, ranking=each) for n, each in enumerate(rankings)]


@pytest.mark.parametrize(
    ("rankings", "weights"),
    [
        ((1, 5, 10), [0.1, 0.5, 1.0]),  # relative to the greatest
        ((0.2, 0.5), [0.2, 0.5]),  # as they are, where they can be
        ((0, 0, None), [1.0, 1.0, 1.0]),  # nobody ranked them
        ((4, 0, None, -2), [1.0, 0.01, 0.01, 0.01]),  # the last of a ranking is a link still
        ((Decimal("2.50"), "5"), [0.5, 1.0]),
    ],
)
def test_a_number_of_the_row_between_weighs_a_link(
    rankings: tuple[object, ...], weights: list[float]
) -> None:
    edges = document_of(Ranked(), recommendations=rows(*rankings))
    assert [edge.target for edge in edges] == [str(n) for n in range(len(rankings))]
    assert [edge.weight for edge in edges] == weights


def test_the_hook_weighs_its_links_too_and_each_relation_by_itself() -> None:
    class Hooked(Linked):
        partners = None

        def get_edges(self, obj: Any) -> Iterator[tuple[str, Any] | tuple[str, Any, float]]:
            yield "complements", 1, 30
            yield "complements", 2, 60
            yield "complements", 1, 15
            yield "substitutes", 3

    assert document_of(Hooked(), partners=[]) == (
        DeclaredEdge("complements", "item", "1", 0.5),
        DeclaredEdge("complements", "item", "2", 1.0),
        DeclaredEdge("substitutes", "item", "3", 1.0),
    )


@pytest.mark.parametrize("ranking", ["first", float("nan"), float("inf")])
def test_what_is_no_number_weighs_nothing(ranking: object) -> None:
    with pytest.raises(ValueError, match=r"no number|could not convert"):
        document_of(Ranked(), recommendations=rows(1, ranking))


def test_a_weight_without_rows_that_have_it_names_those_to_follow() -> None:
    class ProductCatalogue(Catalogue):
        model = Gadget
        title = Title("name")
        variants = Relation(to="substitutes", weight="stock")

    [(id, message)] = messages(ProductCatalogue)
    assert id == "shopreco.E008"
    assert 'weight="stock")`' in message


def test_a_misspelt_weight_is_found() -> None:
    class ProductCatalogue(Catalogue):
        model = Gadget
        title = Title("name")
        siblings = Relation("parent.variants", to="substitutes", weight="stok")

    assert "Did you mean `stock`?" in messages(ProductCatalogue)[0][1]
