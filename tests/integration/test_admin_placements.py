"""Placements are rows: what is changed in the admin is what the blocks of the shop show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from demo_shop.models import Product
from shopreco import services
from shopreco.models import Placement
from shopreco.models.placements import DEFAULT_PLACEMENTS, DefaultPlacement
from tests.helpers.demo import CATALOGUE

pytestmark = pytest.mark.usefixtures("shop")

LIST = "admin:shopreco_placement_changelist"
SIMILAR = "product-similar"


@pytest.fixture(autouse=True)
def first_rows() -> None:
    """As the migration adds them: tests that commit leave no rows of migrations behind."""
    Placement.objects.all().delete()
    added = {
        code.__name__: code
        for _name, migration in sorted(MigrationLoader(connection).disk_migrations.items())
        for operation in migration.operations
        if (code := getattr(operation, "code", None)) and code.__name__.endswith("_placements")
    }
    assert list(added) == ["add_first_placements", "add_further_placements"]
    with connection.schema_editor() as editor:
        for add in added.values():
            add(apps, editor)
    services.forget_placements()


def row(name: str = SIMILAR) -> Placement:
    return Placement.objects.get(name=name)


def seed() -> Product:
    return Product.objects.get(sku="AL-0001")


def form(placement: Placement | None = None, **changed: Any) -> dict[str, Any]:
    """What a browser posts of a row's form, with some of it changed."""
    row = placement or Placement()
    values: dict[str, Any] = {
        "name": row.name,
        "catalogue": row.catalogue,
        "title": row.title,
        "title_zh": row.title_zh,
        "anchors": row.anchors,
        "hides_owned": row.hides_owned,
        "is_active": row.is_active,
        "sources": row.sources,
        "fallback": row.fallback,
        "excluded": row.excluded,
        "filters": row.filters,
        "max_per": row.max_per,
        "diversity": row.diversity,
        **changed,
    }
    for field in ("is_active", "hides_owned"):
        if not values[field]:
            del values[field]
    for field in ("sources", "fallback"):
        values |= {f"{field}_{n}": name for n, name in enumerate(values.pop(field))}
    for field in ("filters", "max_per"):
        if not isinstance(values[field], str):
            values[field] = json.dumps(values[field])
    return values


def change(client: Client, placement: Placement, **changed: Any) -> Any:
    address = reverse("admin:shopreco_placement_change", args=[placement.pk])
    return client.post(address, form(placement, **changed), follow=True)


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def logged(flag: int) -> list[str]:
    found = LogEntry.objects.filter(action_flag=flag, content_type__model="placement")
    return list(found.values_list("object_repr", flat=True))


def brands(page: services.ResultPage) -> set[str]:
    return {result.object.brand.name for result in page if result.object.brand}


def test_the_blocks_that_are_always_there_are_the_first_rows(admin_client: Client) -> None:
    listed = ("sources", "excluded", "fallback")
    rows = {
        DefaultPlacement(
            **{
                field: tuple(getattr(row, field)) if field in listed else getattr(row, field)
                for field in DefaultPlacement._fields
            }
        )
        for row in Placement.objects.all()
    }
    assert rows == set(DEFAULT_PLACEMENTS)
    page = admin_client.get(reverse(LIST)).text
    assert all(row.name in page for row in rows)
    current = [tab.label for tab in admin_client.get(reverse(LIST)).context["tabs"] if tab.current]
    assert current == ["Placements"]


def test_sources_are_named_in_an_owners_words(admin_client: Client) -> None:
    listed = reverse("admin:shopreco_placement_changelist")
    assert "goes with it (complements)" in admin_client.get(listed).content.decode()
    headers = {"accept-language": "zh-hans"}
    assert "goes with it" not in admin_client.get(listed, headers=headers).content.decode()


def test_a_changed_row_changes_its_block(admin_client: Client) -> None:
    assert brands(services.recommend(seed=seed())) == {"Fennel", "Marlow"}
    response = change(
        admin_client,
        row(),
        filters={"brand": ["Marlow"]},
        title="More of this",
        catalogue=CATALOGUE,
    )
    assert "within some seconds" in response.text
    page = services.recommend(seed=seed())
    assert brands(page) == {"Marlow"}
    assert "More of this" in services.render_block(page, SIMILAR, seed(), None)
    assert logged(CHANGE) == [f"{SIMILAR} ({CATALOGUE})"]


def test_what_a_row_caps_holds_for_the_tag_and_the_api_too(client: Client) -> None:
    Placement.objects.filter(name=SIMILAR).update(max_per={"brand": 1})
    services.forget_placements()
    address = reverse("shopreco:similar", args=[seed().pk])
    found = client.get(address).json()["results"]
    template = '{% load shopreco %}{% recommendations product "product-similar" as page %}'
    context = Context({"product": seed()})
    Template(template).render(context)
    ids = [result["id"] for result in found]
    assert len(Product.objects.filter(pk__in=ids, brand__name="Fennel")) == 1
    assert [result.object_id for result in context["page"]] == ids


def test_a_block_that_is_switched_off_is_empty(admin_client: Client) -> None:
    assert services.recommend(seed=seed()).results
    change(admin_client, row(), is_active=False)
    page = services.recommend(seed=seed())
    assert (page.results, page.degraded) == ((), {})


