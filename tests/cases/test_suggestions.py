"""Suggestions read what is typed as searches do: without accents, hyphens and case."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from shopreco import services
from tests.helpers.index import GADGET, committed_shop
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db


def suggested(prefix: str) -> list[str]:
    return [each.text for each in services.autocomplete(prefix, catalogue=GADGET)]


def groceries() -> None:
    dairy = Maker.objects.create(name="Häagen-Dazs")
    bakery = Maker.objects.create(name="Ørsted Bakery")
    Gadget.objects.create(name="Vanilla ice cream", maker=dairy)
    Gadget.objects.create(name="Dark chocolate ice cream", maker=dairy)
    Gadget.objects.create(name="Smørrebrød rye bread", maker=bakery)
    Gadget.objects.create(name="Øko oats", maker=bakery)
    Gadget.objects.create(name="Sony WH-1000XM4 headphones")
    Gadget.objects.create(name="Salt & pepper mill")
    Gadget.objects.create(name="Paprika chips")
    Gadget.objects.create(name="Pasta with peanuts")


_shop = committed_shop(groceries)


@pytest.fixture
def shop(_shop: None, db: None) -> None:
    """Indexed once for this file; what a test changes is rolled back."""
    cache.clear()


@pytest.mark.parametrize(
    ("prefix", "text"),
    [
        ("haa", "Häagen-Dazs"),
        ("HÄA", "Häagen-Dazs"),
        ("haagen", "Häagen-Dazs"),
        ("haagen-d", "Häagen-Dazs"),
        ("haagendazs", "Häagen-Dazs"),
        ("ors", "Ørsted Bakery"),
        ("smorre", "Smørrebrød rye bread"),
        ("oko", "Øko oats"),
        ("wh1000", "Sony WH-1000XM4 headphones"),
        ("wh-1000", "Sony WH-1000XM4 headphones"),
        ("ice vanilla", "Vanilla ice cream"),
    ],
)
def test_what_is_typed_without_accents_or_hyphens_is_completed(
    shop: None, prefix: str, text: str
) -> None:
    assert text in suggested(prefix)


@pytest.mark.parametrize("prefix", ["\u0301", "\u200b", "-", "%", "_", "&", "salt -"])
def test_what_has_no_letters_completes_to_nothing_odd(shop: None, prefix: str) -> None:
    assert len(suggested(prefix)) <= 1


def test_words_are_completed_to_what_some_product_has(shop: None) -> None:
    assert suggested("salt and p") == ["salt and pepper", "Salt & pepper mill"]


@pytest.mark.parametrize("prefix", ["vanlila", "vanila", "vnailla"])
def test_a_swap_or_a_slip_in_what_is_typed_is_mended(shop: None, prefix: str) -> None:
    assert "vanilla" in suggested(prefix)
