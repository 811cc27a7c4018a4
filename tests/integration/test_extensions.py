"""Migrations on a server where the role may not create extensions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import ProgrammingError, connection, connections
from django.db.utils import NotSupportedError
from psycopg import sql

from shopreco.extensions import RequireExtension
from tests.conftest import environment_of_tests

pytestmark = pytest.mark.django_db(transaction=True)

ROLE = DATABASE = "shopreco_poor"
FIRST_OPERATION = """
import django
django.setup()
from django.db import connection
from shopreco.extensions import RequireExtension
with connection.schema_editor(atomic=False) as editor:
    RequireExtension("vector").database_forwards("shopreco", editor, None, None)
"""


@pytest.fixture
def poor_database() -> Iterator[str]:
    """Name of a database without the extensions; the role `ROLE` may do no more than connect."""
    name, role = sql.Identifier(DATABASE), sql.Identifier(ROLE)

    def execute(*statements: sql.Composable) -> None:
        server = connection.settings_dict
        with psycopg.connect(
            host=server["HOST"],
            port=server["PORT"] or None,
            user=server["USER"],
            password=server["PASSWORD"] or None,
            dbname="postgres",
            autocommit=True,
        ) as superuser:
            for statement in statements:
                superuser.execute(statement)

    drop = (
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name),
        sql.SQL("DROP ROLE IF EXISTS {}").format(role),
    )
    execute(*drop)
    execute(
        sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'poor'").format(role),
        sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name),
    )
    yield DATABASE
    execute(*drop)


def require(alias: str, name: str, minimum: tuple[int, ...] = ()) -> None:
    with connections[alias].schema_editor(atomic=False) as editor:
        RequireExtension(name, minimum).database_forwards("shopreco", editor, None, None)


def test_a_poor_role_is_told_what_an_administrator_has_to_do(poor_database: str) -> None:
    url = urlsplit(environment_of_tests()["DATABASE_URL"])
    host = url.netloc.rpartition("@")[2]
    poor = url._replace(netloc=f"{ROLE}:poor@{host}", path=f"/{poor_database}").geturl()
    migration = subprocess.run(
        [sys.executable, "-c", FIRST_OPERATION],
        env=environment_of_tests() | {"DATABASE_URL": poor, "SHOP_DATABASE_URL": poor},
        capture_output=True,
        text=True,
        check=False,
    )
    assert migration.returncode != 0
    assert (
        "Ask a database administrator to run, once: CREATE EXTENSION IF NOT EXISTS vector;"
        in migration.stderr
    )


def test_an_unknown_extension_says_where_to_get_it() -> None:
    with pytest.raises(ProgrammingError, match="does not know 'vectr', install its package"):
        require("default", "vectr")


def test_a_version_that_is_too_old_is_refused() -> None:
    with pytest.raises(NotSupportedError, match=r"shopreco needs 99\.0 or newer"):
        require("default", "vector", (99, 0))


def test_what_is_there_is_accepted() -> None:
    require("default", "vector", (0, 8))
    require("default", "pg_trgm")
