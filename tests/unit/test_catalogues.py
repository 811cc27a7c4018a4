"""Catalogues: what declarations read from objects, and how they check themselves."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import models

from shopreco.catalogues import (
    Attributes,
    Availability,
    Catalogue,
    Category,
    Filter,
    Identifier,
    Language,
    Parent,
    Price,
    Text,
    Title,
    get_catalogue,
)
from shopreco.catalogues.checks import check_catalogue
from shopreco.exceptions import ConfigurationError
from shopreco.text.identifiers import normalise_identifier
from tests.testapp.models import Book, Gadget


class Shelf(Catalogue):
    model = Gadget
    title = Title("name")
    brand = Filter("maker.name", weight=1)
    path = Category()
    attributes = Attributes()
    sku = Identifier()
    price = Price(currency="currency")
    available = Availability("stock")


def _object(**given: Any) -> SimpleNamespace:
    plain = {"pk": 7, "name": "Lamp", "maker": None, "path": "", "attributes": {}, "sku": ""}
    return SimpleNamespace(**plain | {"price": None, "currency": "EUR", "stock": 1} | given)


def test_a_document_holds_what_the_declarations_read() -> None:
    document = Shelf().document(
        _object(
            maker=SimpleNamespace(name="Acme"),
            path="Home > Lighting > Desk lamps",
            attributes={"colour": ["red", "blue"], "wattage": 7.0, "dimmable": True, "x": None},
            sku="AB-12 c",
            price="12.50",
        )
    )
    assert document.title == "Lamp"
    assert document.object_id == "7"
    assert document.facets == {
        "brand": ("Acme",),
        "path": ("Home", "Home > Lighting", "Home > Lighting > Desk lamps"),
        "colour": ("red", "blue"),
        "wattage": ("7",),
        "dimmable": ("yes",),
    }
    assert document.identifiers == ("ab12c", "ab-12 c")
    assert (document.price, document.currency) == (Decimal("12.50"), "EUR")
    assert [part.name for part in document.texts] == ["title", "brand", "path", "attributes", "sku"]
    assert document.passage == "Lamp"


@pytest.mark.parametrize(
    ("stock", "available"), [(0, False), (3, True), (-1, False), (None, False), (True, True)]
)
def test_availability_is_a_boolean_or_a_number_in_stock(stock: object, *, available: bool) -> None:
    assert Shelf().document(_object(stock=stock)).available is available


@pytest.mark.parametrize("price", ["NaN", "Infinity", "twelve", None])
def test_a_price_that_is_no_number_is_no_price(price: object) -> None:
    assert Shelf().document(_object(price=price)).price is None


def test_a_price_may_have_a_fixed_currency() -> None:
    class Fixed(Shelf):
        price = Price(currency="SEK")

    assert Fixed().document(_object(price=1)).currency == "SEK"


def test_a_subclass_inherits_and_replaces_declarations() -> None:
    class Plain(Shelf):
        title = Title("sku")

    assert set(Plain.fields) == set(Shelf.fields)
    assert Plain().document(_object(sku="X1")).title == "X1"


def test_prepare_replaces_what_a_declaration_reads() -> None:
    class Prepared(Shelf):
        def prepare_title(self, obj: Any) -> str:
            return obj.name.upper()

        def prepare_brand(self, obj: Any) -> list[str]:
            return ["One", "Two"]

    document = Prepared().document(_object())
    assert document.title == "LAMP"
    assert document.facets["brand"] == ("One", "Two")


def test_only_the_hash_of_what_changed_changes() -> None:
    before = Shelf().document(_object(price=1)).hashes()
    assert Shelf().document(_object(price=2, stock=9)).hashes() == before
    renamed = Shelf().document(_object(name="Torch")).hashes()
    assert renamed["text"] != before["text"]
    assert renamed["lexical"] != before["lexical"]
    branded = Shelf().document(_object(maker=SimpleNamespace(name="Acme"))).hashes()
    assert branded["text"] == before["text"]
    assert branded["lexical"] != before["lexical"]


def test_variants_share_their_parents_group() -> None:
    class Family(Shelf):
        parent = Parent()

    parent = Family().document(_object(pk=1, parent=None))
    child = Family().document(_object(pk=2, parent=1))
    other = Family().document(_object(pk=3, parent=None))
    assert parent.group_id == child.group_id != other.group_id


def test_identifiers_compare_without_case_and_separators() -> None:
    assert normalise_identifier(" Dcd-771 C2 ") == normalise_identifier("DCD771.c2") == "dcd771c2"


def test_keys_are_read_back_from_text() -> None:
    catalogue = get_catalogue("testapp.gadget")
    gadget = Gadget(name="x")
    assert catalogue.to_pk(str(gadget.pk)) == gadget.pk
    assert catalogue.to_pk("not a uuid") is None
    assert get_catalogue("testapp.book").to_pk("12") == 12


def test_relations_are_derived_from_the_sources() -> None:
    assert get_catalogue("testapp.gadget").relations == ("maker", "tags", "parent")


def test_an_unknown_catalogue_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"testapp\.gadget"):
        get_catalogue("testapp.gizmo")


# Checks


def _messages(catalogue: type[Catalogue]) -> list[tuple[str, str]]:
    return [(m.id or "", f"{m.msg} {m.hint}") for m in check_catalogue(catalogue)]


def test_a_misspelt_source_names_the_field_that_was_meant() -> None:
    class ProductCatalogue(Catalogue):
        model = Gadget
        title = Title("name")
        brand = Filter("makr.name")

    assert _messages(ProductCatalogue) == [
        (
            "shopreco.E011",
            (
                "Catalogue ProductCatalogue: field `makr` not found on testapp.Gadget. "
                "Did you mean `maker`?"
            ),
        )
    ]


def test_the_second_step_of_a_source_is_checked_too() -> None:
    class ProductCatalogue(Catalogue):
        model = Gadget
        title = Title("maker.nam")

    assert "Did you mean `name`?" in _messages(ProductCatalogue)[0][1]


def test_prepare_needs_no_source() -> None:
    class ProductCatalogue(Catalogue):
        model = Gadget
        title = Title()

        def prepare_title(self, obj: Gadget) -> str:
            return obj.name

    assert not _messages(ProductCatalogue)


def test_reindex_on_is_checked() -> None:
    class ProductCatalogue(Catalogue):
        model = Gadget
        title = Title("name")
        reindex_on = ("tag",)

    assert "Did you mean `tags`?" in _messages(ProductCatalogue)[0][1]


def test_a_catalogue_needs_a_model_and_one_title() -> None:
    class Nothing(Catalogue):
        pass

    class Untitled(Catalogue):
        model = Gadget
        text = Text()

    class Twice(Catalogue):
        model = Gadget
        name = Title()
        title = Title("name")

    assert [id for id, _ in _messages(Nothing)] == ["shopreco.E010"]
    assert [id for id, _ in _messages(Untitled)] == ["shopreco.E014"]
    assert [id for id, _ in _messages(Twice)] == ["shopreco.E015"]


def test_keys_that_cannot_be_text_of_255_characters_are_refused() -> None:
    class Composite(models.Model):
        pk = models.CompositePrimaryKey("a", "b")
        a = models.IntegerField()
        b = models.IntegerField()

        class Meta:
            app_label = "testapp_checks"
            managed = False

    class Long(models.Model):
        key = models.CharField(primary_key=True, max_length=300)

        class Meta:
            app_label = "testapp_checks"
            managed = False

    class CompositeCatalogue(Catalogue):
        model = Composite
        title = Title("a")

    class LongCatalogue(Catalogue):
        model = Long
        title = Title("key")

    assert [id for id, _ in _messages(CompositeCatalogue)] == ["shopreco.E012"]
    assert [id for id, _ in _messages(LongCatalogue)] == ["shopreco.E013"]


def test_a_parent_is_of_the_same_model() -> None:
    class ProductCatalogue(Catalogue):
        model = Gadget
        title = Title("name")
        parent = Parent("maker")

    class BookCatalogue(Catalogue):
        model = Book
        title = Title()

    assert [id for id, _ in _messages(ProductCatalogue)] == ["shopreco.E016"]
    assert not _messages(BookCatalogue)


def test_a_catalogue_whose_language_nothing_says_is_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Silent(Catalogue):
        model = Gadget
        title = Title("name")

    class Declared(Silent):
        language = Language("language")

    def warned(catalogue: type[Catalogue]) -> bool:
        return "shopreco.W011" in {message.id for message in check_catalogue(catalogue)}

    assert not warned(Silent)
    stated = settings._wrapped._explicit_settings - {"LANGUAGE_CODE"}
    monkeypatch.setattr(settings._wrapped, "_explicit_settings", stated)
    assert warned(Silent)
    assert not warned(Declared)
