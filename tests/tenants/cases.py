"""What `test_tenants.py` runs in a process with settings of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django_tenants.utils import schema_context
from pytest_django import DjangoDbBlocker

from demo_shop.models import Brand, Product
from shopreco import services, tasks
from shopreco.indexing import marks, signals
from shopreco.indexing.marks import pending
from shopreco.models import EmbeddingSpace, Item
from tests.helpers.demo import CATALOGUE
from tests.helpers.processes import ROOT
from tests.tenants.models import Domain, Tenant

SHOPS = {
    "lamps": ("lamp", {"Northwind": 2, "Eastlight": 1}),
    "sofas": ("sofa", {"Cosy": 2, "Softline": 1}),
}


@pytest.fixture(scope="session")
def django_db_setup(servers: Any, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database of its own, with the tables of each shop in its schema."""
    with django_db_blocker.unblock():
        with connection._nodb_cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS shopreco_tenants WITH (FORCE)")
            cursor.execute("CREATE DATABASE shopreco_tenants")
        call_command("migrate_schemas", "--shared", interactive=False, verbosity=0)
        cache.clear()
        for name, products in SHOPS.items():
            tenant = Tenant.objects.create(schema_name=name)
            Domain.objects.create(tenant=tenant, domain=f"{name}.example", is_primary=True)
            with schema_context(name):
                fill(*products)
                run = services.run_inline(services.reindex(CATALOGUE))
                assert (run.state, run.failed) == ("done", 0), run.error
        yield
        connection.close()


@pytest.fixture(autouse=True)
def _database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def fill(kind: str, brands: dict[str, int]) -> None:
    for brand, count in brands.items():
        maker = Brand.objects.create(name=brand)
        for number in range(count):
            Product.objects.create(
                sku=f"{brand}-{number}",
                slug=f"{brand}-{number}",
                title=f"{kind} {brand} {number}",
                brand=maker,
                price=Decimal(10 + number),
                stock=3,
            )


def asked(name: str, path: str, **data: Any) -> Any:
    response = Client(HTTP_HOST=f"{name}.example").get(f"/shopreco/{path}", data)
    assert response.status_code == 200, response.content
    return response.json()


def test_ids_are_the_same_in_both_schemas() -> None:
    ids = set()
    for name in SHOPS:
        with schema_context(name):
            ids.add((EmbeddingSpace.objects.get().pk, *Item.objects.values_list("pk", flat=True)))
    assert len(ids) == 1


def test_each_shop_answers_with_its_own() -> None:
    for _ in range(2):
        for name, (kind, brands) in SHOPS.items():
            page = asked(name, "search/", q=kind, facets="brand")
            assert (page["total"], page["degraded"]) == (3, [])
            assert all(kind in result["title"] for result in page["results"])
            [facet] = page["facets"]
            assert {v["value"]: v["count"] for v in facet["values"]} == brands
            first, _second = brands
            suggested = asked(name, "autocomplete/", q=first[:3])["suggestions"]
            assert first in {s["text"] for s in suggested}
            with schema_context(name):
                seed = str(Product.objects.earliest("pk").pk)
            beside = asked(name, f"similar/{seed}/")["results"]
            assert len(beside) == 2
            assert all(kind in result["title"] for result in beside)


def test_a_brand_of_another_shop_is_not_suggested() -> None:
    assert asked("sofas", "autocomplete/", q="north")["suggestions"] == []


def test_a_save_is_marked_in_its_own_schema_and_a_task_of_that_schema_indexes_it() -> None:
    with schema_context("sofas"):
        Product.objects.filter(sku="Cosy-0").first().save()
        assert pending(CATALOGUE) == 1
    with schema_context("lamps"):
        assert pending(CATALOGUE) == 0
        tasks.drain.apply([CATALOGUE])
    with schema_context("sofas"):
        assert pending(CATALOGUE) == 1
        tasks.drain.apply([CATALOGUE])
        assert pending(CATALOGUE) == 0


def test_a_worker_and_beat_serve_every_shop(tmp_path: Path) -> None:
    """Nudges name their schema; marks whose nudge was lost are found by the sweep of each."""
    worker = [sys.executable, "-m", "celery", "-A", "tests.tenants", "worker", "--beat"]
    worker += ["--pool", "solo", "--without-gossip", "--without-mingle", "--loglevel", "info"]
    worker += ["--scheduler", "tenant_schemas_celery.scheduler.TenantAwarePersistentScheduler"]
    worker += ["--schedule-filename", str(tmp_path / "schedule")]
    with schema_context("lamps"):
        product = Product.objects.get(sku="Northwind-0")
        product.title = "lamp renamed"
        with signals.pause():
            product.save()
        # As if the message had been lost.
        marks.mark([marks.Fact(CATALOGUE, "", str(product.pk))])
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(worker, cwd=ROOT, stdout=log, stderr=log)
    try:
        with schema_context("sofas"):
            product = Product.objects.get(sku="Cosy-1")
            product.title = "sofa renamed"
            product.save()
        deadline = time.monotonic() + 100
        titles: set[str] = set()
        while titles != {"lamp renamed", "sofa renamed"} and time.monotonic() < deadline:
            time.sleep(0.2)
            titles = set()
            for name in SHOPS:
                with schema_context(name):
                    renamed = Item.objects.filter(title__endswith="renamed")
                    titles |= set(renamed.values_list("title", flat=True))
        assert titles == {"lamp renamed", "sofa renamed"}, (tmp_path / "log").read_text()
    finally:
        process.terminate()
        process.wait(timeout=30)
