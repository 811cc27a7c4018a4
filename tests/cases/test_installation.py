"""What an installation lacks is one sentence with its fix: no traceback, whatever is missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from psycopg import sql

from shopreco.db.extensions import RequireExtension, problem
from tests.helpers.processes import environment_of_tests

pytestmark = pytest.mark.django_db(transaction=True)

ROLE = DATABASE = "shopreco_poor"
COMMANDS = ("status", "reindex", "reconcile", "prune", "graph export /dev/null --format=csv")
SCRATCH = "bench saves"
EVERY_COMMAND = """
import sys
import django
django.setup()
from django.core.management import CommandError, call_command
for command in sys.argv[1:]:
    name, *arguments = command.split()
    try:
        call_command(f"shopreco_{name}", *arguments)
    except CommandError as error:
        print(name, "says", error)
"""


@pytest.fixture
def database() -> Iterator[Callable[..., None]]:
    """The database `DATABASE` without extensions and tables; the role `ROLE` may make tables in it.
    Called, it executes a statement there."""
    server = connection.settings_dict

    def execute(*statements: str, database: str = DATABASE) -> None:
        with psycopg.connect(
            host=server["HOST"],
            port=server["PORT"] or None,
            user=server["USER"],
            password=server["PASSWORD"] or None,
            dbname=database,
            autocommit=True,
        ) as superuser:
            for statement in statements:
                superuser.execute(sql.SQL(statement))

    drop = f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)", f"DROP ROLE IF EXISTS {ROLE}"
    make = (
        f"CREATE ROLE {ROLE} LOGIN PASSWORD 'poor'",
        f"CREATE DATABASE {DATABASE} TEMPLATE template0",
    )
    execute(*drop, *make, database="postgres")
    execute(f"GRANT CREATE ON SCHEMA public TO {ROLE}")
    yield execute
    execute(*drop, database="postgres")


def address(database: str, user: str = "") -> str:
    url = urlsplit(environment_of_tests()["DATABASE_URL"])
    host = url.netloc.rpartition("@")[2]
    netloc = f"{user}@{host}" if user else url.netloc
    return url._replace(netloc=netloc, path=f"/{database}").geturl()


def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment_of_tests() | {"DATABASE_URL": url, "SHOP_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


def sentences(url: str, *commands: str) -> list[str]:
    """What commands of ours say with a database, each in one line."""
    finished = run(url, "-c", EVERY_COMMAND, *commands)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()


def require(name: str, minimum: tuple[int, ...] = ()) -> None:
    with connections["default"].schema_editor(atomic=False) as editor:
        RequireExtension(name, minimum).database_forwards("shopreco", editor, None, None)


# The extensions


def test_a_poor_role_is_told_what_an_administrator_has_to_do(
    database: Callable[..., None],
) -> None:
    migration = run(address(DATABASE, f"{ROLE}:poor"), "-m", "django", "migrate", "shopreco")
    assert migration.returncode == 1
    assert migration.stderr.strip() == (
        f"CommandError: The role '{ROLE}' may not create the extension 'vector'. Ask a database "
        f"administrator to run, once, in database '{DATABASE}': CREATE EXTENSION IF NOT EXISTS "
        "vector; then migrate again."
    )


def test_a_server_without_the_package_is_told_its_name() -> None:
    with pytest.raises(CommandError) as raised:
        require("vectr")
    assert "does not have the extension 'vectr'" in str(raised.value)
    assert "https://apt.postgresql.org" in str(raised.value)


def test_an_old_package_is_refused_before_its_extension_is_made(
    database: Callable[..., None],
) -> None:
    """Made and rolled back, there would be nothing to ALTER."""
    poor = connection.copy()
    poor.settings_dict = {**connection.settings_dict, "NAME": DATABASE}
    try:
        text = problem(poor, "vector", (99, 0))
        assert "shopreco needs 99.0 or newer. Install its newest package" in text
        assert f"postgresql-{poor.pg_version // 10_000}-pgvector" in text
        assert text.endswith("then migrate again.")
        database("CREATE EXTENSION vector")
        text = problem(poor, "vector", (99, 0))
        assert text.endswith("an administrator runs, once: ALTER EXTENSION vector UPDATE.")
    finally:
        poor.close()


def test_an_old_extension_on_a_server_with_a_new_package_is_updated() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        (before,) = cursor.fetchone()
        install = "UPDATE pg_extension SET extversion = %s WHERE extname = 'vector'"
        cursor.execute(install, ["0.4.1"])
        try:
            with pytest.raises(CommandError, match=r"has vector 0\.4\.1.*: ALTER EXTENSION"):
                call_command("check", databases=["default"])
        finally:
            cursor.execute(install, [before])


def test_what_is_there_is_accepted() -> None:
    require("vector", (0, 8))
    require("pg_trgm")


# The commands


def test_before_the_migrations_every_command_says_to_migrate(
    database: Callable[..., None],
) -> None:
    said = sentences(address(DATABASE), *COMMANDS)
    assert len(said) == len(COMMANDS)
    assert all(line.endswith("run `manage.py migrate` first.") for line in said), said


def test_without_a_server_every_command_says_so() -> None:
    url = "postgresql://nobody@127.0.0.1:1/shop"
    said = sentences(url, *COMMANDS, SCRATCH)
    assert len(said) == len(COMMANDS) + 1
    assert all("says The database does not answer: connection" in line for line in said), said
    assert all(line.endswith("Start it, or mend DATABASES in the settings.") for line in said)
    migration = run(url, "-m", "django", "migrate")
    assert "(shopreco.E021) The database does not answer: connection" in migration.stderr
    assert "Traceback" not in migration.stderr


def test_on_sqlite_every_command_says_where_the_tables_have_to_be(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.sqlite3'}"
    said = sentences(url, *COMMANDS, SCRATCH)
    assert len(said) == len(COMMANDS) + 1
    assert all("database 'default' is sqlite. Route the app `shopreco`" in line for line in said)
    migration = run(url, "-m", "django", "migrate", "shopreco")
    assert migration.stderr.strip().startswith("CommandError: shopreco keeps its tables in")
