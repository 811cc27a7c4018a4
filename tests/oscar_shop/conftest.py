"""A database with a small shop of django-oscar, indexed, for the cases of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import DjangoDbBlocker

from shopreco import services


@pytest.fixture(scope="session", autouse=True)
def django_db_setup(servers: Any, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    # The shop's models are those of the settings of its cases, and of no others.
    from tests.oscar_shop.shop import CATALOGUE, fill

    with django_db_blocker.unblock():
        with connection._nodb_cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS shopreco_oscar WITH (FORCE)")
            cursor.execute("CREATE DATABASE shopreco_oscar")
        call_command("migrate", interactive=False, verbosity=0)
        fill()
        run = services.run_inline(services.reindex(CATALOGUE))
        assert (run.state, run.failed) == ("done", 0), run.error
        yield
        connection.close()


@pytest.fixture(autouse=True)
def _database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def client() -> Client:
    """A browser whose visitor allows everything, and has been seen before."""
    browser = Client()
    browser.cookies["consent"] = "personal"
    answer = browser.post(
        "/shopreco/events/", {"events": [{"name": "page_view"}]}, content_type="application/json"
    )
    assert answer.status_code == 202, answer.content
    return browser
