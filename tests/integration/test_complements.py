"""A block of what goes with a product never shows what could be bought instead of it."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from shopreco import services
from shopreco.models import Edge, EdgeState, Item, Placement
from tests.helpers.answers import names
from tests.helpers.gadgets import furniture
from tests.helpers.graph import link, node_of
from tests.helpers.index import committed_shop, item_of
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(databases=["default", "shop"])


_shop = committed_shop(furniture)


@pytest.fixture
def shop(_shop: dict[str, Gadget], db: None) -> dict[str, Gadget]:
    """A lamp stands on a desk, at which a chair and a bench stand: each two links from the lamp."""
    cache.clear()
    link(_shop["Oak desk lamp"], "complements", _shop["Desk"])
    for other in ("Office chair", "Bench", "Oak floor lamp"):
        link(_shop["Desk"], "complements", _shop[other])
    return _shop


def beside(seed: Gadget, block: str = "complementary") -> set[str]:
    cache.clear()
    page = services.recommend(f"product-{block}", seed=seed)
    assert page.degraded == {}
    return set(names(page))


def same_category(shop: dict[str, Gadget], *products: str) -> None:
    """The garden hose stands in for a category."""
    for name in products:
        link(shop[name], "in_category", shop["Garden hose"])


def test_without_a_word_against_it_what_goes_with_a_complement_is_shown(
    shop: dict[str, Gadget],
) -> None:
    assert beside(shop["Oak desk lamp"]) == {"Desk", "Office chair", "Bench", "Oak floor lamp"}


@pytest.mark.parametrize("turned", [False, True])
def test_a_linked_substitute_that_two_links_lead_to_is_not_shown(
    shop: dict[str, Gadget], turned: bool
) -> None:
    pair = [shop["Oak desk lamp"], shop["Oak floor lamp"]]
    source, target = reversed(pair) if turned else pair
    link(source, "substitutes", target)
    assert beside(shop["Oak desk lamp"]) == {"Desk", "Office chair", "Bench"}


def test_what_replaces_a_substitute_is_not_shown(shop: dict[str, Gadget]) -> None:
    link(shop["Oak desk lamp"], "substitutes", shop["Lamp bulb"])
    link(shop["Lamp bulb"], "substitutes", shop["Oak floor lamp"])
    assert beside(shop["Oak desk lamp"]) == {"Desk", "Office chair", "Bench"}


def test_a_product_of_the_same_category_that_two_links_lead_to_is_not_shown(
    shop: dict[str, Gadget],
) -> None:
    same_category(shop, "Oak desk lamp", "Oak floor lamp")
    assert beside(shop["Oak desk lamp"]) == {"Desk", "Office chair", "Bench"}


def test_a_direct_complement_of_the_same_category_is_shown(shop: dict[str, Gadget]) -> None:
    same_category(shop, "Oak desk lamp", "Oak floor lamp", "Desk")
    assert beside(shop["Oak desk lamp"]) == {"Desk", "Office chair", "Bench"}
    link(shop["Oak floor lamp"], "complements", shop["Oak desk lamp"], weight=0.1)
    assert "Oak floor lamp" in beside(shop["Oak desk lamp"])


def test_a_product_of_which_it_is_an_accessory_is_shown_in_the_same_category(
    shop: dict[str, Gadget],
) -> None:
    link(shop["Lamp bulb"], "accessory_of", shop["Oak desk lamp"])
    same_category(shop, "Lamp bulb", "Oak desk lamp")
    assert "Oak desk lamp" in beside(shop["Lamp bulb"])


def test_a_linked_substitute_that_is_also_a_direct_complement_is_not_shown(
    shop: dict[str, Gadget],
) -> None:
    link(shop["Oak desk lamp"], "complements", shop["Oak floor lamp"])
    assert "Oak floor lamp" in beside(shop["Oak desk lamp"])
    link(shop["Oak desk lamp"], "substitutes", shop["Oak floor lamp"], weight=0.1)
    assert "Oak floor lamp" not in beside(shop["Oak desk lamp"])


def test_a_rejected_substitute_is_none(shop: dict[str, Gadget]) -> None:
    link(shop["Oak desk lamp"], "substitutes", shop["Oak floor lamp"])
    of_both = Edge.objects.filter(source=node_of(shop["Oak desk lamp"]))
    of_both.filter(relation__code="substitutes").update(state=EdgeState.REJECTED)
    assert "Oak floor lamp" in beside(shop["Oak desk lamp"])


def test_a_rejected_complement_of_the_same_category_is_not_shown(shop: dict[str, Gadget]) -> None:
    same_category(shop, "Oak desk lamp", "Oak floor lamp")
    said = link(shop["Oak floor lamp"], "complements", shop["Oak desk lamp"])
    Edge.objects.filter(pk=said.pk).update(state=EdgeState.REJECTED)
    assert "Oak floor lamp" not in beside(shop["Oak desk lamp"])


def test_variants_of_what_replaces_it_are_not_shown_either(shop: dict[str, Gadget]) -> None:
    """A group goes with its product, whichever of its variants a link leads to."""
    link(shop["Oak desk lamp"], "substitutes", shop["Oak floor lamp"])
    group = item_of(shop["Oak floor lamp"]).group_id
    Item.objects.filter(pk=item_of(shop["Bench"]).pk).update(group_id=group)
    assert "Bench" not in beside(shop["Oak desk lamp"])


def test_a_block_is_filled_with_others_in_their_place(shop: dict[str, Gadget]) -> None:
    link(shop["Oak desk lamp"], "complements", shop["Oak floor lamp"])
    link(shop["Oak desk lamp"], "substitutes", shop["Oak floor lamp"])
    page = services.recommend("product-complementary", seed=shop["Oak desk lamp"], limit=3)
    assert set(names(page)) == {"Desk", "Office chair", "Bench"}


def test_other_blocks_show_what_they_showed(shop: dict[str, Gadget]) -> None:
    blocks = ("similar", "accessory")
    link(shop["Lamp bulb"], "accessory_of", shop["Oak desk lamp"])
    before = [beside(shop["Oak desk lamp"], block) for block in blocks]
    link(shop["Oak desk lamp"], "substitutes", shop["Oak floor lamp"])
    same_category(shop, "Oak desk lamp", "Lamp bulb")

    assert [beside(shop["Oak desk lamp"], block) for block in blocks] == before
    assert "Oak floor lamp" in before[0]
    assert before[1] == {"Lamp bulb"}
    assert beside(shop["Oak desk lamp"], "substitute") == {"Oak floor lamp"}


def test_a_row_of_the_admin_may_say_otherwise(shop: dict[str, Gadget]) -> None:
    link(shop["Oak desk lamp"], "substitutes", shop["Oak floor lamp"])
    Placement.objects.create(name="product-any", sources=["complements"])
    assert "Oak floor lamp" in beside(shop["Oak desk lamp"], "any")
