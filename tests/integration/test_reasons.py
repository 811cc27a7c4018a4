"""Reasons: why a product stands beside another, each backed by what the graph holds."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.utils import translation

from shopreco import services
from shopreco.answers.results import Reason, ResultPage
from shopreco.models import Edge, EdgeState
from tests.helpers.graph import link, node_of
from tests.helpers.index import committed_shop
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(databases=["default", "shop"])


def lamps() -> dict[str, Gadget]:
    """Lamps of two brands and three materials, and a bulb."""
    acme, bolt = (Maker.objects.create(name=name) for name in ("Acme", "Bolt"))
    made = [
        ("Oak desk lamp", acme, "oak"),
        ("Oak floor lamp", bolt, "oak"),
        ("Steel desk lamp", acme, "steel"),
        ("Brass table lamp", bolt, "brass"),
        ("Lamp bulb", bolt, "glass"),
    ]
    for name, maker, material in made:
        Gadget.objects.create(name=name, maker=maker, attributes={"material": material})
    return {gadget.name: gadget for gadget in Gadget.objects.all()}


_shop = committed_shop(lamps)


@pytest.fixture
def shop(_shop: dict[str, Gadget], db: None) -> dict[str, Gadget]:
    """Indexed once for this file; what a test changes is rolled back."""
    cache.clear()
    return _shop


def beside(seed: Gadget) -> dict[str, tuple[Reason, ...]]:
    page: ResultPage = services.recommend(seed=seed)
    assert page.degraded == {}
    return {result.object.name: result.reasons for result in page}


def test_what_two_products_share_is_a_reason(shop: dict[str, Gadget]) -> None:
    found = beside(shop["Oak desk lamp"])
    assert [r.code for r in found["Oak floor lamp"]] == ["same_material"]
    assert found["Oak floor lamp"][0].basis == "oak"
    assert [r.code for r in found["Steel desk lamp"]] == ["same_brand"]
    assert found["Brass table lamp"] == ()


def test_every_reason_is_backed_by_edges_of_both(shop: dict[str, Gadget]) -> None:
    for seed in shop.values():
        for name, reasons in beside(seed).items():
            for reason in reasons:
                relation = f"has_{reason.code.removeprefix('same_')}"
                for one in (seed, shop[name]):
                    assert Edge.objects.filter(
                        source=node_of(one), relation__code=relation, target__label=reason.basis
                    ).exists(), (seed.name, name, reason)


def test_a_rejected_edge_is_no_reason(shop: dict[str, Gadget]) -> None:
    edge = Edge.objects.get(source=node_of(shop["Oak floor lamp"]), target__label="oak")
    edge.state = EdgeState.REJECTED
    edge.save()
    assert beside(shop["Oak desk lamp"])["Oak floor lamp"] == ()


def test_a_link_says_what_it_means_from_either_side(shop: dict[str, Gadget]) -> None:
    lamp, bulb = shop["Oak desk lamp"], shop["Lamp bulb"]
    link(bulb, "accessory_of", lamp)
    assert beside(lamp)["Lamp bulb"][0].code == "link_accessory"
    assert beside(bulb)["Oak desk lamp"][0].code == "link_main"


def test_reasons_speak_the_visitors_language(shop: dict[str, Gadget]) -> None:
    with translation.override("en"):
        english = beside(shop["Oak desk lamp"])["Oak floor lamp"][0].text
    with translation.override("zh-hans"):
        chinese = beside(shop["Oak desk lamp"])["Oak floor lamp"][0].text
    assert english == "Same material: oak"
    assert "材质" in chinese
    assert "Same" not in chinese


def test_the_block_shows_them_unless_a_setting_hides_them(
    shop: dict[str, Gadget], settings: Any
) -> None:
    from shopreco.answers.blocks import render_block

    seed = shop["Oak desk lamp"]
    page = services.recommend(seed=seed)
    assert "Same material: oak" in render_block(page, "product-similar-x", seed, None)
    settings.SHOPRECO = {**settings.SHOPRECO, "SHOW_REASONS": False}
    assert "Same material" not in render_block(page, "product-similar-x", seed, None)
