"""The tables of shopreco in a database of their own: installed, filled, asked and steered there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.urls import reverse

from shopreco import services
from shopreco.models import Edge, EmbeddingSpace, Item, Node, RelationType, Run
from tests.helpers.answers import found
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

LISTS = ("item", "run", "embeddingspace", "node", "edge", "relationtype", "visitor")


class SearchRouter:
    """The shop in `default`, shopreco in `shop`."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "shop" if model._meta.app_label == "shopreco" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (app_label == "shopreco") == (db == "shop")


@pytest.fixture
def own_database(settings: LazySettings) -> Iterator[None]:
    """Migrated into a database that has no table of Django's but those of migrations."""
    settings.DATABASE_ROUTERS = [f"{__name__}.SearchRouter"]
    with connections["shop"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'shopreco'")
        cursor.execute("SELECT to_regclass('auth_user'), to_regclass('django_content_type')")
        assert cursor.fetchone() == (None, None)
    call_command("migrate", "shopreco", database="shop", verbosity=0)
    yield
    with connections["shop"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'shopreco_%'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE IF EXISTS {table} CASCADE")


@pytest.fixture
def admin(own_database: None) -> Client:
    maker = Maker.objects.create(name="Northwind")
    for number in range(5):
        Gadget.objects.create(name=f"desk lamp {number}", maker=maker)
    user = get_user_model().objects.create_superuser("ada", password="x")
    client = Client()
    client.force_login(user)
    index()
    return client


def test_a_shop_is_indexed_and_searched(admin: Client) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shopreco_item")
        assert cursor.fetchone() == (0,)
    assert len(found("desk lamp", facets=["*"])) == 5
    assert len(services.recommend(seed=Gadget.objects.earliest("pk"))) == 4
    assert services.autocomplete("nor", catalogue=GADGET)


def test_a_user_starts_a_run_from_the_admin_and_is_named(admin: Client) -> None:
    path = reverse("admin:shopreco_run_start", args=["reindex", GADGET])
    assert admin.get(path).status_code == 200
    response = admin.post(path)
    run = Run.objects.latest("id")
    assert response.status_code == 302
    user = get_user_model().objects.get()
    assert (run.requested_by, run.requested_by_id) == ("ada", str(user.pk))
    entry = LogEntry.objects.using("default").latest("id")
    assert (entry.user, entry.action_flag, entry.object_id) == (user, ADDITION, str(run.pk))
    shown = admin.get(reverse("admin:shopreco_run_changelist"))
    assert "ada" in shown.content.decode()
    assert admin.post(reverse("admin:shopreco_run_cancel", args=[run.pk])).status_code == 302
    assert admin.post(reverse("admin:shopreco_run_resume", args=[run.pk])).status_code == 302


def test_every_page_of_the_admin_answers(admin: Client) -> None:
    for name in LISTS:
        path = reverse(f"admin:shopreco_{name}_changelist")
        for query in ("", "?q=lamp", "?o=1"):
            assert admin.get(path + query).status_code in {200, 302}, path + query
    for model in (Item, Run, EmbeddingSpace, Node, Edge, RelationType):
        row = model._default_manager.first()
        if row is not None:
            path = reverse(f"admin:shopreco_{model._meta.model_name}_change", args=[row.pk])
            assert admin.get(path).status_code == 200, path
            history = path.replace("/change/", "/history/")
            assert admin.get(history).status_code == 200, history


def test_a_decision_on_an_edge_is_logged_where_the_user_lives(admin: Client) -> None:
    edge = Edge.objects.earliest("pk")
    path = reverse("admin:shopreco_edge_changelist")
    before = LogEntry.objects.using("default").count()
    data = {"action": "confirm", "_selected_action": [edge.pk]}
    response = admin.post(path, data, follow=True)
    assert response.status_code == 200
    assert LogEntry.objects.using("default").count() >= before


def test_the_tables_have_no_constraint_to_another_database(own_database: None) -> None:
    with connections["shop"].cursor() as cursor:
        cursor.execute(
            "SELECT confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND "
            "conrelid::regclass::text LIKE 'shopreco_%'"
        )
        assert all(table.startswith("shopreco_") for (table,) in cursor.fetchall())
