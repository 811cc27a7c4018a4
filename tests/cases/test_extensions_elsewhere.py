"""pgvector and pg_trgm as a database administrator may have installed them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection, transaction
from psycopg import sql

from tests.helpers.processes import environment_of_tests

DATABASE = "shopreco_elsewhere"
FIRST_SEARCH = """
import django
django.setup()
from django.core.checks import run_checks
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0, skip_checks=True)
from shopreco import services
from tests.helpers.index import index
from tests.testapp.models import Gadget
for name in ("reading lamp", "garden chair", "lampe de bureau"):
    Gadget.objects.create(name=name)
index()
print([str(each.object) for each in services.search("lamp", catalogue="testapp.gadget")][0])
print([each.text for each in services.autocomplete("read", catalogue="testapp.gadget")][0])
seed = Gadget.objects.get(name="reading lamp")
print(len(services.recommend("product-similar", seed=seed).results))
print([each.id for each in run_checks(databases=["default"])])
"""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A database whose extensions are in the schema `extensions`."""
    name = sql.Identifier(DATABASE)
    server = connection.settings_dict

    def connect(database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=server["HOST"],
            port=server["PORT"] or None,
            user=server["USER"],
            password=server["PASSWORD"] or None,
            dbname=database,
            autocommit=True,
        )

    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name)
    with connect("postgres") as superuser:
        superuser.execute(drop)
        superuser.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        with connect(DATABASE) as inside:
            inside.execute("CREATE SCHEMA extensions")
            for extension in ("vector", "pg_trgm"):
                inside.execute(f"CREATE EXTENSION {extension} SCHEMA extensions")
        yield DATABASE
        superuser.execute(drop)


def run(code: str, database: str, search_path: str = "") -> subprocess.CompletedProcess[str]:
    url = urlsplit(environment_of_tests()["DATABASE_URL"])
    query = f"options={quote(f'-c search_path={search_path}')}" if search_path else ""
    address = url._replace(path=f"/{database}", query=query).geturl()
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment_of_tests() | {"DATABASE_URL": address, "SHOP_DATABASE_URL": address},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.django_db(transaction=True)
def test_extensions_in_a_schema_that_is_searched_serve_everything(elsewhere: str) -> None:
    finished = run(FIRST_SEARCH, elsewhere, "public,extensions")

    assert finished.returncode == 0, finished.stderr
    found, suggested, similar, checks = finished.stdout.splitlines()
    assert (found, suggested) == ("reading lamp", "reading")
    assert int(similar) > 0
    assert "shopreco.E020" not in checks


@pytest.mark.django_db(transaction=True)
def test_extensions_in_a_schema_that_is_not_searched_are_named_with_the_fix(
    elsewhere: str,
) -> None:
    finished = run(FIRST_SEARCH, elsewhere)

    assert finished.returncode != 0
    assert "The extension 'vector' is in schema 'extensions'" in finished.stderr
    assert 'search_path="$user",public,extensions' in finished.stderr


@pytest.mark.django_db(transaction=True)
def test_a_pgvector_with_known_faults_is_a_warning_with_the_fix() -> None:
    def warnings() -> list[str]:
        return [str(m) for m in run_checks(databases=["default"]) if m.id == "shopreco.W021"]

    def install(version: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE pg_extension SET extversion = %s WHERE extname = 'vector'", [version]
            )

    with transaction.atomic():
        for version, faulty in (
            ("0.8.3", True),
            ("0.8.0", True),
            ("0.8.4", False),
            ("0.10", False),
        ):
            install(version)
            assert bool(warnings()) is faulty, version
        install("0.8.1")
        [warning] = warnings()
        assert "ALTER EXTENSION vector UPDATE" in warning
        assert "0.8.4" in warning
        printed = StringIO()
        call_command("check", databases=["default"], stderr=printed)
        assert "shopreco.W021" in printed.getvalue()
        transaction.set_rollback(True)
