"""Reads that go to a replica: answers come from it however far it lags, and decide nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import reverse

from shopreco import services
from shopreco.models import EmbeddingSpace, Run, SpaceState
from tests.helpers.answers import found
from tests.helpers.index import GADGET, drain, index
from tests.helpers.shoppers import CONSENT, Shopper
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop", "replica"])


class ReplicaRouter:
    """The usual one: reads to the replica, writes to the primary."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, *args: Any, **hints: Any) -> bool:
        return True


@pytest.fixture
def replicate(settings: LazySettings) -> Iterator[Callable[[], None]]:
    """`replicate()`: from now on reads go to a replica that has all until now, and no more."""
    name = f"{connection.settings_dict['NAME']}_replica"

    def execute(*statements: str) -> None:
        with connections["shop"].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def close() -> None:
        for each in connections.all(initialized_only=True):
            if each.alias in {"default", "replica"}:
                each.close()

    def replicate() -> None:
        close()
        execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
            f"WHERE datname = '{connection.settings_dict['NAME']}'",
            f'CREATE DATABASE "{name}" TEMPLATE "{connection.settings_dict["NAME"]}"',
        )
        connections["replica"].settings_dict["NAME"] = name
        settings.DATABASE_ROUTERS = [f"{__name__}.ReplicaRouter"]

    yield replicate
    close()
    settings.DATABASE_ROUTERS = []
    connections["replica"].settings_dict["NAME"] = connection.settings_dict["NAME"]
    execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def fill() -> None:
    for number in range(4):
        Gadget(name=f"desk lamp {number}").save()
    index()


def test_answers_are_the_replicas(replicate: Callable[[], None]) -> None:
    fill()
    replicate()
    Gadget(name="desk lamp 4").save()
    drain()
    for _ in range(2):
        page = services.search("desk lamp", catalogue=GADGET, facets=["*"])
        assert (page.total, page.degraded) == (4, {})
        assert len(services.recommend(seed=Gadget.objects.earliest("pk"))) == 3
        assert services.autocomplete("des", catalogue=GADGET)
        with transaction.atomic():
            # The host's transaction is on the primary; answers come from where they always do.
            assert len(found("desk lamp")) == 4
    assert "shopreco_lexicalentry l" not in str(connection.queries_log)


def test_what_a_visitor_did_is_read_where_it_is_written(
    replicate: Callable[[], None], settings: LazySettings
) -> None:
    fill()
    settings.SHOPRECO = {**settings.SHOPRECO, "CONSENT": CONSENT}
    replicate()
    lamp, shopper = Gadget.objects.using("default").earliest("pk"), Shopper()
    shopper.did("view_item", lamp, catalogue=GADGET)
    page = services.recommend("home-for-you", catalogue=GADGET, request=shopper.request)
    assert {reason.basis for each in page for reason in each.reasons} == {lamp.name}
    services.erase_visitor(shopper.request)
    page = services.recommend("home-for-you", catalogue=GADGET, request=shopper.request)
    assert not {reason for each in page for reason in each.reasons}


def test_a_statement_within_a_transaction_on_the_replica_leaves_it_as_it_was(
    replicate: Callable[[], None],
) -> None:
    fill()
    replicate()
    with transaction.atomic(using="replica"):
        assert len(found("desk lamp")) == 4
        with connections["replica"].cursor() as cursor:
            cursor.execute("SELECT current_setting('hnsw.ef_search')")
            assert cursor.fetchone() == ("40",)


def test_runs_are_decided_by_the_primary(replicate: Callable[[], None]) -> None:
    """The replica has neither the run nor the space that it made."""
    replicate()
    fill()
    assert Run.objects.count() == 0
    run = index()
    assert (run.kind, run.state) == ("reindex", "done")
    active = EmbeddingSpace.objects.using("default").get(state=SpaceState.ACTIVE)
    assert services.activate(active) is not None
    assert active.state == SpaceState.ACTIVE
    assert services.search("desk lamp", catalogue=GADGET).degraded.keys() == {"index"}


def test_the_admin_shows_what_it_steers(
    replicate: Callable[[], None], django_user_model: Any
) -> None:
    user = django_user_model.objects.create_superuser("ada", password="x")
    client = Client()
    client.force_login(user)
    replicate()
    fill()
    client.post(reverse("admin:shopreco_run_start", args=["reindex", GADGET]))
    run = Run.objects.using("default").latest("id")
    assert run.requested_by == "ada"
    page = client.get(reverse("admin:shopreco_run_change", args=[run.pk]))
    assert page.status_code == 200
    assert client.get(reverse("admin:shopreco_run_progress", args=[run.pk])).json()
    listed = client.get(reverse("admin:shopreco_run_changelist")).content.decode()
    assert f"#{run.pk}" in listed
