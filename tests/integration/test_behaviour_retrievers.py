"""What behaviour says, on the page: variants, hidden products, filters, and readiness."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from shopreco import services
from shopreco.models import Event, ItemStatistic, MiningCursor, Placement
from shopreco.queries.conditions import Condition, Filters
from shopreco.retrieval.base import RETRIEVERS, Context
from shopreco.stages import StageLog
from tests.helpers.gadgets import furniture, shirts
from tests.helpers.graph import link
from tests.helpers.index import GADGET, active_space, index, item_of
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True)


def found(name: str, seed: Gadget | None = None, *conditions: Condition, k: int = 100) -> list[str]:
    filters = Filters({str(n): each for n, each in enumerate(conditions)})
    context = Context(
        active_space(), filters, StageLog(), seed=item_of(seed).pk if seed is not None else None
    )
    ids = RETRIEVERS.get(name).retrieve(context, k).item_ids.tolist()
    names = {item_of(gadget).pk: gadget.name for gadget in Gadget.objects.all()}
    return [names[item_id] for item_id in ids]


def popular(gadget: Gadget, popularity: float, trending: float = 0) -> None:
    ItemStatistic.objects.create(
        catalogue=GADGET,
        group_id=item_of(gadget).group_id,
        popularity=popularity,
        trending=trending,
    )


def test_the_most_popular_come_first_and_each_variant_may_stand_for_its_product() -> None:
    first, second = shirts()[:2]
    index()
    popular(first, 0.5)
    popular(second, 1.0, trending=2)
    names = found("popular")
    assert names[0] == second.name
    assert len(names) == 10
    assert {name.rsplit(" ", 1)[0] for name in names[1:5]} == {second.name}
    assert found("trending")[0] == second.name
    assert first.name not in found("trending")
    few = Condition("i.title LIKE %s", ("% xl",))
    assert found("popular", None, few, k=2) == [f"{second.name} xl", f"{first.name} xl"]


def test_what_is_not_popular_or_gone_is_not_found() -> None:
    shop = furniture()
    index()
    popular(shop["Desk"], 0)
    popular(shop["Bench"], 1)
    assert found("popular") == ["Bench"]
    shop["Bench"].retired = True
    shop["Bench"].save()
    index()
    assert found("popular") == []


def test_relations_are_followed_alone_and_in_their_direction() -> None:
    shop = furniture()
    index()
    desk, chair, lamp, bench = (
        shop[name] for name in ("Desk", "Office chair", "Oak desk lamp", "Bench")
    )
    link(desk, "bought_together", chair, weight=0.9)
    link(lamp, "bought_together", desk, weight=0.5)
    link(desk, "also_viewed", bench)
    link(desk, "complements", shop["Lamp bulb"])
    rejected = link(desk, "bought_together", bench)
    rejected.state = "rejected"
    rejected.save()
    assert found("bought-together", desk) == ["Office chair", "Oak desk lamp"]
    assert found("bought-together", chair) == ["Desk"]
    assert found("also-viewed", desk) == ["Bench"]
    assert found("also-viewed", bench) == []
    assert found("bought-together", bench) == []


def test_an_edge_of_a_product_is_one_of_its_variants() -> None:
    first, second, third = shirts()[:3]
    index()
    link(first, "bought_together", second)
    small = Gadget.objects.get(parent=first, name__endswith=" s")
    names = found("bought-together", small)
    assert names[0] == second.name
    assert len(names) == 5
    assert found("bought-together", third) == []


def test_a_block_shows_what_is_bought_together_and_nothing_that_is_hidden() -> None:
    shop = furniture()
    index()
    for name in ("Office chair", "Bench", "Garden hose"):
        link(shop["Desk"], "bought_together", shop[name])
    Placement.objects.create(
        name="together", title="Together", sources=["bought-together"], fallback=["dense"]
    )
    Gadget.objects.filter(name="Bench").update(stock=0)
    services.forget_placements()
    page = services.recommend("together", seed=shop["Desk"], limit=4)
    assert {result.object.name for result in page} == {"Office chair", "Garden hose"}


# Readiness


def told(name: str, n: int = 1, **fields: Any) -> None:
    for _ in range(n):
        services.track(name, fields.pop("items", ["1"]), catalogue=GADGET, **fields)


def test_readiness_says_how_much_data_there_is_and_what_fills_the_block_instead() -> None:
    Placement.objects.create(
        name="together", title="Together", sources=["bought-together", "dense"], fallback=["visual"]
    )
    services.forget_placements()
    found = services.data_readiness(GADGET)
    by_source = {each.source.source: each for each in found.blocks}
    assert {*by_source} == {"bought-together", "also-viewed", "popular", "trending"}
    together = by_source["bought-together"]
    assert (together.placement, together.source.unit) == ("together", "orders")
    assert (together.source.has, together.source.needs) == (0, 1_000)
    assert not together.source.is_ready
    assert together.instead == ("dense", "visual")
    assert found.faults.mined_at is None


def test_readiness_names_what_is_wrong_with_the_events() -> None:
    now = timezone.now()
    told("newsletter_signup", 2)
    for page in ("p1", "p2", "p3"):
        told("view_item", page=page, sender="shopreco.js")
        told("view_item", page=page, sender="gtm.js")
    told("purchase", transaction_id="1")
    told("purchase", transaction_id="2")
    Event.objects.filter(transaction_id="2").update(source="browser")
    MiningCursor.objects.create(catalogue=GADGET, unknown_items=7, mined_at=now - timedelta(1))
    readiness = services.data_readiness(GADGET)
    faults = readiness.faults
    assert faults.unknown_names == {"newsletter_signup": 2}
    [twice] = readiness.double_senders
    assert (twice.name, twice.senders, twice.events) == ("view_item", ("gtm.js", "shopreco.js"), 3)
    assert (faults.browser_purchases, faults.unknown_items) == (1, 7)
    assert services.data_readiness("testapp.book").faults.unknown_names == {}


def test_the_admin_has_a_page_of_it() -> None:
    told("newsletter_signup")
    user = User.objects.create_user("keeper", password="pw", is_staff=True)
    client = Client()
    client.force_login(user)
    url = "/admin/shopreco/visitor/readiness/"
    assert client.get(url).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_visitor"))
    page = client.get(url).content.decode()
    assert "0 of 1,000 orders" in page
    assert "newsletter_signup" in page
    assert "Events were never mined" in page