def test_a_deleted_row_is_the_default_again(admin_client: Client) -> None:
    change(admin_client, row(), sources=["accessories"])
    assert not services.recommend(seed=seed()).results
    address = reverse("admin:shopreco_placement_delete", args=[row().pk])
    response = admin_client.post(address, {"post": "yes"}, follow=True)
    assert "Reset to the default: product-similar." in response.text
    assert services.recommend(seed=seed()).results
    assert logged(DELETION) == [SIMILAR]


def test_a_block_of_an_own_name_is_served_with_its_title(admin_client: Client) -> None:
    added = form(
        name="my-block",
        title="Picked for you",
        sources=["complements", "dense"],
        max_per={"brand": 1},
        catalogue=CATALOGUE,
    )
    response = admin_client.post(reverse("admin:shopreco_placement_add"), added, follow=True)
    assert response.redirect_chain, errors(response)
    assert row("my-block").sources == ["complements", "dense"]
    page = services.recommend("my-block", seed=seed())
    named = [each.object.brand.name for each in page if each.object.brand]
    assert sorted(named) == ["Fennel", "Marlow"]
    html = Template('{% load shopreco %}{% recommendations product "my-block" %}').render(
        Context({"product": seed()})
    )
    assert "Picked for you" in html
    assert page.results[0].object.title in html
    assert logged(ADDITION) == [f"my-block ({CATALOGUE})"]
    assert "my-block" in services.placements(CATALOGUE)


def test_a_title_is_in_the_language_of_the_visitor(admin_client: Client) -> None:
    change(admin_client, row(), title="More of this", title_zh="更多")
    page = services.recommend(seed=seed())
    assert "More of this" in services.render_block(page, SIMILAR)
    with override("zh-hans"):
        assert "更多" in services.render_block(page, SIMILAR)
    change(admin_client, row(), title="More of this", title_zh="")
    with override("zh-hans"):
        assert "More of this" in services.render_block(page, SIMILAR)


def test_what_a_block_is_about_is_chosen(admin_client: Client) -> None:
    change(admin_client, row(), anchors="nothing", sources=["newest"], hides_owned=True)
    page = services.recommend(SIMILAR)
    assert page.is_personal
    assert page.results[0].source == "newest"


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"sources": []}, "sources", "required"),
        ({"sources": ["dens"]}, "sources", "dens"),
        ({"sources": ["hybrid"]}, "sources", "hybrid"),
        ({"sources": ["dense", "dense"]}, "sources", "“dense” is there twice."),
        ({"fallback": ["dense"]}, "fallback", "“dense” is there twice."),
        ({"excluded": ["nonsense"]}, "excluded", "nonsense"),
        ({"filters": "{brand"}, "filters", "valid JSON"),
        ({"filters": "[]"}, "filters", "by name"),
        ({"filters": {"price_min": "cheap"}}, "filters", "must be a number"),
        ({"max_per": {"brand": 0}}, "max_per", "above zero"),
        ({"max_per": {"brand": "two"}}, "max_per", "above zero"),
        ({"max_per": {f"facet {n}": 1 for n in range(6)}}, "max_per", "up to 5"),
        ({"anchors": "the moon"}, "anchors", "not one of the available choices"),
        ({"diversity": 2}, "diversity", "less than or equal to 1"),
        ({"catalogue": "demo_shop.brand"}, "catalogue", "demo_shop.brand"),
        ({"name": "product-accessory"}, "__all__", "already exists"),
    ],
)  # fmt: skip
def test_what_would_not_work_is_refused_where_it_stands(
    admin_client: Client, changed: dict[str, Any], field: str, said: str
) -> None:
    before = Placement.objects.filter(name=SIMILAR).values().get()
    found = errors(change(admin_client, row(), **changed))
    assert list(found) == [field]
    assert said in " ".join(found[field])
    assert Placement.objects.filter(name=SIMILAR).values().get() == before


def test_a_filter_that_another_catalogue_lacks_needs_a_catalogue(admin_client: Client) -> None:
    """A row of every catalogue has to hold for each."""
    found = errors(change(admin_client, row(), filters={"category": ["Lamps"]}))
    assert list(found) == ["filters"]
    assert "is not a filter of" in " ".join(found["filters"])
    response = change(admin_client, row(), filters={"category": ["Lamps"]}, catalogue=CATALOGUE)
    assert response.redirect_chain


def test_a_source_that_is_gone_is_shown_and_named(admin_client: Client) -> None:
    Placement.objects.filter(name=SIMILAR).update(sources=["behaviour", "dense"])
    address = reverse("admin:shopreco_placement_change", args=[row().pk])
    assert "behaviour" in admin_client.get(address).text
    found = errors(change(admin_client, row()))
    assert "There is no retriever “behaviour” for blocks." in " ".join(found["sources"])


def test_who_may_look_sees_rows_and_changes_none(client: Client) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_placement"))
    client.force_login(clerk)
    address = reverse("admin:shopreco_placement_change", args=[row().pk])
    shown = client.get(address)
    assert shown.status_code == 200
    assert 'name="sources_0"' not in shown.text
    assert client.post(address, form(row(), title="Mine")).status_code == 403
    clerk.user_permissions.clear()
    assert client.get(reverse(LIST)).status_code == 403
