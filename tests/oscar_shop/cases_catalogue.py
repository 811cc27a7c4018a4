"""The catalogue of `shopreco.contrib.oscar`, and its system checks."""

from __future__ import annotations

import ast
import re
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from oscar.apps.partner import strategy
from oscar.core.loading import get_model

from devtools.reference.public_api import CONTRIB
from shopreco import services
from shopreco.catalogues import ItemDocument, get_catalogue
from shopreco.contrib.oscar.checks import check_order_of_apps, check_statuses
from tests.helpers.docs import ROOT, code_blocks
from tests.oscar_shop.shop import CATALOGUE, Product, index_changes, titled


def found(query: str, **options: Any) -> list[str]:
    page = services.search(query, catalogue=CATALOGUE, **options)
    assert page.degraded == {}
    return [result.object.get_title() for result in page]


def document_of(product: Any) -> ItemDocument:
    return get_catalogue(CATALOGUE).document(product)


def test_the_checks_of_django_are_content() -> None:
    call_command("check", fail_level="WARNING", tag=["models", "shopreco"])


def test_oscar_needs_no_migration() -> None:
    call_command("makemigrations", "shopreco_oscar", "shopreco", check=True, dry_run=True)


def test_words_categories_numbers_and_attributes_find() -> None:
    assert found("moth")[0] == "Moths at night"
    assert found("nature")[0] == "Atlas of birds"
    assert found("B-2") == ["Moths at night"]
    assert found("0306406152") == ["Atlas of birds"]
    assert found("", filters={"category": "Clothes > Shirts"}) == ["Linen shirt"]
    assert found("", filters={"Language": "German"}) == ["Atlas of birds"]
    assert found("", filters={"product_class": "Shirt"}) == ["Linen shirt"]


def test_options_are_values_one_by_one_and_children_have_those_of_their_parent() -> None:
    for material in ({"Care": "Wash"}, {"Care": "Iron"}, {"Ironed": "yes"}, {"Material": "Linen"}):
        assert found("", filters=material) == ["Linen shirt"]
    assert found("", filters={"Material": "Linen", "Size": "XXL"}) == ["Linen shirt"]


def test_descriptions_are_words_without_the_tags_of_the_editor() -> None:
    birds = titled("Atlas of birds")
    birds.description = "<p>Owls</p><p>larks &amp; wrens</p>"
    (text,) = [each.text for each in document_of(birds).texts if each.name == "description"]
    assert text.split() == ["Owls", "larks", "&", "wrens"]


def test_cards_have_a_small_picture_and_children_that_of_their_parent() -> None:
    shirt, birds = titled("Linen shirt"), titled("Atlas of birds")
    image = shirt.images.create(original="images/shirt.png")
    catalogue = get_catalogue(CATALOGUE)
    for product in (shirt, shirt.children.first()):
        assert catalogue.get_picture(product) == image.original.url
    assert catalogue.get_picture(birds) == ""


def test_what_is_not_public_is_nowhere() -> None:
    assert "Secret moth" not in found("secret moth")


def test_a_child_leads_to_its_parent() -> None:
    (result,) = services.search("S-XXL", catalogue=CATALOGUE)
    assert result.object.get_title() == "Linen shirt"
    assert Product.objects.get(pk=result.variant_id).attr.size == "XXL"
    assert (result.price, result.currency) == (Decimal("34.00"), "GBP")


def test_a_parent_is_sold_from_the_lowest_price_of_its_children() -> None:
    (result,) = services.search("", catalogue=CATALOGUE, filters={"product_class": "Shirt"})
    assert (result.price, result.price_is_lowest) == (Decimal("30.00"), True)


def test_prices_have_the_tax_of_the_strategy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy, "Default", strategy.UK)
    birds = titled("Atlas of birds")
    assert document_of(birds).price == Decimal("30.00")


def test_what_has_no_stock_to_count_can_be_bought() -> None:
    assert "Song of a wren" in found("", filters={"available": True})


def test_a_parent_is_available_while_a_child_is() -> None:
    records = get_model("partner", "StockRecord").objects.filter(partner_sku__startswith="S-")
    assert found("", filters={"available": True, "product_class": "Shirt"}) == ["Linen shirt"]
    for record in records:
        record.num_in_stock = 0
        record.save()
    index_changes()
    assert found("", filters={"available": True, "product_class": "Shirt"}) == []
    for record in records:
        record.num_in_stock = 5
        record.save()
    index_changes()
    assert found("", filters={"available": True, "product_class": "Shirt"}) == ["Linen shirt"]


def test_recommended_products_go_with_it() -> None:
    page = services.recommend("product-complementary", seed=titled("Atlas of birds"))
    assert [result.object.get_title() for result in page] == ["Moths at night"]


def test_a_category_that_is_renamed_is_found_by_its_new_name() -> None:
    category = get_model("catalogue", "Category").objects.get(name="Shirts")
    category.name = "Tops"
    category.save()
    index_changes()
    assert found("tops") == ["Linen shirt"]


def test_a_category_that_is_hidden_says_nothing_of_its_products() -> None:
    category = get_model("catalogue", "Category").objects.get(name="Insects")
    category.is_public = False
    category.save()
    index_changes()
    assert found("", filters={"category": "Books > Nature > Insects"}) == []
    category.is_public = True
    category.save()
    index_changes()
    assert found("", filters={"category": "Books > Nature > Insects"}) == ["Moths at night"]


def test_what_the_how_to_imports_of_us_exists() -> None:
    page = ROOT / "docs" / "how-to" / "django-oscar.md"
    nodes = [node for code in code_blocks(page, "python") for node in ast.walk(ast.parse(code))]
    imports = [
        node for node in nodes if isinstance(node, ast.ImportFrom) and node.module in CONTRIB
    ]
    assert len(imports) == 2
    for node in imports:
        module = import_module(node.module or "")
        assert [each.name for each in node.names if not hasattr(module, each.name)] == []
    named = set(re.findall(r'"(shopreco[\w.]+)",', page.read_text(encoding="utf-8")))
    assert named <= {*settings.INSTALLED_APPS}


def test_a_status_that_no_order_has_is_named() -> None:
    with override_settings(SHOPRECO=settings.SHOPRECO | {"OSCAR": {"PAID_STATUSES": ["Payed"]}}):
        (error,) = check_statuses(None)
    assert "'Payed'" in error.msg
    assert "Paid" in error.hint


def test_an_app_whose_templates_are_not_found_is_named() -> None:
    behind = [each for each in settings.INSTALLED_APPS if each != "shopreco.contrib.oscar"]
    assert check_order_of_apps(None) == []
    with override_settings(INSTALLED_APPS=[*behind, "shopreco.contrib.oscar"]):
        (warning,) = check_order_of_apps(None)
    assert warning.id == "shopreco_oscar.W001"
