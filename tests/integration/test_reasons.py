"""Reasons: why a product stands beside another, each backed by what the graph holds."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.indexing import runs
from shopreco.models import Edge, EdgeState, Provenance, RelationType
from shopreco.models.relations import DEFAULT_RELATIONS
from shopreco.retrieval.results import Reason, ResultPage
from tests.helpers.graph import node_of
from tests.testapp.models import Gadget, Maker, Tag

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

GADGET = "testapp.gadget"
# Tests that commit leave no rows of migrations behind.
ACCESSORY_OF = next(each for each in DEFAULT_RELATIONS if each.code == "accessory_of")


@pytest.fixture
def shop() -> dict[str, Gadget]:
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
    services.run_inline(runs.start(get_catalogue(GADGET)))
    return {gadget.name: gadget for gadget in Gadget.objects.all()}


def beside(seed: Gadget) -> dict[str, tuple[Reason, ...]]:
    page: ResultPage = services.recommend(seed=seed)
    assert page.degraded == {}
    return {result.object.name: result.reasons for result in page}


def test_what_two_products_share_is_a_reason(shop: dict[str, Gadget]) -> None:
    found = beside(shop["Oak desk lamp"])
    assert [r.code for r in found["Oak floor lamp"]] == ["same_material"]
    assert found["Oak floor lamp"][0].anchor == "oak"
    assert [r.code for r in found["Steel desk lamp"]] == ["same_brand"]
    assert found["Brass table lamp"] == ()


def test_every_reason_is_backed_by_edges_of_both(shop: dict[str, Gadget]) -> None:
    for seed in shop.values():
        for name, reasons in beside(seed).items():
            for reason in reasons:
                relation = f"has_{reason.code.removeprefix('same_')}"
                for one in (seed, shop[name]):
                    assert Edge.objects.filter(
                        source=node_of(one), relation__code=relation, target__label=reason.anchor
                    ).exists(), (seed.name, name, reason)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_yes_and_a_raw_key_are_no_reasons(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"material": "Yes", "waterproof": True, "style_general": "Hoodie", "strap_bags": "Wide"}
    tag = Tag.objects.create(name="rug")
    for name in ("Oak desk lamp", "Oak floor lamp"):
        Gadget.objects.create(name=name, attributes={**said, "fit": "Slim"}).tags.add(tag)
    words = {"fit": "Cut"}
    shop = type(get_catalogue(GADGET))
    plain = shop.get_facet_label
    monkeypatch.setattr(
        shop, "get_facet_label", lambda self, name: words.get(name) or plain(self, name)
    )
    services.run_inline(runs.start(get_catalogue(GADGET)))
    with translation.override(language):
        found = beside(Gadget.objects.get(name="Oak desk lamp"))["Oak floor lamp"]
    assert [reason.code for reason in found] == ["same_fit"], "of all the one with words of its own"


def test_a_rejected_edge_is_no_reason(shop: dict[str, Gadget]) -> None:
    edge = Edge.objects.get(source=node_of(shop["Oak floor lamp"]), target__label="oak")
    edge.state = EdgeState.REJECTED
    edge.save()
    assert beside(shop["Oak desk lamp"])["Oak floor lamp"] == ()


def test_a_link_says_what_it_means_from_either_side(shop: dict[str, Gadget]) -> None:
    lamp, bulb = shop["Oak desk lamp"], shop["Lamp bulb"]
    Edge.objects.create(
        source=node_of(bulb),
        relation=RelationType.objects.create(**ACCESSORY_OF._asdict()),
        target=node_of(lamp),
        provenance=Provenance.CURATED,
    )
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
    from shopreco.blocks import render_block

    seed = shop["Oak desk lamp"]
    page = services.recommend(seed=seed)
    assert "Same material: oak" in render_block(page, "product-similar-x", seed, None)
    settings.SHOPRECO = {**settings.SHOPRECO, "SHOW_REASONS": False}
    assert "Same material" not in render_block(page, "product-similar-x", seed, None)


def test_the_first_run_reads_values_in_texts() -> None:
    for name in ("Side table", "Bench"):
        Gadget.objects.create(name=name, attributes={"material": "walnut"})
    said = Gadget.objects.create(name="Walnut desk lamp")
    run = services.run_inline(runs.start(get_catalogue(GADGET)))
    edge = Edge.objects.get(source=node_of(said), target__label="walnut")
    assert edge.provenance == Provenance.EXTRACTED
    assert run.state == "done"
    assert run.encoded == 3, "once each"
