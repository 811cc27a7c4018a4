"""What a visitor may not see: no total, facet, suggestion, number or reason gives it away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from shopreco import services
from shopreco.catalogues import (
    Attributes,
    Category,
    Filter,
    Identifier,
    Price,
    Title,
    Visibility,
    VisibleFrom,
    VisibleUntil,
    get_catalogue,
    register,
    unregister,
)
from shopreco.catalogues.base import Catalogue
from shopreco.models import Node, RelationType
from tests.helpers.answers import found
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

PUBLIC = "public"


class TellingCatalogue(Catalogue):
    """Says of each gadget who may see it; its live queryset hides nothing."""

    model = Gadget
    title = Title("name")
    brand = Filter("maker.name", weight=1)
    category = Category("path")
    attributes = Attributes()
    sku = Identifier()
    price = Price(currency="EUR")
    published = Visibility()
    site = Visibility()
    group = Visibility(empty_means_everyone=True)
    begins = VisibleFrom()
    ends = VisibleUntil()

    def prepare_published(self, obj: Gadget) -> bool:
        return obj.stock > 0

    def prepare_site(self, obj: Gadget) -> list[str]:
        return obj.text.split(",") if obj.text else ["1"]

    def prepare_group(self, obj: Gadget) -> object:
        return obj.attributes.get("for")

    def prepare_begins(self, obj: Gadget) -> object:
        return timezone.now() + timedelta(days=obj.attributes.get("in_days", -1))

    def prepare_ends(self, obj: Gadget) -> object:
        return timezone.now() + timedelta(days=obj.attributes.get("until", 9))

    def prepare_attributes(self, obj: Gadget) -> dict[str, Any]:
        # An attribute of the same name must not stand in for what says who may see it.
        return {"published": "yes", "site": "1"}

    def get_visibility(self, request: HttpRequest | None) -> dict[str, Any]:
        asked = request.GET if request is not None else {}
        groups = [asked["group"]] if "group" in asked else []
        return {"published": True, "site": int(asked.get("site", 1)), "group": groups}


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    cache.clear()


@pytest.fixture
def telling() -> Iterator[None]:
    usual = type(get_catalogue(GADGET))
    unregister(GADGET)
    register(TellingCatalogue)
    yield
    unregister(GADGET)
    register(usual)


def visitor(**asked: str) -> HttpRequest:
    return RequestFactory().get("/", asked)


def lamps() -> None:
    """Three that everybody sees, and one, of a brand of its own, that nobody should."""
    for n in range(3):
        Gadget.objects.create(name=f"desk lamp {n}", path="Lamps")


def hidden(**fields: Any) -> Gadget:
    maker = Maker.objects.create(name="Zorblax")
    name = "Quizzlewick prototype lamp"
    return Gadget.objects.create(name=name, sku="SECRET-1", maker=maker, path="Lamps", **fields)


SECRETS = [
    {"stock": 0},
    {"text": "2"},
    {"attributes": {"for": "dealers"}},
    {"attributes": {"in_days": 2}},
    {"attributes": {"until": -1}},
]


def check_nothing_is_told(request: HttpRequest | None = None) -> None:
    for query in ("lamp", "", "Quizzlewick"):
        page = services.search(query, catalogue=GADGET, request=request, facets=["*"])
        assert page.degraded == {}
        assert (page.total, page.total_is_exact) == (len(page), True)
        assert not any("Quizz" in str(result.object) for result in page)
        brands = [v.value for f in page.facets if f.name == "brand" for v in f.values]
        assert brands == []
    for typed in ("quizz", "zorb", "SECRET-1", "quizzlewock"):
        said = services.autocomplete(typed, catalogue=GADGET, request=request)
        assert not any("quizz" in s.text.casefold() for s in said), said
        assert not any(s.text == "Zorblax" for s in said), said


@pytest.mark.parametrize("fields", SECRETS)
def test_what_the_catalogue_says_is_hidden_is_in_no_answer(
    telling: None, fields: dict[str, Any]
) -> None:
    lamps()
    hidden(**fields)
    index()
    check_nothing_is_told()
    assert services.search("SECRET-1", catalogue=GADGET).source != "identifier"


def test_who_may_see_it_does(telling: None) -> None:
    lamps()
    hidden(text="2,3", attributes={"for": "dealers"})
    index()
    assert len(found(request=visitor(site="2"))) == 0
    [seen] = found(request=visitor(site="2", group="dealers"))
    assert seen.startswith("Quizz")
    said = services.autocomplete(
        "zorb", catalogue=GADGET, request=visitor(site="3", group="dealers")
    )
    assert "Zorblax" in [each.text for each in said]
    page = services.search("SECRET-1", catalogue=GADGET, request=visitor(site="3", group="dealers"))
    assert (page.source, page.total) == ("identifier", 1)


def test_a_hook_that_names_what_is_not_declared_shows_nothing(
    telling: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lamps()
    index()
    monkeypatch.setattr(TellingCatalogue, "get_visibility", lambda *_: {"publshed": True})
    page = services.search("lamp", catalogue=GADGET)
    assert (len(page), page.total) == (0, 0)
    assert "publshed" in page.degraded["search"]
    monkeypatch.setattr(TellingCatalogue, "get_visibility", lambda *_: {"brand": []})
    assert found("lamp") == [], "of no brand there is nothing"


def test_a_declaration_that_nothing_uses_is_a_system_check() -> None:
    class Forgetful(Catalogue):
        model = Gadget
        title = Title("name")
        published = Visibility("stock")

    assert [problem.id for problem in Forgetful.check()] == ["shopreco.E019"]
    assert TellingCatalogue.check() == []


def test_a_time_that_is_none_fails_the_item(telling: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TellingCatalogue, "prepare_begins", lambda *_: "soon")
    lamps()
    index()
    assert found() == []


# Where only the live queryset knows


def test_what_only_the_live_queryset_hides_is_in_no_answer() -> None:
    lamps()
    hidden(stock=0)
    index()
    check_nothing_is_told()


def test_a_number_that_nobody_may_see_hides_no_other_answer() -> None:
    lamps()
    hidden(stock=0)
    Gadget.objects.create(name="SECRET 1 lamp stand", path="Lamps")
    index()
    page = services.search("SECRET-1", catalogue=GADGET)
    assert page.source == "hybrid"
    assert "SECRET 1 lamp stand" in [str(result.object) for result in page]


def test_a_total_says_at_least_where_not_all_was_looked_at() -> None:
    Gadget.objects.bulk_create(
        [Gadget(name=f"desk lamp {n}", stock=int(n % 2 == 0)) for n in range(600)]
    )
    index()
    for query in ("", "desk lamp"):
        page = services.search(query, catalogue=GADGET)
        assert not page.total_is_exact
        assert 24 <= page.total <= 300
        assert page.has_more
        page = services.search(query, catalogue=GADGET, facets=["*"])
        assert (page.total, page.total_is_exact) == (300, True)


# Reasons


@pytest.mark.parametrize("known_to", ["the catalogue", "the live queryset"])
def test_a_reason_names_no_product_that_may_not_be_seen(
    known_to: str, request: pytest.FixtureRequest
) -> None:
    if known_to == "the catalogue":
        request.getfixturevalue("telling")
    seed = Gadget.objects.create(name="oak desk")
    between = Gadget.objects.create(name="SECRET unreleased Zorblax lamp", stock=0)
    also_between = Gadget.objects.create(name="brass lamp")
    end = Gadget.objects.create(name="bulb for it")
    index()
    node = {n.key: n for n in Node.objects.filter(kind="item")}
    defaults = {"meaning": "complement", "label": "goes with", "symmetric": True}
    goes, _ = RelationType.objects.get_or_create(code="complements", defaults=defaults)
    services.add_edge(node[str(seed.pk)], goes, node[str(between.pk)])
    services.add_edge(node[str(between.pk)], goes, node[str(end.pk)])
    [shown] = services.recommend("product-complementary", seed=seed)
    assert shown.object == end
    assert not any("SECRET" in reason.text for reason in shown.reasons)
    services.add_edge(node[str(seed.pk)], goes, node[str(also_between.pk)])
    services.add_edge(node[str(also_between.pk)], goes, node[str(end.pk)])
    Gadget.objects.filter(pk=between.pk).update(stock=0)
    cache.clear()
    page = services.recommend("product-complementary", seed=seed)
    texts = [reason.text for result in page for reason in result.reasons]
    assert "Goes with brass lamp" in texts
    assert not any("SECRET" in text for text in texts)


# Blocks


def other_site() -> Gadget:
    """150 of another site, alike to the last word, and five of this one."""
    Gadget.objects.bulk_create(
        [Gadget(name="brass desk lamp with a red shade", path="1", text="2") for _ in range(450)]
    )
    for colour in ("red", "blue", "green", "white", "black"):
        Gadget.objects.create(name=f"brass desk lamp with a {colour} shade", path="2", text="1")
    index()
    return Gadget.objects.filter(path="2").first()  # type: ignore[return-value]  # it was made


def test_a_block_is_full_as_long_as_there_is_something_of_this_site(telling: None) -> None:
    seed = other_site()
    page = services.recommend(seed=seed, limit=4)
    assert {result.object.path for result in page} == {"2"}
    assert len(page) == 4


def test_a_block_is_full_where_only_the_live_queryset_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed = other_site()
    live = lambda *_: Gadget.objects.filter(path="2")  # noqa: E731 (as a shop's method)
    monkeypatch.setattr(get_catalogue(GADGET), "get_live_queryset", live, raising=False)
    assert len(services.recommend(seed=seed, limit=4)) == 4


def test_a_block_takes_the_filters_of_search() -> None:
    seed = other_site()
    page = services.recommend(seed=seed, limit=4, filters={"category": "2"})
    assert {result.object.path for result in page} == {"2"}
    assert len(page) == 4
    assert len(services.recommend(seed=seed, filters={"price_max": 1})) == 0


def test_a_capped_block_goes_on_to_the_next_kind() -> None:
    makers = Maker.objects.bulk_create([Maker(name="Acme"), Maker(name="Bolt")])
    Gadget.objects.bulk_create(
        [Gadget(name="brass desk lamp", maker=makers[0]) for _ in range(300)]
    )
    Gadget.objects.create(name="brass desk lamp, small", maker=makers[1])
    index()
    seed = Gadget.objects.filter(maker=makers[0]).first()
    assert seed is not None
    page = services.recommend(seed=seed, limit=2, max_per={"brand": 1})
    assert {result.object.maker.name for result in page} == {"Acme", "Bolt"}
