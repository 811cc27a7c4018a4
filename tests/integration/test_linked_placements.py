"""What goes with a product, replaces it, is an accessory of it: by paths of the graph."""

from __future__ import annotations

from itertools import pairwise, product
from random import Random

import pytest
from django.core.cache import cache
from django.utils import translation

from shopreco import services
from shopreco.answers.results import ResultPage
from shopreco.exceptions import InvalidQuery
from shopreco.models import Edge, EdgeState
from tests.helpers.answers import names
from tests.helpers.gadgets import GOES_TOGETHER, furniture, relate
from tests.helpers.graph import link, node_of
from tests.helpers.index import committed_shop
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(databases=["default", "shop"])


_shop = committed_shop(furniture)


@pytest.fixture
def shop(_shop: dict[str, Gadget], db: None) -> dict[str, Gadget]:
    """Indexed once for this file; what a test changes is rolled back."""
    cache.clear()
    relate(_shop)
    return _shop


def beside(seed: Gadget, placement: str) -> ResultPage:
    page = services.recommend(f"product-{placement}", seed=seed)
    assert page.degraded == {}
    assert page.source == f"product-{placement}"
    return page


def test_an_accessory_is_found_from_its_product_and_goes_with_it(shop: dict[str, Gadget]) -> None:
    page = beside(shop["Oak desk lamp"], "accessory")
    assert names(page) == ["Lamp bulb"]
    assert page.results[0].reasons[0].code == "link_accessory"
    assert names(beside(shop["Lamp bulb"], "accessory")) == []
    assert names(beside(shop["Lamp bulb"], "complementary"))[0] == "Oak desk lamp"


def test_two_links_are_less_sure_than_one(shop: dict[str, Gadget]) -> None:
    page = beside(shop["Oak desk lamp"], "complementary")
    assert names(page) == ["Desk", "Office chair"]
    near, far = (result.parts["graph"] for result in page)
    assert near == pytest.approx(0.7 * 0.9, abs=1e-5)
    assert far == pytest.approx(0.7 * 0.5 * 0.3, abs=1e-5)
    for result in page:
        assert sum(result.parts.values()) == pytest.approx(result.score, abs=1e-5)


def test_what_goes_with_what_can_replace_it_goes_with_it(shop: dict[str, Gadget]) -> None:
    page = beside(shop["Oak floor lamp"], "complementary")
    assert names(page) == ["Desk"]
    reason = page.results[0].reasons[0]
    assert (reason.code, reason.basis) == ("through_complement", "Oak desk lamp")
    assert Edge.objects.filter(source__label=reason.basis, target__label="Desk").exists()


def test_reasons_name_products_in_the_visitors_language(shop: dict[str, Gadget]) -> None:
    for name, chinese in [("Oak desk lamp", "橡木台灯"), ("Oak floor lamp", "橡木落地灯")]:
        Gadget.objects.filter(name=name).update(attributes={"name_zh-hans": chinese})
        shop[name].refresh_from_db()
    with translation.override("zh-hans"):
        (between,) = beside(shop["Oak floor lamp"], "complementary").results[0].reasons[:1]
        (direct,) = beside(shop["Oak desk lamp"], "accessory").results[0].reasons[:1]
    assert (between.text, between.basis) == ("与 橡木台灯 搭配", "橡木台灯")
    assert direct.basis == "橡木台灯"


def test_a_substitute_is_linked(shop: dict[str, Gadget]) -> None:
    link(shop["Oak desk lamp"], "in_category", shop["Bench"])
    link(shop["Garden hose"], "in_category", shop["Bench"])
    assert names(beside(shop["Oak desk lamp"], "substitute")) == ["Oak floor lamp"]


def test_where_nothing_is_linked_the_likest_of_the_category_replaces(
    shop: dict[str, Gadget],
) -> None:
    assert names(beside(shop["Garden hose"], "substitute")) == []
    link(shop["Desk"], "in_category", shop["Bench"])
    link(shop["Garden hose"], "in_category", shop["Bench"])
    cache.clear()
    page = beside(shop["Garden hose"], "substitute")
    assert names(page) == ["Desk"]
    assert page.results[0].source == "dense"


def test_a_rejected_link_leads_nowhere(shop: dict[str, Gadget]) -> None:
    Edge.objects.filter(target=node_of(shop["Desk"])).update(state=EdgeState.REJECTED)
    assert names(beside(shop["Oak desk lamp"], "complementary")) == []


def test_more_paths_to_a_product_make_it_surer(shop: dict[str, Gadget]) -> None:
    before = {r.object.name: r.parts["graph"] for r in beside(shop["Lamp bulb"], "complementary")}
    link(shop["Lamp bulb"], "complements", shop["Desk"], weight=0.4)
    link(shop["Lamp bulb"], "complements", shop["Office chair"], weight=0.4)
    cache.clear()
    page = beside(shop["Lamp bulb"], "complementary")
    after = {r.object.name: r.parts["graph"] for r in page}
    assert after["Desk"] > 0.7 * 0.9 * 0.4 > before.get("Desk", 0.0)
    assert all(a.score >= b.score for a, b in pairwise(page.results))


def test_every_reason_of_a_generated_shop_is_backed_by_an_edge(shop: dict[str, Gadget]) -> None:
    """A dozen random links more; each reason is looked for among the edges."""
    random = Random(7)
    for _ in range(12):
        source, target = random.sample(GOES_TOGETHER, 2)
        code = random.choice(["complements", "substitutes", "accessory_of"])
        ends = {"source": node_of(shop[source]), "target": node_of(shop[target])}
        if not Edge.objects.filter(**ends, relation__code=code).exists():
            link(shop[source], code, shop[target], weight=random.uniform(0.3, 1))
    meaning_of = {
        "complement": {("complements", True), ("complements", False)},
        "substitute": {("substitutes", True), ("substitutes", False)},
        "accessory": {("accessory_of", False)},
        "main": {("accessory_of", True)},
    }
    seen = set()
    for seed, placement in product(shop.values(), ["complementary", "substitute", "accessory"]):
        for result in beside(seed, placement):
            for reason in result.reasons:
                how, _, meaning = reason.code.partition("_")
                if how not in {"link", "through"}:
                    continue
                near = seed if how == "link" else shop[reason.basis]
                assert reason.basis == near.name
                assert any(
                    Edge.objects.filter(
                        relation__code=code,
                        source=node_of(near if outgoing else result.object),
                        target=node_of(result.object if outgoing else near),
                    ).exists()
                    for code, outgoing in meaning_of[meaning]
                ), (seed.name, placement, result.object.name, reason)
                seen.add(how)
    assert seen == {"link", "through"}


def test_an_unknown_placement_is_refused(shop: dict[str, Gadget]) -> None:
    with pytest.raises(InvalidQuery, match="no placement 'product-complimentary'"):
        services.recommend("product-complimentary", seed=shop["Desk"])
