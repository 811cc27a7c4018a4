"""The PostgreSQL extensions that the migrations need; messages tell an administrator what to do."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.contrib.postgres.operations import CreateExtension
from django.core.management.base import CommandError
from django.db import ProgrammingError, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MIN_PGVECTOR = (0, 8)
SOUND_PGVECTOR = (0, 8, 4)
"""Those from 0.8.2 on mend an overflow of a buffer and HNSW indexes that a vacuum corrupts."""
NEEDED = {"vector": MIN_PGVECTOR, "pg_trgm": (1,)}
PACKAGES = {"vector": "postgresql-{major}-pgvector", "pg_trgm": "postgresql-contrib"}
"""Packages of Debian and Ubuntu, for a major version of the server."""


class Installed(NamedTuple):
    """An extension in a database. searched: whether the search path has its schema."""

    name: str
    version: str
    schema: str
    searched: bool
    search_path: str

    @property
    def number(self) -> tuple[int, ...]:
        return _number(self.version)

    def unsearched(self, alias: str) -> str:
        """What to do if the search path lacks its schema."""
        return (
            f"The extension {self.name!r} is in schema {self.schema!r}, which connections of "
            f"{alias!r} do not search (search_path: {self.search_path}). Add it: write "
            f'"options": "-c search_path={self.search_path},{self.schema}" into '
            f'DATABASES[{alias!r}]["OPTIONS"], or let an administrator run, once: '
            f"ALTER EXTENSION {self.name} SET SCHEMA public;"
        )


def installed(connection: BaseDatabaseWrapper, name: str) -> Installed | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.extname, e.extversion, n.nspname, n.nspname = ANY(current_schemas(true)),
                   replace(current_setting('search_path'), ' ', '')
            FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
            WHERE e.extname = %s
            """,
            [name],
        )
        row = cursor.fetchone()
    return Installed(*row) if row else None


def problem(connection: BaseDatabaseWrapper, name: str, minimum: tuple[int, ...]) -> str:
    """Why an extension cannot be used, with the fix; empty if it can, or may be created."""
    found = installed(connection, name)
    if found is not None and found.number >= minimum:
        return "" if found.searched else found.unsearched(connection.alias)
    needed = ".".join(map(str, minimum))
    update = f"an administrator runs, once: ALTER EXTENSION {name} UPDATE"
    package = PACKAGES.get(name, name).format(major=getattr(connection, "pg_version", 0) // 10_000)
    install = (
        f"Install its newest package there (Debian and Ubuntu: {package}, from "
        f"https://apt.postgresql.org); then {update if found else 'migrate again'}."
    )
    offered = _offered(connection, name)
    if offered is None:
        return f"The database server does not have the extension {name!r}. {install}"
    if _number(offered) < minimum:
        return (
            f"The database server has {name} {offered}; shopreco needs {needed} or newer. {install}"
        )
    if found is None:
        return ""
    return (
        f"Database {connection.settings_dict['NAME']!r} has {name} {found.version}, and its server "
        f"{offered}; shopreco needs {needed} or newer: {update}."
    )


def _offered(connection: BaseDatabaseWrapper, name: str) -> str | None:
    """The version that CREATE EXTENSION would take."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT default_version FROM pg_available_extensions WHERE name = %s", [name]
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def not_postgresql(connection: BaseDatabaseWrapper) -> str:
    """Why a database cannot have the tables, with the fix; empty for a PostgreSQL."""
    if connection.vendor == "postgresql":
        return ""
    return (
        f"shopreco keeps its tables in PostgreSQL; database {connection.alias!r} is "
        f"{connection.vendor}. Route the app `shopreco` to a PostgreSQL database with a database "
        "router."
    )


def unanswered(error: BaseException) -> str:
    """What to do if a database server does not answer."""
    said = " ".join(str(error).split())
    return f"The database does not answer: {said} Start it, or mend DATABASES in the settings."


class RequireExtension(CreateExtension):
    """Creates an extension where the role may; otherwise says who has to do what.

    Raises:
        CommandError: the database is not PostgreSQL, the server does not have the extension or
            has an old one, the role may not create it, or it is in a schema that is not searched.
            `migrate` ends with that sentence.
    """

    def __init__(self, name: str, minimum: tuple[int, ...] = ()) -> None:
        super().__init__(name)
        self.minimum = minimum

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        connection = schema_editor.connection
        if not router.allow_migrate(connection.alias, app_label):
            return
        if reason := not_postgresql(connection) or problem(connection, self.name, self.minimum):
            raise CommandError(reason)
        if installed(connection, self.name) is None:
            try:
                self._create(schema_editor)
            except ProgrammingError as error:
                raise CommandError(
                    f"The role {connection.settings_dict['USER']!r} may not create the extension "
                    f"{self.name!r}. Ask a database administrator to run, once, in database "
                    f"{connection.settings_dict['NAME']!r}: CREATE EXTENSION IF NOT EXISTS "
                    f"{self.name}; then migrate again."
                ) from error

    def _create(self, schema_editor: BaseDatabaseSchemaEditor) -> None:
        """In the last schema of the search path that this role may write to: of a tenant's path
        that is the one that all tenants share."""
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                "SELECT quote_ident(name) FROM unnest(current_schemas(false)) WITH ORDINALITY AS "
                "path (name, place) WHERE has_schema_privilege(name, 'CREATE') "
                "ORDER BY place DESC LIMIT 1"
            )
            shared = cursor.fetchone()
        where = f" SCHEMA {shared[0]}" if shared else ""
        schema_editor.execute(f"CREATE EXTENSION IF NOT EXISTS {self.name}{where}")
